//! Policy at the gate of a real sandbox: v1.4.0 is refused and nothing is touched, until somebody answers for it.

use std::fs;

use serde_json::{Value, json};

use super::place::{FAST, Place};

/// What policy has against v1.4.0, in the order in which it is told.
const CHECKS: [&str; 3] = ["ChangeDropColumnWarn", "RollbackRequired", "SqlGrantWarn"];

/// How often AWS was asked to update the service of dev.
async fn updates(place: &Place) -> u64 {
    let report = place.json(&["demo", "fault", "list"]).await;
    let calls = report["calls"].as_array().unwrap();
    let is_update = |row: &&Value| row["action"] == "UpdateService" && row["environment"] == "dev";
    calls.iter().filter(is_update).map(|row| row["received"].as_u64().unwrap()).sum()
}

/// The plan for v1.4.0 in dev, whether or not it can be carried out.
async fn plan(place: &Place) -> (i32, Value) {
    let said = place.run(&["plan", "dev", "--release", "v1.4.0", "--output", "json"]).await;
    (said.code, serde_json::from_str(&said.out).unwrap())
}

fn checks(plan: &Value) -> Vec<String> {
    let findings = plan["policy"]["findings"].as_array().unwrap();
    let mut checks: Vec<_> = findings.iter().map(|it| it["check"].as_str().unwrap().to_owned()).collect();
    checks.sort();
    checks
}

#[tokio::test]
async fn a_release_that_breaks_policy_is_refused_with_2_and_nothing_is_touched() {
    let place = Place::awake(FAST).await;
    place.waive(None);
    let (before, asked) = (place.changesets("dev").await, updates(&place).await);

    let status = place.json(&["status"]).await;
    assert_eq!(status["environments"][0]["policy"], json!({ "state": "blocked", "blocking": 3 }));
    assert_eq!(status["environments"][1]["policy"]["state"], "clear");
    let said = place.ok(&["status"]).await;
    assert!(said.contains("automatic, blocked: policy"), "{said}");

    let (code, plan) = plan(&place).await;
    assert_eq!((code, checks(&plan)), (2, CHECKS.map(str::to_owned).to_vec()), "{plan:#}");
    let conditions: Vec<_> = plan["unmet"].as_array().unwrap().iter().map(|it| &it["condition"]).collect();
    assert_eq!(conditions, ["policy"; 3]);
    let dropped = plan["policy"]["findings"].as_array().unwrap();
    let dropped = dropped.iter().find(|it| it["check"] == "ChangeDropColumnWarn").unwrap();
    assert_eq!((&dropped["severity"], &dropped["blocks"]), (&json!("BLOCKER"), &json!(true)));
    assert_eq!(
        (&dropped["file"], &dropped["line"]),
        (&json!("changelog/changesets/013-tidy-orders.sql"), &json!(5))
    );

    let said = place.run(&["plan", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 2);
    assert!(said.out.contains("policy      ✖ 3 findings block, "), "{}", said.out);
    assert!(
        said.out.contains("✖ BLOCKER  SqlGrantWarn  changelog/changesets/013-tidy-orders.sql:6"),
        "{}",
        said.out
    );
    assert!(
        said.err.contains("because 013-tidy-orders.sql:5: ChangeDropColumnWarn (BLOCKER): alter table"),
        "{}",
        said.err
    );

    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.starts_with("error: v1.4.0 cannot be promoted to dev now\n"), "{}", said.err);
    assert!(said.err.contains("`lockstep check --release v1.4.0`"), "{}", said.err);
    assert!(said.err.contains("flows/policy-waivers.toml"), "{}", said.err);
    for mend in ["\n  Stop using ", "\n  Grant rights where ", "\n  Write `--rollback` with "] {
        assert!(said.err.contains(mend), "each mend has a line of its own: {}", said.err);
    }
    assert_eq!(place.journal(), Vec::<Value>::new(), "a refusal does nothing, so it leaves no record");
    assert_eq!(place.changesets("dev").await, before);
    assert_eq!(updates(&place).await, asked);
    assert_eq!(place.service("dev").await, ("v1.2.0".to_owned(), "RUNNING".to_owned()));
    // What is no worse than before passes as it did.
    place.ok(&["plan", "test", "--release", "v1.2.0"]).await;
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_waiver_lets_it_pass_until_its_day_is_over_and_is_part_of_what_is_promoted() {
    let place = Place::awake(FAST).await;
    place.waive(None);
    let (_, blocked) = plan(&place).await;
    place.waive(Some("2020-01-31"));
    let (code, expired) = plan(&place).await;
    assert_eq!((code, &expired["plan"]["digest"]), (2, &blocked["plan"]["digest"]));
    assert!(expired["policy"]["findings"].as_array().unwrap().iter().all(|it| it["waiver"].is_null()));

    place.waive(Some("2999-12-31"));
    let (code, waived) = plan(&place).await;
    assert_eq!((code, &waived["unmet"]), (0, &json!([])), "{waived:#}");
    assert_eq!(checks(&waived), CHECKS);
    // What another release has no use for is nobody's to take out.
    let other = place.json(&["plan", "test", "--release", "v1.2.0"]).await;
    assert_eq!(other["policy"]["notes"], json!([]));
    let checked = place.run(&["check", "--release", "v1.2.0"]).await;
    assert!(!checked.out.contains("not needed"), "{}", checked.out);
    let given = &waived["policy"]["findings"][0]["waiver"];
    assert_eq!(
        *given,
        json!({ "reason": "a test of something else", "owner": "ana", "expires": "2999-12-31" })
    );
    assert_ne!(waived["plan"]["digest"], blocked["plan"]["digest"]);
    // Whoever has the words of another plan has not seen the waiver.
    let short = blocked["plan"]["short"].as_str().unwrap();
    let said = place.run(&["promote", "dev", "--release", "v1.4.0", "--plan", short]).await;
    assert_eq!(said.code, 2, "{said:?}");
    place.ok(&["promote", "dev", "--release", "v1.4.0"]).await;
    let planned = place.journal().into_iter().find(|it| it["record"] == "planned").unwrap();
    let text = planned.to_string();
    assert!(text.contains("SqlGrantWarn in changelog/changesets/013-tidy-orders.sql::"), "{text}");
    assert!(text.contains("until 2999-12-31 by ana: a test of something else"), "{text}");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_lets_nothing_pass_and_a_reset_brings_it_back() {
    let place = Place::awake(FAST).await;
    let settings = place.sandbox().join("flows").join("liquibase.checks-settings.conf");
    let shipped = fs::read_to_string(&settings).unwrap();
    fs::remove_file(&settings).unwrap();
    let said = place.run(&["promote", "dev", "--release", "v1.3.0"]).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("because policy cannot be checked: "), "{}", said.err);
    assert!(said.err.contains("liquibase.checks-settings.conf"), "{}", said.err);
    fs::write(&settings, "rules: 7\n").unwrap();
    assert_eq!(place.run(&["promote", "dev", "--release", "v1.3.0"]).await.code, 2);
    assert_eq!(place.journal(), Vec::<Value>::new());

    place.ok(&["demo", "reset"]).await;
    assert_eq!(fs::read_to_string(&settings).unwrap(), shipped);
    assert_eq!(plan(&place).await.0, 2, "the waivers are those of the start state again");
    place.ok(&["plan", "test", "--release", "v1.2.0"]).await;
    place.ok(&["demo", "down"]).await;
}
