//! The screens. Drawing reads state and view state; it computes nothing that lasts and stores nothing.

mod approvals;
mod board;
mod changeset;
mod checks;
mod chrome;
mod column;
mod detail;
mod dialog;
mod failing;
mod finding;
mod flow;
mod flows;
mod grid;
mod help;
mod locks;
mod log;
mod next;
mod pane;
mod plan;
mod reconcile;
mod run;
mod sign;
mod themes;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};

use crate::engine::State;
use crate::tui::style::Styles;
use crate::tui::ui::{Screen, Ui};
use crate::tui::{ascii, text};

/// The smallest terminal that anything is drawn in.
const SMALLEST: (u16, u16) = (60, 16);

/// From this height on there is a line that teaches the command.
pub(super) const TEACH_FROM: u16 = 28;

/// Draws the whole screen.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, ui: &Ui, styles: &Styles) {
    let area = frame.area();
    frame.render_widget(Block::new().style(styles.text), area);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let sentence = format!(
            "lockstep needs {} × {} characters; this terminal has {} × {}.",
            SMALLEST.0, SMALLEST.1, area.width, area.height
        );
        let lines: Vec<Line<'_>> =
            text::wrap(&sentence, usize::from(area.width)).into_iter().map(Line::from).collect();
        frame.render_widget(Paragraph::new(lines), area);
        if styles.is_ascii {
            ascii::translate(frame.buffer_mut());
        }
        return;
    }
    let teach_height = u16::from(area.height >= TEACH_FROM);
    let [header, body, teach, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(teach_height),
        Constraint::Length(1),
    ])
    .areas(area);
    chrome::header(frame, header, state, styles, ui);
    match ui.screen() {
        Screen::Board => board::draw(frame, body, state, ui, styles),
        Screen::Plan(dialog, scroll) => plan::draw(frame, body, state, (dialog, *scroll), styles),
        Screen::Detail(scroll) => detail::draw(frame, body, state, ui, *scroll, styles),
        Screen::Approvals(cursor) => approvals::draw(frame, body, state, ui, *cursor, styles),
        Screen::Reconcile(cursor) => reconcile::draw(frame, body, state, ui, *cursor, styles),
        Screen::Flows(cursor) => flows::draw(frame, body, state, ui, *cursor, styles),
        Screen::Flow(scroll) => flow::draw(frame, body, state, ui, *scroll, styles),
        Screen::Grid => grid::draw(frame, body, state, ui, styles),
        Screen::Changeset(id, scroll) => changeset::draw(frame, body, state, ui, (id, *scroll), styles),
        Screen::Checks => checks::draw(frame, body, state, ui, styles),
        Screen::Finding(scroll) => checks::draw_one(frame, body, (state, ui), *scroll, styles),
        Screen::Log => log::draw(frame, body, state, ui, styles),
        Screen::Help(scroll) => help::draw(frame, body, ui, *scroll, styles),
    }
    if teach_height > 0 {
        chrome::teach(frame, teach, state, ui, styles);
    }
    chrome::footer(frame, footer, state, ui, styles);
    if let Some(dialog) = &ui.dialog {
        dialog::draw(frame, body, dialog, state.now, styles);
    }
    themes::draw(frame, body, ui, styles);
    if styles.is_ascii {
        ascii::translate(frame.buffer_mut());
    }
}
