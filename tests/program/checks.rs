//! `lockstep check`: on a folder alone, on releases, and on the databases of a sandbox.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::drift::copy;
use super::place::{FAST, Place};

const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/flows/liquibase.checks-settings.conf");

/// A place to work in with the changelog of the demo and its settings, and no instance.
fn folder() -> Place {
    let place = Place::fresh();
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/changelog")), &place.work().join("changelog"));
    fs::create_dir(place.work().join("flows")).unwrap();
    fs::copy(SETTINGS, place.work().join("flows/liquibase.checks-settings.conf")).unwrap();
    place
}

fn waive(place: &Place, expires: &str) {
    let checks = ["ChangeDropColumnWarn", "SqlGrantWarn", "RollbackRequired"];
    let waivers = checks.map(|check| {
        format!(
            "[[waiver]]\ncheck = \"{check}\"\nchangeset = \"013-tidy-orders\"\nreason = \"for the demo\"\n\
             owner = \"ann\"\nexpires = \"{expires}\"\n"
        )
    });
    fs::write(place.work().join("waivers.toml"), waivers.concat()).unwrap();
}

#[tokio::test]
async fn a_folder_is_checked_without_any_instance_and_the_exit_code_is_the_severity() {
    let place = folder();
    let said = place.run(&["check"]).await;
    assert_eq!((said.code, said.err.as_str()), (4, ""), "{said:#?}");
    assert!(said.out.contains("changelog/changesets/013-tidy-orders.sql:5:22\n"), "{}", said.out);
    assert!(
        said.out.ends_with("in 18 changesets by 12 checks. Exit code 4, that of BLOCKER.\n"),
        "{}",
        said.out
    );

    let json =
        place.run(&["check", "--output", "json", "--check-name", "!RollbackRequired,!SqlGrantWarn"]).await;
    let found: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, found["standing"].as_u64()), (4, Some(1)), "{found:#}");
    assert_eq!(found["findings"][0]["check"], "ChangeDropColumnWarn");
    for (form, begin) in [("sarif", "{\n  \"$schema\""), ("junit", "<?xml version=\"1.0\"")] {
        let said = place.run(&["check", "--output", form]).await;
        assert_eq!(said.code, 4);
        assert!(said.out.starts_with(begin), "{}", said.out);
    }

    waive(&place, "2999-12-31");
    let waived = place.run(&["check", "--waivers", "waivers.toml"]).await;
    assert_eq!(waived.code, 0, "{waived:#?}");
    assert!(waived.out.contains("until 2999-12-31 by ann: for the demo"), "{}", waived.out);
    assert!(
        waived
            .out
            .ends_with("No findings, 3 waived in 18 changesets by 12 checks. Exit code 0, that of INFO.\n")
    );
    waive(&place, "2001-01-31");
    let ended = place.run(&["check", "--waivers", "waivers.toml"]).await;
    assert_eq!(ended.code, 4);
    assert!(ended.out.contains("ended on 2001-01-31 and counts no more"), "{}", ended.out);
}

