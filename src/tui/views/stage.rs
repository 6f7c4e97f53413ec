//! The board on a stage: the environments with what matters most, what is happening in lines that stand apart, and below
//! it the keys that were pressed. No log: nobody reads it from afar.
//!
//! ```text
//!  ╭─ 1 dev ─────╮  ╭▸2 test ─────╮  ╭─ 3 staging ─╮  ╔═ 4 PROD ════╗
//!  ╰─────────────╯  ╰─────────────╯  ╰─────────────╯  ╚═════════════╝
//!
//!  ── promoting v1.2.0 to test ──────────────────── 00:14  usually 00:21
//!
//!   ▶ database   1 of 3 changesets   ██████████····················
//!
//!                                                 2 · p promote · P
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::engine::State;
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::board;
use crate::tui::views::pane::Pane;

/// Draws the board.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    styles: &Styles,
    seen: &mut Seen,
) {
    let height = board::rows_of(state, area).unwrap_or(board::LOWEST);
    let [columns, _, happening] =
        Layout::vertical([Constraint::Length(height), Constraint::Length(1), Constraint::Fill(1)])
            .areas(area);
    board::draw_environments(frame, columns, (state, ui), styles, seen);
    let pane = Pane::of(state, ui, usize::from(area.width), styles);
    let room = usize::from(happening.height);
    let is_airy = pane.height() * 2 <= room;
    let lines = pane.cut(room, styles).into_iter();
    let lines: Vec<Line<'_>> =
        if is_airy { lines.flat_map(|line| [line, Line::default()]).collect() } else { lines.collect() };
    frame.render_widget(Paragraph::new(lines), happening);
}

/// The keys that were pressed, the newest last.
pub(super) fn caption(frame: &mut Frame<'_>, area: Rect, state: &State, ui: &Ui, styles: &Styles) {
    let mut spans = Vec::new();
    for (key, is_new) in ui.audience.keys(state.now) {
        if !spans.is_empty() {
            spans.push(Span::styled(" · ", styles.faint));
        }
        spans.push(Span::styled(key.to_owned(), if is_new { styles.key } else { styles.muted }));
    }
    spans.push(Span::raw(" "));
    frame.render_widget(text::between(Vec::new(), spans, usize::from(area.width)), area);
}
