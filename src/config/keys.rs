//! Keys that people chose: the `[keys]` of `lockstep.toml` and of the user's file, as they are written.
//!
//! Absent on purpose: which actions and keys there are. The console knows, and checks all of them at once.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::domain::failure::{Failure, FailureKind};

/// The keys that one line chooses for one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenKeys {
    /// The file that it stands in.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The name of the action.
    pub action: String,
    /// The keys, as they are written.
    pub keys: Vec<String>,
}

/// `[keys]`: one line for each action, with a key or a list of them.
pub(super) type KeysEntry = BTreeMap<Spanned<String>, OneOrMore>;

/// A key, or a list of them.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a key such as \"P\", or a list such as [\"P\", \"f6\"]")]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// The user's own file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    keys: KeysEntry,
}

/// What a file chooses, in the order of its lines.
pub(super) fn chosen(entry: KeysEntry, file: &Path, text: &str) -> Vec<ChosenKeys> {
    let mut chosen: Vec<ChosenKeys> = entry
        .into_iter()
        .map(|(action, keys)| ChosenKeys {
            file: file.display().to_string(),
            line: text.get(..action.span().start).unwrap_or("").matches('\n').count() + 1,
            action: action.into_inner(),
            keys: match keys {
                OneOrMore::One(key) => vec![key],
                OneOrMore::More(keys) => keys,
            },
        })
        .collect();
    chosen.sort_by_key(|choice| choice.line);
    chosen
}

/// What the user's own file at `path` chooses; nothing where there is none.
pub fn of_user(path: &Path) -> Result<Vec<ChosenKeys>, Failure> {
    let wrong = |because: String| {
        Failure::new(FailureKind::Configuration, format!("{} cannot be used", path.display()))
            .because(because)
            .hint("Correct the file; docs/keys.md tells what may stand in it.")
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let file: File = toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        wrong(format!("{place}{}", error.message()))
    })?;
    Ok(chosen(file.keys, path, &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_ones_own_gives_keys_with_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert_eq!(of_user(&path).unwrap(), []);
        fs::write(&path, "[keys]\npromote = \"P\"\n\ndrift = [\"D\", \"ctrl-g\"]\n").unwrap();
        let chosen = of_user(&path).unwrap();
        let seen: Vec<_> = chosen.iter().map(|it| (it.line, it.action.as_str(), it.keys.len())).collect();
        assert_eq!(seen, [(2, "promote", 1), (4, "drift", 2)]);
    }

    #[test]
    fn what_is_no_key_at_all_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "[keys]\npromote = 7\n").unwrap();
        let failure = of_user(&path).unwrap_err();
        assert!(failure.because[0].starts_with("line 2: "), "{failure:?}");
        assert!(failure.because[0].contains("a key such as"), "{failure:?}");
    }
}
