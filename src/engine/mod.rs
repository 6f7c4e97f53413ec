//! The verbs: events in, effects out. Pure, so that every behaviour is tested as a sequence of values.

pub mod automatic;
pub mod effect;
pub mod event;
pub mod flow;
pub mod petitions;
pub mod planning;
pub mod policy;
pub mod promotion;

mod gates;
mod grid;
mod images;
mod notifying;
pub mod reconcile;
mod refresh;
pub mod report;
mod schemas;
mod standings;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::drift::Pair;
use crate::domain::environment::Environment;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::{Entry, History};
use crate::domain::ledger::Ledger;
use crate::domain::lock::LockSight;
use crate::domain::log::{LogBook, LogLine};
use crate::domain::names::{DemoId, EnvironmentName, RunId};
use crate::domain::notification::Notification;
use crate::domain::observation::{Facet, HealthView, Observation, Operation, ServiceStatus, ServiceView};
use crate::domain::platform::Platform;
use crate::domain::reconcile::Trail;
use crate::domain::release::{Catalog, Release, Version};
use crate::domain::schema::judgement::SchemaView;
use automatic::Upcoming;
use effect::{Effect, FlowCall};
use event::{Event, EventKind, Identity, Intent};
use notifying::Notifying;
use petitions::Petition;
use planning::Planning;
use policy::{Outlook, Policing};
use promotion::Promotion;
pub use reconcile::{OpenRun, Reconciliation};
pub use schemas::SchemaWatch;
pub use standings::Standings;

/// Latencies kept for the sparkline of an environment.
const LATENCIES: usize = 60;

/// Messages kept for the operator.
const MESSAGES: usize = 200;

/// All that a frontend may show.
#[derive(Debug, Clone)]
pub struct State {
    /// Which instance this is.
    pub id: DemoId,
    /// What the application is called.
    pub title: String,
    /// The word for how real this is.
    pub mode: String,
    /// The time of the newest event.
    pub now: Timestamp,
    /// Who is asking.
    pub identity: Option<Result<Identity, Failure>>,
    /// The environments, in order.
    pub environments: Vec<EnvironmentState>,
    /// The releases.
    pub catalog: Facet<Catalog>,
    /// The plan that was asked for last.
    pub planning: Planning,
    /// The rollbacks that are about to begin by themselves.
    returns: Vec<promotion::Return>,
    /// The reports that are on their way.
    reports: report::Reports,
    /// What there is to tell people of what this process did last; a frontend may show it where they look.
    pub announcement: Option<Notification>,
    notifying: Notifying,
    /// The promotions of this process, at most one for each environment: the one that runs there, or ran last.
    pub promotions: Vec<Promotion>,
    /// The flow that runs, or ran last.
    pub flow: Option<flow::FlowRun>,
    /// The flow files there are; `None` until somebody looks.
    pub flow_files: Option<Result<Vec<flow::FlowFile>, Failure>>,
    /// What the journal adds up to.
    pub history: History,
    /// What became of runs that nobody saw end, as far as somebody asked.
    pub reconciliation: Reconciliation,
    /// What the registry said about images; `None` where it is not asked.
    images: Option<images::Images>,
    /// Of which runs something lives, on this machine or as a task, of those that were asked for.
    living: Facet<BTreeMap<RunId, bool>>,
    /// The lock that is being let go: where, whose, and the proof that whoever held it is gone.
    releasing: Option<(EnvironmentName, String, String)>,
    /// Why the journal could not be read when that was tried last: the history is then as old as it may be.
    pub journal_unread: Option<Failure>,
    /// The newest log lines.
    pub log: LogBook,
    /// What the operator should know, oldest first.
    pub messages: VecDeque<Message>,
    /// What waits for approval, in the order of the environments.
    pub petitions: Vec<Petition>,
    /// What no changelog may do, and what it said about releases; `None` where nothing is checked.
    pub policy: Option<Policing>,
    /// What begins by itself, unless somebody holds it.
    pub automatic: Option<Upcoming>,
    /// True once somebody asked to stop: nothing new begins.
    pub is_stopping: bool,
    /// Nothing may be changed by this process, whoever asks for it.
    is_read_only: bool,
    /// What tells the runs of this process apart from those that another one begins at the same moment.
    mark: String,
    /// How often to look at an environment where nothing happens.
    observe_every: Duration,
    journal_checked_at: Option<Timestamp>,
    asked: standings::Asked,
    autopilot: Option<automatic::Autopilot>,
}

