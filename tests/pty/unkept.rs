//! A sandbox that belongs to its console.

use nix::sys::signal::Signal;

use super::console::Console;
use crate::program::place::{FAST, Place};
use crate::sandbox::tools::until;

#[tokio::test]
async fn an_unkept_sandbox_ends_with_its_console_even_when_that_is_killed() {
    let place = Place::asleep().await;
    let mut console = Console::open(&place, &["demo", "--time-factor", FAST]);
    console.until("everything was looked at", |screen| screen.contains("4 healthy")).await;
    assert_eq!(place.json(&["demo", "list"]).await[0]["kept"], false);
    console.send("q");
    assert_eq!(console.ended().await, 0);
    console.given_back().await;
    until("nothing of it is left", async || place.processes().is_empty()).await;

    let mut console = Console::open(&place, &["demo", "--time-factor", FAST]);
    console.until("everything was looked at", |screen| screen.contains("4 healthy")).await;
    console.signal(Signal::SIGKILL);
    console.ended().await;
    until("nothing of it is left", async || place.processes().is_empty()).await;
    assert_eq!(place.json(&["demo", "list"]).await[0]["running"], false);
}
