//! P9: what fails beside an operation changes nothing about its outcome; a journal that cannot be written stops the next
//! step. Real limits of the system: a file that may not grow, a folder that may not be written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use lockstep::domain::Timestamp;
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::journal::{Entry, Notice};
use lockstep::domain::names::RunId;
use lockstep::domain::release::Version;
use lockstep::engine::event::Intent;
use lockstep::runtime::Journal;
use serde_json::{Value, json};
use tokio::process::Command;

use super::witness::{Ride, dev};
use crate::program::place::{DEMO, FAST, Place, Said};

/// An ordinary user that every system has room for.
const NOBODY: u32 = 65_534;

#[tokio::test]
async fn p09_from_whichever_moment_the_journal_fails_the_run_ends_and_its_lock_is_let_go() {
    let mut whole = Ride::planned().await;
    whole.confirm();
    whole.on(usize::MAX).await;
    for moment in 0..whole.events {
        let mut ride = Ride::planned().await;
        if moment == 0 {
            ride.spoil();
        }
        ride.confirm();
        ride.on(moment).await;
        let was_over = ride.runtime.state().running().next().is_none();
        ride.spoil();
        ride.on(usize::MAX).await;
        let failure = ride.end();
        let seen = ride.seen.lock().unwrap();
        assert_eq!(seen.locks.0, seen.locks.1, "spoilt at {moment}: the lock is still held");
        let messages = &ride.runtime.state().messages;
        let told =
            |what: &str| messages.iter().any(|it| matches!(&it.text, Err(failure) if failure.what == what));
        let what = "the journal could not be written, so nothing more was done";
        let unrecorded = "dev runs v1.4.0, proven, and that is not on record";
        assert!(was_over || told(what) || told(unrecorded), "spoilt at {moment}: {failure:?} {messages:?}");
        assert!(was_over || failure.is_some(), "spoilt at {moment}: what is not on record is no success");
    }
}

#[tokio::test]
async fn p09_what_could_not_be_recorded_does_not_count() {
    let mut ride = Ride::planned().await;
    let at: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
    let run = RunId::from_text("r-20261121-140155000-dev");
    let failed = Failure::new(FailureKind::ActionNeeded, "the deployment was rolled back");
    let mut journal = Journal::at(&ride.folder);
    for entry in [
        Entry::Began {
            run: run.clone(),
            environment: dev(),
            version: Version::parse("v1.4.0").unwrap(),
            plan: "8c41f0".to_owned(),
            by: "bob".to_owned(),
            aim: None,
            reason: None,
            overridden: None,
        },
        Entry::Concluded { run, environment: dev(), result: Err(failed), schema: None },
    ] {
        journal.append(at, &entry).unwrap();
    }
    ride.runtime.intend(Intent::Refresh);
    ride.on(usize::MAX).await;
    for is_spoilt in [true, false] {
        if is_spoilt {
            ride.spoil();
        } else {
            ride.mend();
        }
        assert!(ride.runtime.state().history.alarm(&dev()).is_some());
        ride.runtime.intend(Intent::Resolve { environment: dev(), reason: "mended by hand".to_owned() });
        ride.on(usize::MAX).await;
        assert_eq!(ride.runtime.state().history.alarm(&dev()).is_some(), is_spoilt);
    }
}

#[tokio::test]
async fn p09_a_log_that_cannot_be_kept_changes_no_outcome() {
    let mut ride = Ride::planned().await;
    fs::create_dir_all(&ride.folder).unwrap();
    fs::write(ride.folder.join("logs"), "in the way").unwrap();
    ride.confirm();
    ride.on(usize::MAX).await;
    assert_eq!(ride.end(), None);
    assert!(ride.runtime.state().log.lines().next().is_some(), "there was something to keep");
    assert!(ride.folder.join("logs").is_file());
}

