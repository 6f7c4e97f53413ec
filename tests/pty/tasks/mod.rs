//! Tasks as people do them, from the first key to what they came for: the built program in a terminal, against a real
//! sandbox. Several share one sandbox where they follow each other as in a day's work.

mod deciding;
mod reading;
mod recovering;

use super::console::Console;
use crate::program::place::Place;

/// Waits until what is asked can be confirmed: it is there, and the time to read it has passed.
pub(super) async fn armed(console: &Console, words: &str) {
    console.until(words, |screen| screen.contains(words) && !screen.contains("read it first")).await;
}

/// A console that has looked at everything.
async fn opened(place: &Place) -> Console {
    let console = Console::open(place, &[]);
    console.until("everything was looked at", |screen| screen.contains("4 healthy")).await;
    console
}

/// Presses keys, and waits for what they lead to.
async fn press(console: &mut Console, keys: &str, words: &str) {
    console.send(keys);
    console.until(words, |screen| screen.contains(words)).await;
}

/// Goes back to the board, level by level: Escape with another key right behind it would be a third one.
async fn back_to_board(console: &mut Console) {
    let edges = |screen: &str| {
        let mut lines = screen.lines();
        (lines.nth(1).map(str::to_owned), lines.last().map(str::to_owned))
    };
    loop {
        let screen = console.text();
        if screen.contains("4 PROD") && !screen.contains("esc back") {
            return;
        }
        console.send("\x1b");
        console.until("it is one level back", |now| edges(now) != edges(&screen)).await;
    }
}

/// Leaves from the board.
async fn leave(mut console: Console) {
    console.send("q");
    assert_eq!(console.ended().await, 0);
    console.given_back().await;
}

/// The command in the line that teaches it.
fn taught(console: &Console) -> String {
    let screen = console.text();
    let line = screen.lines().find_map(|line| line.trim_start().strip_prefix("$ "));
    line.unwrap_or_else(|| panic!("no command is taught:\n{screen}")).trim_end().to_owned()
}
