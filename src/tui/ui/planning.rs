//! What is planned, and for which environment.

use super::{Outcome, Screen, Ui};
use crate::domain::names::EnvironmentName;
use crate::domain::plan::Direction;
use crate::domain::reconcile::Next;
use crate::domain::release::{ImageRef, Version};
use crate::engine::State;
use crate::engine::event::Intent;
use crate::engine::planning::{Planning, Prepared, Request};
use crate::tui::dialog::Dialog;
use crate::tui::keymap::{self, Action};
use crate::tui::question::Question;

impl Ui {
    pub(super) fn plan(&mut self, request: Request, state: &State) -> Outcome {
        let Some(environment) = self.environment(state) else { return Outcome::Redraw };
        let environment = environment.environment.name.clone();
        // What is planned for another environment must not be confirmed by a dialog that opens now.
        let dialog = Dialog::unasked(Question::Promote, state.now);
        self.open(Screen::Plan(Box::new(dialog), 0));
        Outcome::Intent(Intent::Plan { environment, request })
    }

    /// Does one of the things that were found to be safe for the run under the cursor.
    pub(super) fn go_on(&mut self, action: Action, state: &State) -> Outcome {
        let Some(report) = self.report(state) else { return Outcome::Redraw };
        let environment = report.environment.clone();
        let next = report.next.iter().find(|next| keymap::of_next(next) == action);
        let back = |version: &Version| Request::Back { release: Some(version.clone()), keep_schema: false };
        let request = match next {
            Some(Next::Attach) => return Outcome::Intent(Intent::Attach(vec![environment])),
            Some(Next::Resume(Direction::Forward, version)) => Request::Forward(Some(version.clone())),
            Some(Next::Resume(Direction::Back, version) | Next::RollBack(version)) => back(version),
            _ => return Outcome::Redraw,
        };
        self.plan_for(&environment, request, state)
    }

    /// Opens the plan that waits under the cursor.
    pub(super) fn read(&mut self, state: &State) -> Outcome {
        let Screen::Approvals(cursor) = self.screen() else { return Outcome::Redraw };
        let Some(petition) = self.petitions(state).get(*cursor).copied() else { return Outcome::Redraw };
        let request = Request::Forward(Some(petition.plan.version.clone()));
        self.plan_for(&petition.plan.environment, request, state)
    }

    /// Plans something for an environment that need not be the selected one, and selects it.
    pub(super) fn plan_for(
        &mut self,
        environment: &EnvironmentName,
        request: Request,
        state: &State,
    ) -> Outcome {
        let place = state.environments.iter().position(|it| it.environment.name == *environment);
        self.selected = place.unwrap_or(self.selected);
        self.plan(request, state)
    }

    /// Plans once more what failed: a new run, in which what is done is skipped.
    pub(super) fn retry(&mut self, state: &State) -> Outcome {
        let name = self.environment(state).map(|it| &it.environment.name);
        let Some((past, _)) = name.and_then(|name| state.history.alarm(name)) else {
            return Outcome::Redraw;
        };
        let own = state.promotion(&past.environment).filter(|promotion| promotion.run == past.run);
        let request = match (own, past.direction()) {
            (Some(promotion), _) => Request::of(&promotion.plan),
            (None, Direction::Forward) => Request::Forward(Some(past.version.clone())),
            (None, Direction::Back) => {
                Request::Back { release: Some(past.version.clone()), keep_schema: false }
            }
        };
        self.plan(request, state)
    }

    pub(super) fn other_release(&mut self, later: bool, state: &State) -> Outcome {
        let Planning::Ready(prepared) = &state.planning else { return Outcome::Redraw };
        let Some(version) = neighbour(state, prepared, later) else {
            let end = match (prepared.plan.direction(), later) {
                (Direction::Forward, true) => "the newest release",
                (Direction::Back, true) => "the newest that there is a way back to",
                (_, false) => "the oldest release",
            };
            self.notice = Some(format!("{} is {end}", prepared.plan.version));
            return Outcome::Redraw;
        };
        let environment = prepared.plan.environment.clone();
        let request = match prepared.plan.way_back() {
            None => Request::Forward(Some(version)),
            Some(way) => Request::Back { release: Some(version), keep_schema: way.keeps_schema },
        };
        Outcome::Intent(Intent::Plan { environment, request })
    }

    /// Plans what ran once more, or the way back to it.
    pub(super) fn plan_past(&mut self, action: Action, state: &State) -> Outcome {
        let Some(past) = self.past(state) else { return Outcome::Redraw };
        let release = Some(past.version.clone());
        let request = match (action, past.direction()) {
            (Action::Retry, Direction::Forward) => Request::Forward(release),
            _ => Request::Back { release, keep_schema: false },
        };
        let environment = past.environment.clone();
        self.plan_for(&environment, request, state)
    }
}

/// The release before or after the planned one. There is no way back to what is newer than what runs.
fn neighbour(state: &State, prepared: &Prepared, later: bool) -> Option<Version> {
    let plan = &prepared.plan;
    let releases = state.catalog.value()?.releases();
    let index = releases.iter().position(|release| release.version == plan.version)?;
    let index = if later { index + 1 } else { index.checked_sub(1)? };
    let version = &releases.get(index)?.version;
    let running = plan.image_from.as_ref().and_then(ImageRef::version);
    let is_ahead = plan.direction() == Direction::Back && running.is_some_and(|running| *version > running);
    (!is_ahead).then(|| version.clone())
}
