//! The walk from a root file through everything it includes, in the order in which Liquibase runs it.

use std::collections::{BTreeSet, HashMap};

use super::node::Node;
use super::parameters::{Expanded, Parameters, Property, Surroundings};
use super::tree::{self, Standing};
use super::{Changeset, ChangesetId, Files, Filter, Problem, SharedFiles, Sums, document, filter, path, sql};
use crate::domain::yaml::Scalar;

/// How deep includes may lead to includes.
const DEEPEST: usize = 64;

/// What a walk found.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) changesets: Vec<Changeset>,
    /// What the changelogs ask for before anything runs, as text for people.
    pub(super) preconditions: Vec<String>,
    pub(super) problems: Vec<Problem>,
    /// Every file that counts, in the order it was come to.
    pub(super) paths: Vec<String>,
    /// What was looked for, there or not: files, and folders with `/` at their end.
    pub(super) wanted: BTreeSet<String>,
}

/// Reads the changelog that begins at `root`.
pub(super) fn read(
    files: &Files,
    root: &str,
    surroundings: &Surroundings,
    shared: Option<&SharedFiles>,
) -> Reading {
    let mut walk = Walk {
        files,
        shared,
        parameters: Parameters::new(surroundings),
        reading: Reading::default(),
        open: Vec::new(),
    };
    let ordered = walk.file(&path::normalise(root), &Filter::default());
    let mut reading = walk.reading;
    reading.changesets = ordered.into_iter().map(|(changeset, _)| changeset).collect();
    reading.paths.extend(reading.changesets.iter().flat_map(|changeset| changeset.files.iter().cloned()));
    reading.wanted.extend(reading.paths.iter().cloned());
    report_duplicates(&reading.changesets, &mut reading.problems);
    reading
}

/// Where a changeset asks to run (`runOrder`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum RunOrder {
    First,
    Written,
    Last,
}

/// The changesets of a file and of what it includes.
type Ordered = Vec<(Changeset, RunOrder)>;

struct Walk<'a> {
    files: &'a Files,
    shared: Option<&'a SharedFiles>,
    parameters: Parameters<'a>,
    reading: Reading,
    /// The files that lead to the one being read.
    open: Vec<String>,
}

