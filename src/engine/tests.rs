//! The engine as sequences of events: no runtime, no clock, no waiting.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::effect::{CloudCall, DatabaseCall, HealthCall, LiquibaseCall};
use super::event::{Progress, StepOutcome};
use super::flow::Task;
use super::planning::Request;
use super::promotion::StepStatus;
use super::*;
use crate::domain::changelog::{Changelog, Checksums, Files, Selection, Surroundings};
use crate::domain::drift::ChangesetState;
use crate::domain::drift::tests::{catalog, ledger};
use crate::domain::gate::{Admission, ApprovalRule, Gate};
use crate::domain::journal::VoteWord;
use crate::domain::observation::OperationStatus;
use crate::domain::plan::{Direction, Order, PlanDigest, Until};
use crate::domain::policy::Verdict;
use crate::domain::procedure::Way;
use crate::domain::release::{ImageRef, ImageSeen};
use crate::domain::report::Filed;
use crate::domain::schema::judgement::LedgerStamp;
use crate::domain::schema::tests::orders;
use crate::domain::step::StepKind;

/// A world that answers every effect at once, and remembers what was asked of it.
pub(super) struct World {
    pub(super) state: State,
    pub(super) images: [&'static str; 2],
    rows: [usize; 2],
    /// Who holds lockstep's lock of test.
    promoting: Option<String>,
    /// Columns that somebody added by hand.
    columns: [Vec<&'static str>; 2],
    pub(super) asked: Vec<Effect>,
    pub(super) deploys: Deploys,
    /// Milliseconds.
    pub(super) clock: i64,
    /// What is on the disk; `None` while it is full.
    pub(super) journal: Option<History>,
    /// What policy says about every release.
    pub(super) verdict: Result<Arc<Verdict>, Failure>,
    /// What the registry says about every image.
    pub(super) image: Result<ImageSeen, Failure>,
    has_grown: bool,
    /// How releases are promoted.
    pub(super) way: Arc<Way>,
    /// Actions of a flow that fail.
    pub(super) failing: Vec<&'static str>,
    /// Why reports cannot be filed.
    pub(super) unfiled: Option<Failure>,
    /// Why nobody can be told anything.
    pub(super) deaf: Option<Failure>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Deploys {
    Well,
    /// The platform rolls back and runs the old image again.
    RollBack,
    /// The platform says that it succeeded, and runs the old image all the same.
    Silently,
}

pub(super) fn name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).unwrap()
}

fn image(version: &str) -> ImageRef {
    ImageRef::new(format!("registry/store:{version}"))
}

fn sight() -> LockSight {
    LockSight { at: Timestamp::UNIX_EPOCH, liquibase: None, promoting: vec![7], sessions: Vec::new() }
}

fn healthy(version: &str) -> HealthView {
    HealthView {
        status: 200,
        latency: Duration::from_millis(7),
        reason: None,
        version: Version::parse(version).ok(),
        image: None,
    }
}

/// Who is there, and what they say.
impl World {
    /// test takes one approval, by anybody but whoever asks for it.
    pub(super) fn take_approvals(&mut self) {
        let gate = &mut self.state.environments[1].environment.gate;
        *gate = Gate { approval: ApprovalRule::new(1), ..Gate::new(Admission::Approve) };
    }

    pub(super) fn be(&mut self, who: &str) {
        let identity = Identity { name: who.to_owned(), account: None, arn: None };
        self.happen(EventKind::Identified(Ok(identity)));
    }

    pub(super) fn plan(&mut self) -> PlanDigest {
        self.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
        self.planned().plan.digest().clone()
    }

    /// Somebody says something of what is planned for test.
    pub(super) fn vote(&mut self, who: &str, word: VoteWord, note: &str) -> PlanDigest {
        self.be(who);
        let plan = self.plan();
        let (environment, note) = (name("test"), note.to_owned());
        self.intend(Intent::Vote { environment, word, plan: plan.clone(), note });
        plan
    }
}

impl World {
    /// dev runs v2 with two changesets, test runs v1 with one.
    pub(super) fn new() -> Self {
        let environment = |name: &str, after: Option<&str>| Environment {
            name: self::name(name),
            after: after.map(self::name).into_iter().collect(),
            gate: Gate::new(Admission::Confirm),
            production: false,
            service: format!("store-{name}"),
            database: name.to_owned(),
            selection: Selection::default(),
        };
        let environments = vec![environment("dev", None), environment("test", Some("dev"))];
        let id = DemoId::parse("demo1").unwrap();
        let state = State::new(id, "Store", "TEST", environments, Duration::from_secs(5));
        let mut world = Self {
            state,
            images: ["v2.0.0", "v1.0.0"],
            rows: [2, 1],
            promoting: None,
            columns: [vec![], vec![]],
            asked: vec![],
            deploys: Deploys::Well,
            clock: 0,
            journal: Some(History::default()),
            verdict: Ok(Arc::default()),
            image: Ok(ImageSeen::Missing),
            has_grown: false,
            way: Arc::default(),
            failing: vec![],
            unfiled: None,
            deaf: None,
        };
        world.intend(Intent::Begin);
        world
    }

    pub(super) fn intend(&mut self, intent: Intent) {
        let effects = self.happen(EventKind::Intent(intent));
        self.answer(effects);
    }

    pub(super) fn happen(&mut self, kind: EventKind) -> Vec<Effect> {
        self.clock += 1;
        let at = Timestamp::from_millisecond(self.clock).unwrap();
        self.state.apply(&Event { at, kind })
    }

