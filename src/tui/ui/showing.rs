//! What is done for people who look on.

use super::Ui;
use crate::engine::State;
use crate::tui::cover::Cover;
use crate::tui::keymap::Action;

impl Ui {
    /// Shows less and larger, covers what is not meant for everybody, or shows nothing; or as before.
    pub(super) fn show_to_people(&mut self, action: Action) {
        let audience = &mut self.audience;
        match action {
            Action::StageMode => audience.on_stage = !audience.on_stage,
            Action::Blank => audience.blank = true,
            _ => {
                audience.covered = !audience.covered;
                let words = if audience.covered {
                    "names, accounts and addresses are covered, here and in what is copied; reports are not"
                } else {
                    "nothing is covered any more"
                };
                self.notice = Some(words.to_owned());
            }
        }
    }

    /// A text for the clipboard, as far as it may be seen.
    pub(super) fn uncovered(&self, text: String, state: &State) -> String {
        if self.audience.covered { Cover::of(state).text(&text) } else { text }
    }
}
