//! Choosing a theme: what the cursor stands on is shown at once, enter keeps it, esc brings back what was there before.

use crossterm::event::{KeyCode, KeyEvent};

/// The themes there are, and whether one is being chosen.
#[derive(Debug, Clone, Default)]
pub struct ThemePicker {
    names: Vec<String>,
    choice: Option<Choice>,
}

/// A choice that is being made.
#[derive(Debug, Clone)]
struct Choice {
    /// The theme before.
    before: String,
    cursor: usize,
}

impl ThemePicker {
    /// Takes note of the themes there are. The cursor stays on its theme.
    pub fn offer(&mut self, names: Vec<String>) {
        let under_cursor = self.choice.as_ref().and_then(|choice| self.names.get(choice.cursor)).cloned();
        self.names = names;
        let place = under_cursor.and_then(|name| self.names.iter().position(|other| *other == name));
        if let Some(choice) = &mut self.choice {
            choice.cursor = place.unwrap_or(choice.cursor).min(self.names.len().saturating_sub(1));
        }
    }

    /// Begins to choose; `theme` is the one on screen.
    pub fn open(&mut self, theme: &str) {
        let cursor = self.names.iter().position(|name| name == theme).unwrap_or_default();
        self.choice = Some(Choice { before: theme.to_owned(), cursor });
    }

    /// True while one is being chosen.
    pub fn is_open(&self) -> bool {
        self.choice.is_some()
    }

    /// The themes, with the place of the cursor while one is being chosen.
    pub fn names(&self) -> (&[String], Option<usize>) {
        (&self.names, self.choice.as_ref().map(|choice| choice.cursor))
    }

    /// Handles a key while one is being chosen; returns the theme to show.
    pub fn press(&mut self, event: &KeyEvent) -> Option<String> {
        let choice = self.choice.as_mut()?;
        let last = self.names.len().saturating_sub(1);
        choice.cursor = match event.code {
            KeyCode::Up | KeyCode::Char('k') => choice.cursor.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => (choice.cursor + 1).min(last),
            // The key that opened it goes round.
            KeyCode::Char('T') if choice.cursor == last => 0,
            KeyCode::Char('T') => choice.cursor + 1,
            KeyCode::Home | KeyCode::Char('g') => 0,
            KeyCode::End | KeyCode::Char('G') => last,
            KeyCode::Enter => {
                let kept = self.names.get(choice.cursor).cloned();
                self.choice = None;
                return kept;
            }
            KeyCode::Esc | KeyCode::Char('q') => return self.choice.take().map(|choice| choice.before),
            _ => choice.cursor,
        };
        self.names.get(choice.cursor).cloned()
    }
}
