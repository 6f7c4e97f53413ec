//! Keys that work on many screens: moving, finding, what is about the console itself.

use crossterm::event::KeyCode;

use super::super::key::{control, key, letter};
use super::super::{Action, Binding, Place};
use super::row;

/// What works on many screens: moving, finding, what is about the console itself.
pub(super) const EVERYWHERE: &[Binding] = &[
    row(
        Action::Copy,
        &[letter('y')],
        "copy",
        "What can be copied here: versions, digests, codes, SQL, commands, paths, the log",
        Place::OffPlan,
        7,
    ),
    row(
        Action::Find,
        &[letter('/')],
        "find",
        "Lists show only what has these words, texts show where they are; esc puts it away",
        Place::Anywhere,
        5,
    ),
    row(
        Action::Next,
        &[letter('n')],
        "",
        "To the next match; on the grid, without words to find, to the next difference",
        Place::Anywhere,
        9,
    ),
    row(Action::Previous, &[letter('N')], "", "To the one before", Place::Anywhere, 9),
    row(
        Action::History,
        &[letter('H')],
        "history",
        "What ran: with outcome, by whom, when and for how long",
        Place::Anywhere,
        7,
    ),
    row(
        Action::Journal,
        &[letter('J')],
        "journal",
        "What was said and done, newest last",
        Place::Anywhere,
        8,
    ),
    row(Action::Logs, &[letter('L')], "logs", "The log on the whole screen, and back", Place::Anywhere, 5),
    row(Action::Follow, &[letter('f')], "follow", "Follow the end of the log", Place::Log, 6),
    row(Action::Up, &[key(KeyCode::Up), letter('k')], "", "One line up", Place::Scrolling, 9),
    row(Action::Down, &[key(KeyCode::Down), letter('j')], "", "One line down", Place::Scrolling, 9),
    row(Action::PageUp, &[key(KeyCode::PageUp), control('u')], "", "Half a page up", Place::Scrolling, 9),
    row(
        Action::PageDown,
        &[key(KeyCode::PageDown), control('d')],
        "",
        "Half a page down",
        Place::Scrolling,
        9,
    ),
    row(Action::First, &[key(KeyCode::Home), letter('g')], "", "To the beginning", Place::Scrolling, 9),
    row(Action::Last, &[key(KeyCode::End), letter('G')], "", "To the end", Place::Scrolling, 9),
    row(Action::Back, &[key(KeyCode::Esc)], "back", "One level back", Place::Above, 1),
    row(
        Action::Hold,
        &[letter('A')],
        "hold",
        "Do not begin by itself what is being counted down to",
        Place::Anywhere,
        1,
    ),
    row(Action::Refresh, &[key(KeyCode::F(5))], "", "Look at everything again", Place::Anywhere, 8),
    row(Action::Theme, &[letter('t')], "theme", "The next theme", Place::Anywhere, 7),
    row(Action::Grow, &[letter('+')], "", "More room for the log below the board", Place::Board, 9),
    row(Action::Shrink, &[letter('_')], "", "Less room for it", Place::Board, 9),
    row(
        Action::Mouse,
        &[letter('m')],
        "",
        "Leave the mouse to the terminal, so that it selects text, and take it again",
        Place::Anywhere,
        9,
    ),
    row(
        Action::Palette,
        &[letter(':'), control('p')],
        "commands",
        "Everything that can be done, found by a few of its letters",
        Place::Anywhere,
        0,
    ),
    row(Action::Help, &[letter('?')], "help", "Every key that works here", Place::Anywhere, 0),
    row(
        Action::Quit,
        &[letter('q'), control('c')],
        "quit",
        "Leave; from another view go back to the board",
        Place::Anywhere,
        0,
    ),
];
