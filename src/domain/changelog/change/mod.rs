//! Changes: what Liquibase reads in them, and the checksums that it makes of that, in versions 8 and 9.
//!
//! Most are hashed as the text of their attributes (`object`); those made of SQL and of files have ways of their own
//! (`sum`). Absent on purpose: the SQL that Liquibase makes of a change.

mod attribute;
mod column;
mod csv;
mod description;
mod kinds;
mod object;
mod source;
mod sum;
mod value;
mod visitor;

use super::checksum::Algorithm;
use super::node::Node;
use super::tree::Standing;
use super::{Part as Change, Place, Problem, Script, filter};
use crate::domain::spelling;
pub(super) use attribute::{Read, Refusal, boolean, child, own_text, text, trimmed};
pub(super) use description::{change as describe, line as describe_line};
use kinds::{Kind, Takes};
use object::Field;
pub use object::Object;
pub(super) use visitor::visitors;

/// The sum of a part of a changeset: nothing when it does not count, or why it is not known.
pub(super) type Part = Result<Option<String>, String>;

/// The sums of a part in both versions.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    v8: Part,
    v9: Part,
}

impl Parts {
    fn of(part: impl Fn(Algorithm) -> Part) -> Self {
        Self { v8: part(Algorithm::V8), v9: part(Algorithm::V9) }
    }

    fn open(reason: &str) -> Self {
        Self::of(|_| Err(reason.to_owned()))
    }

    /// The sum in one version.
    pub(super) fn get(&self, algorithm: Algorithm) -> &Part {
        match algorithm {
            Algorithm::V8 => &self.v8,
            Algorithm::V9 => &self.v9,
        }
    }
}

/// A change that was read.
pub(super) struct Loaded {
    /// Its type, such as `createTable`.
    pub(super) kind: String,
    pub(super) sums: Parts,
    /// Its SQL as Liquibase takes it, when it is nothing but SQL.
    pub(super) sql: Option<String>,
    /// True when Liquibase cuts that into statements at every `;`.
    pub(super) is_cut_at_semicolons: bool,
    /// The tag it sets.
    pub(super) tag: Option<String>,
    /// What it does, as text for people.
    pub(super) text: String,
    /// True when Liquibase knows how to undo it.
    pub(super) undoes_itself: bool,
    /// The files it is made of, from the search root.
    pub(super) files: Vec<String>,
    pub(super) problems: Vec<Problem>,
    /// Its SQL with the places it comes from.
    pub(super) script: Option<Script>,
    /// Its attributes.
    pub(super) attributes: Object,
    /// The line it is written in.
    pub(super) line: usize,
}

impl Loaded {
    /// What is kept of it for those who judge it; `file` is where it is written.
    pub(super) fn part(&self, file: &str) -> Change {
        Change {
            kind: self.kind.clone(),
            place: Place { file: file.to_owned(), line: self.line },
            attributes: self.attributes.clone(),
            script: self.script.clone(),
            text: self.text.clone(),
        }
    }
}

/// True when a node is a change that Liquibase itself, without extensions, knows.
pub(super) fn is_known(name: &str) -> bool {
    Kind::called(name).is_some() || name == "customChange"
}

/// True when a node can only be a change that is not known here: one of Liquibase Pro or of an extension.
pub(super) fn may_be_a_change(node: &Node) -> bool {
    kinds::is_pro(&node.name) || !node.children.is_empty()
}

/// The change type whose name is most like this one.
pub(super) fn nearest_type(name: &str) -> Option<&'static str> {
    spelling::nearest(name, kinds::names())
}

/// Reads a change.
pub(super) fn read(node: &Node, at: &Standing<'_>) -> Read<Loaded> {
    let mut loaded = Loaded {
        kind: node.name.clone(),
        sums: Parts::open("a custom or Pro change; only Liquibase can tell"),
        sql: None,
        is_cut_at_semicolons: false,
        tag: None,
        text: describe(node),
        undoes_itself: false,
        files: Vec::new(),
        problems: Vec::new(),
        script: None,
        attributes: Object::default(),
        line: node.line,
    };
    let Some(kind) = Kind::called(&node.name) else { return Ok(loaded) };
    loaded.undoes_itself = kind.undoes_itself;
    let (object, open) = object(kind, node, at, &mut loaded.problems)?;
    loaded.tag = if kind.name == "tagDatabase" { object.text("tag").map(str::to_owned) } else { None };
    let change = sum::Change { kind, node, object: &object, at };
    loaded.sums = change.parts(&mut loaded)?;
    if let Some(reason) = open {
        loaded.sums = Parts::open(&reason);
    }
    let dbms = object.text("dbms").map(filter::list).unwrap_or_default();
    if !filter::is_for(&dbms, filter::DATABASE) {
        // Version 8 counts a change for another kind of database, version 9 does not.
        loaded.sums.v9 = Ok(None);
        loaded.sql = None;
        loaded.script = None;
    }
    loaded.attributes = object;
    Ok(loaded)
}

