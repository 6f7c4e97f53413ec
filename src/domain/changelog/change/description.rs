//! Changes and preconditions as text for people.

use std::fmt::Write as _;

use super::own_text;
use crate::domain::changelog::node::Node;

/// A change over several lines: its type, and what it says, indented.
pub(in crate::domain::changelog) fn change(node: &Node) -> String {
    let mut text = String::new();
    write(node, 0, &mut text);
    text.truncate(text.trim_end().len());
    text
}

fn write(node: &Node, level: usize, out: &mut String) {
    // Writing to a `String` cannot fail.
    write!(out, "{:1$}{2}", "", level * 2, node.name).ok();
    match own_text(node) {
        Some(text) if text.contains('\n') => {
            out.push_str(":\n");
            for line in text.lines() {
                writeln!(out, "{:1$}{line}", "", level * 2 + 2).ok();
            }
        }
        Some(text) => writeln!(out, ": {text}").unwrap_or_default(),
        None => out.push('\n'),
    }
    for child in node.children.iter().filter(|child| !child.name.is_empty()) {
        write(child, level + 1, out);
    }
}

/// A precondition on one line, such as `not (tableExists tableName: t)`.
pub(in crate::domain::changelog) fn line(node: &Node) -> String {
    let words =
        |node: &Node| own_text(node).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut text = node.name.clone();
    for child in node.children.iter().filter(|child| !child.name.is_empty()) {
        text.push(' ');
        match words(child) {
            Some(value) if child.children.is_empty() => {
                write!(text, "{}: {value}", child.name).unwrap_or_default();
            }
            _ => write!(text, "({})", line(child)).unwrap_or_default(),
        }
    }
    if let Some(value) = words(node) {
        write!(text, ": {value}").ok();
    }
    text
}
