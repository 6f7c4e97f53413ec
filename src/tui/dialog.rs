//! Confirming: one dialog for everything that changes something, whatever it takes to confirm it.
//!
//! Tier 1 is a small letter, tier 2 a capital one with Cancel in front, tier 3 the name of the environment first. A
//! reason is asked for where one is kept. No key counts before the dialog has been on screen for half a second in
//! which nothing was typed: what was typed before it appeared, and a key that is held down, confirm nothing. What is
//! asked, and what it leads to, is in `question`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::domain::Timestamp;
use crate::domain::environment::Tier;
use crate::engine::State;
use crate::engine::event::Intent;
use crate::tui::field::Field;
use crate::tui::question::{Asked, Question, Reason};

/// A key may confirm only this long after its dialog appeared.
pub const ARMING: jiff::SignedDuration = jiff::SignedDuration::from_millis(500);

/// A question on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    question: Question,
    /// What is asked, as it was when it was read last; none while there is nothing to confirm.
    asked: Option<Asked>,
    /// Since when it could be read.
    since: Timestamp,
    /// What was typed of the environment's name.
    pub name: Field,
    /// Why, as far as it was typed.
    pub reason: Field,
    /// What keys go to.
    pub focus: Focus,
    /// True when what is confirmed changed while it was on screen.
    pub has_moved: bool,
}

/// What keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The reason.
    Reason,
    /// The name, or where none is asked for Cancel; here the letter confirms.
    Letter,
}

/// What a key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The key is none of the dialog's.
    Foreign,
    /// It was taken.
    Taken,
    /// It was taken, and this is why nothing came of it.
    Refused(String),
    /// The operator does not want it.
    Cancelled,
    /// The operator wants it.
    Confirmed,
}

impl Dialog {
    /// Asks a question.
    pub fn new(question: Question, state: &State) -> Self {
        let mut dialog = Self::unasked(question, state.now);
        dialog.begin(dialog.question.asked(state).ok(), state.now);
        dialog
    }

    /// Asks a question as soon as there is something to confirm.
    pub fn unasked(question: Question, now: Timestamp) -> Self {
        Self {
            question,
            asked: None,
            since: now,
            name: Field::default(),
            reason: Field::default(),
            focus: Focus::Letter,
            has_moved: false,
        }
    }

    /// The question.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// What is asked; none while there is nothing to confirm.
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// What confirming it leads to.
    pub fn intent(&self) -> Option<Intent> {
        Some(self.question.intent(self.asked.as_ref()?, self.reason.text()))
    }

    /// Takes note of a new state: what is asked about another thing than before has to be read anew. Says why when it
    /// is not asked any more.
    pub fn watch(&mut self, state: &State) -> Result<(), String> {
        let fresh = self.question.asked(state);
        let has_moved = match (&self.asked, &fresh) {
            (Some(before), Ok(now)) => before.subject != now.subject,
            (None, Err(_)) => false,
            _ => true,
        };
        let gone = fresh.as_ref().err().cloned();
        if has_moved {
            self.has_moved = self.asked.is_some() && fresh.is_ok();
            self.begin(fresh.ok(), state.now);
        } else if let Ok(fresh) = fresh {
            self.asked = Some(fresh);
        }
        gone.map_or(Ok(()), Err)
    }

    /// It has to be read anew: it was covered, or nobody can have looked at it.
    pub fn read_anew(&mut self, now: Timestamp) {
        self.since = now;
    }

    /// True once it has been on screen for long enough.
    pub fn is_armed(&self, now: Timestamp) -> bool {
        self.asked.is_some() && now.duration_since(self.since) >= ARMING
    }

    /// How far it is on its way to count, of `whole`.
    pub fn armed_share(&self, now: Timestamp, whole: usize) -> usize {
        let passed = now.duration_since(self.since).as_millis().max(0);
        let share = passed.min(ARMING.as_millis()) * i128::try_from(whole).unwrap_or(0) / ARMING.as_millis();
        usize::try_from(share).unwrap_or(whole)
    }