/// Everything that Liquibase keeps of a change, and why some of it is not known.
fn object(
    kind: &'static Kind,
    node: &Node,
    at: &Standing<'_>,
    problems: &mut Vec<Problem>,
) -> Read<(Object, Option<String>)> {
    let mut object = Object::default();
    let mut open = None;
    for (name, takes) in kind.attributes() {
        match takes {
            Takes::Text => object.set_text(name, text(node, name)?),
            Takes::Body => object.set_text(name, text(node, name)?.or_else(|| own_text(node))),
            Takes::Boolean => object.set_text(name, boolean(node, name)?),
            Takes::Integer => object.set_text(name, attribute::integer(node, name)?),
            Takes::Uncounted => {
                child(node, name)?;
            }
            Takes::Columns(columns) => {
                let columns = column::all(node, columns)?;
                for column in &columns {
                    open = open.or_else(|| column.open.clone());
                    for (line, name) in &column.unknown {
                        problems.push(unknown(at, *line, name, "constraints", column::constraint_names()));
                    }
                }
                let objects = columns.into_iter().map(|column| column.object).collect();
                object.set(name, Some(Field::Objects(objects)));
            }
        }
    }
    settle(kind, node, &mut object)?;
    let is_known = |name: &str| {
        let mut names = kind.attributes();
        let has_columns = || kind.attributes().any(|(_, takes)| matches!(takes, Takes::Columns(_)));
        name.is_empty()
            || names.any(|(known, _)| known.eq_ignore_ascii_case(name))
            || (name.eq_ignore_ascii_case("column") && has_columns())
    };
    for child in node.children.iter().filter(|child| !is_known(&child.name)) {
        let names = kind.attributes().map(|(name, _)| name);
        problems.push(unknown(at, child.line, &child.name, kind.name, names));
    }
    Ok((object, open))
}

/// What the classes of some changes make of their attributes.
fn settle(kind: &Kind, node: &Node, object: &mut Object) -> Read<()> {
    let trim = |object: &mut Object, name: &'static str| {
        let text = object.text(name).and_then(trimmed).map(str::to_owned);
        object.set_text(name, text);
    };
    match kind.name {
        "addForeignKeyConstraint" => match boolean(node, "deleteCascade")? {
            Some(true) if object.text("onDelete").is_none() => object.set_text("onDelete", Some("CASCADE")),
            // Either of them alone counts; both together are none.
            Some(_) => object.set("onDelete", None),
            None => {}
        },
        "createIndex" => {
            for column in object.objects_mut("columns") {
                for name in UNCOUNTED_IN_AN_INDEX {
                    column.set(name, None);
                }
            }
        }
        "dropColumn" if object.objects_mut("columns").is_empty() => object.set("columns", None),
        "createProcedure" if object.text("procedureText").is_none() => {
            object.set_text("procedureText", text(node, "procedureBody")?);
        }
        "createView" => {
            if let Some(body) = attribute::own_string(node) {
                object.set_text("selectQuery", Some(body));
            }
        }
        "output" => {
            trim(object, "message");
            trim(object, "target");
            if object.text("target").is_none() {
                object.set_text("target", Some("STDERR"));
            }
        }
        "sql" => {
            trim(object, "sql");
            if let Some(body) = own_text(node).as_deref().and_then(trimmed) {
                object.set_text("sql", Some(body));
            }
        }
        "stop" => match (attribute::own_string(node), child(node, "message")?.and_then(own_text)) {
            (Some(_), _) => object.set_text("message", attribute::own_string(node).and_then(trimmed)),
            (None, Some(_)) => trim(object, "message"),
            (None, None) => object.set_text("message", Some("Stop command in changelog file")),
        },
        _ => {}
    }
    Ok(())
}

/// What an index does not keep of its columns.
const UNCOUNTED_IN_AN_INDEX: [&str; 9] = [
    "type",
    "autoIncrement",
    "constraints",
    "defaultValue",
    "value",
    "startWith",
    "incrementBy",
    "encoding",
    "remarks",
];

/// A name that Liquibase leaves out without a word.
fn unknown(
    at: &Standing<'_>,
    line: usize,
    name: &str,
    owner: &str,
    names: impl Iterator<Item = &'static str>,
) -> Problem {
    let mend = match spelling::nearest(name, names) {
        Some(nearest) => format!("Did you mean `{nearest}`? If not, take it out."),
        None => "Take it out: it does nothing.".to_owned(),
    };
    let text = format!("{owner} has no `{name}`, and Liquibase leaves it out");
    Problem::warning(at.file, Some(line), text, mend)
}

#[cfg(test)]
mod tests;
