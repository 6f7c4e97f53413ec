//! P5: a lock is released only with proof that its holder is dead. `tests/adapters/recovery.rs` has the races.

use serde_json::json;

use crate::program::place::Place;

const STALE: &str = "vm#r-20261121-135959000-test (10.0.0.7)";

impl Place {
    async fn hold(&self, by: &str) {
        let sql = format!(
            "update databasechangeloglock set locked = true, lockgranted = localtimestamp, lockedby = '{by}'"
        );
        self.database("test").await.batch_execute(&sql).await.unwrap();
    }

    async fn is_held(&self) -> bool {
        self.count("test", "select count(*) from databasechangeloglock where locked").await == 1
    }
}

#[tokio::test]
async fn p05_a_stale_lock_goes_with_its_proof_once_it_is_confirmed_and_both_are_on_record() {
    let place = Place::awake("40").await;
    place.hold(STALE).await;
    for arguments in [&["--confirm", "dev"][..], &[]] {
        let refused = place.run(&[&["reconcile", "--release-lock", "test"], arguments].concat()).await;
        assert_eq!(refused.code, 2, "{refused:#?}");
        assert!(
            refused.err.contains("Confirm it with: lockstep reconcile --release-lock test --confirm test\n"),
            "{}",
            refused.err
        );
        assert!(
            refused.err.contains("no session named r-20261121-135959000-test is connected"),
            "{}",
            refused.err
        );
        assert!(place.is_held().await);
    }
    assert_eq!(place.journal(), [json!(null); 0], "what was refused is no intent");

    place.ok(&["reconcile", "--release-lock", "test", "--confirm", "test"]).await;
    assert!(!place.is_held().await);
    let records = place.journal();
    let [intent, outcome] = records.as_slice() else { panic!("{records:#?}") };
    for record in [intent, outcome] {
        assert_eq!((&record["record"], &record["holder"]), (&json!("let_go"), &json!(STALE)), "{record:#}");
        assert!(record["proof"].as_str().unwrap().contains("is connected"), "{record:#}");
    }
    assert!(intent["result"].is_null() && outcome["result"]["ok"].is_string(), "{records:#?}");
    let free = place.run(&["reconcile", "--release-lock", "test", "--confirm", "test"]).await;
    assert_eq!(free.code, 2, "{free:#?}");
    assert!(free.err.contains("nobody was seen to hold"), "{}", free.err);
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn p05_a_lock_whose_holder_may_live_stays_whatever_is_confirmed() {
    let place = Place::awake("40").await;
    // A session without a name is connected, and did something since the lock was taken: it may be the stranger's.
    let stranger = place.database("test").await;
    place.hold("build-7 (10.0.0.7)").await;
    stranger.batch_execute("select 1").await.unwrap();
    let refused = place.run(&["reconcile", "--release-lock", "test", "--confirm", "test"]).await;
    assert_eq!(refused.code, 2, "{refused:#?}");
    assert!(refused.err.contains("it cannot be told whether its holder is alive"), "{}", refused.err);
    assert!(place.is_held().await);

    place.hold(STALE).await;
    let holder = place.database("test").await;
    holder.batch_execute("set application_name = 'r-20261121-135959000-test'").await.unwrap();
    let refused = place.run(&["reconcile", "--release-lock", "test", "--confirm", "test"]).await;
    assert_eq!(refused.code, 2, "{refused:#?}");
    assert!(refused.err.contains("held, and its holder is alive"), "{}", refused.err);
    assert!(place.is_held().await);
    assert_eq!(place.journal(), [json!(null); 0]);
    place.ok(&["demo", "down"]).await;
}
