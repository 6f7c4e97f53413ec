//! The values of a node's attributes, as Liquibase takes them from what its parsers made.
//!
//! Names are compared without regard to case, and a name that stands twice is refused.

use crate::domain::changelog::node::Node;
use crate::domain::yaml::Scalar;
use crate::domain::yaml::printed;

/// Why Liquibase refuses a whole changelog file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::domain::changelog) struct Refusal {
    /// The line, counted from 1.
    pub(in crate::domain::changelog) line: usize,
    /// What is wrong, as a sentence without a full stop.
    pub(in crate::domain::changelog) text: String,
    /// How to mend it, as a full sentence.
    pub(in crate::domain::changelog) mend: String,
}

impl Refusal {
    /// Something that Liquibase refuses.
    pub(in crate::domain::changelog) fn new(
        line: usize,
        text: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { line, text: text.into(), mend: mend.into() }
    }
}

/// What was read, or why Liquibase refuses it.
pub(in crate::domain::changelog) type Read<T> = Result<T, Refusal>;

/// The children called `name`.
pub(super) fn children<'n>(node: &'n Node, name: &str) -> impl Iterator<Item = &'n Node> {
    node.children.iter().filter(move |child| child.name.eq_ignore_ascii_case(name))
}

/// The child called `name`.
pub(in crate::domain::changelog) fn child<'n>(node: &'n Node, name: &str) -> Read<Option<&'n Node>> {
    let mut found = children(node, name);
    let first = found.next();
    match found.next() {
        Some(second) => Err(Refusal::new(
            second.line,
            format!("`{}` stands twice in `{}`", second.name, node.name),
            "Keep one of them.",
        )),
        None => Ok(first),
    }
}

/// The text of the child called `name`: whatever is written there, as Java prints it.
pub(in crate::domain::changelog) fn text(node: &Node, name: &str) -> Read<Option<String>> {
    Ok(child(node, name)?.and_then(own_text))
}

/// Whether the child called `name` says so. Everything but `true` is false, even `"yes"`.
pub(in crate::domain::changelog) fn boolean(node: &Node, name: &str) -> Read<Option<bool>> {
    Ok(text(node, name)?.map(|text| text.eq_ignore_ascii_case("true")))
}

/// The whole number of the child called `name`, in decimal and as big as it may be.
pub(super) fn integer(node: &Node, name: &str) -> Read<Option<String>> {
    let Some(child) = child(node, name)? else { return Ok(None) };
    let Some(text) = own_text(child) else { return Ok(None) };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let problem = format!("`{name}` is `{text}`, which is no whole number");
        return Err(Refusal::new(child.line, problem, "Write digits alone."));
    }
    let digits = digits.trim_start_matches('0');
    Ok(Some(match (digits, text.starts_with('-')) {
        ("", _) => "0".to_owned(),
        (digits, true) => format!("-{digits}"),
        (digits, false) => digits.to_owned(),
    }))
}

/// The same for a number that has to fit Java's `int`.
pub(super) fn small_integer(node: &Node, name: &str) -> Read<Option<String>> {
    let number = integer(node, name)?;
    match number {
        Some(number) if number.parse::<i32>().is_err() => Err(Refusal::new(
            node.line,
            format!("`{name}` is {number}, which is too big"),
            "Write a smaller one.",
        )),
        number => Ok(number),
    }
}

/// The node's own value, as Java prints it.
pub(in crate::domain::changelog) fn own_text(node: &Node) -> Option<String> {
    if let Some(value) = &node.value {
        return Some(printed(value));
    }
    // A list of several scalars, or of lists.
    let items: Vec<String> =
        nameless(node).map(|item| own_text(item).unwrap_or_else(|| mapping(item))).collect();
    (!items.is_empty()).then(|| format!("[{}]", items.join(", ")))
}

fn nameless(node: &Node) -> impl Iterator<Item = &Node> {
    node.children.iter().filter(|child| child.name.is_empty())
}

/// What Java prints for an item of a list that is neither a scalar nor a list.
fn mapping(item: &Node) -> String {
    if item.children.is_empty() {
        return "null".to_owned();
    }
    let text = |child: &Node| own_text(child).unwrap_or_else(|| mapping(child));
    let entries: Vec<_> =
        item.children.iter().map(|child| format!("{}={}", child.name, text(child))).collect();
    format!("{{{}}}", entries.join(", "))
}

/// The node's own value, if it is a text and nothing else.
pub(super) fn own_string(node: &Node) -> Option<&str> {
    match &node.value {
        Some(Scalar::Text(text)) => Some(text),
        _ => None,
    }
}

/// Java's `trimToNull`: without what is not above U+0020 at both ends, and nothing if nothing is left.
pub(in crate::domain::changelog) fn trimmed(text: &str) -> Option<&str> {
    let text = text.trim_matches(|c| c <= ' ');
    (!text.is_empty()).then_some(text)
}