/// One environment and what is known of it.
#[derive(Debug, Clone)]
pub struct EnvironmentState {
    /// How it is configured.
    pub environment: Environment,
    /// The service, as its platform sees it.
    pub service: Facet<ServiceView>,
    /// The database's ledger.
    pub ledger: Facet<Ledger>,
    /// Who holds the database's locks; looked at when the ledger says that somebody does.
    pub locks: Facet<LockSight>,
    /// The updates of the service; looked at only to find out what became of a run.
    pub updates: Facet<Vec<Operation>>,
    /// What was changed in the database after its newest row; looked at for the same.
    pub trail: Facet<Trail>,
    /// The application's own word.
    pub health: Facet<HealthView>,
    /// The newest latencies of `/health`, oldest first; `None` where it did not answer well.
    pub latencies: VecDeque<Option<Duration>>,
    /// The ledger held against the releases that matter here.
    pub standings: Standings,
    /// What the database really holds.
    pub schema: Facet<SchemaView>,
    /// Whether that is what it must be.
    pub schemas: SchemaWatch,
    /// What policy says about what would come next; `None` while nothing does, or nothing was checked.
    pub outlook: Option<Outlook>,
}

impl EnvironmentState {
    /// The version that runs. While the platform changes the service, its image is the new one already; what runs
    /// is then what the application itself says.
    pub fn version(&self) -> Option<Version> {
        let service = self.service.value()?;
        match service.status {
            ServiceStatus::Busy => self.health.value().and_then(|health| health.version.clone()),
            _ => service.image.version(),
        }
    }
}

/// Something the operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it was said.
    pub at: Timestamp,
    /// What: a refusal or a failure is shown with its causes.
    pub text: Result<String, Failure>,
}

impl State {
    /// A state in which nothing is known yet.
    pub fn new(
        id: DemoId,
        title: impl Into<String>,
        mode: impl Into<String>,
        environments: Vec<Environment>,
        observe_every: Duration,
    ) -> Self {
        let environments = environments
            .into_iter()
            .map(|environment| EnvironmentState {
                environment,
                service: Facet::default(),
                ledger: Facet::default(),
                locks: Facet::default(),
                updates: Facet::default(),
                trail: Facet::default(),
                health: Facet::default(),
                latencies: VecDeque::new(),
                standings: Standings::default(),
                schema: Facet::default(),
                schemas: SchemaWatch::default(),
                outlook: None,
            })
            .collect();
        Self {
            id,
            title: title.into(),
            mode: mode.into(),
            now: Timestamp::UNIX_EPOCH,
            identity: None,
            environments,
            catalog: Facet::default(),
            planning: Planning::None,
            promotions: Vec::new(),
            returns: Vec::new(),
            flow: None,
            flow_files: None,
            reports: report::Reports::default(),
            announcement: None,
            notifying: Notifying::default(),
            history: History::default(),
            reconciliation: Reconciliation::default(),
            living: Facet::default(),
            releasing: None,
            journal_unread: None,
            log: LogBook::default(),
            messages: VecDeque::new(),
            petitions: Vec::new(),
            policy: None,
            images: None,
            automatic: None,
            is_stopping: false,
            is_read_only: false,
            mark: String::new(),
            observe_every,
            journal_checked_at: None,
            asked: standings::Asked::new(),
            autopilot: None,
        }
    }

    /// The same with a mark of letters and digits in the id of every run that it begins.
    #[must_use]
    pub fn marked(mut self, mark: impl Into<String>) -> Self {
        self.mark = mark.into();
        self
    }

