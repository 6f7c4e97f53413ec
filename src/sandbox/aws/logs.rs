//! The log book behind the emulated CloudWatch Logs: groups, streams and bounded rings of events.
//!
//! Events are kept in memory and in `logs/events.ndjson`, which outlives the process. Absent on purpose:
//! the CloudWatch calls ([`super::cloudwatch`]) and the wording of lines ([`super::lines`]).

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

use super::settings::WorldError;
use super::state;

/// Events kept per stream; older ones go.
const EVENTS_PER_STREAM: usize = 5_000;
/// Streams kept per group; the one that was silent longest goes.
const STREAMS_PER_GROUP: usize = 200;
/// Lines appended to the file before it is written anew with only what is kept.
const LINES_BEFORE_REWRITE: usize = 100_000;
/// Lines that may wait for the disk; a disk slower than that loses them, memory stays bounded.
const LINES_WAITING: usize = 50_000;

/// All log groups of the instance; clones are the same book.
#[derive(Clone)]
pub(super) struct LogBook(Arc<Book>);

struct Book {
    pages: Mutex<Pages>,
    path: PathBuf,
    something_waits: Notify,
    /// One writer at a time, so that lines stay in order.
    pen: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Pages {
    groups: BTreeMap<String, Group>,
    next_number: u64,
    waiting: Vec<Record>,
    lines_on_disk: usize,
    rewrite: bool,
}

/// One log group.
#[derive(Default)]
pub(super) struct Group {
    pub(super) streams: BTreeMap<String, Stream>,
}

/// One log stream: its newest events, oldest first.
#[derive(Default)]
pub(super) struct Stream {
    pub(super) events: VecDeque<Event>,
}

/// One log event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Counts up over all streams; makes the event's stable identifier.
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) message: String,
}

/// An event as a line of the file.
#[derive(Clone, Serialize, Deserialize)]
struct Record {
    number: u64,
    at: Timestamp,
    group: String,
    stream: String,
    message: String,
}

impl LogBook {
    /// Opens the book kept in a folder; a line that cannot be read (a torn last one) is left out.
    pub(super) async fn open(folder: &Path) -> Result<Self, WorldError> {
        let failed = |doing, path: &Path, source| WorldError::File { doing, path: path.to_owned(), source };
        tokio::fs::create_dir_all(folder).await.map_err(|source| failed("make", folder, source))?;
        let path = folder.join("events.ndjson");
        let bytes = match tokio::fs::read(&path).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(failed("read", &path, source)),
        };
        let mut pages = Pages { rewrite: true, ..Pages::default() };
        for line in bytes.split(|byte| *byte == b'\n') {
            if let Ok(record) = serde_json::from_slice::<Record>(line) {
                pages.next_number = pages.next_number.max(record.number + 1);
                pages.keep(record);
            }
        }
        let pen = tokio::sync::Mutex::new(());
        Ok(Self(Arc::new(Book { pages: Mutex::new(pages), path, something_waits: Notify::new(), pen })))
    }

    /// Adds an event that happens now.
    pub(super) fn write(&self, group: &str, stream: &str, message: impl Into<String>) {
        self.write_at(group, stream, Timestamp::now(), message);
    }

    /// Adds an event with a time of its own.
    pub(super) fn write_at(&self, group: &str, stream: &str, at: Timestamp, message: impl Into<String>) {
        let mut pages = self.pages();
        let record = Record {
            number: pages.next_number,
            at,
            group: group.to_owned(),
            stream: stream.to_owned(),
            message: message.into(),
        };
        pages.next_number += 1;
        if pages.waiting.len() < LINES_WAITING {
            pages.waiting.push(record.clone());
        }
        pages.keep(record);
        drop(pages);
        self.0.something_waits.notify_one();
    }

    /// Forgets every event.
    pub(super) fn clear(&self) {
        let mut pages = self.pages();
        *pages = Pages { rewrite: true, ..Pages::default() };
    }

    /// Looks at the groups; the closure must be short, writers wait for it.
    pub(super) fn read<T>(&self, look: impl FnOnce(&BTreeMap<String, Group>) -> T) -> T {
        look(&self.pages().groups)
    }

    /// Carries what waits to the disk, again and again; never ends by itself.
    pub(super) async fn keep_on_disk(self) {
        loop {
            self.0.something_waits.notified().await;
            // A full disk must not end the sandbox: events stay in memory, the next line tries again.
            self.flush().await.ok();
        }
    }

    /// Carries what waits to the disk now.
    pub(super) async fn flush(&self) -> Result<(), WorldError> {
        let _pen = self.0.pen.lock().await;
        let (bytes, rewrite) = self.pages().take_for_disk();
        if rewrite {
            return state::replace(&self.0.path, bytes).await;
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let failed = |source| WorldError::File { doing: "write", path: self.0.path.clone(), source };
        let mut file = tokio::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.0.path)
            .await
            .map_err(failed)?;
        file.write_all(&bytes).await.map_err(failed)?;
        file.flush().await.map_err(failed)
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        // Events are whole at every moment the lock is free, even after a panic.
        self.0.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn keep(&mut self, record: Record) {
        let group = self.groups.entry(record.group).or_default();
        let stream = group.streams.entry(record.stream).or_default();
        if stream.events.len() == EVENTS_PER_STREAM {
            stream.events.pop_front();
        }
        stream.events.push_back(Event { number: record.number, at: record.at, message: record.message });
        if group.streams.len() > STREAMS_PER_GROUP {
            let silent = group.streams.iter().min_by_key(|(_, stream)| stream.last_number());
            if let Some(name) = silent.map(|(name, _)| name.clone()) {
                group.streams.remove(&name);
            }
        }
    }

    /// The bytes to bring to the disk, and whether they are the whole file.
    fn take_for_disk(&mut self) -> (Vec<u8>, bool) {
        let waiting = std::mem::take(&mut self.waiting);
        let rewrite = self.rewrite || self.lines_on_disk + waiting.len() > LINES_BEFORE_REWRITE;
        let records = if rewrite { self.all() } else { waiting };
        self.lines_on_disk = if rewrite { records.len() } else { self.lines_on_disk + records.len() };
        self.rewrite = false;
        let mut bytes = Vec::new();
        for record in records {
            // Text and numbers always become JSON.
            if serde_json::to_writer(&mut bytes, &record).is_ok() {
                bytes.push(b'\n');
            }
        }
        (bytes, rewrite)
    }

    fn all(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for (group, Group { streams }) in &self.groups {
            for (stream, Stream { events }) in streams {
                records.extend(events.iter().cloned().map(|event| Record {
                    number: event.number,
                    at: event.at,
                    group: group.clone(),
                    stream: stream.clone(),
                    message: event.message,
                }));
            }
        }
        records.sort_by_key(|record| record.number);
        records
    }
}

