//! The SQL of a changeset, with the way back to where each part of it is written.
//!
//! The text is what Liquibase takes: lines of several places may be joined, and parameters are filled in. *Marks*
//! say from where in which line a run of the text comes. Absent on purpose: what the SQL does.

use std::ops::Range;

use super::Place;
use super::checksum::Splitting;
use super::parameters::Expanded;
use super::statements;

/// SQL with the places it comes from. Offsets are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Everything, also what is trimmed off both ends.
    whole: String,
    /// What counts of it.
    range: Range<usize>,
    file: String,
    /// By where they begin in `whole`.
    marks: Vec<Mark>,
    splitting: Splitting,
}

/// Where a run of the text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    at: usize,
    line: usize,
    from: From,
}

/// How a run of the text comes from its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// It is written there as it is, from this column on.
    Column(usize),
    /// It is the value of a parameter that stands at this column.
    Parameter(usize),
    /// Only the line is known.
    Somewhere,
}

/// A place in a file, to the column where it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// File and line.
    pub place: Place,
    /// The column, counted from 1 in characters.
    pub column: Option<usize>,
}

/// Where a line of a text is written before its parameters are filled in.
pub(super) struct Written {
    /// Where it begins in the text.
    pub(super) at: usize,
    /// The line of the file, counted from 1.
    pub(super) line: usize,
    /// The column there, counted from 1.
    pub(super) column: usize,
}

impl Script {
    /// SQL whose parameters were filled in. `source` is the text before that, and `lines` are its lines in order.
    pub(super) fn filled(
        file: &str,
        source: &str,
        lines: &[Written],
        expanded: &Expanded,
        splitting: Splitting,
    ) -> Self {
        let marks = Marking { source, lines, expanded, found: Vec::new() }.all();
        Self::new(file, expanded.text.clone(), marks, splitting)
    }

    /// SQL that is in a file as it is.
    pub(super) fn of_file(file: &str, source: &str, expanded: &Expanded, splitting: Splitting) -> Self {
        let mut at = 0;
        let lines = source.split_inclusive('\n').enumerate().map(|(index, line)| {
            let written = Written { at, line: index + 1, column: 1 };
            at += line.len();
            written
        });
        Self::filled(file, source, &lines.collect::<Vec<_>>(), expanded, splitting)
    }

    /// SQL that is the value of a node in a document whose lines are `lines`; the node begins in line `first`. The
    /// lines of the SQL are looked for from there on, in order.
    pub(super) fn in_document(
        file: &str,
        lines: &[&str],
        first: usize,
        text: &str,
        splitting: Splitting,
    ) -> Self {
        let is_one_line = !text.trim_end().contains('\n');
        // Where the search goes on: a line, counted from 0, and how much of it lies behind.
        let (mut next, mut behind) = (first.saturating_sub(1), 0);
        let mut guess = if is_one_line { first } else { first + 1 };
        let mut marks = Vec::new();
        let mut at = 0;
        for piece in text.split_inclusive('\n') {
            let line = piece.trim_end();
            let indent = line.len() - line.trim_start().len();
            let wanted = &line[indent..];
            let found = (!wanted.is_empty())
                .then(|| {
                    lines.iter().enumerate().skip(next).find_map(|(index, candidate)| {
                        let from = if index == next { behind } else { 0 };
                        let start = candidate.get(from..)?.find(wanted)? + from;
                        Some((index, start, start + wanted.len()))
                    })
                })
                .flatten();
            if let Some((index, start, end)) = found {
                let column = lines[index][..start].chars().count() + 1;
                marks.push(Mark { at, line: index + 1, from: From::Somewhere });
                marks.push(Mark { at: at + indent, line: index + 1, from: From::Column(column) });
                (next, behind) = (index, end);
                guess = index + 2;
            } else {
                marks.push(Mark { at, line: guess.min(lines.len().max(1)), from: From::Somewhere });
                guess += usize::from(!is_one_line);
            }
            at += piece.len();
        }
        Self::new(file, text.to_owned(), marks, splitting)
    }

    fn new(file: &str, whole: String, marks: Vec<Mark>, splitting: Splitting) -> Self {
        let trimmed = super::sql::trim(&whole);
        let begin = whole.len() - whole.trim_start_matches(|c| c <= ' ').len();
        let range = if trimmed.is_empty() { 0..0 } else { begin..begin + trimmed.len() };
        Self { whole, range, file: file.to_owned(), marks, splitting }
    }

    /// The text as Liquibase takes it.
    pub fn text(&self) -> &str {
        &self.whole[self.range.clone()]
    }

    /// Where in the text the statements are that Liquibase sends one by one.
    pub fn statements(&self) -> Vec<Range<usize>> {
        statements::cut(self.text(), &self.splitting)
    }

