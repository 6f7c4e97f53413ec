//! A key as terminals report it and as people write it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(KeyCode, KeyModifiers);

/// Keys that are no characters, by the name that is shown.
const NAMES: [(KeyCode, &str); 14] = [
    (KeyCode::Enter, "enter"),
    (KeyCode::Esc, "esc"),
    (KeyCode::Tab, "tab"),
    (KeyCode::Backspace, "backspace"),
    (KeyCode::Delete, "delete"),
    (KeyCode::Insert, "insert"),
    (KeyCode::Left, "←"),
    (KeyCode::Right, "→"),
    (KeyCode::Up, "↑"),
    (KeyCode::Down, "↓"),
    (KeyCode::PageUp, "pgup"),
    (KeyCode::PageDown, "pgdn"),
    (KeyCode::Home, "home"),
    (KeyCode::End, "end"),
];

/// Further words for them.
const WORDS: [(KeyCode, &str); 4] =
    [(KeyCode::Left, "left"), (KeyCode::Right, "right"), (KeyCode::Up, "up"), (KeyCode::Down, "down")];

pub(super) const fn key(code: KeyCode) -> Key {
    Key(code, KeyModifiers::NONE)
}

pub(super) const fn letter(c: char) -> Key {
    Key(KeyCode::Char(c), KeyModifiers::NONE)
}

pub(super) const fn control(c: char) -> Key {
    Key(KeyCode::Char(c), KeyModifiers::CONTROL)
}

impl Key {
    /// The key of an event. A capital letter says itself that Shift was held.
    pub(in crate::tui) fn of(event: &KeyEvent) -> Self {
        Self(event.code, event.modifiers.difference(KeyModifiers::SHIFT))
    }

    pub(super) fn matches(self, event: &KeyEvent) -> bool {
        // A capital letter may arrive with or without Shift, depending on the terminal.
        let modifiers = match event.code {
            KeyCode::Char(_) => event.modifiers.difference(KeyModifiers::SHIFT),
            _ => event.modifiers,
        };
        self.0 == event.code && self.1 == modifiers
    }

    /// The key that `text` names: a character, or `ctrl-` or `alt-` and a key, or the name of one. `None` when no key
    /// is called so.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut characters = text.chars();
        if let (Some(c), None) = (characters.next(), characters.next()) {
            let is_named = NAMES.iter().find(|(_, name)| *name == text);
            let code = is_named.map_or(KeyCode::Char(c), |(code, _)| *code);
            return (!c.is_control() && c != ' ').then_some(Self(code, KeyModifiers::NONE));
        }
        let lower = text.to_lowercase();
        for (word, modifier) in [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT)] {
            if let Some(rest) = lower.strip_prefix(word) {
                let Self(code, modifiers) = Self::parse(rest)?;
                return Some(Self(code, modifiers | modifier));
            }
        }
        let number = lower.strip_prefix('f').and_then(|number| number.parse::<u8>().ok());
        let function = number.filter(|number| (1..=24).contains(number)).map(KeyCode::F);
        let known = || NAMES.iter().find(|(_, name)| *name == lower).map(|(code, _)| *code);
        let word = || WORDS.iter().find(|(_, name)| *name == lower).map(|(code, _)| *code);
        function.or_else(known).or_else(word).map(|code| Self(code, KeyModifiers::NONE))
    }

    /// The key as people write it.
    pub fn name(self) -> String {
        let name = match self.0 {
            KeyCode::Char(c) => c.to_string(),
            KeyCode::F(number) => format!("F{number}"),
            code => NAMES
                .iter()
                .find(|(known, _)| *known == code)
                .map_or_else(|| format!("{code:?}").to_lowercase(), |(_, name)| (*name).to_owned()),
        };
        let alt = if self.1.contains(KeyModifiers::ALT) { "alt-" } else { "" };
        let control = if self.1.contains(KeyModifiers::CONTROL) { "ctrl-" } else { "" };
        format!("{control}{alt}{name}")
    }

    /// True when it confirms a plan: nothing else may be meant by it there.
    pub(super) fn confirms(self) -> bool {
        self.1.is_empty() && matches!(self.0, KeyCode::Char('y' | 'P'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        for name in
            ["p", "P", "/", ":", "ctrl-p", "F5", "F12", "enter", "esc", "tab", "←", "pgup", "alt-x", "é"]
        {
            assert_eq!(Key::parse(name).map(Key::name).as_deref(), Some(name));
        }
        assert_eq!(Key::parse("Left"), Some(key(KeyCode::Left)));
        assert_eq!(Key::parse("Ctrl-X"), Some(control('x')));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in ["", " ", "pp", "F0", "f99", "ctrl-", "hyper-x", "\n"] {
            assert_eq!(Key::parse(text), None, "{text:?}");
        }
    }
}
