//! A release whose health check fails: what is said, what runs afterwards, how long it is shown.

use serde_json::json;

use super::place::{FAST, Place};
use crate::pty::console::Console;

#[tokio::test]
async fn a_release_that_never_gets_healthy_leaves_the_old_image_and_an_alarm_until_somebody_has_seen_it() {
    let place = Place::awake(FAST).await;
    // Dev deploys without a word of confirmation.
    let said = place.run(&["promote", "dev", "--release", "v1.3.0"]).await;
    assert_eq!(said.code, 4, "{said:#?}");
    for line in [
        "error: the deployment of v1.3.0 to dev failed and was rolled back\n",
        "  because Health check failed on protocol `HTTP`[Path: '/health'], [Port: '5000']. Check your configured port number.\n",
        "  because 2 changesets were applied before and stay: the schema is ahead of the app\n",
        "  What ran before runs still. Mend the release, then promote that.\n  Or go back: `lockstep rollback dev --to \
         v1.2.0` shows what that takes before it does anything.\n",
    ] {
        assert!(said.err.contains(line), "{line}{}", said.err);
    }
    assert_eq!(place.service("dev").await, ("v1.2.0".to_owned(), "RUNNING".to_owned()));
    assert_eq!(place.changesets("dev").await.last().unwrap(), "tag-v1.3.0");

    let dev = &place.json(&["status"]).await["environments"][0];
    assert_eq!((&dev["version"], &dev["pair"]["state"]), (&json!("v1.2.0"), &json!("schema ahead")));
    assert_eq!(dev["alarm"]["version"], "v1.3.0");
    assert_eq!(dev["alarm"]["failure"]["kind"], "action needed");
    let alarm = "\n✖ dev: v1.3.0 failed: the deployment of v1.3.0 to dev failed and was rolled back\n";
    let text = place.ok(&["status"]).await;
    assert!(text.contains(alarm), "{text}");

    let mut console = Console::open(&place, &[]);
    console.until("the alarm is shown", |screen| screen.contains("v1.3.0 did not reach dev")).await;
    console.until("the header counts it", |screen| screen.contains("✖ 1 failure")).await;
    console.send("2c");
    console.until("test has nothing to clear", |screen| screen.contains("test shows no failure")).await;
    console.send("1c");
    console.until("the question was read", |screen| screen.contains("say why, then tab, then C")).await;
    console.send("v1.3.0 waits for its codes");
    console.until("the reason is there", |screen| screen.contains("waits for its codes")).await;
    console.send("\tC");
    console
        .until("the alarm is gone", |screen| {
            screen.contains("4 healthy") && !screen.contains("did not reach dev")
        })
        .await;
    console.send("q");
    assert_eq!(console.ended().await, 0);

    let status = place.json(&["status"]).await;
    assert_eq!(status["environments"][0]["alarm"], json!(null));
    assert!(!place.ok(&["status"]).await.contains('✖'));
    let last = place.journal().pop().unwrap();
    assert_eq!((&last["record"], &last["environment"]), (&json!("acknowledged"), &json!("dev")));
    assert_eq!(last["reason"], "v1.3.0 waits for its codes");
    place.ok(&["demo", "down"]).await;
}
