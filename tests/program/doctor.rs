//! `lockstep doctor` on a sandbox: all well, nothing changed, and every fault told where it strikes.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::place::{FAST, Place};
use super::scripted::Scripted;

/// How the needs stand, by what they are of and what they are called.
fn standings(said: &Value) -> Vec<(String, String)> {
    let needs = said["needs"].as_array().unwrap().iter();
    let text = |need: &Value, key: &str| need[key].as_str().unwrap_or_default().to_owned();
    let named = |need: &Value| match text(need, "of").as_str() {
        "environment" => format!("{} {}", text(need, "name"), text(need, "need")),
        _ => text(need, "need"),
    };
    needs.map(|need| (named(need), text(need, "state"))).collect()
}

fn state<'s>(standings: &'s [(String, String)], need: &str) -> &'s str {
    let found = standings.iter().find(|(name, _)| name == need);
    &found.unwrap_or_else(|| panic!("{need}: {standings:?}")).1
}

#[tokio::test]
async fn a_sandbox_has_everything_that_a_first_promotion_needs_and_looking_changes_nothing() {
    let place = Place::awake(FAST).await;
    let before = place.json(&["status"]).await;
    let calls = place.json(&["demo", "fault", "list"]).await;
    let said = place.json(&["doctor"]).await;
    let found = standings(&said);
    let wrong: Vec<_> = found.iter().filter(|(_, state)| state == "wrong" || state == "warning").collect();
    assert!(wrong.is_empty(), "{said:#}");
    assert_eq!(said["obstacle"], Value::Null);
    for need in [
        "Liquibase",
        "configuration",
        "releases",
        "policy",
        "flow",
        "journal",
        "reports",
        "runs",
        "credentials",
        "account",
        "clock",
        "database server",
        "database sign-in",
        "reports bucket",
    ] {
        assert_eq!(state(&found, need), "well", "{need}");
    }
    for environment in ["dev", "test", "staging", "prod"] {
        for need in ["service", "service log", "database", "application"] {
            assert_eq!(state(&found, &format!("{environment} {need}")), "well");
        }
    }
    let names: BTreeSet<_> = found.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), found.len(), "every need is told once");

    let after = place.json(&["status"]).await;
    for look in ["service", "database"] {
        for index in 0..4 {
            let of = |status: &Value| {
                let mut seen = status["environments"][index][look].clone();
                seen.as_object_mut().unwrap().remove("seen_at");
                seen
            };
            assert_eq!(of(&before), of(&after));
        }
    }
    assert!(!place.journal_folder().exists(), "nothing is on record, and no folder was made");
    let asked = |report: &Value| -> BTreeSet<String> {
        let calls = report["calls"].as_array().unwrap().iter();
        calls.map(|call| call["action"].as_str().unwrap().to_owned()).collect()
    };
    let new = asked(&place.json(&["demo", "fault", "list"]).await);
    assert!(
        new.is_superset(&asked(&calls)) && !new.contains("UpdateService") && !new.contains("PutObject"),
        "{new:?}"
    );

    let text = place.ok(&["doctor"]).await;
    assert!(text.starts_with("demo1 · Bagel Store · SANDBOX ×600\n"), "{text}");
    assert!(text.contains("  ✔ well      database server   bagel-store-demo1-rds at 127.0.0.1:"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80 || !line.contains(". ")), "{text}");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn whatever_is_missing_is_told_where_it_is_missing_and_the_rest_is_looked_at_all_the_same() {
    let place = Place::awake(FAST).await;
    // One action of one environment: everything else is well.
    place.ok(&["demo", "fault", "set", "throttling", "--env", "test", "--action", "DescribeService"]).await;
    let said = place.run(&["doctor", "--output", "json"]).await;
    assert_eq!(said.code, 69, "{said:#?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let found = standings(&report);
    let wrong: Vec<_> =
        found.iter().filter(|(_, state)| state == "wrong").map(|(name, _)| name.as_str()).collect();
    assert_eq!(wrong, ["test service", "test service log"], "{report:#}");

    place.ok(&["demo", "fault", "clear"]).await;
    place.ok(&["demo", "fault", "set", "expired-credentials"]).await;
    let said = place.run(&["doctor"]).await;
    assert_eq!(said.code, 69, "{said:#?}");
    assert!(said.out.contains("✖ wrong     credentials"), "{}", said.out);
    assert!(said.out.contains("because ExpiredTokenException:"), "{}", said.out);
    assert!(said.out.contains("→ Log in again with `aws sso login`"), "{}", said.out);
    assert!(
        said.out.contains("– not seen  everything        its credentials have to work first"),
        "{}",
        said.out
    );
    assert!(said.out.contains("✔ well      Liquibase"), "the machine is looked at: {}", said.out);

    place.ok(&["demo", "fault", "clear"]).await;
    place.ok(&["demo", "fault", "set", "database-down"]).await;
    let said = place.run(&["doctor", "--output", "json"]).await;
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said.code, 69);
    assert_eq!(state(&standings(&report), "prod database"), "wrong", "{report:#}");
    assert_eq!(state(&standings(&report), "prod service"), "well");
    place.ok(&["demo", "fault", "clear"]).await;

    place.ok(&["demo", "fault", "set", "clock-ahead"]).await;
    let said = place.run(&["doctor"]).await;
    assert_eq!(said.code, 69, "{said:#?}");
    assert!(said.out.contains("✖ wrong     clock"), "{}", said.out);
    let told = ["59", "60"].map(|minutes| format!("the clock of this machine is {minutes} min behind\n"));
    assert!(told.iter().any(|words| said.out.contains(words)), "{}", said.out);
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn without_an_instance_the_machine_is_looked_at_and_a_wrong_file_is_told_whole() {
    let place = Place::fresh();
    let said = place.run(&["doctor"]).await;
    assert_eq!(said.code, 65, "{said:#?}");
    assert!(said.out.starts_with("no instance\n"), "{}", said.out);
    assert!(said.out.contains("✖ wrong     configuration"), "{}", said.out);
    assert!(said.out.contains("✔ well      Liquibase"), "{}", said.out);
    let scripted = Scripted::start(Vec::new()).await;
    let keys =
        [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_ENDPOINT_URL", &scripted.url)];
    let output = place.command(&["doctor"]).envs(keys).output().await.unwrap();
    assert_eq!((output.status.code(), scripted.count("GetCallerIdentity")), (Some(65), 0), "nobody is asked");

    fs::write(
        place.work().join("lockstep.toml"),
        "[instance]\nid = \"Demo\"\ntitel = \"x\"\n[aws]\nregion = 7\n",
    )
    .unwrap();
    let said = place.run(&["doctor", "--output", "json"]).await;
    assert_eq!(said.code, 65);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let needs = report["needs"].as_array().unwrap();
    let file = needs.iter().find(|need| need["need"] == "configuration").unwrap();
    let told: Vec<_> = file["because"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(told.contains(&"line 3: unknown field `titel`; `title` is one"), "{told:?}");
    assert!(told.iter().any(|it| it.starts_with("line 5: invalid type")), "{told:?}");
    assert!(told.iter().any(|it| it.contains("missing field `database`")), "{told:?}");
}

/// A project whose AWS is at this address, with these lines besides.
fn project(place: &Place, endpoint: &str, more: &str) {
    let text = format!(
        "[instance]\nid = \"demo9\"\n[aws]\nregion = \"us-east-1\"\nendpoint_url = \"{endpoint}\"\naccess_key_id = \"test\"\n\
         secret_access_key = \"a-secret-key\"\n[database]\ninstance = \"rds\"\nusername_secret = \"u\"\npassword_secret = \"p\"\n\
         [releases]\nfolder = \".\"\nimage = \"i\"\n{more}[[environment]]\nname = \"dev\"\nservice = \"s\"\ndatabase = \"d\"\n\
         gate = \"confirm\"\n"
    );
    fs::write(place.work().join("lockstep.toml"), text).unwrap();
}

fn need<'v>(said: &'v Value, name: &str) -> &'v Value {
    let mut needs = said["needs"].as_array().unwrap().iter();
    needs.find(|need| need["need"] == name).unwrap_or_else(|| panic!("no {name}: {said:#}"))
}

#[tokio::test]
async fn whoever_never_answers_hides_nothing_else() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let place = Place::fresh();
    project(&place, &endpoint, "[deadlines]\nlook = 1.0\n");
    let said = place.run(&["doctor", "--output", "json"]).await;
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let found = need(&report, "credentials");
    assert_eq!((said.code, &found["state"]), (69, &"wrong".into()), "{report:#}");
    let why = found["because"].to_string();
    assert!(why.contains("did not answer in time") || why.contains("no answer within 1 s"), "{why}");
    assert_eq!(need(&report, "Liquibase")["state"], "well");
    assert_eq!(need(&report, "journal")["state"], "well");
    assert_eq!(need(&report, "application")["state"], "not seen");
}