    /// Where that is written which stands at this offset of the text.
    pub fn spot(&self, offset: usize) -> Spot {
        let offset = (self.range.start + offset).min(self.whole.len());
        let after = self.marks.partition_point(|mark| mark.at <= offset);
        let mark = after.checked_sub(1).and_then(|index| self.marks.get(index));
        let (line, column) = mark.map_or((1, None), |mark| match mark.from {
            From::Column(column) => {
                let between = self.whole.get(mark.at..offset).map_or(0, |text| text.chars().count());
                (mark.line, Some(column + between))
            }
            From::Parameter(column) => (mark.line, Some(column)),
            From::Somewhere => (mark.line, None),
        });
        Spot { place: Place { file: self.file.clone(), line }, column }
    }
}

/// Makes the marks of a text whose parameters were filled in.
struct Marking<'a> {
    source: &'a str,
    lines: &'a [Written],
    expanded: &'a Expanded,
    found: Vec<Mark>,
}

impl Marking<'_> {
    fn all(mut self) -> Vec<Mark> {
        let mut lines = self.lines.iter().peekable();
        // By how much what follows has moved.
        let (mut written, mut filled) = (0, 0);
        for fill in &self.expanded.fills {
            while let Some(line) = lines.next_if(|line| line.at <= fill.written.start) {
                self.found.push(Mark {
                    at: line.at - written + filled,
                    line: line.line,
                    from: From::Column(line.column),
                });
            }
            self.mark(fill.filled.start, fill.written.start, From::Parameter);
            // A parameter may itself span lines.
            while lines.next_if(|line| line.at < fill.written.end).is_some() {}
            self.mark(fill.filled.end, fill.written.end, From::Column);
            (written, filled) = (fill.written.end, fill.filled.end);
        }
        for line in lines {
            let at = line.at - written + filled;
            self.found.push(Mark { at, line: line.line, from: From::Column(line.column) });
        }
        self.found
    }

    /// Marks what stands at `source` of the text as written.
    fn mark(&mut self, at: usize, source: usize, from: fn(usize) -> From) {
        let after = self.lines.partition_point(|line| line.at <= source);
        if let Some(line) = after.checked_sub(1).and_then(|index| self.lines.get(index)) {
            let column = line.column + self.source[line.at..source].chars().count();
            self.found.push(Mark { at, line: line.line, from: from(column) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Changelog, Files, Surroundings};
    use super::*;

    /// Where every `@` of the SQL of all changesets is written.
    fn spots(entries: &[(&str, &str)]) -> Vec<String> {
        let files: Files =
            entries.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let (changelog, _) = Changelog::read(&files, entries[0].0, &Surroundings::default());
        let parts = changelog.changesets().iter().flat_map(|changeset| changeset.parts.iter());
        let scripts = parts.filter_map(|part| part.script.as_ref());
        scripts
            .flat_map(|script| {
                script.text().match_indices('@').map(|(at, _)| {
                    let Spot { place, column } = script.spot(at);
                    let column = column.map_or_else(|| "?".to_owned(), |column| column.to_string());
                    format!("{}:{}:{column}", place.file, place.line)
                })
            })
            .collect()
    }

    #[test]
    fn a_place_in_formatted_sql_is_found_again_whatever_is_left_out_between() {
        let text =
            "--liquibase formatted sql\n--changeset a:1\n\n  @ é @\n--comment x\n--rollback y\n\t@\r\n";
        assert_eq!(spots(&[("a.sql", text)]), ["a.sql:4:3", "a.sql:4:7", "a.sql:7:2"]);
    }

    #[test]
    fn a_place_behind_a_parameter_is_found_again() {
        let text = "--liquibase formatted sql\n--property name:n value:é@long\n--changeset a:1\n\
                    @ ${n} @ ${n}\n@ ${unknown} @\n${n} @";
        assert_eq!(
            spots(&[("a.sql", text)]),
            [
                "a.sql:4:1",
                "a.sql:4:3",
                "a.sql:4:8",
                "a.sql:4:10",
                "a.sql:5:1",
                "a.sql:5:14",
                "a.sql:6:1",
                "a.sql:6:6"
            ]
        );
    }

    #[test]
    fn a_place_in_a_document_is_found_again_in_every_style() {
        let text = "databaseChangeLog:\n- changeSet:\n    id: 1\n    author: a\n    changes:\n    - sql: select @\n    \
                    - sql: {sql: \"select 1;\\n@\"}\n    - sql:\n        sql: |\n          select\n            @\n    \
                    - sqlFile: {path: b.sql}\n";
        let places = spots(&[("a.yaml", text), ("b.sql", "\n @ x\n")]);
        assert_eq!(places, ["a.yaml:6:19", "a.yaml:7:30", "a.yaml:11:13", "b.sql:2:2"]);
    }

    #[test]
    fn a_line_is_known_even_where_the_column_is_not() {
        let text = "databaseChangeLog:\n- property: {name: n, value: v}\n- changeSet:\n    id: 1\n    author: a\n    \
                    changes:\n    - sql: |\n        select ${n}\n        , ${n} @\n";
        assert_eq!(spots(&[("a.yaml", text)]), ["a.yaml:9:?"]);
    }
}
