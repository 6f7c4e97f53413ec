//! What became of the runs that nobody saw end: what is found, what shows it, and what may safely be done.
//!
//! ```text
//! ── ▲ test: v1.2.0, half done ──────────────────── r-20261121-140155000-test
//!    because           in the database 1 of 3 changesets were applied
//!    changesets        1 of 3 have their row; the first that has not: …
//!    next              put on record what was found, so that something new may begin   S
//!                      $ lockstep reconcile test --settle
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::journal::PastRun;
use crate::domain::reconcile::{Finding, Next, Report};
use crate::engine::State;
use crate::tui::style::Styles;
use crate::tui::text;

/// The width of a fact's name, with the margin before it and the gap behind it.
const INDENT: usize = 21;

/// Draws the reports.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, scroll: usize, styles: &Styles) {
    let mut page = Page { lines: Vec::new(), width: usize::from(area.width), styles };
    let reports = state.reconciliation.reports();
    if reports.is_empty() {
        let words = if state.reconciliation.ended().is_some() {
            "Every run was seen to its end; there is nothing to reconcile."
        } else {
            "Looking at journal, rows, locks, sessions, service and application …"
        };
        page.lines.push(Line::from(""));
        page.lines.push(Line::styled(format!("   {words}"), styles.muted));
    }
    for report in reports {
        page.report(state, report);
    }
    let rows = usize::from(area.height);
    let scroll = scroll.min(page.lines.len().saturating_sub(rows));
    let lines: Vec<_> = page.lines.into_iter().skip(scroll).take(rows).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Shape and style of a finding.
pub(super) fn sign(finding: Finding, styles: &Styles) -> (&'static str, Style) {
    match finding {
        Finding::Finished => ("✔", styles.success),
        Finding::NotStarted | Finding::TakenBack | Finding::Superseded => ("○", styles.muted),
        Finding::Running => ("▶", styles.running),
        Finding::HalfDone => ("▲", styles.warning),
        Finding::Unwell => ("✖", styles.danger),
        Finding::MustLook => ("?", styles.warning),
    }
}

struct Page<'a> {
    lines: Vec<Line<'a>>,
    width: usize,
    styles: &'a Styles,
}

impl Page<'_> {
    fn report(&mut self, state: &State, report: &Report) {
        let Report { run, environment, version, finding, .. } = report;
        let (shape, style) = sign(*finding, self.styles);
        let title = vec![
            Span::styled(format!("{shape} {environment}: {version}, {}", finding.word()), style),
            Span::raw(" "),
        ];
        let end = vec![Span::styled(run.to_string(), self.styles.muted)];
        self.lines.push(text::rule(title, end, self.width, self.styles.faint));
        let plain = Style { bg: None, ..self.styles.text };
        for because in &report.because {
            self.fact("because", because, style);
        }
        for seen in &report.evidence {
            self.fact(seen.what, &seen.seen, plain);
        }
        if !state.history.run(run).is_some_and(PastRun::is_open) {
            self.fact("on record", "put there now", self.styles.success);
            return;
        }
        for next in &report.next {
            let key = if *next == Next::Settle { "   S" } else { "" };
            self.fact("next", &format!("{}{key}", next.about()), self.styles.accent);
            self.fact("", &format!("$ {}", next.command(environment)), self.styles.muted);
        }
    }

    fn fact(&mut self, name: &str, words: &str, style: Style) {
        let lines = text::wrap(words, self.width.saturating_sub(INDENT).max(20));
        for (index, line) in lines.into_iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            self.lines.push(Line::from(vec![
                Span::styled(format!("   {name:17} "), self.styles.muted),
                Span::styled(line, style),
            ]));
        }
    }
}
