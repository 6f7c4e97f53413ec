//! The statements of a proposal, one kind of object at a time.

use crate::domain::schema::{Aspect, Difference, Kind, Object, ObjectName, What};

/// PostgreSQL's words that cannot be a name as they are.
const RESERVED: &str = " all analyse analyze and any array as asc asymmetric authorization between bigint binary bit \
    boolean both case cast char character check coalesce collate collation column concurrently constraint create \
    cross current_catalog current_date current_role current_schema current_time current_timestamp current_user dec \
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze \
    from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval into \
    is isnull join lateral leading least left like limit localtime localtimestamp national natural nchar none not \
    notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary \
    real references returning right row select session_user setof similar smallint some substring symmetric table \
    tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic \
    verbose when where window with ";

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// The SQL, without a semicolon.
    pub(super) sql: String,
    /// The view that it makes, as SQL names it.
    pub(super) view: Option<String>,
    remark: Option<&'static str>,
    is_comment: bool,
}

impl Statement {
    /// One that can be run.
    pub(super) fn run(sql: impl Into<String>) -> Self {
        let sql = sql.into().trim_end_matches(['\n', ' ', ';']).to_owned();
        Self { sql, view: None, remark: None, is_comment: false }
    }

    /// One that loses something: a comment until a person makes it more.
    pub(super) fn destructive(sql: impl Into<String>) -> Self {
        Self { is_comment: true, ..Self::run(sql).remark("destructive") }
    }

    /// One that cannot be written so that it goes: a comment, and why.
    pub(super) fn by_hand(sql: impl Into<String>, why: &'static str) -> Self {
        Self { is_comment: true, ..Self::run(sql).remark(why) }
    }

    /// The same with a remark above it.
    pub(super) fn remark(mut self, remark: &'static str) -> Self {
        self.remark = Some(remark);
        self
    }

    /// The same with a remark above it, unless there is no need.
    pub(super) fn remark_unless(self, is_needless: bool, remark: &'static str) -> Self {
        if is_needless { self } else { self.remark(remark) }
    }

    /// As it stands in the proposal.
    pub(super) fn text(&self) -> String {
        let remark = self.remark.map(|remark| format!("-- {remark}\n")).unwrap_or_default();
        let sql = format!("{};\n", self.sql);
        if self.is_comment {
            let lines: Vec<_> = sql.lines().map(|line| format!("-- {line}")).collect();
            format!("{remark}{}\n", lines.join("\n"))
        } else {
            format!("{remark}{sql}")
        }
    }
}

/// A name as SQL needs it.
pub(super) fn identifier(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&format!(" {name} "));
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The object with its schema; a routine with its arguments.
pub(super) fn own(name: &ObjectName) -> String {
    match (name.kind, name.name.split_once('(')) {
        (Kind::Namespace, _) => identifier(&name.name),
        (Kind::Routine, Some((routine, arguments))) => {
            format!("{}.{}({arguments}", identifier(&name.schema), identifier(routine))
        }
        _ => format!("{}.{}", identifier(&name.schema), identifier(&name.name)),
    }
}

/// The table that the object is part of, with its schema.
pub(super) fn table(name: &ObjectName) -> String {
    format!("{}.{}", identifier(&name.schema), identifier(&name.of))
}

/// A new table with its columns.
pub(super) fn table_statements(object: &Object, differences: &[Difference]) -> Vec<Statement> {
    let own = own(&object.name);
    let fact = |aspect| object.written(aspect);
    let kind = if fact(Aspect::Persistence).is_some() { "unlogged table" } else { "table" };
    let mut made = match (fact(Aspect::Parent), fact(Aspect::Bounds)) {
        (Some(parent), Some(bounds)) => {
            vec![Statement::run(format!("create {kind} {own} partition of {parent} {bounds}"))]
        }
        (parent, _) => {
            let columns: Vec<_> = columns_of(&object.name, differences).iter().map(|it| column(it)).collect();
            let mut sql = format!("create {kind} {own} (\n  {}\n)", columns.join(",\n  "));
            if columns.is_empty() {
                sql = format!("create {kind} {own} ()");
            }
            if let Some(parent) = parent {
                sql = format!("{sql} inherits ({parent})");
            }
            if let Some(by) = fact(Aspect::PartitionKey) {
                sql = format!("{sql} partition by {by}");
            }
            vec![Statement::run(sql)]
        }
    };
    if let Some(how) = fact(Aspect::RowSecurity) {
        made.push(Statement::run(format!("alter table {own} enable row level security")));
        if how == "forced" {
            made.push(Statement::run(format!("alter table {own} force row level security")));
        }
    }
    made
}

