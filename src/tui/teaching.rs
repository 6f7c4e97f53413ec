//! The command that does what the screen is about: shown in the line that teaches it, and copied from there.

use crate::domain::names::EnvironmentName;
use crate::engine::State;
use crate::engine::flow::FlowRun;
use crate::engine::planning::{Planning, Prepared};
use crate::tui::ui::{Screen, Ui};

/// The command.
pub(super) fn command(state: &State, ui: &Ui) -> String {
    let here = ui.environment(state);
    let name = here.map(|it| &it.environment.name);
    match ui.screen() {
        Screen::Grid | Screen::Changeset(..) => return "lockstep drift".to_owned(),
        Screen::Schemas(held) => {
            let names = held.other(ui.selected, state).map(|it| &it.environment.name).zip(name);
            return names.map_or("lockstep status".to_owned(), |(a, b)| format!("lockstep diff {a} {b}"));
        }
        Screen::Locks(_) => return "lockstep locks".to_owned(),
        Screen::Checks | Screen::Finding(_) => return check(state, name),
        Screen::Approvals(_) => return "lockstep approvals".to_owned(),
        Screen::Reconcile(_) => return "lockstep reconcile".to_owned(),
        Screen::History(_) => return "lockstep report list".to_owned(),
        Screen::Past(run, _) => return format!("lockstep report show {run}"),
        Screen::Journal(_) => return "lockstep journal show".to_owned(),
        Screen::Flows(_) | Screen::Flow(_) => {
            let file = ui.flow_file(state).map(|file| file.path.as_str());
            let file = file.or(state.flow.as_ref().map(FlowRun::path)).unwrap_or("FILE");
            let place = name.map_or_else(String::new, |name| format!(" --environment {name}"));
            return format!("lockstep flow run {file}{place}");
        }
        _ => {}
    }
    match (&state.planning, here) {
        (Planning::Ready(prepared), _) => plan(prepared),
        (_, Some(environment)) => match state.candidate(&environment.environment.name) {
            Some(release) if environment.version().as_ref() != Some(&release.version) => {
                format!("lockstep plan {} --release {}", environment.environment.name, release.version)
            }
            _ => "lockstep status".to_owned(),
        },
        (_, None) => "lockstep status".to_owned(),
    }
}

fn check(state: &State, name: Option<&EnvironmentName>) -> String {
    match name.and_then(|name| state.checked(name)) {
        Some(release) => format!("lockstep check --release {}", release.version),
        None => "lockstep check".to_owned(),
    }
}

/// The command that carries a plan out; where something stands in its way, the one that shows it.
fn plan(prepared: &Prepared) -> String {
    let plan = &prepared.plan;
    let (name, version, digest) = (&plan.environment, &plan.version, plan.digest().short());
    match (plan.way_back(), prepared.unmet.is_empty()) {
        (None, true) => {
            format!("lockstep promote {name} --release {version} --confirm {name} --plan {digest}")
        }
        (None, false) => format!("lockstep plan {name} --release {version}"),
        (Some(way), _) => {
            let only = if way.keeps_schema { " --app-only" } else { "" };
            format!(
                "lockstep rollback {name} --to {version}{only} --confirm {name} --plan {digest} --reason TEXT"
            )
        }
    }
}
