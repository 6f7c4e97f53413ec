//! The journal on disk: chained JSON lines, appended and flushed to the disk before anything that they announce.
//!
//! Its form is a type of its own (`record`), so that it changes on purpose; docs/journal.md describes it. Several
//! processes of one instance append in turn. The full log of every run is kept beside it, as well as it can be.
//! Absent: what the entries mean, which is the domain's.

mod chain;
mod export;
mod files;
mod lines;
mod reader;
mod record;
mod verification;
mod walk;
mod words;
mod writer;

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::{Entry, History};
use crate::domain::log::LogLine;
use crate::domain::names::RunId;
use reader::Reader;
use writer::Writer;

pub use export::export;
pub use lines::{Line, Said, lines, lines_about};
pub use verification::{Breach, Unchained, Verification, verify};

/// A file that has grown beyond this many bytes is followed by another.
const FILE_SIZE: u64 = 8 * 1024 * 1024;

/// How long to wait for another process that is writing.
const PATIENCE: Duration = Duration::from_secs(2);

/// The folder of the full logs, beside the journal.
const LOGS: &str = "logs";

/// Where the full log of `run` is, beside the journal in `folder`.
pub fn log_of(folder: &Path, run: &RunId) -> PathBuf {
    folder.join(LOGS).join(log_name(run))
}

fn log_name(run: &RunId) -> String {
    format!("{run}.log")
}

/// The journal of one instance.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    reader: Reader,
    writer: Writer,
    log: Option<(String, File)>,
}

impl Journal {
    /// The journal in `folder`, which is named after its instance; nothing is made before something is written.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self { reader: Reader::new(folder.clone()), writer: Writer::new(folder.clone()), log: None, folder }
    }

    /// Begins another file after this many bytes.
    #[must_use]
    pub fn with_file_size(mut self, bytes: u64) -> Self {
        self.writer.file_size = bytes;
        self
    }

    /// The folder that it is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends an entry and returns once it is on the disk, together with what others wrote before it. Waits at most
    /// two seconds for another writer. After a failure the entry is not there, and nothing that it announces may
    /// happen; what there is is news then, for those who count an entry before it is written.
    pub fn append(&mut self, at: Timestamp, entry: &Entry) -> Result<(), Failure> {
        let written = self.writer.append(&mut self.reader, at, (Some(entry), false));
        if written.is_err() {
            self.reader.tell_again();
        }
        written.map(drop)
    }

    /// The same, unless others wrote something that nobody here was told yet: then nothing is written, and false is
    /// returned. So what is announced never stands behind a word that it did not hear.
    pub fn append_unless_overtaken(&mut self, at: Timestamp, entry: &Entry) -> Result<bool, Failure> {
        let written = self.writer.append(&mut self.reader, at, (Some(entry), true));
        if written.is_err() {
            self.reader.tell_again();
        }
        written
    }

    /// Begins the journal, if it is not there yet.
    pub fn begin(&mut self, at: Timestamp) -> Result<(), Failure> {
        self.writer.append(&mut self.reader, at, (None, false)).map(drop)
    }

    /// Reads what others have written since the last time. What cannot be read now stays as it was: whoever goes on from
    /// a history that is too old finds out when the next entry is appended. The failure is for those who look at it.
    pub fn read(&mut self) -> Result<(), Failure> {
        self.reader.read_on().map_err(|error| {
            Failure::new(FailureKind::Unavailable, "the journal cannot be read")
                .because(format!("{}: {error}", self.folder.display()))
                .hint("Make the folder readable; nothing can be promoted before that.")
        })
    }

    /// What the journal adds up to, if others were seen to write to it since this was asked, by reading or on appending.
    /// The first time after something was read always.
    pub fn news(&mut self) -> Option<History> {
        self.reader.news()
    }

    /// Both at once.
    pub fn read_if_changed(&mut self) -> Option<History> {
        self.read().ok();
        self.news()
    }

    /// Puts the journal aside under another name, with everything beside it, and begins a new one. Returns where it
    /// is now; `None` when there was none.
    pub fn set_aside(&mut self, at: Timestamp) -> Result<Option<PathBuf>, Failure> {
        let aside = self.writer.set_aside(at)?;
        if aside.is_some() {
            self.log = None;
            self.begin(at)?;
        }
        Ok(aside)
    }

    /// Keeps lines in the full log of `run`, or of the console when no run is meant.
    pub fn keep_log(&mut self, run: Option<&RunId>, lines: &[LogLine]) -> io::Result<()> {
        let name = run.map_or_else(|| "lockstep.log".to_owned(), log_name);
        let mut text = String::new();
        for line in lines {
            // Writing to a `String` cannot fail.
            writeln!(text, "{} {:9} {}", line.at, line.source.word(), line.text).ok();
        }
        let (_, file) = match self.log.take() {
            Some((open, file)) if open == name => self.log.insert((open, file)),
            _ => {
                let folder = self.folder.join(LOGS);
                fs::create_dir_all(&folder)?;
                let file = OpenOptions::new().create(true).append(true).open(folder.join(&name))?;
                self.log.insert((name, file))
            }
        };
        file.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests;
