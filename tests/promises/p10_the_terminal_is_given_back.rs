//! P10: the terminal is given back on every way out: leaving, an error, a panic, signals, Ctrl-Z.

use std::fs;
use std::path::Path;

use lockstep::tui::terminal::Screen;
use nix::sys::signal::Signal;

use crate::program::place::Place;
use crate::program::usage::NOBODY;
use crate::pty::console::Console;

/// Tells this test program to be the one that panics.
const PANICS: &str = "LOCKSTEP_TEST_PANICS";

/// A way out.
enum Way {
    Key(&'static str),
    Signal(Signal),
}

#[tokio::test]
async fn p10_the_terminal_is_given_back_on_leaving_and_on_every_signal_that_ends() {
    let place = with_nobody_to_ask();
    for (name, way) in [
        ("q", Way::Key("q")),
        ("Ctrl-C", Way::Key("\x03")),
        ("SIGTERM", Way::Signal(Signal::SIGTERM)),
        ("SIGHUP", Way::Signal(Signal::SIGHUP)),
        ("SIGINT", Way::Signal(Signal::SIGINT)),
    ] {
        let mut console = Console::open(&place, &[]);
        console.until("the first frame is there", |screen| screen.contains("lockstep  live-1")).await;
        assert!(console.is_taken_over(), "{name}");
        match way {
            Way::Key(key) => console.send(key),
            Way::Signal(signal) => console.signal(signal),
        }
        console.ended().await;
        console.given_back().await;
        assert!(!console.text().contains("lockstep  live-1"), "{name}:\n{}", console.text());
    }
}

#[tokio::test]
async fn p10_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let place = with_nobody_to_ask();
    let mut shell = Console::start(&place, Path::new("/bin/sh"), &["-i"], &[("PS1", "ready> ")]);
    shell.until("the shell is there", |screen| screen.contains("ready>")).await;
    let program = env!("CARGO_BIN_EXE_lockstep");
    shell.send(&format!("stty -a > before; {program}\n"));
    shell.until("the first frame is there", |screen| screen.contains("lockstep  live-1")).await;
    shell.send("\x1a");
    shell.until_screen("the shell has the screen", is_the_shells).await;
    shell.send("clear; stty -a > between; echo stop''ped\n");
    shell.until("the shell has the keys", |screen| screen.contains("stopped")).await;
    shell.send("fg\n");
    shell
        .until_screen("the console is back", |screen| {
            screen.alternate_screen() && screen.contents().contains("lockstep  live-1")
        })
        .await;
    // It draws and listens as before.
    shell.send("?");
    shell.until("help is open", |screen| screen.contains("Every key that works here")).await;
    shell.send("qq");
    shell.until_screen("the shell has the screen", is_the_shells).await;
    shell.send("clear; stty -a > after; echo left-$?\n");
    shell.until("the shell has the keys", |screen| screen.contains("left-0")).await;
    let settings = |name: &str| fs::read_to_string(place.work().join(name)).unwrap();
    assert!(settings("before").contains("icanon"), "{}", settings("before"));
    assert_eq!(settings("between"), settings("before"));
    assert_eq!(settings("after"), settings("before"));
    shell.send("exit\n");
    shell.ended().await;
}

#[tokio::test]
async fn p10_an_error_is_printed_on_a_terminal_that_was_given_back() {
    let place = with_nobody_to_ask();
    fs::write(place.work().join("lockstep.toml"), "demo_id = 7\n").unwrap();
    let mut console = Console::open(&place, &[]);
    assert_eq!(console.ended().await, 65);
    console.given_back().await;
    console.until("the error can be read", |screen| screen.contains("lockstep.toml")).await;
}

#[tokio::test]
async fn p10_a_panic_is_printed_on_a_terminal_that_was_given_back() {
    if std::env::var_os(PANICS).is_some() {
        let _screen = Screen::enter().unwrap();
        panic!("on purpose");
    }
    let place = Place::fresh();
    let this = std::env::current_exe().unwrap();
    let name =
        "promises::p10_the_terminal_is_given_back::p10_a_panic_is_printed_on_a_terminal_that_was_given_back";
    let mut console = Console::start(
        &place,
        &this,
        &["--exact", name, "--nocapture"],
        &[(PANICS, "1"), ("RUST_BACKTRACE", "0")],
    );
    assert_ne!(console.ended().await, 0);
    console.given_back().await;
    // Printed before the screen was given back, it would have gone with it.
    console.until("the message can be read", |screen| screen.contains("on purpose")).await;
}

fn is_the_shells(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen() && !screen.hide_cursor()
}

/// A project whose cloud, database and application do not answer: the console has to live with that.
pub(crate) fn with_nobody_to_ask() -> Place {
    let place = Place::fresh();
    fs::write(place.work().join("lockstep.toml"), NOBODY.replace("INSTANCE", "live-1")).unwrap();
    place
}