#[tokio::test]
async fn p09_a_report_that_cannot_be_written_or_uploaded_changes_no_outcome() {
    let place = Place::awake(FAST).await;
    fs::write(place.home().join("reports"), "in the way").unwrap();
    let said = place.run(&["promote", "dev", "--release", "v1.3.0"]).await;
    // What it ends with is what the promotion came to.
    assert_eq!(said.code, 4, "{said:#?}");
    assert!(
        said.err.contains("error: the report of r-") && said.err.contains("could not be written"),
        "{said:#?}"
    );
    assert!(said.err.contains("`lockstep journal show` has all of it"), "{said:#?}");
    fs::remove_file(place.home().join("reports")).unwrap();

    let config = place.sandbox().join("lockstep.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("-operation-reports", "-gone")).unwrap();
    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.err.contains("into the bucket bagel-store-demo1-gone\n  because NoSuchBucket"), "{said:#?}");
    let path = place.ok(&["report", "open", "--path"]).await;
    assert!(fs::read_to_string(path.trim()).unwrap().contains("<span>Proven</span>"), "{path}");
    assert!(
        said.err.contains(&format!("The report is in {}; copy it from there.", path.trim())),
        "{said:#?}"
    );
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn p09_a_full_disk_stops_a_promotion_before_its_next_step_and_room_lets_it_go_on() {
    let place = Place::awake(FAST).await;
    let dev = before(&place).await;

    // Not even the first record fits.
    let said = limited(&place, 0, &["promote", "dev", "--release", "v1.4.0"]).await;
    let told = "error: the journal could not be written, so nothing more was done\n  because ";
    assert!(said.code == 3 && said.err.contains(told), "{said:#?}");
    assert!(said.err.contains("Make room there, then try again: every step needs its record first.\n"));
    assert_eq!((before(&place).await, place.journal()), (dev.clone(), Vec::new()));

    // Some do: the limit is 64 KiB, and the journal is filled to little less.
    let at: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
    let mut journal = Journal::at(place.journal_folder());
    let file = place.journal_folder().join("journal-000001.jsonl");
    let mut filled = 0;
    while fs::metadata(&file).map_or(0, |metadata| metadata.len()) < 64 * 1024 - 5_000 {
        let notice = Notice { by: "ana".to_owned(), reason: "flour ".repeat(100) };
        journal.append(at, &Entry::Line { stopped: false, notice }).unwrap();
        filled += 1;
    }
    let said = limited(&place, 128, &["promote", "dev", "--release", "v1.4.0"]).await;
    assert!(said.code == 3 && said.err.contains(told), "{said:#?}");
    let records = place.journal().split_off(filled);
    assert!(records.iter().any(|record| record["record"] == "began"), "{records:#?}");
    assert!(records.iter().all(|record| record["record"] != "concluded"), "{records:#?}");
    assert_eq!(before(&place).await, dev, "nothing was changed, and no lock is left");
    let found = place.json(&["journal", "verify"]).await;
    assert_eq!(
        (&found["intact"], &found["notes"]),
        (&json!(true), &json!([])),
        "no half a record: {found:#}"
    );

    // Its end could not be recorded either, so somebody has to look first: nothing had begun.
    let said = place.run(&["reconcile", "dev", "--attach", "--settle"]).await;
    assert!(said.out.contains("not started"), "{said:?}");
    let result = place.json(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(result["proven"], true, "{result:#}");
    assert_eq!(place.json(&["journal", "verify"]).await["intact"], true);
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn p09_a_folder_that_may_not_be_written_stops_a_promotion_before_its_first_step() {
    let place = Place::awake(FAST).await;
    let dev = before(&place).await;
    // An ordinary user with the same configuration, in a home that is not theirs.
    let config = fs::read_to_string(place.sandbox().join("lockstep.toml")).unwrap();
    fs::write(place.work().join("lockstep.toml"), config).unwrap();
    fs::set_permissions(place.home(), Permissions::from_mode(0o555)).unwrap();
    let program = place.work().join("lockstep");
    fs::copy(env!("CARGO_BIN_EXE_lockstep"), &program).unwrap();
    let mut command = Command::new(&program);
    if nix::unistd::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
        give_up(&place.sandbox());
    }
    let said =
        finish(&place, &mut command, &["--instance", DEMO, "promote", "dev", "--release", "v1.4.0"]).await;
    fs::set_permissions(place.home(), Permissions::from_mode(0o755)).unwrap();
    assert!(said.code == 3, "{said:#?}");
    assert!(
        said.err.contains("error: the journal could not be written, so nothing more was done\n"),
        "{said:#?}"
    );
    assert!(said.err.contains("Permission denied"), "{said:#?}");
    assert!(said.err.contains("Make the folder and its files writable, then try again"), "{said:#?}");
    assert_eq!((before(&place).await, place.journal()), (dev, Vec::new()));
    place.ok(&["demo", "down"]).await;
}

/// What a promotion of dev would change.
async fn before(place: &Place) -> Value {
    let status = place.json(&["status", "--instance", DEMO]).await;
    let dev = &status["environments"][0];
    let database = &dev["database"];
    json!([
        dev["version"],
        dev["service"]["status"],
        database["rows"],
        database["lock"],
        database["promoting"]
    ])
}

/// Runs the program while no file may grow beyond so many blocks of 512 bytes, which is what a full disk is to it.
async fn limited(place: &Place, blocks: u32, words: &[&str]) -> Said {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    command.arg(env!("CARGO_BIN_EXE_lockstep"));
    finish(place, &mut command, words).await
}

async fn finish(place: &Place, command: &mut Command, words: &[&str]) -> Said {
    command.args(words).env_clear().envs(place.environment()).current_dir(place.work());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Lets everybody read the releases of a sandbox, and hides its configuration, of which there is a copy elsewhere.
fn give_up(sandbox: &Path) {
    fs::set_permissions(sandbox, Permissions::from_mode(0o711)).unwrap();
    fs::set_permissions(sandbox.join("releases"), Permissions::from_mode(0o755)).unwrap();
}