impl Walk<'_> {
    /// Reads the file at `path`, to which `inherited` applies.
    fn file(&mut self, path: &str, inherited: &Filter) -> Ordered {
        self.reading.wanted.insert(path.to_owned());
        if self.open.iter().any(|open| open == path) || self.open.len() > DEEPEST {
            self.error(path, None, "the file includes itself", "Take the include out of the circle.");
            return Ordered::new();
        }
        let Some(bytes) = self.files.get(path) else {
            self.error(
                path,
                None,
                "the file does not exist",
                "Add it, or correct the include that names it.",
            );
            return Ordered::new();
        };
        let text = self.text(path, bytes);
        self.open.push(path.to_owned());
        self.reading.paths.push(path.to_owned());
        let ordered = match path::extension(path).as_deref() {
            Some("sql") => {
                let source = sql::Source { path, text: &text, inherited };
                let mut read = || sql::read(&source, &mut self.parameters);
                let (changesets, problems) = match self.shared {
                    Some(shared) => shared.sql(&source, read),
                    None => read(),
                };
                self.reading.problems.extend(problems);
                changesets.into_iter().map(|changeset| (changeset, RunOrder::Written)).collect()
            }
            Some("yaml" | "yml" | "json" | "xml") => {
                let (root, problems) = document::read(path, &text);
                self.reading.problems.extend(problems);
                let lines: Vec<_> = text.lines().collect();
                root.map_or_else(Ordered::new, |root| self.document(path, &lines, root, inherited))
            }
            _ => {
                let mend = "A changelog is a .yaml, .yml, .json, .xml or .sql file.";
                self.error(path, None, "Liquibase does not know this kind of file", mend);
                Ordered::new()
            }
        };
        self.open.pop();
        ordered
    }

    fn text(&mut self, path: &str, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, std::borrow::Cow::Owned(_)) {
            let mend = "Save it as UTF-8: Liquibase reads what is not as U+FFFD.";
            let problem = Problem::warning(path, None, "the file is not UTF-8", mend);
            // Its parsers of documents refuse what they cannot decode.
            let is_document =
                matches!(path::extension(path).as_deref(), Some("yaml" | "yml" | "json" | "xml"));
            self.reading.problems.push(Problem { is_error: is_document, ..problem });
        }
        text.strip_prefix('\u{feff}').map_or_else(|| text.to_string(), str::to_owned)
    }

    fn document(&mut self, path: &str, lines: &[&str], mut root: Node, inherited: &Filter) -> Ordered {
        let mut inherited = inherited.clone();
        let own = context(&root).filter(|context| !context.trim().is_empty());
        inherited.contexts.splice(0..0, own);
        let stored_path =
            root.text("logicalFilePath").map_or_else(|| path.to_owned(), |path| path::declared(&path));
        // In YAML and JSON the properties of a file count from its beginning, in XML from where they stand.
        if path::extension(path).as_deref() != Some("xml") {
            for node in root.children.iter().filter(|node| node.name == "property") {
                self.property(path, node.clone());
            }
        }
        let mut ordered = Ordered::new();
        for mut node in std::mem::take(&mut root.children) {
            if node.name == "property" {
                if path::extension(path).as_deref() == Some("xml") {
                    self.property(path, node);
                }
                continue;
            }
            let mut seen = Expanded::default();
            self.parameters.expand_node(path, &mut node, &mut seen);
            match node.name.as_str() {
                "changeSet" => {
                    let standing = Standing {
                        files: self.files,
                        file: path,
                        stored_path: &stored_path,
                        inherited: &inherited,
                        lines,
                        parameters: &self.parameters,
                    };
                    let (changeset, problems) = tree::changeset(&node, &standing);
                    let (changeset, order) = self.changeset(&node, &seen, changeset, problems);
                    add(&mut ordered, changeset, order);
                }
                "include" => add_all(&mut ordered, self.include(path, &node, &inherited)),
                "includeAll" => add_all(&mut ordered, self.include_all(path, &node, &inherited)),
                "preConditions" => self.reading.preconditions.extend(tree::preconditions(&node)),
                name => self.other(path, &node, name),
            }
        }
        ordered
    }

    /// Takes a changeset in that was read, with what the parameters in it make doubtful.
    fn changeset(
        &mut self,
        node: &Node,
        seen: &Expanded,
        mut changeset: Changeset,
        problems: Vec<Problem>,
    ) -> (Changeset, RunOrder) {
        self.reading.problems.extend(problems);
        if let Some(reason) = seen.unknown() {
            changeset.sums = Sums::open(&reason);
        }
        if let Some(name) = seen.variables.first() {
            let text = format!(
                "changeset {} uses the environment variable {name}: what it does differs from machine to machine",
                changeset.id
            );
            let mend = "Define a property of another name in the changelog.";
            let problem = Problem::warning(&changeset.place.file, Some(node.line), text, mend);
            self.reading.problems.push(problem.about(&changeset.id));
        }
        let order = match node.text("runOrder").as_deref() {
            Some("first") => RunOrder::First,
            Some("last") => RunOrder::Last,
            _ => RunOrder::Written,
        };
        (changeset, order)
    }

    fn property(&mut self, path: &str, mut node: Node) {
        let (line, file) = (node.line, node.text("file"));
        self.parameters.expand_node(path, &mut node, &mut Expanded::default());
        let bound = Property {
            is_global: node.text("global").is_none_or(|it| it.trim().eq_ignore_ascii_case("true")),
            context: context(&node),
            labels: node.text("labels").map(|labels| filter::list(&labels)).unwrap_or_default(),
            dbms: node.text("dbms").map(|dbms| filter::list(&dbms)).unwrap_or_default(),
            ..Property::new("", "")
        };
        match (node.text("name"), node.text("value"), file) {
            (Some(name), Some(value), _) => self.parameters.define(path, Property { name, value, ..bound }),
            (None, _, Some(file)) => self.property_file(path, &node, &file, &bound),
            _ => self.error(
                path,
                Some(line),
                "a property lacks its name or its value",
                "Give it `name` and `value`.",
            ),
        }
    }

    fn property_file(&mut self, path: &str, node: &Node, file: &str, bound: &Property) {
        let target = path::resolve(path, file, node.is_true("relativeToChangelogFile"));
        self.reading.wanted.insert(target.clone());
        match self.files.get(&target) {
            Some(bytes) => {
                let text = self.text(&target, bytes);
                self.reading.paths.push(target);
                for (name, value) in text.lines().filter_map(java_property) {
                    self.parameters.define(path, Property { name, value, ..bound.clone() });
                }
            }
            None if node.text("errorIfMissing").is_some_and(|it| it.eq_ignore_ascii_case("false")) => {}
            None => self.error(
                path,
                Some(node.line),
                &format!("the file of properties {target} does not exist"),
                "Add it, or correct its path.",
            ),
        }
    }

    fn include(&mut self, path: &str, node: &Node, inherited: &Filter) -> Ordered {
        let Some(file) = node.text("file") else {
            self.error(path, Some(node.line), "an include names no file", "Give it `file`.");
            return Ordered::new();
        };
        let target = path::resolve(path, &file, node.is_true("relativeToChangelogFile"));
        let filter = narrowed(inherited, node);
        self.reading.wanted.insert(target.clone());
        if self.files.contains_key(&target) {
            return self.file(&target, &filter);
        }
        if node.text("errorIfMissing").is_none_or(|it| !it.eq_ignore_ascii_case("false")) {
            self.error(
                path,
                Some(node.line),
                &format!("the included file {target} does not exist"),
                "Add it, or correct the include.",
            );
        }
        Ordered::new()
    }

    fn include_all(&mut self, path: &str, node: &Node, inherited: &Filter) -> Ordered {
        let Some(folder) = node.text("path") else {
            self.error(path, Some(node.line), "an includeAll names no path", "Give it `path`.");
            return Ordered::new();
        };
        for name in ["filter", "resourceFilter", "resourceComparator"] {
            if node.text(name).is_some() {
                let mend =
                    "Its Java class decides which files are read, and in which order: ask Liquibase itself.";
                self.error(path, Some(node.line), &format!("the includeAll has a `{name}`"), mend);
            }
        }
        let folder = path::resolve(path, &folder, node.is_true("relativeToChangelogFile"));
        self.reading.wanted.insert(format!("{folder}/"));
        let filter = narrowed(inherited, node);
        let mut ordered = Ordered::new();
        let mut is_empty = true;
        for file in matching(self.files, &folder, node) {
            is_empty = false;
            match path::extension(&file).as_deref() {
                Some("sql" | "yaml" | "yml" | "json" | "xml") => ordered.extend(self.file(&file, &filter)),
                _ => self.reading.problems.push(Problem::warning(
                    &file,
                    None,
                    "an includeAll comes to this file, and Liquibase passes over it",
                    "Move it elsewhere.",
                )),
            }
        }
        if is_empty && node.text("errorIfMissingOrEmpty").is_none_or(|it| !it.eq_ignore_ascii_case("false")) {
            self.error(
                path,
                Some(node.line),
                &format!("the includeAll of `{folder}` finds no file"),
                "Correct its path, or add a changelog there.",
            );
        }
        ordered
    }

    fn other(&mut self, path: &str, node: &Node, name: &str) {
        let is_known = matches!(
            name,
            "logicalFilePath"
                | "objectQuotingStrategy"
                | "context"
                | "contextFilter"
                | "changeLogId"
                | "schemaLocation"
        );
        if !is_known {
            let mend = "Correct its name; what it does is not taken into account.";
            let text = format!("`{name}` is not a part of a changelog that is known here");
            self.reading.problems.push(Problem::warning(path, Some(node.line), text, mend));
        }
    }

    fn error(&mut self, file: &str, line: Option<usize>, text: &str, mend: &str) {
        self.reading.problems.push(Problem::error(file, line, text, mend));
    }
}

