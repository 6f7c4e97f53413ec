//! Words to look for, on whichever screen is on top: lists show only what has them, texts and logs show where they are.
//!
//! Absent on purpose: what is looked through. A list asks with [`Words::are_in`]; of a text that is drawn, the lines with
//! a hit are told by the drawing, and what is on screen is marked there.

use crossterm::event::{KeyCode, KeyEvent};

use crate::tui::field::Field;

/// What is looked for on one screen.
#[derive(Debug, Clone, Default)]
pub struct Search {
    field: Field,
    /// True while keys go into it.
    pub is_typing: bool,
    /// Where to go as soon as it is known where the hits are.
    pub(super) jump: Option<Jump>,
    /// The line of a text with the hit that was gone to.
    pub(super) at: Option<usize>,
}

/// Which hit to go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// The first one from here on.
    Nearest,
    /// The next one; after the last comes the first.
    Next,
    /// The one before.
    Previous,
}

/// The words, in small letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(Vec<String>);

impl Search {
    /// What was typed.
    pub fn text(&self) -> &str {
        self.field.text()
    }

    /// True while something is looked for, or about to be.
    pub fn is_on(&self) -> bool {
        self.is_typing || !self.field.is_blank()
    }

    /// The words.
    pub fn words(&self) -> Words {
        Words::of(self.text())
    }

    /// Handles a key while words are typed; false when it is none for a text.
    pub(super) fn type_key(&mut self, event: &KeyEvent) -> bool {
        match event.code {
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => self.clear(),
            _ => return self.field.type_key(event),
        }
        true
    }

    /// Takes what was pasted.
    pub(super) fn paste(&mut self, text: &str) {
        self.field.paste(text);
    }

    /// Looks for nothing any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Words {
    /// The words of a text.
    pub fn of(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_lowercase).collect())
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// True when `text` has all of them, in small letters or in capitals.
    pub fn are_in(&self, text: &str) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let text = text.to_lowercase();
        self.iter().all(|word| text.contains(word))
    }
}

impl Jump {
    /// The hit to go to, of hits in order: from the one at `at`, else from `here` on.
    pub(super) fn to(self, hits: &[usize], at: Option<usize>, here: usize) -> Option<usize> {
        let from = at.unwrap_or(here);
        let first = || hits.first().copied();
        let last = || hits.last().copied();
        match self {
            Self::Nearest => hits.iter().find(|hit| **hit >= from).copied().or_else(first),
            Self::Next if at.is_none() => Self::Nearest.to(hits, at, here),
            Self::Next => hits.iter().find(|hit| **hit > from).copied().or_else(first),
            Self::Previous => hits.iter().rfind(|hit| **hit < from).copied().or_else(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_have_to_be_there_whatever_their_case() {
        let words = Words::of("  Orders  TEXT");
        assert!(words.are_in("alter table orders add column note text"));
        assert!(!words.are_in("alter table orders"));
        assert!(Words::of(" ").are_in(""));
    }

    #[test]
    fn after_the_last_hit_comes_the_first() {
        let hits = [3, 7, 9];
        assert_eq!(Jump::Nearest.to(&hits, None, 4), Some(7));
        assert_eq!(Jump::Nearest.to(&hits, None, 10), Some(3));
        assert_eq!(Jump::Next.to(&hits, Some(7), 0), Some(9));
        assert_eq!(Jump::Next.to(&hits, Some(9), 0), Some(3));
        assert_eq!(Jump::Previous.to(&hits, Some(3), 0), Some(9));
        assert_eq!(Jump::Previous.to(&[], Some(3), 0), None);
    }
}
