//! A drawn screen for terminals that have nothing but ASCII: every cell gets what stands for it.

use ratatui::buffer::Buffer;

use crate::domain::ascii;
use crate::tui::text::width;

/// Leaves nothing but ASCII in `buffer`, every cell where it is.
pub(super) fn translate(buffer: &mut Buffer) {
    let mut rest = 0;
    for cell in &mut buffer.content {
        if rest > 0 {
            // The other half of a wide character.
            rest -= 1;
            cell.set_char('?');
        } else if !cell.symbol().is_ascii() {
            rest = width(cell.symbol()).saturating_sub(1);
            let character = cell.symbol().chars().next().map_or(' ', ascii::cell);
            cell.set_char(character);
        }
    }
}
