//! The text of a change that Liquibase hashes: its `StringChangeLogSerializer`.
//!
//! Fields without a value are left out; the others are sorted by their own text, with its indentation, as Java sorts
//! strings. An object in an object stands there without the name of its field, so that two equal ones become one.

/// How many spaces a level is indented by.
const INDENT: usize = 4;

/// What Liquibase knows of a change, a column or its constraints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object {
    fields: Vec<(&'static str, Field)>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// A text, a number, a truth value: what Java prints for it.
    Scalar(String),
    /// An object.
    Object(Object),
    /// A list of objects.
    Objects(Vec<Object>),
    /// A list of names, in the order that Java's sets have them in.
    Names(Vec<String>),
}

impl Object {
    /// Sets a field, unless there is no value for it.
    pub(super) fn set(&mut self, name: &'static str, value: Option<Field>) {
        self.fields.retain(|(known, _)| *known != name);
        self.fields.extend(value.map(|value| (name, value)));
    }

    /// Sets a field to a text, unless there is none.
    pub(super) fn set_text(&mut self, name: &'static str, value: Option<impl ToString>) {
        self.set(name, value.map(|value| Field::Scalar(value.to_string())));
    }

    /// The text of a field.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|(known, value)| match value {
            Field::Scalar(text) if *known == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// True when a field says so.
    pub fn is_true(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// The texts of all fields with their names.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.fields.iter().filter_map(|(name, value)| match value {
            Field::Scalar(text) => Some((*name, text.as_str())),
            Field::Object(_) | Field::Objects(_) | Field::Names(_) => None,
        })
    }

    /// The object of a field.
    pub fn object(&self, name: &str) -> Option<&Self> {
        self.fields.iter().find_map(|(known, value)| match value {
            Field::Object(object) if *known == name => Some(object),
            _ => None,
        })
    }

    /// The objects of a field, such as the columns of a table.
    pub fn objects(&self, name: &str) -> &[Self] {
        let found = self.fields.iter().find_map(|(known, value)| match value {
            Field::Objects(objects) if *known == name => Some(objects.as_slice()),
            _ => None,
        });
        found.unwrap_or_default()
    }

    /// The objects of a field, to be changed.
    pub(super) fn objects_mut(&mut self, name: &str) -> &mut [Self] {
        let found = self.fields.iter_mut().find_map(|(known, value)| match value {
            Field::Objects(objects) if *known == name => Some(objects.as_mut_slice()),
            _ => None,
        });
        found.unwrap_or_default()
    }

    /// The same without the fields called so.
    pub(super) fn without(&self, names: &[&str]) -> Self {
        let fields = self.fields.iter().filter(|(name, _)| !names.contains(name));
        Self { fields: fields.cloned().collect() }
    }

    /// The whole text of an object called `name`.
    pub(super) fn printed(&self, name: &str) -> String {
        format!("{name}:{}", self.print(1))
    }

    fn print(&self, level: usize) -> String {
        let indent = " ".repeat(INDENT * level);
        let mut lines: Vec<String> =
            self.fields.iter().map(|(name, value)| print(&indent, name, value, level + 1)).collect();
        lines.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
        lines.dedup();
        let end = " ".repeat(INDENT * (level - 1));
        let text =
            if lines.is_empty() { format!("[{end}]") } else { format!("[\n{}\n{end}]", lines.join("\n")) };
        text.replace("\r\n", "\n").replace('\r', "\n")
    }
}

/// One field of an object, `level` being that of what is in it.
fn print(indent: &str, name: &str, value: &Field, level: usize) -> String {
    match value {
        Field::Scalar(text) => format!("{indent}{name}=\"{text}\""),
        Field::Object(object) => format!("{indent}{}", object.print(level)),
        Field::Objects(objects) => {
            let items: Vec<_> = objects.iter().map(|object| object.print(level + 1)).collect();
            format!("{indent}{name}={}", print_list(&items, level))
        }
        Field::Names(names) => format!("{indent}{name}={}", print_list(names, level)),
    }
}

fn print_list(items: &[String], level: usize) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let indent = " ".repeat(INDENT * level);
    let end = " ".repeat(INDENT * (level - 1));
    format!("[\n{indent}{}\n{end}]", items.join(&format!(",\n{indent}")))
}
