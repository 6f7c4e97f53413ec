//! A dialog: in a box above what it is about, or as the foot of the screen that shows the plan.
//!
//! ```text
//! ╭─ roll test back to v1.1.0 ──────────────────── plan 8c41f0 ─╮
//! │ First 3 changesets are undone, the newest first, then …     │
//! │                                                             │
//! │ reason ▏orders fail since noon                              │
//! │ type test to go on:  te__                                   │
//! │ R  rolls test back to v1.1.0               [ esc cancels ]  │
//! │ ━━━━━━━━━━━━ read it first                                  │
//! ╰─────────────────────────────────────────────────────────────╯
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use crate::domain::Timestamp;
use crate::domain::environment::Tier;
use crate::tui::dialog::{Dialog, Focus};
use crate::tui::question::{Asked, Reason};
use crate::tui::style::Styles;
use crate::tui::text;

/// A box wider than this is hard to read.
const WIDEST: u16 = 78;

/// Cells of the line that shows how long to read.
const ARMING_WIDTH: usize = 12;

/// Draws a dialog above what is on screen.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, dialog: &Dialog, now: Timestamp, styles: &Styles) {
    let Some(asked) = dialog.asked() else { return };
    let width = area.width.saturating_sub(4).min(WIDEST);
    let inner = usize::from(width.saturating_sub(4));
    let mut body: Vec<Line<'_>> = Vec::new();
    if dialog.has_moved {
        body.push(Line::styled("It changed while you looked: read it anew.", styles.warning));
    }
    for paragraph in &asked.body {
        body.extend(text::wrap(paragraph, inner).into_iter().map(Line::raw));
    }
    let foot = lines(dialog, now, inner, styles);
    let room = usize::from(area.height).saturating_sub(foot.len() + 2);
    // The way out is never cut, what is told is.
    if body.len() + 1 > room {
        body.truncate(room.saturating_sub(2));
        body.push(Line::styled("…", styles.muted));
    }
    body.truncate(room.saturating_sub(1));
    body.push(Line::default());
    body.extend(foot);
    let height = u16::try_from(body.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    let (border, style) = match asked.tier {
        Tier::Three => (BorderType::Double, styles.danger),
        Tier::One | Tier::Two => (BorderType::Rounded, styles.warning),
    };
    let code = asked.code.as_ref().map(|code| format!(" plan {code} ")).unwrap_or_default();
    let room = usize::from(width).saturating_sub(text::width(&code) + 6);
    let title = Line::styled(format!(" {} ", text::fit(&asked.title, room)), style);
    let block = Block::bordered()
        .border_type(border)
        .border_style(style)
        .style(styles.text)
        .title(title)
        .title(Line::styled(code, styles.accent).right_aligned());
    let inside = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    frame.render_widget(Paragraph::new(body), inside);
}

/// What it takes to confirm it, and the way out.
pub(super) fn lines<'a>(dialog: &'a Dialog, now: Timestamp, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let Some(asked) = dialog.asked() else { return Vec::new() };
    let mut lines = Vec::new();
    if asked.reason != Reason::None {
        lines.push(reason(dialog, asked, width, styles));
    }
    let cancel = vec![Span::styled("[ esc cancels ] ", styles.accent)];
    let is_on = dialog.is_armed(now) && dialog.is_complete() && dialog.focus == Focus::Letter;
    let letter = letter(asked, is_on, styles);
    if asked.tier == Tier::Three {
        lines.push(text::between(name(dialog, asked, styles), cancel, width));
        lines.push(Line::from(text::cut(letter, width)));
    } else {
        lines.push(text::between(letter, cancel, width));
    }
    lines.push(hint(dialog, asked, now, styles));
    lines
}

fn letter<'a>(asked: &'a Asked, is_on: bool, styles: &Styles) -> Vec<Span<'a>> {
    let (key, words) = if is_on { (styles.key, styles.strong) } else { (styles.faint, styles.muted) };
    vec![Span::styled(format!(" {} ", asked.key), key), Span::styled(asked.does.as_str(), words)]
}

fn reason<'a>(dialog: &'a Dialog, asked: &Asked, width: usize, styles: &Styles) -> Line<'a> {
    let is_typed = dialog.focus == Focus::Reason;
    let label = if is_typed { styles.accent } else { styles.muted };
    let name = if asked.reason == Reason::Welcome { " note    " } else { " reason  " };
    let mut spans = vec![Span::styled(name, label)];
    // Of what does not fit, the end is seen, where it goes on.
    let room = width.saturating_sub(text::width(name) + 1);
    spans.push(Span::raw(text::tail(dialog.reason.text(), room)));
    if is_typed {
        spans.push(Span::styled("▏", styles.accent));
    } else if dialog.reason.is_blank() {
        spans.push(Span::styled("tab goes back to it", styles.muted));
    }
    Line::from(spans)
}

fn name<'a>(dialog: &'a Dialog, asked: &'a Asked, styles: &Styles) -> Vec<Span<'a>> {
    let typed = dialog.name.text();
    let rest = asked.environment.len().saturating_sub(typed.len());
    let mut spans = vec![
        Span::styled(format!(" type {} to go on:  ", asked.environment), styles.muted),
        Span::styled(typed, styles.production),
        Span::styled("_".repeat(rest), styles.muted),
    ];
    if typed == asked.environment {
        spans.push(Span::styled("  ✔", styles.success));
    }
    spans
}

/// How long to read, or what to do next.
fn hint<'a>(dialog: &Dialog, asked: &Asked, now: Timestamp, styles: &Styles) -> Line<'a> {
    if !dialog.is_armed(now) && styles.is_still {
        return Line::styled(" read it first", styles.muted);
    }
    if !dialog.is_armed(now) {
        let filled = dialog.armed_share(now, ARMING_WIDTH);
        return Line::from(vec![
            Span::styled(format!(" {}", "━".repeat(filled)), styles.accent),
            Span::styled("━".repeat(ARMING_WIDTH - filled), styles.faint),
            Span::styled(" read it first", styles.muted),
        ]);
    }
    let plain = |words: String| Line::styled(format!(" {words}"), Style { bg: None, ..styles.muted });
    match (asked.reason, dialog.focus) {
        (Reason::None, _) => Line::default(),
        (Reason::Welcome, Focus::Reason) => plain(format!("a note, or none; then tab, then {}", asked.key)),
        (Reason::Welcome, Focus::Letter) => plain("the note is kept in the journal".to_owned()),
        (_, Focus::Reason) if asked.tier == Tier::Three => {
            plain(format!("say why, then tab, then {} and {}", asked.environment, asked.key))
        }
        (_, Focus::Reason) => plain(format!("say why, then tab, then {}", asked.key)),
        (_, Focus::Letter) => plain("the reason is kept in the journal".to_owned()),
    }
}
