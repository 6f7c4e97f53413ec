//! The journal on disk: one JSON object a line, appended and flushed to the disk before anything it announces.
//!
//! Its form is a type of its own, so that it changes on purpose. The full log of every run is kept beside it.

mod record;

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::{Entry, History};
use crate::domain::log::LogLine;
use crate::domain::names::RunId;
use record::{Record, RecordEntry};

/// The journal of one instance.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: Option<File>,
    log: Option<(String, File)>,
    seen: u64,
}

impl Journal {
    /// The journal in `folder`; nothing is made before something is written.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), file: None, log: None, seen: u64::MAX }
    }

    /// The file with the records.
    pub fn path(&self) -> PathBuf {
        self.folder.join("journal.jsonl")
    }

    /// Appends an entry and returns once it is on the disk.
    pub fn append(&mut self, at: Timestamp, entry: &Entry) -> Result<(), Failure> {
        self.write(at, entry).map_err(|error| {
            Failure::new(FailureKind::Failed, "the journal could not be written, so nothing was done")
                .because(format!("{}: {error}", self.path().display()))
                .hint("Make room, or make the folder writable; every step needs its record first.")
        })
    }

    /// Adds the journal up again, if it has another length than at the last time.
    pub fn read_if_changed(&mut self) -> Option<History> {
        let length = fs::metadata(self.path()).map_or(0, |metadata| metadata.len());
        if length == self.seen {
            return None;
        }
        self.seen = length;
        Some(read(&self.path()))
    }

    /// Keeps lines in the full log of `run`, or of the console when no run is meant.
    pub fn keep_log(&mut self, run: Option<&RunId>, lines: &[LogLine]) -> io::Result<()> {
        let name = run.map_or_else(|| "lockstep.log".to_owned(), |run| format!("{run}.log"));
        let mut text = String::new();
        for line in lines {
            // Writing to a `String` cannot fail.
            writeln!(text, "{} {:9} {}", line.at, line.source.word(), line.text).ok();
        }
        let (_, file) = match self.log.take() {
            Some((open, file)) if open == name => self.log.insert((open, file)),
            _ => {
                let folder = self.folder.join("logs");
                fs::create_dir_all(&folder)?;
                let file = OpenOptions::new().create(true).append(true).open(folder.join(&name))?;
                self.log.insert((name, file))
            }
        };
        file.write_all(text.as_bytes())
    }

    fn write(&mut self, at: Timestamp, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Record { at, entry: RecordEntry::from(entry) })?;
        line.push(b'\n');
        let path = self.path();
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                fs::create_dir_all(&self.folder)?;
                none.insert(OpenOptions::new().create(true).append(true).open(path)?)
            }
        };
        // One write for the whole line: two processes that append cannot mix their lines.
        file.write_all(&line)?;
        file.sync_data()
    }
}

/// Adds up the records of the file at `path`. A line that cannot be read is passed over here.
fn read(path: &Path) -> History {
    let mut history = History::default();
    let Ok(file) = File::open(path) else { return history };
    for line in BufReader::new(file).lines().map_while(Result::ok) {
        if let Ok(record) = serde_json::from_str::<Record>(&line)
            && let Some(entry) = record.entry.into_entry()
        {
            history.add(record.at, &entry);
        }
    }
    history
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::names::EnvironmentName;
    use crate::domain::release::Version;
    use crate::domain::schema::SchemaDigest;
    use crate::domain::schema::judgement::{LedgerPrint, SchemaRecord};

    fn began() -> Entry {
        Entry::Began {
            run: RunId::from_text("r-1"),
            environment: EnvironmentName::parse("dev").unwrap(),
            version: Version::parse("v1.3.0").unwrap(),
            plan: "8c41f0".to_owned(),
            by: "ana".to_owned(),
            aim: None,
            reason: None,
            overridden: None,
        }
    }

    #[test]
    fn what_was_written_is_read_back_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let failure =
            Failure::new(FailureKind::ActionNeeded, "health check failed").because("503").hint("Look.");
        let concluded = Entry::Concluded {
            run: RunId::from_text("r-1"),
            environment: EnvironmentName::parse("dev").unwrap(),
            result: Err(failure),
            schema: Some(SchemaRecord {
                print: LedgerPrint::from_text("51c0"),
                digest: SchemaDigest::from_text("1.15.ffee"),
            }),
        };
        let mut journal = Journal::at(folder.path());
        let mut expected = History::default();
        for entry in [began(), concluded] {
            journal.append(Timestamp::UNIX_EPOCH, &entry).unwrap();
            expected.add(Timestamp::UNIX_EPOCH, &entry);
        }
        assert_eq!(journal.read_if_changed(), Some(expected.clone()));
        assert_eq!(journal.read_if_changed(), None);
        assert_eq!(Journal::at(folder.path()).read_if_changed(), Some(expected));
    }

    #[test]
    fn a_conclusion_of_an_older_journal_is_read_without_a_schema() {
        let line = r#"{"at":"2026-11-21T14:00:00Z","record":"concluded","run":"r-1","environment":"dev","result":{"ok":"done"}}"#;
        let record: Record = serde_json::from_str(line).unwrap();
        let Some(Entry::Concluded { schema: None, result, .. }) = record.entry.into_entry() else { panic!() };
        assert_eq!(result, Ok("done".to_owned()));
    }

    #[test]
    fn a_journal_that_cannot_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        fs::write(&blocked, "in the way").unwrap();
        let failure = Journal::at(&blocked).append(Timestamp::UNIX_EPOCH, &began()).unwrap_err();
        assert_eq!(failure.what, "the journal could not be written, so nothing was done");
    }

    #[test]
    fn a_torn_last_line_does_not_hide_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::at(folder.path());
        journal.append(Timestamp::UNIX_EPOCH, &began()).unwrap();
        let mut file = OpenOptions::new().append(true).open(journal.path()).unwrap();
        file.write_all(b"{\"at\":\"2026").unwrap();
        assert_eq!(journal.read_if_changed().map(|history| history.runs().len()), Some(1));
    }
}
