//! P1: no side effect without an intent record on disk first.

use std::fs;
use std::path::Path;
use std::process::Command;

use lockstep::domain::Timestamp;
use lockstep::domain::journal::{Entry, Notice};
use lockstep::domain::lock::{Grant, LockSight};
use lockstep::engine::effect::{DatabaseCall, Effect};
use lockstep::engine::event::Intent;
use lockstep::runtime::Journal;
use lockstep::runtime::journal::{Line, Said, lines};

use super::witness::{Ride, dev};
use crate::console::Script;

/// Tells this test program to be the one on a full disk.
const FULL: &str = "LOCKSTEP_TEST_FULL_DISK";

/// The most that a file may hold there: 64 blocks of 512 bytes.
const ROOM: usize = 64 * 512;

#[tokio::test]
async fn p01_every_change_finds_its_intent_on_the_disk_when_it_begins() {
    let mut ride = Ride::planned().await;
    assert_eq!(ride.seen.lock().unwrap().mutations, [], "nothing was confirmed yet");
    ride.confirm();
    ride.on(usize::MAX).await;
    assert_eq!(ride.end(), None);
    let seen = ride.seen.lock().unwrap();
    assert!(seen.mutations.len() >= 2, "a schema and an image were changed: {:?}", seen.mutations);
    for (effect, on_disk) in &seen.mutations {
        assert_eq!(on_disk, &Ok(()), "{effect:?}");
    }
}

#[tokio::test]
async fn p01_from_whichever_moment_the_journal_fails_nothing_is_changed_any_more() {
    let mut whole = Ride::planned().await;
    whole.confirm();
    whole.on(usize::MAX).await;
    let changes = whole.seen.lock().unwrap().mutations.len();
    let mut counts = Vec::new();
    for moment in 0..=whole.events {
        let mut ride = Ride::planned().await;
        if moment == 0 {
            ride.spoil();
        }
        ride.confirm();
        ride.on(moment).await;
        let before = ride.seen.lock().unwrap().mutations.len();
        ride.spoil();
        let records = lines(&ride.folder).unwrap().len();
        ride.on(usize::MAX).await;
        let seen = ride.seen.lock().unwrap();
        for (effect, on_disk) in &seen.mutations {
            assert_eq!(on_disk, &Ok(()), "spoilt at {moment}: {effect:?}");
        }
        // One may have been announced already, and be about to begin.
        assert!(seen.mutations.len() <= before + 1, "spoilt at {moment}: {:?}", seen.mutations);
        assert_eq!(lines(&ride.folder).unwrap().len(), records);
        counts.push(seen.mutations.len());
    }
    assert_eq!(counts.first(), Some(&0));
    assert_eq!(counts.last(), Some(&changes));
    assert!(counts.is_sorted(), "{counts:?}");
}

#[tokio::test]
async fn p01_a_lock_is_let_go_only_with_its_intent_on_the_disk() {
    let script = Script::new();
    let by = "vm#r-20261121-140155000-dev (10.0.0.7)".to_owned();
    let at: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
    let stale = Grant { by, wall: Some(at) };
    script.locked(0, LockSight { at, liquibase: Some(stale), promoting: Vec::new(), sessions: Vec::new() });
    let mut ride = Ride::planned_in(script).await;
    ride.runtime.intend(Intent::InspectLocks(vec![dev()]));
    ride.on(usize::MAX).await;
    ride.spoil();
    ride.runtime.intend(Intent::ReleaseLock(dev()));
    ride.on(usize::MAX).await;
    assert_eq!(ride.seen.lock().unwrap().mutations, [], "nothing says that it is let go");
    ride.mend();
    ride.runtime.intend(Intent::ReleaseLock(dev()));
    ride.on(usize::MAX).await;
    let seen = ride.seen.lock().unwrap();
    let [(Effect::Database(_, DatabaseCall::ReleaseLock(_)), Ok(()))] = &seen.mutations[..] else {
        panic!("{:?}", seen.mutations)
    };
}

#[tokio::test]
async fn p01_whichever_record_finds_no_room_what_it_announces_does_not_happen() {
    if std::env::var_os(FULL).is_some() {
        return on_a_full_disk().await;
    }
    // No file may grow beyond the limit, which is what a full disk is to a program. The limit is that of a process.
    let name = "promises::p01_no_side_effect_without_its_record::p01_whichever_record_finds_no_room_what_it_announces_does_not_happen";
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(FULL, "1")
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(limited.status.success(), "{}{}", said(&limited.stdout), said(&limited.stderr));
}

async fn on_a_full_disk() {
    let mut whole = Ride::planned().await;
    let filled = fill(&whole.folder, 0);
    whole.confirm();
    whole.on(usize::MAX).await;
    let records = lines(&whole.folder).unwrap().split_off(filled);
    let lengths: Vec<usize> = records.iter().map(length).collect();
    let empty = fs::metadata(whole.folder.join("journal-000001.jsonl")).unwrap().len();
    let empty = usize::try_from(empty).unwrap() - lengths.iter().sum::<usize>();
    for (index, record) in records.iter().enumerate() {
        let mut ride = Ride::planned().await;
        // All but the last byte of this record fits.
        let padding = ROOM + 1 - empty - lengths[..=index].iter().sum::<usize>();
        fill(&ride.folder, padding);
        ride.confirm();
        ride.on(usize::MAX).await;
        let at = &record.text;
        let seen = ride.seen.lock().unwrap();
        for (effect, on_disk) in &seen.mutations {
            assert_eq!(on_disk, &Ok(()), "no room for {at}: {effect:?}");
        }
        let announced = records[..index].iter().filter(|record| is_intent(record)).count();
        assert_eq!(seen.mutations.len(), announced, "no room for {at}: {:?}", seen.mutations);
        let kept = lines(&ride.folder).unwrap().split_off(filled + index);
        assert!(kept.iter().all(is_end), "no room for {at}: {kept:#?}");
        assert_eq!(seen.locks.0, seen.locks.1, "no room for {at}: the lock is still held");
        assert!(ride.runtime.state().running().next().is_none(), "no room for {at}: it is not over");
    }
}

/// Makes the journal that much longer. Returns how many records it has then.
fn fill(folder: &Path, padding: usize) -> usize {
    let at: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
    let notice = Notice { by: "ana".to_owned(), reason: "x".repeat(padding) };
    Journal::at(folder).append(at, &Entry::Line { stopped: false, notice }).unwrap();
    lines(folder).unwrap().len()
}

fn length(record: &Line) -> usize {
    record.text.len() + 1
}

fn is_intent(record: &Line) -> bool {
    matches!(&record.said, Said::Entry(entry) if matches!(**entry, Entry::Intended { .. }))
}

/// True when it says no more than how something ended.
fn is_end(record: &Line) -> bool {
    matches!(&record.said, Said::Entry(entry) if matches!(**entry, Entry::Ended { .. } | Entry::Concluded { .. }))
}
