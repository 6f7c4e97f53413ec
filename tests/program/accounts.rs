//! Whose account something is changed in, and looking without changing anything.

use std::fs;

use super::place::{FAST, Place};

/// The account that the sandbox pretends to be.
const ACCOUNT: &str = "account = \"000000000000\"";

/// What the sandbox's file says, changed.
fn configure(place: &Place, from: &str, to: &str) {
    let file = place.sandbox().join("lockstep.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
}

#[tokio::test]
async fn nothing_is_changed_in_another_account_than_the_configured_one() {
    let place = Place::awake(FAST).await;
    configure(&place, ACCOUNT, "account = \"111111111111\"");
    let before = place.json(&["status"]).await;
    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 65, "{said:?}");
    for words in [
        "the credentials of sandbox are for the account 000000000000",
        "names the account 111111111111",
        "Set `profile` or `role_arn` to one of that account, or correct `account`.",
    ] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let after = place.json(&["status"]).await;
    for look in ["service", "database"] {
        let rows = |status: &serde_json::Value| status["environments"][0][look]["image"].clone();
        assert_eq!(rows(&before), rows(&after), "{look}");
    }
    assert_eq!(before["environments"][0]["database"]["rows"], after["environments"][0]["database"]["rows"]);
    assert_eq!(after["environments"][0]["database"]["lock"]["held"], false);

    configure(&place, "account = \"111111111111\"", ACCOUNT);
    place.ok(&["promote", "dev", "--release", "v1.4.0"]).await;
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn an_environment_of_another_account_is_reached_by_its_role() {
    let place = Place::awake(FAST).await;
    let dev = "[[environment]]\nname = \"dev\"\n";
    // An account that nobody is in without a role.
    configure(&place, dev, &format!("{dev}account = \"222222222222\"\n"));
    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 65, "{said:?}");
    let role = "role_arn = \"arn:aws:iam::222222222222:role/Release\"\n";
    configure(&place, "account = \"222222222222\"\n", role);
    place.ok(&["promote", "dev", "--release", "v1.4.0"]).await;
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn whoever_only_reads_changes_nothing_and_is_told_so() {
    let place = Place::awake(FAST).await;
    let status = place.json(&["--read-only", "status"]).await;
    assert_eq!(status["instance"]["mode"], "READ-ONLY");
    for words in [
        &["promote", "dev", "--release", "v1.4.0"][..],
        &["flow", "run", "flows/promotion-flow.yaml", "--environment", "dev"],
    ] {
        let said = place.run(&[&["--read-only"], words].concat()).await;
        assert_ne!(said.code, 0, "{words:?}: {said:?}");
    }
    let said = place.run(&["--read-only", "promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("lockstep only reads here"), "{}", said.err);
    let after = place.json(&["status"]).await;
    assert_eq!(after["environments"][0]["version"], status["environments"][0]["version"]);
    assert_eq!(after["environments"][0]["database"]["rows"], status["environments"][0]["database"]["rows"]);
    let plan = place.run(&["--read-only", "plan", "dev", "--release", "v1.4.0", "--output", "json"]).await;
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    assert_eq!(plan["unmet"][0]["condition"], "read-only");
    let records = place.journal().len();
    let said = place.run(&["--read-only", "line", "stop", "--reason", "to try it"]).await;
    assert!(said.code == 2 && said.err.contains("lockstep only reads here"), "{said:?}");
    assert_eq!(place.journal().len(), records, "nobody's word is on record");
    let said = place.run(&["--read-only", "diff", "dev", "v1.4.0"]).await;
    assert!(said.code != 0 && said.err.contains("lockstep only reads here"), "{said:?}");
    place.ok(&["demo", "down"]).await;
}
