//! A list whose entries may take several lines: the one under the cursor is in sight as far as it fits, its beginning
//! always.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::tui::seen::{Seen, Spot};

/// Draws a title, and below it the entries.
pub(super) fn draw<'a>(
    frame: &mut Frame<'_>,
    area: Rect,
    title: Line<'a>,
    entries: Vec<Vec<Line<'a>>>,
    cursor: usize,
    seen: &mut Seen,
) {
    let mut lines = vec![title];
    let mut places = Vec::new();
    let mut selected = 0..1;
    let cursor = cursor.min(entries.len().saturating_sub(1));
    for (place, entry) in entries.into_iter().enumerate() {
        let start = lines.len();
        lines.extend(entry);
        places.push((start..lines.len(), place));
        if place == cursor {
            selected = start..lines.len();
        }
    }
    let rows = usize::from(area.height);
    let first = selected.end.saturating_sub(rows).min(selected.start.saturating_sub(1));
    seen.spot(area, Spot::Body);
    for (range, place) in places {
        let (top, end) = (range.start.max(first) - first, range.end.max(first) - first);
        if let (Ok(top), Ok(end)) = (u16::try_from(top), u16::try_from(end.min(rows))) {
            let height = end.saturating_sub(top);
            seen.spot(Rect { y: area.y + top.min(area.height), height, ..area }, Spot::Row(place));
        }
    }
    frame.render_widget(Paragraph::new(lines.into_iter().skip(first).take(rows).collect::<Vec<_>>()), area);
}
