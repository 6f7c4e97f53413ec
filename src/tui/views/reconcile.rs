//! What became of runs that nobody saw end: what was found, from which evidence, and what may safely be done now.
//!
//! ```text
//! ── what became of runs ───────────────────────────────── looked at 14:02:11 ──
//! ▸ ? v1.2.0 to test   half done            r-20261121-135900000-test, by ana
//!     the database has all of it, and the service runs what it ran before
//!     ledger      14 of 14 changesets have their row
//!     service     v1.1.0, and no update since
//! ── what can be done ──────────────────────────────────────────────────────────
//!  S  put on record what was found, so that something new may begin
//!  p  plan the rest: what is done is not done again
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::reconcile::{Finding, Report};
use crate::engine::State;
use crate::tui::keymap::{self, Keymap};
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::entries;

/// Draws the reports, and what can be done about the one under the cursor.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    cursor: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let foot = ui.report(state).map(|report| ways(report, &ui.keymap, width, styles)).unwrap_or_default();
    let foot_height = u16::try_from(foot.len()).unwrap_or(u16::MAX).min(area.height.saturating_sub(3));
    let [top, bottom] = Layout::vertical([Constraint::Fill(1), Constraint::Length(foot_height)]).areas(area);
    let reports = ui.reports(state);
    let cursor = cursor.min(reports.len().saturating_sub(1));
    let title = title(state, ui, width, styles);
    let mut entries: Vec<Vec<Line<'_>>> = reports
        .iter()
        .enumerate()
        .map(|(index, report)| report_lines(state, report, index == cursor, width, styles))
        .collect();
    if reports.is_empty() {
        let words = match state.reconciliation.ended() {
            _ if ui.search().is_on() => " Nothing matches. Esc shows all of them.",
            Some(_) => " Every run was seen to its end.",
            None => " Looking at journal, rows, locks, sessions, operations and images …",
        };
        entries.push(vec![Line::styled(words, styles.muted)]);
    }
    entries::draw(frame, top, title, entries, cursor, seen);
    frame.render_widget(Paragraph::new(foot), bottom);
}

fn title<'a>(state: &State, ui: &Ui, width: usize, styles: &Styles) -> Line<'a> {
    let words = match (state.reconciliation.is_looking(), state.reconciliation.ended()) {
        (true, _) => "looking … ".to_owned(),
        (false, Some(at)) => format!("looked at {} ", at.to_zoned(ui.zone.clone()).strftime("%H:%M:%S")),
        (false, None) => String::new(),
    };
    let words = if state.reconciliation.is_watching() { format!("waiting for it · {words}") } else { words };
    let title = vec![Span::styled("what became of runs", styles.strong)];
    text::rule(title, vec![Span::styled(words, styles.muted)], width, styles.faint)
}

fn report_lines<'a>(
    state: &State,
    report: &Report,
    is_selected: bool,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let (shape, style) = sign(report.finding, styles);
    let by = state.history.run(&report.run).map(|past| format!(", by {}", past.by)).unwrap_or_default();
    let head = vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, styles.accent),
        Span::styled(format!("{shape} "), style),
        Span::styled(format!("{} to {}  ", report.version, report.environment), styles.strong),
        Span::styled(report.finding.word(), style),
    ];
    // What was found is never cut for the name of the run.
    let used: usize = head.iter().map(|span| text::width(&span.content)).sum();
    let run = format!("{}{by} ", report.run);
    let run = if used + text::width(&run) < width { run } else { by.replace(", ", "") + " " };
    let mut lines = vec![text::between(head, vec![Span::styled(run, styles.muted)], width)];
    for because in &report.because {
        let wrapped = text::wrap(because, width.saturating_sub(5)).into_iter();
        lines.extend(wrapped.map(|line| Line::styled(format!("    {line}"), Style::new())));
    }
    for seen in &report.evidence {
        for (row, line) in text::wrap(&seen.seen, width.saturating_sub(18)).into_iter().enumerate() {
            let name = if row == 0 { seen.what } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("    {name:12} "), styles.muted),
                Span::raw(line),
            ]));
        }
    }
    lines
}

/// Every way on that is safe after what was found, by its key.
fn ways<'a>(report: &Report, keymap: &Keymap, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let title = vec![Span::styled("what can be done", styles.strong)];
    let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
    lines.extend(report.next.iter().map(|next| {
        let key = keymap.key_of(keymap::of_next(next));
        let spans = vec![Span::styled(format!(" {key:2} "), styles.key), Span::raw(next.about())];
        Line::from(text::cut(spans, width))
    }));
    lines
}

/// Shape and style of a finding.
fn sign(finding: Finding, styles: &Styles) -> (&'static str, Style) {
    match finding {
        Finding::Finished => ("✔", styles.success),
        Finding::NotStarted | Finding::TakenBack | Finding::Superseded => ("–", styles.muted),
        Finding::Running => ("▶", styles.running),
        Finding::HalfDone | Finding::Unwell => ("✖", styles.danger),
        Finding::MustLook => ("?", styles.warning),
    }
}
