//! YAML and JSON changelogs, which Liquibase reads with one and the same parser.

use super::{NO_CHANGELOG, ROOT};
use crate::domain::changelog::Problem;
use crate::domain::changelog::node::Node;
use crate::domain::yaml::{self, Content, Name, Resolved, Scalar, Value};

/// How many nodes aliases may stand for in one document. It keeps a small text from becoming a huge tree.
const MOST_FROM_ALIASES: usize = 100_000;

/// Reads the text of the file at `path`; `language` is the word for what it is.
pub(super) fn read(path: &str, text: &str, language: &str) -> (Option<Node>, Vec<Problem>) {
    let (value, mut problems) = match yaml::compose(text) {
        Ok((value, repeated)) => {
            let warnings = repeated.into_iter();
            let warn = |it: yaml::Fault| Problem::warning(path, Some(it.line), it.text, it.mend);
            (value, warnings.map(warn).collect::<Vec<_>>())
        }
        Err(fault) => {
            let text = format!("the {language} cannot be read: {}", fault.text);
            return (None, vec![Problem::error(path, Some(fault.line), text, fault.mend)]);
        }
    };
    let mut builder = Builder { path, problems: Vec::new(), nodes: 0, limit: text.len() + MOST_FROM_ALIASES };
    let root = builder.root(value.as_ref());
    problems.extend(builder.problems);
    (root, problems)
}

struct Builder<'a> {
    path: &'a str,
    problems: Vec<Problem>,
    nodes: usize,
    limit: usize,
}

impl Builder<'_> {
    fn root(&mut self, value: Option<&Value>) -> Option<Node> {
        let Some(Value { content: Content::Mapping(entries), line }) = value else {
            let line = value.map_or(1, |value| value.line);
            self.error(line, "it is no changelog", NO_CHANGELOG);
            return None;
        };
        let mut root = None;
        for (key, value) in entries.iter() {
            match &key.name {
                Name::Text(text) if text == ROOT => root = Some((key.line, value)),
                Name::Text(text) => {
                    let text = format!("`{text}` stands beside `{ROOT}`, and Liquibase does not read it");
                    self.problems.push(Problem::warning(
                        self.path,
                        Some(key.line),
                        text,
                        format!("Move it below `{ROOT}`, or take it out."),
                    ));
                }
                Name::Merge | Name::Other => {}
            }
        }
        let Some((line, value)) = root else {
            self.error(*line, &format!("there is no `{ROOT}`"), NO_CHANGELOG);
            return None;
        };
        match &value.content {
            Content::List(_) | Content::Scalar(Resolved::Null) => {}
            _ => {
                self.error(
                    line,
                    &format!("`{ROOT}` is not a list"),
                    "Begin every entry with ` - changeSet:`.",
                );
                return None;
            }
        }
        self.node(ROOT.to_owned(), line, value)
    }

    /// The node of a key and its value. Liquibase hangs what stands in the mappings of a list all on the node of the
    /// list; a single scalar of a list is its value.
    fn node(&mut self, name: String, line: usize, value: &Value) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > self.limit {
            if self.nodes == self.limit + 1 {
                self.error(line, "its aliases stand for too much", "Write out what they stand for.");
            }
            return None;
        }
        let mut node = Node { name, line, value: None, children: Vec::new() };
        match &value.content {
            Content::Scalar(Resolved::Value(scalar)) => {
                self.check_zone(scalar, value.line);
                node.value = Some(scalar.clone());
            }
            Content::Scalar(_) => {}
            Content::Mapping(entries) => self.children(&mut node, entries),
            Content::List(items) => {
                let mut scalars = Vec::new();
                for item in items.iter() {
                    match &item.content {
                        Content::Mapping(entries) => self.children(&mut node, entries),
                        _ => scalars.push(item),
                    }
                }
                self.scalars(&mut node, &scalars);
            }
        }
        Some(node)
    }

    /// What stands in a list that is no mapping: one is the value of the node; several, or a list of its own, have no
    /// place in a node and become children without a name.
    fn scalars(&mut self, node: &mut Node, items: &[&Value]) {
        match items {
            [Value { content: Content::Scalar(resolved), .. }] => {
                if let Resolved::Value(scalar) = resolved {
                    node.value = Some(scalar.clone());
                }
            }
            [Value { content: Content::List(items), .. }] => self.nameless(node, items.iter()),
            items => self.nameless(node, items.iter().copied()),
        }
    }

    fn nameless<'v>(&mut self, node: &mut Node, items: impl IntoIterator<Item = &'v Value>) {
        for item in items {
            let value = match &item.content {
                // A list in a list stays one.
                Content::List(items) if items.len() == 1 => {
                    self.nodes += 1;
                    let mut inner =
                        Node { name: String::new(), line: item.line, value: None, children: Vec::new() };
                    self.nameless(&mut inner, items.iter());
                    Some(inner)
                }
                _ => self.node(String::new(), item.line, item),
            };
            node.children.extend(value);
        }
    }

    fn children(&mut self, node: &mut Node, entries: &[(yaml::Key, Value)]) {
        for (key, value) in entries {
            match &key.name {
                Name::Text(text) => node.children.extend(self.node(text.clone(), key.line, value)),
                Name::Merge | Name::Other => self.error(
                    key.line,
                    "a key is not a text, and Liquibase takes no other",
                    "Put it in quotes: `yes`, `on` and numbers are not texts without.",
                ),
            }
        }
    }

    /// A date without quotes is midnight in UTC, and printed in the zone of whoever runs Liquibase.
    fn check_zone(&mut self, scalar: &Scalar, line: usize) {
        if let Scalar::Date(date) = scalar {
            let day = date.split('T').next().unwrap_or_default();
            let text = format!(
                "without quotes the date {day} hangs on the time zone of the machine, and so does the checksum: UTC is assumed"
            );
            self.problems.push(Problem::warning(self.path, Some(line), text, "Put it in quotes."));
        }
    }

    fn error(&mut self, line: usize, text: &str, mend: &str) {
        self.problems.push(Problem::error(self.path, Some(line), text, mend));
    }
}
