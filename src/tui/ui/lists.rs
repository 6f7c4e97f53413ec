//! What lists show, as far as it has what is looked for, and what is under their cursors.

use super::{Screen, Ui};
use crate::domain::failure::Failure;
use crate::domain::gate::Admission;
use crate::domain::journal::PastRun;
use crate::domain::names::EnvironmentName;
use crate::domain::plan::Direction;
use crate::domain::reconcile::Report;
use crate::domain::report::Filed;
use crate::engine::flow::FlowFile;
use crate::engine::petitions::Petition;
use crate::engine::{EnvironmentState, State};

impl Ui {
    /// The flow file under the cursor.
    pub fn flow_file<'a>(&self, state: &'a State) -> Option<&'a FlowFile> {
        let Screen::Flows(cursor) = self.screen() else { return None };
        self.flow_files(state).get(*cursor).copied()
    }

    /// What was found out about the run under the cursor.
    pub fn report<'a>(&self, state: &'a State) -> Option<&'a Report> {
        let Screen::Reconcile(cursor) = self.screen() else { return None };
        let reports = self.reports(state);
        reports.get((*cursor).min(reports.len().saturating_sub(1))).copied()
    }

    /// The report of the promotion that ran last in the selected environment.
    pub(in crate::tui) fn filed<'a>(&self, state: &'a State) -> Option<(&'a EnvironmentName, &'a Filed)> {
        let name = &self.environment(state)?.environment.name;
        Some((name, state.filed(name)?))
    }

    /// The runs of the history that are shown, newest first.
    pub fn past_runs<'a>(&self, state: &'a State) -> Vec<&'a PastRun> {
        let words = self.words_on(|screen| matches!(screen, Screen::History(_)));
        let runs = state.history.runs().iter().rev();
        runs.filter(|past| words.is_empty() || words.are_in(&past_words(past))).collect()
    }

    /// The run of the history that keys are about: the one under the cursor, or the one that is shown whole.
    pub fn past<'a>(&self, state: &'a State) -> Option<&'a PastRun> {
        match self.screen() {
            Screen::History(cursor) => {
                let runs = self.past_runs(state);
                runs.get((*cursor).min(runs.len().saturating_sub(1))).copied()
            }
            Screen::Past(run, _) => state.history.run(run),
            _ => None,
        }
    }

    /// What waits for approval, as far as it is shown.
    pub fn petitions<'a>(&self, state: &'a State) -> Vec<&'a Petition> {
        let words = self.words_on(|screen| matches!(screen, Screen::Approvals(_)));
        let text = |petition: &Petition| {
            let plan = &petition.plan;
            format!(
                "{} to {} plan {} {}",
                plan.version,
                plan.environment,
                plan.digest().short(),
                petition.who
            )
        };
        state.petitions.iter().filter(|petition| words.are_in(&text(petition))).collect()
    }

    /// What was found out about runs, as far as it is shown.
    pub fn reports<'a>(&self, state: &'a State) -> Vec<&'a Report> {
        let words = self.words_on(|screen| matches!(screen, Screen::Reconcile(_)));
        let text = |report: &Report| {
            let (version, name) = (&report.version, &report.environment);
            format!(
                "{version} to {name} {} {} {}",
                report.run,
                report.finding.word(),
                report.because.join(" ")
            )
        };
        open_reports(state).into_iter().filter(|report| words.are_in(&text(report))).collect()
    }

    /// The flow files, as far as they are shown.
    pub fn flow_files<'a>(&self, state: &'a State) -> Vec<&'a FlowFile> {
        let words = self.words_on(|screen| matches!(screen, Screen::Flows(_)));
        let files = state.flow_files.as_ref().and_then(|files| files.as_ref().ok()).into_iter().flatten();
        files.filter(|file| words.are_in(&format!("{} {}", file.path, file.changes.join(" ")))).collect()
    }

    /// The rows of the list on top, for which a number in its screen is the cursor; `None` where that is no such list.
    pub(super) fn rows(&self, state: &State) -> Option<usize> {
        match self.screen() {
            Screen::Approvals(_) => Some(self.petitions(state).len()),
            Screen::Reconcile(_) => Some(self.reports(state).len()),
            Screen::Flows(_) => Some(self.flow_files(state).len()),
            Screen::History(_) => Some(self.past_runs(state).len()),
            _ => None,
        }
    }
}

/// What was found out about runs that are not settled since.
pub fn open_reports(state: &State) -> Vec<&Report> {
    let is_open = |report: &&Report| state.history.run(&report.run).is_some_and(PastRun::is_open);
    state.reconciliation.reports().iter().filter(is_open).collect()
}

/// What is looked through of a run of the history.
fn past_words(past: &PastRun) -> String {
    let way = match past.direction() {
        Direction::Forward => "to",
        Direction::Back => "back to",
    };
    let end = match &past.conclusion {
        None => "not ended",
        Some((_, Ok(_))) => "proven",
        Some((_, Err(Failure { kind, .. }))) => kind.word(),
    };
    let reason = past.reason.as_deref().unwrap_or_default();
    format!("{} {} {way} {} {} {end} {reason}", past.environment, past.run, past.version, past.by)
}

/// Why nobody can tell whether something waits; `None` when that is known.
pub(in crate::tui) fn unseen_petitions(state: &State) -> Option<String> {
    if let Some(failure) = state.catalog.failure() {
        return Some(format!("The releases could not be read: {}.", failure.what));
    }
    let asks = |it: &&EnvironmentState| it.environment.gate.admission == Admission::Approve;
    let is_unseen = |it: &&EnvironmentState| it.service.value().is_none() || it.ledger.value().is_none();
    let unseen: Vec<_> = state.environments.iter().filter(asks).filter(is_unseen).collect();
    let has_failed = |it: &&EnvironmentState| it.service.failure().is_some() || it.ledger.failure().is_some();
    match unseen.iter().copied().find(has_failed) {
        Some(it) => Some(format!(
            "{name} cannot be seen, so nobody can tell what waits for it; enter on the board says why.",
            name = it.environment.name
        )),
        None if state.catalog.value().is_none() || !unseen.is_empty() => {
            Some("Looking at the releases and at what runs …".to_owned())
        }
        None => None,
    }
}