    /// True when all that has to be typed was typed.
    pub fn is_complete(&self) -> bool {
        let Some(asked) = &self.asked else { return false };
        let is_named = asked.tier != Tier::Three || self.name.text() == asked.environment;
        is_named && !(asked.reason == Reason::Needed && self.reason.is_blank())
    }

    /// Handles a key that was pressed, never one that repeats by itself.
    pub fn press(&mut self, event: &KeyEvent, now: Timestamp) -> Answer {
        let Some(asked) = self.asked.clone() else { return Answer::Foreign };
        // Cancelling is what is focused, where nothing can be written.
        let is_cancelled = event.code == KeyCode::Enter && asked.reason == Reason::None;
        if event.code == KeyCode::Esc || is_cancelled {
            return Answer::Cancelled;
        }
        if !self.is_armed(now) {
            let is_meant = self.is_meant(event, &asked);
            if matches!(event.code, KeyCode::Char(_)) && self.focus == Focus::Letter {
                // A key that is held down looks like one that is pressed again and again. Text of a reason confirms
                // nothing; it is only dropped until somebody can have read the question.
                self.since = now;
            }
            return if is_meant { Answer::Taken } else { Answer::Foreign };
        }
        match event.code {
            KeyCode::Tab | KeyCode::BackTab if asked.reason != Reason::None => {
                self.focus = if self.focus == Focus::Reason { Focus::Letter } else { Focus::Reason };
                Answer::Taken
            }
            KeyCode::Enter if self.focus == Focus::Reason => {
                self.focus = Focus::Letter;
                Answer::Taken
            }
            // Cancel is in front, but a reason that was typed is not lost to a second enter.
            KeyCode::Enter if asked.tier == Tier::Two && asked.reason == Reason::None => Answer::Cancelled,
            _ if self.focus == Focus::Reason => {
                if self.reason.type_key(event) {
                    Answer::Taken
                } else {
                    Answer::Foreign
                }
            }
            KeyCode::Backspace if !self.name.text().is_empty() => {
                self.name.type_key(event);
                Answer::Taken
            }
            KeyCode::Char(c) if is_letter(event) && c == asked.key => self.confirm(&asked),
            KeyCode::Char(_) if self.is_meant(event, &asked) => {
                if self.name.text().len() < asked.environment.len() {
                    self.name.type_key(event);
                }
                Answer::Taken
            }
            _ => Answer::Foreign,
        }
    }

    /// Takes what was pasted as a part of the reason. A name has to be typed.
    pub fn paste(&mut self, text: &str, now: Timestamp) {
        if self.focus == Focus::Reason && self.is_armed(now) {
            self.reason.paste(text);
        }
    }

    fn begin(&mut self, asked: Option<Asked>, now: Timestamp) {
        let has_reason = asked.as_ref().is_some_and(|asked| asked.reason != Reason::None);
        self.focus = if has_reason { Focus::Reason } else { Focus::Letter };
        self.asked = asked;
        self.since = now;
        self.name.clear();
        self.reason.clear();
    }

    fn confirm(&mut self, asked: &Asked) -> Answer {
        if asked.reason == Reason::Needed && self.reason.is_blank() {
            self.focus = Focus::Reason;
            return Answer::Refused("say why first; it is kept in the journal".to_owned());
        }
        if !self.is_complete() {
            return Answer::Refused(format!("type {} first", asked.environment));
        }
        Answer::Confirmed
    }

    /// True when a key belongs to what has to be typed here.
    fn is_meant(&self, event: &KeyEvent, asked: &Asked) -> bool {
        let KeyCode::Char(c) = event.code else { return self.focus == Focus::Reason };
        let is_of_a_name = c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        self.focus == Focus::Reason
            || (is_letter(event) && (c == asked.key || (asked.tier == Tier::Three && is_of_a_name)))
    }
}

fn is_letter(event: &KeyEvent) -> bool {
    (event.modifiers - KeyModifiers::SHIFT).is_empty()
}
