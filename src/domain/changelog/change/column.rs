//! Columns of a change and their constraints, with the values that Liquibase turns into numbers, dates and functions.

use super::attribute::{self, Read, Refusal};
use super::kinds::Columns;
use super::object::{Field, Object};
use super::value::{self, Moment};
use crate::domain::changelog::node::Node;
use crate::domain::spelling;
use crate::domain::yaml::Scalar;

const TEXTS: [&str; 8] = [
    "name",
    "type",
    "encoding",
    "remarks",
    "valueBlobFile",
    "valueClobFile",
    "defaultValueConstraintName",
    "generationType",
];
const BOOLEANS: [&str; 6] =
    ["computed", "autoIncrement", "descending", "valueBoolean", "defaultValueBoolean", "defaultOnNull"];
const INTEGERS: [&str; 2] = ["startWith", "incrementBy"];
const FUNCTIONS: [&str; 5] = [
    "valueComputed",
    "valueSequenceNext",
    "valueSequenceCurrent",
    "defaultValueComputed",
    "defaultValueSequenceNext",
];
const OTHERS: [&str; 7] = [
    "value",
    "valueNumeric",
    "valueDate",
    "defaultValue",
    "defaultValueNumeric",
    "defaultValueDate",
    "constraints",
];

const CONSTRAINT_TEXTS: [&str; 11] = [
    "notNullConstraintName",
    "primaryKeyName",
    "primaryKeyTablespace",
    "references",
    "referencedTableCatalogName",
    "referencedTableSchemaName",
    "referencedTableName",
    "referencedColumnNames",
    "uniqueConstraintName",
    "checkConstraint",
    "foreignKeyName",
];
const CONSTRAINT_BOOLEANS: [&str; 10] = [
    "nullable",
    "primaryKey",
    "unique",
    "deleteCascade",
    "initiallyDeferred",
    "deferrable",
    "validateNullable",
    "validateUnique",
    "validatePrimaryKey",
    "validateForeignKey",
];

/// A column, and what is to be said about it.
pub(super) struct Column {
    pub(super) object: Object,
    /// Nodes that Liquibase leaves out, with the names it knows there.
    pub(super) unknown: Vec<(usize, String)>,
    /// Why its text is not known.
    pub(super) open: Option<String>,
}

/// The columns of a change: below `columns`, or as `column` in it.
pub(super) fn all(change: &Node, kind: Columns) -> Read<Vec<Column>> {
    let found = attribute::children(change, "columns").chain(attribute::children(change, "column"));
    let mut columns = Vec::new();
    for node in found.filter(|node| node.name == "columns" || node.name == "column") {
        let inner: Vec<_> = attribute::children(node, "column").collect();
        if inner.is_empty() {
            columns.push(read(node, kind)?);
        } else {
            for node in inner {
                columns.push(read(node, kind)?);
            }
        }
    }
    Ok(columns)
}

/// The names that a constraint may have.
pub(super) fn constraint_names() -> impl Iterator<Item = &'static str> {
    CONSTRAINT_TEXTS.into_iter().chain(CONSTRAINT_BOOLEANS)
}

fn extra(kind: Columns) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
    match kind {
        Columns::Plain => (&[], &[], &[]),
        Columns::Added => (&["afterColumn", "beforeColumn"], &[], &["position"]),
        Columns::Loaded => (&["header", "nullPlaceholder"], &["allowUpdate"], &["index"]),
    }
}