/// Adds the changesets of an included file: their `runOrder` counts in the one that includes it too.
fn add_all(ordered: &mut Ordered, included: Ordered) {
    for (changeset, order) in included {
        add(ordered, changeset, order);
    }
}

/// Adds a changeset where its `runOrder` wants it among those that are there.
fn add(ordered: &mut Ordered, changeset: Changeset, order: RunOrder) {
    let position = match order {
        RunOrder::First => ordered.iter().position(|(_, order)| *order != RunOrder::First),
        RunOrder::Written => ordered
            .iter()
            .rposition(|(_, order)| *order != RunOrder::Last)
            .map(|before| before + 1)
            .or(Some(0)),
        RunOrder::Last => None,
    };
    ordered.insert(position.unwrap_or(ordered.len()), (changeset, order));
}

/// The files that an `includeAll` comes to, in the order of Java's strings.
fn matching(files: &Files, folder: &str, node: &Node) -> Vec<String> {
    let number = |name: &str| node.text(name).and_then(|text| text.trim().parse::<usize>().ok());
    let (least, most) = (number("minDepth").unwrap_or(0), number("maxDepth").unwrap_or(usize::MAX));
    let suffix = node.text("endsWithFilter").unwrap_or_default();
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut found: Vec<String> = files
        .range(prefix.clone()..)
        .map(|(path, _)| path)
        .take_while(|path| path.starts_with(&prefix))
        .filter(|path| {
            // A file in the folder itself has depth 1.
            let depth = path[prefix.len()..].matches('/').count() + 1;
            (least..=most).contains(&depth) && path.to_lowercase().ends_with(&suffix.to_lowercase())
        })
        .cloned()
        .collect();
    found.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
    found
}

