//! Reads what was appended since the last time, whoever wrote it, and adds it up. Nothing is read twice, unless
//! another journal stands where this one was.
//!
//! Absent: judging the chain, which is `verification`'s. A line that cannot be understood is passed over.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::chain;
use super::files;
use super::record::Record;
use crate::domain::Timestamp;
use crate::domain::journal::{Entry, History};

/// How far the journal was read, and what it added up to.
#[derive(Debug)]
pub(super) struct Reader {
    folder: PathBuf,
    place: Place,
    history: History,
    /// True when the history holds something that nobody was told yet.
    is_news: bool,
    /// How often another journal was found in the place of this one.
    replaced: u32,
    was_read: bool,
}

/// The end of the last record that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The number of its file; 0 is the one without a chain.
    pub(super) number: u32,
    /// The byte after it.
    pub(super) offset: u64,
    /// Its number; 0 before the first record of the chain.
    pub(super) seq: u64,
    /// Its digest; empty before the first.
    pub(super) hash: String,
    /// The digest that it follows.
    pub(super) prev: String,
    /// What follows it in the file and is no record.
    pub(super) tail: Vec<u8>,
    /// The form that the journal is written in, and by which lockstep.
    pub(super) format: Option<(u32, String)>,
    /// Which file on the disk that is; a file that was put in its place has another.
    inode: Option<u64>,
}

impl Reader {
    /// Nothing is read yet.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            place: Place::default(),
            history: History::default(),
            is_news: false,
            replaced: 0,
            was_read: false,
        }
    }

    /// How far it was read.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// How often another journal was found in the place of this one.
    pub(super) fn replaced(&self) -> u32 {
        self.replaced
    }

    /// The history, if it holds something that was not asked for since.
    pub(super) fn news(&mut self) -> Option<History> {
        std::mem::take(&mut self.is_news).then(|| self.history.clone())
    }

    /// True when the history holds something that was not asked for yet.
    pub(super) fn has_news(&self) -> bool {
        self.is_news
    }

    /// Makes news of what was told already.
    pub(super) fn tell_again(&mut self) {
        self.is_news = true;
    }

    /// Reads on to the end. After a failure what was read before stays: when the files are gone of which something was
    /// read, the error is of kind `NotFound`.
    pub(super) fn read_on(&mut self) -> io::Result<()> {
        self.is_news |= !std::mem::replace(&mut self.was_read, true);
        if self.is_replaced()? || !self.read_files()? {
            let place = std::mem::take(&mut self.place);
            let history = std::mem::take(&mut self.history);
            if let Err(error) = self.read_files() {
                (self.place, self.history) = (place, history);
                return Err(error);
            }
            self.is_news = true;
            self.replaced += 1;
        }
        Ok(())
    }

    /// Takes over a record that was just written at the end of file `number`.
    pub(super) fn wrote(&mut self, number: u32, record: Record, hash: String, length: u64) -> io::Result<()> {
        let path = files::path(&self.folder, number);
        if self.place.number != number || self.place.inode.is_none() {
            self.place.number = number;
            self.place.offset = 0;
            self.place.inode = Some(fs::metadata(path)?.ino());
        }
        self.place.offset += length;
        self.place.tail.clear();
        self.place.follow(&record, hash);
        if let Some((at, entry)) = said(record) {
            // Whoever wrote the others counts them already.
            self.is_news |= entry.counts_once_written();
            self.history.add(at, &entry);
        }
        Ok(())
    }

    /// What follows the last record was cut off.
    pub(super) fn cut_tail(&mut self) {
        self.place.tail.clear();
    }

    /// True when other files are there than those that were read.
    fn is_replaced(&self) -> io::Result<bool> {
        let Some(inode) = self.place.inode else { return Ok(false) };
        match fs::metadata(files::path(&self.folder, self.place.number)) {
            Ok(metadata) => Ok(metadata.ino() != inode || metadata.len() < self.place.offset),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if [0, 1].iter().any(|number| files::path(&self.folder, *number).exists()) {
                    return Ok(true);
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the rest of this file and all that follow. False when what follows is not the chain that was read so far.
    fn read_files(&mut self) -> io::Result<bool> {
        loop {
            let next = self.place.number + 1;
            // Asked first: once the next file is there nothing is added to this one.
            let has_next = files::path(&self.folder, next).exists();
            if !self.read_file()? {
                return Ok(false);
            }
            if !has_next {
                return Ok(true);
            }
            self.place.number = next;
            self.place.offset = 0;
            self.place.inode = None;
        }
    }

    fn read_file(&mut self) -> io::Result<bool> {
        let Some((bytes, inode)) = rest(&files::path(&self.folder, self.place.number), self.place.offset)?
        else {
            return Ok(true);
        };
        let was_begun = self.place.inode.replace(inode).is_some();
        let (mut end, mut at) = (0, 0);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            at += line.len();
            let Some(line) = line.strip_suffix(b"\n") else { break };
            let Ok(record) = serde_json::from_slice::<Record>(line) else { continue };
            if self.place.number > 0 {
                let Some((hash, _)) = chain::open(line) else { continue };
                if was_begun && end == 0 && record.prev != self.place.hash {
                    return Ok(false);
                }
                self.place.follow(&record, hash.to_owned());
            }
            self.is_news |= self.add(record);
            end = at;
        }
        self.place.offset += end as u64;
        self.place.tail = bytes.get(end..).unwrap_or_default().to_vec();
        Ok(true)
    }

    /// Adds a record up. True when it says something about the world.
    fn add(&mut self, record: Record) -> bool {
        let Some((at, entry)) = said(record) else { return false };
        self.history.add(at, &entry);
        true
    }
}

impl Place {
    fn follow(&mut self, record: &Record, hash: String) {
        self.seq = record.seq;
        self.prev.clone_from(&record.prev);
        self.hash = hash;
        if let Some((format, lockstep)) = record.entry.format() {
            self.format = Some((format, lockstep.to_owned()));
        }
    }
}

fn said(record: Record) -> Option<(Timestamp, Entry)> {
    Some((record.at, record.entry.into_entry()?))
}

/// What a file holds from `offset` on, and which file on the disk it is; `None` when it is not there.
fn rest(path: &Path, offset: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    let mut bytes = Vec::new();
    if metadata.len() > offset {
        file.seek(SeekFrom::Start(offset))?;
        file.read_to_end(&mut bytes)?;
    }
    Ok(Some((bytes, metadata.ino())))
}
