//! `lockstep locks`: what it says of locks that are free, alive, stale and not to be judged, and how it ends.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::place::Place;

#[tokio::test]
async fn locks_are_free_then_held_by_a_running_promotion_then_free_again() {
    let place = Place::awake("40").await;
    let free = place.ok(&["locks"]).await;
    assert_eq!(
        free,
        "ENVIRONMENT   LIQUIBASE              LOCKSTEP\n\
         dev           ✔ free                 ✔ free\n\
         test          ✔ free                 ✔ free\n\
         staging       ✔ free                 ✔ free\n\
         prod          ✔ free                 ✔ free\n"
    );
    let mut promotion = place.command(&["promote", "dev", "--release", "v1.4.0"]).spawn().unwrap();
    let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
    let mut said = String::new();
    while !said.contains("  service: in progress\n") {
        let line = lines.next_line().await.unwrap();
        said.push_str(&line.unwrap_or_else(|| panic!("it ended too early:\n{said}")));
        said.push('\n');
    }
    let run = said.split("run ").nth(1).unwrap().lines().next().unwrap();

    let found = place.json(&["locks", "dev"]).await;
    assert_eq!(found["environments"].as_array().unwrap().len(), 1, "{found:#}");
    let [liquibase, own] = both(&found);
    assert_eq!((&liquibase["state"], &own["state"]), (&json!("free"), &json!("alive")));
    assert_eq!((&own["holder"], &own["run"]["id"]), (&json!(run), &json!(run)));
    assert_eq!(own["run"]["journal"]["version"], "v1.4.0");
    assert_eq!(own["run"]["journal"]["ended"], Value::Null);
    assert_eq!(own["sessions"][0]["name"], json!(run));
    let text = place.ok(&["locks"]).await;
    assert!(text.contains("dev           ✔ free                 ▶ held, alive\n"), "{text}");
    assert!(text.contains("v1.4.0 to dev, begun by "), "{text}");

    // What it still says has to be read, or it stands still.
    while lines.next_line().await.unwrap().is_some() {}
    promotion.wait().await.unwrap();
    assert_eq!(both(&place.json(&["locks", "dev"]).await)[1]["state"], "free");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_stale_lock_ends_with_one_and_the_sql_that_frees_it_and_an_unclear_one_with_five() {
    let place = Place::awake("40").await;
    let hold = |by: &str| {
        format!(
            "update databasechangeloglock set locked = true, lockgranted = localtimestamp, lockedby = '{by}'"
        )
    };
    let client = place.database("test").await;
    client.batch_execute(&hold("vm#r-20261121-135959000-test (10.0.0.7)")).await.unwrap();
    let said = place.run(&["locks"]).await;
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:#?}");
    assert!(said.out.contains("test          ✖ held, stale          ✔ free\n"), "{}", said.out);
    assert!(said.out.contains("  run       the journal of this machine does not know it\n"), "{}", said.out);
    let sql = said.out.lines().find_map(|line| line.strip_prefix("  sql       ")).unwrap();

    // The promotion that is refused because of it says where to look.
    let plan = place.run(&["plan", "test", "--release", "v1.2.0"]).await;
    assert_eq!(plan.code, 2, "{plan:#?}");
    assert!(plan.err.contains("`lockstep locks` shows whether its holder is alive"), "{}", plan.err);
    assert_eq!(client.execute(sql, &[]).await.unwrap(), 1);
    assert_eq!(place.run(&["locks"]).await.code, 0);

    // This session, which has no name, is connected and may be a stranger's.
    client.batch_execute(&hold("build-7 (10.0.0.7)")).await.unwrap();
    let said = place.run(&["locks", "test"]).await;
    assert_eq!(said.code, 5, "{said:#?}");
    assert!(said.out.contains("test          ? held, cannot tell"), "{}", said.out);
    assert!(said.out.contains(" by its own clock\n"), "{}", said.out);
    assert!(said.err.contains("it cannot be told whether the holder of every lock is alive"), "{}", said.err);
    assert!(!said.out.contains("update databasechangeloglock"), "{}", said.out);
    // The others are no worse for it.
    assert_eq!(place.run(&["locks", "dev", "prod"]).await.code, 0);
    let unknown = place.run(&["locks", "tset"]).await;
    assert_eq!(unknown.code, 64, "{unknown:#?}");
    assert!(unknown.err.contains("the environments are: dev, test, staging, prod"), "{}", unknown.err);
    place.ok(&["demo", "down"]).await;
}

fn both(found: &Value) -> [Value; 2] {
    let locks = &found["environments"][0]["locks"];
    [locks[0].clone(), locks[1].clone()]
}