/// What applies to everything that an include leads to: what it says itself, then what those above it say.
fn narrowed(inherited: &Filter, node: &Node) -> Filter {
    let mut filter = inherited.clone();
    filter.contexts.splice(0..0, context(node).filter(|context| !context.trim().is_empty()));
    filter.labels.splice(0..0, filter::list(&node.text("labels").unwrap_or_default()));
    filter.is_ignored |= node.is_true("ignore");
    filter
}

fn context(node: &Node) -> Option<String> {
    node.text("contextFilter").or_else(|| node.text("context"))
}

/// A line of a Java properties file.
fn java_property(line: &str) -> Option<(String, String)> {
    let line = line.trim_start();
    if line.starts_with(['#', '!']) {
        return None;
    }
    let (name, value) = line.split_once(['=', ':'])?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

fn report_duplicates(changesets: &[Changeset], problems: &mut Vec<Problem>) {
    let mut seen: HashMap<ChangesetId, &Changeset> = HashMap::with_capacity(changesets.len());
    for changeset in changesets {
        // One for another database is not there at all.
        if !filter::is_for(&changeset.filter.dbms, filter::DATABASE) {
            continue;
        }
        if let Some(first) = seen.insert(changeset.id.key(), changeset) {
            let place = &changeset.place;
            problems.push(
                Problem::error(
                    &place.file,
                    Some(place.line),
                    format!(
                        "changeset {} stands there already, in {}:{}",
                        changeset.id, first.place.file, first.place.line
                    ),
                    "Give one of them another id.",
                )
                .about(&changeset.id),
            );
        }
    }
}

impl Node {
    /// The text of the child called `name`; numbers and truth values as Java prints them.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.children.iter().find(|child| child.name == name)?.value.as_ref().map(Scalar::text)
    }

    /// True when the child called `name` says so.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::changelog::{Changelog, Rollback};

    fn files(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn ids(entries: &[(&str, &str)], root: &str) -> (Vec<String>, Vec<String>) {
        let (changelog, problems) = Changelog::read(&files(entries), root, &Surroundings::default());
        (
            changelog.changesets().iter().map(|changeset| changeset.id.to_string()).collect(),
            problems.iter().map(ToString::to_string).collect(),
        )
    }

    const SQL: &str = "--liquibase formatted sql\n--changeset a:1\nselect 1;\n";

    #[test]
    fn changesets_come_in_the_order_of_the_includes_with_paths_from_the_search_root() {
        let entries = [
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
        ];
        let (changelog, problems) =
            Changelog::read(&files(&entries), "changelog/master.yaml", &Surroundings::default());
        assert_eq!(problems, []);
        let ids: Vec<_> = changelog.changesets().iter().map(|changeset| changeset.id.to_string()).collect();
        assert_eq!(ids, ["changelog/sets/1.sql::1::store", "changelog/releases/one.yaml::t::store"]);
        assert_eq!(changelog.changesets()[1].tag(), Some("v1"));
        assert_eq!(changelog.changesets()[1].rollback, Rollback::Empty);
        assert_eq!(changelog.position(&changelog.changesets()[1].id), Some(1));
    }

    #[test]
    fn a_missing_file_and_a_circle_are_named() {
        let (_, problems) = ids(
            &[
                (
                    "a.yaml",
                    "databaseChangeLog:\n  - include: {file: b.yaml}\n  - include: {file: nope.sql}\n",
                ),
                (
                    "b.yaml",
                    "databaseChangeLog:\n  - include: {file: a.yaml}\n  - include: {file: no.sql, errorIfMissing: false}\n",
                ),
            ],
            "a.yaml",
        );
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("a.yaml: the file includes itself."), "{problems:?}");
        assert!(problems[1].contains("the included file nope.sql does not exist"), "{problems:?}");
    }

    #[test]
    fn an_include_all_reads_the_files_of_a_folder_in_the_order_of_java() {
        let (found, problems) = ids(
            &[
                ("root.yaml", "databaseChangeLog:\n  - includeAll: {path: all/}\n"),
                ("all/a.sql", SQL),
                ("all/B.sql", SQL),
                ("all/10.sql", SQL),
                ("all/2.sql", SQL),
                ("all/deep/1.sql", SQL),
                ("all/_x.sql", SQL),
                ("all/notes.txt", "hello"),
                ("allother/1.sql", SQL),
            ],
            "root.yaml",
        );
        let paths: Vec<_> = found.iter().map(|id| id.trim_end_matches("::1::a")).collect();
        assert_eq!(
            paths,
            ["all/10.sql", "all/2.sql", "all/B.sql", "all/_x.sql", "all/a.sql", "all/deep/1.sql"]
        );
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("all/notes.txt: an includeAll comes to this file"), "{problems:?}");
    }

    #[test]
    fn an_include_all_goes_as_deep_and_takes_the_endings_it_says() {
        let root = "databaseChangeLog:\n  - includeAll: {path: all, maxDepth: 1, endsWithFilter: .SQL}\n  - includeAll: {path: all, minDepth: 2}\n  - includeAll: {path: none, errorIfMissingOrEmpty: false}\n  - includeAll: {path: none}\n";
        let entries = [
            ("root.yaml", root),
            ("all/1.sql", SQL),
            ("all/2.yaml", "databaseChangeLog: []\n"),
            ("all/b/3.sql", SQL),
        ];
        let (found, problems) = ids(&entries, "root.yaml");
        assert_eq!(found, ["all/1.sql::1::a", "all/b/3.sql::1::a"]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("finds no file"), "{problems:?}");
    }

    #[test]
    fn what_an_include_says_applies_to_all_it_leads_to() {
        let entries = [
            (
                "root.yaml",
                "databaseChangeLog:\n  - include: {file: a.yaml, context: prod, labels: 'V1, blue'}\n",
            ),
            ("a.yaml", "databaseChangeLog:\n  - include: {file: 1.sql, contextFilter: eu, ignore: true}\n"),
            (
                "1.sql",
                "--liquibase formatted sql\n--changeset a:1 context:\"x or y\" labels:red\nselect 1;\n",
            ),
        ];
        let (changelog, problems) = Changelog::read(&files(&entries), "root.yaml", &Surroundings::default());
        assert_eq!(problems, []);
        let filter = &changelog.changesets()[0].filter;
        assert_eq!(filter.contexts, ["eu", "prod", "x or y"]);
        assert_eq!(filter.labels, ["v1", "blue", "red"]);
        assert!(filter.is_ignored);
    }

    #[test]
    fn the_same_changeset_twice_is_an_error_but_not_when_one_is_for_another_database() {
        let twice = "--liquibase formatted sql\n--changeset a:1\nselect 1;\n--changeset a:1\nselect 2;\n\
                     --changeset a:2 dbms:oracle\nselect 1;\n--changeset a:2\nselect 2;\n";
        let (_, problems) = ids(&[("x.sql", twice)], "x.sql");
        assert_eq!(
            problems,
            ["x.sql:4: changeset x.sql::1::a stands there already, in x.sql:2. Give one of them another id."]
        );
    }

    #[test]
    fn properties_count_from_the_beginning_of_a_yaml_file_and_for_what_it_includes() {
        let entries = [
            (
                "root.yaml",
                "databaseChangeLog:\n  - include: {file: '${name}.sql'}\n  - property: {name: name, value: one}\n  - property: {name: who, value: ann}\n",
            ),
            ("one.sql", "--liquibase formatted sql\n--changeset ${who}:1\nselect '${who}';\n"),
        ];
        let (found, problems) = ids(&entries, "root.yaml");
        assert_eq!((found, problems), (vec!["one.sql::1::ann".to_owned()], vec![]));
    }

    #[test]
    fn a_file_of_an_unknown_kind_is_an_error() {
        let (_, problems) = ids(&[("a.toml", "")], "a.toml");
        assert!(problems[0].starts_with("a.toml: Liquibase does not know this kind of file"), "{problems:?}");
    }

    /// The rows that the real Liquibase 4.29 stored for such files.
    #[test]
    fn of_includes_in_includes_the_innermost_comes_first_and_the_changeset_last() {
        let own = "context: own, labels: lown, sql: x";
        let entries = [
            (
                "root.yaml",
                "databaseChangeLog:\n  - contextFilter: top\n  - include: {file: mid.yaml, context: a, labels: la}\n",
            ),
            (
                "mid.yaml",
                "databaseChangeLog:\n  - contextFilter: mid\n  - include: {file: low.yaml, context: b, labels: lb}\n",
            ),
            ("low.yaml", &format!("databaseChangeLog:\n  - changeSet: {{id: 1, author: a, {own}}}\n")),
        ];
        let (changelog, _) = Changelog::read(&files(&entries), "root.yaml", &Surroundings::default());
        let filter = &changelog.changesets()[0].filter;
        assert_eq!(filter.contexts, ["b", "mid", "a", "top", "own"]);
        assert_eq!(filter.labels, ["lb", "la", "lown"]);
    }

    #[test]
    fn the_order_that_a_changeset_asks_for_counts_across_includes() {
        let set = |id: &str, order: &str| format!("  - changeSet: {{id: {id}, author: a{order}, sql: x}}\n");
        let low = [
            "databaseChangeLog:\n",
            &set("2", ""),
            &set("3", ", runOrder: last"),
            &set("4", ", runOrder: first"),
        ];
        let root = ["databaseChangeLog:\n", &set("1", ""), "  - include: {file: low.yaml}\n", &set("5", "")];
        let entries = [("root.yaml", root.concat()), ("low.yaml", low.concat())];
        let entries = entries.each_ref().map(|(path, text)| (*path, text.as_str()));
        let (ids, _) = ids(&entries, "root.yaml");
        let ids: Vec<_> = ids.iter().map(|id| id.split("::").nth(1).unwrap()).collect();
        assert_eq!(ids, ["4", "1", "2", "5", "3"]);
    }
}
