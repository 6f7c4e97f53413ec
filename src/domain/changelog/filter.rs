//! Which runs a changeset belongs to: contexts, labels, kind of database, `ignore`.
//!
//! Contexts and labels mirror each other: a changeset has a context *expression* and a run names contexts; a
//! changeset has *labels* and a run may have an expression over them. Without either in the run everything matches.

use std::collections::BTreeSet;
use std::fmt;

/// The short name by which Liquibase knows PostgreSQL.
pub const DATABASE: &str = "postgresql";

/// Every short name that a `dbms` may hold: those of Liquibase 4.29 and of its extensions.
const DATABASES: [&str; 36] = [
    "postgresql",
    "mysql",
    "mariadb",
    "oracle",
    "mssql",
    "h2",
    "hsqldb",
    "derby",
    "db2",
    "db2z",
    "db2i",
    "sqlite",
    "sybase",
    "asany",
    "firebird",
    "informix",
    "ingres",
    "edb",
    "enterprisedb",
    "cockroachdb",
    "snowflake",
    "redshift",
    "databricks",
    "bigquery",
    "mongodb",
    "dynamodb",
    "cassandra",
    "neo4j",
    "yugabytedb",
    "spanner",
    "cloudspanner",
    "teradata",
    "vertica",
    "hana",
    "maxdb",
    "unsupported",
];

/// Which runs a changeset belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Context expressions, all of which have to match: those of the includes, the innermost first, then its own.
    pub contexts: Vec<String>,
    /// Its labels, with those of the includes, in lower case.
    pub labels: Vec<String>,
    /// The kinds of database it is for; empty means all. `!x` means not x.
    pub dbms: Vec<String>,
    /// True when it, or the include that led to it, says `ignore: true`.
    pub is_ignored: bool,
}

/// What a run asks for. The default is a run without contexts and without a label filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// The contexts, as `--contexts` takes them.
    pub contexts: Vec<String>,
    /// The label expression, as `--label-filter` takes it.
    pub label_filter: Option<String>,
}

/// Why a changeset does not belong to a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exclusion {
    /// Its context expression does not match.
    Context(String),
    /// Its labels do not match.
    Labels(String),
    /// It is for another kind of database.
    Dbms(String),
    /// It says `ignore: true`.
    Ignored,
}

impl fmt::Display for Exclusion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Context(expression) => write!(out, "context {expression} does not match"),
            Self::Labels(labels) => write!(out, "labels {labels} do not match"),
            Self::Dbms(kinds) => write!(out, "it is for {kinds} only"),
            Self::Ignored => write!(out, "it says ignore: true"),
        }
    }
}

impl Filter {
    /// Why a run with this selection leaves the changeset out, in Liquibase's order; empty when it does not.
    pub fn exclusions(&self, selection: &Selection) -> Vec<Exclusion> {
        let mut exclusions = Vec::new();
        let failing =
            self.contexts.iter().filter(|expression| !matches_contexts(expression, &selection.contexts));
        exclusions.extend(failing.map(|expression| Exclusion::Context(expression.clone())));
        if let Some(expression) = &selection.label_filter
            && !matches_labels(expression, &self.labels)
        {
            exclusions.push(Exclusion::Labels(self.labels.join(",")));
        }
        if !is_for(&self.dbms, DATABASE) {
            exclusions.push(Exclusion::Dbms(self.dbms.join(",")));
        }
        if self.is_ignored {
            exclusions.push(Exclusion::Ignored);
        }
        exclusions
    }

    /// True when it belongs to runs against databases of this kind.
    pub fn is_for(&self, kind: &str) -> bool {
        is_for(&self.dbms, kind)
    }

    /// The names in `dbms` that no database has: such a changeset silently never runs, or always.
    pub(super) fn unknown_databases(&self) -> impl Iterator<Item = &str> {
        self.dbms
            .iter()
            .map(|name| name.trim_start_matches('!'))
            .filter(|name| !matches!(*name, "" | "all" | "none") && !DATABASES.contains(name))
    }
}

/// The entries of a comma list, in lower case and without empty ones.
pub(super) fn list(text: &str) -> Vec<String> {
    let entries = text.split(',').map(|entry| entry.trim().to_lowercase());
    entries.filter(|entry| !entry.is_empty()).collect()
}

/// True when a list of kinds of database takes in `name`: an empty one and `all` do, `none` does not, and one of
/// `!x` only takes in everything else.
pub(super) fn is_for(dbms: &[String], name: &str) -> bool {
    if dbms.is_empty() || dbms.iter().any(|entry| entry == "all") {
        return true;
    }
    if dbms.iter().any(|entry| entry == "none") {
        return false;
    }
    if dbms.iter().any(|entry| entry.strip_prefix('!') == Some(name)) {
        return false;
    }
    let mut wanted = dbms.iter().filter(|entry| !entry.starts_with('!')).peekable();
    wanted.peek().is_none() || wanted.any(|entry| entry == name)
}

