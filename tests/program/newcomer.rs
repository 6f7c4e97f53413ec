//! A newcomer's first quarter of an hour: a sandbox, a look, a plan, a promotion, and what it may not do.

use serde_json::{Value, json};

use super::place::{FAST, Place};

#[tokio::test]
async fn a_newcomer_promotes_the_release_that_was_planned_and_nothing_else() {
    let place = Place::fresh();
    let out = place.ok(&["demo", "up", "--time-factor", FAST]).await;
    assert!(out.starts_with("sandbox demo1 is ready, 600 times faster than AWS\n"), "{out}");
    the_start_state_is_shown(&place).await;

    let plan = place.json(&["plan", "test", "--release", "v1.2.0"]).await;
    let changesets: Vec<&str> =
        plan["plan"]["changesets"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(changesets, ["009-allergens", "010-loyalty-points", "tag-v1.2.0"]);
    assert_eq!(plan["plan"]["anchor"], json!({ "kind": "existing", "tag": "v1.1.0" }));
    assert_eq!((&plan["unmet"], &plan["failure"]), (&json!([]), &Value::Null));
    let digest = plan["plan"]["digest"].as_str().unwrap();
    let short = plan["plan"]["short"].as_str().unwrap();
    assert!(digest.starts_with(short) && digest.len() == 64, "{plan:#}");
    // What was planned once is planned the same again: otherwise no digest could be confirmed.
    assert_eq!(place.plan("test", "v1.2.0").await, short);

    let promote = ["promote", "test", "--release", "v1.2.0"];
    let flags = format!("lockstep promote test --release v1.2.0 --confirm test --plan {short}");
    let refused = [
        (vec![], "error: promoting v1.2.0 to test has to be confirmed\n".to_owned()),
        (vec!["--confirm", "test"], "error: promoting v1.2.0 to test has to be confirmed\n".to_owned()),
        (vec!["--plan", short], "error: promoting v1.2.0 to test has to be confirmed\n".to_owned()),
        (
            vec!["--confirm", "prod", "--plan", short],
            "error: `--confirm prod` does not name test\n".to_owned(),
        ),
        (
            vec!["--confirm", "test", "--plan", "0badc0de"],
            format!("error: the plan for test is {short} now, not 0badc0de\n"),
        ),
        (vec!["--confirm", "test", "--plan", ""], format!("error: the plan for test is {short} now, not \n")),
    ];
    for (words, first) in refused {
        let said = place.run(&[&promote[..], &words].concat()).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{words:?}: {said:?}");
        assert_eq!(said.err, format!("{first}  Confirm it with: {flags}\n"), "{words:?}");
    }
    assert_eq!(place.journal(), Vec::<Value>::new(), "a refusal does nothing, so it leaves no record");
    nothing_moved(&place).await;

    let confirmed = [&promote[..], &["--confirm", "test", "--plan", short]].concat();
    let result = place.json(&confirmed).await;
    assert_eq!((&result["proven"], &result["exit"]), (&json!(true), &json!(0)), "{result:#}");
    let verdicts = result["evidence"].as_array().unwrap();
    assert_eq!(verdicts.len(), 4);
    assert!(verdicts.iter().all(|proof| proof["verdict"] == "proven"), "{verdicts:#?}");
    everybody_says_test_runs_it(&place).await;
    the_journal_tells_it(&place, digest);

    let again = place.run(&confirmed).await;
    assert_eq!((again.code, again.out.as_str()), (2, ""));
    assert!(again.err.contains("because test runs v1.2.0 already, with every changeset\n"), "{}", again.err);

    let planned = place.run(&["plan", "test"]).await;
    assert!(planned.out.contains("way back    nothing changes: test runs v1.2.0 already\n"), "{planned:?}");

    dev_goes_back_by_a_rollback_only(&place).await;
    a_rollback_goes_where_the_environment_has_been(&place).await;
    prod_waits_for_staging(&place).await;
    place.ok(&["demo", "down"]).await;
}

async fn the_start_state_is_shown(place: &Place) {
    let status = place.json(&["status"]).await;
    let told = |environment: &Value| {
        let facts = ["/name", "/version", "/pair/state", "/database/applied", "/database/pending"];
        let also =
            ["/database/unexpected", "/database/edited", "/health/healthy", "/service/status", "/alarm"];
        let all = facts.into_iter().chain(also);
        Value::from(all.map(|path| environment.pointer(path).unwrap().clone()).collect::<Vec<_>>())
    };
    let environments: Vec<Value> = status["environments"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(
        environments,
        [
            json!(["dev", "v1.2.0", "in step", 14, 4, 0, 0, true, "running", null]),
            json!(["test", "v1.1.0", "in step", 11, 3, 0, 0, true, "running", null]),
            json!(["staging", "v1.1.0", "in step", 11, 0, 0, 0, true, "running", null]),
            json!(["prod", "v1.0.0", "in step", 9, 2, 0, 0, true, "running", null]),
        ]
    );
    assert_eq!(status["instance"], json!({ "id": "demo1", "title": "Bagel Store", "mode": "SANDBOX ×600" }));
    assert_eq!(status["releases"], json!(["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"]));
    let text = place.ok(&["status"]).await;
    for line in
        ["dev          ✔ in step  v1.2.0  running  14 + 4", "PROD         ✔ in step  v1.0.0  running  9 + 2"]
    {
        assert!(text.contains(line), "{text}");
    }
}

async fn nothing_moved(place: &Place) {
    assert_eq!(place.changesets("test").await.len(), 11);
    assert_eq!(place.service("test").await, ("v1.1.0".to_owned(), "RUNNING".to_owned()));
}

/// PostgreSQL, App Runner, the application and lockstep's own status agree.
async fn everybody_says_test_runs_it(place: &Place) {
    let rows = place.changesets("test").await;
    assert_eq!(rows.len(), 14);
    assert_eq!(rows[11..], ["009-allergens", "010-loyalty-points", "tag-v1.2.0"]);
    assert_eq!(place.count("test", "select count(*) from products where allergens like 'wheat%'").await, 5);
    assert_eq!(place.count("test", "select count(*) from databasechangeloglock where locked").await, 0);
    assert_eq!(place.count("test", "select count(*) from pg_locks where locktype = 'advisory'").await, 0);
    assert_eq!(place.service("test").await, ("v1.2.0".to_owned(), "RUNNING".to_owned()));
    let version = place.asked("test", "/version").await;
    assert_eq!(version["version"], "v1.2.0", "{version:#}");
    let status = place.json(&["status"]).await;
    let test = &status["environments"][1];
    assert_eq!((&test["version"], &test["pair"]["state"]), (&json!("v1.2.0"), &json!("in step")), "{test:#}");
}

/// The intent of every change is on record before its end.
fn the_journal_tells_it(place: &Place, digest: &str) {
    let records = place.journal();
    let told: Vec<(&str, &str)> = records
        .iter()
        .map(|record| (record["record"].as_str().unwrap(), record["step"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        told,
        [
            ("planned", ""),
            ("began", ""),
            ("ended", "lock"),
            ("ended", "recheck"),
            ("ended", "action 1"),
            ("ended", "validate"),
            ("ended", "action 2"),
            ("intended", "update"),
            ("ended", "update"),
            ("intended", "service"),
            ("operated", ""),
            ("ended", "service"),
            ("ended", "health"),
            ("ended", "evidence"),
            ("ended", "closing 3"),
            ("concluded", ""),
        ]
    );
    assert_eq!(records[1]["plan"], digest);
    assert_eq!(records[15]["result"], json!({ "ok": "test runs v1.2.0, proven" }));
}

async fn dev_goes_back_by_a_rollback_only(place: &Place) {
    let plan = place.run(&["plan", "dev", "--release", "v1.1.0"]).await;
    let promote = place.run(&["promote", "dev", "--release", "v1.1.0"]).await;
    for said in [plan, promote] {
        assert_eq!(said.code, 2);
        let why = "  because dev runs v1.2.0, newer than v1.1.0
  Go back with `lockstep rollback dev --to v1.1.0`.\n";
        assert!(said.err.contains(why), "{}", said.err);
    }
    assert_eq!(place.service("dev").await.0, "v1.2.0");
}

async fn a_rollback_goes_where_the_environment_has_been(place: &Place) {
    // Nothing but an update in its ledger shows that test had v1.1.0.
    let test = place.run(&["rollback", "test"]).await;
    assert!(test.out.contains(": test back to v1.1.0\n"), "{test:?}");
    let staging = place.run(&["rollback", "staging"]).await;
    assert!(staging.out.contains(": staging back to v1.0.0\n"), "{staging:?}");
    let prod = place.run(&["rollback", "prod"]).await;
    assert_eq!((prod.code, prod.out.as_str()), (64, ""), "{prod:?}");
    let why = "error: nothing was proven in prod before v1.0.0\n  \
               because neither the journal nor the ledger shows a release that came before\n  \
               because no release is older than v1.0.0\n";
    assert_eq!(prod.err, why);
}

async fn prod_waits_for_staging(place: &Place) {
    let plan = place.run(&["plan", "prod", "--release", "v1.2.0"]).await;
    let promote = place.run(&["promote", "prod", "--release", "v1.2.0", "--confirm", "prod"]).await;
    for said in [plan, promote] {
        assert_eq!(said.code, 2);
        assert!(said.err.contains("error: v1.2.0 cannot be promoted to prod now\n"), "{}", said.err);
        assert!(said.err.contains("because staging runs v1.1.0, not v1.2.0\n"), "{}", said.err);
        let how = "  Promote v1.2.0 to staging first: `lockstep promote staging --release v1.2.0`.";
        assert!(said.err.contains(how), "{}", said.err);
    }
    assert_eq!(place.service("prod").await.0, "v1.0.0");
}
