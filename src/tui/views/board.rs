//! Home: the environments side by side, what runs or comes next, the log.
//!
//! ```text
//! ╭─ 1 dev ─────╮  ╭─ 2 test ────╮  ╭─ 3 staging ─╮  ╔═ 4 PROD ════╗
//! │             │ ▸│             │ ▸│             │ ▸║             ║
//! ╰─────────────╯  ╰─────────────╯  ╰─────────────╯  ╚═════════════╝
//! ── promoting v1.2.0 to test ───────────────── 00:14  usually 00:21
//!  ✔ database      3 of 3 changesets   4.1 s  ██████████████████████
//! ── log ────────────────────────────────────── following · 214 lines
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Span;
use ratatui::widgets::Paragraph;

use crate::engine::State;
use crate::tui::seen::{Seen, Split, Spot};
use crate::tui::style::Styles;
use crate::tui::ui::Ui;
use crate::tui::views::pane::Pane;
use crate::tui::views::{column, log};

/// Below this width environments are rows.
const COLUMNS_FROM: u16 = 80;

/// Rows of a column that has only what matters most.
pub(super) const LOWEST: u16 = 8;

/// A column wider than this only spreads its words apart.
const WIDEST: u16 = 46;

/// Draws the board.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    styles: &Styles,
    seen: &mut Seen,
) {
    let columns_height = match (rows_of(state, area), area.height) {
        (Some(rows), _) => rows,
        (None, 0..24) => LOWEST,
        (None, 24..36) => 13,
        (None, height) => (height * 2 / 5).min(20),
    };
    let pane = Pane::of(state, ui, usize::from(area.width), styles);
    let most = area.height.saturating_sub(columns_height + 1);
    // Somebody may have chosen how many rows the log has.
    let chosen = ui.split.map(|rows| rows.clamp(1, most.max(1)));
    let room = area.height.saturating_sub(columns_height + chosen.unwrap_or(3));
    let least = if chosen.is_some() { 1 } else { 4 };
    let pane_height = u16::try_from(pane.height()).unwrap_or(u16::MAX).clamp(least, room.max(least));
    let [columns, pane_area, log_area] = Layout::vertical([
        Constraint::Length(columns_height),
        Constraint::Length(pane_height),
        Constraint::Fill(1),
    ])
    .areas(area);
    draw_environments(frame, columns, (state, ui), styles, seen);
    frame.render_widget(Paragraph::new(pane.cut(usize::from(pane_area.height), styles)), pane_area);
    seen.spot(log_area, Spot::Log);
    seen.spot(Rect { height: log_area.height.min(1), ..log_area }, Spot::Rule);
    seen.split = Some(Split { rows: log_area.height, most, bottom: log_area.bottom() });
    log::draw(frame, log_area, state, ui, styles);
}

/// How many rows environments take where there is no room for columns; `None` where there is.
pub(super) fn rows_of(state: &State, area: Rect) -> Option<u16> {
    let count = u16::try_from(state.environments.len()).unwrap_or(u16::MAX).max(1);
    let is_wide = area.width >= COLUMNS_FROM && area.width / count >= 19;
    (!is_wide).then_some(count + 1)
}

/// Draws the environments as columns, or where there is no room for that as rows.
pub(super) fn draw_environments(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    styles: &Styles,
    seen: &mut Seen,
) {
    if rows_of(state, area).is_none() {
        return draw_columns(frame, area, (state, ui), styles, seen);
    }
    for index in 0..state.environments.len() {
        let Ok(offset) = u16::try_from(index) else { break };
        let row = Rect { y: area.y + offset, height: 1, ..area };
        seen.spot(row, Spot::Environment(index));
        column::draw_row(frame, row, state, index, index == ui.selected, styles);
    }
}

fn draw_columns(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    styles: &Styles,
    seen: &mut Seen,
) {
    let count = u16::try_from(state.environments.len()).unwrap_or(u16::MAX).max(1);
    let gap = if area.width >= 98 { 2 } else { 1 };
    let width = ((area.width + gap) / count).saturating_sub(gap).min(WIDEST);
    let used = width * count + gap * (count - 1);
    let mut x = area.x + (area.width - used.min(area.width)) / 2;
    for (index, environment) in state.environments.iter().enumerate() {
        let place = Rect { x, width, ..area };
        seen.spot(place, Spot::Environment(index));
        column::draw(frame, place, (state, ui), index, styles);
        if !environment.environment.after.is_empty() && x > area.x {
            let is_target = state.running_in(&environment.environment.name).is_some();
            let style = if is_target { styles.running } else { styles.muted };
            let arrow = Rect { x: x - 1, y: area.y + 1, width: 1, height: 1 };
            frame.render_widget(Span::styled("▸", style), arrow);
        }
        x += width + gap;
    }
}
