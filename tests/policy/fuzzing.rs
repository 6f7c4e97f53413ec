//! Any text whatever: it is judged, and never more than that. So are settings and waivers.

use bolero::{TypeGenerator, check};
use lockstep::domain::changelog::{Changelog, Files, Surroundings};
use lockstep::domain::policy::{Judged, Policy, Settings, Waivers, checks};

use super::table;

/// Longer texts are cut: they say nothing more, slowly.
const LONGEST: usize = 8_000;

/// Words that change what follows them.
const WORDS: [&str; 36] = [
    "'",
    "\"",
    "$$",
    "$a$",
    ";",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "*",
    "/*",
    "*/",
    "--",
    "\n",
    "\\",
    "E'",
    "U&'",
    "::",
    " begin ",
    " end ",
    " case ",
    " as ",
    " do ",
    " into ",
    " execute ",
    " language sql ",
    " language plpgsql ",
    " loop ",
    " if ",
    " with ",
    "\u{0}",
    "é",
    "\u{1F600}",
    "${x}",
];

/// A text made of pieces of cases.
#[derive(Debug, TypeGenerator)]
struct Text {
    pieces: Vec<Piece>,
    splits: bool,
}

#[derive(Debug, TypeGenerator)]
enum Piece {
    /// A part of a case.
    Case(u16, u16, u8),
    Whole(u16),
    Word(u8, u8),
    Own(String),
}

impl Text {
    fn write(&self, corpus: &[Vec<char>]) -> String {
        let mut text = String::new();
        for piece in self.pieces.iter().take(40) {
            match piece {
                Piece::Case(case, from, length) => {
                    let case = &corpus[usize::from(*case) % corpus.len()];
                    let from = usize::from(*from) % (case.len() + 1);
                    text.extend(&case[from..(from + usize::from(*length)).min(case.len())]);
                }
                Piece::Whole(case) => text.extend(&corpus[usize::from(*case) % corpus.len()]),
                Piece::Word(word, times) => {
                    let word = WORDS[usize::from(*word) % WORDS.len()];
                    text.push_str(&word.repeat(usize::from(*times)));
                }
                Piece::Own(own) => text.push_str(own),
            }
        }
        text.chars().filter(|sign| *sign != '\r').take(LONGEST).collect()
    }
}

fn everything() -> Policy {
    let rules = checks::all().map(|check| {
        format!(
            "- {{enabled: true, shortName: {}}}
",
            check.short_name
        )
    });
    let rules = rules.collect::<Vec<_>>().concat();
    let (settings, _) = Settings::read("all", &format!("rules:\n{rules}"));
    Policy { settings: settings.unwrap(), ..Policy::default() }
}

#[test]
fn every_text_is_judged() {
    let all = table::all();
    let cases = all.iter().flat_map(|cases| cases.lines.iter());
    let corpus: Vec<Vec<char>> = cases.map(|case| case.text.chars().collect()).collect();
    let policy = everything();
    check!().with_type::<Text>().for_each(|text| {
        let sql = text.write(&corpus);
        let head = format!("--liquibase formatted sql\n--changeset a:1 splitStatements:{}\n", text.splits);
        let yaml = format!("databaseChangeLog:\n- changeSet: {{id: 1, author: a, changes: [{{sqlFile: {{path: b.sql}}}}, {sql}]}}\n");
        let files = Files::from([
            ("a.sql".to_owned(), format!("{head}{sql}\n").into_bytes()),
            ("b.sql".to_owned(), sql.clone().into_bytes()),
            ("c.yaml".to_owned(), yaml.into_bytes()),
        ]);
        for root in ["a.sql", "b.sql", "c.yaml"] {
            let (changelog, _) = Changelog::read(&files, root, &Surroundings::default());
            let verdict = policy.judge(&changelog, Judged::All, "2026-01-01".parse().unwrap());
            for finding in &verdict.findings {
                let place = finding.place.as_ref().unwrap();
                let text = String::from_utf8_lossy(&files[&place.file]);
                let line = text.split('\n').nth(place.line - 1);
                let line = line.unwrap_or_else(|| panic!("{finding:?} is behind the end of {}", place.file));
                let width = line.chars().count() + 1;
                assert!(finding.column.is_none_or(|column| (1..=width).contains(&column)), "{finding:?}: {line:?}");
            }
        }
        Settings::read("x", &sql);
        Waivers::read("x", &sql);
    });
}