    /// Takes one event in and says what to do next.
    pub fn apply(&mut self, event: &Event) -> Vec<Effect> {
        let before = self.now;
        self.now = before.max(event.at);
        let mut effects = match &event.kind {
            kind if self.is_of_flow(kind) => self.flow_went_on(kind),
            EventKind::Intent(intent) => self.intend(intent),
            EventKind::Ticked => self.ticked(before),
            EventKind::Observed(environment, generation, observation) => {
                self.saw(environment, *generation, observation)
            }
            EventKind::Releases(result) => {
                self.catalog.answer_next(event.at, result.clone());
                self.complete_catalog();
                self.releases_changed()
            }
            EventKind::Checksums(archive_digest, told) => {
                self.checksums_told(archive_digest, told);
                self.releases_changed()
            }
            EventKind::Policy(archive_digest, generation, told) => {
                self.policy_told(archive_digest, *generation, told);
                Vec::new()
            }
            EventKind::Image(image, generation, told) => self.image_told(image, *generation, told),
            EventKind::Identified(result) => {
                self.identity = Some(result.clone());
                self.people_spoke();
                Vec::new()
            }
            EventKind::Remembered(news) => self.remembered(news.as_ref()),
            EventKind::JournalRead(read) => {
                self.journal_unread = read.as_ref().err().cloned();
                Vec::new()
            }
            EventKind::JournalFailed(entry, failure) => self.journal_failed(entry, failure),
            EventKind::Overtaken(run) => self.overtaken(run),
            EventKind::Step(run, step, progress) => self.step_went_on(run, *step, progress),
            EventKind::Unlocked(run) => self.unlocked(run),
            EventKind::LetGo(environment, result) => self.let_go(environment, result),
            EventKind::Sought(generation, living) => {
                self.living.answer(*generation, event.at, living.clone());
                self.keep_plan_true(None);
                Vec::new()
            }
            EventKind::Log(run, lines) => {
                self.logged(run.as_ref(), lines);
                Vec::new()
            }
            EventKind::Finished(_)
            | EventKind::FlowsListed(_)
            | EventKind::FlowRead(..)
            | EventKind::FlowFound(..)
            | EventKind::FlowActed(..) => Vec::new(),
            EventKind::Reported(run, result) => self.reported(run, result),
            EventKind::Notified(delivery, result) => self.notified(delivery, result),
            EventKind::Opened(result) | EventKind::Kept(result) => self.told(result.clone()),
            EventKind::LogSaved(result) => self.told(result.clone().map(|path| format!("log saved: {path}"))),
        };
        effects.extend(self.settle_planning());
        effects.extend(self.settle_promotions());
        effects.extend(self.settle_reports());
        effects.extend(self.settle_returns());
        effects.extend(self.settle_reconciliation());
        effects.extend(self.settle_flow());
        self.remember(&effects);
        effects
    }

    /// Something that was asked for is done, or is not, and nothing follows from it.
    fn told(&mut self, result: Result<String, Failure>) -> Vec<Effect> {
        self.say(result);
        Vec::new()
    }

    /// The journal was read; `None` when it says nothing new.
    fn remembered(&mut self, news: Option<&History>) -> Vec<Effect> {
        if let Some(history) = news {
            self.history = history.clone();
            self.judge_all_schemas();
            self.people_spoke();
        }
        let mut effects = self.pass_gates();
        effects.extend(self.tell_of_request());
        let sought = self.seek_runs();
        effects.extend(self.flow_remembers(sought.as_ref().map(|(_, wait)| wait.clone())));
        effects.extend(sought.map(|(effect, _)| effect));
        effects
    }

    fn logged(&mut self, run: Option<&RunId>, lines: &[LogLine]) {
        let promotion = self.promotions.iter().find(|it| Some(&it.run) == run);
        let flow = self.flow.as_ref().filter(|it| Some(&it.run) == run);
        let environment = promotion.map(|it| &it.plan.environment);
        let environment = environment.or_else(|| flow?.environment.as_ref());
        let step = promotion.and_then(Promotion::current);
        self.log.extend(environment, step, lines.iter().cloned());
    }

    /// The runs that this console has a log of, the first one first.
    pub fn logged_runs(&self) -> Vec<RunId> {
        let mut runs: Vec<_> = self.promotions.iter().map(|it| (it.began, it.run.clone())).collect();
        runs.sort();
        let flow = self.flow.as_ref().map(|flow| flow.run.clone());
        runs.into_iter().map(|(_, run)| run).chain(flow).collect()
    }

    fn ticked(&mut self, before: Timestamp) -> Vec<Effect> {
        let mut effects = self.observe_what_is_due();
        if before.as_second() != self.now.as_second() {
            self.keep_unmet_true();
            effects.extend(self.count_down());
        }
        effects.extend(self.watch_what_runs());
        effects
    }

    /// Takes an observation in, and everything that follows from it.
    fn saw(&mut self, name: &EnvironmentName, generation: u64, observation: &Observation) -> Vec<Effect> {
        let mut effects = self.observed(name, generation, observation);
        effects.extend(self.compare());
        self.keep_outlooks_true(Some(name));
        effects.extend(self.ask_policy_of_what_is_next());
        effects.extend(self.seek_images(|_| false));
        if matches!(observation, Observation::Ledger(_) | Observation::Schema(_)) {
            self.judge_schemas(name);
        }
        self.keep_plan_true(Some(name));
        if matches!(observation, Observation::Service(_) | Observation::Ledger(_)) {
            self.keep_petitions_true(Some(name));
        }
        effects
    }

