//! Parts of a changelog whatever its language, and how each language writes them.

use std::fmt::Write as _;

use super::random::Random;

/// A value.
#[derive(Clone)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A number or a truth value, written as it stands.
    Bare(String),
}

/// A number or a truth value as it is written.
pub(super) struct Bare(String);

impl From<bool> for Bare {
    fn from(value: bool) -> Self {
        Self(value.to_string())
    }
}

impl From<usize> for Bare {
    fn from(value: usize) -> Self {
        Self(value.to_string())
    }
}

impl From<String> for Bare {
    fn from(value: String) -> Self {
        Self(value)
    }
}

/// An element, or a key with a mapping.
#[derive(Clone)]
pub(super) struct Item {
    name: &'static str,
    attributes: Vec<(&'static str, Value)>,
    /// What XML writes as its text and the others as an attribute of this name.
    body: Option<(&'static str, String)>,
    /// What XML writes as elements of their own, and the others as attributes.
    elements: Vec<(&'static str, String)>,
    /// What stands in a list of this name, which XML does without.
    list: Option<&'static str>,
    children: Vec<Self>,
    /// What stands behind the children.
    behind: Vec<Self>,
}

impl Item {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            body: None,
            elements: Vec::new(),
            list: None,
            children: Vec::new(),
            behind: Vec::new(),
        }
    }

    pub(super) fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, Value::Text(value.into())));
        self
    }

    pub(super) fn bare(mut self, name: &'static str, value: impl Into<Bare>) -> Self {
        self.attributes.push((name, Value::Bare(value.into().0)));
        self
    }

    pub(super) fn body(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.body = Some((name, value.into()));
        self
    }

    pub(super) fn element(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.elements.push((name, value.into()));
        self
    }

    /// Puts children into a list of this name; none for children that stand alone.
    pub(super) fn list(mut self, name: &'static str, children: Vec<Self>) -> Self {
        self.list = Some(name);
        self.children = children;
        self
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    pub(super) fn behind(mut self, child: Option<Self>) -> Self {
        self.behind.extend(child);
        self
    }

    /// Writes it as an element of XML.
    pub(super) fn xml(&self, out: &mut String) {
        write!(out, "<{}", self.name).unwrap();
        for (name, value) in &self.attributes {
            let (Value::Text(text) | Value::Bare(text)) = value;
            write!(out, " {name}=\"{}\"", escaped(text).replace('\n', "&#10;").replace('\t', "&#9;"))
                .unwrap();
        }
        out.push('>');
        // The schema wants a comment before everything else, and a condition behind the columns.
        let (first, last): (Vec<_>, Vec<_>) = self.elements.iter().partition(|(name, _)| *name == "comment");
        for (name, text) in first {
            write!(out, "<{name}>{}</{name}>", escaped(text)).unwrap();
        }
        for child in &self.children {
            child.xml(out);
        }
        for (name, text) in last {
            write!(out, "<{name}>{}</{name}>", escaped(text)).unwrap();
        }
        match &self.body {
            Some((_, text)) if text.contains('<') && !text.contains("]]>") => {
                write!(out, "<![CDATA[{text}]]>").unwrap();
            }
            Some((_, text)) => out.push_str(&escaped(text)),
            None => {}
        }
        for child in &self.behind {
            child.xml(out);
        }
        writeln!(out, "</{}>", self.name).unwrap();
    }

    /// Its attributes and children as members of a mapping.
    fn members(&self) -> Vec<(&'static str, Member<'_>)> {
        let mut members: Vec<_> =
            self.attributes.iter().map(|(name, value)| (*name, Member::Value(value.clone()))).collect();
        let texts = self.elements.iter().chain(&self.body);
        members.extend(texts.map(|(name, text)| (*name, Member::Value(Value::Text(text.clone())))));
        match self.list {
            Some(list) => members.push((list, Member::List(&self.children))),
            None => members.extend(self.children.iter().map(|child| (child.name, Member::Mapping(child)))),
        }
        members.extend(self.behind.iter().map(|child| (child.name, Member::Mapping(child))));
        members
    }

    /// Writes it as a member of a JSON object.
    pub(super) fn json(&self, out: &mut String) {
        write!(out, "{}: ", quoted(self.name)).unwrap();
        self.json_object(out);
    }

    fn json_object(&self, out: &mut String) {
        out.push('{');
        for (index, (name, member)) in self.members().into_iter().enumerate() {
            write!(out, "{}{}: ", if index > 0 { ", " } else { "" }, quoted(name)).unwrap();
            match member {
                Member::Value(Value::Text(text)) => out.push_str(&quoted(&text)),
                Member::Value(Value::Bare(text)) => out.push_str(&text),
                Member::Mapping(item) => item.json_object(out),
                Member::List(items) => {
                    out.push('[');
                    for (index, item) in items.iter().enumerate() {
                        out.push_str(if index > 0 { ",\n {" } else { "{" });
                        item.json(out);
                        out.push('}');
                    }
                    out.push(']');
                }
            }
        }
        out.push('}');
    }

    /// Writes it as a key of YAML with its mapping, the key being indented by `indent` already.
    pub(super) fn yaml(&self, indent: usize, random: &mut Random, out: &mut String) {
        let members = self.members();
        if members.is_empty() {
            writeln!(out, "{}: {{}}", self.name).unwrap();
            return;
        }
        writeln!(out, "{}:", self.name).unwrap();
        for (name, member) in members {
            write!(out, "{:1$}", "", indent + 2).unwrap();
            match member {
                Member::Value(value) => {
                    writeln!(out, "{name}: {}", scalar(&value, indent + 4, random)).unwrap();
                }
                Member::Mapping(item) => item.yaml(indent + 2, random, out),
                Member::List([]) => writeln!(out, "{name}: []").unwrap(),
                Member::List(items) => {
                    writeln!(out, "{name}:").unwrap();
                    for item in items {
                        write!(out, "{:1$}- ", "", indent + 4).unwrap();
                        item.yaml(indent + 6, random, out);
                    }
                }
            }
        }
    }
}

enum Member<'i> {
    Value(Value),
    Mapping(&'i Item),
    List(&'i [Item]),
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A text as JSON has it, which is a text of YAML too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A scalar in one of the ways that YAML knows.
fn scalar(value: &Value, indent: usize, random: &mut Random) -> String {
    let text = match value {
        Value::Bare(text) => return text.clone(),
        Value::Text(text) => text,
    };
    let is_simple = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$' | '{' | '}' | '(' | ')' | ' ');
    let is_word =
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.len() > 5 && !text.ends_with(' ');
    match random.below(4) {
        0 if is_word && text.chars().all(is_simple) => text.clone(),
        1 if !text.contains(['\n', '\t']) => format!("'{}'", text.replace('\'', "''")),
        2 if text.contains('\n') && !text.starts_with([' ', '\n']) && !text.contains(" \n") => {
            let end = if text.ends_with('\n') { "" } else { "-" };
            let lines = text.trim_end_matches('\n').split('\n');
            let lines: Vec<_> = lines
                .map(|line| if line.is_empty() { String::new() } else { format!("{:1$}{line}", "", indent) })
                .collect();
            if text.ends_with("\n\n") { quoted(text) } else { format!("|{end}\n{}", lines.join("\n")) }
        }
        _ => quoted(text),
    }
}
