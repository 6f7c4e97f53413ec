//! What went wrong: found, understood, and made good again.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{armed, back_to_board, leave, opened, press};
use crate::program::place::{FAST, Place};
use crate::pty::console::Console;
use crate::sandbox::tools::until;

#[tokio::test]
async fn a_failed_promotion_is_found_in_the_history_and_taken_back_and_a_stale_lock_is_understood() {
    let place = Place::awake(FAST).await;
    let mut console = opened(&place).await;
    find_a_failed_promotion_and_go_back(&mut console, &place).await;
    look_at_a_stale_lock(&mut console, &place).await;
    leave(console).await;
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn what_became_of_a_promotion_whose_console_was_killed_is_found_out_and_put_on_record() {
    let place = Place::awake("40").await;
    let mut console = opened(&place).await;
    console.send("2p");
    armed(&console, "P promotes v1.2.0 to test").await;
    press(&mut console, "P", "✔ database").await;
    let asked = |record: &Value| record["record"] == "operated";
    until("the platform is at work", async || place.journal().iter().any(asked)).await;
    console.signal(Signal::SIGKILL);
    console.ended().await;
    // The platform goes on by itself.
    let arrived = ("v1.2.0".to_owned(), "RUNNING".to_owned());
    until("the deployment has ended", async || place.service("test").await == arrived).await;

    let mut console = opened(&place).await;
    press(&mut console, "2", "? what became of v1.2.0 in test is unknown").await;
    press(&mut console, "p", "it cannot be promoted now").await;
    back_to_board(&mut console).await;
    press(&mut console, "u", "v1.2.0 to test  finished").await;
    console.send("S");
    armed(&console, "settle what became of v1.2.0 in test").await;
    press(&mut console, "S", "Every run was seen to its end.").await;
    back_to_board(&mut console).await;
    console.until("nothing is open", |screen| !screen.contains("unknown")).await;
    press(&mut console, "H", "1 run · ").await;
    back_to_board(&mut console).await;
    leave(console).await;
    assert_eq!(place.run(&["reconcile"]).await.code, 0);
    place.ok(&["demo", "down"]).await;
}

async fn find_a_failed_promotion_and_go_back(console: &mut Console, place: &Place) {
    press(console, "1p", "v1.4.0 to dev").await;
    console.send("\x1b[D");
    armed(console, "y promotes v1.3.0 to dev").await;
    press(console, "y", "✖ v1.3.0 did not reach dev").await;
    press(console, "H", "1 run · 0 proven · 1 not").await;
    press(console, "\r", "v1.3.0 to dev  ✖").await;
    press(console, "R", "v1.3.0 was not proven in dev, so nothing leads back to it").await;
    back_to_board(console).await;
    press(console, "R", "dev back to v1.2.0").await;
    console.send("R");
    armed(console, "roll dev back to v1.2.0").await;
    press(console, "it never gets well\r", "reason  it never gets well").await;
    press(console, "devR", "✔ dev runs v1.2.0, proven").await;
    assert_eq!(place.changesets("dev").await.len(), 14);
    press(console, "H", "2 runs · 1 proven · 1 not").await;
    back_to_board(console).await;
}

async fn look_at_a_stale_lock(console: &mut Console, place: &Place) {
    let test = place.database("test").await;
    let set = |to: &str| format!("update databasechangeloglock set {to}");
    let holder = "vm#r-20261121-135959000-test (10.0.0.7)";
    let held = format!("locked = true, lockgranted = localtimestamp, lockedby = '{holder}'");
    test.batch_execute(&set(&held)).await.unwrap();
    press(console, "2\r", "✖ Liquibase's lock is stale: it is held, and its holder is gone").await;
    for words in [holder, "no session named", "set locked = false"] {
        assert!(console.text().contains(words), "{words}:\n{}", console.text());
    }
    back_to_board(console).await;
    press(console, "p", "holds Liquibase's lock on test").await;
    back_to_board(console).await;
    test.batch_execute(&set("locked = false, lockgranted = null, lockedby = null")).await.unwrap();
    press(console, "\r", "database test").await;
    console.until("the lock is gone", |screen| !screen.contains("lock is stale")).await;
    back_to_board(console).await;
}
