//! Formatted SQL: line by line, with the expressions that Liquibase itself uses for its directives.

use std::sync::LazyLock;

use regex::Regex;

use super::{Change, Changeset, ChangesetId, Checksum, Problem, Rollback};

/// Reads the text of the file at `path`.
pub(super) fn read(path: &str, text: &str) -> (Vec<Changeset>, Vec<Problem>) {
    if !is_formatted(text) {
        return (vec![plain(path, text)], Vec::new());
    }
    let mut reader = Reader { path, changesets: Vec::new(), problems: Vec::new(), current: None };
    let mut skip = Skip::Nothing;
    for (index, line) in lines(text).enumerate() {
        match skip {
            Skip::Lines(0) => skip = Skip::Nothing,
            Skip::Lines(left) => {
                skip = Skip::Lines(left - 1);
                continue;
            }
            Skip::UntilEnd => {
                if IGNORE_LINES.captures(line).is_some_and(|found| found[1].eq_ignore_ascii_case("end")) {
                    skip = Skip::Nothing;
                }
                continue;
            }
            Skip::Nothing => {}
        }
        if let Some(found) = IGNORE_LINES.captures(line) {
            skip = match found[1].parse() {
                Ok(0) => Skip::Nothing,
                Ok(count) => Skip::Lines(count),
                Err(_) => Skip::UntilEnd,
            };
        } else {
            reader.line(index + 1, line);
        }
    }
    reader.finish()
}

enum Skip {
    Nothing,
    Lines(usize),
    UntilEnd,
}

fn pattern(text: &str) -> Regex {
    Regex::new(&format!("(?i)^(?:{text})$")).expect("the patterns of this file are valid")
}

macro_rules! patterns {
    ($($name:ident = $text:literal;)*) => { $(static $name: LazyLock<Regex> = LazyLock::new(|| pattern($text));)* };
}

patterns! {
    HEADER = r"\s*--\s*liquibase\s*formatted.*";
    PROPERTY = r"\s*--\s*property\s+(.*:.*)\s+(.*:.*).*";
    CHANGESET = r#"\s*--\s*changeset\s+("[^"]+"|[^:]+):("[^"]+"|\S+)(.*)"#;
    IGNORE_LINES = r"--\s*ignoreLines:(\w+)";
    COMMENT = r"--\s*comment:? (.*)";
    VALID_CHECKSUM = r"--\s*validCheckSum:? (.*)";
    ROLLBACK = r"\s*--\s*rollback (.*)";
    ROLLBACK_BEGIN = r"\s*/\*\s*liquibase\s*rollback\s*";
    ROLLBACK_END = r".*\*/\s*";
    PRECONDITION = r"\s*--\s*precondition(?:s|-[a-zA-Z0-9-]+)\b.*";
}

/// Attributes that decide whether, or under which name, a changeset runs, and that are not read yet.
const UNREAD: [&str; 6] = ["context:", "contextFilter:", "labels:", "dbms:", "ignore:", "logicalFilePath:"];

struct Reader<'a> {
    path: &'a str,
    changesets: Vec<Changeset>,
    problems: Vec<Problem>,
    current: Option<Open>,
}

/// A changeset whose end has not come yet.
struct Open {
    id: ChangesetId,
    sql: String,
    rollback: Vec<String>,
    rollback_block: Option<String>,
    comment: String,
    runs_on_change: bool,
    runs_always: bool,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &str) {
        if let Some(found) = CHANGESET.captures(line) {
            self.close();
            self.open(number, &found[1], &found[2], &found[3]);
            return;
        }
        if PROPERTY.is_match(line) {
            self.warn(number, "a property is not read yet", "Values with `${…}` are shown as written.");
            return;
        }
        let Some(open) = &mut self.current else { return };
        if let Some(block) = &mut open.rollback_block {
            if ROLLBACK_END.is_match(line) {
                block.push_str(line.trim_end().trim_end_matches("*/"));
                let block = open.rollback_block.take().unwrap_or_default();
                open.rollback.push(block);
            } else {
                // Liquibase joins the lines of a block with nothing between them.
                block.push_str(line);
            }
        } else if ROLLBACK_BEGIN.is_match(line) {
            open.rollback_block = Some(String::new());
        } else if let Some(found) = ROLLBACK.captures(line) {
            open.rollback.push(found[1].to_owned());
        } else if let Some(found) = COMMENT.captures(line) {
            found[1].trim().clone_into(&mut open.comment);
        } else if !VALID_CHECKSUM.is_match(line) && !PRECONDITION.is_match(line) {
            open.sql.push_str(line);
            open.sql.push('\n');
        }
    }

    fn open(&mut self, number: usize, author: &str, id: &str, attributes: &str) {
        for name in UNREAD.iter().filter(|name| attributes.contains(**name)) {
            self.warn(
                number,
                &format!("the attribute `{name}` is not read yet"),
                "Ask Liquibase itself whether this changeset runs.",
            );
        }
        let is_true = |name: &str| {
            let after = attributes.rsplit_once(name).map(|(_, after)| after);
            after.is_some_and(|after| after.to_ascii_lowercase().starts_with(":true"))
        };
        self.current = Some(Open {
            id: ChangesetId { path: self.path.to_owned(), id: unquoted(id), author: unquoted(author) },
            sql: String::new(),
            rollback: Vec::new(),
            rollback_block: None,
            comment: String::new(),
            runs_on_change: is_true("runOnChange"),
            runs_always: is_true("runAlways"),
        });
    }

    fn close(&mut self) {
        let Some(open) = self.current.take() else { return };
        let sql = trim(&open.sql);
        if sql.is_empty() {
            self.problems.push(Problem {
                file: self.path.to_owned(),
                line: None,
                text: format!("changeset {} has no SQL", open.id),
                mend: "Give it a statement, or take it out: Liquibase would run the one before it again."
                    .to_owned(),
                is_error: true,
            });
        }
        self.changesets.push(Changeset {
            id: open.id,
            rollback: rollback(&open.rollback.join("\n")),
            comment: open.comment,
            // What `${…}` stands for depends on where Liquibase runs; a guess would be worse than no sum.
            checksum: (!sql.contains("${")).then(|| Checksum::of_sql(sql)),
            change: Change::Sql(sql.to_owned()),
            runs_on_change: open.runs_on_change,
            runs_always: open.runs_always,
        });
    }

    fn finish(mut self) -> (Vec<Changeset>, Vec<Problem>) {
        self.close();
        (self.changesets, self.problems)
    }

    fn warn(&mut self, line: usize, text: &str, mend: &str) {
        self.problems.push(Problem {
            file: self.path.to_owned(),
            line: Some(line),
            text: text.to_owned(),
            mend: mend.to_owned(),
            is_error: false,
        });
    }
}

