//! XML changelogs: elements and attributes by their local names, attributes first. Comments, processing instructions
//! and the text between elements that is nothing but white space are dropped; no entity from outside is looked at.
//!
//! Absent on purpose: the schema that Liquibase holds a file against. A file that it refuses for that may be read here.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::{NO_CHANGELOG, ROOT, schema};
use crate::domain::changelog::Problem;
use crate::domain::changelog::node::Node;
use crate::domain::yaml::Scalar;

/// How deep elements may hold elements; no changelog needs more.
const DEEPEST: usize = 100;

/// The namespace of a changelog.
const NAMESPACE: &str = "http://www.liquibase.org/xml/ns/dbchangelog";

/// How to mend what is no XML.
const CORRECT: &str = "Correct it there, or just above.";

/// Reads the text of the file at `path`.
pub(super) fn read(path: &str, text: &str) -> (Option<Node>, Vec<Problem>) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut builder = Builder::new(path, text);
    let mut problems = Vec::new();
    loop {
        let position = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let position = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                let line = builder.lines.at(position);
                let text = format!("the XML cannot be read: {error}");
                return (None, vec![Problem::error(path, Some(line), text, CORRECT)]);
            }
        };
        match builder.event(event, position) {
            Ok(true) => {}
            Ok(false) => break,
            Err(Fault { position, text, mend }) => {
                let text = format!("the XML cannot be read: {text}");
                return (None, vec![Problem::error(path, Some(builder.lines.at(position)), text, mend)]);
            }
        }
    }
    check_heading(&mut builder, text);
    problems.append(&mut builder.problems);
    let Some(root) = builder.root else {
        problems.push(Problem::error(path, Some(1), "it is no changelog", NO_CHANGELOG));
        return (None, problems);
    };
    if root.name != ROOT {
        let text = format!("its root is `{}`, so it is no changelog", root.name);
        problems.push(Problem::error(path, Some(root.line), text, NO_CHANGELOG));
        return (None, problems);
    }
    (Some(root), problems)
}

/// What is wrong with how a file says what it is: Liquibase holds it against the schema of its namespace, and here it
/// is read as UTF-8.
fn check_heading(builder: &mut Builder<'_>, text: &str) {
    if let Some(encoding) = builder.encoding.take()
        && !text.is_ascii()
    {
        let problem = format!("it says that it is in {encoding}, which is not read here");
        builder.error(1, &problem, "Save it as UTF-8, and say so.");
    }
    if let Some(root) = &builder.root
        && root.name == ROOT
        && !(builder.has_namespace && builder.has_schema)
    {
        let line = root.line;
        let mend = format!("Give it `xmlns=\"{NAMESPACE}\"` and `xsi:schemaLocation`.");
        builder.error(
            line,
            "the root does not name Liquibase's schema, and Liquibase refuses the file for it",
            &mend,
        );
    }
}

struct Fault {
    position: usize,
    text: String,
    mend: &'static str,
}

impl Fault {
    fn new(position: usize, text: impl Into<String>) -> Self {
        Self { position, text: text.into(), mend: CORRECT }
    }
}

/// An element that has begun, and the text in it so far.
struct Open {
    node: Node,
    text: String,
    position: usize,
}

struct Builder<'t> {
    path: &'t str,
    lines: Lines<'t>,
    open: Vec<Open>,
    root: Option<Node>,
    has_namespace: bool,
    has_schema: bool,
    /// What the file says that it is written in, unless that is UTF-8.
    encoding: Option<String>,
    problems: Vec<Problem>,
}

impl<'t> Builder<'t> {
    fn new(path: &'t str, text: &'t str) -> Self {
        Self {
            path,
            lines: Lines { text: text.as_bytes(), counted: 0, line: 1 },
            open: Vec::new(),
            root: None,
            has_namespace: false,
            has_schema: false,
            encoding: None,
            problems: Vec::new(),
        }
    }

    fn error(&mut self, line: usize, text: &str, mend: &str) {
        self.problems.push(Problem::error(self.path, Some(line), text, mend));
    }
}

