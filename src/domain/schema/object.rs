//! One object of a database, and what can be said of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{CatalogRow, canonical};

/// What an object is, in the order in which objects can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A schema, in PostgreSQL's sense of a space for names.
    Namespace,
    /// An extension.
    Extension,
    /// An enumeration, a composite type or a range.
    Type,
    /// A domain.
    Domain,
    /// A sequence that somebody made, or that came with a `serial` column.
    Sequence,
    /// A table, also one with partitions.
    Table,
    /// A table that another server holds.
    ForeignTable,
    /// A column.
    Column,
    /// A function, a procedure or an aggregate.
    Routine,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A primary key, a unique, foreign-key, check or exclusion constraint.
    Constraint,
    /// An index that no constraint brought.
    Index,
    /// A trigger.
    Trigger,
    /// A rewrite rule.
    Rule,
    /// A policy of row security.
    Policy,
    /// What one role may do with one object; what owners may do by themselves is left out.
    Grant,
}

/// One thing that can be said of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// The name, where something else makes the object the same.
    Name,
    /// The type of a column.
    Type,
    /// The collation of a column, when it is not that of its type.
    Collation,
    /// `not null`.
    Nullability,
    /// The default of a column.
    Default,
    /// How a column is computed.
    Generated,
    /// How a column numbers rows.
    Identity,
    /// The order of the columns of a table.
    Position,
    /// What PostgreSQL says that makes it.
    Definition,
    /// The options of a view, such as `security_barrier=true`.
    Options,
    /// `unlogged`.
    Persistence,
    /// What a table is partitioned by.
    PartitionKey,
    /// What a table inherits from, or is a partition of.
    Parent,
    /// Which rows a partition takes.
    Bounds,
    /// Whether policies hold.
    RowSecurity,
    /// When a trigger or a rule does not simply work.
    Enabled,
    /// `invalid`, for an index whose making failed.
    Validity,
    /// The version of an extension.
    Version,
    /// The column that a sequence belongs to.
    Column,
    /// The sequence that belongs to a column.
    OwnSequence,
    /// What a grant is on.
    On,
    /// What a grant allows.
    Privileges,
    /// What a grant allows to hand on.
    Grantable,
    /// Who owns it, when it is not who owns the database.
    Owner,
    /// What somebody wrote about it.
    Comment,
    /// How it is stored.
    Storage,
}

/// What an object is called, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// The schema.
    pub schema: String,
    /// The table or the like that it is part of; else its own name.
    pub of: String,
    /// What it is.
    pub kind: Kind,
    /// Its name. Of a grant: the role.
    pub name: String,
}

/// One object with its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it is called.
    pub name: ObjectName,
    facts: BTreeMap<Aspect, Fact>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    written: String,
    /// `None` when it is as written; an empty one means that the fact says nothing.
    canonical: Option<String>,
}

impl Kind {
    const WORDS: [(Self, &'static str); 17] = [
        (Self::Namespace, "schema"),
        (Self::Extension, "extension"),
        (Self::Type, "type"),
        (Self::Domain, "domain"),
        (Self::Sequence, "sequence"),
        (Self::Table, "table"),
        (Self::ForeignTable, "foreign table"),
        (Self::Column, "column"),
        (Self::Routine, "routine"),
        (Self::View, "view"),
        (Self::MaterializedView, "materialized view"),
        (Self::Constraint, "constraint"),
        (Self::Index, "index"),
        (Self::Trigger, "trigger"),
        (Self::Rule, "rule"),
        (Self::Policy, "policy"),
        (Self::Grant, "grant"),
    ];

    /// The word for people, for SQL and for machines.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(kind, _)| *kind == self).map_or("object", |(_, word)| word)
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, text)| *text == word).map(|(kind, _)| kind)
    }
}