    /// Answers one effect, and gives what is asked for next.
    pub(super) fn perform(&mut self, effect: &Effect) -> Vec<Effect> {
        self.asked.push(effect.clone());
        let outcome = self.outcome(effect);
        outcome.into_iter().flat_map(|kind| self.happen(kind)).collect()
    }

    /// Answers effects until there are none left.
    pub(super) fn answer(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.asked.push(effect.clone());
            for kind in self.outcome(&effect) {
                let next = self.happen(kind);
                self.answer(next);
            }
        }
    }

    /// A column of `orders` for every changeset that ran, and those that somebody added.
    fn schema(&self, index: usize) -> SchemaView {
        let rows = self.rows[index];
        let mut columns = ["c1", "c2", "c3"][..rows].to_vec();
        columns.extend(&self.columns[index]);
        let stamp = LedgerStamp { rows, newest: i32::try_from(rows).ok(), is_locked: false };
        SchemaView { schema: Arc::new(orders(&columns)), stamp }
    }

    /// What a look at an environment sees; `None` for what is no such look.
    fn seen(&self, effect: &Effect) -> Option<(EnvironmentName, u64, Observation)> {
        let index = |environment: &EnvironmentName| usize::from(environment.as_str() == "test");
        Some(match effect {
            Effect::Cloud(environment, CloudCall::Describe(generation)) => {
                let view = running(self.images[index(environment)]);
                (environment.clone(), *generation, Observation::Service(Ok(view)))
            }
            Effect::Database(
                environment,
                DatabaseCall::ReadLedger(generation) | DatabaseCall::ReadLedgerAtRest(generation),
            ) => {
                let mut ledger = ledger(self.rows[index(environment)]);
                ledger.promoting = self.promoting.clone().filter(|_| environment.as_str() == "test");
                (environment.clone(), *generation, Observation::Ledger(Ok(ledger)))
            }
            Effect::Database(environment, DatabaseCall::ReadLocks(generation)) => {
                (environment.clone(), *generation, Observation::Locks(Ok(sight())))
            }
            Effect::Database(environment, DatabaseCall::ReadSchema(generation)) => {
                (environment.clone(), *generation, Observation::Schema(Ok(self.schema(index(environment)))))
            }
            Effect::Health(environment, HealthCall::Probe(generation)) => {
                let view = healthy(self.images[index(environment)]);
                (environment.clone(), *generation, Observation::Health(Ok(view)))
            }
            Effect::Cloud(environment, CloudCall::ListUpdates(generation)) => {
                (environment.clone(), *generation, Observation::Updates(Ok(vec![])))
            }
            Effect::Database(environment, DatabaseCall::ReadTrail(generation)) => {
                (environment.clone(), *generation, Observation::Trail(Ok(Trail::default())))
            }
            _ => return None,
        })
    }

    fn outcome(&mut self, effect: &Effect) -> Vec<EventKind> {
        let index = |environment: &EnvironmentName| usize::from(environment.as_str() == "test");
        if let Some((environment, generation, observation)) = self.seen(effect) {
            return vec![EventKind::Observed(environment, generation, observation)];
        }
        match effect {
            Effect::Database(environment, DatabaseCall::ReleaseLock(_)) => {
                vec![EventKind::LetGo(environment.clone(), Ok("its holder is gone".to_owned()))]
            }
            Effect::SeekRuns(generation, runs) => {
                let living = runs.iter().map(|run| (run.clone(), false)).collect();
                vec![EventKind::Sought(*generation, Ok(living))]
            }
            Effect::ReadReleases => vec![EventKind::Releases(Ok(catalog().promoted(self.way.clone())))],
            Effect::Database(_, DatabaseCall::Lock(run)) => ended(run, StepKind::Lock, "locked"),
            Effect::Database(_, DatabaseCall::Unlock(run)) => vec![EventKind::Unlocked(run.clone())],
            Effect::Liquibase(environment, call) => self.liquibase(index(environment), call),
            Effect::Cloud(environment, CloudCall::Deploy { run, image, .. }) => {
                self.deploy(index(environment), run, image)
            }
            Effect::Health(_, HealthCall::Await(run, _)) => ended(run, StepKind::Health, "200"),
            Effect::Action { run, step, order, .. } => self.act(run, *step, &order.task),
            Effect::ReadJournal => {
                let news = std::mem::take(&mut self.has_grown).then(|| self.journal.clone()).flatten();
                vec![EventKind::Remembered(news)]
            }
            Effect::Record(entry) => {
                let at = Timestamp::from_millisecond(self.clock).unwrap();
                if let Some(journal) = &mut self.journal {
                    journal.add(at, entry);
                    self.has_grown = true;
                }
                vec![]
            }
            Effect::CheckPolicy(generation, release) => {
                let digest = release.archive_digest.clone();
                vec![EventKind::Policy(digest, *generation, self.verdict.clone())]
            }
            Effect::SeekImage(generation, image) => {
                vec![EventKind::Image(image.clone(), *generation, self.image.clone())]
            }
            Effect::Report(report) => {
                let filed = Filed { path: format!("reports/{}", report.run), upload: None };
                let filed = self.unfiled.clone().map_or(Ok(filed), Err);
                vec![EventKind::Reported(report.run.clone(), filed)]
            }
            Effect::Notify(channel, told) => {
                let taken = self.deaf.clone().map_or(Ok("taken".to_owned()), Err);
                vec![EventKind::Notified(told.delivery(*channel), taken)]
            }
            Effect::Open(path) => vec![EventKind::Opened(Ok(path.clone()))],
            Effect::Keep(what, _) => vec![EventKind::Kept(Ok(what.clone()))],
            Effect::SaveLog(_) => vec![EventKind::LogSaved(Ok("log.txt".to_owned()))],
            Effect::Cancel(..)
            | Effect::Flow(_)
            | Effect::Forget(_)
            | Effect::AskChecksums(_)
            | Effect::Identify
            | Effect::Cloud(..)
            | Effect::Database(..)
            | Effect::Health(..) => vec![],
        }
    }

