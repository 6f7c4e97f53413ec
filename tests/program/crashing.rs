//! A headless promotion that is killed without warning while the platform is at work.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::place::Place;
use crate::sandbox::tools::{kill, until};

#[tokio::test]
async fn a_killed_promotion_leaves_its_intent_on_record_and_no_lock_and_the_next_one_works() {
    let place = Place::behind("40").await;
    let mut promotion = place.command(&["promote", "dev", "--release", "v1.2.0"]).spawn().unwrap();
    let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
    let mut said = String::new();
    while !said.ends_with("  service: in progress\n") {
        let line = lines.next_line().await.unwrap();
        said.push_str(&line.unwrap_or_else(|| panic!("it ended too early:\n{said}")));
        said.push('\n');
    }
    kill(i32::try_from(promotion.id().unwrap()).unwrap());
    promotion.wait().await.unwrap();

    let records = place.journal();
    let [.., intended, operated] = records.as_slice() else { panic!("{records:#?}") };
    assert_eq!(
        (&intended["record"], &intended["step"]),
        (&json!("intended"), &json!("service")),
        "{records:#?}"
    );
    assert_eq!(operated["record"], "operated", "{records:#?}");
    assert!(records.iter().all(|record| record["record"] != "concluded"), "{records:#?}");
    let dev = &place.json(&["status"]).await["environments"][0];
    let database = &dev["database"];
    assert_eq!((&database["promoting"], &database["lock"]), (&Value::Null, &json!({ "held": false })));
    assert_eq!(database["rows"], 14);
    let own = ["__sandbox", "bagel-store", "/bin/postgres ", "postgres: "];
    let others: Vec<_> = place
        .processes()
        .into_iter()
        .filter(|(_, line)| !own.iter().any(|word| line.contains(word)))
        .collect();
    assert_eq!(others, [], "nothing of the promotion is left running");

    // App Runner goes on by itself: nobody has to watch it.
    until("the deployment has ended", async || place.service("dev").await == deployed("v1.2.0")).await;
    // Nothing begins there before somebody has found out what became of it.
    let refused = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert!(refused.code == 5 && refused.err.contains("lockstep reconcile dev"), "{refused:?}");
    place.ok(&["reconcile", "dev", "--settle"]).await;
    let plan = place.json(&["plan", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(plan["unmet"], json!([]), "{plan:#}");
    let result = place.json(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(result["proven"], true, "{result:#}");
    assert_eq!(place.service("dev").await, deployed("v1.4.0"));
    place.ok(&["demo", "down"]).await;
}

fn deployed(version: &str) -> (String, String) {
    (version.to_owned(), "RUNNING".to_owned())
}
