//! The themes to choose from, above a screen that shows the one under the cursor.
//!
//! ```text
//!                                              ╭─ theme ──────────╮
//!                                              │ ▸ dark           │
//!                                              │   high-contrast  │
//!                                              │ ✔ ▲ ✖ ▶ sample   │
//!                                              ╰──────────────────╯
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;

/// Lines of the box that are no theme: its border, what a sample says.
const AROUND: u16 = 2 + 2;

/// Draws the choice in a corner, so that most of the screen is seen as it would be.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, ui: &Ui, styles: &Styles) {
    let (names, Some(cursor)) = ui.themes.names() else { return };
    let widest = names.iter().map(|name| text::width(name)).max().unwrap_or(0).max(16);
    let width = u16::try_from(widest + 8).unwrap_or(u16::MAX).min(area.width);
    let wanted = u16::try_from(names.len()).unwrap_or(u16::MAX).saturating_add(AROUND);
    let height = wanted.min(area.height);
    let place = Rect { x: area.right() - width, y: area.bottom() - height, width, height };
    let rows = usize::from(height.saturating_sub(AROUND));
    let top = (cursor + 1).saturating_sub(rows);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (index, name) in names.iter().enumerate().skip(top).take(rows) {
        let (mark, style) = if index == cursor { ("▸", styles.accent) } else { (" ", styles.text) };
        lines.push(Line::from(vec![
            Span::styled(format!(" {mark} "), styles.accent),
            Span::styled(name.as_str(), style),
        ]));
    }
    lines.push(Line::default());
    lines.push(Line::from(vec![
        Span::styled(" ✔ well", styles.success),
        Span::styled(" ▲ look", styles.warning),
        Span::styled(" ✖ bad", styles.danger),
    ]));
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(styles.accent)
        .style(styles.text)
        .title(Line::styled(" theme ", styles.strong));
    let inside = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    frame.render_widget(Paragraph::new(lines), inside);
    let selected = Rect { y: inside.y + u16::try_from(cursor - top).unwrap_or(0), height: 1, ..inside };
    frame.buffer_mut().set_style(selected, styles.selected);
}