    /// An action that ends well, unless it is one of those that fail.
    fn act(&self, run: &RunId, step: StepKind, task: &Task) -> Vec<EventKind> {
        let failing = self.failing.iter().find(|words| words_of(task) == **words);
        let Some(words) = failing else { return ended(run, step, "done") };
        let failure = Failure::new(FailureKind::Failed, format!("`{words}` ended with 1"));
        vec![EventKind::Step(run.clone(), step, Progress::Ended(Err(failure)))]
    }

    fn deploy(&mut self, index: usize, run: &RunId, image: &ImageRef) -> Vec<EventKind> {
        if self.deploys == Deploys::Well {
            let version = image.version().unwrap();
            let known = ["v1.0.0", "v2.0.0", "v3.0.0"];
            self.images[index] = known.into_iter().find(|text| *text == version.to_string()).unwrap();
        }
        let result = if self.deploys == Deploys::RollBack {
            Err(Failure::new(FailureKind::Failed, "the deployment failed").because("Health check failed"))
        } else {
            let (operation, status) = ("51c0".to_owned(), OperationStatus::Succeeded);
            Ok(StepOutcome::Deployed { operation, status })
        };
        let step = |progress| EventKind::Step(run.clone(), StepKind::Service, progress);
        vec![step(Progress::Operation("51c0".to_owned())), step(Progress::Ended(result))]
    }

    fn liquibase(&mut self, index: usize, call: &LiquibaseCall) -> Vec<EventKind> {
        let before = self.rows[index];
        let (run, step, text, moved): (_, _, _, Vec<_>) = match call {
            LiquibaseCall::Validate(run, _) => (run, StepKind::Validate, "valid", vec![]),
            LiquibaseCall::Tag(run, ..) => (run, StepKind::Anchor, "tagged", vec![]),
            LiquibaseCall::Update(run, release) => {
                let changesets = release.changelog.changesets();
                self.rows[index] = changesets.len();
                (run, StepKind::Update, "updated", changesets[before..].to_vec())
            }
            LiquibaseCall::Rollback(run, release, until) => {
                let Until::Count(count) = until else { panic!("{until:?}") };
                self.rows[index] = before - count;
                let gone = &release.changelog.changesets()[before - count..before];
                (run, StepKind::Undo, "undone", gone.iter().rev().cloned().collect())
            }
        };
        let moved =
            moved.into_iter().map(|set| EventKind::Step(run.clone(), step, Progress::Applied(set.id)));
        moved.chain(ended(run, step, text)).collect()
    }

    pub(super) fn planned(&self) -> &planning::Prepared {
        match &self.state.planning {
            Planning::Ready(prepared) => prepared,
            other => panic!("there is no plan but {other:?}"),
        }
    }

    pub(super) fn promote(&mut self, environment: &str, release: Option<&str>) {
        let release = release.map(|text| Version::parse(text).unwrap());
        self.intend(Intent::Plan { environment: name(environment), request: Request::Forward(release) });
        let digest = self.planned().plan.digest().clone();
        self.intend(Intent::Promote { plan: digest, reason: None });
    }

    pub(super) fn conclusion(&self) -> &promotion::Conclusion {
        self.state.promotions.first().and_then(Promotion::conclusion).expect("it is decided")
    }

    pub(super) fn mutations(&self) -> usize {
        self.asked.iter().filter(|effect| effect.is_mutation()).count()
    }
}

/// What an action of a flow does.
pub(super) fn words_of(task: &Task) -> &str {
    match task {
        Task::Command { name, .. } => name,
        Task::Shell { command, .. } => command,
    }
}

fn ended(run: &RunId, step: StepKind, text: &str) -> Vec<EventKind> {
    vec![EventKind::Step(run.clone(), step, Progress::Ended(Ok(StepOutcome::Done(text.to_owned()))))]
}

fn running(version: &str) -> ServiceView {
    ServiceView {
        platform: Platform::UNKNOWN,
        status: ServiceStatus::Running,
        image: image(version),
        address: String::new(),
        updated_at: Timestamp::UNIX_EPOCH,
        operation: None,
    }
}

#[test]
fn a_promotion_goes_through_every_step_and_proves_its_result() {
    let mut world = World::new();
    world.promote("test", None);
    let promotion = world.state.promotions[0].clone();
    assert!(promotion.is_over());
    assert_eq!(world.conclusion().failure, None);
    assert!(world.conclusion().evidence.as_ref().unwrap().is_proven());
    let ids: Vec<_> = promotion.applied.iter().map(|id| id.id.as_str()).collect();
    assert_eq!(ids, ["2"]);
    assert!(
        promotion.steps.iter().all(|step| matches!(step.status, StepStatus::Done { .. })),
        "{promotion:?}"
    );
    assert_eq!(world.state.pair(world.state.environment(&name("test")).unwrap()), Pair::InStep);
}

