//! A Liquibase changelog: the changesets that a root file leads to, in the order Liquibase runs them.
//!
//! Read here: YAML roots with `include`, formatted SQL, and `tagDatabase`. Whatever else a changelog uses is
//! named as a [`Problem`], and a checksum that would need it is left open instead of guessed.

mod checksum;
mod cut;
mod sql;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;

pub use checksum::Checksum;
pub use cut::{cut, releases};

/// The root file of every release's changelog, from the path root.
pub const ROOT: &str = "changelog/changelog-master.yaml";

/// Identifies a changeset: Liquibase's own key, `path::id::author`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangesetId {
    /// The path relative to the search root, with `/`, as FILENAME has it.
    pub path: String,
    /// The id inside that file.
    pub id: String,
    /// The author.
    pub author: String,
}

impl fmt::Display for ChangesetId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}::{}::{}", self.path, self.id, self.author)
    }
}

/// One changeset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changeset {
    /// Its identity.
    pub id: ChangesetId,
    /// What it does.
    pub change: Change,
    /// What undoes it.
    pub rollback: Rollback,
    /// Its comment; empty when it has none.
    pub comment: String,
    /// The checksum that Liquibase would store now (version 9); `None` when it cannot be worked out here.
    pub checksum: Option<Checksum>,
    /// Runs again when its content changes (`runOnChange`).
    pub runs_on_change: bool,
    /// Runs every time (`runAlways`).
    pub runs_always: bool,
}

impl Changeset {
    /// The tag it sets, if it is a tag.
    pub fn tag(&self) -> Option<&str> {
        match &self.change {
            Change::Tag(tag) => Some(tag),
            Change::Sql(_) | Change::Other(_) => None,
        }
    }

    /// What it does, as text for people: its SQL, or a line about it.
    pub fn text(&self) -> String {
        match &self.change {
            Change::Sql(sql) => sql.clone(),
            Change::Tag(tag) => format!("-- tags the database as {tag}"),
            Change::Other(kinds) => format!("-- {kinds}: Liquibase writes the SQL"),
        }
    }
}

/// What a changeset does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// SQL, as written.
    Sql(String),
    /// `tagDatabase`: marks the newest row.
    Tag(String),
    /// Change types that only Liquibase turns into SQL, named.
    Other(String),
}

/// What undoes a changeset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollback {
    /// Nothing was written: Liquibase cannot undo it.
    Missing,
    /// Declared as not needed.
    Empty,
    /// SQL.
    Sql(String),
}

/// Something wrong, or not understood, in a changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, relative to the search root.
    pub file: String,
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, as a sentence without a full stop.
    pub text: String,
    /// How to mend it, as a full sentence.
    pub mend: String,
    /// True when the changelog cannot be trusted with it; false for a warning.
    pub is_error: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}. {}", self.file, self.text, self.mend),
            None => write!(out, "{}: {}. {}", self.file, self.text, self.mend),
        }
    }
}

/// The files of a changelog by path relative to the search root, always with `/`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The changesets that a root file leads to, in the order they run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changelog {
    changesets: Vec<Changeset>,
}

impl Changelog {
    /// Reads the changelog that begins at `root`, which is a path in `files`.
    pub fn read(files: &Files, root: &str) -> (Self, Vec<Problem>) {
        let (changelog, problems, _) = Self::read_with_paths(files, root);
        (changelog, problems)
    }

    /// The same, with the paths of all files that were read.
    fn read_with_paths(files: &Files, root: &str) -> (Self, Vec<Problem>, Vec<String>) {
        let mut reader = Reader {
            files,
            changesets: Vec::new(),
            problems: Vec::new(),
            open: Vec::new(),
            paths: Vec::new(),
        };
        reader.read(&normalise(root));
        let Reader { changesets, mut problems, paths, .. } = reader;
        let mut seen = std::collections::BTreeSet::new();
        for changeset in &changesets {
            if !seen.insert(&changeset.id) {
                problems.push(Problem {
                    file: changeset.id.path.clone(),
                    line: None,
                    text: format!("changeset {} stands there twice", changeset.id),
                    mend: "Give one of them another id.".to_owned(),
                    is_error: true,
                });
            }
        }
        (Self { changesets }, problems, paths)
    }

