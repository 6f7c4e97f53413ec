//! The files of a journal: their names, the head beside them, and who holds it. Absent: what the records say.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The journal of versions that kept no chain; number 0.
const UNCHAINED: &str = "journal.jsonl";

const HEAD: &str = "journal.head";
const LOCK: &str = "journal.lock";

/// Where the chain ends. Kept beside it, so that records cut off at the end are missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The number of the last record.
    pub(super) seq: u64,
    /// Its digest.
    pub(super) hash: String,
    /// The file that it is in.
    pub(super) file: String,
}

/// The right to write, until it is dropped. Other processes, and other journals of this one, wait.
#[derive(Debug)]
pub(super) struct Hold {
    file: File,
}

/// Why there is no hold.
pub(super) enum Busy {
    /// Somebody else has it: what they wrote about themselves.
    Held(String),
    /// The lock file cannot be used.
    Broken(io::Error),
}

/// The file with this number.
pub(super) fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(name(number))
}

/// The name of the file with this number.
pub(super) fn name(number: u32) -> String {
    if number == 0 { UNCHAINED.to_owned() } else { format!("journal-{number:06}.jsonl") }
}

/// The numbers of the files that are there, in order.
pub(super) fn numbers(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let found = entry?.file_name();
        let Some(found) = found.to_str() else { continue };
        let digits = found.strip_prefix("journal-").and_then(|rest| rest.strip_suffix(".jsonl"));
        let number = if found == UNCHAINED { Some(0) } else { digits.and_then(|it| it.parse().ok()) };
        numbers.extend(number.filter(|number| name(*number) == found));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Where the lock file is.
pub(super) fn lock(folder: &Path) -> PathBuf {
    folder.join(LOCK)
}

/// Makes what was done in a folder (a new file, a new name) survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl Head {
    /// The head of the journal in `folder`; `None` when there is none. One that cannot be understood is an error of
    /// kind `InvalidData`.
    pub(super) fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read(folder.join(HEAD)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts this head in the place of the one before; after a crash there is one or the other.
    pub(super) fn replace(&self, folder: &Path) -> io::Result<()> {
        let draft = folder.join(format!("{HEAD}.new"));
        let mut file = File::create(&draft)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(draft, folder.join(HEAD))
    }
}

impl Hold {
    /// Waits at most `patience` for the right to write to the journal in `folder`, which is there. `about` tells
    /// others who has it.
    pub(super) fn take(folder: &Path, patience: Duration, about: &str) -> Result<Self, Busy> {
        let path = lock(folder);
        loop {
            let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
            let file = wait(open.map_err(Busy::Broken)?, patience)?;
            // Whoever had it may have put the whole folder aside.
            if is_at(&file, &path) {
                let mut hold = Self { file };
                hold.sign(about);
                return Ok(hold);
            }
        }
    }

    /// A name that cannot be written, on a full disk, is missed and stops nothing.
    fn sign(&mut self, about: &str) {
        self.file.set_len(0).and_then(|()| self.file.write_all(about.as_bytes())).ok();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.file.set_len(0).ok();
        // Given back here and not when the file closes: a child that was just started may have inherited it.
        self.file.unlock().ok();
    }
}

fn wait(file: File, patience: Duration) -> Result<File, Busy> {
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(fs::TryLockError::Error(error)) => return Err(Busy::Broken(error)),
        Err(fs::TryLockError::WouldBlock) => {}
    }
    // The system wakes a thread up when the lock is free, but not after a time; a thread that comes too late finds
    // nobody who takes the file, and closes it.
    let mut seen = file.try_clone().map_err(Busy::Broken)?;
    let (sender, receiver) = mpsc::sync_channel(0);
    thread::Builder::new()
        .spawn(move || {
            let locked = file.lock().map(|()| file);
            sender.send(locked).ok();
        })
        .map_err(Busy::Broken)?;
    if let Ok(locked) = receiver.recv_timeout(patience) {
        locked.map_err(Busy::Broken)
    } else {
        let mut holder = String::new();
        seen.read_to_string(&mut holder).ok();
        Err(Busy::Held(holder))
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}
