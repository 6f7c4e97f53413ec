//! A sandbox's life by its commands: up, list, env, down, up again, reset.

use std::fs;

use serde_json::{Value, json};
use tokio::process::Command;

use super::place::{DEMO, FAST, Place};

#[tokio::test]
async fn what_was_done_survives_down_and_up_until_a_reset_takes_it_back_twice_the_same() {
    let place = Place::awake(FAST).await;
    // What was copied may have been made on an earlier day, and the story counts its days from today.
    place.ok(&["demo", "reset"]).await;
    let start = settled(&place).await;
    the_list_and_the_exports_name_its_addresses(&place).await;
    place.waive(Some("2999-12-31"));
    place.ok(&["promote", "dev", "--release", "v1.4.0"]).await;
    place
        .database("prod")
        .await
        .batch_execute("delete from databasechangelog where id = '007-seed-inventory'")
        .await
        .unwrap();
    place.database("dev").await.batch_execute("create table kept as select 7::bigint as n").await.unwrap();

    assert_eq!(place.ok(&["demo", "down"]).await, "sandbox demo1 is stopped; its state is kept\n");
    assert_eq!(place.processes(), [], "nothing is left running");
    assert_eq!(place.ok(&["demo", "down"]).await, "sandbox demo1 was not running\n");
    assert_eq!(place.run(&["status"]).await.code, 69);

    place.ok(&["demo", "up", "--time-factor", FAST]).await;
    assert_eq!(place.count("dev", "select n from kept").await, 7);
    assert_eq!(place.service("dev").await, ("v1.4.0".to_owned(), "RUNNING".to_owned()));
    // Starting what runs changes nothing.
    let keeper = place.ready()["keeper"].clone();
    place.ok(&["demo", "up"]).await;
    assert_eq!((&place.ready()["keeper"], &place.ready()["time_factor"]), (&keeper, &json!(600)));

    let journal = place.journal();
    assert!(!journal.is_empty());
    assert_eq!(place.ok(&["demo", "reset"]).await, "sandbox demo1 is in its start state\n");
    assert_eq!(settled(&place).await, start, "a reset is the start state");
    assert_eq!(place.journal(), Vec::<Value>::new());
    let folders = fs::read_dir(place.home().join("journal")).unwrap().flatten();
    let mut names: Vec<_> = folders.map(|folder| folder.file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!((names.len(), names[0].as_str()), (2, DEMO), "the journal so far is kept under another name");
    assert!(names[1].starts_with("demo1-until-"), "{names:?}");
    assert_eq!(place.count("dev", "select count(*) from pg_tables where tablename = 'kept'").await, 0);
    place.ok(&["demo", "down"]).await;
    // From any state: asleep, too.
    place.ok(&["demo", "reset"]).await;
    assert_eq!(settled(&place).await, start, "two resets give the same");
    place.ok(&["demo", "down"]).await;
    assert_eq!(place.processes(), []);
}

async fn the_list_and_the_exports_name_its_addresses(place: &Place) {
    let ready = place.ready();
    let list = place.json(&["demo", "list"]).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    let told = &list[0];
    assert_eq!((&told["id"], &told["running"], &told["kept"]), (&json!(DEMO), &json!(true), &json!(true)));
    assert_eq!(told["addresses"]["aws"], ready["endpoint_url"]);
    let text = place.ok(&["demo", "list"]).await;
    assert!(text.starts_with("demo1                    running  ×600"), "{text}");

    let program = env!("CARGO_BIN_EXE_lockstep");
    let script = format!(
        "eval \"$({program} demo env)\" && env && {program} status >/dev/null && cut -d: -f2 \"$PGPASSFILE\""
    );
    let mut shell = Command::new("sh");
    shell.arg("-ec").arg(script).env_clear().envs(place.environment()).current_dir(place.work());
    let output = shell.output().await.unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
    place.assert_silent(&out, "the exports");
    let port = ready["postgres"]["port"].to_string();
    let pgpass = place.sandbox().join("pgpass").display().to_string();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for (name, value) in [
        ("LOCKSTEP_INSTANCE", DEMO.to_owned()),
        ("PGHOST", "127.0.0.1".to_owned()),
        ("PGPORT", port.clone()),
        ("PGUSER", text(&ready["postgres"]["user"])),
        ("PGPASSFILE", pgpass),
        ("AWS_ENDPOINT_URL", text(&ready["endpoint_url"])),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("BAGEL_STORE_PROD", text(&ready["stores"]["prod"])),
    ] {
        assert!(out.lines().any(|line| line == format!("{name}={value}")), "{name}: {out}");
    }
    assert_eq!(out.lines().last(), Some(&*port), "pgpass is for this server");
}

/// The status without its times.
pub(crate) async fn settled(place: &Place) -> Value {
    let mut status = place.json(&["status"]).await;
    forget_times(&mut status);
    status
}

fn forget_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // Liquibase's deployment id is the last ten digits of a time.
            let is_time =
                |name: &str| name.ends_with("_at") || ["latency_seconds", "deployment"].contains(&name);
            fields.retain(|name, _| !is_time(name));
            fields.values_mut().for_each(forget_times);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_times),
        _ => {}
    }
}
