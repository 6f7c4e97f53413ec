//! Something to pick from, in a box above the screen: the palette, and what can be copied.
//!
//! ```text
//! ╭─ commands ──────────────────────────────────────── 3 of 61 ─╮
//! │ › prte▏                                                     │
//! │ ▸ promote test v1.2.0   Make the plan; nothing is done …    │
//! │   promote               nothing is being promoted        p  │
//! ╰─────────────────────────────────────────────────────────────╯
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::tui::menu::{Entry, Found, Kind, Menu};
use crate::tui::seen::{Seen, Spot};
use crate::tui::style::Styles;
use crate::tui::text;

/// A box wider than this is hard to read.
const WIDEST: u16 = 96;

/// Rows of entries at most.
const MOST: u16 = 18;

/// Draws the box.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, menu: &Menu, styles: &Styles, seen: &mut Seen) {
    let width = area.width.saturating_sub(4).min(WIDEST);
    let inner = usize::from(width.saturating_sub(4));
    let rows = area.height.saturating_sub(4).clamp(1, MOST);
    // As tall as for all entries, so that nothing jumps while letters are typed.
    let rows = rows.min(u16::try_from(menu.len()).unwrap_or(u16::MAX).max(1));
    let height = (rows + 3).min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + 1, width, height };
    let place = place.intersection(area);
    let (title, hint) = match menu.kind {
        Kind::Palette => (" commands ", "a few letters find it"),
        Kind::Copy => (" copy ", "a few letters find it"),
    };
    let count = format!(" {} of {} ", menu.found().len(), menu.len());
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(styles.border_selected)
        .style(styles.text)
        .title(Line::styled(title, styles.strong))
        .title(Line::styled(count, styles.muted).right_aligned());
    let mut typed = vec![
        Span::styled(" › ", styles.accent),
        Span::styled(text::tail(menu.text(), inner.saturating_sub(6)), styles.strong),
        Span::styled("▏", styles.accent),
    ];
    if menu.text().is_empty() {
        typed.push(Span::styled(hint, styles.muted));
    }
    let mut lines = vec![Line::from(typed)];
    let room = usize::from(rows);
    let top = (menu.cursor() + 1).saturating_sub(room);
    let shown: Vec<(usize, (&Found, &Entry))> = menu.found().enumerate().skip(top).take(room).collect();
    let words = shown.iter().map(|(_, (_, entry))| text::width(&entry.words)).max().unwrap_or(0);
    let words = words.clamp(16, (inner / 2).max(16));
    seen.spot(frame.area(), Spot::Front);
    for (row, (number, (found, entry))) in shown.into_iter().enumerate() {
        lines.push(line(found, entry, number == menu.cursor(), (words, inner), styles));
        let y = place.y + 2 + u16::try_from(row).unwrap_or(0);
        seen.spot(Rect { y, height: 1, ..place }, Spot::Entry(number));
    }
    if menu.found().len() == 0 {
        lines.push(Line::styled("   Nothing is called so. Backspace takes letters back.", styles.muted));
    }
    let inside = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    frame.render_widget(Paragraph::new(lines), inside);
}

fn line<'a>(
    found: &Found,
    entry: &'a Entry,
    is_selected: bool,
    (words, width): (usize, usize),
    styles: &Styles,
) -> Line<'a> {
    let plain = if entry.off.is_some() { styles.muted } else { styles.strong };
    let mut left = vec![Span::styled(if is_selected { "▸ " } else { "  " }, styles.accent)];
    let mut used = 0;
    for (number, grapheme) in entry.words.graphemes(true).enumerate() {
        if used + text::width(grapheme) > words {
            break;
        }
        used += text::width(grapheme);
        let is_typed = found.letters.iter().any(|letter| usize::try_from(*letter) == Ok(number));
        let style = if is_typed { styles.key.add_modifier(Modifier::UNDERLINED) } else { plain };
        left.push(Span::styled(grapheme, style));
    }
    left.push(Span::raw(" ".repeat(words.saturating_sub(used) + 2)));
    match &entry.off {
        Some(reason) => left.push(Span::styled(format!("– {reason}"), styles.warning)),
        None => left.push(Span::styled(entry.about.as_str(), styles.muted)),
    }
    let keys = if entry.keys.is_empty() {
        Vec::new()
    } else {
        vec![Span::styled(format!("{} ", entry.keys), styles.key)]
    };
    let line = text::between(left, keys, width);
    if is_selected { line.patch_style(styles.selected) } else { line }
}
