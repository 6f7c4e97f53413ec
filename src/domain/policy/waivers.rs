//! The file of waivers: who lets which finding pass, why, and until when.

use std::fmt;
use std::ops::Range;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::{Finding, Subject, Waiver, checks};
use crate::domain::changelog::Problem;

/// What a whole waiver looks like, for those who have to mend one.
const EXAMPLE: &str =
    "A waiver is `[[waiver]]` with check, changeset, reason, owner and expires = 2027-01-31.";

/// The waivers of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waivers {
    path: String,
    entries: Vec<Entry>,
}

/// One waiver, with what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The short name of the check.
    pub check: String,
    /// What it is for.
    pub aim: Aim,
    /// What lets the finding pass.
    pub waiver: Waiver,
    /// The line in which it begins.
    pub line: usize,
}

/// What a waiver is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// A changeset: `path::id::author`, or its id alone.
    Changeset(String),
    /// A table of a database.
    Table(String),
}

/// The form on disk.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    waiver: Vec<Spanned<toml::Table>>,
    #[serde(flatten)]
    others: toml::Table,
}

impl Waivers {
    /// Reads the file at `path`. The problems are all that is wrong with it.
    pub fn read(path: &str, text: &str) -> (Self, Vec<Problem>) {
        let line = |span: Range<usize>| text.get(..span.start).unwrap_or("").matches('\n').count() + 1;
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let problem = Problem::error(path, error.span().map(line), error.message(), EXAMPLE);
                return (Self::default(), vec![problem]);
            }
        };
        let mut problems: Vec<_> = file
            .others
            .keys()
            .map(|key| {
                Problem::error(path, None, format!("`{key}` means nothing in a file of waivers"), EXAMPLE)
            })
            .collect();
        let mut entries = Vec::new();
        for spanned in file.waiver {
            let line = line(spanned.span());
            let mut reader = Reader { path, line, table: spanned.into_inner(), problems: &mut problems };
            entries.extend(reader.entry());
        }
        (Self { path: path.to_owned(), entries }, problems)
    }

    /// The waivers.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The waivers that have ended while something that was found needs them, each as a note.
    pub(super) fn ended(&self, findings: &[Finding], today: Date) -> Vec<Problem> {
        let is_missed =
            |entry: &&Entry| entry.is_expired(today) && findings.iter().any(|finding| entry.is_for(finding));
        let note = |entry: &Entry| {
            let Entry { check, aim, waiver, .. } = entry;
            let text =
                format!("the waiver of {check} for {aim} ended on {} and counts no more", waiver.expires);
            let mend = format!("Mend what was found, or let {} decide on a new day.", waiver.owner);
            Problem::warning(&self.path, Some(entry.line), text, mend)
        };
        self.entries.iter().filter(is_missed).map(note).collect()
    }

    /// The waivers that nothing of what was found needs, in one note. Only for whoever has judged all that there is of
    /// what `is_judged` says: what one release does not need the next one may.
    pub(super) fn unneeded(&self, findings: &[Finding], is_judged: impl Fn(&Aim) -> bool) -> Option<Problem> {
        let is_idle =
            |entry: &&Entry| is_judged(&entry.aim) && !findings.iter().any(|finding| entry.is_for(finding));
        let idle: Vec<_> = self.entries.iter().filter(is_idle).collect();
        let names: Vec<_> = idle.iter().map(|entry| format!("{} for {}", entry.check, entry.aim)).collect();
        let (text, mend) = match names.as_slice() {
            [] => return None,
            [one] => (format!("the waiver of {one} is not needed"), "Take it out."),
            all => (format!("{} waivers are not needed: {}", all.len(), all.join(", ")), "Take them out."),
        };
        Some(Problem::warning(&self.path, Some(idle[0].line), text, mend))
    }

    /// Lets the findings pass that a waiver is for, which still counts on this day.
    pub(super) fn apply(&self, findings: &mut [Finding], today: Date) {
        for finding in findings {
            let counts = |entry: &&Entry| entry.is_for(finding) && !entry.is_expired(today);
            finding.waiver = self.entries.iter().find(counts).map(|entry| entry.waiver.clone());
        }
    }
}

impl Entry {
    /// True when its last day has passed.
    pub fn is_expired(&self, today: Date) -> bool {
        self.waiver.expires < today
    }

    /// True when it is about this finding, whether it counts or not.
    pub fn is_for(&self, finding: &Finding) -> bool {
        self.aim.is(&finding.subject) && self.check.eq_ignore_ascii_case(&finding.check)
    }
}

impl Aim {
    /// True when this is what is meant.
    pub fn is(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::Changeset(text), Subject::Changeset(id)) => *text == id.to_string() || *text == id.id,
            (Self::Table(text), Subject::Table(table)) => text == table,
            _ => false,
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changeset(text) => out.write_str(text),
            Self::Table(table) => write!(out, "the table {table}"),
        }
    }
}

/// Reads one waiver.
struct Reader<'r> {
    path: &'r str,
    line: usize,
    table: toml::Table,
    problems: &'r mut Vec<Problem>,
}