fn read(node: &Node, kind: Columns) -> Read<Column> {
    let (texts, booleans, integers) = extra(kind);
    let known = || {
        let own = TEXTS.iter().chain(&BOOLEANS).chain(&INTEGERS).chain(&FUNCTIONS).chain(&OTHERS);
        own.chain(texts).chain(booleans).chain(integers).copied()
    };
    if let Some(unknown) = node.children.iter().find(|child| !known().any(|name| name == child.name)) {
        let text = format!("a column has no `{}`, and Liquibase refuses the file for it", unknown.name);
        let mend = spelling::nearest(&unknown.name, known()).map_or_else(
            || "Take it out.".to_owned(),
            |name| format!("Did you mean `{name}`? If not, take it out."),
        );
        return Err(Refusal::new(unknown.line, text, mend));
    }
    let mut column = Column { object: Object::default(), unknown: Vec::new(), open: None };
    let object = &mut column.object;
    for name in TEXTS.iter().chain(texts).chain(&FUNCTIONS) {
        object.set_text(name, attribute::text(node, name)?);
    }
    for name in BOOLEANS.iter().chain(booleans) {
        object.set_text(name, attribute::boolean(node, name)?);
    }
    for name in &INTEGERS {
        object.set_text(name, attribute::integer(node, name)?);
    }
    for name in integers {
        object.set_text(name, attribute::small_integer(node, name)?);
    }
    object.set_text("value", own_value(node)?);
    object.set_text("defaultValue", attribute::text(node, "defaultValue")?);
    let open_number = numbers(node, object)?;
    column.open = dates(node, object)?.or(open_number);
    if let Some(constraints) = attribute::child(node, "constraints")? {
        let (constraints, unknown) = read_constraints(constraints)?;
        column.object.set("constraints", Some(Field::Object(constraints)));
        column.unknown = unknown;
    }
    Ok(column)
}

fn own_value(node: &Node) -> Read<Option<String>> {
    if let Some(text) = attribute::text(node, "value")? {
        return Ok(Some(text));
    }
    match &node.value {
        None => Ok(None),
        Some(Scalar::Text(text)) => Ok(attribute::trimmed(text).map(str::to_owned)),
        Some(_) => Err(Refusal::new(node.line, "the value of a column is not a text", "Put it in quotes.")),
    }
}

/// What is no number is a function that gives one; a function that is written out as such wins.
fn numbers(node: &Node, object: &mut Object) -> Read<Option<String>> {
    let mut open = None;
    for (name, function) in
        [("valueNumeric", "valueComputed"), ("defaultValueNumeric", "defaultValueComputed")]
    {
        let Some(text) = attribute::text(node, name)? else { continue };
        if text.eq_ignore_ascii_case("null") {
            continue;
        }
        if name == "defaultValueNumeric" && text == "GENERATED_BY_DEFAULT" {
            object.set_text("autoIncrement", Some(true));
            continue;
        }
        let bare = match text.strip_prefix('(') {
            Some(inner) => inner.strip_suffix(')').unwrap_or(inner),
            None => &text,
        };
        match value::begins_with_a_number(bare) {
            Some(true) => object.set_text(name, Some(bare)),
            // Only of a default the parentheses are lost.
            Some(false) if object.text(function).is_none() => {
                object.set_text(function, Some(if name == "valueNumeric" { &text } else { bare }));
            }
            Some(false) => {}
            None => open = Some(format!("only Liquibase can tell whether `{text}` is a number")),
        }
    }
    Ok(open)
}

/// What is no date is a function that gives one.
fn dates(node: &Node, object: &mut Object) -> Read<Option<String>> {
    let mut open = None;
    for (name, function) in [("valueDate", "valueComputed"), ("defaultValueDate", "defaultValueComputed")] {
        let Some(child) = attribute::child(node, name)? else { continue };
        if let Some(Scalar::Date(date)) = &child.value {
            object.set_text(name, Some(date));
            continue;
        }
        let Some(text) = attribute::own_text(child) else { continue };
        match value::moment(&text) {
            Moment::Date(date) => object.set_text(name, Some(date)),
            Moment::None => {
                // It takes the place of what is no number, but not of a function that is written as such.
                if attribute::text(node, function)?.is_none() {
                    object.set_text(function, Some(text));
                }
            }
            Moment::Unknown => open = Some(format!("only Liquibase can tell which date `{text}` is")),
        }
    }
    Ok(open)
}

fn read_constraints(node: &Node) -> Read<(Object, Vec<(usize, String)>)> {
    let mut object = Object::default();
    for name in CONSTRAINT_TEXTS {
        object.set_text(name, attribute::text(node, name)?);
    }
    for name in CONSTRAINT_BOOLEANS {
        object.set_text(name, attribute::boolean(node, name)?);
    }
    let is_known = |child: &&Node| constraint_names().any(|name| name.eq_ignore_ascii_case(&child.name));
    let unknown = node.children.iter().filter(|child| !is_known(child));
    Ok((object, unknown.map(|child| (child.line, child.name.clone())).collect()))
}
