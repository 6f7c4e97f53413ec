//! Files that several changelogs share are read once: a release mostly holds the files of the one before.
//!
//! Only files whose meaning hangs on nothing but themselves and the include that led to them are shared: one that
//! defines or uses a property may mean something else the next time, and is read again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Changeset, Filter, Problem, sql};

/// What one file holds.
pub(super) type Found = (Vec<Changeset>, Vec<Problem>);

/// The files that were read so far. Several changelogs may be read with it at the same time.
#[derive(Debug, Default)]
pub struct SharedFiles(Mutex<HashMap<Place, Vec<Shared>>>);

/// Path and text of a file.
type Place = (String, String);

/// What it holds when these filters lead to it.
type Shared = (Filter, Arc<OnceLock<Found>>);

impl SharedFiles {
    /// What a file holds, from memory or by `read`. Whoever asks for a file that is being read waits for it.
    pub(super) fn sql(&self, source: &sql::Source<'_>, read: impl FnOnce() -> Found) -> Found {
        if !is_self_contained(source.text) {
            return read();
        }
        let place = (source.path.to_owned(), source.text.to_owned());
        let found = {
            let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let shared = files.entry(place).or_default();
            let known = shared.iter().find(|(filter, _)| filter == source.inherited);
            if let Some((_, found)) = known {
                found.clone()
            } else {
                let found = Arc::new(OnceLock::new());
                shared.push((source.inherited.clone(), found.clone()));
                found
            }
        };
        found.get_or_init(read).clone()
    }
}

/// True when no property can be defined or used in a text.
fn is_self_contained(text: &str) -> bool {
    let is_property = |line: &str| {
        let start = line.trim_start();
        start.starts_with("--") && start.to_ascii_lowercase().contains("property")
    };
    !text.contains("${") && !text.lines().any(is_property)
}

#[cfg(test)]
mod tests {
    use super::super::{Changelog, Files, ROOT, Surroundings};
    use super::*;

    fn files(sql: &str, master: &str) -> Files {
        let sql = format!("--liquibase formatted sql\n--changeset store:1\n{sql}\n");
        [(ROOT, master), ("changelog/a.sql", sql.as_str())]
            .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
            .into()
    }

    #[test]
    fn what_is_shared_is_what_would_have_been_read() {
        let shared = SharedFiles::default();
        let plain = "databaseChangeLog:\n  - include: {file: a.sql, relativeToChangelogFile: true}\n";
        let filtered = plain.replace("true}", "true, context: test}");
        let property = |value: &str| {
            plain.replace(
                "databaseChangeLog:\n",
                &format!("databaseChangeLog:\n  - property: {{name: a, value: {value}}}\n"),
            )
        };
        let (one, two) = (property("one"), property("two"));
        for files in [
            files("select 1;", plain),
            files("select 1;", plain),
            files("select 2;", plain),
            files("select 1;", &filtered),
            files("select ${a};", &one),
            files("select ${a};", &two),
            files("select 1;\n  -- PROPERTY name:a value:b\nselect 2;", plain),
            files("-- no ${a}", plain),
        ] {
            let surroundings = Surroundings::default();
            let (alone, problems) = Changelog::read(&files, ROOT, &surroundings);
            let together = Changelog::read_sharing(&files, ROOT, &surroundings, &shared);
            assert_eq!(together, (alone, problems));
        }
        assert_eq!(shared.0.lock().unwrap().len(), 2, "what uses or defines a property is not shared");
    }
}