impl Aspect {
    const WORDS: [(Self, &'static str); 26] = [
        (Self::Name, "name"),
        (Self::Type, "type"),
        (Self::Collation, "collation"),
        (Self::Nullability, "nullability"),
        (Self::Default, "default"),
        (Self::Generated, "generated"),
        (Self::Identity, "identity"),
        (Self::Position, "position"),
        (Self::Definition, "definition"),
        (Self::Options, "options"),
        (Self::Persistence, "persistence"),
        (Self::PartitionKey, "partition key"),
        (Self::Parent, "parent"),
        (Self::Bounds, "bounds"),
        (Self::RowSecurity, "row security"),
        (Self::Enabled, "enabled"),
        (Self::Validity, "validity"),
        (Self::Version, "version"),
        (Self::Column, "column"),
        (Self::OwnSequence, "own sequence"),
        (Self::On, "on"),
        (Self::Privileges, "privileges"),
        (Self::Grantable, "grantable"),
        (Self::Owner, "owner"),
        (Self::Comment, "comment"),
        (Self::Storage, "storage"),
    ];

    /// The word for people and for machines.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(aspect, _)| *aspect == self).map_or("fact", |(_, word)| word)
    }

    /// The aspect with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, text)| *text == word).map(|(aspect, _)| aspect)
    }

    /// Why a difference in it never matters to what runs; `None` when it may.
    pub fn is_cosmetic(self) -> Option<&'static str> {
        match self {
            Self::Name => Some("PostgreSQL made the name up"),
            Self::Position => Some("only the order of the columns"),
            Self::Comment => Some("only a comment"),
            Self::Storage => Some("only how it is stored"),
            _ => None,
        }
    }
}

impl ObjectName {
    /// True for what can only be as a part of something else.
    pub fn is_part(&self) -> bool {
        self.of != self.name
            || matches!(
                self.kind,
                Kind::Column
                    | Kind::Constraint
                    | Kind::Index
                    | Kind::Trigger
                    | Kind::Rule
                    | Kind::Policy
                    | Kind::Grant
            )
    }

    /// The whole that it belongs to, which differences are told under: a table, or what stands for itself.
    pub fn whole(&self) -> String {
        if self.kind == Kind::Namespace {
            return self.short();
        }
        let schema = if self.schema == "public" { String::new() } else { format!("{}.", self.schema) };
        format!("{schema}{}", self.of)
    }

    /// What it is called below the name of its whole, such as `column note`.
    pub fn within(&self) -> String {
        format!("{} {}", self.kind.word(), self.name)
    }

    /// The short form of messages, such as `orders.note`: the kind is not in it, nor the schema `public`.
    pub fn short(&self) -> String {
        let schema = if self.schema == "public" || matches!(self.kind, Kind::Namespace | Kind::Extension) {
            String::new()
        } else {
            format!("{}.", self.schema)
        };
        let (of, name) = (&self.of, &self.name);
        match self.kind {
            Kind::Column | Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => {
                format!("{schema}{of}.{name}")
            }
            Kind::Grant => format!("{schema}{of} to {name}"),
            _ => format!("{schema}{name}"),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind.word(), self.short())
    }
}

impl Object {
    /// Reads what the catalogs tell; casts of `text_columns` to text say nothing.
    pub(super) fn read(row: &CatalogRow, text_columns: &BTreeSet<&str>) -> Result<Self, String> {
        let unknown = |word: &str| format!("`{word}` is not known of objects in a database");
        let kind = Kind::from_word(&row.kind).ok_or_else(|| unknown(&row.kind))?;
        let mut facts = BTreeMap::new();
        for (word, written) in &row.facts {
            let aspect = Aspect::from_word(word).ok_or_else(|| unknown(word))?;
            if written.is_empty() {
                continue;
            }
            let canonical = match (kind, aspect) {
                (Kind::Column, Aspect::Default) => {
                    let fact = |aspect: Aspect| row.facts.get(aspect.word()).map_or("", String::as_str);
                    Some(canonical::default(written, fact(Aspect::Type), fact(Aspect::OwnSequence)))
                }
                (Kind::Index, Aspect::Definition) => Some(canonical::index(written, text_columns)),
                (Kind::Column, Aspect::Generated)
                | (Kind::Constraint | Kind::Trigger | Kind::Policy | Kind::Domain, Aspect::Definition) => {
                    Some(canonical::expression(written, text_columns))
                }
                (Kind::Routine, Aspect::Definition) => Some(canonical::routine(written)),
                (Kind::View | Kind::MaterializedView | Kind::Rule, Aspect::Definition) => {
                    Some(canonical::squeezed(written))
                }
                _ => None,
            };
            facts.insert(aspect, Fact { written: written.clone(), canonical });
        }
        let CatalogRow { schema, of, name, .. } = row.clone();
        Ok(Self { name: ObjectName { schema, of, kind, name }, facts })
    }

