//! Wrong use, and use before anything is there: an exit code of its own and a way out, each time.

use std::fs;

use super::place::{DEMO, Place};

/// A configuration of an instance that nobody serves.
pub(crate) const NOBODY: &str = r#"
[instance]
id = "INSTANCE"
title = "Bagel Store"
mode = "LIVE"
[aws]
region = "us-east-1"
endpoint_url = "http://127.0.0.1:1"
access_key_id = "test"
secret_access_key = "test"
[database]
instance = "bagel-store-demo1-rds"
username_secret = "demo1/rds/username"
password_secret = "demo1/rds/password"
[releases]
folder = "releases"
image = "registry.example/demo1-bagel-store"
[[environment]]
name = "dev"
service = "bagel-store-demo1-dev"
database = "dev"
gate = "automatic"
production = false
"#;

#[tokio::test]
async fn without_an_instance_every_command_says_how_to_get_one() {
    let place = Place::fresh();
    for words in
        [vec!["status"], vec!["plan", "test"], vec!["promote", "test"], vec!["release", "list"], vec![]]
    {
        let said = place.run(&words).await;
        assert_eq!((said.code, said.out.as_str()), (65, ""), "{words:?}: {said:?}");
        assert!(said.err.starts_with("error: there is no instance to work with\n"), "{}", said.err);
        assert!(said.err.contains("Start a sandbox with `lockstep demo up`"), "{}", said.err);
    }
    let none = place.run(&["--instance", "other", "status"]).await;
    assert_eq!(none.code, 65);
    assert!(none.err.contains("error: there is no instance called other\n"), "{}", none.err);
    assert_eq!(place.ok(&["demo", "list"]).await, "there is no sandbox; `lockstep demo up` starts one\n");
    assert_eq!(place.json(&["demo", "list"]).await, serde_json::json!([]));
    assert_eq!(place.ok(&["demo", "down"]).await, "sandbox demo1 was not running\n");
    assert!(fs::read_dir(place.home()).unwrap().next().is_none(), "looking leaves nothing behind");
}

#[tokio::test]
async fn wrong_words_are_refused_with_64_and_the_reason_before_anything_is_made() {
    let place = Place::fresh();
    let cases: [(&[&str], &str); 10] = [
        (&["--nope"], "error: unexpected argument '--nope' found"),
        (&["promote"], "the following required arguments were not provided"),
        (&["demo", "up", "--time-factor", "0"], "0 is not in 1..=10000"),
        (&["demo", "up", "--id", "Bad_Id"], "`Bad_Id` is not a demo id: `B` is not a lower-case letter"),
        (&["demo", "up", "--id", "customer-"], "`customer-` is not a demo id"),
        (&["demo", "up", "--id", "twenty-five-characters-is"], "it has 25 characters; 20 at most"),
        (&["release", "build", "banana"], "`banana` is not a version like v1.2.0"),
        (&["demo"], "the console needs a terminal"),
        (&["status", "--plain"], "`--plain` is for the console"),
        (&["picture", "nothing", "--svg", "b.svg"], "invalid value 'nothing' for '<VIEW>'"),
    ];
    for (words, reason) in cases {
        let said = place.run(words).await;
        assert_eq!((said.code, said.out.as_str()), (64, ""), "{words:?}: {said:?}");
        assert!(said.err.contains(reason), "{words:?}: {}", said.err);
    }
    assert!(fs::read_dir(place.home()).unwrap().next().is_none(), "something was made");
    assert!(place.ok(&["--help"]).await.contains("Usage: lockstep"));
    assert!(place.ok(&["--version"]).await.starts_with("lockstep "));
}

#[tokio::test]
async fn a_sandbox_that_sleeps_is_named_with_the_command_that_wakes_it() {
    let place = Place::asleep_without_databases().await;
    for words in [
        vec!["status"],
        vec!["promote", "test"],
        vec!["demo", "env"],
        vec!["board", "--svg", "b.svg"],
        vec!["picture", "plan", "--svg", "b.svg"],
    ] {
        let said = place.run(&words).await;
        assert_eq!((said.code, said.out.as_str()), (69, ""), "{words:?}: {said:?}");
        let told =
            "error: the sandbox demo1 is not running\n  Start it with `lockstep demo up --id demo1`.\n";
        assert_eq!(said.err, told, "{words:?}");
    }
    assert!(!place.work().join("b.svg").exists());
    assert!(place.ok(&["demo", "list"]).await.starts_with("demo1                    stopped"));
    // Its releases are files: they can be read while it sleeps.
    assert_eq!(place.ok(&["release", "list"]).await.lines().count(), 5);
}

#[tokio::test]
async fn several_instances_are_listed_and_one_has_to_be_chosen() {
    let place = Place::asleep_without_databases().await;
    fs::write(place.work().join("lockstep.toml"), NOBODY.replace("INSTANCE", "live-1")).unwrap();
    let said = place.run(&["status"]).await;
    assert_eq!((said.code, said.out.as_str()), (65, ""));
    assert!(said.err.starts_with("error: there are several instances; say which one\n"), "{}", said.err);
    for id in ["live-1", DEMO] {
        assert!(said.err.contains(&format!("because {id} is described by ")), "{}", said.err);
    }
    assert!(said.err.contains("Add `--instance ID`, or set LOCKSTEP_INSTANCE.\n"), "{}", said.err);
    let chosen = place.run(&["status", "--instance", DEMO]).await;
    assert_eq!(chosen.code, 69, "{chosen:?}");
    let live = place.run(&["status", "--instance", "live-1"]).await;
    assert_eq!(live.code, 69, "{live:?}");
    assert!(live.err.contains("error: not everything could be looked at\n"), "{}", live.err);
    assert!(live.out.contains("? unknown"), "{}", live.out);
}

#[tokio::test]
async fn a_name_that_the_instance_does_not_know_is_refused_with_those_it_does() {
    let place = Place::awake(super::place::FAST).await;
    let cases: [(&[&str], &str, &str); 5] = [
        (&["plan", "nowhere"], "there is no environment called nowhere", "dev, test, staging, prod"),
        (&["promote", "nowhere"], "there is no environment called nowhere", "dev, test, staging, prod"),
        (&["plan", "test", "--release", "v9.9.9"], "there is no release v9.9.9", "v1.3.0, v1.4.0"),
        (&["promote", "test", "--release", "v9.9.9"], "there is no release v9.9.9", "v1.3.0, v1.4.0"),
        (&["release", "show", "v9.9.9"], "there is no release v9.9.9", "v1.3.0, v1.4.0"),
    ];
    for (words, what, known) in cases {
        let said = place.run(words).await;
        assert_eq!((said.code, said.out.as_str()), (64, ""), "{words:?}: {said:?}");
        assert!(said.err.contains(&format!("error: {what}\n")) && said.err.contains(known), "{}", said.err);
    }
    for words in [["plan", "test", "--release", "v9"], ["rollback", "test", "--to", "v9"]] {
        let said = place.run(&words).await;
        assert_eq!((said.code, said.out.as_str()), (64, ""), "{words:?}: {said:?}");
        assert!(said.err.starts_with("error: `v9` is not a version like v1.2.0: "), "{}", said.err);
        assert!(
            said.err.ends_with("because the releases are: v1.0.0, v1.1.0, v1.2.0, v1.3.0, v1.4.0\n"),
            "{said:?}"
        );
    }
    place.ok(&["demo", "down"]).await;
}
