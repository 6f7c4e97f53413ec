//! A failure, as every view shows it.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::failure::Failure;
use crate::tui::style::Styles;
use crate::tui::text;

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
    if let Some(hint) = &failure.hint {
        say("   → ", hint, styles.accent);
    }
    lines
}
