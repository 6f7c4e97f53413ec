//! Text for terminals that have nothing but ASCII: one table says what stands for every symbol that lockstep draws, cell
//! by cell, so that nothing moves. Letters lose their accents; of what is left, a question mark tells that it was there.

use unicode_normalization::UnicodeNormalization as _;

/// A symbol, and what stands for it in one cell. What one shape says another one must not say.
const SYMBOLS: &str = "✔+ ✖x ×x ◆~ ▲^ △' ●* ○o ■# ▤= ·. …_ –- —- ▶> ▸> →> ←< ↑^ ↓v ⏎< ▏_ ▌| ▍| \
    ─- ━= ┄. ═= │| ┃| ║# ╭. ╮. ╰' ╯' ╔# ╗# ╚# ╝# ┌+ ┐+ └+ ┘+ ├+ ┤+ ┬+ ┴+ ┼+ \
    ▁_ ▂. ▃: ▄- ▅= ▆+ ▇* █# ░. ▒: ▓# “\" ”\" ‘' ’' •* ↵< ↩< ⇥> ⚑! ⏵> ⏸= ✓+ ✗x ⚠! ✎e ↻r ↶< »& ⇅% ▎| ▋# ▊# ▉#";

/// What stands for a character in a cell.
pub fn cell(character: char) -> char {
    if character.is_ascii() {
        return character;
    }
    if let Some((_, ascii)) = symbols().find(|(symbol, _)| *symbol == character) {
        return ascii;
    }
    std::iter::once(character).nfkd().next().filter(char::is_ascii).unwrap_or('?')
}

/// A text with nothing but ASCII in it.
pub fn text(text: &str) -> String {
    let is_combining =
        |character: &char| matches!(character, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}');
    text.chars().filter(|character| !is_combining(character)).map(cell).collect()
}

/// The table, pair by pair.
fn symbols() -> impl Iterator<Item = (char, char)> {
    SYMBOLS.split_ascii_whitespace().filter_map(|pair| {
        let mut pair = pair.chars();
        pair.next().zip(pair.next())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nothing_but_ascii_is_left_and_every_cell_stays_one() {
        let written = "✔ in step · v1.1.0 → v1.2.0 … déjà vu ベーグル 🥯 ╔═ PROD ═╗";
        let plain = text(written);
        assert_eq!(plain, "+ in step . v1.1.0 > v1.2.0 _ deja vu ???? ? #= PROD =#");
        assert_eq!(text("e\u{301}"), "e");
    }

    #[test]
    fn the_shapes_of_what_is_well_failed_asks_runs_waits_and_is_not_known_stay_different() {
        let shapes = ['✔', '✖', '◆', '▲', '△', '●', '○', '▶', '■', '·', '–', '?'];
        let ascii: BTreeSet<char> = shapes.into_iter().map(cell).collect();
        assert_eq!(ascii.len(), shapes.len(), "{ascii:?}");
    }

    #[test]
    fn the_marks_of_the_grid_stay_different() {
        let marks = ['✔', '·', '▲', '↻', '✎', '»', '⇅', '–', '?', '◆', '…'];
        let ascii: BTreeSet<char> = marks.into_iter().map(cell).collect();
        assert_eq!(ascii.len(), marks.len(), "{ascii:?}");
    }

    #[test]
    fn every_pair_of_the_table_is_a_symbol_and_something_that_is_ascii() {
        assert!(symbols().all(|(symbol, ascii)| !symbol.is_ascii() && ascii.is_ascii_graphic()));
        let symbols: Vec<char> = symbols().map(|(symbol, _)| symbol).collect();
        assert_eq!(symbols.iter().collect::<BTreeSet<_>>().len(), symbols.len(), "each is there once");
    }
}
