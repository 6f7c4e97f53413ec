//! Promote, read what was logged, hand the next promotion to a shell, and find everything again the next day.

use std::fs;

use vt100::Screen;

use super::{armed, back_to_board, leave, opened, press, taught};
use crate::program::place::{FAST, Place};
use crate::pty::console::Console;

#[tokio::test]
async fn a_promotion_is_planned_twice_read_in_the_log_and_gone_on_with_in_a_shell() {
    let place = Place::awake(FAST).await;
    let mut console = opened(&place).await;
    plan_leave_it_and_plan_again(&mut console, &place).await;
    console.send("P");
    console.until("it is proven", |screen| screen.contains("✔ test runs v1.2.0, proven")).await;
    search_narrow_wrap_and_save_the_log(&mut console, &place).await;
    copy_the_command_and_run_it_in_a_shell(&mut console, &place).await;
    choose_a_theme_leave_and_come_back(console, &place).await;
    place.ok(&["demo", "down"]).await;
}

async fn plan_leave_it_and_plan_again(console: &mut Console, place: &Place) {
    console.send("2p");
    armed(console, "P promotes v1.2.0 to test").await;
    let command = taught(console);
    press(console, "\x1b", "next for test: v1.2.0").await;
    assert_eq!(taught(console), "lockstep plan test --release v1.2.0");
    console.send("p");
    armed(console, "P promotes v1.2.0 to test").await;
    assert_eq!(taught(console), command, "the same plan has the same code");
    assert!(place.journal().is_empty(), "looking at a plan leaves nothing in the journal");
}

async fn search_narrow_wrap_and_save_the_log(console: &mut Console, place: &Place) {
    press(console, "L", "following").await;
    press(console, "/Running Changeset\r", " with “Running Changeset”").await;
    let screen = console.text();
    let title = screen.lines().find(|line| line.contains(" with “")).unwrap();
    let hits: usize = title.split(" with “").next().unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    press(console, "\x1b", "esc back").await;
    press(console, "f", "following").await;
    // Only what matters, then only what is bad, then all of it.
    press(console, "e", " warnings and errors").await;
    console.until("no changeset is a warning", |screen| !screen.contains("Running Changeset")).await;
    press(console, "e", " errors").await;
    console.send("e");
    console.until("all of it is back", |screen| !screen.contains(" errors")).await;
    console.resize(60, 30);
    console.until("long lines are cut", |screen| screen.contains('…')).await;
    let cut = |screen: &str| screen.lines().filter(|line| line.trim_end().ends_with('…')).count();
    console.until("long lines are cut", |screen| cut(screen) > 0).await;
    console.send("w");
    console.until("no line is cut", |screen| screen.contains("following") && cut(screen) == 0).await;
    console.resize(100, 30);
    press(console, "S", "log saved: ").await;
    let screen = console.text();
    let file = screen.split("log saved: ").nth(1).unwrap().split_whitespace().next().unwrap();
    let saved = fs::read_to_string(place.work().join(file)).unwrap();
    assert_eq!(saved.matches("Running Changeset").count(), hits, "{saved}");
    assert!(hits >= 3, "{screen}");
    press(console, "L", "4 PROD").await;
}

async fn copy_the_command_and_run_it_in_a_shell(console: &mut Console, place: &Place) {
    console.send("3p");
    armed(console, "P promotes v1.2.0 to staging").await;
    let command = taught(console);
    press(console, "Y", " copy ").await;
    press(console, "command\r", "sent to the terminal: ").await;
    assert_eq!(console.copied(), command);
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[..5], ["lockstep", "promote", "staging", "--release", "v1.2.0"]);
    place.ok(&words[1..]).await;
    back_to_board(console).await;
    console.until("the board has seen it", |screen| screen.contains("Nothing is waiting")).await;
    press(console, "H", "2 runs · 2 proven").await;
    back_to_board(console).await;
}

async fn choose_a_theme_leave_and_come_back(mut console: Console, place: &Place) {
    let paper = |screen: &Screen| screen.cell(0, 0).unwrap().bgcolor();
    let dark = console.on_screen(paper);
    press(&mut console, "T", "▸ dark").await;
    press(&mut console, "G", "▸ tritanopia").await;
    press(&mut console, "k", "▸ projector").await;
    console.until_screen("it is shown at once", |screen| paper(screen) != dark).await;
    let bright = console.on_screen(paper);
    console.send("\r");
    console.until("it is chosen", |screen| !screen.contains("▸ projector")).await;
    leave(console).await;
    let console = opened(place).await;
    console.until("the selection is there", |screen| screen.contains("▸3 staging")).await;
    assert_eq!(console.on_screen(paper), bright);
    leave(console).await;
}
