//! Walks a journal, or an export of one, from its first line to its head, and names every place where the chain does
//! not hold. Reads only; takes no lock, so that a journal on a read-only medium can be judged too.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::chain;
use super::export;
use super::files::{self, Head};
use super::lines::unreadable;
use super::walk::Walk;
use crate::domain::failure::{Failure, FailureKind};

/// So often is a snapshot tried again while others write.
const TRIES: usize = 200;

/// What a journal is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The folder, or the exported file.
    pub source: PathBuf,
    /// The instance that it says it is of; `None` when it holds nothing.
    pub instance: Option<String>,
    /// The run that an export is limited to.
    pub run: Option<String>,
    /// Each file with its number of records.
    pub files: Vec<(String, usize)>,
    /// The numbers of the first and the last record of the chain.
    pub range: Option<(u64, u64)>,
    /// The digest of the last record.
    pub head: Option<String>,
    /// What was there before there was a chain.
    pub unchained: Option<Unchained>,
    /// What is worth knowing and no breach.
    pub notes: Vec<String>,
    /// Where it does not hold; empty when it is intact.
    pub breaches: Vec<Breach>,
}

/// Records of a version that kept no chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchained {
    /// The file.
    pub file: String,
    /// How many lines it has.
    pub records: usize,
}

/// A place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The file.
    pub file: String,
    /// The line in it, from 1; for what is missing at the end the line after the last.
    pub line: usize,
    /// The number of the record there, or that should be there.
    pub seq: Option<u64>,
    /// What is wrong, in words.
    pub what: String,
    /// The runs that it concerns: the record's own, and those under way there.
    pub runs: Vec<String>,
}

impl Verification {
    /// True when every record is as it was written, and none is missing.
    pub fn is_intact(&self) -> bool {
        self.breaches.is_empty()
    }

    pub(super) fn of(source: &Path) -> Self {
        Self {
            source: source.to_owned(),
            instance: None,
            run: None,
            files: Vec::new(),
            range: None,
            head: None,
            unchained: None,
            notes: Vec::new(),
            breaches: Vec::new(),
        }
    }
}

/// Judges the journal in the folder `path`, or the export in the file `path`.
pub fn verify(path: &Path) -> Result<Verification, Failure> {
    if path.is_file() {
        let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
        return export::verify(path, &bytes).ok_or_else(|| {
            Failure::new(FailureKind::Usage, format!("{} is no exported journal", path.display()))
                .hint("Name a file that `lockstep journal export` wrote, or the folder of a journal.")
        });
    }
    let snapshot = snapshot(path).map_err(|error| unreadable(path, &error))?;
    Ok(folder(path, &snapshot))
}

/// What was on the disk at one moment.
#[derive(Default)]
struct Snapshot {
    /// The head as it is written there; `None` when there is none.
    head: Option<Vec<u8>>,
    /// Every file with its number.
    files: Vec<(u32, Vec<u8>)>,
}