fn columns_of<'d>(table: &ObjectName, differences: &'d [Difference]) -> Vec<&'d Object> {
    let columns = differences.iter().filter_map(|difference| match &difference.what {
        What::OnlyInA(object) if object.name.kind == Kind::Column => Some(&**object),
        _ => None,
    });
    let mut columns: Vec<_> = columns
        .filter(|object| (&object.name.schema, &object.name.of) == (&table.schema, &table.of))
        .collect();
    columns.sort_by_key(|object| object.written(Aspect::Position).and_then(|text| text.parse::<u32>().ok()));
    columns
}

/// A column with its type and all that is said of it.
pub(super) fn column(object: &Object) -> String {
    let fact = |aspect, before: &str| object.written(aspect).map(|text| format!(" {before}{text}"));
    let mut sql = identifier(&object.name.name);
    let identity = object.written(Aspect::Identity).map(|how| format!(" {}", identity(how)));
    let parts = [
        fact(Aspect::Type, ""),
        fact(Aspect::Collation, "collate "),
        fact(Aspect::Generated, "generated "),
        identity,
        fact(Aspect::Default, "default "),
        fact(Aspect::Nullability, ""),
    ];
    parts.into_iter().flatten().for_each(|part| sql.push_str(&part));
    sql
}

/// `always start with 100` as SQL.
fn identity(how: &str) -> String {
    let (when, options) = match how.strip_prefix("always") {
        Some(options) => ("always", options),
        None => ("by default", how.strip_prefix("by default").unwrap_or_default()),
    };
    let options = options.trim();
    let options = if options.is_empty() { String::new() } else { format!(" ({options})") };
    format!("generated {when} as identity{options}")
}

/// A view, as a statement of its own kind.
fn view(object: &Object) -> String {
    let options = object.written(Aspect::Options).map(|options| format!(" with ({options})"));
    let definition = object.written(Aspect::Definition).unwrap_or_default();
    let (kind, own) = (object.name.kind.word(), own(&object.name));
    format!("create {kind} {own}{} as\n{definition}", options.unwrap_or_default())
}

/// The statement that a view is made with knows which one.
pub(super) fn make_view(object: &Object) -> Statement {
    Statement { view: Some(own(&object.name)), ..Statement::run(view(object)) }
}

/// What grants, or revokes, the rights of one role.
pub(super) fn grants(object: &Object, verb: &str) -> Vec<Statement> {
    let on = object.written(Aspect::On).unwrap_or_default();
    let role = role(&object.name.name);
    let rights = [(Aspect::Privileges, ""), (Aspect::Grantable, " with grant option")];
    let rights = rights.into_iter().filter_map(|(aspect, option)| Some((object.written(aspect)?, option)));
    let statement = |(rights, option): (&str, &str)| {
        let rights = rights.to_lowercase();
        if verb == "grant" {
            Statement::run(format!("grant {rights} on {on} to {role}{option}"))
        } else {
            Statement::destructive(format!("revoke {rights} on {on} from {role}"))
        }
    };
    rights.map(statement).collect()
}

/// What gives an object to its owner.
pub(super) fn owner(name: &ObjectName, owner: &str) -> Statement {
    Statement::run(format!("alter {} {} owner to {}", name.kind.word(), own(name), identifier(owner)))
}

fn role(name: &str) -> String {
    if name == "public" { name.to_owned() } else { identifier(name) }
}

/// What takes an object away.
pub(super) fn drop(object: &Object) -> String {
    let name = &object.name;
    let (own, table) = (own(name), table(name));
    let part = identifier(&name.name);
    match name.kind {
        Kind::Column => format!("alter table {table} drop column {part}"),
        Kind::Constraint => format!("alter table {table} drop constraint {part}"),
        Kind::Trigger | Kind::Rule | Kind::Policy => format!("drop {} {part} on {table}", name.kind.word()),
        Kind::Extension => format!("drop extension {part}"),
        kind => format!("drop {} {own}", kind.word()),
    }
}