    /// The changesets in order.
    pub fn changesets(&self) -> &[Changeset] {
        &self.changesets
    }

    /// The changeset with this identity.
    pub fn get(&self, id: &ChangesetId) -> Option<&Changeset> {
        self.changesets.iter().find(|changeset| changeset.id == *id)
    }
}

struct Reader<'a> {
    files: &'a Files,
    changesets: Vec<Changeset>,
    problems: Vec<Problem>,
    open: Vec<String>,
    paths: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, path: &str) {
        if self.open.iter().any(|open| open == path) {
            self.error(path, "the file includes itself", "Take the include out of the circle.");
            return;
        }
        let Some(bytes) = self.files.get(path) else {
            self.error(path, "the file does not exist", "Add it, or correct the include that names it.");
            return;
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.error(path, "the file is not UTF-8", "Save it as UTF-8.");
            return;
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.open.push(path.to_owned());
        self.paths.push(path.to_owned());
        match path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
            Some("sql") => {
                let (changesets, problems) = sql::read(path, text);
                self.changesets.extend(changesets);
                self.problems.extend(problems);
            }
            Some("yaml" | "yml") => self.read_yaml(path, text),
            _ => self.error(
                path,
                "this kind of changelog is not read yet",
                "Use a YAML root and formatted SQL files, or ask Liquibase itself.",
            ),
        }
        self.open.pop();
    }

    fn read_yaml(&mut self, path: &str, text: &str) {
        let (entries, problems) = yaml::read(path, text);
        self.problems.extend(problems);
        for entry in entries {
            match entry {
                yaml::Entry::Include { file, relative } => {
                    let target = if relative { beside(path, &file) } else { normalise(&file) };
                    self.read(&target);
                }
                yaml::Entry::Changeset(changeset) => self.changesets.push(changeset),
            }
        }
    }

    fn error(&mut self, file: &str, text: &str, mend: &str) {
        self.problems.push(Problem {
            file: file.to_owned(),
            line: None,
            text: text.to_owned(),
            mend: mend.to_owned(),
            is_error: true,
        });
    }
}

fn beside(path: &str, file: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) => normalise(&format!("{folder}/{file}")),
        None => normalise(file),
    }
}

/// Collapses `.` and `..`, turns `\` into `/`, drops a leading `/`: what Liquibase stores as FILENAME.
fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let path = path.replace('\\', "/");
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn changesets_come_in_the_order_of_the_includes_with_paths_from_the_search_root() {
        let files = files(&[
            (
                "changelog/master.yaml",
                "databaseChangeLog:\n  - include: {file: releases/one.yaml, relativeToChangelogFile: true}\n",
            ),
            (
                "changelog/releases/one.yaml",
                "databaseChangeLog:\n  - include:\n      file: ../sets/1.sql\n      relativeToChangelogFile: true\n  - changeSet:\n      id: t\n      author: store\n      changes:\n        - tagDatabase: {tag: v1}\n      rollback: []\n",
            ),
            (
                "changelog/sets/1.sql",
                "--liquibase formatted sql\n--changeset store:1\nselect 1;\n--rollback empty\n",
            ),
        ]);
        let (changelog, problems) = Changelog::read(&files, "changelog/master.yaml");
        assert_eq!(problems, []);
        let ids: Vec<_> = changelog.changesets().iter().map(|changeset| changeset.id.to_string()).collect();
        assert_eq!(ids, ["changelog/sets/1.sql::1::store", "changelog/releases/one.yaml::t::store"]);
        assert_eq!(changelog.changesets()[1].tag(), Some("v1"));
        assert_eq!(changelog.changesets()[1].rollback, Rollback::Empty);
    }

    #[test]
    fn a_missing_file_and_a_circle_are_named() {
        let files = files(&[
            ("a.yaml", "databaseChangeLog:\n  - include: {file: b.yaml}\n  - include: {file: nope.sql}\n"),
            ("b.yaml", "databaseChangeLog:\n  - include: {file: a.yaml}\n"),
        ]);
        let (_, problems) = Changelog::read(&files, "a.yaml");
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "a.yaml: the file includes itself. Take the include out of the circle.",
                "nope.sql: the file does not exist. Add it, or correct the include that names it.",
            ]
        );
    }
}
