//! YAML changelogs: `include` and changesets of modelled changes.

use serde::Deserialize;
use serde_json::Value;

use super::{Change, Changeset, ChangesetId, Checksum, Problem, Rollback, sql};

/// One entry of a YAML changelog, in file order.
pub(super) enum Entry {
    /// Another file.
    Include {
        /// Its path as written.
        file: String,
        /// True when the path is meant from this file's folder.
        relative: bool,
    },
    /// A changeset written here.
    Changeset(Changeset),
}

/// Reads the text of the file at `path`.
pub(super) fn read(path: &str, text: &str) -> (Vec<Entry>, Vec<Problem>) {
    let root: Root = match serde_saphyr::from_str(text) {
        Ok(root) => root,
        Err(error) => {
            let line = error.location().map(|location| location.line()).and_then(|line| line.try_into().ok());
            let text = error.to_string();
            let text = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            return (Vec::new(), vec![problem(path, line, text, "Correct the YAML there.")]);
        }
    };
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for item in root.items {
        match item {
            Item::Include(include) => entries
                .push(Entry::Include { file: include.file, relative: include.relative_to_changelog_file }),
            Item::ChangeSet(written) => {
                let (changeset, found) = changeset(path, written);
                entries.push(Entry::Changeset(changeset));
                problems.extend(found);
            }
        }
    }
    (entries, problems)
}

#[derive(Deserialize)]
struct Root {
    #[serde(rename = "databaseChangeLog", default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Item {
    Include(Include),
    ChangeSet(Written),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Include {
    file: String,
    #[serde(default)]
    relative_to_changelog_file: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    id: Value,
    author: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    changes: Vec<serde_json::Map<String, Value>>,
    rollback: Option<Value>,
    #[serde(default)]
    run_on_change: bool,
    #[serde(default)]
    run_always: bool,
}

fn changeset(path: &str, written: Written) -> (Changeset, Vec<Problem>) {
    let id = match written.id {
        Value::String(id) => id,
        other => other.to_string(),
    };
    let mut problems = Vec::new();
    let kinds: Vec<&str> =
        written.changes.iter().flat_map(|change| change.keys().map(String::as_str)).collect();
    let tag = match written.changes.as_slice() {
        [change] if change.len() == 1 => {
            change.get("tagDatabase").and_then(|tag| tag.get("tag")).and_then(Value::as_str)
        }
        _ => None,
    };
    let (change, checksum) = match tag {
        Some(tag) => (Change::Tag(tag.to_owned()), Some(Checksum::of_tag(tag))),
        None if kinds.is_empty() => (Change::Other("empty".to_owned()), Some(Checksum::of_nothing())),
        None => {
            let mut warning = problem(
                path,
                None,
                format!("the checksum of changeset {id} is not computed: it uses {}", kinds.join(", ")),
                "Ask Liquibase with `liquibase validate` whether it was edited.",
            );
            warning.is_error = false;
            problems.push(warning);
            (Change::Other(kinds.join(", ")), None)
        }
    };
    let changeset = Changeset {
        id: ChangesetId { path: path.to_owned(), id, author: written.author },
        rollback: rollback(written.rollback.as_ref(), &change),
        change,
        comment: written.comment,
        checksum,
        runs_on_change: written.run_on_change,
        runs_always: written.run_always,
    };
    (changeset, problems)
}

fn rollback(written: Option<&Value>, change: &Change) -> Rollback {
    match written {
        Some(Value::String(text)) if !text.trim().is_empty() => sql::rollback(text),
        Some(Value::Array(changes)) if !changes.is_empty() => {
            Rollback::Sql("-- see the changelog".to_owned())
        }
        Some(_) => Rollback::Empty,
        // Liquibase undoes a tag by itself: the row goes, and the tag with it.
        None if matches!(change, Change::Tag(_)) => Rollback::Empty,
        None => Rollback::Missing,
    }
}

fn problem(path: &str, line: Option<usize>, text: String, mend: &str) -> Problem {
    Problem { file: path.to_owned(), line, text, mend: mend.to_owned(), is_error: true }
}
