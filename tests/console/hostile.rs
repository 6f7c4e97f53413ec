//! Whatever a log line holds, the frame stays whole and the terminal obeys none of it.

use lockstep::domain::Timestamp;
use lockstep::domain::log::{Level, LogLine, Source};
use lockstep::domain::names::DemoId;
use lockstep::domain::plain;
use lockstep::engine::State;
use lockstep::engine::event::{Event, EventKind};
use lockstep::tui::draw_into_buffer;
use lockstep::tui::look::Look;
use lockstep::tui::ui::{Screen, Ui};
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell};
use unicode_width::UnicodeWidthStr as _;

use super::environments;

/// Draws the log of a console that was told these lines.
fn drawn(lines: &[String], (width, height): (u16, u16), is_wrapped: bool, words: &str) -> Buffer {
    let id = DemoId::parse("demo1").unwrap();
    let mut state = State::new(id, "", "", environments(), std::time::Duration::ZERO);
    let at: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
    let line = |text: &String| LogLine {
        at,
        source: Source::Application,
        level: Level::Normal,
        text: text.as_str().into(),
    };
    state.apply(&Event { at, kind: EventKind::Log(None, lines.iter().map(line).collect()) });
    let mut ui = Ui::new(jiff::tz::TimeZone::UTC, "dark");
    ui.open(Screen::Log);
    ui.log.is_wrapped = is_wrapped;
    ui.log.look_for(words, &state.log);
    draw_into_buffer(&state, &ui, Look::of("dark").unwrap().styles(), width, height)
}

/// Every cell holds one character and what combines with it, and no row is wider than the screen.
fn check(buffer: &Buffer) -> Result<(), TestCaseError> {
    let width = usize::from(buffer.area.width);
    for row in buffer.content().chunks(width) {
        let mut cells = row.iter();
        let mut used = 0;
        while let Some(cell) = cells.next() {
            let symbol = cell.symbol();
            prop_assert!(!symbol.chars().any(char::is_control), "{symbol:?} in {row:?}");
            let wide = symbol.width();
            used += wide.max(1);
            for _ in 1..wide {
                cells.next();
            }
        }
        prop_assert!(used <= width, "{used} cells in a row of {width}");
    }
    Ok(())
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        any::<Vec<u8>>().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        "\u{1b}\\[[0-9;]{0,9}[A-Za-z]".prop_map(|sequence| sequence),
        "\u{1b}\\](52;c;|8;;)[a-z]{0,9}(\u{7}|\u{1b}\\\\)".prop_map(|sequence| sequence),
        "[\u{300}-\u{36f}\u{200d}\u{fe0f}\u{202e}\u{1f469}\u{1f373}\u{1f1e6}-\u{1f1ff}ベ日本]{0,40}",
        Just("\r\n\t\u{0}\u{8}\u{7f}\u{9b}2J\u{2028}".to_owned()),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_line_breaks_a_frame_or_reaches_the_terminal_as_anything_but_text(
        lines in proptest::collection::vec(hostile(), 0..8),
        size in (60_u16..140, 16_u16..40),
        is_wrapped: bool,
        words in "[a日]{0,2}",
    ) {
        check(&drawn(&lines, size, is_wrapped, &words))?;
    }
}

/// `make fuzz FUZZ_TEST=console::hostile::whatever_bytes_a_program_writes_stay_text_and_keep_the_frame_whole`
#[test]
fn whatever_bytes_a_program_writes_stay_text_and_keep_the_frame_whole() {
    bolero::check!().with_type::<Vec<u8>>().for_each(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<String> = text.split('\n').take(30).map(plain::line).collect();
        for line in &lines {
            assert!(!line.chars().any(char::is_control), "{line:?}");
            assert_eq!(plain::line(line), *line, "what is harmless stays as it is");
        }
        for is_wrapped in [false, true] {
            check(&drawn(&lines, (80, 24), is_wrapped, "")).unwrap();
        }
    });
}

#[test]
fn a_line_without_an_end_is_drawn_as_fast_as_any_other_and_wrapped_to_the_last_cell() {
    let lines = ["日".repeat(5_000_000), "the last line".to_owned()];
    let buffer = drawn(&lines, (80, 24), true, "");
    check(&buffer).unwrap();
    let screen: String = buffer.content().iter().map(Cell::symbol).collect();
    assert!(screen.contains("the last line"));
}
