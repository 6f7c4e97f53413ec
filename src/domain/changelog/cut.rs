//! The part of a changelog that belongs to one release: everything up to that release's own include.

use std::fmt::Write as _;

use super::parameters::Surroundings;
use super::{Files, Problem, ROOT, document, reader};
use crate::domain::release::Version;

/// The template that goes into every archive beside the changelog, where there is one.
const PROPERTIES: &str = "changelog/liquibase.properties";

/// The releases that the root file of `files` includes, in its order.
pub fn releases(files: &Files) -> Vec<Version> {
    includes(files).map(|(includes, _)| includes).unwrap_or_default().iter().filter_map(version).collect()
}

/// The files that the release `version` is made of: the root cut behind the include that is named after the
/// version, what it still leads to, and what its releases declare beside their includes. A root whose includes are not named after versions belongs to a project
/// with one version a commit, and is taken as it stands.
pub fn cut(files: &Files, wanted: &Version) -> Result<Files, Vec<Problem>> {
    let (includes, mut problems) = includes(files)?;
    let is_cut_by_version = includes.iter().any(|include| version(include).is_some());
    let mut kept = Files::new();
    if is_cut_by_version {
        let Some(end) = includes.iter().position(|include| version(include).as_ref() == Some(wanted)) else {
            let known: Vec<_> = includes.iter().filter_map(version).map(|it| it.to_string()).collect();
            problems.push(problem(
                format!("no release {wanted} is included"),
                format!("It includes {}.", known.join(", ")),
            ));
            return Err(problems);
        };
        kept.insert(ROOT.to_owned(), root(&includes[..=end]).into_bytes());
    } else if let Some(text) = files.get(ROOT) {
        kept.insert(ROOT.to_owned(), text.clone());
    }
    let mut whole = files.clone();
    whole.extend(kept.clone());
    let reader::Reading { problems: found, paths, .. } =
        reader::read(&whole, ROOT, &Surroundings::default(), None);
    problems.extend(found);
    if problems.iter().any(|problem| problem.is_error) {
        return Err(problems);
    }
    let declarations = paths.iter().filter_map(|path| Some(format!("{}.toml", path.strip_suffix(".yaml")?)));
    for path in declarations.chain(paths.iter().cloned()).chain([PROPERTIES.to_owned()]) {
        if let Some(bytes) = whole.get(&path) {
            kept.insert(path, bytes.clone());
        }
    }
    Ok(kept)
}

struct Include {
    file: String,
    is_relative: bool,
}

fn includes(files: &Files) -> Result<(Vec<Include>, Vec<Problem>), Vec<Problem>> {
    let text = files.get(ROOT).map(|bytes| String::from_utf8_lossy(bytes));
    let text =
        text.ok_or_else(|| vec![problem("the file does not exist".to_owned(), "Add it.".to_owned())])?;
    let (root, problems) = document::read(ROOT, &text);
    let entries = root.iter().flat_map(|root| &root.children).filter(|node| node.name == "include");
    let includes = entries.filter_map(|node| {
        let is_relative = node.is_true("relativeToChangelogFile");
        node.text("file").map(|file| Include { file, is_relative })
    });
    Ok((includes.collect(), problems))
}

/// The version that an include is named after: that of `releases/v1.2.0.yaml` is v1.2.0.
fn version(include: &Include) -> Option<Version> {
    let name = include.file.rsplit('/').next()?;
    Version::parse(name.rsplit_once('.')?.0).ok()
}

fn root(includes: &[Include]) -> String {
    let mut text = String::from("databaseChangeLog:\n");
    for Include { file, is_relative } in includes {
        // A JSON string is a YAML string too. Writing to a `String` cannot fail.
        let file = serde_json::Value::from(file.as_str());
        writeln!(text, "  - include:\n      file: {file}\n      relativeToChangelogFile: {is_relative}").ok();
    }
    text
}

fn problem(text: String, mend: String) -> Problem {
    Problem::error(ROOT, None, text, mend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::changelog::Changelog;

    fn files() -> Files {
        let sql =
            |number: &str| format!("--liquibase formatted sql\n--changeset a:{number}\nselect {number};\n");
        let include = |file: &str| {
            format!("databaseChangeLog:\n  - include: {{file: ../{file}, relativeToChangelogFile: true}}\n")
        };
        let root = "databaseChangeLog:\n  - include: {file: releases/v1.0.0.yaml, relativeToChangelogFile: true}\n  - include: {file: releases/v2.0.0.yaml, relativeToChangelogFile: true}\n";
        [
            (ROOT, root.to_owned()),
            ("changelog/releases/v1.0.0.yaml", include("1.sql")),
            ("changelog/releases/v2.0.0.yaml", include("2.sql")),
            ("changelog/1.sql", sql("1")),
            ("changelog/2.sql", sql("2")),
            (PROPERTIES, "changeLogFile=x\n".to_owned()),
            ("changelog/notes.txt", "not part of it".to_owned()),
        ]
        .map(|(path, text)| (path.to_owned(), text.into_bytes()))
        .into()
    }

    #[test]
    fn a_release_holds_what_its_root_leads_to_and_nothing_else() {
        let kept = cut(&files(), &Version::parse("v1.0.0").unwrap()).unwrap();
        let paths: Vec<_> = kept.keys().map(String::as_str).collect();
        assert_eq!(paths, ["changelog/1.sql", ROOT, PROPERTIES, "changelog/releases/v1.0.0.yaml"]);
        let (changelog, problems) = Changelog::read(&kept, ROOT, &Surroundings::default());
        assert_eq!((changelog.changesets().len(), problems), (1, vec![]));
        let whole = cut(&files(), &Version::parse("v2.0.0").unwrap()).unwrap();
        assert_eq!(Changelog::read(&whole, ROOT, &Surroundings::default()).0.changesets().len(), 2);
    }

    #[test]
    fn an_unknown_release_is_named_with_those_there_are() {
        let problems = cut(&files(), &Version::parse("v3.0.0").unwrap()).unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "changelog/changelog-master.yaml: no release v3.0.0 is included. It includes v1.0.0, v2.0.0."
        );
    }
}
