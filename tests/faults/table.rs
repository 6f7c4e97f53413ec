//! The table itself: its commands, its documentation, that no row is without a test, and that no fault outlives a reset.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lockstep::sandbox::faults::{Scope, TABLE};
use serde_json::json;

use super::Scene;
use crate::program::place::{FAST, Place};
use crate::sandbox::tools::kill;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn every_row_has_a_test_that_is_named_after_it_and_sets_it() {
    let tests: String = ["calls", "databases", "deployments", "tasks"]
        .iter()
        .map(|name| read(&format!("tests/faults/{name}.rs")))
        .collect();
    for fault in TABLE {
        let name = fault.name.replace('-', "_");
        assert!(
            tests.lines().any(|line| line.starts_with("async fn") && line.contains(&name)),
            "{name} has no test"
        );
        assert!(tests.contains(&format!("\"{}\"", fault.name)), "{} is never set", fault.name);
    }
}

#[test]
fn the_documentation_has_every_row_as_the_table_has_it() {
    let text = read("docs/faults.md");
    let mut expected = String::new();
    for scope in Scope::ALL {
        writeln!(
            expected,
            "### {}\n\n| fault | what happens | what a promotion shows | options |\n|---|---|---|---|",
            scope.title()
        )
        .unwrap();
        for fault in TABLE.iter().filter(|fault| fault.scope == scope) {
            let options: Vec<_> = fault.options().iter().map(|option| format!("`{option}`")).collect();
            writeln!(
                expected,
                "| `{}` | {} | {} | {} |",
                fault.name,
                fault.does,
                fault.shows,
                options.join(" ")
            )
            .unwrap();
        }
        expected.push('\n');
    }
    assert!(text.contains(expected.trim_end()), "docs/faults.md should hold:\n\n{expected}");
}

#[tokio::test]
async fn the_commands_set_list_and_clear_and_refuse_what_makes_no_sense() {
    let place = Place::asleep_without_databases().await;
    let listed = place.json(&["demo", "fault", "list"]).await;
    assert_eq!((&listed["running"], &listed["set"]), (&json!(false), &json!([])));
    assert_eq!(listed["faults"].as_array().unwrap().len(), TABLE.len());
    let asleep = place.run(&["demo", "fault", "set", "throttling"]).await;
    assert_eq!((asleep.code, asleep.err.contains("is not running")), (69, true), "{asleep:?}");

    let scene = Scene::begin(&[]).await;
    let place = &scene.place;
    for (words, reason) in [
        (&["set", "rain"][..], "there is no fault called rain; the faults are cut-before, "),
        (&["set", "throttling", "--env", "qa"], "the sandbox has no environment called qa; it has dev, "),
        (&["set", "clock-ahead", "--env", "dev"], "clock-ahead does not take --env"),
        (&["set", "full-disk", "--after", "UpdateService"], "full-disk takes a number for --after"),
        (&["clear", "rain"], "there is no fault called rain"),
        (&["set", "throttling", "--times", "0"], "--times"),
    ] {
        let said = place.run(&[&["demo", "fault"], words].concat()).await;
        assert_eq!((said.code, said.out.as_str()), (64, ""), "{said:?}");
        assert!(said.err.contains(reason), "{said:?}");
    }
    let options = ["--env", "dev", "--action", "UpdateService", "--times", "2", "--after", "1"];
    let said = place.ok(&[&["demo", "fault", "set", "cut-after"], &options[..]].concat()).await;
    assert_eq!(said, "set: cut-after in dev on UpdateService after 1, struck 0 of 2\n");
    scene.set("cut-after", &["--env", "test", "--after", "UpdateService"]).await;
    let report = place.json(&["demo", "fault", "list"]).await;
    assert_eq!(
        report["set"],
        json!([
            { "name": "cut-after", "environment": "dev", "action": "UpdateService", "times": 2, "after": 1,
              "seconds": null, "struck": 0 },
            { "name": "cut-after", "environment": "test", "action": null, "times": null,
              "after": "UpdateService", "seconds": null, "struck": 0 },
        ])
    );
    let left = place.ok(&["demo", "fault", "clear", "cut-after", "--env", "dev"]).await;
    assert_eq!(left, "set: cut-after in test after UpdateService, struck 0\n");
    scene.end().await;
}

#[tokio::test]
async fn no_fault_outlives_a_reset_the_end_of_the_sandbox_or_the_death_of_its_keeper() {
    let scene = Scene::begin(&[]).await;
    let everything = async || {
        for fault in
            TABLE.iter().filter(|fault| fault.name != "foreign-session" && fault.scope != Scope::Server)
        {
            scene.set(fault.name, &[]).await;
        }
        // The last one: afterwards no other could be set.
        scene.set("database-down", &[]).await;
    };
    everything().await;
    scene.place.ok(&["demo", "reset"]).await;
    nothing_is_left(&scene).await;

    everything().await;
    scene.place.ok(&["demo", "down"]).await;
    scene.place.ok(&["demo", "up", "--time-factor", FAST]).await;
    nothing_is_left(&scene).await;

    everything().await;
    kill(i32::try_from(scene.place.ready()["keeper"].as_i64().unwrap()).unwrap());
    scene.place.ok(&["demo", "up", "--time-factor", FAST]).await;
    nothing_is_left(&scene).await;
    scene.end().await;
}

async fn nothing_is_left(scene: &Scene) {
    let report = scene.place.json(&["demo", "fault", "list"]).await;
    assert_eq!(report["set"], json!([]));
    for name in ["dev", "prod"] {
        for left in [
            "select count(*) from pg_event_trigger",
            "select count(*) from pg_proc where proname like 'sandbox_fault%'",
            "select count(*) from databasechangeloglock where locked",
        ] {
            assert_eq!(scene.place.count(name, left).await, 0, "{name}: {left}");
        }
    }
}
