//! SQL files: formatted ones, read line by line with the expressions that Liquibase itself uses for its directives
//! (reference: Liquibase 4.29 and 5.0, which agree), and plain ones, which are one changeset each.

mod attributes;
mod directive;
pub(super) mod lint;

use std::sync::Arc;

use super::checksum::{Checksum, Splitting};
use super::parameters::{Expanded, Parameters};
use super::script::Written;
use super::{
    Change, Changeset, ChangesetId, Filter, Object, Part, Place, Problem, Rollback, Script, Sums, filter,
    path,
};
use attributes::Attributes;
use directive::Directive;

/// What a file is read with.
pub(super) struct Source<'a> {
    /// Its path from the search root.
    pub(super) path: &'a str,
    /// Its text, without a byte order mark.
    pub(super) text: &'a str,
    /// What the includes that led to it say.
    pub(super) inherited: &'a Filter,
}

/// Reads a file. Properties that it defines are added to `parameters`.
pub(super) fn read(source: &Source<'_>, parameters: &mut Parameters<'_>) -> (Vec<Changeset>, Vec<Problem>) {
    if !is_formatted(source.text) {
        return plain(source);
    }
    let mut reader = Reader {
        source,
        parameters,
        stored_path: source.path.to_owned(),
        changesets: Vec::new(),
        problems: Vec::new(),
        open: None,
        previous: None,
    };
    let mut lines = lines(source.text).enumerate().map(|(index, line)| (index + 1, line));
    while let Some((number, line)) = lines.next() {
        match directive::of(line) {
            Some(Directive::IgnoreLines(0)) => {}
            Some(Directive::IgnoreLines(count)) => drop(lines.nth(count - 1)),
            Some(Directive::IgnoreStart) => {
                lines.find(|(_, line)| matches!(directive::of(line), Some(Directive::IgnoreEnd)));
            }
            Some(Directive::RollbackBlock) if reader.open.is_some() => {
                let is_closed = reader.rollback_block(&mut lines);
                if !is_closed {
                    reader.error(
                        number,
                        "the rollback comment is not closed",
                        "Close it with a line that ends in `*/`.",
                    );
                }
            }
            directive => reader.line(number, line, directive),
        }
    }
    reader.finish()
}

struct Reader<'a, 'p> {
    source: &'a Source<'a>,
    parameters: &'a mut Parameters<'p>,
    stored_path: String,
    changesets: Vec<Changeset>,
    problems: Vec<Problem>,
    open: Option<Open>,
    /// The SQL of the last changeset that had any, with its place in `changesets`.
    previous: Option<(String, Sums, Arc<[Part]>)>,
}

/// A changeset whose end has not come yet.
struct Open {
    line: usize,
    attributes: Attributes,
    sql: String,
    /// The line of the file that each line of the SQL comes from.
    lines: Vec<usize>,
    rollback: String,
    comment: String,
    preconditions: Vec<String>,
    valid_sums: Vec<String>,
    problems: Vec<Problem>,
}

impl Reader<'_, '_> {
    fn line(&mut self, number: usize, line: &str, directive: Option<Directive<'_>>) {
        match (directive, &mut self.open) {
            (Some(Directive::Header(logical_path)), _) => {
                if let Some(path) = logical_path {
                    self.stored_path = path::normalise(path);
                }
            }
            (Some(Directive::Property(property)), _) => self.parameters.define(self.source.path, property),
            (Some(Directive::Changeset(attributes)), _) => {
                self.close(false);
                self.begin(number, attributes);
            }
            (Some(Directive::Unreadable(mend)), open)
                if open.is_some() || directive::stands_anywhere(line) =>
            {
                self.error(
                    number,
                    &format!("`{}` is not a directive that Liquibase knows", line.trim()),
                    mend,
                );
            }
            (Some(Directive::Comment(_)), None) => self.error(
                number,
                "a comment line stands before the first changeset",
                "Move it behind a `--changeset` line.",
            ),
            // What stands before the first changeset is left out silently, as Liquibase does.
            (_, None) => {}
            (Some(Directive::Comment(text)), Some(open)) => text.trim().clone_into(&mut open.comment),
            (Some(Directive::ValidChecksum(sum)), Some(open)) => open.valid_sums.push(sum.to_owned()),
            (Some(Directive::Rollback(text)), Some(open)) => {
                open.rollback.push_str(text);
                open.rollback.push('\n');
            }
            (Some(Directive::Preconditions(text)), Some(open)) => {
                if !text.trim().is_empty() {
                    open.preconditions.push(text.trim().to_owned());
                }
            }
            (Some(Directive::Precondition(kind, text)), Some(open)) => {
                open.preconditions.push(format!("{kind} {}", text.trim()));
                if let Err((text, mend)) = directive::check_precondition(kind, text) {
                    self.error(number, &text, mend);
                }
            }
            (_, Some(open)) => {
                open.sql.push_str(line);
                open.sql.push('\n');
                open.lines.push(number);
            }
        }
    }

