//! `lockstep drift`: a changeset that was edited after it ran, seen before anything is promoted, and a promotion that
//! is at work and no drift.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::place::{DEMO, Place};

/// The file of a changeset that dev, test and staging ran in the start state, and prod did not.
const EDITED: &str = "changesets/008-categories.sql";

/// Gives the newest release an archive in which one applied changeset has another text.
pub(crate) async fn edit_newest_release(place: &Place) {
    let changelog = place.work().join("edited");
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/changelog")), &changelog);
    let path = changelog.join(EDITED);
    let text = fs::read_to_string(&path).unwrap();
    let edited = text.replacen("'Sweet'", "'Sweeter'", 1);
    assert_ne!(text, edited, "the changeset has another text now: correct this test");
    fs::write(path, edited).unwrap();
    let (from, to) =
        (changelog.display().to_string(), place.sandbox().join("releases").display().to_string());
    place.ok(&["--instance", DEMO, "release", "build", "v1.4.0", "--changelog", &from, "--to", &to]).await;
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn states(found: &Value, id: &str) -> Value {
    let rows = found["changesets"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("{id} is no row: {found:#}"));
    let names = ["dev", "test", "staging", "prod"];
    names.map(|name| row["environments"][name]["state"].clone()).to_vec().into()
}

#[tokio::test]
async fn an_edit_shows_in_exactly_the_environments_that_ran_the_old_text_before_anything_is_promoted() {
    let place = Place::awake("40").await;
    let clean = place.json(&["drift"]).await;
    assert_eq!((&clean["release"], &clean["drift"]), (&json!("v1.4.0"), &json!(false)), "{clean:#}");
    assert_eq!(states(&clean, "013-tidy-orders"), json!(["pending", "pending", "pending", "pending"]));

    edit_newest_release(&place).await;
    let said = place.run(&["drift", "--output", "json"]).await;
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:#?}");
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(states(&found, "008-categories"), json!(["edited", "edited", "edited", "pending"]));
    let drifted: Vec<_> =
        found["environments"].as_array().unwrap().iter().map(|it| it["drift"].clone()).collect();
    assert_eq!(drifted, [true, true, true, false]);
    let breaks = json!([{ "changeset": "changelog/changesets/008-categories.sql::008-categories::store", "version": "v1.4.0" }]);
    assert_eq!(found["environments"][1]["breaks"], breaks);
    assert_eq!(found["environments"][3]["breaks"], json!([]));
    let row =
        found["changesets"].as_array().unwrap().iter().find(|row| row["id"] == "008-categories").unwrap();
    let stored = &row["environments"]["dev"]["row"]["checksum"];
    assert!(stored.is_string() && *stored != row["v9"], "both checksums are there: {row:#}");

    let said = place.run(&["drift"]).await;
    assert_eq!(said.code, 1, "{said:#?}");
    let line = said.out.lines().find(|line| line.starts_with("008-categories ")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[1..9], ["✎", "edited", "✎", "edited", "✎", "edited", "·", "pending"], "{line}");
    assert!(
        said.out.contains("✎ edited        its text changed after it ran: a promotion fails\n"),
        "{}",
        said.out
    );
    assert!(said.out.contains("test     ✖ 1 edited, "), "{}", said.out);
    assert!(said.out.contains("; v1.4.0 breaks here next, at 008-categories\n"), "{}", said.out);
    assert!(said.out.contains("prod     ✔ "), "{}", said.out);

    // The releases before it are what they were, and where it has not run it may still be promoted.
    assert_eq!(place.run(&["drift", "test", "--release", "v1.1.0"]).await.code, 0);
    assert_eq!(place.run(&["drift", "prod"]).await.code, 0);
    let unknown = place.run(&["drift", "--release", "v9.0.0"]).await;
    assert_eq!(unknown.code, 64, "{unknown:#?}");

    let by_hand = "insert into databasechangelog select 'by hand', 'somebody', 'hotfix.sql', now(), 99, 'EXECUTED', \
                   md5sum, description, comments, tag, liquibase, contexts, labels, deployment_id \
                   from databasechangelog limit 1";
    place.database("prod").await.batch_execute(by_hand).await.unwrap();
    let said = place.run(&["drift", "prod", "--output", "json"]).await;
    assert_eq!(said.code, 1);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    let last = found["changesets"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["id"], &last["in_release"]), (&json!("by hand"), &json!(false)));
    assert_eq!(last["environments"]["prod"]["state"], "unexpected");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_running_promotion_is_no_drift() {
    let place = Place::awake("40").await;
    let mut promotion = place.command(&["promote", "dev", "--release", "v1.4.0"]).spawn().unwrap();
    let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
    let mut said = String::new();
    while !said.contains("  service: in progress\n") {
        let line = lines.next_line().await.unwrap();
        said.push_str(&line.unwrap_or_else(|| panic!("it ended too early:\n{said}")));
        said.push('\n');
    }
    let run = said.split("run ").nth(1).unwrap().lines().next().unwrap();
    // By now dev has changesets that the version it runs does not know.
    let found = place.run(&["drift"]).await;
    assert_eq!(found.code, 5, "{found:#?}");
    assert!(found.out.contains(&format!("dev      … promoting {run}: not judged\n")), "{}", found.out);
    assert!(found.err.contains(&format!("because {run} is promoting to dev\n")), "{}", found.err);
    assert_eq!(place.run(&["drift", "test", "staging", "prod"]).await.code, 0);
    while lines.next_line().await.unwrap().is_some() {}
    promotion.wait().await.unwrap();
    let found = place.json(&["drift", "dev"]).await;
    assert_eq!((&found["environments"][0]["judged"], &found["drift"]), (&json!(true), &json!(false)));
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn looking_at_a_database_that_never_saw_liquibase_creates_nothing_there() {
    let place = Place::awake("40").await;
    let prod = place.database("prod").await;
    let empty = "drop table databasechangelog; drop table databasechangeloglock";
    prod.batch_execute(empty).await.unwrap();
    let status = place.json(&["status"]).await;
    let database = &status["environments"][3]["database"];
    assert_eq!(
        (&database["rows"], &database["applied"], &database["failure"]),
        (&json!(0), &json!(0), &Value::Null),
        "{database:#}"
    );
    // What prod runs needs changesets that its database has no row of.
    assert_eq!(place.run(&["drift"]).await.code, 1);
    place.ok(&["locks"]).await;
    place.ok(&["diff", "prod", "prod"]).await;
    place.run(&["plan", "prod"]).await;
    let tables = "select count(*) from pg_class where relname like 'databasechangelog%'";
    assert_eq!(place.count("prod", tables).await, 0);
}