    /// A fact as PostgreSQL writes it.
    pub fn written(&self, aspect: Aspect) -> Option<&str> {
        self.facts.get(&aspect).map(|fact| fact.written.as_str())
    }

    /// A fact in the form in which equal things are equal.
    pub fn canonical(&self, aspect: Aspect) -> Option<&str> {
        let fact = self.facts.get(&aspect)?;
        Some(fact.canonical.as_deref().unwrap_or(&fact.written)).filter(|text| !text.is_empty())
    }

    /// Everything that is said of it and may matter, in canonical form.
    pub(super) fn real(&self) -> impl Iterator<Item = (Aspect, &str)> {
        let aspects = self.facts.keys().copied();
        aspects
            .filter(|aspect| aspect.is_cosmetic().is_none() && *aspect != Aspect::OwnSequence)
            .filter_map(|aspect| Some((aspect, self.canonical(aspect)?)))
    }

    /// Everything that is said of it.
    pub(super) fn aspects(&self) -> impl Iterator<Item = Aspect> {
        self.facts.keys().copied()
    }

    /// True when the name is one that PostgreSQL makes up from table and columns.
    pub fn has_made_up_name(&self) -> bool {
        let endings: &[&str] = match self.name.kind {
            Kind::Constraint => &["_pkey", "_key", "_fkey", "_check", "_excl"],
            Kind::Index => &["_idx", "_key"],
            Kind::Sequence => &["_seq"],
            _ => return false,
        };
        let name = self.name.name.trim_end_matches(|c: char| c.is_ascii_digit());
        // Long names are cut, but never to less than this.
        let table: String = self.name.of.chars().take(24).collect();
        self.name.is_part() && name.starts_with(&table) && endings.iter().any(|ending| name.ends_with(ending))
    }

    /// What it is, in one line.
    pub fn words(&self) -> String {
        let fact = |aspect| self.written(aspect);
        let text = match self.name.kind {
            Kind::Column => {
                let default = fact(Aspect::Default).map(|default| format!("default {default}"));
                let identity = fact(Aspect::Identity).map(|how| format!("generated {how} as identity"));
                let generated = fact(Aspect::Generated).map(|how| format!("generated {how}"));
                let parts =
                    [fact(Aspect::Type), fact(Aspect::Nullability)].map(|part| part.map(str::to_owned));
                let parts = parts.into_iter().chain([default, identity, generated]);
                parts.flatten().collect::<Vec<_>>().join(" ")
            }
            Kind::Grant => {
                let grantable = fact(Aspect::Grantable).map(|rights| format!("{rights} with grant option"));
                let privileges = fact(Aspect::Privileges).map(str::to_owned);
                let rights = privileges.into_iter().chain(grantable).collect::<Vec<_>>().join(", ");
                format!("{rights} on {}", fact(Aspect::On).unwrap_or_default())
            }
            Kind::Extension => fact(Aspect::Version).unwrap_or_default().to_owned(),
            Kind::View | Kind::MaterializedView | Kind::Routine => String::new(),
            _ => fact(Aspect::Definition).unwrap_or_default().to_owned(),
        };
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
