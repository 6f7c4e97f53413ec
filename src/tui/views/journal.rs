//! What was said and done, newest last: what the journal adds up to, and the messages of this console between it.
//!
//! ```text
//! ── journal and messages ───────────────────────────── 14 of the journal · 2 messages ──
//!  13:59:31 ▶ journal   ana begins v1.2.0 to test
//!  13:59:33 · journal   update in test: liquibase update, 3 changesets
//!  13:59:52 ✔ journal   v1.2.0 to test is proven
//!  14:02:11 ✖ console   the line is stopped
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use crate::engine::State;
use crate::tui::chronicle::{Teller, Told, Tone, chronicle};
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{failing, page};

/// Draws it.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    scroll: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let area = match &state.journal_unread {
        Some(failure) => failing::above(frame, area, failure, styles),
        None => area,
    };
    let width = usize::from(area.width);
    let told = chronicle(state);
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let messages = told.iter().filter(|told| told.by == Teller::Console).count();
    let words = format!("{} of the journal · {messages} messages ", told.len() - messages);
    let end = vec![Span::styled(words, styles.muted)];
    let title = vec![Span::styled("journal and messages", styles.strong)];
    frame.render_widget(text::rule(title, end, width, styles.faint), head);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut day = None;
    for it in &told {
        let date = it.at.to_zoned(ui.zone.clone()).date();
        if day.replace(date) != Some(date) {
            lines.push(Line::styled(format!(" {date}"), styles.muted));
        }
        lines.extend(told_lines(it, ui, width, styles));
    }
    if told.is_empty() && state.journal_unread.is_none() {
        let words = match state.identity {
            None => " Reading the journal …",
            Some(_) => " Nothing was said or done yet.",
        };
        lines.push(Line::styled(words, styles.muted));
    }
    page::draw(frame, body, lines, scroll, (ui, styles), seen);
}

fn told_lines<'a>(told: &Told, ui: &Ui, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let time = told.at.to_zoned(ui.zone.clone()).strftime("%T").to_string();
    let (shape, style) = match told.tone {
        Tone::Plain => ("·", styles.muted),
        Tone::Begun => ("▶", styles.running),
        Tone::Well => ("✔", styles.success),
        Tone::Badly => ("✖", styles.danger),
    };
    let teller = match told.by {
        Teller::Journal => "journal",
        Teller::Console => "console",
    };
    let indent = 22;
    let mut lines = Vec::new();
    for (row, words) in text::wrap(&told.words, width.saturating_sub(indent + 1)).into_iter().enumerate() {
        let front = if row == 0 {
            vec![
                Span::styled(format!(" {time} "), styles.muted),
                Span::styled(format!("{shape} "), style),
                Span::styled(format!("{teller:9} "), styles.muted),
            ]
        } else {
            vec![Span::raw(" ".repeat(indent))]
        };
        lines.push(front.into_iter().chain([Span::raw(words)]).collect());
    }
    for more in &told.more {
        for words in text::wrap(more, width.saturating_sub(indent + 3)) {
            lines
                .push(Line::from(vec![Span::raw(" ".repeat(indent + 2)), Span::styled(words, styles.muted)]));
        }
    }
    lines
}
