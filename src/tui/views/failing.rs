//! A failure, as every view shows it, and the ways on from a run that failed.
//!
//! ```text
//!  r  try it again: v1.2.0 is planned once more, and what is done is skipped
//!  R  roll back: the way back is planned
//!  L  leave it and investigate: the log; enter shows everything about test
//!  c  mark it resolved, with a reason
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::failure::Failure;
use crate::domain::journal::PastRun;
use crate::domain::names::EnvironmentName;
use crate::domain::plan::Direction;
use crate::engine::{OpenRun, State};
use crate::tui::keymap::{Action, Keymap};
use crate::tui::style::Styles;
use crate::tui::text;

/// That a run failed, in one line.
pub(super) fn headline(past: &PastRun) -> String {
    match past.direction() {
        Direction::Forward => format!("✖ {} did not reach {}", past.version, past.environment),
        Direction::Back => format!("✖ {} did not get back to {}", past.environment, past.version),
    }
}

/// What can be done about the failure that an environment shows; each by its key.
pub(super) fn ways_on<'a>(
    state: &State,
    environment: &EnvironmentName,
    keymap: &Keymap,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let line = |(action, _, words): (Action, &str, String)| {
        let key = format!(" {:2} ", keymap.key_of(action));
        Line::from(text::cut(vec![Span::styled(key, styles.key), Span::raw(words)], width))
    };
    ways(state, environment).into_iter().map(line).collect()
}

/// The same in one line.
pub(super) fn short_ways_on<'a>(
    state: &State,
    environment: &EnvironmentName,
    keymap: &Keymap,
    width: usize,
    styles: &Styles,
) -> Line<'a> {
    let mut spans = Vec::new();
    for (action, short, _) in ways(state, environment) {
        spans.push(Span::styled(format!(" {} ", keymap.key_of(action)), styles.key));
        spans.push(Span::raw(format!("{short} ")));
    }
    Line::from(text::cut(spans, width))
}

/// Every way on: its key, its word, its sentence.
fn ways(state: &State, environment: &EnvironmentName) -> Vec<(Action, &'static str, String)> {
    let Some((past, _)) = state.history.alarm(environment) else { return Vec::new() };
    let again = format!("try it again: {} is planned once more, and what is done is skipped", past.version);
    let look = format!("leave it and investigate: the log; enter shows everything about {environment}");
    let mut ways = Vec::new();
    if let Some(OpenRun::Unknown(_)) = state.open_run(environment) {
        let words = "find out what became of it; nothing new begins before that".to_owned();
        ways.push((Action::Reconcile, "find out what became of it", words));
    } else {
        ways.push((Action::Retry, "try again", again));
        ways.push((Action::RollBack, "roll back", "roll back: the way back is planned".to_owned()));
    }
    ways.extend([
        (Action::Logs, "look at the log", look),
        (Action::Resolve, "mark resolved", "mark it resolved, with a reason".to_owned()),
    ]);
    ways
}

/// Draws a failure above what is still known, and returns the room that is left.
pub(super) fn above(frame: &mut Frame<'_>, area: Rect, failure: &Failure, styles: &Styles) -> Rect {
    let lines = failure_lines(failure, usize::from(area.width), styles);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let [top, rest] = Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Paragraph::new(lines), top);
    rest
}

/// A failure: what, why, what to do.
pub(super) fn failure_lines<'a>(failure: &Failure, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let mut say = |first: &str, words: &str, style: Style| {
        let room = width.saturating_sub(text::width(first) + 1);
        for (index, line) in text::wrap(words, room).into_iter().enumerate() {
            let lead = if index == 0 { first.to_owned() } else { " ".repeat(text::width(first)) };
            lines.push(Line::from(vec![Span::styled(lead, styles.muted), Span::styled(line, style)]));
        }
    };
    say(" ", &failure.what, styles.danger);
    for cause in &failure.because {
        say("   because ", cause, Style::new());
    }
    for hint in failure.hint.iter().flat_map(|hint| hint.lines()) {
        say("   → ", hint, styles.accent);
    }
    lines
}
