//! P3: after any crash `lockstep reconcile` reaches the truth, or says that a person must look, with the evidence.
//! `tests/crashes` cuts a promotion off at every record; here is what an operator sees, from the crash to the way on.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::program::place::{Place, Said};
use crate::sandbox::tools::{kill, until};

impl Place {
    /// Promotes to dev until a line of its progress ends with these words, then kills the program.
    async fn promote_and_die(&self, words: &str) {
        let mut promotion = self.command(&["promote", "dev", "--release", "v1.4.0"]).spawn().unwrap();
        let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
        let mut said = String::new();
        while !said.trim_end().ends_with(words) {
            let line = lines.next_line().await.unwrap();
            said.push_str(&line.unwrap_or_else(|| panic!("it ended before `{words}`:\n{said}")));
            said.push('\n');
        }
        promotion.kill().await.unwrap();
    }

    /// What is found of the one run that nobody saw end.
    async fn found(&self, arguments: &[&str]) -> (Said, Value) {
        let said = self.run(&[&["reconcile", "dev", "--output", "json"], arguments].concat()).await;
        let found: Value = serde_json::from_str(&said.out).unwrap();
        let [run] = found["runs"].as_array().unwrap().as_slice() else { panic!("{found:#}") };
        (said, run.clone())
    }

    /// The processes of Liquibase that this place has started.
    fn liquibases(&self) -> Vec<i32> {
        let processes = self.processes().into_iter();
        processes.filter(|(_, line)| line.contains("LiquibaseCommandLine")).map(|(pid, _)| pid).collect()
    }
}

