//! What a database really holds: its objects with their facts, as PostgreSQL's own catalogs tell them.
//!
//! Every fact is kept as it is written, for people and for SQL, and in a canonical form, in which equal things are
//! equal; only the canonical forms count in the digest. Absent on purpose: rows of tables, Liquibase's own tables,
//! whatever the system or an extension brings, and what lives beside schemas (roles, publications, foreign servers,
//! event triggers, operators, casts, text search, default privileges).

pub mod canonical;
pub mod difference;
pub mod judgement;
pub mod object;
pub mod odd;
pub mod proposal;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

pub use difference::{Difference, DifferenceKind, What, diff};
pub use object::{Aspect, Kind, Object, ObjectName};
pub use proposal::proposal;

/// Which canonical forms these are: digests of different forms are never held against each other.
const FORM: u32 = 1;

/// One object as the catalogs tell it, all in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogRow {
    /// What it is, a word of [`Kind`].
    pub kind: String,
    /// The schema that it is in.
    pub schema: String,
    /// The table or the like that it is part of; else its own name.
    pub of: String,
    /// Its name.
    pub name: String,
    /// Its facts by the words of [`Aspect`].
    pub facts: BTreeMap<String, String>,
}

/// The objects of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    objects: BTreeMap<Key, Arc<Object>>,
    digest: SchemaDigest,
}

/// What two databases with equal schemas have in common: `form.server.sha256`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDigest(String);

/// What makes an object the same in two databases: its name, unless PostgreSQL made the name up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    schema: String,
    of: String,
    kind: Kind,
    name: String,
}

impl Schema {
    /// Puts together what the catalogs of a server of this major version tell. The error names a word that is not
    /// known.
    pub fn of(server: u32, rows: &[CatalogRow]) -> Result<Self, String> {
        let text_columns = text_columns(rows);
        let none = BTreeSet::new();
        let mut objects = BTreeMap::new();
        for row in rows {
            let columns = text_columns.get(&(row.schema.as_str(), row.of.as_str())).unwrap_or(&none);
            let object = Object::read(row, columns)?;
            let mut key = Key::of(&object);
            // Two constraints without a name of their own may say the same.
            while objects.contains_key(&key) {
                key.name.push_str(" again");
            }
            objects.insert(key, Arc::new(object));
        }
        let digest = digest(server, &objects);
        Ok(Self { objects, digest })
    }

    /// Stands for all that is real about it: names that PostgreSQL made up, the order of columns, comments and
    /// the way things are stored do not count.
    pub fn digest(&self) -> &SchemaDigest {
        &self.digest
    }

    /// The objects: those of one table together, the table before its parts.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values()
    }
}

impl SchemaDigest {
    /// Takes the text of a digest back, as a journal has it.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The digest as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits of the sum, to tell digests apart on a screen.
    pub fn short(&self) -> &str {
        let sum = self.0.rsplit('.').next().unwrap_or_default();
        sum.get(..12).unwrap_or(sum)
    }

    /// What comes before the sum.
    fn rules(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(rules, _)| rules)
    }

    /// True when both were made by the same rules from servers of one major version; else they say nothing of
    /// each other.
    pub fn is_comparable(&self, other: &Self) -> bool {
        self.rules() == other.rules()
    }
}

impl fmt::Display for SchemaDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl Key {
    fn of(object: &Object) -> Self {
        let ObjectName { schema, of, kind, name } = object.name.clone();
        let made_up = |aspect| object.canonical(aspect).map(|text| format!("({text})"));
        let name = match kind {
            Kind::Constraint | Kind::Index if object.has_made_up_name() => made_up(Aspect::Definition),
            Kind::Sequence if object.has_made_up_name() => made_up(Aspect::Column),
            // One role may have rights on a table and on the sequence of its column.
            Kind::Grant => object.canonical(Aspect::On).map(|on| format!("{on} to {name}")),
            _ => None,
        }
        .unwrap_or(name);
        Self { schema, of, kind, name }
    }
}

/// The columns of every table whose values are plain text, so that casting them to text changes nothing.
fn text_columns(rows: &[CatalogRow]) -> BTreeMap<(&str, &str), BTreeSet<&str>> {
    let mut columns: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind == Kind::Column.word()) {
        if row.facts.get(Aspect::Type.word()).is_some_and(|written| canonical::is_text(written)) {
            columns.entry((row.schema.as_str(), row.of.as_str())).or_default().insert(row.name.as_str());
        }
    }
    columns
}

fn digest(server: u32, objects: &BTreeMap<Key, Arc<Object>>) -> SchemaDigest {
    let mut sum = Sha256::new();
    // Each text with its length in front, so that none can pass for two.
    let mut add = |text: &str| {
        sum.update(text.len().to_be_bytes());
        sum.update(text.as_bytes());
    };
    for (key, object) in objects {
        for text in [key.schema.as_str(), &key.of, key.kind.word(), &key.name] {
            add(text);
        }
        for (aspect, text) in object.real() {
            add(aspect.word());
            add(text);
        }
        add("");
    }
    let mut text = format!("{FORM}.{server}.");
    for byte in sum.finalize() {
        // Writing to a `String` cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    SchemaDigest(text)
}

#[cfg(test)]
pub(crate) mod tests;
