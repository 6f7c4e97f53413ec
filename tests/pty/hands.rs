//! Palette, mouse, focus, keys of one's own and coming back, in a real terminal.

use std::fs;

use nix::sys::signal::Signal;
use vt100::MouseProtocolMode;

use super::console::Console;
use crate::program::place::{FAST, Place};
use crate::promises::with_nobody_to_ask;

/// A click of the left button there, as terminals report it.
fn click(console: &mut Console, words: &str) {
    let screen = console.text();
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
    let column = line.split(words).next().unwrap().chars().count() + 1;
    console.send(&format!("\x1b[<0;{column};{0}M\x1b[<0;{column};{0}m", row + 1));
}

#[tokio::test]
async fn a_hand_finds_everything_and_confirms_nothing_by_accident() {
    let place = Place::awake(FAST).await;
    let mut console = Console::open(&place, &[]);
    console.until("everything was looked at", |screen| screen.contains("4 healthy")).await;
    click(&mut console, "3 staging");
    console.until("the click selects", |screen| screen.contains("▸3 staging")).await;
    console.send(":protest12");
    console.until("the palette finds it", |screen| screen.contains("▸ promote test v1.2.0")).await;
    console.send("\r");
    let asked =
        |screen: &str| screen.contains("P promotes v1.2.0 to test") && !screen.contains("read it first");
    console.until("the plan can be confirmed", asked).await;
    // Another window has the keyboard; the letter that comes with the way back confirms nothing.
    console.send("\x1b[O");
    console.until("it has to be read anew", |screen| screen.contains("read it first")).await;
    console.send("P\x1b[IP");
    click(&mut console, "P promotes");
    console.until("the plan can be confirmed", asked).await;
    assert!(place.journal().is_empty(), "nothing was confirmed");
    console.send("P");
    console.until("it is proven", |screen| screen.contains("✔ test runs v1.2.0, proven")).await;
    console.send("H");
    console.until("the history has it", |screen| screen.contains("1 run · 1 proven")).await;
    console.send("m");
    console
        .until_screen("the terminal has the mouse", |screen| {
            screen.mouse_protocol_mode() == MouseProtocolMode::None && screen.contents().contains("mouse off")
        })
        .await;
    console.send("q");
    console.until("the board is back", |screen| screen.contains("▸2 test")).await;
    console.send("d");
    console.until("the grid is there", |screen| screen.contains("held against every environment")).await;
    console.signal(Signal::SIGTERM);
    console.ended().await;
    console.given_back().await;
    // The second start shows where it was left.
    let mut console = Console::open(&place, &[]);
    console.until("the grid is there", |screen| screen.contains("held against every environment")).await;
    console.send("q");
    console.until("the selection is there", |screen| screen.contains("▸2 test")).await;
    console.send("q");
    assert_eq!(console.ended().await, 0);
    console.given_back().await;
}

#[tokio::test]
async fn keys_of_ones_own_work_and_wrong_ones_are_all_told_before_the_screen_is_taken() {
    let place = with_nobody_to_ask();
    let own = place.home().join("config.toml");
    fs::write(&own, "[keys]\nhelp = \"f1\"\n").unwrap();
    let mut console = Console::open(&place, &[]);
    console.until("the footer shows it", |screen| screen.contains("F1 help")).await;
    console.send("\x1bOP");
    console.until("help is open", |screen| screen.contains("Every key that works here")).await;
    console.send("qq");
    assert_eq!(console.ended().await, 0);
    fs::write(&own, "[keys]\nhelp = \"p\"\nhulp = \"x\"\ntheme = [\"t\", \"nokey\"]\n").unwrap();
    let mut console = Console::open(&place, &[]);
    assert_eq!(console.ended().await, 65);
    for words in
        ["line 3: there is no action `hulp`", "line 4: `nokey` is no key", "`p` means `promote` and `help`"]
    {
        let said = |screen: &str| screen.split_whitespace().collect::<Vec<_>>().join(" ").contains(words);
        console.until(words, said).await;
    }
}

#[tokio::test]
async fn a_broken_memory_of_the_last_time_is_ignored_and_replaced() {
    let place = with_nobody_to_ask();
    let memory = place.home().join("console").join("live-1.toml");
    fs::create_dir_all(memory.parent().unwrap()).unwrap();
    fs::write(&memory, "environment = 7\n\u{0}").unwrap();
    let mut console = Console::open(&place, &[]);
    console.until("the first frame is there", |screen| screen.contains("lockstep  live-1")).await;
    console.send("q");
    assert_eq!(console.ended().await, 0);
    assert!(fs::read_to_string(&memory).unwrap().contains("environment = \"dev\""));
}
