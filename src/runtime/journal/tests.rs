//! The journal on a real disk.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use super::files::Head;
use super::record::{Record, RecordEntry};
use super::*;
use crate::domain::journal::Notice;
use crate::domain::names::EnvironmentName;
use crate::domain::release::Version;
use crate::domain::schema::SchemaDigest;
use crate::domain::schema::judgement::{LedgerPrint, SchemaRecord};
use crate::domain::step::StepKind;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn began(run: &str) -> Entry {
    Entry::Began {
        run: RunId::from_text(run),
        environment: EnvironmentName::parse("dev").unwrap(),
        version: Version::parse("v1.3.0").unwrap(),
        plan: "8c41f0".to_owned(),
        by: "ana".to_owned(),
        aim: None,
        reason: None,
        overridden: None,
    }
}

fn intended(run: &str, what: &str) -> Entry {
    Entry::Intended { run: RunId::from_text(run), step: StepKind::Update, what: what.to_owned() }
}

fn concluded(run: &str, result: Result<String, Failure>) -> Entry {
    Entry::Concluded {
        run: RunId::from_text(run),
        environment: EnvironmentName::parse("dev").unwrap(),
        result,
        schema: None,
    }
}

/// A folder for the journal of `demo1`.
fn place() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("demo1");
    (root, folder)
}

/// A journal with the whole of one run in it.
fn one_run(folder: &Path) -> Journal {
    let mut journal = Journal::at(folder);
    for entry in
        [began("r-1"), intended("r-1", "apply 3 changesets"), concluded("r-1", Ok("done".to_owned()))]
    {
        journal.append(NOW, &entry).unwrap();
    }
    journal
}

fn newest(folder: &Path) -> PathBuf {
    files::path(folder, *files::numbers(folder).unwrap().last().unwrap())
}

