//! Appends to the chain: waits for its turn, mends what a writer who died left behind, writes, and moves the head.
//!
//! A record counts once it is flushed to the disk and the head names it. Whatever fails on the way takes the record
//! back, so that the journal never holds one that nobody acted on.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::chain::{self, FORMAT};
use super::files::{self, Busy, Head, Hold};
use super::reader::Reader;
use super::record::{Record, RecordEntry, RecordUnchained};
use super::{FILE_SIZE, PATIENCE};
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::Entry;

/// Writes to one journal.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    pub(super) file_size: u64,
    /// The number of this process's `opened` record, in which of the journals that stood here.
    opened: Option<(u64, u32)>,
    who: OnceLock<Who>,
}

/// The process that writes.
#[derive(Debug)]
struct Who {
    host: String,
    user: String,
}

/// Why nothing was written.
enum Stop {
    /// The disk or its rights.
    Io(PathBuf, io::Error),
    /// Somebody else writes.
    Busy(String),
    /// There was a journal, and it is gone.
    Gone,
    /// It is not what the head says.
    Broken(String),
    /// It is written in a form that this version does not know.
    Newer(u32, String),
}

impl Writer {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, file_size: FILE_SIZE, opened: None, who: OnceLock::new() }
    }

    /// Appends `entry`, after whatever the journal itself needs in front of it. False when `gives_way` and others wrote
    /// something that nobody was told yet: then nothing is written.
    pub(super) fn append(
        &mut self,
        reader: &mut Reader,
        at: Timestamp,
        (entry, gives_way): (Option<&Entry>, bool),
    ) -> Result<bool, Failure> {
        self.write(reader, at, entry, gives_way).map_err(|stop| self.failure(stop))
    }

    /// Gives the folder another name while nobody writes. `None` when there is no folder.
    pub(super) fn set_aside(&mut self, at: Timestamp) -> Result<Option<PathBuf>, Failure> {
        if !self.folder.is_dir() {
            return Ok(None);
        }
        let name = format!("{}-until-{}", instance(&self.folder), at.strftime("%Y%m%d-%H%M%S"));
        let names = (2_u32..).map(|number| format!("{name}-{number}"));
        let mut paths = [name.clone()].into_iter().chain(names).map(|name| self.folder.with_file_name(name));
        let Some(aside) = paths.find(|path| !path.exists()) else { return Ok(None) };
        let held = self.hold().and_then(|_held| {
            fs::rename(&self.folder, &aside).map_err(|error| Stop::Io(self.folder.clone(), error))
        });
        self.opened = None;
        held.map(|()| Some(aside)).map_err(|stop| {
            let failure = self.failure(stop);
            Failure { what: format!("{} could not be set aside", self.folder.display()), ..failure }
        })
    }

    fn write(
        &mut self,
        reader: &mut Reader,
        at: Timestamp,
        entry: Option<&Entry>,
        gives_way: bool,
    ) -> Result<bool, Stop> {
        let was_there = reader.place().seq > 0 || reader.place().offset > 0;
        if !was_there {
            fs::create_dir_all(&self.folder).map_err(|error| Stop::Io(self.folder.clone(), error))?;
        }
        let _held = self.hold()?;
        reader.read_on().map_err(|error| self.unread(error))?;
        if let Some((format, lockstep)) = reader.place().format.clone().filter(|(format, _)| *format > FORMAT)
        {
            return Err(Stop::Newer(format, lockstep));
        }
        if gives_way && reader.has_news() {
            return Ok(false);
        }
        let mended = self.mend(reader)?;
        let place = reader.place();
        let is_full = place.offset >= self.file_size;
        // Without records: whoever began the file died over the first one.
        let is_bare = place.number > 1 && place.offset == 0;
        if place.seq > 0 && (is_full || is_bare) {
            let before = if is_bare { place.number - 1 } else { place.number };
            self.add(reader, at, RecordEntry::continued(&files::name(before)), is_full)?;
        }
        let is_open = self.opened.is_some_and(|(_, replaced)| replaced == reader.replaced());
        if !is_open || reader.place().seq == 0 {
            self.opened = None;
            let opened = self.opening(reader)?;
            self.add(reader, at, opened, reader.place().number == 0)?;
            self.opened = Some((reader.place().seq, reader.replaced()));
        }
        if let Some(mended) = mended {
            self.add(reader, at, mended, false)?;
        }
        if let Some(entry) = entry {
            self.add(reader, at, RecordEntry::from(entry), false)?;
        }
        Ok(true)
    }

    fn who(&self) -> &Who {
        self.who.get_or_init(|| Who { host: host(), user: user() })
    }

    fn hold(&self) -> Result<Hold, Stop> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let command = ["lockstep".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ");
        let Who { host, user } = self.who();
        let about = format!("process {} of {user} on {host} ({command})", std::process::id());
        Hold::take(&self.folder, PATIENCE, &about).map_err(|busy| match busy {
            Busy::Held(holder) => Stop::Busy(holder),
            Busy::Broken(error) if error.kind() == io::ErrorKind::NotFound => Stop::Gone,
            Busy::Broken(error) => Stop::Io(files::lock(&self.folder), error),
        })
    }

    /// Holds the end of the records against the head. What a writer who died left behind is put right; anything else
    /// that does not fit stops the writing. Returns what is to be told about it.
    fn mend(&self, reader: &mut Reader) -> Result<Option<RecordEntry>, Stop> {
        let place = reader.place();
        let head = Head::read(&self.folder).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => Stop::Broken(format!("its head cannot be understood: {error}")),
            _ => Stop::Io(self.folder.join("journal.head"), error),
        })?;
        let (seq, hash) = head.map_or_else(|| (0, String::new()), |head| (head.seq, head.hash));
        let is_ahead_by_one = place.seq == seq + 1 && (seq == 0 || place.prev == hash);
        if (place.seq, &place.hash) != (seq, &hash) && !is_ahead_by_one {
            return Err(Stop::Broken(format!(
                "its head names record {seq}, and the newest is record {}",
                place.seq
            )));
        }
        let number = place.number;
        let tail = if number == 0 { Vec::new() } else { place.tail.clone() };
        if !tail.is_empty() && !chain::is_unfinished(&tail) {
            return Err(Stop::Broken(format!("what follows record {} is no record", place.seq)));
        }
        if is_ahead_by_one {
            let head = Head { seq: place.seq, hash: place.hash.clone(), file: files::name(number) };
            head.replace(&self.folder).map_err(|error| Stop::Io(self.folder.clone(), error))?;
        }
        if tail.is_empty() {
            return Ok(None);
        }
        let kept = format!("unfinished-{:06}.txt", place.seq + 1);
        let path = files::path(&self.folder, number);
        keep(&self.folder.join(&kept), &tail)
            .and_then(|()| cut(&path, place.offset))
            .map_err(|error| Stop::Io(path, error))?;
        reader.cut_tail();
        Ok(Some(RecordEntry::Mended { bytes: tail.len(), kept }))
    }

    /// The first record of this process. The first of all tells what was there before there was a chain.
    fn opening(&self, reader: &Reader) -> Result<RecordEntry, Stop> {
        let path = files::path(&self.folder, 0);
        let unchained = match fs::read(&path) {
            Ok(bytes) if reader.place().seq == 0 => Some(RecordUnchained {
                file: files::name(0),
                bytes: bytes.len(),
                sha256: chain::digest(&bytes),
            }),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Stop::Io(path, error)),
            _ => None,
        };
        let Who { host, user } = self.who();
        Ok(RecordEntry::opened(&instance(&self.folder), host.clone(), user.clone(), unchained))
    }

    /// Writes one record, in one piece, and moves the head to it. In a further file when `is_next`.
    fn add(&self, reader: &mut Reader, at: Timestamp, entry: RecordEntry, is_next: bool) -> Result<(), Stop> {
        let place = reader.place();
        let (number, offset) = if is_next { (place.number + 1, 0) } else { (place.number, place.offset) };
        let prev = if place.seq == 0 { chain::genesis(&instance(&self.folder)) } else { place.hash.clone() };
        let record = Record { seq: place.seq + 1, at, writer: self.opened.map(|(seq, _)| seq), entry, prev };
        let path = files::path(&self.folder, number);
        let stop = |error: io::Error| Stop::Io(path.clone(), error);
        let object = serde_json::to_string(&record).map_err(|error| stop(error.into()))?;
        let (line, hash) = chain::seal(&object);
        let head = Head { seq: record.seq, hash: hash.clone(), file: files::name(number) };
        let written = write(&path, offset, &line)
            .and_then(|()| if offset == 0 { files::sync_folder(&self.folder) } else { Ok(()) })
            .and_then(|()| head.replace(&self.folder));
        if let Err(error) = written {
            // Where even that fails, the next writer finds a record that the head does not name yet.
            cut(&path, offset).ok();
            return Err(stop(error));
        }
        reader.wrote(number, record, hash, line.len() as u64).map_err(stop)?;
        files::sync_folder(&self.folder).map_err(stop)
    }

    fn unread(&self, error: io::Error) -> Stop {
        if error.kind() == io::ErrorKind::NotFound {
            Stop::Gone
        } else {
            Stop::Io(self.folder.clone(), error)
        }
    }

    fn failure(&self, stop: Stop) -> Failure {
        let failure =
            Failure::new(FailureKind::Failed, "the journal could not be written, so nothing more was done");
        let folder = self.folder.display();
        match stop {
            Stop::Io(path, error) => {
                failure.because(format!("{}: {error}", path.display())).hint(way_out(&error))
            }
            Stop::Busy(holder) => {
                let holder = if holder.is_empty() { "another process" } else { holder.as_str() };
                failure
                    .because(format!("{holder} has held {} for two seconds", files::lock(&self.folder).display()))
                    .hint("Wait until it is done, or end it if it hangs; then try again.")
            }
            Stop::Gone => failure
                .because(format!("{folder} was there, and is gone"))
                .hint("Bring it back, or start lockstep again to begin a new one."),
            Stop::Broken(why) => failure
                .because(format!("the journal in {folder} was changed by somebody else: {why}"))
                .hint("Look with `lockstep journal verify`. To begin a new one, give the folder another name and keep it."),
            Stop::Newer(format, lockstep) => failure
                .because(format!("the journal in {folder} has format {format}, of lockstep {lockstep}; this one knows {FORMAT}"))
                .hint("Use that version."),
        }
    }
}

/// What to do about an error of the file system.
fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "Make room there, then try again: every step needs its record first."
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "Make the folder and its files writable, then try again: every step needs its record first."
        }
        _ => "Put that right, then try again: every step needs its record first.",
    }
}

/// Writes at `offset`, which is the end, and returns once that is on the disk.
fn write(path: &Path, offset: u64, line: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(offset == 0).open(path)?;
    file.write_all(line)?;
    file.sync_data()
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}

fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    fs::File::open(path)?.sync_all()
}

/// The instance that a folder is named after.
fn instance(folder: &Path) -> String {
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn host() -> String {
    nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Who this process belongs to, as the system knows them.
fn user() -> String {
    let uid = nix::unistd::geteuid();
    nix::unistd::User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}