    /// Reads the lines of a rollback comment; false when it has no end. Liquibase joins them with nothing between.
    fn rollback_block<'l>(&mut self, lines: &mut impl Iterator<Item = (usize, &'l str)>) -> bool {
        let path = self.source.path;
        let Some(open) = &mut self.open else { return true };
        let mut before = String::new();
        for (number, line) in lines {
            let end = directive::end_of_rollback_block(line);
            let text = end.unwrap_or(line).trim();
            if lint::glues(&before, text) {
                open.problems.push(Problem::warning(
                    path,
                    Some(number),
                    format!("Liquibase joins the lines of a rollback comment: `{before}{text}`"),
                    "Put the statement on one line, or use `--rollback` lines.",
                ));
            }
            text.clone_into(&mut before);
            open.rollback.push_str(text);
            if end.is_some() {
                open.rollback.push('\n');
                return true;
            }
        }
        false
    }

    fn begin(&mut self, number: usize, attributes: Result<Attributes, &'static str>) {
        match attributes {
            Ok(mut attributes) => {
                for text in [&mut attributes.author, &mut attributes.id] {
                    *text = self.parameters.expand(self.source.path, text).text;
                }
                self.open = Some(Open {
                    line: number,
                    attributes,
                    sql: String::new(),
                    lines: Vec::new(),
                    rollback: String::new(),
                    comment: String::new(),
                    preconditions: Vec::new(),
                    valid_sums: Vec::new(),
                    problems: Vec::new(),
                });
            }
            Err(mend) => self.error(number, "this changeset line cannot be read", mend),
        }
    }

    fn close(&mut self, is_last: bool) {
        let Some(open) = self.open.take() else { return };
        let Open { line, attributes, .. } = &open;
        let path = self.source.path;
        let id = ChangesetId {
            path: attributes
                .logical_path
                .as_ref()
                .map_or_else(|| self.stored_path.clone(), |path| path::normalise(path)),
            id: attributes.id.clone(),
            author: attributes.author.clone(),
        };
        let expanded = self.parameters.expand(path, trim(&open.sql));
        let sql = trim(&expanded.text).to_owned();
        let splitting = splitting(attributes, &sql, is_last);
        let mut changeset = Changeset::new(
            id.clone(),
            Place { file: path.to_owned(), line: *line },
            Change::Sql(sql.clone()),
            sums(&expanded, &sql, &splitting),
        );
        changeset.parts = [open.part(path, &expanded, splitting)].into();
        if sql.is_empty() {
            self.problems.push(self.without_sql(&id, *line, is_last));
            if let (true, Some((sql, sums, parts))) = (is_last, &self.previous) {
                changeset.change = Change::Sql(sql.clone());
                changeset.sums = sums.clone();
                changeset.parts = parts.clone();
            }
        } else {
            self.previous = Some((sql, changeset.sums.clone(), changeset.parts.clone()));
        }
        let rollback = self.parameters.expand(path, trim(&open.rollback)).text;
        changeset.rollback = parse_rollback(&rollback, &id.path);
        changeset.comment.clone_from(&open.comment);
        changeset.runs_on_change = attributes.runs_on_change;
        changeset.runs_always = attributes.runs_always;
        changeset.runs_in_transaction = attributes.runs_in_transaction;
        changeset.preconditions.clone_from(&open.preconditions);
        changeset.valid_sums.clone_from(&open.valid_sums);
        changeset.filter = self.filter(attributes);
        let found = lint::changeset(&changeset, attributes, &rollback, &expanded);
        self.problems.extend(open.problems.into_iter().map(|problem| problem.about(&id)));
        self.problems.extend(found);
        self.changesets.push(changeset);
    }

    fn filter(&self, attributes: &Attributes) -> Filter {
        let inherited = self.source.inherited;
        let mut filter = inherited.clone();
        filter.contexts.extend(attributes.context.clone().filter(|context| !context.trim().is_empty()));
        filter.labels.extend(filter::list(attributes.labels.as_deref().unwrap_or_default()));
        filter.dbms = filter::list(attributes.dbms.as_deref().unwrap_or_default());
        filter.is_ignored |= attributes.is_ignored;
        filter
    }

    /// Liquibase refuses a changeset without SQL, but gives the last one of a file the SQL of the one before.
    fn without_sql(&self, id: &ChangesetId, line: usize, is_last: bool) -> Problem {
        let path = self.source.path;
        let problem = if is_last && self.previous.is_some() {
            Problem::warning(
                path,
                Some(line),
                format!(
                    "changeset {id} is the last one and has no SQL: Liquibase runs the SQL of the one before again"
                ),
                "Give it a statement, or take it out.",
            )
        } else {
            Problem::error(
                path,
                Some(line),
                format!("changeset {id} has no SQL"),
                "Give it a statement, or take it out.",
            )
        };
        problem.about(id)
    }

    fn finish(mut self) -> (Vec<Changeset>, Vec<Problem>) {
        self.close(true);
        (self.changesets, self.problems)
    }

    fn error(&mut self, line: usize, text: &str, mend: &str) {
        self.problems.push(Problem::error(self.source.path, Some(line), text, mend));
    }
}

