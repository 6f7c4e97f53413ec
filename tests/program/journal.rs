//! The record of what was done, on the command line. Nothing of it needs the instance to be awake.

use std::fs;

use serde_json::Value;

use super::place::Place;
use super::usage::NOBODY;
use crate::promises::kept;

#[tokio::test]
async fn the_records_are_listed_one_a_line_and_by_run_environment_time_and_number() {
    let (place, file) = kept();
    let all = place.ok(&["journal", "show"]).await;
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(lines.len(), 6, "{all}");
    assert!(lines[0].starts_with("2026-11-21 14:02:11      1  the journal"), "{all}");
    let tail = "      2  r-1-dev                        began: v1.2.0 to dev, plan 49af36, by ana";
    assert_eq!(lines[1], format!("2026-11-21 14:02:11{tail}"));
    assert!(lines[2].ends_with("update: will apply 3 changesets"), "{all}");
    assert!(lines[3].ends_with("ended: dev runs v1.2.0, proven"), "{all}");

    let cases: [(&[&str], usize); 7] = [
        (&["--run", "r-2-dev"], 2),
        (&["--env", "dev"], 5),
        (&["--env", "prod"], 0),
        (&["--last", "2"], 2),
        (&["--since", "2026-11-21T14:02:12Z"], 0),
        (&["--since", "2026-11-21"], 6),
        (&["--env", "dev", "--last", "9"], 5),
    ];
    for (words, count) in cases {
        let said = place.ok(&[&["journal", "show"], words].concat()).await;
        assert_eq!(said.lines().count(), count, "{words:?}: {said}");
    }
    let raw = place.ok(&["journal", "show", "--output", "json"]).await;
    assert_eq!(raw, fs::read_to_string(file).unwrap(), "as they stand there");
    let said = place.run(&["journal", "show", "--since", "noon"]).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.err.starts_with("error: `noon` is no time\n"), "{}", said.err);
}

#[tokio::test]
async fn a_journal_that_was_never_begun_is_empty_and_looking_makes_nothing() {
    let place = Place::fresh();
    fs::write(place.work().join("lockstep.toml"), NOBODY.replace("INSTANCE", "live-1")).unwrap();
    assert_eq!(place.ok(&["journal", "show"]).await, "");
    let said = place.ok(&["journal", "verify"]).await;
    assert!(said.starts_with("the journal in ") && said.ends_with("journal/live-1 is empty\n"), "{said}");
    assert_eq!(place.json(&["journal", "verify"]).await["breaches"], Value::Array(Vec::new()));
    assert_eq!(place.run(&["journal", "export", "-"]).await.code, 64);
    assert!(fs::read_dir(place.home()).unwrap().next().is_none(), "something was made");
    let said = place.run(&["journal", "verify", "lockstep.toml"]).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.err.starts_with("error: lockstep.toml is no exported journal\n"), "{}", said.err);
}

#[tokio::test]
async fn a_team_can_share_a_folder_and_sees_what_others_recorded() {
    let (place, file) = kept();
    let shared = place.work().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::rename(file.parent().unwrap(), shared.join("live-1")).unwrap();
    let config = place.work().join("lockstep.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}\n[journal]\nfolder = \"shared\"\n")).unwrap();
    let said = place.ok(&["journal", "verify"]).await;
    assert!(said.starts_with("the journal of live-1 is intact: records 1 to 6\n"), "{said}");
}
