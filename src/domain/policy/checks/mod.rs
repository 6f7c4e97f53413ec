//! The checks: what each looks for, why it matters, and how to mend what it finds, a row each.
//!
//! The twelve of the demo's settings have the names and identities that Liquibase gives them, and its meaning. The
//! others are lockstep's own: what PostgreSQL locks, rewrites or scans, with the fact behind it.

mod liquibase;
mod locks;
mod manners;
mod rewrites;

use super::deed::Act;
use super::scene::Scene;
use crate::domain::changelog::Changeset;

/// A check.
#[derive(Debug)]
pub struct Check {
    /// The name by which settings and findings call it.
    pub short_name: &'static str,
    /// Its identity in a settings file: it stays when the short name is changed there.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it looks at.
    pub scopes: &'static [Scope],
    /// True when it looks without being asked to by a settings file.
    pub is_on_by_default: bool,
    /// Why it matters, as full sentences.
    pub why: &'static str,
    /// How to mend it, as full sentences; `{table}` and `{object}` stand for names.
    pub mend: &'static str,
    pub(super) judge: Judge,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The changesets of a changelog.
    Changelog,
    /// The tables of a database.
    Database,
}

impl Scope {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changelog => "changelog",
            Self::Database => "database",
        }
    }
}

/// How a check judges.
#[derive(Debug, Clone, Copy)]
pub(super) enum Judge {
    /// By one thing that a changeset does, when it runs or when a routine runs that it makes.
    Written(fn(&Scene, &Act) -> bool),
    /// By one thing that it does when it runs.
    Done(fn(&Scene, &Act) -> bool),
    /// By the changeset as a whole.
    Changeset(fn(&Changeset) -> bool),
    /// By the number of columns of a table.
    Columns,
    /// By the indexes of a table in a database.
    Indexes,
    /// By whether the SQL can be read at all.
    Syntax,
}

const CHANGELOG: &[Scope] = &[Scope::Changelog];

/// Every check, those of Liquibase first.
pub fn all() -> impl Iterator<Item = &'static Check> {
    liquibase::CHECKS.iter().chain(locks::CHECKS).chain(rewrites::CHECKS).chain(manners::CHECKS)
}

/// The check for SQL that cannot be read: it always looks.
pub static SYNTAX: &Check = &liquibase::SYNTAX;

/// The check of this short name, in whatever case.
pub fn called(short_name: &str) -> Option<&'static Check> {
    all().chain([SYNTAX]).find(|check| check.short_name.eq_ignore_ascii_case(short_name))
}

/// The check of this identity.
pub(super) fn identified(id: &str) -> Option<&'static Check> {
    all().chain([SYNTAX]).find(|check| check.id.eq_ignore_ascii_case(id))
}

impl Check {
    /// How to mend what it found in this act.
    pub(super) fn mend(&self, act: Option<&Act>) -> String {
        let table = act.and_then(|act| act.table.as_ref()).map(ToString::to_string);
        let object = act.and_then(|act| act.object.clone());
        let fill = |text: String, name: &str, value: Option<&String>, otherwise: &str| {
            text.replace(name, value.map_or(otherwise, String::as_str))
        };
        let mend = fill(self.mend.to_owned(), "{table}", table.as_ref(), "the table");
        fill(mend, "{object}", object.as_ref(), "it")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_checks_have_a_name_or_an_identity_in_common() {
        let (mut names, mut ids) = (HashSet::new(), HashSet::new());
        for check in all().chain([SYNTAX]) {
            assert!(names.insert(check.short_name.to_lowercase()), "{}", check.short_name);
            assert!(ids.insert(check.id.to_lowercase()), "{}", check.short_name);
            assert_eq!(check.id.len(), 36, "{}", check.short_name);
            assert!(check.why.ends_with('.') && check.mend.ends_with('.'), "{}", check.short_name);
        }
        assert_eq!(all().filter(|check| check.is_on_by_default).count(), 12);
        assert!(all().filter(|check| !check.is_on_by_default).count() >= 12);
    }
}