impl Open {
    /// Its SQL as the one change it is made of.
    fn part(&self, file: &str, expanded: &Expanded, splitting: Splitting) -> Part {
        let source = trim(&self.sql);
        let lead = self.sql.len() - self.sql.trim_start_matches(|c| c <= ' ').len();
        let mut at = 0;
        let mut lines = Vec::new();
        for (line, number) in self.sql.split_inclusive('\n').zip(&self.lines) {
            if at + line.len() > lead && at < lead + source.len() {
                let cut = lead.saturating_sub(at);
                let column = line[..cut].chars().count() + 1;
                lines.push(Written { at: (at + cut) - lead, line: *number, column });
            }
            at += line.len();
        }
        Part {
            kind: "sql".to_owned(),
            place: Place { file: file.to_owned(), line: self.line },
            attributes: Object::default(),
            script: Some(Script::filled(file, source, &lines, expanded, splitting)),
            text: String::new(),
        }
    }
}

/// The sums of a changeset of SQL, unless they hang on values that are not known here.
fn sums(expanded: &Expanded, sql: &str, splitting: &Splitting) -> Sums {
    match expanded.unknown() {
        Some(reason) => Sums::open(&reason),
        None => Sums::of(|algorithm| {
            let sum = Checksum::of_sql(algorithm, sql, splitting);
            Ok(Checksum::of_changes(algorithm, [sum.as_str()]))
        }),
    }
}

fn splitting(attributes: &Attributes, sql: &str, is_last: bool) -> Splitting {
    // A lone slash at the end of the file is taken for the delimiter.
    let slash = || (is_last && sql.ends_with("\n/")).then(|| "\n/$".to_owned());
    Splitting {
        end_delimiter: attributes.end_delimiter.clone().or_else(slash),
        splits_statements: attributes.splits_statements,
        strips_comments: attributes.strips_comments,
    }
}

/// A file without the header is one changeset, whose parameters are not filled in.
fn plain(source: &Source<'_>) -> (Vec<Changeset>, Vec<Problem>) {
    let path = source.path;
    let id = ChangesetId { path: path.to_owned(), id: "raw".to_owned(), author: "includeAll".to_owned() };
    let splitting = Splitting { end_delimiter: None, splits_statements: false, strips_comments: false };
    let mut problems = Vec::new();
    if source.text.is_empty() {
        let mend = "Write a statement, or take the file out.";
        return (Vec::new(), vec![Problem::error(path, None, "the file is empty", mend)]);
    }
    problems.push(lint::plain(source).about(&id));
    let sql = trim(source.text);
    let sums = sums(&Expanded::default(), source.text, &splitting);
    let place = Place { file: path.to_owned(), line: 1 };
    let mut changeset = Changeset::new(id, place, Change::Sql(sql.to_owned()), sums);
    changeset.filter = source.inherited.clone();
    let as_written = Expanded { text: source.text.to_owned(), ..Expanded::default() };
    changeset.parts = [Part {
        kind: "sql".to_owned(),
        place: changeset.place.clone(),
        attributes: Object::default(),
        script: Some(Script::of_file(path, source.text, &as_written, splitting)),
        text: String::new(),
    }]
    .into();
    (vec![changeset], problems)
}

/// The rollback that a text means in the file whose FILENAME is `path`: `not required` and `empty` say that there is
/// nothing to undo, and a text that names a changeset means the changes of that one.
pub(super) fn parse_rollback(text: &str, path: &str) -> Rollback {
    let text = trim(text);
    let lower = text.to_lowercase();
    if text.is_empty() {
        Rollback::Missing
    } else if lower.starts_with("not required") || lower.starts_with("empty") {
        Rollback::Empty
    } else if let Some(id) = directive::rollback_changeset(text, path) {
        Rollback::Changeset(id)
    } else {
        Rollback::Sql(text.to_owned())
    }
}

