//! What is asked, and what a key means while it is.

use crossterm::event::KeyEvent;

use super::{Outcome, Screen, Ui};
use crate::domain::names::EnvironmentName;
use crate::engine::State;
use crate::engine::event::Intent;
use crate::engine::planning::Planning;
use crate::tui::dialog::{Answer, Dialog};
use crate::tui::keymap::Action;
use crate::tui::question::{Question, Stop};

impl Ui {
    /// Asks something above what is on screen.
    pub(super) fn ask(&mut self, question: Question, state: &State) {
        let dialog = Dialog::new(question, state);
        match dialog.question().asked(state) {
            Ok(_) => self.dialog = Some(dialog),
            Err(why) => self.notice = Some(why),
        }
    }

    /// Asks something about the selected environment.
    fn ask_here(&mut self, question: fn(EnvironmentName) -> Question, state: &State) {
        if let Some(environment) = self.environment(state) {
            self.ask(question(environment.environment.name.clone()), state);
        }
    }

    /// Handles a key while something is asked above the screen: all of them are for the dialog.
    pub(super) fn answer(&mut self, mut dialog: Dialog, event: &KeyEvent, state: &State) -> Outcome {
        match dialog.press(event, state.now) {
            Answer::Cancelled => return Outcome::Redraw,
            Answer::Confirmed => {
                if let Some(intent) = dialog.intent() {
                    if matches!(intent, Intent::RunFlow(_)) {
                        self.open(Screen::Flow(0));
                    }
                    return Outcome::Intent(intent);
                }
            }
            Answer::Refused(why) => self.notice = Some(why),
            Answer::Foreign | Answer::Taken => {}
        }
        self.dialog = Some(dialog);
        Outcome::Redraw
    }

    /// Handles a key as part of confirming the plan on screen; `None` when it is none.
    pub(super) fn confirm(&mut self, event: &KeyEvent, state: &State) -> Option<Outcome> {
        let Some(Screen::Plan(dialog, _)) = self.screen_mut() else { return None };
        match dialog.press(event, state.now) {
            // The way back from here is that of every screen.
            Answer::Foreign | Answer::Cancelled => None,
            Answer::Taken => Some(Outcome::Redraw),
            Answer::Refused(why) => {
                self.notice = Some(why);
                Some(Outcome::Redraw)
            }
            Answer::Confirmed => dialog.intent().map(Outcome::Intent),
        }
    }

    /// Asks about the run that is on the screen, or about what is in the selected environment.
    pub(super) fn ask_about(&mut self, action: Action, state: &State) {
        let reported = self.report(state).map(|report| report.environment.clone());
        match (action, reported) {
            (Action::Resolve, Some(environment)) => self.ask(Question::Resolve(environment), state),
            (Action::Resolve, None) => self.ask_here(Question::Resolve, state),
            (Action::ReleaseLock, Some(environment)) => self.ask(Question::ReleaseLock(environment), state),
            (Action::Abort, _) => self.ask_here(Question::Abort, state),
            _ => {}
        }
    }

    /// The question that an action leads to here.
    pub(in crate::tui) fn question(&self, action: Action, state: &State) -> Option<Question> {
        let stop = |stands: bool| if stands { Stop::End } else { Stop::Begin };
        match action {
            Action::Line => return Some(Question::Line(stop(state.history.line().is_some()))),
            Action::Settle => return Some(Question::Settle(self.report(state)?.run.clone())),
            _ => {}
        }
        let Planning::Ready(prepared) = &state.planning else { return None };
        let plan = &prepared.plan;
        match action {
            Action::Vote(word) => Some(Question::Vote(plan.environment.clone(), word, plan.digest().clone())),
            Action::Override => Some(Question::Override(plan.digest().clone())),
            Action::Bar => {
                let stands = state.history.bar(&plan.version).is_some();
                Some(Question::Bar(plan.version.clone(), stop(stands)))
            }
            _ => None,
        }
    }

    pub(super) fn confirm_back(&mut self, state: &State) {
        if let Planning::Ready(prepared) = &state.planning {
            self.ask(Question::RollBack(prepared.plan.digest().clone()), state);
        }
    }
}
