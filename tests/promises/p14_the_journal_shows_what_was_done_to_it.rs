//! P14: the journal is append-only and hash-chained, and `lockstep journal verify` finds what was done to it.

use std::fs;
use std::path::PathBuf;

use lockstep::domain::Timestamp;
use lockstep::domain::journal::Entry;
use lockstep::domain::names::{EnvironmentName, RunId};
use lockstep::domain::release::Version;
use lockstep::domain::step::StepKind;
use lockstep::runtime::Journal;
use serde_json::{Value, json};

use crate::program::place::Place;
use crate::program::usage::NOBODY;

/// An instance that nobody serves, with the records of two runs: `opened`, three of the first, two of the second.
pub(crate) fn kept() -> (Place, PathBuf) {
    let place = Place::fresh();
    fs::write(place.work().join("lockstep.toml"), NOBODY.replace("INSTANCE", "live-1")).unwrap();
    let folder = place.home().join("journal").join("live-1");
    let at: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
    let dev = EnvironmentName::parse("dev").unwrap();
    let run = |name: &str| RunId::from_text(name);
    let began = |name: &str| Entry::Began {
        run: run(name),
        environment: dev.clone(),
        version: Version::parse("v1.2.0").unwrap(),
        plan: "49af3610".to_owned(),
        by: "ana".to_owned(),
        aim: None,
        reason: None,
        overridden: None,
    };
    let what = "apply 3 changesets".to_owned();
    let intended =
        |name: &str| Entry::Intended { run: run(name), step: StepKind::Update, what: what.clone() };
    let concluded = Entry::Concluded {
        run: run("r-1-dev"),
        environment: dev.clone(),
        result: Ok("dev runs v1.2.0, proven".to_owned()),
        schema: None,
    };
    let mut journal = Journal::at(&folder);
    for entry in [began("r-1-dev"), intended("r-1-dev"), concluded, began("r-2-dev"), intended("r-2-dev")] {
        journal.append(at, &entry).unwrap();
    }
    (place, folder.join("journal-000001.jsonl"))
}

#[tokio::test]
async fn p14_the_journal_shows_an_edit_a_drop_a_reorder_and_a_truncation() {
    let (place, file) = kept();
    let said = place.run(&["journal", "verify"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.starts_with("the journal of live-1 is intact: records 1 to 6\n"), "{}", said.out);

    let text = fs::read_to_string(&file).unwrap();
    let line = |number: usize| text.lines().nth(number - 1).unwrap();
    let without = |range: std::ops::RangeInclusive<usize>| -> String {
        let kept = text.lines().enumerate().filter(|(index, _)| !range.contains(&(index + 1)));
        kept.flat_map(|(_, line)| [line, "\n"]).collect()
    };
    let swapped = text.replace(line(3), "…").replace(line(4), line(3)).replace('…', line(4));
    let cases = [
        (
            "an edit",
            text.replacen("apply 3 changesets", "apply 2 changesets", 1),
            (3, 3, "the record was changed: its digest is not that of the line", vec!["r-1-dev"]),
        ),
        ("a drop", without(3..=3), (3, 4, "record 3 is missing before record 4", vec!["r-1-dev"])),
        (
            "a reorder",
            swapped,
            (3, 4, "out of order: record 4 stands where record 3 belongs", vec!["r-1-dev"]),
        ),
        (
            "an insertion",
            text.replacen(line(3), &format!("{0}\n{0}", line(3)), 1),
            (4, 3, "out of order: record 3 stands where record 4 belongs", vec!["r-1-dev"]),
        ),
        (
            "a truncation",
            without(5..=6),
            (5, 5, "records 5 to 6 are missing at the end, by the head", vec![]),
        ),
    ];
    for (harm, harmed, (at, record, what, runs)) in cases {
        assert_ne!(harmed, text, "{harm}");
        fs::write(&file, harmed).unwrap();
        let said = place.run(&["journal", "verify"]).await;
        assert_eq!(said.code, 4, "{harm}: {said:?}");
        let told = format!(
            "the journal of live-1 is not as it was written\n  journal-000001.jsonl line {at}: {what}"
        );
        assert!(said.out.starts_with(&told), "{harm}: {}", said.out);
        let found = place.run(&["journal", "verify", "--output", "json"]).await;
        assert_eq!(found.code, 4, "{harm}");
        let found: Value = serde_json::from_str(&found.out).unwrap();
        assert_eq!(found["intact"], false);
        assert_eq!(
            found["breaches"][0],
            json!({ "file": "journal-000001.jsonl", "line": at, "record": record, "what": what, "runs": runs }),
            "{harm}"
        );
    }
    fs::write(&file, &text).unwrap();
    assert_eq!(place.run(&["journal", "verify"]).await.code, 0);
}

#[tokio::test]
async fn p14_what_is_handed_on_can_be_verified_without_the_journal() {
    let (place, _) = kept();
    for (words, records) in [
        (&["journal", "export", "all.jsonl"][..], 6),
        (&["journal", "export", "--run", "r-2-dev", "one.jsonl"], 3),
    ] {
        place.ok(words).await;
        let file = place.work().join(words.last().unwrap());
        let found = place.json(&["journal", "verify", file.to_str().unwrap()]).await;
        assert_eq!(found["intact"], true, "{found:#}");
        assert_eq!(found["files"][0]["records"], records, "{found:#}");
        let text = fs::read_to_string(&file).unwrap();
        for (index, line) in text.lines().enumerate() {
            let others = text.lines().enumerate().filter(|(other, _)| *other != index);
            let dropped: String = others.flat_map(|(_, line)| [line, "\n"]).collect();
            let edited = text.replacen(line, &line.replacen("hash\":\"", "hash\":\"0", 1), 1);
            for harmed in [dropped, edited] {
                fs::write(&file, harmed).unwrap();
                let said = place.run(&["journal", "verify", file.to_str().unwrap()]).await;
                // Without its first line it is no export at all.
                assert!(said.code == 4 || index == 0 && said.code == 64, "line {}: {said:?}", index + 1);
            }
        }
    }
    let said = place.run(&["journal", "export", "--run", "r-9", "-"]).await;
    assert_eq!((said.code, said.out.as_str()), (64, ""));
    assert!(said.err.starts_with("error: the journal knows no run r-9\n"), "{}", said.err);
    let said = place.run(&["journal", "export", "all.jsonl"]).await;
    assert_eq!(said.code, 3, "what is there is not written over: {said:?}");
}