fn is_formatted(text: &str) -> bool {
    let first = lines(text).find(|line| !trim(line).is_empty());
    first.is_some_and(|line| matches!(directive::of(line), Some(Directive::Header(_))))
}

/// Lines end with LF, CRLF or CR. An end of line at the end of the file begins no line.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Java's `trim`: everything up to U+0020 goes, other white space stays.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::changelog::{Changelog, Files, Surroundings};

    fn changelog(text: &str) -> (Changelog, Vec<String>) {
        let text = format!("--liquibase formatted sql\n{text}");
        let files = Files::from([("x.sql".to_owned(), text.into_bytes())]);
        let (changelog, problems) = Changelog::read(&files, "x.sql", &Surroundings::default());
        (changelog, problems.iter().map(ToString::to_string).collect())
    }

    fn problems(text: &str) -> Vec<String> {
        changelog(text).1
    }

    /// Every row that the real Liquibase 4.29 stored for the files of `tests/golden/sql`.
    #[test]
    fn what_liquibase_stored_is_what_is_read() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let mut files = Files::new();
        for entry in std::fs::read_dir(folder.join("sql")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.insert(format!("sql/{name}"), std::fs::read(&path).unwrap());
        }
        let master = std::fs::read(folder.join("master-sql.yaml")).unwrap();
        files.insert("master-sql.yaml".to_owned(), master);
        let (changelog, problems) = Changelog::read(&files, "master-sql.yaml", &Surroundings::default());
        assert!(problems.iter().all(|problem| !problem.is_error), "{problems:#?}");
        let mut compared = 0;
        for row in include_str!("../../../../tests/golden/expected-sql.tsv").lines() {
            let row: Vec<_> = row.split('\t').collect();
            let id =
                ChangesetId { path: row[0].to_owned(), id: row[1].to_owned(), author: row[2].to_owned() };
            let changeset = changelog.get(&id).unwrap_or_else(|| panic!("{id} is missing"));
            assert_eq!(changeset.checksum().map(Checksum::as_str), Some(row[3]), "{id}");
            assert_eq!(changeset.comment, row[6], "{id}");
            let contexts = changeset.filter.contexts.join(" AND ");
            assert_eq!(contexts, row[7].trim_matches(['(', ')']), "{id}");
            assert_eq!(changeset.filter.labels.join(","), row[8], "{id}");
            compared += 1;
        }
        assert_eq!(compared, 35);
        let left_out: Vec<_> = changelog
            .changesets()
            .iter()
            .filter(|changeset| !changeset.filter.exclusions(&filter::Selection::default()).is_empty())
            .map(|changeset| changeset.id.id.as_str())
            .collect();
        assert_eq!(left_out, ["8", "9", "i2"]);
        let ignored = changelog.changesets().iter().find(|changeset| changeset.id.id == "i2").unwrap();
        assert_eq!(ignored.checksum().unwrap().as_str(), "9:ea26fc3d47bd9b25a44c5528b975ecce");
    }

    #[test]
    fn rollbacks_are_told_apart() {
        let (changelog, problems) = changelog(
            "--changeset a:1\nselect 1;\n--rollback drop a;\n--rollback drop b;\n\
             --changeset a:2\nselect 2;\n--rollback not required\n--changeset a:3\nselect 3;\n\
             --changeset a:4\nselect 4;\n/* liquibase rollback\ndrop c;\n*/\n\
             --changeset a:5\nselect 5;\n--rollback changesetId:1 changesetAuthor:a\n",
        );
        let rollbacks: Vec<_> =
            changelog.changesets().iter().map(|changeset| changeset.rollback.clone()).collect();
        assert_eq!(problems, [""; 0]);
        assert_eq!(
            rollbacks,
            [
                Rollback::Sql("drop a;\ndrop b;".to_owned()),
                Rollback::Empty,
                Rollback::Missing,
                Rollback::Sql("drop c;".to_owned()),
                Rollback::Changeset("x.sql::1::a".to_owned()),
            ]
        );
    }

    #[test]
    fn an_empty_last_changeset_gets_the_sql_of_the_one_before_as_in_liquibase() {
        let (changelog, problems) = changelog("--changeset a:1\nselect 1;\n--changeset a:2\n");
        let sums: Vec<_> =
            changelog.changesets().iter().map(|changeset| changeset.checksum().cloned()).collect();
        assert_eq!(sums[0], sums[1]);
        assert!(problems[0].contains("Liquibase runs the SQL of the one before again"), "{problems:?}");
        assert_eq!(
            self::problems("--changeset a:1\n--changeset a:2\nselect 1;\n"),
            ["x.sql:2: changeset x.sql::1::a has no SQL. Give it a statement, or take it out."]
        );
    }

    #[test]
    fn the_last_mention_of_an_attribute_counts() {
        let (changelog, _) = changelog(
            "--changeset a:1 context:old contextFilter:new labels:\"A, b\" runOnChange:false runOnChange:TRUE\nselect 1;\n",
        );
        let changeset = &changelog.changesets()[0];
        assert!(changeset.runs_on_change && changeset.runs_in_transaction);
        assert_eq!(changeset.filter.contexts, ["new"]);
        assert_eq!(changeset.filter.labels, ["a", "b"]);
    }

    #[test]
    fn misspelt_directives_are_refused_with_their_line_as_liquibase_refuses_them() {
        for (line, mend) in [
            ("-changeset a:2", "Write `--changeset author:id`."),
            ("--changeset a", "Write `--changeset author:id`."),
            ("--comments x", "Write `--comment text`."),
            ("-rollback x", "Write `--rollback SQL`."),
            ("--ignore:2", "Write `--ignoreLines:start` and `--ignoreLines:end`, or a number."),
            ("-property x", "Write `--property name:x value:y`."),
            ("--include file:other.sql", "It needs a Liquibase licence: use a YAML or XML changelog for it."),
        ] {
            let found = problems(&format!("--changeset a:1\nselect 1;\n{line}\n"));
            let expected = format!("x.sql:4: `{line}` is not a directive that Liquibase knows. {mend}");
            assert_eq!(found, [expected], "{line}");
        }
        let space = problems("--changeset a: 1\nselect 1;\n");
        assert!(space[0].starts_with("x.sql:2: this changeset line cannot be read"), "{space:?}");
        let comment = problems("--comment x\n--changeset a:1\nselect 1;\n");
        assert!(comment[0].starts_with("x.sql:2: a comment line stands before"), "{comment:?}");
        let open = problems("--changeset a:1\nselect 1;\n/* liquibase rollback\nselect 2;\n");
        assert!(open[0].starts_with("x.sql:4: the rollback comment is not closed"), "{open:?}");
        let precondition = problems("--changeset a:1\n--precondition-foo-bar x\nselect 1;\n");
        assert!(precondition[0].contains("the precondition type foo-bar is not known"), "{precondition:?}");
    }

    #[test]
    fn traps_are_warnings() {
        for (text, part) in [
            ("--changeset a:1\nselect $$a ; b$$;\n", "between dollar quotes"),
            ("--changeset a:1 dbms:postgres\nselect 1;\n", "a database `postgres`"),
            ("--changeset a:1\nselect 1;\n/* liquibase rollback\ndrop table\nrb1;\n*/\n", "`drop tablerb1;`"),
            (
                "--changeset a:1\nselect 1;\n--rollback drop x;\n--rollback changesetId:0 changesetAuthor:a\n",
                "lost",
            ),
            ("--changeset a:1 runWith:psql\nselect 1;\n", "needs a Liquibase licence"),
        ] {
            let found = problems(text);
            assert!(found.len() == 1 && found[0].contains(part), "{text}: {found:?}");
        }
        assert_eq!(problems("--changeset a:1 splitStatements:false\nselect $$a ; b$$;\n"), [""; 0]);
    }

    #[test]
    fn a_plain_file_is_one_changeset_whose_parameters_stay() {
        let files = Files::from([("x.sql".to_owned(), b"select '${x}';\n--changeset a:1\n".to_vec())]);
        let (changelog, problems) = Changelog::read(&files, "x.sql", &Surroundings::default());
        assert_eq!(changelog.changesets()[0].id.to_string(), "x.sql::raw::includeAll");
        assert!(problems[0].text.starts_with("the file has changesets but does not begin"), "{problems:?}");
        let files = Files::from([("x.sql".to_owned(), Vec::new())]);
        let (changelog, problems) = Changelog::read(&files, "x.sql", &Surroundings::default());
        assert_eq!((changelog.changesets().len(), problems[0].text.as_str()), (0, "the file is empty"));
    }

    #[test]
    fn a_sum_that_only_the_running_liquibase_can_tell_is_left_open() {
        let (changelog, _) = changelog("--changeset a:1\nselect '${java.version}';\n");
        assert_eq!(
            changelog.changesets()[0].sums.v9,
            Err("only the running Liquibase knows ${java.version}".to_owned())
        );
    }
}
