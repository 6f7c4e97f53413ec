//! A finding of policy, as every view shows it.
//!
//! ```text
//!  ✖ BLOCKER   SqlGrantWarn                            013-tidy-orders.sql:7:1
//!              grant select on orders, order_items to public;
//!              A privilege is granted.
//!            → Grant it outside of the changelog.
//! ```

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::policy::{Finding, Subject};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::views::sign;

/// Cells in front of everything that is told about a finding.
const MARGIN: usize = 13;

/// Lines of a statement that are shown beside others.
const STATEMENT: usize = 4;

/// A finding in a few lines: what, where, the statement, why, and how to mend it.
pub(super) fn lines<'a>(finding: &Finding, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let (mark, style) = mark(finding, styles);
    let left =
        vec![Span::styled(format!(" {mark:11} "), style), Span::styled(finding.check.clone(), styles.strong)];
    let mut lines = vec![text::between(left, vec![Span::styled(place(finding), styles.muted)], width)];
    let mut say = |margin: &'static str, words: &str, style: Style| {
        for (row, line) in text::wrap(words, width.saturating_sub(MARGIN + 1)).into_iter().enumerate() {
            let margin = if row == 0 { margin } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{margin:>MARGIN$}"), style),
                Span::styled(line, style),
            ]));
        }
    };
    if let Some(waiver) = &finding.waiver {
        let words = format!("until {} by {}: {}", waiver.expires, waiver.owner, waiver.reason);
        say("", &words, styles.warning);
    }
    let statement: Vec<&str> = finding.statement.lines().filter(|line| !line.trim().is_empty()).collect();
    let plain = Style { bg: None, ..styles.text };
    for line in statement.iter().take(STATEMENT) {
        say("", line, plain);
    }
    if statement.len() > STATEMENT {
        say("", "…", styles.muted);
    }
    say("", &finding.why, styles.muted);
    if finding.waiver.is_none() {
        say("→ ", &finding.mend, styles.accent);
    }
    lines
}

/// What to know about settings and waivers.
pub(super) fn note<'a>(words: &str, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let lines = text::wrap(words, width.saturating_sub(4)).into_iter().enumerate();
    let line =
        |(row, line)| Line::styled(format!(" {} {line}", if row == 0 { "▲" } else { " " }), styles.warning);
    lines.map(line).collect()
}

/// Shape and word: how much it matters, or that it is waived.
pub(super) fn mark(finding: &Finding, styles: &Styles) -> (String, Style) {
    if finding.waiver.is_some() {
        return ("○ waived".to_owned(), styles.muted);
    }
    let (shape, style) = sign::severity(finding.severity, styles);
    (format!("{shape} {}", finding.severity), style)
}

/// `013-tidy-orders.sql:7:1`, or the table.
pub(super) fn place(finding: &Finding) -> String {
    let within = finding.within.as_ref().map_or_else(String::new, |within| format!(" in {within}"));
    let Some(place) = &finding.place else {
        return match &finding.subject {
            Subject::Changeset(id) => format!("{}{within} ", file(&id.path)),
            Subject::Table(name) => format!("{name} "),
        };
    };
    format!("{}:{}{within} ", file(&place.file), position(finding))
}

/// Line and column, as far as they are known.
pub(super) fn position(finding: &Finding) -> String {
    let line = finding.place.as_ref().map(|place| place.line.to_string()).unwrap_or_default();
    match finding.column {
        Some(column) if !line.is_empty() => format!("{line}:{column}"),
        _ => line,
    }
}

fn file(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
