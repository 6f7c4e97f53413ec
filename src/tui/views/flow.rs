//! The flow that runs, or ran last: its stages as a tree, each action with its time, and what it writes below.
//!
//! ```text
//! ── running flows/pr-validation-flow.yaml against dev ────────── 00:07 ──
//!  ✔ Verify                                                        4.7 s
//!  ✔   liquibase connect   PostgreSQL 15.18, dev as lockstep        12 ms
//!  ▶ PolicyChecks                                                  0.2 s
//!  ▶   liquibase checks run                                        0.2 s
//!  · endStage
//! ── log ─────────────────────────────────────── following · 52 lines ──
//! ```

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::Timestamp;
use crate::domain::flow::{Kind, Row};
use crate::engine::State;
use crate::engine::flow::{FlowRun, RowStatus, Skip};
use crate::tui::seen::{Seen, Spot};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{failing, log, page};

/// The fewest rows that the log gets.
const LOG: u16 = 6;

/// Draws the stages above, the log below.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    scroll: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let Some(flow) = &state.flow else {
        frame.render_widget(Line::styled(" No flow has run yet.", styles.muted), area);
        return;
    };
    let failure = flow.outcome().and_then(|outcome| outcome.failure.as_ref());
    let failed = failure.map(|failure| failing::failure_lines(failure, width, styles)).unwrap_or_default();
    let rows: Vec<Line<'_>> =
        flow.lines().map(|(row, status)| row_line(row, status, state.now, width, styles)).collect();
    let needed = u16::try_from(1 + failed.len() + rows.len()).unwrap_or(u16::MAX);
    let most = area.height.saturating_sub(LOG).max(area.height / 2);
    let [top, bottom] =
        Layout::vertical([Constraint::Length(needed.min(most)), Constraint::Fill(1)]).areas(area);
    let mut lines = vec![title(state, flow, width, styles)];
    lines.extend(failed);
    let space = usize::from(top.height).saturating_sub(lines.len());
    // What runs is in sight, unless somebody scrolls.
    let running = flow.lines().enumerate().filter(|(_, (_, it))| matches!(it, RowStatus::Running { .. }));
    let current = running.map(|(index, _)| index).last();
    let follow = current.map_or(0, |index| (index + 2).saturating_sub(space));
    let first = if scroll == 0 { follow } else { scroll };
    lines.extend(page::window(rows, (space, first), (ui, styles), seen));
    seen.spot(top, Spot::Body);
    seen.spot(bottom, Spot::Log);
    frame.render_widget(Paragraph::new(lines), top);
    log::draw(frame, bottom, state, ui, styles);
}

fn title<'a>(state: &State, flow: &'a FlowRun, width: usize, styles: &Styles) -> Line<'a> {
    let path = flow.path();
    let place = flow.asking.environment.as_ref().map_or_else(String::new, |name| format!(" against {name}"));
    let (words, style) = match flow.outcome() {
        None if flow.script.is_none() => (format!("reading {path}"), styles.running),
        None => (format!("running {path}{place}"), styles.running),
        Some(outcome) if outcome.is_refusal => (format!("✖ {path} was not run"), styles.danger),
        Some(outcome) if outcome.code == 0 => {
            let message = outcome.message.as_ref().map_or_else(String::new, |it| format!(": {it}"));
            (format!("✔ {path}{place} ended with 0{message}"), styles.success)
        }
        Some(outcome) => (format!("✖ {path}{place} ended with {}", outcome.code), styles.danger),
    };
    let until = flow.ended().unwrap_or(state.now);
    let time = format!("{} ", text::clock(until.duration_since(flow.began).unsigned_abs()));
    text::rule(vec![Span::styled(words, style)], vec![Span::styled(time, styles.muted)], width, styles.faint)
}

fn row_line<'a>(
    row: &'a Row,
    status: &'a RowStatus,
    now: Timestamp,
    width: usize,
    styles: &Styles,
) -> Line<'a> {
    let is_stage = matches!(row.kind, Kind::Stage { .. });
    let (shape, style, took, note): (_, Style, Option<Duration>, &str) = match status {
        RowStatus::Waiting => ("·", styles.muted, None, ""),
        RowStatus::Skipped(Skip::Condition(_)) if row.condition.is_some() => {
            ("-", styles.muted, None, "its condition does not hold")
        }
        RowStatus::Skipped(_) => ("-", styles.muted, None, "skipped"),
        RowStatus::Running { since } => {
            ("▶", styles.running, Some(now.duration_since(*since).unsigned_abs()), "")
        }
        RowStatus::Done { took, note } => ("✔", styles.success, Some(*took), note.as_str()),
        // What failed is said beside the action.
        RowStatus::Failed { took, .. } if is_stage => ("✖", styles.danger, Some(*took), ""),
        RowStatus::Failed { took, failure, .. } => ("✖", styles.danger, Some(*took), failure.what.as_str()),
    };
    let name = match status {
        RowStatus::Waiting | RowStatus::Skipped(_) => styles.muted,
        _ if is_stage => styles.strong,
        _ => Style::new(),
    };
    let code = match status {
        RowStatus::Failed { code, .. } => format!("exit code {code}  "),
        _ => String::new(),
    };
    let left = vec![
        Span::styled(format!(" {shape} {:indent$}", "", indent = 2 * row.depth), style),
        Span::styled(row.title(), name),
        Span::styled(if note.is_empty() { String::new() } else { format!("   {note}") }, styles.muted),
    ];
    let took = took.map_or_else(String::new, |took| format!("{} ", text::duration(took)));
    let right = vec![Span::styled(code, styles.danger), Span::styled(took, styles.muted)];
    text::between(left, right, width)
}
