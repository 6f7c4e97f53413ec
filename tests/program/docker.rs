//! Liquibase in its Docker image, with a stand-in for Docker that does what the image's entry point does and then runs the real
//! Liquibase. Docker itself is not here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lockstep::adapters::liquibase::find;
use lockstep::config::{RunnerKind, paths};
use serde_json::{Value, json};

use super::place::{FAST, Place};

/// A command `docker` in a folder of the place; what it was asked for goes to `docker.log` there.
fn stand_in(place: &Place) -> String {
    let folder = place.work().join("bin");
    fs::create_dir(&folder).unwrap();
    let runner = find(RunnerKind::Jvm, paths::tools().as_deref()).unwrap().command_line();
    let home = runner.env.iter().find(|(name, _)| name == "LIQUIBASE_HOME").unwrap().1.clone();
    // The flags are the image's own business.
    let args: Vec<_> = runner.args.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let begin = args.iter().position(|word| word == "-cp").unwrap();
    let liquibase = json!({"java": runner.program, "args": args[begin..], "home": home});
    fs::write(folder.join("liquibase.json"), liquibase.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/docker_stand_in.py");
    let lines = format!("#!/bin/sh\nexec python3 -I '{}' '{}' \"$@\"\n", script.display(), folder.display());
    fs::write(folder.join("docker"), lines).unwrap();
    fs::set_permissions(folder.join("docker"), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

#[tokio::test]
async fn a_promotion_with_the_image_names_every_changeset_as_one_without_and_hides_the_password() {
    let place = Place::awake(FAST).await;
    let path = stand_in(&place);
    let config = place.sandbox().join("lockstep.toml");
    let mut table: toml::Table = fs::read_to_string(&config).unwrap().parse().unwrap();
    table.insert("liquibase".to_owned(), toml::Value::Table(toml::toml! { runner = "docker" }));
    fs::write(&config, table.to_string()).unwrap();

    let run = async |words: &[&str]| {
        let output = place.command(words).env("PATH", &path).output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    // Back and forth: every row is there, or gone, under the name that it has in the release, or nothing is proven.
    let back = ["rollback", "dev", "--to", "v1.1.0"];
    let (_, shown) = run(&back).await;
    let (_, digest) = shown.split_once(" --plan ").unwrap_or_else(|| panic!("there is no plan: {shown}"));
    let confirmed = ["--confirm", "dev", "--plan", &digest[..6], "--reason", "it sells nothing"];
    let (code, said) = run(&[&back[..], &confirmed].concat()).await;
    assert_eq!((code, place.changesets("dev").await.len()), (Some(0), 11), "{said}");
    let (code, said) = run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert!(code == Some(0) && said.contains("all four proven"), "{said}");
    let strange = "select count(*) from databasechangelog where filename not like 'changelog/%'";
    assert_eq!((place.count("dev", strange).await, place.changesets("dev").await.len()), (0, 18));

    let log = fs::read_to_string(place.work().join("bin/docker.log")).unwrap();
    place.assert_silent(&log, "an argument of docker");
    let runs: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let command = |run: &Value| {
        let words: Vec<_> =
            run["arguments"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let own = words.iter().position(|word| *word == "--headless=true").unwrap();
        words[own + 1].to_owned()
    };
    let commands: Vec<_> = runs.iter().map(command).collect();
    assert_eq!(commands, ["rollback-count", "validate", "update"]);
    for run in &runs {
        let image = json!("liquibase/liquibase-secure:5.0.1");
        assert_eq!((&run["image"], &run["network"]), (&image, &json!("host")));
    }
    place.ok(&["demo", "down"]).await;
}
