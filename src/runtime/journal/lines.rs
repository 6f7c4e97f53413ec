//! Every line of a journal as it stands there, for those who want to see the records themselves.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::record::Record;
use super::{chain, files};
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::Entry;
use crate::domain::names::{EnvironmentName, RunId};

/// One record, with where it stands.
#[derive(Debug, Clone)]
pub struct Line {
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    /// Its number in the chain; 0 where no chain was kept.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The run that it belongs to.
    pub run: Option<RunId>,
    /// The environment that it, or its run, belongs to.
    pub environment: Option<EnvironmentName>,
    /// Its digest; empty where no chain was kept.
    pub hash: String,
    /// What it says.
    pub said: Said,
    /// The line itself.
    pub text: String,
}

/// What a record says.
#[derive(Debug, Clone)]
pub enum Said {
    /// Something about the world.
    Entry(Box<Entry>),
    /// Something about the journal itself, in words.
    Notice(String),
    /// Something that this version does not know.
    Unknown,
}

/// Every record of the journal in `folder`, oldest first; none when there is no journal. A line that is no record is
/// left out: `verify` names it.
pub fn lines(folder: &Path) -> Result<Vec<Line>, Failure> {
    read(folder, |_| true).map_err(|error| unreadable(folder, &error))
}

/// The same of those records that hold one of these words, such as the id of a run; the others are not even read as
/// records.
pub fn lines_about(folder: &Path, words: &[&str]) -> Result<Vec<Line>, Failure> {
    let is_about = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        words.iter().any(|word| line.contains(word))
    };
    read(folder, is_about).map_err(|error| unreadable(folder, &error))
}

/// The journal cannot be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(FailureKind::Unavailable, "the journal could not be read")
        .because(format!("{}: {error}", path.display()))
        .hint("Make it readable, then try again.")
}

/// The environment that an entry names.
fn environment(entry: &Entry) -> Option<&EnvironmentName> {
    match entry {
        Entry::Began { environment, .. }
        | Entry::Planned { environment, .. }
        | Entry::Concluded { environment, .. }
        | Entry::Reconciled { environment, .. }
        | Entry::Flow { environment, .. }
        | Entry::Acknowledged { environment, .. } => Some(environment),
        Entry::Voted(vote) => Some(&vote.environment),
        Entry::Notified { delivery, .. } => delivery.environment.as_ref(),
        _ => None,
    }
}

fn read(folder: &Path, is_wanted: impl Fn(&[u8]) -> bool) -> io::Result<Vec<Line>> {
    let numbers = match files::numbers(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        numbers => numbers?,
    };
    let mut lines = Vec::new();
    let mut places: BTreeMap<RunId, EnvironmentName> = BTreeMap::new();
    for number in numbers {
        let bytes = fs::read(files::path(folder, number))?;
        for (index, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if !is_wanted(text) {
                continue;
            }
            let Ok(record) = serde_json::from_slice::<Record>(text) else { continue };
            let (seq, at) = (record.seq, record.at);
            let said = match record.entry.notice() {
                Some(words) => Said::Notice(words),
                None => record.entry.into_entry().map_or(Said::Unknown, |entry| Said::Entry(Box::new(entry))),
            };
            let entry = if let Said::Entry(entry) = &said { Some(&**entry) } else { None };
            let run = entry.and_then(Entry::run).cloned();
            let named = entry.and_then(environment).cloned();
            if let (Some(run), Some(named)) = (&run, &named) {
                places.insert(run.clone(), named.clone());
            }
            let environment = named.or_else(|| places.get(run.as_ref()?).cloned());
            let hash = chain::open(text).map_or_else(String::new, |(hash, _)| hash.to_owned());
            let (file, text) = (files::name(number), String::from_utf8_lossy(text).into_owned());
            lines.push(Line { file, line: index + 1, seq, at, run, environment, hash, said, text });
        }
    }
    Ok(lines)
}
