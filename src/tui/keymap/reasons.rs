//! Why an action cannot be done now. What is off stays in the key map, in the help and in the palette, and says why.

use crate::domain::names::EnvironmentName;
use crate::domain::plan::Direction;
use crate::domain::reconcile::Next;
use crate::engine::flow::FlowRun;
use crate::engine::{EnvironmentState, State};
use crate::tui::keymap::Action;
use crate::tui::ui::{Screen, Ui, unseen_petitions};

/// Why an action cannot be done where the operator is now; `None` when it can.
pub(in crate::tui) fn off(action: Action, state: &State, ui: &Ui) -> Option<String> {
    if matches!(ui.screen(), Screen::Board) {
        return off_on_board(action, state, ui);
    }
    match action {
        Action::Flows if matches!(ui.screen(), Screen::Flows(_)) && state.flow.is_none() => {
            Some("no flow has run yet".to_owned())
        }
        Action::DrillIn | Action::Differences | Action::Next
            if matches!(ui.screen(), Screen::Checks) && ui.checks.findings().is_empty() =>
        {
            Some("nothing was found".to_owned())
        }
        Action::Vote(_) | Action::Override => ui.question(action, state)?.asked(state).err(),
        Action::Attach | Action::Settle | Action::ReleaseLock | Action::Resume => {
            off_for_run(action, state, ui)
        }
        Action::RollBack | Action::Resolve | Action::Reconcile
            if matches!(ui.screen(), Screen::Reconcile(_)) =>
        {
            (action != Action::Reconcile).then(|| off_for_run(action, state, ui)).flatten()
        }
        Action::RollBack | Action::Retry | Action::DrillIn
            if matches!(ui.screen(), Screen::History(_) | Screen::Past(..)) =>
        {
            off_for_past(action, state, ui)
        }
        Action::RollBack if matches!(ui.screen(), Screen::Plan(..)) => None,
        _ => off_on_board(action, state, ui),
    }
}

/// The same for what is done on the board: about the selected environment.
pub(in crate::tui) fn off_on_board(action: Action, state: &State, ui: &Ui) -> Option<String> {
    let name = &ui.environment(state)?.environment.name;
    match action {
        Action::Promote | Action::RollBack | Action::Retry => {
            let is_well = action == Action::Retry && state.history.alarm(name).is_none();
            busy(state, name).or_else(|| is_well.then(|| format!("{name} shows no failure")))
        }
        Action::SaveLog if state.logged_runs().is_empty() => Some("nothing has run here yet".to_owned()),
        Action::LogStep if state.log.steps().is_empty() => Some("no line belongs to a step".to_owned()),
        Action::Hold if state.automatic.is_none() => Some("nothing begins by itself".to_owned()),
        Action::Resolve if state.history.alarm(name).is_none() => Some(format!("{name} shows no failure")),
        Action::Abort if state.running_in(name).is_none() => {
            Some(format!("nothing is being promoted to {name}"))
        }
        Action::StopFlow if state.flow.as_ref().is_none_or(FlowRun::is_over) => {
            Some("no flow runs".to_owned())
        }
        Action::OpenReport if ui.filed(state).is_none() => {
            Some(format!("nothing that ran here in {name} has left a report"))
        }
        // Where that is not known, the inbox says why.
        Action::Approvals if state.petitions.is_empty() && unseen_petitions(state).is_none() => {
            Some("nothing waits for approval".to_owned())
        }
        Action::Checks if state.policy.is_none() => {
            Some("no policy is configured, so nothing is checked".to_owned())
        }
        Action::Reconcile if !state.environments.iter().any(|it| is_unknown(state, it)) => {
            Some("every run was seen to its end".to_owned())
        }
        _ => None,
    }
}

/// What runs in an environment, as the reason for planning nothing else there.
pub(in crate::tui) fn busy(state: &State, name: &EnvironmentName) -> Option<String> {
    let promotion = state.running_in(name)?;
    let version = &promotion.plan.version;
    Some(match promotion.plan.direction() {
        Direction::Forward => format!("{version} is being promoted to {name}"),
        Direction::Back => format!("{name} is being rolled back to {version}"),
    })
}

/// From what ran, the same can be planned again; and the way back to it where it was proven and something else runs.
fn off_for_past(action: Action, state: &State, ui: &Ui) -> Option<String> {
    let Some(past) = ui.past(state) else { return Some("nothing has run yet".to_owned()) };
    if action == Action::DrillIn {
        return matches!(ui.screen(), Screen::Past(..)).then(|| "this is all that is known of it".to_owned());
    }
    let name = &past.environment;
    let running = state.environment(name).and_then(EnvironmentState::version);
    let is_way_back = action == Action::RollBack;
    busy(state, name).or_else(|| match (&past.conclusion, running) {
        _ if !is_way_back => None,
        (Some((_, Ok(_))), Some(running)) if running > past.version => None,
        (Some((_, Ok(_))), Some(running)) => {
            Some(format!("{name} runs {running}: {} is no way back from there", past.version))
        }
        (Some((_, Ok(_))), None) => Some(format!("it is not known what {name} runs")),
        _ => Some(format!("{} was not proven in {name}, so nothing leads back to it", past.version)),
    })
}

fn is_unknown(state: &State, environment: &EnvironmentState) -> bool {
    state.open_run(&environment.environment.name).is_some()
}

/// Only what is safe after what was found out is offered.
fn off_for_run(action: Action, state: &State, ui: &Ui) -> Option<String> {
    let Some(report) = ui.report(state) else { return Some("nothing was found out yet".to_owned()) };
    let is_offered = report.next.iter().any(|next| of_next(next) == action);
    (!is_offered).then(|| format!("not after this: {} is {}", report.version, report.finding.word()))
}

/// The action that does what may be done about a run.
pub(in crate::tui) fn of_next(next: &Next) -> Action {
    match next {
        Next::Attach => Action::Attach,
        Next::LookAgain => Action::Reconcile,
        Next::ReleaseLock => Action::ReleaseLock,
        Next::Settle => Action::Settle,
        Next::Resume(..) => Action::Resume,
        Next::RollBack(_) => Action::RollBack,
        Next::Resolve => Action::Resolve,
    }
}