#[test]
fn the_release_is_what_runs_in_the_environment_before_and_for_the_first_one_the_newest() {
    let mut world = World::new();
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    assert_eq!(world.planned().plan.version.to_string(), "v2.0.0");
    world.intend(Intent::Plan { environment: name("dev"), request: Request::Forward(None) });
    assert_eq!(world.planned().plan.version.to_string(), "v3.0.0");
}

#[test]
fn a_release_that_does_not_run_in_the_environment_before_is_refused_with_the_way_there() {
    let mut world = World::new();
    world.promote("test", Some("v3.0.0"));
    assert_eq!(world.state.promotions, []);
    let refused = world.state.messages.back().unwrap().text.clone().unwrap_err();
    assert_eq!(refused.because, ["dev runs v2.0.0, not v3.0.0"]);
    let how = "Promote v3.0.0 to dev first: `lockstep promote dev --release v3.0.0`.";
    assert_eq!(refused.hint.as_deref(), Some(how));
}

#[test]
fn nothing_is_promoted_without_a_plan_or_with_another_digest() {
    let mut world = World::new();
    world.intend(Intent::Promote { plan: PlanDigest::from_text("8c41f0"), reason: None });
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    world.intend(Intent::Promote { plan: PlanDigest::from_text("000000"), reason: None });
    assert_eq!((world.state.promotions.is_empty(), world.mutations()), (true, 0));
}

#[test]
fn a_plan_that_no_longer_holds_stops_before_anything_is_changed() {
    let mut world = World::new();
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    let digest = world.planned().plan.digest().clone();
    world.images[1] = "v2.0.0";
    world.intend(Intent::Promote { plan: digest, reason: None });
    let failure = world.conclusion().failure.clone().unwrap();
    assert_eq!(
        (failure.what.as_str(), failure.kind),
        ("the plan changed after it was confirmed", FailureKind::Refused)
    );
    assert!(failure.because[0].contains("v1.0.0") && failure.because[0].contains("v2.0.0"), "{failure}");
    assert_eq!(world.mutations(), 0);
}

#[test]
fn a_rolled_back_deployment_needs_action_because_the_schema_went_ahead() {
    let mut world = World::new();
    world.deploys = Deploys::RollBack;
    world.promote("test", None);
    let failure = world.conclusion().failure.clone().unwrap();
    assert_eq!(failure.kind, FailureKind::ActionNeeded);
    assert!(failure.because.iter().any(|cause| cause.contains("Health check failed")), "{failure}");
    assert!(failure.because.iter().any(|cause| cause.contains("the schema is ahead")), "{failure}");
    let test = name("test");
    assert!(world.state.history.alarm(&test).is_some());
    world.intend(Intent::Acknowledge(test.clone()));
    assert!(world.state.history.alarm(&test).is_none());
}

#[test]
fn a_rolled_back_deployment_of_the_image_alone_leaves_nothing_half_done() {
    let mut world = World::new();
    world.deploys = Deploys::RollBack;
    world.rows[1] = 2;
    world.promote("test", None);
    assert_eq!(world.conclusion().failure.as_ref().map(|failure| failure.kind), Some(FailureKind::Failed));
}

#[test]
fn a_silent_rollback_is_red_although_the_platform_says_it_succeeded() {
    let mut world = World::new();
    world.deploys = Deploys::Silently;
    world.promote("test", None);
    let evidence = world.conclusion().evidence.clone().unwrap();
    assert!(evidence.is_refuted());
    assert_eq!(
        world.conclusion().failure.as_ref().map(|failure| failure.kind),
        Some(FailureKind::ActionNeeded)
    );
}

#[test]
fn a_journal_that_cannot_be_written_stops_the_run_before_the_next_effect() {
    let mut world = World::new();
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    let digest = world.planned().plan.digest().clone();
    let effects = world.happen(EventKind::Intent(Intent::Promote { plan: digest, reason: None }));
    let [Effect::Record(Entry::Planned { .. }), Effect::Record(began @ Entry::Began { .. }), ..] =
        &effects[..]
    else {
        panic!("{effects:?}")
    };
    // The runtime drops what follows a record that failed, and says so.
    let failure = Failure::new(FailureKind::Failed, "the journal could not be written, so nothing was done");
    let effects = world.happen(EventKind::JournalFailed(Box::new(began.clone()), failure.clone()));
    world.answer(effects);
    assert_eq!(world.conclusion().failure.as_ref(), Some(&failure));
    assert_eq!(world.mutations(), 0);
}

#[test]
fn an_interrupted_run_stops_before_its_next_step_and_lets_the_lock_go() {
    let mut world = World::new();
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    let digest = world.planned().plan.digest().clone();
    let effects = world.happen(EventKind::Intent(Intent::Promote { plan: digest, reason: None }));
    assert_eq!(world.happen(EventKind::Intent(Intent::Interrupt)), []);
    world.answer(effects);
    assert_eq!(
        world.conclusion().failure.as_ref().map(|failure| failure.kind),
        Some(FailureKind::Interrupted)
    );
    assert!(world.asked.iter().any(|effect| matches!(effect, Effect::Database(_, DatabaseCall::Unlock(_)))));
    assert_eq!(world.mutations(), 0);
}

