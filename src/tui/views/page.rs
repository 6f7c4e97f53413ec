//! A text that scrolls: which of its lines are on screen, and where it has what is looked for.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::tui::seen::{Page, Seen, Spot};
use crate::tui::style::Styles;
use crate::tui::ui::Ui;

/// Draws a text that fills `area`.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    lines: Vec<Line<'_>>,
    scroll: usize,
    (ui, styles): (&Ui, &Styles),
    seen: &mut Seen,
) {
    let shown = window(lines, (usize::from(area.height), scroll), (ui, styles), seen);
    seen.spot(area, Spot::Body);
    frame.render_widget(Paragraph::new(shown), area);
}

/// The lines of a text that are in a window of some rows, scrolled down by some lines.
pub(super) fn window<'a>(
    mut lines: Vec<Line<'a>>,
    (rows, scroll): (usize, usize),
    (ui, styles): (&Ui, &Styles),
    seen: &mut Seen,
) -> Vec<Line<'a>> {
    let words = ui.search().words();
    let mut hits = Vec::new();
    if !words.is_empty() && !ui.searches_log() {
        let has_it = |line: &Line<'_>| words.are_in(&line.to_string());
        hits.extend(lines.iter().enumerate().filter(|(_, line)| has_it(line)).map(|(number, _)| number));
        if let Some(line) = ui.search().at.and_then(|at| lines.get_mut(at)) {
            *line = std::mem::take(line).patch_style(styles.selected);
        }
    }
    let page = Page { lines: lines.len(), rows, hits };
    let top = page.top(scroll);
    seen.text = Some(page);
    lines.into_iter().skip(top).take(rows).collect()
}