impl Reader<'_> {
    fn entry(&mut self) -> Option<Entry> {
        let check = self.text("check");
        let aim = match (self.table.contains_key("changeset"), self.table.contains_key("table")) {
            (false, true) => self.text("table").map(Aim::Table),
            (true, true) => {
                self.problem("a waiver is for a changeset or for a table, not for both", "Make two of it.");
                self.table.remove("changeset");
                self.table.remove("table");
                None
            }
            _ => self.text("changeset").map(Aim::Changeset),
        };
        let reason = self.text("reason");
        let owner = self.text("owner");
        let expires = self.date();
        for key in std::mem::take(&mut self.table).keys() {
            self.problem(&format!("a waiver has no `{key}`"), EXAMPLE);
        }
        if let Some(name) = &check
            && checks::called(name).is_none()
        {
            // A settings file may call a copy of a check as it likes.
            let text = format!("the check {name} is not known here by that name");
            let mend = "`lockstep check --list` shows the names; a copy is called as its settings call it.";
            self.problems.push(Problem::warning(self.path, Some(self.line), text, mend));
        }
        let waiver = Waiver { reason: reason?, owner: owner?, expires: expires? };
        Some(Entry { check: check?, aim: aim?, waiver, line: self.line })
    }

    fn problem(&mut self, text: &str, mend: &str) {
        self.problems.push(Problem::error(self.path, Some(self.line), text, mend));
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.table.remove(key) {
            Some(toml::Value::String(text)) if !text.trim().is_empty() => Some(text),
            Some(_) => {
                self.problem(&format!("`{key}` of a waiver is not a text"), EXAMPLE);
                None
            }
            None => {
                self.problem(&format!("a waiver has no `{key}`"), EXAMPLE);
                None
            }
        }
    }

    /// The last day on which it counts: a TOML date, or a text that is one.
    fn date(&mut self) -> Option<Date> {
        let mend = "Write the last day on which it counts: `expires = 2027-01-31`.";
        let Some(value) = self.table.remove("expires") else {
            self.problem("a waiver has no `expires`: it would count for ever", mend);
            return None;
        };
        let text = match &value {
            toml::Value::String(text) => text.trim().to_owned(),
            value => value.to_string(),
        };
        let date = text.parse::<Date>().ok();
        if date.is_none() {
            self.problem(&format!("`expires` of a waiver is `{text}`, which is no day"), mend);
        }
        date
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "[[waiver]]\ncheck = \"SqlGrantWarn\"\nchangeset = \"a.sql::1::me\"\nreason = \"agreed\"\n\
        owner = \"ann\"\nexpires = 2027-01-31\n";

    fn problems(text: &str) -> Vec<String> {
        Waivers::read("w.toml", text).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_whole_waiver_is_read_with_either_form_of_its_day() {
        for text in [WHOLE.to_owned(), WHOLE.replace("2027-01-31", "\"2027-01-31\"")] {
            let (waivers, problems) = Waivers::read("w.toml", &text);
            assert_eq!(problems, []);
            let entry = &waivers.entries()[0];
            assert_eq!((entry.aim.to_string().as_str(), entry.line), ("a.sql::1::me", 1));
            assert!(!entry.is_expired("2027-01-31".parse().unwrap()), "its last day counts");
            assert!(entry.is_expired("2027-02-01".parse().unwrap()));
        }
    }

    #[test]
    fn every_problem_of_a_file_is_told_at_once() {
        let text = "colour = 1\n[[waiver]]\ncheck = \"SqlGrantWarn\"\nowner = \"\"\nwhen = 1\nexpires = \"soon\"\n\
            [[waiver]]\ncheck = \"Nope\"\nchangeset = \"1\"\ntable = \"t\"\nreason = \"r\"\nowner = \"o\"\n";
        let found = problems(text);
        let expected = [
            "w.toml: `colour` means nothing",
            "w.toml:2: a waiver has no `changeset`",
            "w.toml:2: a waiver has no `reason`",
            "w.toml:2: `owner` of a waiver is not a text",
            "w.toml:2: `expires` of a waiver is `soon`",
            "w.toml:2: a waiver has no `when`",
            "w.toml:7: a waiver is for a changeset or for a table",
            "w.toml:7: a waiver has no `expires`",
        ];
        for expected in expected {
            assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected}: {found:#?}");
        }
        assert!(
            found.iter().any(|problem| problem.contains("the check Nope is not known here")),
            "{found:#?}"
        );
        assert!(problems("[[waiver")[0].starts_with("w.toml:1: "));
    }

    #[test]
    fn what_nothing_needs_is_told_in_one_note_and_only_by_whoever_has_judged_it_all() {
        let text = [WHOLE, WHOLE, &WHOLE.replace("changeset = \"a.sql::1::me\"", "table = \"t\"")].concat();
        let (waivers, _) = Waivers::read("w.toml", &text);
        assert_eq!(
            waivers.ended(&[], "2030-01-01".parse().unwrap()),
            [],
            "nobody misses one that nothing needs"
        );
        let all = waivers.unneeded(&[], |_| true).unwrap().to_string();
        let wanted = "w.toml:1: 3 waivers are not needed: SqlGrantWarn for a.sql::1::me, SqlGrantWarn for a.sql::1::me, \
                      SqlGrantWarn for the table t. Take them out.";
        assert_eq!(all, wanted);
        let one = waivers.unneeded(&[], |aim| matches!(aim, Aim::Table(_))).unwrap().to_string();
        assert_eq!(one, "w.toml:13: the waiver of SqlGrantWarn for the table t is not needed. Take it out.");
        assert_eq!(waivers.unneeded(&[], |_| false), None);
    }
}