fn add_bytes(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn what_was_written_is_read_back_the_same() {
    let (_root, folder) = place();
    let failure = Failure::new(FailureKind::ActionNeeded, "health check failed").because("503").hint("Look.");
    let concluded = Entry::Concluded {
        run: RunId::from_text("r-1"),
        environment: EnvironmentName::parse("dev").unwrap(),
        result: Err(failure),
        schema: Some(SchemaRecord {
            print: LedgerPrint::from_text("51c0"),
            digest: SchemaDigest::from_text("1.15.ffee"),
        }),
    };
    let mut journal = Journal::at(&folder);
    assert_eq!(journal.read_if_changed(), Some(History::default()), "asked for the first time");
    let mut expected = History::default();
    for entry in [began("r-1"), concluded] {
        journal.append(NOW, &entry).unwrap();
        expected.add(NOW, &entry);
    }
    assert_eq!(journal.read_if_changed(), None, "whoever wrote it knows it");
    assert_eq!(Journal::at(&folder).read_if_changed(), Some(expected));
    assert!(verify(&folder).unwrap().is_intact());
}

#[test]
fn a_conclusion_of_an_older_journal_is_read_without_a_schema() {
    let line = r#"{"at":"2026-11-21T14:00:00Z","record":"concluded","run":"r-1","environment":"dev","result":{"ok":"done"}}"#;
    let record: Record = serde_json::from_str(line).unwrap();
    let Some(Entry::Concluded { schema: None, result, .. }) = record.entry.into_entry() else { panic!() };
    assert_eq!(result, Ok("done".to_owned()));
}

#[test]
fn what_another_process_appends_is_noticed_by_whoever_reads_and_by_whoever_writes() {
    let (_root, folder) = place();
    let (mut one, mut other) = (Journal::at(&folder), Journal::at(&folder));
    one.append(NOW, &began("r-1")).unwrap();
    assert_eq!(other.read_if_changed().unwrap().runs().len(), 1);
    one.append(NOW, &began("r-2")).unwrap();
    assert_eq!(other.read_if_changed().unwrap().runs().len(), 2);
    assert_eq!(other.read_if_changed(), None);
    other.append(NOW, &began("r-3")).unwrap();
    one.append(NOW, &began("r-4")).unwrap();
    let runs: Vec<_> =
        one.read_if_changed().unwrap().runs().iter().map(|past| past.run.to_string()).collect();
    assert_eq!(runs, ["r-1", "r-2", "r-3", "r-4"], "in the order of the journal");
    assert!(verify(&folder).unwrap().is_intact());
}

#[test]
fn only_what_is_new_is_read() {
    let (_root, folder) = place();
    let mut writer = one_run(&folder);
    let mut reader = Journal::at(&folder);
    assert_eq!(reader.read_if_changed().unwrap().runs().len(), 1);
    // What was read is spoilt on the disk, in place: only a second look at it would miss the run.
    let text = fs::read_to_string(newest(&folder)).unwrap();
    fs::write(newest(&folder), text.replacen("\"began\"", "\"bogus\"", 1)).unwrap();
    writer.append(NOW, &began("r-2")).unwrap();
    assert_eq!(reader.read_if_changed().unwrap().runs().len(), 2);
    assert_eq!(Journal::at(&folder).read_if_changed().unwrap().runs().len(), 1);
}

#[test]
fn eight_writers_at_once_give_one_chain_with_every_record_once() {
    let (_root, folder) = place();
    let begin = Arc::new(Barrier::new(8));
    let writers = (0..8).map(|writer| {
        let (folder, begin) = (folder.clone(), Arc::clone(&begin));
        thread::spawn(move || {
            let mut journal = Journal::at(&folder).with_file_size(4_000);
            begin.wait();
            for number in 0..12 {
                journal.append(NOW, &began(&format!("r-{writer}-{number}"))).unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.join().unwrap();
    }
    let verification = verify(&folder).unwrap();
    assert!(verification.is_intact(), "{:#?}", verification.breaches);
    assert!(verification.files.len() > 3, "{:?}", verification.files);
    let history = Journal::at(&folder).read_if_changed().unwrap();
    let mut runs: Vec<_> = history.runs().iter().map(|past| past.run.to_string()).collect();
    runs.sort();
    runs.dedup();
    assert_eq!(runs.len(), 96);
    let opened = lines(&folder).unwrap();
    let opened = opened.iter().filter(|line| line.text.contains(r#""record":"opened""#)).count();
    assert_eq!(opened, 8, "one for each writer");
}

#[test]
fn a_further_file_is_begun_by_size_and_the_chain_goes_on() {
    let (_root, folder) = place();
    let mut journal = Journal::at(&folder).with_file_size(1_000);
    for number in 0..20 {
        journal.append(NOW, &began(&format!("r-{number}"))).unwrap();
    }
    let verification = verify(&folder).unwrap();
    assert!(verification.is_intact(), "{:#?}", verification.breaches);
    assert!(verification.files.len() > 5, "{:?}", verification.files);
    assert!(files::numbers(&folder).unwrap().into_iter().all(|number| {
        let text = fs::read_to_string(files::path(&folder, number)).unwrap();
        let first = if number == 1 { "opened" } else { "continued" };
        text.lines().next().unwrap().contains(&format!(r#""record":"{first}""#))
    }));
    assert_eq!(Journal::at(&folder).read_if_changed().unwrap().runs().len(), 20);
    fs::remove_file(files::path(&folder, 3)).unwrap();
    let breaches = verify(&folder).unwrap().breaches;
    assert_eq!(
        (breaches[0].file.as_str(), breaches[0].what.as_str()),
        ("journal-000003.jsonl", "this file is missing")
    );
    assert!(breaches[1].what.contains("missing before record"), "{breaches:#?}");
}

#[test]
fn a_record_that_a_dying_writer_left_unfinished_is_a_note_and_is_set_aside_by_the_next_one() {
    for torn in [&b"{\"seq\":5,\"at\":\"2026"[..], b"{\"seq\":5,\0\0\0\0\"}\n", b"x"] {
        let (_root, folder) = place();
        drop(one_run(&folder));
        add_bytes(&newest(&folder), torn);
        let verification = verify(&folder).unwrap();
        assert!(verification.is_intact(), "{:#?}", verification.breaches);
        assert!(verification.notes[0].contains("was not finished: it announced nothing"));
        let mut journal = Journal::at(&folder);
        assert_eq!(journal.read_if_changed().unwrap().runs().len(), 1, "the others are there");
        journal.append(NOW, &began("r-2")).unwrap();
        let verification = verify(&folder).unwrap();
        assert!(verification.is_intact() && verification.notes.is_empty(), "{verification:#?}");
        assert_eq!(fs::read(folder.join("unfinished-000005.txt")).unwrap(), torn);
        let lines = lines(&folder).unwrap();
        assert!(
            lines.iter().any(|line| matches!(&line.said, Said::Notice(it) if it.starts_with("mended: ")))
        );
        assert_eq!(lines.last().unwrap().run.as_ref().unwrap().as_str(), "r-2");
    }
}

#[test]
fn a_writer_that_dies_over_the_first_record_of_a_file_leaves_nothing_that_stops_the_next() {
    for (files, torn) in [(1, &b"{\"seq\""[..]), (1, b""), (2, b"{\"seq\""), (2, b"")] {
        let (_root, folder) = place();
        fs::create_dir_all(&folder).unwrap();
        if files == 2 {
            drop(one_run(&folder));
        }
        fs::write(files::path(&folder, files), torn).unwrap();
        assert!(verify(&folder).unwrap().is_intact());
        Journal::at(&folder).append(NOW, &began("r-2")).unwrap();
        let verification = verify(&folder).unwrap();
        assert!(verification.is_intact(), "{files} {torn:?}: {:#?}", verification.breaches);
        assert_eq!(verification.files.len(), files as usize);
    }
}

#[test]
fn a_record_that_the_head_does_not_name_yet_stands_and_the_next_writer_moves_the_head() {
    let (_root, folder) = place();
    let mut journal = one_run(&folder);
    let head = fs::read(folder.join("journal.head")).unwrap();
    journal.append(NOW, &began("r-2")).unwrap();
    fs::write(folder.join("journal.head"), &head).unwrap();
    let verification = verify(&folder).unwrap();
    assert!(verification.is_intact(), "{:#?}", verification.breaches);
    assert!(verification.notes[0].starts_with("the head does not name record 5 yet"), "{verification:#?}");
    Journal::at(&folder).append(NOW, &began("r-3")).unwrap();
    let verification = verify(&folder).unwrap();
    assert!(verification.is_intact() && verification.notes.is_empty(), "{verification:#?}");
    // Two behind is not what a crash leaves.
    fs::write(folder.join("journal.head"), head).unwrap();
    assert!(!verify(&folder).unwrap().is_intact());
    let failure = Journal::at(&folder).append(NOW, &began("r-4")).unwrap_err();
    assert!(failure.because[0].contains("was changed by somebody else"), "{failure}");
}

#[test]
fn a_record_that_was_replaced_by_one_with_a_right_digest_is_missed_by_the_next() {
    let (_root, folder) = place();
    drop(one_run(&folder));
    let text = fs::read_to_string(newest(&folder)).unwrap();
    let line = text.lines().nth(2).unwrap();
    let (object, _) = line.rsplit_once(",\"hash\"").unwrap();
    let (forged, _) = chain::seal(&format!("{}}}", object.replace("3 changesets", "2 changesets")));
    fs::write(newest(&folder), text.replacen(&format!("{line}\n"), str::from_utf8(&forged).unwrap(), 1))
        .unwrap();
    let breaches = verify(&folder).unwrap().breaches;
    assert_eq!(breaches.len(), 1, "{breaches:#?}");
    assert_eq!((breaches[0].line, breaches[0].seq), (4, Some(4)));
    assert_eq!(breaches[0].what, "record 4 does not follow the line before it, which was replaced");
    assert_eq!(breaches[0].runs, ["r-1"]);
}

#[test]
fn nothing_is_added_to_a_journal_whose_end_was_cut_off_or_written_to() {
    let (_root, folder) = place();
    drop(one_run(&folder));
    let whole = fs::read_to_string(newest(&folder)).unwrap();
    let cut = whole.lines().take(3).collect::<Vec<_>>().join("\n") + "\n";
    for text in [cut, format!("{whole}not a record\n")] {
        fs::write(newest(&folder), &text).unwrap();
        let failure = Journal::at(&folder).append(NOW, &began("r-2")).unwrap_err();
        assert!(failure.because[0].contains("was changed by somebody else"), "{failure}");
        assert_eq!(
            failure.hint.as_deref().unwrap().split('.').next(),
            Some("Look with `lockstep journal verify`")
        );
        assert_eq!(fs::read_to_string(newest(&folder)).unwrap(), text, "it is left as it is found");
        assert!(!verify(&folder).unwrap().is_intact());
    }
}

#[test]
fn a_journal_of_a_version_without_a_chain_is_kept_and_read_and_sealed() {
    let (_root, folder) = place();
    fs::create_dir_all(&folder).unwrap();
    let line = serde_json::to_string(&Record {
        seq: 0,
        at: NOW,
        writer: None,
        entry: RecordEntry::from(&began("r-old")),
        prev: String::new(),
    });
    fs::write(files::path(&folder, 0), format!("{}\n", line.unwrap())).unwrap();
    drop(one_run(&folder));
    let history = Journal::at(&folder).read_if_changed().unwrap();
    assert_eq!(history.runs().len(), 2);
    let verification = verify(&folder).unwrap();
    assert!(verification.is_intact(), "{:#?}", verification.breaches);
    assert_eq!(verification.unchained, Some(Unchained { file: "journal.jsonl".to_owned(), records: 1 }));
    add_bytes(&files::path(&folder, 0), b"{}\n");
    let breaches = verify(&folder).unwrap().breaches;
    assert_eq!(breaches[0].what, "this file is not as it was when the chain began behind it");
}

#[test]
fn a_journal_of_a_later_form_is_left_alone() {
    let (_root, folder) = place();
    drop(one_run(&folder));
    let text = fs::read_to_string(newest(&folder)).unwrap();
    fs::write(newest(&folder), text.replacen("\"format\":1", "\"format\":2", 1)).unwrap();
    let failure = Journal::at(&folder).append(NOW, &began("r-2")).unwrap_err();
    assert!(failure.because[0].contains("has format 2, of lockstep"), "{failure}");
}

#[test]
fn a_writer_that_waits_in_vain_says_who_holds_the_journal() {
    let (_root, folder) = place();
    drop(one_run(&folder));
    let hold = files::Hold::take(&folder, PATIENCE, "process 4711 of ana on oven (lockstep promote dev)");
    let Ok(hold) = hold else { panic!() };
    let before = fs::read(newest(&folder)).unwrap();
    let failure = Journal::at(&folder).append(NOW, &began("r-2")).unwrap_err();
    assert!(
        failure.because[0].starts_with("process 4711 of ana on oven (lockstep promote dev) has held "),
        "{failure}"
    );
    assert_eq!(fs::read(newest(&folder)).unwrap(), before);
    drop(hold);
    Journal::at(&folder).append(NOW, &began("r-2")).unwrap();
    assert_eq!(fs::read(files::lock(&folder)).unwrap(), b"", "nobody holds it");
}

#[test]
fn a_writer_goes_on_as_soon_as_the_one_before_is_done() {
    let (_root, folder) = place();
    drop(one_run(&folder));
    let Ok(hold) = files::Hold::take(&folder, PATIENCE, "") else { panic!() };
    let waiting = thread::spawn({
        let folder = folder.clone();
        move || Journal::at(&folder).append(NOW, &began("r-2"))
    });
    let begun = Instant::now();
    while !waits_for_a_lock(&files::lock(&folder)) {
        assert!(begun.elapsed() < PATIENCE, "nobody waits for the lock");
        thread::yield_now();
    }
    drop(hold);
    waiting.join().unwrap().unwrap();
}

/// True when the system has somebody waiting for the lock of this file.
fn waits_for_a_lock(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let inode = format!(":{} ", fs::metadata(path).unwrap().ino());
    let locks = fs::read_to_string("/proc/locks").unwrap();
    locks.lines().any(|line| line.contains("->") && line.contains(&inode))
}

#[test]
fn a_journal_that_cannot_be_written_says_so_and_what_to_do() {
    let (root, folder) = place();
    fs::write(&folder, "in the way").unwrap();
    let failure = Journal::at(&folder).append(NOW, &began("r-1")).unwrap_err();
    assert_eq!(failure.what, "the journal could not be written, so nothing more was done");
    assert!(failure.because[0].starts_with(&folder.display().to_string()), "{failure}");
    assert!(failure.hint.unwrap().ends_with("every step needs its record first."));
    fs::remove_file(&folder).unwrap();

    // A head that cannot be moved takes the record back.
    let mut journal = one_run(&folder);
    let before = fs::read(newest(&folder)).unwrap();
    fs::create_dir(folder.join("journal.head.new")).unwrap();
    journal.append(NOW, &began("r-2")).unwrap_err();
    assert_eq!(fs::read(newest(&folder)).unwrap(), before);
    fs::remove_dir(folder.join("journal.head.new")).unwrap();
    journal.append(NOW, &began("r-2")).unwrap();
    assert!(verify(&folder).unwrap().is_intact());
    drop(root);
}

#[test]
fn a_journal_that_is_gone_stops_whoever_wrote_to_it_and_what_was_read_stays() {
    let (_root, folder) = place();
    let mut journal = one_run(&folder);
    let aside = folder.with_file_name("elsewhere");
    fs::rename(&folder, &aside).unwrap();
    let failure = journal.append(NOW, &began("r-2")).unwrap_err();
    assert!(failure.because[0].ends_with("was there, and is gone"), "{failure}");
    assert!(!folder.exists());
    assert_eq!(journal.read_if_changed().map(|history| history.runs().len()), Some(1));
    fs::create_dir(&folder).unwrap();
    let failure = journal.append(NOW, &began("r-2")).unwrap_err();
    assert!(failure.because[0].ends_with("was there, and is gone"), "{failure}");
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    journal.append(NOW, &began("r-2")).unwrap();
    assert!(verify(&folder).unwrap().is_intact());
}

#[test]
fn who_watches_goes_on_with_the_new_journal_when_the_old_one_is_put_aside() {
    let (root, folder) = place();
    let mut watcher = one_run(&folder);
    watcher.read_if_changed();
    let aside = Journal::at(&folder).set_aside(NOW).unwrap().unwrap();
    assert_eq!(aside, root.path().join("demo1-until-19700101-000000"));
    assert_eq!(watcher.read_if_changed(), Some(History::default()));
    watcher.append(NOW, &began("r-2")).unwrap();
    for (folder, records) in [(&folder, 3), (&aside, 4)] {
        let verification = verify(folder).unwrap();
        assert!(verification.is_intact(), "{:#?}", verification.breaches);
        assert_eq!(verification.range, Some((1, records)));
    }
    assert_eq!(Journal::at(root.path().join("none")).set_aside(NOW).unwrap(), None);
}

#[test]
fn a_record_tells_which_process_wrote_it() {
    let (_root, folder) = place();
    drop(one_run(&folder));
    Journal::at(&folder).append(NOW, &began("r-2")).unwrap();
    let lines = lines(&folder).unwrap();
    let record = |index: usize| serde_json::from_str::<serde_json::Value>(&lines[index].text).unwrap();
    assert_eq!(record(0)["pid"], std::process::id());
    assert_eq!((&record(1)["writer"], &record(3)["writer"]), (&1.into(), &1.into()));
    assert_eq!((&record(4)["record"], &record(5)["writer"]), (&"opened".into(), &5.into()));
    let head = Head::read(&folder).unwrap().unwrap();
    assert_eq!((head.seq, head.file.as_str()), (6, "journal-000001.jsonl"));
    assert_eq!(record(5)["hash"], head.hash.as_str());
}

#[test]
fn what_people_say_is_news_even_to_whoever_wrote_it() {
    let (_root, folder) = place();
    let mut journal = one_run(&folder);
    journal.read().unwrap();
    journal.news();
    journal.append(NOW, &intended("r-1", "apply 3 changesets")).unwrap();
    assert_eq!(journal.news(), None, "what was sent here counts already");
    let notice = Notice { by: "ana".to_owned(), reason: "alarms".to_owned() };
    journal.append(NOW, &Entry::Line { stopped: true, notice }).unwrap();
    assert!(journal.news().is_some_and(|history| history.line().is_some()));
}