/// What brings one fact of B's object to what A says.
pub(super) fn change(name: &ObjectName, aspect: Aspect, a: Option<&str>, b: Option<&str>) -> Vec<Statement> {
    let (own, table) = (own(name), table(name));
    let part = identifier(&name.name);
    let alter = |what: String| Statement::run(format!("alter table {table} alter column {part} {what}"));
    let one = |statement: Statement| vec![statement];
    match (name.kind, aspect, a) {
        (Kind::Column, Aspect::Default, Some(a)) => one(alter(format!("set default {a}"))),
        (Kind::Column, Aspect::Default, None) => one(alter("drop default".to_owned())),
        (Kind::Column, Aspect::Nullability, Some(_)) => {
            one(alter("set not null".to_owned()).remark("fails when a row has no value; looks at every row"))
        }
        (Kind::Column, Aspect::Nullability, None) => one(alter("drop not null".to_owned())),
        (Kind::Column, Aspect::Type, Some(a)) => {
            let sql = format!("alter table {table} alter column {part} type {a} using {part}::{a}");
            one(Statement::by_hand(sql, "may lose or refuse values, and may write the whole table anew"))
        }
        (Kind::Column, Aspect::Identity, Some(a)) if b.is_none() => {
            one(alter(format!("add {}", identity(a))))
        }
        (Kind::Column, Aspect::Identity, None) => one(alter("drop identity".to_owned())),
        (Kind::View, Aspect::Definition, Some(a)) => {
            let sql = format!("create or replace view {own} as\n{a}");
            one(Statement::run(sql).remark("fails when columns went or changed: then drop it first"))
        }
        (Kind::Routine, Aspect::Definition, Some(a)) => one(Statement::run(a)),
        (Kind::Constraint, Aspect::Definition, Some(a)) => vec![
            Statement::run(format!("alter table {table} drop constraint {part}")),
            Statement::run(format!("alter table {table} add constraint {part} {a}"))
                .remark("fails when rows do not fit"),
        ],
        (Kind::Constraint, Aspect::Name, Some(a)) => one(Statement::run(format!(
            "alter table {table} rename constraint {} to {}",
            identifier(b.unwrap_or_default()),
            identifier(a)
        ))),
        (Kind::Index, Aspect::Name, Some(a)) => {
            let from = format!("{}.{}", identifier(&name.schema), identifier(b.unwrap_or_default()));
            one(Statement::run(format!("alter index {from} rename to {}", identifier(a))))
        }
        (Kind::Index, Aspect::Definition, Some(a)) => {
            vec![Statement::run(format!("drop index {own}")), Statement::run(a)]
        }
        (Kind::Trigger, Aspect::Definition, Some(a)) => {
            vec![Statement::run(format!("drop trigger {part} on {table}")), Statement::run(a)]
        }
        (Kind::Policy, Aspect::Definition, Some(a)) => vec![
            Statement::run(format!("drop policy {part} on {table}")),
            Statement::run(format!("create policy {part} on {table} {a}")),
        ],
        (Kind::Type, Aspect::Definition, Some(a)) => labels(&own, a, b.unwrap_or_default()),
        (_, Aspect::Owner, Some(a)) => one(owner(name, a)),
        (Kind::Extension, Aspect::Version, Some(a)) => {
            one(Statement::run(format!("alter extension {part} update to '{a}'")))
        }
        (_, aspect, _) => {
            let words = |text: Option<&str>| text.unwrap_or("nothing").to_owned();
            let sql = format!("{name}, {}: A says {}, B {}", aspect.word(), words(a), words(b));
            one(Statement::by_hand(sql, "by hand"))
        }
    }
}

/// The labels that an enumeration lacks, where B's are all among A's in the same order.
fn labels(own: &str, a: &str, b: &str) -> Vec<Statement> {
    let (wanted, known) = (list(a), list(b));
    let mut rest = known.iter();
    let mut next = rest.next();
    let mut added = Vec::new();
    for (index, label) in wanted.iter().enumerate() {
        if next == Some(label) {
            next = rest.next();
        } else {
            let place = match index.checked_sub(1) {
                Some(before) => format!("after {}", wanted[before]),
                None => known.first().map(|first| format!("before {first}")).unwrap_or_default(),
            };
            added.push(Statement::run(format!("alter type {own} add value {label} {place}")));
        }
    }
    if next.is_some() || !a.starts_with("as enum") || !b.starts_with("as enum") {
        return vec![Statement::by_hand(
            format!("type {own}: A says {a}, B {b}"),
            "a type cannot be changed so",
        )];
    }
    added
}

/// The quoted labels of `as enum ('a', 'b')`.
fn list(definition: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = definition;
    while let Some(start) = rest.find('\'') {
        let mut end = start + 1;
        // A doubled quote belongs to the label.
        while let Some(quote) = rest[end..].find('\'') {
            end += quote + 1;
            if !rest[end..].starts_with('\'') {
                break;
            }
            end += 1;
        }
        found.push(&rest[start..end]);
        rest = &rest[end..];
    }
    found
}