#[tokio::test]
async fn a_check_leaves_a_report_when_asked_and_the_exit_code_is_that_of_the_findings_whatever_comes_of_it() {
    let place = folder();
    waive(&place, "2999-12-31");
    let quiet = place.run(&["check"]).await;
    let said = place.run(&["check", "--report"]).await;
    assert_eq!((said.code, &said.out), (4, &quiet.out), "{said:#?}");
    let path = said.err.strip_prefix("report: ").and_then(|rest| rest.strip_suffix('\n')).unwrap();
    let page = fs::read_to_string(path).unwrap();
    let text = fs::read_to_string(Path::new(path).with_file_name("operation-report.json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["kind"], &value["outcome"]), (&json!("check"), &json!("found")), "{value:#}");
    assert_eq!(value["place"], "changelog/changelog-master.yaml");
    assert_eq!(value["checked"]["checks"].as_array().unwrap().len(), 12);
    assert!(page.contains("changelog/changesets/013-tidy-orders.sql:5:22"), "{page}");

    // JUnit on standard output is not disturbed by where the report is.
    let said = place.run(&["check", "--report", "--output", "junit", "--waivers", "waivers.toml"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.out.starts_with("<?xml") && !said.out.contains("report: "), "{}", said.out);

    fs::rename(place.home().join("reports"), place.home().join("reports.before")).unwrap();
    fs::write(place.home().join("reports"), "in the way").unwrap();
    for (words, code) in
        [(&["check", "--report"][..], 4), (&["check", "--report", "--waivers", "waivers.toml"], 0)]
    {
        let said = place.run(words).await;
        assert_eq!(said.code, code, "{said:#?}");
        assert!(said.err.contains("could not be written"), "{}", said.err);
    }
}

#[tokio::test]
async fn what_cannot_be_checked_is_said_before_anything_is() {
    let place = folder();
    for (words, code, says) in [
        (&["check", "--scope", "database"][..], 64, "`--scope database` needs to know which database"),
        (
            &["check", "--changeset-filter", "pending"],
            64,
            "`--changeset-filter pending` needs to know which database",
        ),
        (&["check", "--scope", "tables"], 64, "`tables` is no scope"),
        (&["check", "--check-name", "Nope"], 64, "no check called Nope looks"),
        (&["check", "--sql-parser-fail-severity", "high"], 64, "`high` is no severity"),
        (&["check", "--settings", "nope.conf"], 65, "the settings of the policy checks cannot be read"),
        (&["check", "--changelog", "nope.yaml"], 65, "the changelog nope.yaml cannot be judged"),
        (&["changelog", "list", "x", "--output", "sarif"], 64, "only `lockstep check` writes SARIF"),
    ] {
        let said = place.run(words).await;
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{words:?}: {said:#?}");
        assert!(said.err.contains(says), "{words:?}: {}", said.err);
    }
    fs::write(
        place.work().join("bad.conf"),
        "rules:\n- {shortName: SqlGrantWarn, severity: high, tint: 1}\n",
    )
    .unwrap();
    let said = place.run(&["check", "--settings", "bad.conf"]).await;
    assert_eq!(said.code, 65);
    assert!(
        said.err.contains("bad.conf:2: `severity` is `high`") && said.err.contains("`tint`"),
        "{}",
        said.err
    );

    fs::write(
        place.work().join("odd.sql"),
        "--liquibase formatted sql\n--changeset a:1\nselec 1;\n--rollback empty\n",
    )
    .unwrap();
    let check = ["check", "--changelog", "odd.sql"];
    assert_eq!(place.run(&check).await.code, 4, "as much as the check that matters most");
    assert_eq!(place.run(&[&check[..], &["--sql-parser-fail-severity", "minor"]].concat()).await.code, 1);
}

#[tokio::test]
async fn every_check_is_listed_with_its_standing() {
    let place = folder();
    let text = place.ok(&["check", "--list"]).await;
    let row = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(
        row("SqlGrantWarn ").contains("on       BLOCKER   38fc7edf-9a60-3d00-8b40-23c7e719745f"),
        "{text}"
    );
    assert!(row("PgLockTimeout ").contains("off"), "{text}");
    assert!(text.lines().count() > 34, "{text}");
    let listed = place.json(&["check", "--list"]).await;
    let grant = listed.as_array().unwrap().iter().find(|it| it["short_name"] == "SqlGrantWarn").unwrap();
    assert_eq!(grant["enabled"], json!([{ "short_name": "SqlGrantWarn", "severity": "BLOCKER" }]));
}

/// The real Liquibase here has no licence.
#[tokio::test]
async fn a_liquibase_without_a_licence_is_never_taken_for_a_policy_that_holds() {
    let place = folder();
    let said = place.run(&["check", "--engine", "liquibase"]).await;
    assert_eq!(said.code, 4, "{said:#?}");
    assert!(said.out.contains("Liquibase has checked nothing: this Liquibase "), "{}", said.out);
    waive(&place, "2999-12-31");
    let json = place.json(&["check", "--engine", "liquibase", "--waivers", "waivers.toml"]).await;
    assert_eq!(
        (&json["liquibase"]["checked"], &json["liquibase"]["severity"]),
        (&json!(false), &Value::Null)
    );
    let left: Vec<_> = fs::read_dir(place.work()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "Liquibase left something behind: {left:?}");
}

#[tokio::test]
async fn releases_and_databases_of_an_instance_are_checked_and_only_what_is_pending_when_that_is_asked() {
    let place = Place::awake(FAST).await;
    let check = |words: &[&str]| {
        let words: Vec<_> =
            ["check", "--settings", SETTINGS].iter().chain(words).map(|it| (*it).to_owned()).collect();
        let place = &place;
        async move { place.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    let held = check(&["--release", "v1.2.0"]).await;
    assert_eq!(held.code, 0, "{held:#?}");
    assert!(held.out.starts_with("Checking v1.2.0 with 12 checks"), "{}", held.out);
    let newest = check(&["--output", "json"]).await;
    let newest: Value = serde_json::from_str(&newest.out).unwrap();
    assert_eq!((&newest["subject"], newest["standing"].as_u64()), (&json!("v1.4.0"), Some(3)));

    let pending = [
        "--environment",
        "dev",
        "--changeset-filter",
        "pending",
        "--scope",
        "changelog,database",
        "--output",
        "json",
    ];
    let pending = check(&pending).await;
    let found: Value = serde_json::from_str(&pending.out).unwrap();
    assert_eq!(pending.code, 4, "{found:#}");
    let changesets = found["changesets"].as_array().unwrap();
    assert!(
        changesets.len() < 18 && changesets.iter().any(|id| id.as_str().unwrap().contains("013-tidy-orders"))
    );
    assert!(!changesets.iter().any(|id| id.as_str().unwrap().contains("001-products")), "{found:#}");
    assert!(found["tables"].as_array().unwrap().contains(&json!("products")), "{found:#}");
    assert!(found["findings"].as_array().unwrap().iter().all(|it| it["table"].is_null()), "{found:#}");
}