    fn releases_changed(&mut self) -> Vec<Effect> {
        let mut effects = self.compare();
        self.forget_verdicts();
        self.keep_outlooks_true(None);
        self.keep_plan_true(None);
        self.keep_petitions_true(None);
        effects.extend(self.ask_policy_of_what_is_next());
        effects.extend(self.seek_images(|_| false));
        effects
    }

    /// Votes, the line, bars, or who is asking may be others than before.
    fn people_spoke(&mut self) {
        self.keep_unmet_true();
        self.keep_petitions_true(None);
    }

    /// What the platform can do that an environment's service was last seen on.
    pub fn platform(&self, name: &EnvironmentName) -> Platform {
        let view = self.environment(name).and_then(|environment| environment.service.value());
        view.map_or(Platform::UNKNOWN, |view| view.platform)
    }

    /// The environment with this name.
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentState> {
        self.environments.iter().find(|state| state.environment.name == *name)
    }

    /// The release that a promotion to `environment` would bring by default: what runs in every environment before;
    /// for the first one the newest.
    pub fn candidate(&self, environment: &EnvironmentName) -> Option<&Release> {
        let catalog = self.catalog.value()?;
        let mut before = self.environment(environment)?.environment.after.iter();
        let Some(first) = before.next() else { return catalog.newest() };
        let version = self.environment(first)?.version()?;
        let agree = before.all(|other| {
            self.environment(other).and_then(EnvironmentState::version).as_ref() == Some(&version)
        });
        catalog.get(&version).filter(|_| agree)
    }

    /// Image and schema of an environment as one state.
    pub fn pair(&self, environment: &EnvironmentState) -> Pair {
        let version = environment.version();
        match Pair::of(version.as_ref(), environment.standings.running(), self.catalog.value()) {
            Pair::Unknown(why) => Pair::Unknown(why),
            _ if !environment.schemas.drifts().is_empty() => Pair::Drifted,
            pair => pair,
        }
    }

    /// The release that an environment is held against first: the one that would come next, or that runs.
    pub fn next(&self, environment: &EnvironmentState) -> Option<&Release> {
        self.candidate(&environment.environment.name)
            .filter(|candidate| environment.version().is_none_or(|running| candidate.version >= running))
            .or_else(|| self.catalog.value()?.get(&environment.version()?))
    }

