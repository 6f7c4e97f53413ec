//! What is looked for, marked wherever it is on screen: one way for lists, texts and logs.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use crate::tui::search::Words;
use crate::tui::style::Styles;

/// Marks every word in `area`.
pub(super) fn mark(buffer: &mut Buffer, area: Rect, words: &Words, styles: &Styles) {
    let style = styles.accent.add_modifier(Modifier::REVERSED);
    for y in area.top()..area.bottom() {
        // Where in the text of the row each cell begins, in small letters as the words are.
        let (mut text, mut starts) = (String::new(), Vec::new());
        for x in area.left()..area.right() {
            let Some(cell) = buffer.cell(Position::new(x, y)) else { continue };
            starts.push((text.len(), x));
            text.push_str(&cell.symbol().to_lowercase());
        }
        for word in words.iter() {
            for (found, _) in text.match_indices(word) {
                let end = found + word.len();
                let first = starts.partition_point(|(start, _)| *start <= found).saturating_sub(1);
                let cells = starts[first..].iter().take_while(|(start, _)| *start < end);
                for (_, x) in cells {
                    if let Some(cell) = buffer.cell_mut(Position::new(*x, y)) {
                        cell.set_style(style);
                    }
                }
            }
        }
    }
}
