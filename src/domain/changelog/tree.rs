//! Changesets of YAML changelogs.

use super::checksum::{Checksum, Sums};
use super::node::Node;
use super::parameters::Parameters;
use super::{Change, Changeset, ChangesetId, Files, Filter, Place, Problem, Rollback, filter, sql};

/// Where a changeset stands.
#[expect(dead_code, reason = "what is not read yet")]
pub(super) struct Standing<'a> {
    pub(super) files: &'a Files,
    pub(super) file: &'a str,
    pub(super) stored_path: &'a str,
    pub(super) inherited: &'a Filter,
    pub(super) parameters: &'a Parameters<'a>,
}

/// Reads a changeset.
pub(super) fn changeset(node: &Node, at: &Standing<'_>) -> (Changeset, Vec<Problem>) {
    let text = |name: &str| node.text(name).unwrap_or_default();
    let id = ChangesetId { path: at.stored_path.to_owned(), id: text("id"), author: text("author") };
    let changes = node.children.iter().find(|child| child.name == "changes");
    let kinds: Vec<_> =
        changes.iter().flat_map(|changes| &changes.children).map(|change| change.name.clone()).collect();
    let tag = changes
        .filter(|changes| changes.children.len() == 1)
        .and_then(|changes| changes.children[0].text("tag").filter(|_| kinds == ["tagDatabase"]));
    let (change, sums) = match tag {
        Some(tag) => (
            Change::Tag(tag.clone()),
            Sums::of(|algorithm| {
                let sum = Checksum::of_text(algorithm, &format!("tagDatabase:[\n    tag=\"{tag}\"\n]"));
                Ok(Checksum::of_changes(algorithm, [sum.as_str()]))
            }),
        ),
        None if kinds.is_empty() => (
            Change::Modelled { kinds, text: String::new() },
            Sums::of(|algorithm| Ok(Checksum::of_changes(algorithm, []))),
        ),
        None => {
            let reason = format!("it uses {}", kinds.join(", "));
            (Change::Modelled { kinds, text: String::new() }, Sums::open(&reason))
        }
    };
    let place = Place { file: at.file.to_owned(), line: node.line };
    let mut changeset = Changeset::new(id, place, change, sums);
    changeset.comment = text("comment");
    changeset.runs_on_change = node.is_true("runOnChange");
    changeset.runs_always = node.is_true("runAlways");
    changeset.filter = at.inherited.clone();
    changeset.filter.dbms = filter::list(&text("dbms"));
    let rollback = node.children.iter().find(|child| child.name == "rollback");
    changeset.rollback = match rollback {
        Some(rollback) if rollback.value.is_some() => sql::parse_rollback(&text("rollback"), at.stored_path),
        Some(_) => Rollback::Empty,
        None if changeset.tag().is_some() => Rollback::Automatic,
        None => Rollback::Missing,
    };
    (changeset, Vec::new())
}

/// What a changelog asks for before anything runs.
pub(super) fn preconditions(node: &Node) -> Vec<String> {
    node.children.iter().map(|child| child.name.clone()).collect()
}