    /// From now on nothing may be changed by this process.
    #[must_use]
    pub fn only_reading(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// The promotions that run, in the order of their environments.
    pub fn running(&self) -> impl Iterator<Item = &Promotion> {
        self.promotions.iter().filter(|promotion| !promotion.is_over())
    }

    /// The promotion of this process that runs in `environment`, or ran there last.
    pub fn promotion(&self, environment: &EnvironmentName) -> Option<&Promotion> {
        self.promotions.iter().find(|promotion| promotion.plan.environment == *environment)
    }

    /// The promotion of this process that runs in `environment`.
    pub fn running_in(&self, environment: &EnvironmentName) -> Option<&Promotion> {
        self.promotion(environment).filter(|promotion| !promotion.is_over())
    }

    /// The name to put into the journal and beside an approval.
    pub fn operator(&self) -> String {
        match &self.identity {
            Some(Ok(identity)) => identity.name.clone(),
            _ => "unknown".to_owned(),
        }
    }

    fn intend(&mut self, intent: &Intent) -> Vec<Effect> {
        if self.is_read_only && intent.is_word() {
            self.refuse("lockstep only reads here", "Start it without --read-only to change anything.");
            return Vec::new();
        }
        match intent {
            Intent::Begin => {
                let mut effects = vec![Effect::Identify, Effect::ReadJournal, self.ask_releases()];
                effects.extend(self.observe_all());
                effects
            }
            Intent::Refresh => {
                let mut effects = vec![Effect::ReadJournal, self.ask_releases()];
                effects.extend(self.ask_policy_again(|_| true));
                effects.extend(self.observe_all());
                effects
            }
            Intent::InspectPolicy(environment) => self.inspect_policy(environment),
            Intent::InspectLocks(environments) => self.inspect_locks(environments),
            Intent::InspectLine => vec![Effect::Identify, Effect::ReadJournal, self.ask_releases()],
            Intent::InspectDrift(environments) => self.inspect_drift(environments),
            Intent::Plan { environment, request } => self.plan(environment, request.clone()),
            Intent::Dismiss => {
                self.planning = Planning::None;
                Vec::new()
            }
            Intent::Promote { plan, reason } => self.promote(plan, reason.as_deref()),
            Intent::Abort(environment) => self.abort(environment),
            Intent::Acknowledge(environment) => self.acknowledge(environment),
            Intent::Resolve { environment, reason } => self.resolve(environment, reason),
            Intent::Vote { environment, word, plan, note } => self.vote(environment, *word, plan, note),
            Intent::StopLine { reason } => self.set_line(true, reason),
            Intent::ResumeLine { reason } => self.set_line(false, reason),
            Intent::Bar { version, reason } => self.set_bar(version, true, reason),
            Intent::Unbar { version, reason } => self.set_bar(version, false, reason),
            Intent::HoldAutomatic => self.hold_automatic(),
            Intent::Reconcile(environments) => self.reconcile(environments, false),
            Intent::Attach(environments) => self.reconcile(environments, true),
            Intent::OpenReport(environment) => self.open_report(environment),
            Intent::Keep { what, text } => vec![Effect::Keep(what.clone(), Arc::clone(text))],
            Intent::SaveLog => vec![Effect::SaveLog(self.logged_runs())],
            Intent::ReportDrift { environments, release, failure } => {
                self.report_drift(environments, release.as_ref(), failure.as_ref())
            }
            Intent::Settle(run) => self.settle(run),
            Intent::ReleaseLock(environment) => self.release_lock(environment),
            Intent::ListFlows => vec![Effect::Flow(FlowCall::List)],
            Intent::RunFlow(asking) => self.run_flow(asking),
            Intent::StopFlow => self.stop_flow(),
            Intent::Interrupt => self.interrupt(),
        }
    }

    fn acknowledge(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let Some((_, failure)) = self.history.alarm(environment) else { return Vec::new() };
        if failure.kind == FailureKind::Unknown {
            let how = format!("`lockstep reconcile {environment}` finds it out.");
            self.refuse("nobody knows yet what became of that run", &how);
            return Vec::new();
        }
        self.say(Ok(format!("the failure of {environment} is acknowledged")));
        let (environment, by) = (environment.clone(), self.operator());
        vec![Effect::Record(Entry::Acknowledged { environment, by, reason: None })]
    }

    fn observed(
        &mut self,
        name: &EnvironmentName,
        generation: u64,
        observation: &Observation,
    ) -> Vec<Effect> {
        let now = self.now;
        let Some(state) = self.environments.iter_mut().find(|state| state.environment.name == *name) else {
            return Vec::new();
        };
        match observation {
            Observation::Service(result) => {
                state.service.answer(generation, now, result.clone());
            }
            Observation::Ledger(result) => {
                let is_new = state.ledger.answer(generation, now, result.clone());
                let is_locked = state.ledger.current().is_some_and(Ledger::is_locked);
                if is_new && is_locked && !state.locks.is_waiting() {
                    return vec![state.ask_locks(now)];
                }
            }
            Observation::Locks(result) => {
                state.locks.answer(generation, now, result.clone());
            }
            Observation::Updates(result) => {
                state.updates.answer(generation, now, result.clone());
            }
            Observation::Trail(result) => {
                state.trail.answer(generation, now, result.clone());
            }
            Observation::Schema(result) => {
                state.schema.answer(generation, now, result.clone());
            }
            Observation::Health(result) => {
                let latency = result.as_ref().ok().filter(|view| view.is_healthy()).map(|view| view.latency);
                if state.health.answer(generation, now, result.clone()) {
                    state.latencies.push_back(latency);
                    if state.latencies.len() > LATENCIES {
                        state.latencies.pop_front();
                    }
                }
            }
        }
        Vec::new()
    }

    /// What was sent to the journal counts at once; reading it back later gives the same. What people say counts
    /// once it has been read back.
    fn remember(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Record(entry) = effect
                && !entry.counts_once_written()
            {
                self.history.add(self.now, entry);
            }
        }
    }

    fn say(&mut self, text: Result<String, Failure>) {
        self.messages.push_back(Message { at: self.now, text });
        if self.messages.len() > MESSAGES {
            self.messages.pop_front();
        }
    }
}
