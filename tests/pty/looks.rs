//! What the built program does on terminals that cannot show everything.

use std::path::Path;

use super::console::Console;
use crate::promises::with_nobody_to_ask;

const LOCKSTEP: &str = env!("CARGO_BIN_EXE_lockstep");

#[tokio::test]
async fn a_dumb_terminal_gets_sentences_until_ctrl_c() {
    let place = with_nobody_to_ask();
    for (arguments, variables) in [(vec![], vec![("TERM", "dumb")]), (vec!["--plain"], vec![])] {
        let mut console = Console::start(&place, Path::new(LOCKSTEP), &arguments, &variables);
        console.until("the place is told", |screen| screen.contains("lockstep live-1")).await;
        console
            .until("what cannot be seen is told", |screen| screen.contains("dev: ? the service is not known"))
            .await;
        console.until_screen("nothing but lines was written", |screen| !screen.alternate_screen()).await;
        console.send("\x03");
        assert_eq!(console.ended().await, 0);
    }
}

#[tokio::test]
async fn no_color_and_a_locale_without_unicode_are_heeded() {
    let place = with_nobody_to_ask();
    let variables = [("NO_COLOR", "1"), ("LC_ALL", "C")];
    let mut console = Console::start(&place, Path::new(LOCKSTEP), &[], &variables);
    console.until("the board is there", |screen| screen.contains("q quit")).await;
    console
        .until_screen("no cell has a colour, and nothing is foreign", |screen| {
            let (rows, columns) = screen.size();
            let (rows, columns) = (rows.get(), columns.get());
            let cells =
                (0..rows).flat_map(|row| (0..columns).filter_map(move |column| screen.cell(row, column)));
            screen.contents().is_ascii()
                && cells.into_iter().all(|cell| {
                    cell.fgcolor() == vt100::Color::Default && cell.bgcolor() == vt100::Color::Default
                })
        })
        .await;
    console.send("q");
    assert_eq!(console.ended().await, 0);
    console.given_back().await;
}
