//! The grid of the built program: an edited changeset stands out before anything is promoted.

use super::console::Console;
use crate::program::drift::edit_newest_release;
use crate::program::place::{FAST, Place};

#[tokio::test]
async fn an_edited_changeset_stands_out_in_the_console_before_anything_is_promoted() {
    let place = Place::awake(FAST).await;
    edit_newest_release(&place).await;
    let mut console = Console::open(&place, &[]);
    console.until("everything was looked at", |screen| screen.contains("4 healthy")).await;
    console.send("d");
    console.until("the edit is found", |screen| screen.contains("✎ edited")).await;
    console.send("n");
    let words = "✎ edited in dev, test, staging; v1.4.0 breaks dev next";
    console.until("it says what that means", |screen| screen.contains(words)).await;
    let screen = console.text();
    let line = screen.lines().find(|line| line.contains(" 008-categories ")).unwrap();
    assert_eq!((line.matches("✎ edited").count(), line.matches("· pending").count()), (3, 1), "{screen}");
    console.send("\r");
    console.until("both texts are told apart", |screen| screen.contains("is not the release's")).await;
    console.send("q");
    console.until("the grid is back", |screen| screen.contains("held against every environment")).await;
    console.send("q");
    console.until("the board is back", |screen| screen.contains("4 PROD")).await;
    console.send("q");
    assert_eq!(console.ended().await, 0);
    assert!(place.journal().is_empty(), "looking leaves nothing in the journal");
}
