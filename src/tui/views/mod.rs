//! The screens. Drawing reads state and view state; it computes nothing that lasts and stores nothing.

mod approvals;
mod board;
mod changeset;
mod checks;
mod chrome;
mod column;
mod detail;
mod dialog;
mod entries;
mod failing;
mod finding;
mod flow;
mod flows;
mod found;
mod grid;
mod help;
mod history;
mod journal;
mod lines;
mod locks;
mod log;
mod menu;
mod next;
mod page;
mod pane;
mod plan;
mod reconcile;
mod run;
mod schemas;
mod sign;
mod stage;
mod themes;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};

use crate::engine::State;
use crate::tui::cover::Cover;
use crate::tui::seen::{Seen, Spot};
use crate::tui::style::Styles;
use crate::tui::ui::{Screen, Ui};
use crate::tui::{ascii, text};

/// The smallest terminal that anything is drawn in.
const SMALLEST: (u16, u16) = (60, 16);

/// From this height on there is a line that teaches the command.
pub(super) const TEACH_FROM: u16 = 28;

/// Draws the whole screen, and tells what is where.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, ui: &Ui, styles: &Styles) -> Seen {
    let area = frame.area();
    let mut seen = Seen::of_height(area.height);
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
        return seen;
    }
    if ui.audience.blank {
        seen.spot(area, Spot::Front);
        return seen;
    }
    let teach_height = u16::from(area.height >= TEACH_FROM || ui.audience.on_stage);
    let [header, body, teach, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(teach_height),
        Constraint::Length(1),
    ])
    .areas(area);
    chrome::header(frame, header, state, styles, ui);
    draw_body(frame, body, (state, ui), styles, &mut seen);
    if ui.search().is_on() {
        found::mark(frame.buffer_mut(), body, &ui.search().words(), styles);
    }
    if ui.audience.on_stage {
        stage::caption(frame, teach, state, ui, styles);
    } else if teach_height > 0 {
        chrome::teach(frame, teach, state, ui, styles);
    }
    chrome::footer(frame, footer, (state, ui), styles, &mut seen);
    if let Some(dialog) = &ui.dialog {
        seen.spot(area, Spot::Front);
        dialog::draw(frame, body, dialog, state.now, styles);
    }
    if let Some(menu) = &ui.menu {
        menu::draw(frame, body, menu, styles, &mut seen);
    }
    themes::draw(frame, body, ui, styles);
    if ui.audience.covered {
        Cover::of(state).screen(frame.buffer_mut());
    }
    if styles.is_ascii {
        ascii::translate(frame.buffer_mut());
    }
    seen
}

/// Draws what is between header and footer.
fn draw_body(
    frame: &mut Frame<'_>,
    body: Rect,
    (state, ui): (&State, &Ui),
    styles: &Styles,
    seen: &mut Seen,
) {
    let both = (state, ui);
    match ui.screen() {
        Screen::Board if ui.audience.on_stage => stage::draw(frame, body, both, styles, seen),
        Screen::Board => board::draw(frame, body, both, styles, seen),
        Screen::Plan(dialog, scroll) => plan::draw(frame, body, both, (dialog, *scroll), styles, seen),
        Screen::Detail(scroll) => detail::draw(frame, body, both, *scroll, styles, seen),
        Screen::Approvals(cursor) => approvals::draw(frame, body, both, *cursor, styles, seen),
        Screen::Reconcile(cursor) => reconcile::draw(frame, body, both, *cursor, styles, seen),
        Screen::Flows(cursor) => flows::draw(frame, body, both, *cursor, styles, seen),
        Screen::Flow(scroll) => flow::draw(frame, body, both, *scroll, styles, seen),
        Screen::Grid => grid::draw(frame, body, both, styles, seen),
        Screen::Changeset(id, scroll) => changeset::draw(frame, body, both, (id, *scroll), styles, seen),
        Screen::Schemas(held) => schemas::draw(frame, body, both, held, styles, seen),
        Screen::Locks(scroll) => locks::draw(frame, body, both, *scroll, styles, seen),
        Screen::Checks => checks::draw(frame, body, both, styles, seen),
        Screen::Finding(scroll) => checks::draw_one(frame, body, both, *scroll, styles, seen),
        Screen::History(cursor) => history::draw(frame, body, both, *cursor, styles, seen),
        Screen::Past(_, scroll) => history::draw_one(frame, body, both, *scroll, styles, seen),
        Screen::Journal(scroll) => journal::draw(frame, body, both, *scroll, styles, seen),
        Screen::Log => {
            seen.spot(body, Spot::Log);
            log::draw(frame, body, state, ui, styles);
        }
        Screen::Help(scroll) => help::draw(frame, body, ui, *scroll, styles, seen),
    }
}