#[tokio::test]
async fn docker_is_asked_whether_its_engine_answers() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::fresh();
    project(&place, "http://127.0.0.1:9", "[liquibase]\nrunner = \"docker\"\n");
    let folder = place.work().join("bin");
    fs::create_dir(&folder).unwrap();
    let examined = async || {
        let mut command = place.command(&["doctor", "--output", "json"]);
        let output = command.env("PATH", &folder).output().await.unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        need(&report, "Liquibase").clone()
    };
    let missing = examined().await;
    assert_eq!(missing["because"][0], "there is no command `docker` on PATH");

    let script = folder.join("docker");
    for (lines, state, words) in [
        (
            "echo 'Cannot connect to the Docker daemon. Is it running?' >&2; exit 1",
            "wrong",
            "Cannot connect to the Docker daemon",
        ),
        (
            "test \"$*\" = 'version --format {{.Server.Version}}' && echo 27.5.1",
            "well",
            "liquibase/liquibase-secure:5.0.1 in Docker 27.5.1",
        ),
    ] {
        // Another process writes it: were it open for writing here, a test that forks at this moment would inherit it
        // open, and the system would refuse to run it.
        let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\" && chmod 755 \"$2\"";
        let made =
            std::process::Command::new("/bin/sh").args(["-c", write, "sh", lines]).arg(&script).status();
        assert!(made.unwrap().success());
        assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o755);
        let found = examined().await;
        assert_eq!(found["state"], state, "{found:#}");
        assert!(found.to_string().contains(words), "{found:#}");
    }
}