#[test]
fn a_rollback_undoes_what_came_after_the_release_and_proves_that_it_is_gone() {
    let mut world = World::new();
    world.intend(Intent::Plan {
        environment: name("dev"),
        request: Request::Back { release: None, keep_schema: false },
    });
    let plan = world.planned().plan.clone();
    // Nobody declares that v1 runs on the schema of v2: the schema goes first.
    assert_eq!(
        plan.way_back().map(|way| (way.order, way.until.clone())),
        Some((Order::DatabaseFirst, Until::Count(1)))
    );
    world.intend(Intent::Promote { plan: plan.digest().clone(), reason: None });
    assert_eq!(world.state.promotions, [], "a rollback needs a reason");
    let reason = Some("the new store sells nothing".to_owned());
    world.intend(Intent::Promote { plan: plan.digest().clone(), reason });
    assert_eq!(world.conclusion().failure, None);
    assert_eq!((world.rows[0], world.images[0]), (1, "v1.0.0"));
    let order: Vec<_> = world.asked.iter().filter(|effect| effect.is_mutation()).collect();
    assert!(
        matches!(order[..], [Effect::Liquibase(_, LiquibaseCall::Rollback(..)), Effect::Cloud(..)]),
        "{order:?}"
    );
}

#[test]
fn a_promotion_that_fails_its_verification_goes_back_by_itself_where_the_gate_says_so() {
    for rolls_back in [true, false] {
        let mut world = World::new();
        world.state.environments[1].environment.gate.rolls_back = rolls_back;
        world.deploys = Deploys::RollBack;
        world.promote("test", None);
        let promotion = world.state.promotion(&name("test")).unwrap();
        let failure = promotion.failure().unwrap();
        if rolls_back {
            assert_eq!(promotion.plan.direction(), Direction::Back);
            assert_eq!((world.rows[1], world.images[1]), (1, "v1.0.0"));
            assert_eq!(failure.kind, FailureKind::Failed, "nothing is left half-done: {failure}");
            assert_eq!(world.state.history.runs().last().unwrap().by, "lockstep");
        } else {
            assert_eq!((promotion.plan.direction(), world.rows[1]), (Direction::Forward, 2));
            assert_eq!(failure.kind, FailureKind::ActionNeeded);
        }
        assert!(world.state.running().next().is_none());
    }
}

#[test]
fn a_rollback_that_fails_is_not_rolled_back() {
    let mut world = World::new();
    world.state.environments[0].environment.gate.rolls_back = true;
    world.deploys = Deploys::Silently;
    world.intend(Intent::Plan {
        environment: name("dev"),
        request: Request::Back { release: None, keep_schema: false },
    });
    let plan = world.planned().plan.digest().clone();
    world.intend(Intent::Promote { plan, reason: Some("it sells nothing".to_owned()) });
    assert_eq!(world.state.history.runs().len(), 1);
    assert_eq!(world.conclusion().failure.as_ref().map(|it| it.kind), Some(FailureKind::ActionNeeded));
}

#[test]
fn an_abort_cancels_what_liquibase_does_and_lets_go_of_a_deployment_without_calling_it_failed() {
    let mut world = World::new();
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    let plan = world.planned().plan.digest().clone();
    let mut queue = VecDeque::from(world.happen(EventKind::Intent(Intent::Promote { plan, reason: None })));
    let mut aborted = Vec::new();
    while let Some(effect) = queue.pop_front() {
        let step = effect.step().map(|(_, step)| step);
        if matches!(step, Some(StepKind::Update)) && aborted.is_empty() {
            aborted = world.happen(EventKind::Intent(Intent::Abort(name("test"))));
            let again = world.happen(EventKind::Intent(Intent::Abort(name("test"))));
            assert!(!again.iter().any(|effect| matches!(effect, Effect::Cancel(..))), "asked once");
        }
        world.asked.push(effect.clone());
        for kind in world.outcome(&effect) {
            queue.extend(world.happen(kind));
        }
    }
    assert!(
        matches!(&aborted[..], [Effect::Record(Entry::Aborted { .. }), Effect::Cancel(..)]),
        "on record first: {aborted:?}"
    );
    // The update had ended before it was hit; nothing follows it.
    assert_eq!(world.images[1], "v1.0.0");
    assert_eq!(world.conclusion().failure.as_ref().map(|it| it.kind), Some(FailureKind::ActionNeeded));
    assert!(world.asked.iter().any(|effect| matches!(effect, Effect::Database(_, DatabaseCall::Unlock(_)))));
}

#[test]
fn two_environments_are_promoted_side_by_side_and_neither_waits_for_the_other() {
    let mut world = World::new();
    let begin = |world: &mut World, environment: &str| {
        world.intend(Intent::Plan { environment: name(environment), request: Request::Forward(None) });
        let plan = world.planned().plan.digest().clone();
        world.happen(EventKind::Intent(Intent::Promote { plan, reason: None }))
    };
    let first = begin(&mut world, "test");
    let second = begin(&mut world, "dev");
    assert_eq!(world.state.running().count(), 2);
    world.answer(first);
    world.answer(second);
    assert_eq!((world.images, world.rows), (["v3.0.0", "v2.0.0"], [3, 2]));
    assert!(world.state.promotions.iter().all(|it| it.conclusion().is_some_and(|it| it.failure.is_none())));
}