impl Builder<'_> {
    /// Takes one event in; false at the end.
    fn event(&mut self, event: Event<'_>, position: usize) -> Result<bool, Fault> {
        match event {
            Event::Start(start) => self.begin(&start, position)?,
            Event::Empty(start) => {
                self.begin(&start, position)?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content(), position)?,
            Event::CData(text) if !self.open.is_empty() => self.text(&text.xml10_content(), position)?,
            Event::CData(_) => return Err(Fault::new(position, "text stands outside of the root element")),
            Event::GeneralRef(reference) => self.text(&character(&reference, position)?, position)?,
            Event::Decl(_) if position > 0 => {
                return Err(Fault::new(position, "the XML declaration does not stand at the very beginning"));
            }
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().and_then(Result::ok).map(|it| it.to_ascii_uppercase());
                self.encoding = encoding.filter(|it| !matches!(it.as_str(), "UTF-8" | "UTF8"));
            }
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => {
                return match self.open.pop() {
                    Some(open) => {
                        let text = format!("the element `{}` is not closed", open.node.name);
                        Err(Fault::new(open.position, text))
                    }
                    None => Ok(false),
                };
            }
        }
        Ok(true)
    }

    fn begin(&mut self, start: &BytesStart<'_>, position: usize) -> Result<(), Fault> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(Fault::new(position, "a second root element begins"));
        }
        if self.open.len() >= DEEPEST {
            return Err(Fault::new(position, format!("elements stand in elements more than {DEEPEST} deep")));
        }
        let line = self.lines.at(position);
        let mut node =
            Node { name: start.local_name().as_ref().to_owned(), line, value: None, children: Vec::new() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| Fault::new(position, error.to_string()))?;
            let name = attribute.key;
            if name.as_namespace_binding().is_some() {
                self.has_namespace |= attribute.value.starts_with(NAMESPACE);
                continue;
            }
            self.has_schema |= name.local_name().as_ref() == "schemaLocation";
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| Fault::new(position, error.to_string()))?;
            check(&value, position)?;
            let name = name.local_name().as_ref().to_owned();
            let value = self.typed(&node.name, &name, &value, line);
            node.children.push(Node { name, line, value: Some(Scalar::Text(value)), children: Vec::new() });
        }
        self.open.push(Open { node, text: String::new(), position });
        Ok(())
    }

    /// The value of an attribute as its type in the schema has it.
    fn typed(&mut self, element: &str, name: &str, value: &str, line: usize) -> String {
        let Some((value, is_boolean)) = schema::collapsed(element, name, value) else {
            return value.to_owned();
        };
        if is_boolean && !matches!(value.as_str(), "true" | "false" | "1" | "0") && !value.contains("${") {
            let text = format!("`{name}` is `{value}`, and Liquibase refuses the file for it");
            self.error(line, &text, "In XML write `true` or `false`, in small letters.");
        } else if is_boolean && value == "1" {
            let text = format!("`{name}` is `1`, which Liquibase takes for false");
            let problem = Problem::warning(self.path, Some(line), text, "Write `true` or `false`.");
            self.problems.push(problem);
        }
        value
    }

    fn end(&mut self) {
        let Some(Open { mut node, text, .. }) = self.open.pop() else { return };
        // Java's `trim`: everything up to U+0020 goes.
        let text = text.trim_matches(|c| c <= ' ');
        if !text.is_empty() {
            node.value = Some(Scalar::Text(text.to_owned()));
        }
        match self.open.last_mut() {
            Some(parent) => parent.node.children.push(node),
            None => self.root = Some(node),
        }
    }

    fn text(&mut self, text: &str, position: usize) -> Result<(), Fault> {
        check(text, position)?;
        match self.open.last_mut() {
            Some(open) => open.text.push_str(text),
            None if text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) => {}
            None => return Err(Fault::new(position, "text stands outside of the root element")),
        }
        Ok(())
    }
}

fn character(reference: &BytesRef<'_>, position: usize) -> Result<String, Fault> {
    let fault = |text: String| Fault::new(position, text);
    if let Some(character) = reference.resolve_char_ref().map_err(|error| fault(error.to_string()))? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    match resolve_predefined_entity(&name) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Fault {
            position,
            text: format!("the entity `&{name};` is not one of XML's own five"),
            mend: "Write out what it stands for.",
        }),
    }
}

/// XML knows no other control characters than these three.
fn check(text: &str, position: usize) -> Result<(), Fault> {
    let is_wrong =
        |c: &char| (*c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    match text.chars().find(is_wrong) {
        Some(wrong) => Err(Fault::new(
            position,
            format!("the character U+{:04X} must not stand in XML", u32::from(wrong)),
        )),
        None => Ok(()),
    }
}

/// The lines of a text by position. Positions are asked for in their order, so none is counted twice.
struct Lines<'t> {
    text: &'t [u8],
    counted: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of the byte at `position`, counted from 1.
    fn at(&mut self, position: usize) -> usize {
        let end = position.min(self.text.len());
        if end < self.counted {
            (self.counted, self.line) = (0, 1);
        }
        self.line += self.text[self.counted..end].split(|byte| *byte == b'\n').count() - 1;
        self.counted = end;
        self.line
    }
}