/// True when a changeset's context expression matches the contexts of a run. In a run without contexts every
/// expression does, unless it asks for one with `@`.
pub(super) fn matches_contexts(expression: &str, contexts: &[String]) -> bool {
    let contexts: BTreeSet<String> = contexts.iter().flat_map(|context| list(context)).collect();
    let alternatives = list(expression);
    if contexts.is_empty() {
        return alternatives.is_empty()
            || alternatives.iter().any(|text| !text.contains('@') || is_true(text, &contexts));
    }
    alternatives.is_empty() || alternatives.iter().any(|text| is_true(text, &contexts))
}

/// True when a run's label expression matches the labels of a changeset. One without labels always runs.
pub(super) fn matches_labels(expression: &str, labels: &[String]) -> bool {
    let labels: BTreeSet<String> = labels.iter().cloned().collect();
    let alternatives = list(expression);
    labels.is_empty() || alternatives.is_empty() || alternatives.iter().any(|text| is_true(text, &labels))
}

/// Evaluates `a and !(b or c)`: `and` binds tighter than `or`, `not` and `!` tighter than both.
fn is_true(text: &str, names: &BTreeSet<String>) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('!', " ! ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    Expression { words: &words, at: 0, names }.or()
}

struct Expression<'a> {
    words: &'a [&'a str],
    at: usize,
    names: &'a BTreeSet<String>,
}

impl Expression<'_> {
    fn or(&mut self) -> bool {
        let mut result = self.and();
        while self.take("or") {
            result |= self.and();
        }
        result
    }

    fn and(&mut self) -> bool {
        let mut result = self.not();
        while self.take("and") {
            result &= self.not();
        }
        result
    }

    fn not(&mut self) -> bool {
        let mut negates = false;
        while self.take("!") || self.take("not") {
            negates = !negates;
        }
        let result = if self.take("(") {
            let inner = self.or();
            self.take(")");
            inner
        } else {
            let name = self.words.get(self.at).copied().unwrap_or_default();
            self.at += 1;
            self.names.contains(name.trim_start_matches('@'))
        };
        result != negates
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.at).is_some_and(|next| *next == word);
        self.at += usize::from(is_next);
        is_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts(expression: &str, contexts: &str) -> bool {
        matches_contexts(expression, &list(contexts))
    }

    /// The matrix that the real Liquibase 4.29 gave.
    #[test]
    fn contexts_match_as_in_liquibase() {
        for (expression, run, matches) in [
            ("prod", "", true),
            ("prod", "prod", true),
            ("prod", "test", false),
            ("PROD", "prod", true),
            ("!prod", "", true),
            ("!prod", "prod", false),
            ("!prod", "test", true),
            ("not prod", "test", true),
            ("@prod", "", false),
            ("@prod", "prod", true),
            ("@prod", "test", false),
            ("a or b and c", "", true),
            ("a or b and c", "a", true),
            ("a or b and c", "c", false),
            ("(a or b) and c", "a", false),
            ("(a or b) and c", "a,c", true),
            ("!(a or b)", "c", true),
            ("a, b", "b", true),
            ("", "test", true),
        ] {
            assert_eq!(contexts(expression, run), matches, "`{expression}` in a run with `{run}`");
        }
    }

    #[test]
    fn a_changeset_without_labels_runs_under_every_label_filter() {
        for (filter, labels, matches) in [
            ("blue", "", true),
            ("!blue", "", true),
            ("blue", "v1,blue", true),
            ("!blue", "v1,blue", false),
            ("v1 and green", "v1,blue", false),
            ("green or v1", "v1,blue", true),
        ] {
            assert_eq!(matches_labels(filter, &list(labels)), matches, "`{labels}` under `{filter}`");
        }
    }

    #[test]
    fn a_changeset_for_another_database_is_left_out() {
        for (dbms, matches) in [
            ("", true),
            ("postgresql", true),
            ("PostgreSQL, oracle", true),
            ("oracle,mysql", false),
            ("!postgresql", false),
            ("!oracle", true),
            ("all", true),
            ("none", false),
            ("postgres", false),
        ] {
            assert_eq!(is_for(&list(dbms), DATABASE), matches, "`{dbms}`");
        }
        let filter = Filter { dbms: list("postgres,!oracle"), ..Filter::default() };
        assert_eq!(filter.unknown_databases().collect::<Vec<_>>(), ["postgres"]);
    }

    #[test]
    fn every_reason_is_told() {
        let filter = Filter {
            contexts: vec!["prod".to_owned()],
            labels: list("v1"),
            dbms: list("oracle"),
            is_ignored: true,
        };
        let selection = Selection { contexts: vec!["test".to_owned()], label_filter: Some("v2".to_owned()) };
        let texts: Vec<_> = filter.exclusions(&selection).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "context prod does not match",
                "labels v1 do not match",
                "it is for oracle only",
                "it says ignore: true"
            ]
        );
    }
}