#[tokio::test]
async fn p03_a_promotion_that_was_killed_runs_on_then_is_finished_and_only_then_the_next_may_begin() {
    let place = Place::awake("20").await;
    place.promote_and_die("service: in progress").await;

    let (said, run) = place.found(&[]).await;
    assert_eq!((said.code, &run["finding"]), (5, &json!("still running")), "{run:#}");
    let because = run["because"][0].as_str().unwrap();
    assert!(because.contains("is in progress on the platform"), "{because}");
    assert_eq!(run["next"][0]["command"], "lockstep reconcile dev --attach");
    let refused = place.run(&["promote", "dev", "--release", "v1.3.0"]).await;
    assert_eq!(refused.code, 5, "{refused:#?}");
    assert!(refused.err.contains("`lockstep reconcile dev` finds it out"), "{}", refused.err);
    // Nobody can say that it is settled while it runs.
    let resolved = place.run(&["reconcile", "--resolve", "dev", "--reason", "it will be fine"]).await;
    assert_eq!(resolved.code, 2, "{resolved:#?}");
    assert!(resolved.err.contains("is still running"), "{}", resolved.err);

    let (said, run) = place.found(&["--attach", "--settle"]).await;
    assert_eq!((said.code, &run["finding"]), (0, &json!("finished")), "{run:#}");
    assert_eq!(run["is_on_record"], true);
    let records = place.journal();
    let last = records.last().unwrap();
    assert_eq!((&last["record"], &last["run"]), (&json!("reconciled"), &run["run"]));
    assert_eq!(last["result"], json!({ "ok": "dev runs v1.4.0, proven afterwards" }));
    assert!(last["evidence"].to_string().contains("18 of 18 changesets have their row"), "{last:#}");
    let quiet = place.ok(&["reconcile"]).await;
    assert_eq!(quiet, "Every run was seen to its end; there is nothing to reconcile.\n");
    // Nothing of that run stands in the way any more; that it brought the newest release there is does.
    let again = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(again.code, 2, "{again:#?}");
    let why = "error: v1.4.0 cannot be promoted to dev now\n  because dev runs v1.4.0 already, with every changeset\n";
    assert!(again.err.starts_with(why), "{}", again.err);
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn p03_a_statement_that_outlives_its_liquibase_is_waited_for_and_what_it_left_is_told() {
    let place = Place::awake("40").await;
    // The changeset that drops a column waits for whoever reads the table.
    let reader = place.database("dev").await;
    reader.batch_execute("begin; lock table products in access share mode").await.unwrap();
    let mut promotion = place.command(&["promote", "dev", "--release", "v1.4.0"]).spawn().unwrap();
    let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
    while !lines.next_line().await.unwrap().expect("it waits").contains("013-tidy-orders") {}
    let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = 'dev'";
    until("the changeset waits", async || place.count("dev", waits).await == 1).await;
    let liquibases = place.liquibases();
    assert_eq!(liquibases.len(), 1);
    promotion.kill().await.unwrap();

    // Liquibase lives on without whoever started it, and is seen by the lease that it inherited.
    let (said, run) = place.found(&[]).await;
    assert_eq!((said.code, &run["finding"]), (5, &json!("still running")), "{run:#}");
    assert!(run["because"][0].as_str().unwrap().contains("lives on this machine"), "{run:#}");
    kill(liquibases[0]);
    // Its last thread may hold the lease for a moment after the first is gone.
    let lives_here = async || {
        let (_, run) = place.found(&[]).await;
        run["because"][0].as_str().unwrap().contains("lives on this machine")
    };
    until("Liquibase is gone", async || !lives_here().await).await;
    // Its statement lives on in the server.
    let (said, run) = place.found(&[]).await;
    assert_eq!((said.code, &run["finding"]), (5, &json!("still running")), "{run:#}");
    let because = run["because"][0].as_str().unwrap();
    assert!(
        because.contains("still at work in the database") && because.contains("waits for Lock"),
        "{because}"
    );
    let kept = place.run(&["reconcile", "--release-lock", "dev", "--confirm", "dev"]).await;
    assert_eq!(kept.code, 2, "{kept:#?}");
    assert!(kept.err.contains("held, and its holder is alive"), "{}", kept.err);

    reader.batch_execute("rollback").await.unwrap();
    let (said, run) = place.found(&["--attach", "--settle"]).await;
    assert_eq!(said.code, 4, "{run:#}");
    assert_eq!(run["finding"], "half done", "{run:#}");
    assert_eq!(run["because"][0], "in the database 2 of 4 changesets were applied");
    let next: Vec<&str> =
        run["next"].as_array().unwrap().iter().map(|it| it["step"].as_str().unwrap()).collect();
    assert_eq!(next, ["release lock", "settle", "resume", "roll back", "resolve"]);
    place.ok(&["reconcile", "--release-lock", "dev", "--confirm", "dev"]).await;
    let proven = place.json(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(proven["proven"], true, "{proven:#}");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn p03_a_changeset_without_its_row_is_named_and_nothing_is_run_twice() {
    let place = Place::awake("40").await;
    let client = place.database("dev").await;
    client.batch_execute("begin; lock table products in access share mode").await.unwrap();
    let mut promotion = place.command(&["promote", "dev", "--release", "v1.4.0"]).spawn().unwrap();
    let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
    while !lines.next_line().await.unwrap().expect("it waits").contains("013-tidy-orders") {}
    let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = 'dev'";
    until("the changeset waits", async || place.count("dev", waits).await == 1).await;
    promotion.kill().await.unwrap();
    place.liquibases().into_iter().for_each(kill);
    client.batch_execute("rollback").await.unwrap();
    let sessions =
        "select count(*) from pg_stat_activity where application_name like 'r-%' and datname = 'dev'";
    until("nothing of it is connected", async || place.count("dev", sessions).await == 0).await;
    // What Liquibase would have done had it died a moment later: the changeset is committed, its row is not.
    client.batch_execute("alter table products drop column description").await.unwrap();

    let (said, run) = place.found(&["--settle"]).await;
    assert_eq!((said.code, &run["finding"]), (5, &json!("a person must look")), "{run:#}");
    let because = run["because"][0].as_str().unwrap();
    assert!(because.starts_with("table products changed after the newest row was written"), "{because}");
    assert!(because.contains("013-tidy-orders"), "{because}");
    assert_eq!(run["is_on_record"], false, "what is not decided is not put on record");
    let steps = run["next"].to_string();
    assert!(!steps.contains("\"resume\""), "nothing that would run it twice is offered: {steps}");
    // Also when the lock is gone.
    place.ok(&["reconcile", "--release-lock", "dev", "--confirm", "dev"]).await;
    assert_eq!(place.found(&[]).await.1["finding"], "a person must look");
    assert_eq!(place.run(&["promote", "dev", "--release", "v1.4.0"]).await.code, 5);

    let silent = place.run(&["reconcile", "--resolve", "dev"]).await;
    assert_eq!(silent.code, 2, "{silent:#?}");
    place.ok(&["reconcile", "--resolve", "dev", "--reason", "013 ran; its row was written by hand"]).await;
    let records = place.journal();
    let last = records.last().unwrap();
    assert_eq!(
        (&last["record"], &last["reason"]),
        (&json!("acknowledged"), &json!("013 ran; its row was written by hand"))
    );
    assert_eq!(place.run(&["reconcile"]).await.code, 0);
    place.ok(&["demo", "down"]).await;
}