#[test]
fn facets_are_asked_again_when_they_are_due_and_not_before() {
    let mut world = World::new();
    let effects = world.happen(EventKind::Ticked);
    assert_eq!(effects, [Effect::ReadJournal]);
    world.answer(effects);
    world.clock += 60_000;
    let effects = world.happen(EventKind::Ticked);
    // Four facets of two environments, the releases, the journal.
    assert_eq!(effects.len(), 10);
    // None is asked a second time while its answer is missing.
    world.clock += 60_000;
    assert_eq!(world.happen(EventKind::Ticked), [Effect::ReadJournal]);
}

#[test]
fn locks_are_looked_at_where_the_ledger_says_that_somebody_holds_one() {
    let mut world = World::new();
    let is_look = |effect: &&Effect| matches!(effect, Effect::Database(_, DatabaseCall::ReadLocks(_)));
    assert_eq!(world.asked.iter().filter(is_look).count(), 0);
    world.promoting = Some("r-7-test".to_owned());
    world.intend(Intent::Refresh);
    let looks: Vec<_> = world.asked.iter().filter(is_look).collect();
    assert_eq!(looks, [&Effect::Database(name("test"), DatabaseCall::ReadLocks(1))]);
    assert!(world.state.environment(&name("test")).unwrap().locks.current().is_some());
}

#[test]
fn whoever_asks_for_locks_alone_gets_the_locks_of_these_environments_and_the_journal() {
    let mut world = World::new();
    let effects = world.happen(EventKind::Intent(Intent::InspectLocks(vec![name("test")])));
    assert_eq!(effects, [Effect::ReadJournal, Effect::Database(name("test"), DatabaseCall::ReadLocks(1))]);
}

/// What may come at any moment, wanted or not.
#[derive(Debug, Clone)]
enum Anything {
    Plan(bool),
    Promote,
    PromoteOther,
    Dismiss,
    Interrupt,
    Abort,
    Tick,
    /// Answers the effect that has waited longest.
    Answer,
    /// Lets it fail instead.
    Fail,
    /// Of what is recorded next nothing can be written.
    JournalFails,
}

/// What is left of `effects` when none of their records can be written, as the runtime has it, and what it says then.
fn without_room(effects: Vec<Effect>) -> (Vec<Effect>, Vec<EventKind>) {
    let (mut left, mut failed, mut stopped) = (Vec::new(), Vec::new(), BTreeSet::new());
    for effect in effects {
        match effect {
            Effect::Record(entry) => {
                if entry.run().is_none_or(|run| stopped.insert(run.clone())) {
                    let failure = Failure::new(FailureKind::Failed, "the disk is full");
                    failed.push(EventKind::JournalFailed(Box::new(entry), failure));
                }
            }
            effect if effect.step().is_some_and(|(run, _)| stopped.contains(run)) => {}
            effect => left.push(effect),
        }
    }
    (left, failed)
}

/// The environment that an effect is for.
fn target(effect: &Effect) -> Option<&EnvironmentName> {
    match effect {
        Effect::Cloud(name, _)
        | Effect::Database(name, _)
        | Effect::Liquibase(name, _)
        | Effect::Health(name, _) => Some(name),
        _ => None,
    }
}

