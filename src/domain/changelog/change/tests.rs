//! Checksums against those of the real Liquibase 4.29; `tests/golden/README.md` says how it was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{Kind, Problem, object, visitor};
use crate::domain::changelog::checksum::{Algorithm, Checksum};
use crate::domain::changelog::node::Node;
use crate::domain::changelog::parameters::{Expanded, Parameters, Property};
use crate::domain::changelog::tree::Standing;
use crate::domain::changelog::{Changelog, Changeset, Files, Filter, Surroundings, document};

fn golden() -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files = Files::new();
    for folder in ["changes", "tree"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            files.insert(name, fs::read(path).unwrap());
        }
    }
    files
}

/// The changesets of these files, by path and id; none of the files may have an error.
fn changesets(files: &Files, roots: &[&str]) -> BTreeMap<(String, String), Changeset> {
    let mut found = BTreeMap::new();
    for root in roots {
        let (changelog, problems) = Changelog::read(files, root, &Surroundings::default());
        let errors: Vec<_> =
            problems.iter().filter(|problem| problem.is_error).map(ToString::to_string).collect();
        assert_eq!(errors, Vec::<String>::new());
        for changeset in changelog.changesets() {
            found.insert((changeset.id.path.clone(), changeset.id.id.clone()), changeset.clone());
        }
    }
    found
}

#[test]
fn sums_equal_those_that_liquibase_stored() {
    let files = golden();
    let found = changesets(&files, &["changes/changes.yaml", "changes/changes.xml", "changes/changes.json"]);
    let expected = include_str!("../../../../tests/golden/expected-changes.tsv");
    for row in expected.lines().map(|row| row.split('\t').collect::<Vec<_>>()) {
        let changeset = &found[&(row[0].to_owned(), row[1].to_owned())];
        assert_eq!(changeset.id.author, row[2]);
        assert_eq!(changeset.checksum().map(Checksum::as_str), Some(row[3]), "{}", changeset.id);
        assert_eq!(changeset.comment, row[6], "{}", changeset.id);
        assert_eq!(changeset.tag().unwrap_or_default(), row[7], "{}", changeset.id);
        assert_eq!(changeset.filter.contexts.join(","), row[8], "{}", changeset.id);
        assert_eq!(changeset.filter.labels.join(","), row[9], "{}", changeset.id);
    }
    assert_eq!(expected.lines().count(), 22);
}

#[test]
fn every_change_type_and_every_shape_has_the_sums_that_liquibase_has_for_it() {
    let files = golden();
    let roots =
        ["tree/types.yaml", "tree/types.json", "tree/types.xml", "tree/scalars.yaml", "tree/shapes.yaml"];
    let found = changesets(&files, &roots);
    let expected = include_str!("../../../../tests/golden/tree/expected.tsv");
    for row in expected.lines().map(|row| row.split('\t').collect::<Vec<_>>()) {
        let changeset = &found[&(row[0].to_owned(), row[1].to_owned())];
        assert_eq!(changeset.id.author, row[2]);
        for (algorithm, expected) in [(Algorithm::V8, row[3]), (Algorithm::V9, row[4])] {
            let sum = changeset.sums.get(algorithm).as_ref().map(Checksum::as_str);
            assert_eq!(sum.map_err(String::as_str), Ok(expected), "{}", changeset.id);
        }
    }
    assert_eq!(expected.lines().count(), 412);
}

/// Every text that is hashed for the changes and modifications of a file, before it is.
fn hashed(files: &Files, path: &str) -> BTreeSet<String> {
    let (root, _) = document::read(path, std::str::from_utf8(&files[path]).unwrap());
    let surroundings = Surroundings::default();
    let mut parameters = Parameters::new(&surroundings);
    parameters.define(path, Property::new("ptbl", "c_tab"));
    let inherited = Filter::default();
    let at = Standing {
        files,
        file: path,
        stored_path: path,
        inherited: &inherited,
        lines: &[],
        parameters: &parameters,
    };
    let mut texts = BTreeSet::new();
    let mut root = root.unwrap();
    parameters.expand_node(path, &mut root, &mut Expanded::default());
    collect(&root, &at, &mut texts);
    texts
}

fn collect(node: &Node, at: &Standing<'_>, texts: &mut BTreeSet<String>) {
    if let Some(kind) = Kind::called(&node.name) {
        let mut problems: Vec<Problem> = Vec::new();
        if let Ok((object, _)) = object(kind, node, at, &mut problems) {
            texts.insert(
                object.without(&["selectQuery", "path", "relativeToChangelogFile"]).printed(kind.name),
            );
            texts.insert(object.without(&["procedureText"]).printed(kind.name));
            texts.insert(object.printed(kind.name));
        }
    }
    if node.name == "modifySql" {
        texts.extend(visitor::printed(node));
    }
    for child in &node.children {
        collect(child, at, texts);
    }
}

#[test]
fn the_text_that_is_hashed_is_the_one_that_liquibase_hashes() {
    let files = golden();
    let texts: BTreeSet<_> = ["changes/changes.yaml", "changes/changes.xml", "changes/changes.json"]
        .iter()
        .flat_map(|path| hashed(&files, path))
        .collect();
    let canonical = include_str!("../../../../tests/golden/canonical-strings-changes.txt");
    let mut compared = 0;
    // Every entry begins with the sum of its text.
    let entries = canonical.split('\n').fold(Vec::<String>::new(), |mut entries, line| {
        match line.split_once(" <= ") {
            Some((sum, text)) if sum.len() == 32 => entries.push(text.to_owned()),
            _ => {
                if let Some(last) = entries.last_mut() {
                    last.push('\n');
                    last.push_str(line);
                }
            }
        }
        entries
    });
    for entry in entries {
        let entry = entry.trim_end();
        let (name, _) = entry.split_once(':').unwrap_or_default();
        let is_object = name.bytes().all(|byte| byte.is_ascii_alphabetic()) && entry.ends_with(']');
        if !is_object || entry.contains("[truncated in log]") {
            continue;
        }
        assert!(texts.contains(entry), "nothing is hashed as\n{entry}");
        compared += 1;
    }
    assert_eq!(compared, 33);
}