/// A file without the header is one changeset.
fn plain(path: &str, text: &str) -> Changeset {
    Changeset {
        id: ChangesetId { path: path.to_owned(), id: "raw".to_owned(), author: "includeAll".to_owned() },
        change: Change::Sql(trim(text).to_owned()),
        rollback: Rollback::Missing,
        comment: String::new(),
        checksum: Some(Checksum::of_sql(text)),
        runs_on_change: false,
        runs_always: false,
    }
}

/// The rollback that a text means: `not required` and `empty` say that there is nothing to undo.
pub(super) fn rollback(text: &str) -> Rollback {
    let trimmed = trim(text);
    let lower = trimmed.to_lowercase();
    if trimmed.is_empty() {
        Rollback::Missing
    } else if lower.starts_with("not required") || lower.starts_with("empty") {
        Rollback::Empty
    } else {
        Rollback::Sql(trimmed.to_owned())
    }
}

fn is_formatted(text: &str) -> bool {
    lines(text).find(|line| !trim(line).is_empty()).is_some_and(|line| HEADER.is_match(line))
}

/// Lines end with LF, CRLF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Java's `trim`: everything up to U+0020 goes, other white space stays.
fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums that the real Liquibase 4.29 stored for the files of `tests/golden/sql`.
    #[test]
    fn checksums_equal_those_that_liquibase_stored() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/");
        let expected = include_str!("../../../tests/golden/expected-sql.tsv");
        let mut compared = 0;
        for file in
            ["01-basic", "02-functions", "03-crlf", "05-ignore", "06-unicode", "07-bom-noeol", "09-plain"]
        {
            let path = format!("sql/{file}.sql");
            let text = std::fs::read_to_string(format!("{folder}{path}")).unwrap();
            let (changesets, _) = read(&path, text.strip_prefix('\u{feff}').unwrap_or(&text));
            for row in expected.lines().map(|row| row.split('\t').collect::<Vec<_>>()) {
                if row[0] != path {
                    continue;
                }
                let changeset = changesets.iter().find(|set| set.id.id == row[1] && set.id.author == row[2]);
                let changeset = changeset.unwrap_or_else(|| panic!("{path} lacks {}", row[1]));
                // A sum that depends on a parameter is left open; every other one is equal.
                let Some(checksum) = &changeset.checksum else { continue };
                assert_eq!(checksum.as_str(), row[3], "{}", changeset.id);
                compared += 1;
            }
        }
        assert_eq!(compared, 24);
    }

    #[test]
    fn rollbacks_are_told_apart() {
        let text = "--liquibase formatted sql\n--changeset a:1\nselect 1;\n--rollback drop a;\n--rollback drop b;\n\
                    --changeset a:2\nselect 2;\n--rollback not required\n--changeset a:3\nselect 3;\n\
                    --changeset a:4\nselect 4;\n/* liquibase rollback\ndrop c;\n*/\n";
        let (changesets, problems) = read("x.sql", text);
        let rollbacks: Vec<_> = changesets.into_iter().map(|changeset| changeset.rollback).collect();
        assert_eq!(problems, []);
        assert_eq!(
            rollbacks,
            [
                Rollback::Sql("drop a;\ndrop b;".to_owned()),
                Rollback::Empty,
                Rollback::Missing,
                Rollback::Sql("drop c;".to_owned()),
            ]
        );
    }

    #[test]
    fn a_sum_that_depends_on_a_parameter_is_left_open() {
        let (changesets, _) = read("x.sql", "--liquibase formatted sql\n--changeset a:1\nselect '${who}';\n");
        assert_eq!(changesets[0].checksum, None);
    }
}