fn anything() -> impl Strategy<Value = Anything> {
    // Mostly answers: whatever else comes has to meet a promotion that has come far.
    prop_oneof![
        3 => any::<bool>().prop_map(Anything::Plan),
        3 => Just(Anything::Promote),
        1 => Just(Anything::PromoteOther),
        1 => Just(Anything::Dismiss),
        1 => Just(Anything::Interrupt),
        2 => Just(Anything::Abort),
        1 => Just(Anything::Tick),
        60 => Just(Anything::Answer),
        1 => Just(Anything::Fail),
        2 => Just(Anything::JournalFails),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever happens in whatever order: no write without a confirmed plan and its intent on record before it,
    /// never two writes under way, none once it was to stop, every lock is let go and none while Liquibase writes, every
    /// step ends at most once.
    #[test]
    fn whatever_happens_no_write_goes_without_its_record(moves in proptest::collection::vec(anything(), 1..160)) {
        let mut world = World::new();
        let mut queue: VecDeque<Effect> = VecDeque::new();
        let (mut confirmed, mut ended, mut locked, mut is_full) = (false, BTreeSet::new(), 0_i32, false);
        let mut stopped: BTreeSet<RunId> = BTreeSet::new();
        for step in moves {
            let kinds = match step {
                Anything::Plan(first) => {
                    let environment = name(if first { "dev" } else { "test" });
                    vec![EventKind::Intent(Intent::Plan { environment, request: Request::Forward(None) })]
                }
                Anything::Promote => match &world.state.planning {
                    Planning::Ready(prepared) => {
                        vec![EventKind::Intent(Intent::Promote { plan: prepared.plan.digest().clone(), reason: None })]
                    }
                    _ => vec![],
                },
                Anything::PromoteOther => {
                    vec![EventKind::Intent(Intent::Promote { plan: PlanDigest::from_text("0123456789"), reason: None })]
                }
                Anything::Dismiss => vec![EventKind::Intent(Intent::Dismiss)],
                Anything::Abort => match world.state.running().next() {
                    Some(promotion) => vec![EventKind::Intent(Intent::Abort(promotion.plan.environment.clone()))],
                    None => vec![],
                },
                Anything::Interrupt => vec![EventKind::Intent(Intent::Interrupt)],
                Anything::Tick => vec![EventKind::Ticked],
                Anything::Answer => queue.pop_front().map(|effect| world.outcome(&effect)).unwrap_or_default(),
                Anything::Fail => match queue.iter().position(|effect| effect.step().is_some()) {
                    Some(index) => {
                        let effect = queue.remove(index).unwrap();
                        let (run, step) = effect.step().unwrap();
                        let failure = Failure::new(FailureKind::Failed, "it failed");
                        vec![EventKind::Step(run.clone(), step, Progress::Ended(Err(failure)))]
                    }
                    None => vec![],
                },
                Anything::JournalFails => {
                    is_full = true;
                    vec![]
                }
            };
            let mut kinds = VecDeque::from(kinds);
            while let Some(kind) = kinds.pop_front() {
                if let EventKind::Intent(Intent::Promote { plan: digest, .. }) = &kind {
                    confirmed |= matches!(&world.state.planning, Planning::Ready(prepared)
                        if prepared.plan.digest() == digest && prepared.unmet.is_empty());
                }
                match &kind {
                    EventKind::Intent(Intent::Interrupt) => {
                        stopped.extend(world.state.running().map(|promotion| promotion.run.clone()));
                    }
                    EventKind::Intent(Intent::Abort(environment)) => {
                        stopped.extend(world.state.running_in(environment).map(|promotion| promotion.run.clone()));
                    }
                    _ => {}
                }
                let effects = world.happen(kind);
                for (index, effect) in effects.iter().enumerate() {
                    if effect.is_mutation() {
                        let run = effect.step().unwrap().0;
                        prop_assert!(!stopped.contains(run), "a write of what was to stop: {effect:?}");
                        prop_assert!(confirmed, "a write without a confirmed plan: {effect:?}");
                        prop_assert!(
                            matches!(effects.get(index.wrapping_sub(1)), Some(Effect::Record(Entry::Intended { .. }))),
                            "a write without its record: {effects:?}"
                        );
                        let target = target(effect);
                        let writes = queue.iter().filter(|other| other.is_mutation());
                        let mut others = writes.filter(|other| self::target(other) == target);
                        prop_assert!(others.next().is_none(), "two writes at once in {target:?}");
                    }
                    if let Effect::Record(Entry::Ended { run, step, .. }) = effect {
                        prop_assert!(ended.insert((run.clone(), *step)), "{step:?} ended twice");
                    }
                    match effect {
                        Effect::Database(_, DatabaseCall::Unlock(run)) => {
                            locked -= 1;
                            let is_own = |other: &&Effect| other.step().is_some_and(|(owner, _)| owner == run);
                            let writes = |other: &&Effect| matches!(other, Effect::Liquibase(..)) && other.is_mutation();
                            prop_assert!(!queue.iter().any(|other| is_own(&other) && writes(&other)), "let go too early");
                        }
                        Effect::Record(Entry::Ended { step: StepKind::Lock, result: Ok(_), .. }) => locked += 1,
                        _ => {}
                    }
                }
                let is_hit = is_full && effects.iter().any(|effect| matches!(effect, Effect::Record(_)));
                if is_hit {
                    is_full = false;
                    let (left, failed) = without_room(effects);
                    kinds.extend(failed);
                    queue.extend(left);
                } else {
                    queue.extend(effects);
                }
            }
            let current = world.state.promotions.iter().filter_map(Promotion::current);
            let need_lock = current.filter(|step| *step != StepKind::Lock).count();
            prop_assert_eq!(usize::try_from(locked), Ok(need_lock));
        }
    }
}

/// A release whose second changeset holds a text that only the running Liquibase knows.
fn release_with_an_open_sum() -> Catalog {
    let sql = "--liquibase formatted sql\n--changeset store:1\nselect 1;\n\
               --changeset store:2\nselect '${java.version}';\n";
    let files = Files::from([("changelog/all.sql".to_owned(), sql.as_bytes().to_vec())]);
    let (changelog, _) = Changelog::read(&files, "changelog/all.sql", &Surroundings::default());
    let mut release = catalog().get(&Version::parse("v2.0.0").unwrap()).unwrap().clone();
    release.changelog = Arc::new(changelog);
    release.archive_digest = "open".to_owned();
    Catalog::new(vec![release])
}

#[test]
fn liquibase_is_asked_once_for_a_sum_that_only_it_can_tell_and_its_answer_stays() {
    let mut world = World::new();
    world.rows = [2, 2];
    let asked = world.happen(EventKind::Releases(Ok(release_with_an_open_sum())));
    let [Effect::AskChecksums(release)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(release.archive_digest, "open");
    let state = |world: &World, position| {
        let comparison = world.state.environments[0].standings.running().unwrap();
        comparison.standing(position).unwrap().state
    };
    assert_eq!(state(&world, 1), ChangesetState::Unknown);

    // What was read again is not asked about again.
    assert_eq!(world.happen(EventKind::Releases(Ok(release_with_an_open_sum()))), []);
    let stored = ledger(2).rows[1].checksum.clone().unwrap();
    let told: Checksums = [((*ledger(2).rows[1].id).clone(), stored)].into();
    assert_eq!(world.happen(EventKind::Checksums("open".to_owned(), Ok(Arc::new(told)))), []);
    assert_eq!(state(&world, 1), ChangesetState::Applied);
    assert_eq!(world.happen(EventKind::Releases(Ok(release_with_an_open_sum()))), []);
    assert_eq!(state(&world, 1), ChangesetState::Applied);
}

/// What is said of the schema of an environment.
fn drifts(world: &World, environment: &str) -> Vec<String> {
    let state = world.state.environment(&name(environment)).unwrap();
    state.schemas.drifts().iter().map(|drift| drift.words(|at| at.as_millisecond().to_string())).collect()
}

#[test]
fn a_column_that_somebody_adds_shows_at_the_next_look_and_goes_when_it_goes() {
    let mut world = World::new();
    assert_eq!(drifts(&world, "test"), Vec::<String>::new());
    let first = world.clock;
    world.intend(Intent::Refresh);
    world.columns[1].push("note");
    let last = world.clock;
    world.intend(Intent::Refresh);
    let [told] = &drifts(&world, "test")[..] else { panic!("{:?}", drifts(&world, "test")) };
    let (words, difference) = told.split_once(": ").unwrap();
    assert_eq!(difference, "+ column orders.note");
    // The time is that of the last look that saw it otherwise.
    let since: i64 = words.strip_prefix("schema changed by hand since ").unwrap().parse().unwrap();
    assert!(since > first && since <= last, "{first} {since} {last}");
    assert_eq!(world.state.pair(world.state.environment(&name("test")).unwrap()), Pair::Drifted);
    world.intend(Intent::Refresh);
    assert_eq!(drifts(&world, "test"), std::slice::from_ref(told), "the time stays");
    world.columns[1].clear();
    world.intend(Intent::Refresh);
    assert_eq!(drifts(&world, "test"), Vec::<String>::new());
    assert_eq!(world.state.pair(world.state.environment(&name("test")).unwrap()), Pair::InStep);
}

#[test]
fn environments_with_the_same_changesets_must_have_the_same_schema() {
    let mut world = World::new();
    world.columns[1].push("note");
    world.rows = [2, 2];
    world.intend(Intent::Refresh);
    // The ledger moved, so that nothing is said of earlier looks.
    assert_eq!(drifts(&world, "test"), ["schema differs from dev: + column orders.note"]);
    assert_eq!(drifts(&world, "dev"), Vec::<String>::new());
    world.rows = [2, 1];
    world.intend(Intent::Refresh);
    assert_eq!(drifts(&world, "test"), Vec::<String>::new(), "other changesets, other schema");
}

#[test]
fn a_schema_that_was_read_while_the_ledger_moved_says_nothing() {
    let mut world = World::new();
    let (test, column) = (name("test"), "c2");
    let state = world.state.environments.iter_mut().find(|state| state.environment.name == test).unwrap();
    let generation = state.schema.ask(Timestamp::UNIX_EPOCH);
    let stamp = LedgerStamp { rows: 2, newest: Some(2), is_locked: false };
    let view = SchemaView { schema: Arc::new(orders(&["c1", column])), stamp };
    world.happen(EventKind::Observed(test, generation, Observation::Schema(Ok(view))));
    assert_eq!(drifts(&world, "test"), Vec::<String>::new());
}

#[test]
fn a_proven_promotion_records_the_schema_and_later_looks_are_held_against_it() {
    let mut world = World::new();
    world.promote("test", None);
    let record = world.asked.iter().find_map(|effect| match effect {
        Effect::Record(Entry::Concluded { schema, .. }) => schema.clone(),
        _ => None,
    });
    let record = record.unwrap();
    assert_eq!(record.digest, *orders(&["c1", "c2"]).digest());
    let rows = world.conclusion().evidence.as_ref().unwrap().rows.text().to_owned();
    assert_eq!(rows, format!("2 of 2 changesets have their row; schema {}", record.digest.short()));
    assert_eq!(drifts(&world, "test"), Vec::<String>::new());
    // Another process, which has no earlier look, in front of an environment that is alone with its changesets.
    let mut later = World::new();
    later.rows = [1, 2];
    later.columns[1].push("note");
    later.happen(EventKind::Remembered(Some(world.state.history.clone())));
    later.intend(Intent::Refresh);
    let told = drifts(&later, "test");
    assert!(told.len() == 1 && told[0].starts_with("schema differs from what was proven at "), "{told:?}");
}

#[test]
fn what_was_proven_in_one_environment_speaks_of_all_with_the_same_changesets() {
    let mut world = World::new();
    world.promote("test", None);
    let proven = world.state.history.clone();
    let seen = |rows, columns: [&[&'static str]; 2]| {
        let mut later = World::new();
        later.rows = rows;
        for (added, columns) in later.columns.iter_mut().zip(columns) {
            added.extend(columns);
        }
        later.happen(EventKind::Remembered(Some(proven.clone())));
        later.intend(Intent::Refresh);
        [drifts(&later, "dev"), drifts(&later, "test")]
    };
    // Test has moved on, and what was proven there is still known.
    let [dev, test] = seen([2, 1], [&["note"], &[]]);
    let told = |drifts: &[String], words: &str| drifts.iter().any(|drift| drift.starts_with(words));
    assert!(told(&dev, "schema differs from what was proven in test at "), "{dev:?}");
    assert_eq!(test, Vec::<String>::new());
    // Of two it is the one that differs from what was proven, not the later one.
    let [dev, test] = seen([2, 2], [&["note"], &[]]);
    assert!(told(&dev, "schema differs from test: + column orders.note"), "{dev:?}");
    assert_eq!(test, Vec::<String>::new());
}
