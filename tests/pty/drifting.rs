//! Somebody changes a schema by hand while the console looks on, against a real sandbox.

use super::console::Console;
use crate::program::place::{FAST, Place};

#[tokio::test]
async fn a_column_that_is_added_in_staging_shows_on_the_board_and_goes_with_it() {
    let place = Place::awake(FAST).await;
    let mut console = Console::open(&place, &[]);
    console.until("everything was looked at", |screen| screen.contains("4 healthy")).await;
    console.send("3");
    console.until("nothing is wrong yet", |screen| screen.contains("in step. Nothing is waiting.")).await;
    let staging = place.database("staging").await;
    staging.batch_execute("alter table orders add column note text").await.unwrap();
    console.until("the board says so", |screen| screen.contains("◆ + orders.note")).await;
    console.until("the pair says so", |screen| screen.contains("◆ drifted")).await;
    let words = |screen: &str| {
        screen.contains("The schema changed by hand since") && screen.contains(": + column orders.note.")
    };
    console.until("the pane says since when", words).await;
    staging.batch_execute("alter table orders drop column note").await.unwrap();
    console
        .until("it is over", |screen| !screen.contains("drifted") && !screen.contains("orders.note"))
        .await;
    console.send("q");
    assert_eq!(console.ended().await, 0);
}