impl Stream {
    fn last_number(&self) -> Option<u64> {
        self.events.back().map(|event| event.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(book: &LogBook, group: &str, stream: &str) -> Vec<String> {
        book.read(|groups| {
            let events =
                groups.get(group).and_then(|group| group.streams.get(stream)).map(|stream| &stream.events);
            events.into_iter().flatten().map(|event| event.message.clone()).collect()
        })
    }

    #[tokio::test]
    async fn events_are_there_again_after_the_book_is_opened_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let book = LogBook::open(folder.path()).await.expect("opens");
        book.write("g", "s", "one");
        book.flush().await.expect("written whole");
        book.write("g", "s", "two");
        book.flush().await.expect("appended");
        let again = LogBook::open(folder.path()).await.expect("opens");
        assert_eq!(messages(&again, "g", "s"), ["one", "two"]);
        again.write("g", "s", "three");
        let numbers: Vec<u64> =
            again.read(|groups| groups["g"].streams["s"].events.iter().map(|event| event.number).collect());
        assert_eq!(numbers, [0, 1, 2]);
    }

    #[tokio::test]
    async fn a_torn_last_line_costs_only_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let book = LogBook::open(folder.path()).await.expect("opens");
        book.write("g", "s", "whole");
        book.flush().await.expect("written");
        let path = folder.path().join("events.ndjson");
        let mut bytes = std::fs::read(&path).expect("readable");
        bytes.extend_from_slice(b"{\"number\":7,\"at\":\"20");
        std::fs::write(&path, bytes).expect("writable");
        let again = LogBook::open(folder.path()).await.expect("opens");
        assert_eq!(messages(&again, "g", "s"), ["whole"]);
    }

    #[tokio::test]
    async fn a_stream_keeps_its_newest_events_and_a_group_its_newest_streams() {
        let folder = tempfile::tempdir().expect("a folder");
        let book = LogBook::open(folder.path()).await.expect("opens");
        for number in 0..=EVENTS_PER_STREAM {
            book.write("g", "s", number.to_string());
        }
        let kept = messages(&book, "g", "s");
        assert_eq!((kept.len(), kept[0].as_str()), (EVENTS_PER_STREAM, "1"));
        for number in 0..STREAMS_PER_GROUP {
            book.write("g", &format!("instance/{number}"), "x");
        }
        assert!(messages(&book, "g", "s").is_empty());
        assert_eq!(book.read(|groups| groups["g"].streams.len()), STREAMS_PER_GROUP);
    }

    #[tokio::test]
    async fn a_cleared_book_is_empty_on_disk_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let book = LogBook::open(folder.path()).await.expect("opens");
        book.write("g", "s", "gone");
        book.flush().await.expect("written");
        book.clear();
        book.flush().await.expect("written");
        assert!(messages(&LogBook::open(folder.path()).await.expect("opens"), "g", "s").is_empty());
    }
}
