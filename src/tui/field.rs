//! One line of text that is typed: the filter of the grid, the reason in a dialog, the name that confirms.
//!
//! A cursor within the text is deliberately absent: what is typed here is short, and its end is where it goes on.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation as _;

/// Characters that a text may have.
const LIMIT: usize = 500;

/// A text that is being typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field(String);

impl Field {
    /// What was typed so far.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// True when nothing but space was typed.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Handles a key; false when it is none for a text.
    pub fn type_key(&mut self, event: &KeyEvent) -> bool {
        let has_control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Char('u') if has_control => self.0.clear(),
            KeyCode::Char('w') if has_control => {
                let kept = self.0.trim_end();
                let word = kept.rfind(char::is_whitespace).map_or(0, |space| space + 1);
                self.0.truncate(word);
            }
            KeyCode::Char(c) if (event.modifiers - KeyModifiers::SHIFT).is_empty() => self.push(c),
            KeyCode::Backspace => {
                let last = self.0.grapheme_indices(true).next_back().map_or(0, |(start, _)| start);
                self.0.truncate(last);
            }
            _ => return false,
        }
        true
    }

    /// Takes what was pasted in. Whatever ends a line in it is a space, so a paste never does more than typing.
    pub fn paste(&mut self, text: &str) {
        for c in text.trim_end().chars() {
            self.push(if c.is_whitespace() { ' ' } else { c });
        }
    }

    fn push(&mut self, c: char) {
        if !c.is_control() && self.0.chars().count() < LIMIT {
            self.0.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(field: &mut Field, code: KeyCode, modifiers: KeyModifiers) -> bool {
        field.type_key(&KeyEvent::new(code, modifiers))
    }

    #[test]
    fn what_looks_like_one_character_is_taken_back_as_one() {
        let mut field = Field::default();
        field.paste("ベ👩‍🍳e\u{301}");
        for left in ["ベ👩‍🍳", "ベ", "", ""] {
            assert!(press(&mut field, KeyCode::Backspace, KeyModifiers::NONE));
            assert_eq!(field.text(), left);
        }
    }

    #[test]
    fn a_paste_is_one_line_without_control_characters_and_not_endless() {
        let mut field = Field::default();
        field.paste("orders\tfail\r\nsince\x1b[31m noon\n");
        assert_eq!(field.text(), "orders fail  since[31m noon");
        field.paste(&"x".repeat(2 * LIMIT));
        assert_eq!(field.text().chars().count(), LIMIT);
    }

    #[test]
    fn words_and_lines_are_taken_back_and_keys_that_are_no_text_are_left_to_others() {
        let mut field = Field::default();
        field.paste("orders fail");
        press(&mut field, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(field.text(), "orders ");
        press(&mut field, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert_eq!(field.text(), "");
        assert!(!press(&mut field, KeyCode::Enter, KeyModifiers::NONE));
        assert!(!press(&mut field, KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert!(field.is_blank());
    }
}