/// Reads everything, again when a writer moved the head meanwhile. What was added after the lengths were seen is left out.
fn snapshot(folder: &Path) -> io::Result<Snapshot> {
    let head = || match fs::read(folder.join("journal.head")) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let mut tries = 0;
    let (head, lengths) = loop {
        let before = head()?;
        let mut lengths = Vec::new();
        match files::numbers(folder) {
            Ok(numbers) => {
                for number in numbers {
                    lengths.push((number, fs::metadata(files::path(folder, number))?.len()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        tries += 1;
        if before == head()? || tries == TRIES {
            break (before, lengths);
        }
    };
    let mut snapshot = Snapshot { head, files: Vec::new() };
    for (number, length) in lengths {
        let mut bytes = fs::read(files::path(folder, number))?;
        bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        snapshot.files.push((number, bytes));
    }
    Ok(snapshot)
}

fn folder(path: &Path, snapshot: &Snapshot) -> Verification {
    let mut verification = Verification::of(path);
    let mut walk = Walk::default();
    let mut tail: &[u8] = &[];
    let mut unchained: Option<&[u8]> = None;
    let last = snapshot.files.last().map(|(number, _)| *number);
    for (number, bytes) in &snapshot.files {
        let name = files::name(*number);
        if *number == 0 {
            let records = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
            verification.unchained = Some(Unchained { file: name, records });
            unchained = Some(bytes);
            continue;
        }
        walk.enter(&name);
        let end = if Some(*number) == last { acknowledged(bytes) } else { bytes.len() };
        tail = bytes.get(end..).unwrap_or_default();
        let records = walk.lines(bytes.get(..end).unwrap_or_default());
        verification.files.push((name, records));
    }
    let (head, unclear) = match snapshot.head.as_deref().map(serde_json::from_slice::<Head>) {
        Some(Ok(head)) => (Some(head), false),
        Some(Err(_)) => (None, true),
        None => (None, false),
    };
    if unclear {
        walk.breach(None, "the head beside the journal cannot be understood");
    } else {
        walk.end(head.as_ref(), &mut verification.notes);
    }
    if !tail.is_empty() {
        verification.notes.push(format!(
            "the last {} bytes are a record that was not finished: it announced nothing",
            tail.len()
        ));
    }
    sealed(&mut walk, unchained);
    walk.finish(verification)
}

/// The length of a file without what a writer who died left at its end.
fn acknowledged(bytes: &[u8]) -> usize {
    let end_of_line = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = end_of_line(bytes);
    if lines < bytes.len() {
        return lines;
    }
    let before = end_of_line(bytes.get(..lines.saturating_sub(1)).unwrap_or_default());
    let is_last_unfinished = chain::is_unfinished(bytes.get(before..).unwrap_or_default());
    if lines > 0 && is_last_unfinished { before } else { lines }
}

/// Holds the file without a chain against what the first record of the chain says of it.
fn sealed(walk: &mut Walk, bytes: Option<&[u8]>) {
    #[derive(Deserialize)]
    struct Seal {
        file: String,
        sha256: String,
    }
    let told = walk.first().and_then(|record| Some(record.get("unchained")?.clone()));
    let Some(Ok(seal)) = told.map(|value: Value| serde_json::from_value::<Seal>(value)) else { return };
    if bytes.is_none_or(|bytes| chain::digest(bytes) != seal.sha256) {
        walk.breach_at(&seal.file, 1, "this file is not as it was when the chain began behind it");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::Journal;
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::journal::Entry;
    use crate::domain::names::{EnvironmentName, RunId};
    use crate::domain::release::Version;
    use crate::domain::step::StepKind;

    /// What somebody does to a journal.
    #[derive(Debug, Clone)]
    enum Harm {
        Edit(prop::sample::Index, u8),
        Drop(prop::sample::Index),
        Swap(prop::sample::Index, prop::sample::Index),
        Repeat(prop::sample::Index, prop::sample::Index),
        Insert(prop::sample::Index, String),
        CutLines(prop::sample::Index),
        CutBytes(prop::sample::Index),
        DropFile(prop::sample::Index),
        DropHead,
    }

    fn harm() -> impl Strategy<Value = Harm> {
        let index = any::<prop::sample::Index>;
        prop_oneof![
            4 => (index(), 1_u8..).prop_map(|(place, bits)| Harm::Edit(place, bits)),
            2 => index().prop_map(Harm::Drop),
            2 => (index(), index()).prop_map(|(one, other)| Harm::Swap(one, other)),
            2 => (index(), index()).prop_map(|(what, place)| Harm::Repeat(what, place)),
            2 => (index(), "[ -~]{0,80}").prop_map(|(place, text)| Harm::Insert(place, text)),
            2 => index().prop_map(Harm::CutLines),
            2 => index().prop_map(Harm::CutBytes),
            1 => index().prop_map(Harm::DropFile),
            1 => Just(Harm::DropHead),
        ]
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let run = || (0..4_u8).prop_map(|number| RunId::from_text(format!("r-{number}")));
        let dev = || EnvironmentName::parse("dev").unwrap();
        prop_oneof![
            run().prop_map(move |run| Entry::Began {
                run,
                environment: dev(),
                version: Version::parse("v1.3.0").unwrap(),
                plan: "8c41f0".to_owned(),
                by: "ana".to_owned(),
                aim: None,
                reason: None,
                overridden: None,
            }),
            (run(), ".{0,60}").prop_map(|(run, what)| Entry::Intended { run, step: StepKind::Update, what }),
            run().prop_map(move |run| Entry::Concluded {
                run,
                environment: dev(),
                result: Ok(String::new()),
                schema: None
            }),
        ]
    }

    /// Every line with the file it is in, ends included.
    fn lines(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let numbers = files::numbers(folder).unwrap().into_iter();
        let of = |number: u32| {
            let path = files::path(folder, number);
            let bytes = fs::read(&path).unwrap();
            let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
            lines.into_iter().map(move |line| (path.clone(), line))
        };
        numbers.flat_map(of).collect()
    }

    fn write(lines: &[(PathBuf, Vec<u8>)], before: &BTreeSet<PathBuf>) {
        for path in before {
            let own = lines.iter().filter(|(file, _)| file == path);
            fs::write(path, own.flat_map(|(_, line)| line.clone()).collect::<Vec<u8>>()).unwrap();
        }
    }

    /// Harms the journal. False when that changed nothing.
    fn inflict(folder: &Path, harm: &Harm) -> bool {
        let before = lines(folder);
        let paths: BTreeSet<PathBuf> = before.iter().map(|(path, _)| path.clone()).collect();
        let mut after = before.clone();
        let count = before.len();
        match harm {
            Harm::Edit(place, bits) => {
                let all: Vec<(usize, usize)> = before
                    .iter()
                    .enumerate()
                    .flat_map(|(line, (_, bytes))| (0..bytes.len()).map(move |byte| (line, byte)))
                    .collect();
                let (line, byte) = all[place.index(all.len())];
                after[line].1[byte] ^= bits;
            }
            Harm::Drop(place) => drop(after.remove(place.index(count))),
            Harm::Swap(one, other) => {
                let (one, other) = (one.index(count), other.index(count));
                let text = after[one].1.clone();
                after[one].1 = std::mem::replace(&mut after[other].1, text);
            }
            Harm::Repeat(what, place) => {
                let place = place.index(count);
                let line = (before[place].0.clone(), before[what.index(count)].1.clone());
                after.insert(place, line);
            }
            Harm::Insert(place, text) => {
                let place = place.index(count);
                let line = (before[place].0.clone(), format!("{text}\n").into_bytes());
                after.insert(place + 1, line);
            }
            Harm::CutLines(place) => after.truncate(place.index(count)),
            Harm::CutBytes(place) => {
                let line = &mut after.last_mut().unwrap().1;
                line.truncate(place.index(line.len()));
            }
            Harm::DropFile(place) => {
                let path = paths.iter().nth(place.index(paths.len())).unwrap();
                fs::remove_file(path).unwrap();
                return true;
            }
            Harm::DropHead => {
                fs::remove_file(folder.join("journal.head")).unwrap();
                return true;
            }
        }
        write(&after, &paths);
        before != after
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 200, ..ProptestConfig::default() })]

        #[test]
        fn an_untouched_journal_is_intact_and_any_single_harm_is_found_and_named(
            entries in prop::collection::vec(entry(), 3..12),
            size in 300_u64..6_000,
            harms in prop::collection::vec(harm(), 64),
        ) {
            let root = tempfile::tempdir().unwrap();
            let folder = root.path().join("demo1");
            let mut journal = Journal::at(&folder).with_file_size(size);
            for entry in &entries {
                journal.append(Timestamp::UNIX_EPOCH, entry).unwrap();
            }
            let untouched = verify(&folder).unwrap();
            prop_assert!(untouched.is_intact() && untouched.notes.is_empty(), "{untouched:#?}");
            let names: Vec<String> = untouched.files.iter().map(|(name, _)| name.clone()).collect();
            let head = fs::read(folder.join("journal.head")).unwrap();
            let whole = lines(&folder);
            let paths: BTreeSet<PathBuf> = whole.iter().map(|(path, _)| path.clone()).collect();
            for harm in harms {
                if inflict(&folder, &harm) {
                    let found = verify(&folder).unwrap();
                    prop_assert!(!found.is_intact(), "{harm:?} was not found");
                    let breach = &found.breaches[0];
                    prop_assert!(names.contains(&breach.file) && breach.line > 0, "{breach:?}");
                }
                write(&whole, &paths);
                fs::write(folder.join("journal.head"), &head).unwrap();
                let healed = verify(&folder).unwrap();
                prop_assert!(healed.is_intact(), "{healed:#?}");
            }
        }
    }
}
