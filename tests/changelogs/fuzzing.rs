//! Any text whatever: it is read or refused, with problems that say where, and never more than that.
//!
//! The texts are golden changelogs with parts put in, taken out, doubled and exchanged. CONTRIBUTING.md says how to let
//! it look for long, and with a fuzzer that sees which code a text comes through.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bolero::{TypeGenerator, check};
use lockstep::domain::changelog::{Changelog, Surroundings};

/// Longer texts are cut: they say nothing more, slowly.
const LONGEST: usize = 20_000;

/// Words that mean something in one language or the other.
const WORDS: [&str; 44] = [
    "\n",
    "\r",
    "\t",
    "  ",
    "- ",
    ": ",
    "#",
    "&a ",
    "*a",
    "<<: *a",
    "[",
    "]",
    "{",
    "}",
    ",",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "!!int ",
    "!!timestamp ",
    "0x1F",
    "1e400",
    "2024-02-30",
    "~",
    "---\n",
    "%YAML 1.1\n",
    "\u{85}",
    "\u{feff}",
    "\u{0}",
    "\u{1F600}",
    "${",
    "}}",
    "${a${a}}",
    "<a>",
    "</a>",
    "<![CDATA[",
    "]]>",
    "&#0;",
    "&x;",
    "<!--",
    "--changeset a:1\n",
    "--rollback ",
    "/* liquibase rollback\n",
];

/// What is done to a text.
#[derive(Debug, TypeGenerator)]
enum Edit {
    Word(u16, u8),
    Text(u16, String),
    Remove(u16, u8),
    Double(u16, u8, u8),
    Take(u16, u8, u16, u8),
    Exchange(u16, u16),
    Cut(u16),
}

/// A golden text, what is done to it, and the language it is taken for.
#[derive(Debug, TypeGenerator)]
struct Mutation {
    text: u16,
    language: Option<u8>,
    edits: Vec<Edit>,
}

/// A text of the corpus with the ending of its file.
struct Text {
    ending: String,
    characters: Vec<char>,
}

/// The golden changelogs, a changeset at a time where they are long.
fn corpus() -> (BTreeMap<String, Vec<u8>>, Vec<Text>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let (mut files, mut texts) = (BTreeMap::new(), Vec::new());
    for folder in ["sql", "changes", "tree"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let bytes = fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let ending = name.rsplit_once('.').unwrap().1.to_owned();
            let (separator, end) = match ending.as_str() {
                "yaml" => ("\n  - changeSet:", ""),
                "xml" => ("\n  <changeSet ", "\n</databaseChangeLog>\n"),
                _ => ("\n--changeset ", ""),
            };
            let mut parts = text.split(separator);
            let head = parts.next().unwrap_or_default();
            let whole = parts.map(|part| [head, separator, part, end].concat()).chain([text.clone()]);
            if matches!(ending.as_str(), "yaml" | "xml" | "json" | "sql") {
                texts.extend(
                    whole
                        .filter(|text| text.len() < LONGEST)
                        .map(|text| Text { ending: ending.clone(), characters: text.chars().collect() }),
                );
            }
            files.insert(format!("{folder}/{name}"), bytes);
        }
    }
    (files, texts)
}

impl Mutation {
    fn apply(&self, corpus: &[Text]) -> (String, String) {
        let chosen = &corpus[usize::from(self.text) % corpus.len()];
        let mut text = chosen.characters.clone();
        for edit in self.edits.iter().take(32) {
            edit.apply(&mut text, corpus);
            text.truncate(LONGEST);
        }
        let ending = match self.language {
            Some(language) => ["yaml", "json", "xml", "sql"][usize::from(language) % 4].to_owned(),
            None => chosen.ending.clone(),
        };
        (ending, text.into_iter().collect())
    }
}

impl Edit {
    fn apply(&self, text: &mut Vec<char>, corpus: &[Text]) {
        let at = |position: u16, text: &[char]| usize::from(position) % (text.len() + 1);
        let part = |position: u16, length: u8, text: &[char]| {
            let start = at(position, text);
            start..(start + usize::from(length)).min(text.len())
        };
        match self {
            Self::Word(position, word) => {
                let position = at(*position, text);
                text.splice(position..position, WORDS[usize::from(*word) % WORDS.len()].chars());
            }
            Self::Text(position, written) => {
                let position = at(*position, text);
                text.splice(position..position, written.chars());
            }
            Self::Remove(position, length) => drop(text.drain(part(*position, *length, text))),
            Self::Double(position, length, times) => {
                let piece = text[part(*position, *length, text)].repeat(usize::from(*times));
                let position = at(*position, text);
                text.splice(position..position, piece);
            }
            Self::Take(position, other, from, length) => {
                let other = &corpus[usize::from(*other) % corpus.len()].characters;
                let piece = other[part(*from, *length, other)].to_vec();
                let position = at(*position, text);
                text.splice(position..position, piece);
            }
            Self::Exchange(one, other) => {
                if !text.is_empty() {
                    let (one, other) = (usize::from(*one) % text.len(), usize::from(*other) % text.len());
                    text.swap(one, other);
                }
            }
            Self::Cut(position) => text.truncate(at(*position, text)),
        }
    }
}

#[test]
fn every_text_is_read_or_refused() {
    let (files, corpus) = corpus();
    check!().with_type::<Mutation>().for_each(|mutation| {
        let (ending, text) = mutation.apply(&corpus);
        let lines = text.split(['\n', '\r']).count();
        let root = format!("fuzzed.{ending}");
        let mut files = files.clone();
        files.insert(root.clone(), text.into_bytes());
        let (changelog, problems) = Changelog::read(&files, &root, &Surroundings::default());
        for problem in &problems {
            assert!(!problem.text.is_empty() && !problem.mend.is_empty(), "{problem:?}");
            if let (Some(line), true) = (problem.line, problem.file == root) {
                assert!((1..=lines + 1).contains(&line), "{problem:?} is not in a text of {lines} lines");
            }
        }
        for changeset in changelog.changesets() {
            assert!(changeset.text().len() < 1_000_000, "{}", changeset.id);
        }
        assert!(Changelog::read(&files, &root, &Surroundings::default()) == (changelog, problems));
    });
}
