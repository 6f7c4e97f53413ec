//! A world that does as it is told: four environments of the Bagel Store with its real changelog.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use lockstep::adapters::packing;
use lockstep::domain::changelog::{
    self, Changelog, Changeset, ChangesetId, Files, ROOT, Selection, Surroundings,
};
use lockstep::domain::compatibility::OldestImages;
use lockstep::domain::environment::Environment;
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::gate::{Admission, Gate};
use lockstep::domain::ledger::{Ledger, LedgerRow, LockState};
use lockstep::domain::lock::{Grant, LockSight};
use lockstep::domain::log::{Level, LogLine, Source};
use lockstep::domain::names::{EnvironmentName, RunId};
use lockstep::domain::observation::{
    HealthView, Observation, Operation, OperationStatus, ServiceStatus, ServiceView,
};
use lockstep::domain::plan::Until;
use lockstep::domain::platform::Platform;
use lockstep::domain::policy::Verdict;
use lockstep::domain::reconcile::Trail;
use lockstep::domain::release::{Catalog, ImageRef, ImageSeen, Release, Version};
use lockstep::domain::report::Filed;
use lockstep::domain::schema::judgement::{LedgerStamp, SchemaView};
use lockstep::domain::schema::{CatalogRow, Schema};
use lockstep::domain::step::StepKind;
use lockstep::engine::effect::{CloudCall, DatabaseCall, Effect, HealthCall, LiquibaseCall};
use lockstep::engine::event::{EventKind, Identity, Progress, StepOutcome};
use lockstep::runtime::{Perform, Sink};
use tokio::sync::Notify;

const REPOSITORY: &str = "public.ecr.aws/l1v5b6d6/demo1-bagel-store";
const NAMES: [&str; 4] = ["dev", "test", "staging", "prod"];

/// How the platform's deployments go.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Deploys {
    Well,
    RollBack,
}

/// Whom lockstep asks: about an environment, or once for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Backend {
    Service,
    Database,
    Schema,
    Locks,
    Health,
    Releases,
    Flows,
    Identity,
}

#[derive(Clone)]
pub(crate) struct Script {
    world: Arc<Mutex<World>>,
    changed: Arc<Notify>,
    go_on: Arc<Notify>,
}

struct World {
    catalog: Catalog,
    /// The changesets that ran, as they were when they did.
    ran: Arc<Changelog>,
    /// Rows that are in no release.
    strange: [Vec<ChangesetId>; 4],
    versions: [String; 4],
    applied: [usize; 4],
    deploys: Deploys,
    down: BTreeSet<Backend>,
    hangs: bool,
    has_flows: bool,
    locks: [Option<LockSight>; 4],
    /// Columns that somebody added to `orders` by hand.
    columns: [Vec<&'static str>; 4],
    hold_at: Option<StepKind>,
    held: usize,
    is_cancelled: bool,
    mutations: Vec<Effect>,
    /// What policy says about every release; `None` while it takes its time.
    policy: Option<Result<Arc<Verdict>, Failure>>,
}

pub(crate) fn environments() -> Vec<Environment> {
    let mut before = None;
    let environments = NAMES.map(|name| {
        let name = EnvironmentName::parse(name).unwrap();
        let admission = match name.as_str() {
            "dev" => Admission::Automatic,
            "prod" => Admission::Approve,
            _ => Admission::Confirm,
        };
        let mut gate = Gate::new(admission);
        // Whoever tells a story is alone in it.
        gate.approval.needed = 0;
        Environment {
            after: before.replace(name.clone()).into_iter().collect(),
            gate,
            production: name.as_str() == "prod",
            service: format!("bagel-store-demo1-{name}"),
            database: name.to_string(),
            selection: Selection::default(),
            name,
        }
    });
    environments.into()
}

/// The releases of the store, read once: many stories are told in one test.
fn catalog() -> Catalog {
    static READ: LazyLock<Catalog> = LazyLock::new(read);
    READ.clone()
}

fn read() -> Catalog {
    let files = packing::bagel_store();
    let releases = changelog::releases(&files).into_iter().map(|version| {
        let (changelog, _) =
            Changelog::read(&changelog::cut(&files, &version).unwrap(), ROOT, &Surroundings::default());
        Release {
            image: ImageRef::of_release(REPOSITORY, &version),
            archive: format!("bagel-store-demo1-changelog-{version}.zip"),
            archive_digest: format!("{:0<64}", version.to_string().replace(['v', '.'], "")),
            changelog: Arc::new(changelog),
            oldest_images: OldestImages::new(),
            version,
        }
    });
    Catalog::new(releases.collect())
}

/// A changelog of changesets with these numbers, in this order.
fn many(numbers: impl Iterator<Item = usize>) -> Changelog {
    let mut text = "--liquibase formatted sql\n".to_owned();
    for number in numbers {
        text.push_str(
            &["--changeset store:", &format!("{number:05}"), "\nselect 1;\n--rollback empty\n"].concat(),
        );
    }
    let files = Files::from([("many.sql".to_owned(), text.into_bytes())]);
    Changelog::read(&files, "many.sql", &Surroundings::default()).0
}

impl World {
    fn publish(&mut self, changelog: Changelog) {
        let mut releases = self.catalog.releases().to_vec();
        let newest = releases.last_mut().unwrap();
        newest.changelog = Arc::new(changelog);
        newest.archive_digest.insert(0, 'e');
        self.catalog = Catalog::new(releases);
    }
}

impl Script {
    /// dev runs v1.2.0, test and staging v1.1.0, prod v1.0.0.
    pub(crate) fn new() -> Self {
        let catalog = catalog();
        let world = World {
            ran: Arc::clone(&catalog.newest().expect("there are releases").changelog),
            catalog,
            strange: [const { Vec::new() }; 4],
            versions: ["v1.2.0", "v1.1.0", "v1.1.0", "v1.0.0"].map(str::to_owned),
            applied: [14, 11, 11, 9],
            deploys: Deploys::Well,
            down: BTreeSet::new(),
            hangs: false,
            has_flows: true,
            locks: [const { None }; 4],
            columns: Default::default(),
            hold_at: None,
            held: 0,
            is_cancelled: false,
            mutations: Vec::new(),
            policy: Some(Ok(Arc::default())),
        };
        Self { world: Arc::new(Mutex::new(world)), changed: Arc::default(), go_on: Arc::default() }
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// What policy says about every release from now on.
    pub(crate) fn judges(&self, policy: Result<Verdict, Failure>) {
        self.world().policy = Some(policy.map(Arc::new));
    }

    /// Policy does not answer any more.
    pub(crate) fn ponders(&self) {
        self.world().policy = None;
    }

    pub(crate) fn deploys(&self, how: Deploys) {
        self.world().deploys = how;
    }

    /// Whoever asks this one is told that nobody can be reached.
    pub(crate) fn goes_down(&self, backend: Backend) {
        self.world().down.insert(backend);
    }

    /// It can be asked again.
    pub(crate) fn comes_back(&self, backend: Backend) {
        self.world().down.remove(&backend);
    }

    /// Nothing that is asked for from now on ever ends.
    pub(crate) fn hang(&self) {
        self.world().hangs = true;
    }

    /// There is no release.
    pub(crate) fn forgets_releases(&self) {
        self.world().catalog = Catalog::new(Vec::new());
    }

    /// There is no flow file.
    pub(crate) fn forgets_flows(&self) {
        self.world().has_flows = false;
    }

    fn reach<T>(&self, backend: Backend, index: usize, seen: T) -> Result<T, Failure> {
        self.ask(backend, NAMES[index], seen)
    }

    pub(super) fn ask<T>(&self, backend: Backend, of: &str, seen: T) -> Result<T, Failure> {
        if self.world().down.contains(&backend) {
            let what = format!("could not ask the {backend:?} of {of}").to_lowercase();
            return Err(Failure::new(FailureKind::Unavailable, what).because("connection refused"));
        }
        Ok(seen)
    }

    pub(super) fn has_flows(&self) -> bool {
        self.world().has_flows
    }

    /// What a look at the locks of an environment finds.
    pub(crate) fn locked(&self, index: usize, sight: LockSight) {
        self.world().locks[index] = Some(sight);
    }

    fn locks(&self, index: usize) -> LockSight {
        let at = "2026-11-21T14:02:11Z".parse().unwrap();
        let nobody = LockSight { at, liquibase: None, promoting: Vec::new(), sessions: Vec::new() };
        self.world().locks[index].clone().unwrap_or(nobody)
    }

    /// Somebody adds a column to `orders` by hand.
    pub(crate) fn adds_by_hand(&self, index: usize, column: &'static str) {
        self.world().columns[index].push(column);
    }

    /// Another pair of image and schema in an environment.
    pub(crate) fn runs(&self, index: usize, version: &str, applied: usize) {
        let mut world = self.world();
        version.clone_into(&mut world.versions[index]);
        world.applied[index] = applied;
    }

    /// Lets this step stand still in its middle until `go_on`.
    pub(crate) fn hold_at(&self, step: StepKind) {
        self.world().hold_at = Some(step);
    }

    pub(crate) fn go_on(&self) {
        self.world().hold_at = None;
        self.release();
    }

    /// Lets go on what stands still; what comes to its step later stands still there.
    pub(crate) fn release(&self) {
        self.world().held = 0;
        self.go_on.notify_waiters();
    }

    /// Another text of the newest release: `from` becomes `to` in one file.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let files = packing::bagel_store();
        let mut world = self.world();
        let newest = world.catalog.newest().unwrap().clone();
        let mut files = changelog::cut(&files, &newest.version).unwrap();
        let text = String::from_utf8(files[path].clone()).unwrap();
        assert!(text.contains(from), "{path} has another text now");
        files.insert(path.to_owned(), text.replace(from, to).into_bytes());
        let (changelog, _) = Changelog::read(&files, ROOT, &Surroundings::default());
        world.publish(changelog);
    }

    /// The newest release has so many changesets of its own, and every environment runs it with all of them.
    pub(crate) fn fill(&self, count: usize) {
        let mut world = self.world();
        world.publish(many(0..count));
        world.ran = Arc::clone(&world.catalog.newest().unwrap().changelog);
        let version = world.catalog.newest().unwrap().version.to_string();
        world.versions = std::array::from_fn(|_| version.clone());
        world.applied = [count; 4];
    }

    /// The same with some more changesets in front of the others, that have not run.
    pub(crate) fn fill_in_front(&self, count: usize, more: usize) {
        self.world().publish(many((count..count + more).chain(0..count)));
    }

    /// A row that no release knows.
    pub(crate) fn ran_by_hand(&self, index: usize, id: &str) {
        let id =
            ChangesetId { path: "hotfixes/pat.sql".to_owned(), id: id.to_owned(), author: "pat".to_owned() };
        self.world().strange[index].push(id);
    }

    /// Everything that was changed in the world.
    pub(crate) fn mutations(&self) -> usize {
        self.world().mutations.len()
    }

    pub(super) fn held(&self) -> usize {
        self.world().held
    }

    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) async fn pause(&self, step: StepKind) {
        let waiting = self.go_on.notified();
        tokio::pin!(waiting);
        waiting.as_mut().enable();
        {
            let mut world = self.world();
            if world.hold_at != Some(step) {
                return;
            }
            world.held += 1;
        }
        self.changed.notify_one();
        waiting.await;
    }

    fn ledger(&self, index: usize) -> Result<Ledger, Failure> {
        let world = self.world();
        if world.down.contains(&Backend::Database) {
            return Err(Failure::new(
                FailureKind::Unavailable,
                format!("could not read the ledger of {}", NAMES[index]),
            )
            .because("connection refused")
            .hint("Start the sandbox with `lockstep demo up`."));
        }
        // A release ends with its tag, and each was an update of its own.
        let update = |order: usize| {
            let before = world.ran.changesets().iter().take(order);
            before.filter(|changeset| changeset.tag().is_some()).count().to_string()
        };
        let row = |(order, (id, changeset)): (usize, (&ChangesetId, Option<&Changeset>))| LedgerRow {
            id: id.clone().into(),
            order: i32::try_from(order).unwrap() + 1,
            executed_at: "2026-11-20T16:20:00Z".parse().unwrap(),
            checksum: changeset.and_then(Changeset::checksum).cloned(),
            tag: changeset.and_then(Changeset::tag).map(Into::into),
            deployment: Some(update(order).into()),
        };
        let known = world.ran.changesets().iter().take(world.applied[index]);
        let known = known.map(|changeset| (&changeset.id, Some(changeset)));
        let strange = world.strange[index].iter().map(|id| (id, None));
        let rows = known.chain(strange).enumerate().map(row).collect();
        let Some(sight) = &world.locks[index] else { return Ok(Ledger { rows, ..Ledger::default() }) };
        let lock = sight
            .liquibase
            .clone()
            .map_or(LockState::Free, |Grant { by, wall: since }| LockState::Held { by, since });
        let is_promoting = |process: &i32| sight.sessions.iter().find(|session| session.process == *process);
        let promoting = sight.promoting.first().and_then(is_promoting).map(|session| session.name.clone());
        Ok(Ledger { rows, lock, promoting })
    }

    fn schema(&self, index: usize) -> Result<SchemaView, Failure> {
        let ledger = self.ledger(index)?;
        let row = |kind: &str, name: &str| CatalogRow {
            kind: kind.to_owned(),
            schema: "public".to_owned(),
            of: "orders".to_owned(),
            name: name.to_owned(),
            facts: BTreeMap::from([("type".to_owned(), "text".to_owned())]),
        };
        let mut rows = vec![row("table", "orders")];
        rows.extend(ledger.rows.iter().map(|it| row("column", &it.id.id)));
        rows.extend(self.world().columns[index].iter().map(|name| row("column", name)));
        let newest = ledger.rows.last().map(|row| row.order);
        let stamp = LedgerStamp { rows: ledger.rows.len(), newest, is_locked: false };
        Ok(SchemaView { schema: Arc::new(Schema::of(18, &rows).unwrap()), stamp })
    }

    fn service(&self, index: usize) -> ServiceView {
        ServiceView {
            platform: Platform::UNKNOWN,
            status: ServiceStatus::Running,
            image: ImageRef::new(format!("{REPOSITORY}:{}", self.world().versions[index])),
            address: format!("http://127.0.0.1:4100{index}"),
            updated_at: "2026-11-20T16:21:00Z".parse().unwrap(),
            operation: Some(Operation {
                id: "51c0ffee51c0ffee51c0ffee51c0ffee".to_owned(),
                status: OperationStatus::Succeeded,
                started_at: None,
                ended_at: "2026-11-20T16:21:00Z".parse().ok(),
            }),
        }
    }

    fn health(&self, index: usize) -> HealthView {
        HealthView {
            status: 200,
            latency: Duration::from_millis(8 + 2 * index as u64),
            reason: None,
            version: Version::parse(&self.world().versions[index]).ok(),
            image: None,
        }
    }

    async fn liquibase(&self, index: usize, call: &LiquibaseCall, out: &Sink) {
        let done = |text: &str| Progress::Ended(Ok(StepOutcome::Done(text.to_owned())));
        let (run, step, outcome) = match call {
            LiquibaseCall::Validate(run, _) => (run, StepKind::Validate, done("valid")),
            LiquibaseCall::Tag(run, ..) => (run, StepKind::Anchor, done("tagged")),
            LiquibaseCall::Update(run, release) => {
                self.update(index, run, release, out).await;
                let is_cancelled = std::mem::take(&mut self.world().is_cancelled);
                let cancelled = Failure::new(FailureKind::Interrupted, "Liquibase was cancelled")
                    .because("ERROR: canceling statement due to user request (57014)");
                let end = if is_cancelled { Progress::Ended(Err(cancelled)) } else { done("applied") };
                (run, StepKind::Update, end)
            }
            LiquibaseCall::Rollback(run, release, until) => {
                let Until::Count(count) = until else { panic!("{until:?}") };
                self.undo(index, run, release, *count, out).await;
                (run, StepKind::Undo, done("undone"))
            }
        };
        out.send(EventKind::Step(run.clone(), step, outcome)).await;
    }

    async fn update(&self, index: usize, run: &RunId, release: &Release, out: &Sink) {
        let before = self.world().applied[index];
        let changesets = release.changelog.changesets();
        for (count, changeset) in changesets.iter().enumerate().skip(before) {
            say(out, run, Source::Liquibase, &format!("Running Changeset: {}", changeset.id)).await;
            let applied = Progress::Applied(changeset.id.clone());
            out.send(EventKind::Step(run.clone(), StepKind::Update, applied)).await;
            self.world().applied[index] = count + 1;
            if count == before {
                self.pause(StepKind::Update).await;
            }
            if self.world().is_cancelled {
                return;
            }
        }
    }

    async fn undo(&self, index: usize, run: &RunId, release: &Release, count: usize, out: &Sink) {
        let before = self.world().applied[index];
        for changeset in release.changelog.changesets()[before - count..before].iter().rev() {
            self.world().applied[index] -= 1;
            let undone = Progress::Applied(changeset.id.clone());
            out.send(EventKind::Step(run.clone(), StepKind::Undo, undone)).await;
        }
    }

    async fn deploy(&self, index: usize, call: &CloudCall, out: &Sink) {
        let CloudCall::Deploy { run, image, .. } = call else { return };
        let step = |progress| EventKind::Step(run.clone(), StepKind::Service, progress);
        say(out, run, Source::Service, "[AppRunner] Service update started.").await;
        out.send(step(Progress::Operation("51c0ffee51c0ffee51c0ffee51c0ffee".to_owned()))).await;
        out.send(step(Progress::Advanced("provisioning instances".to_owned()))).await;
        self.pause(StepKind::Service).await;
        let result = if self.world().deploys == Deploys::Well {
            self.world().versions[index] = image.version().unwrap().to_string();
            let operation = "51c0ffee51c0ffee51c0ffee51c0ffee".to_owned();
            Ok(StepOutcome::Deployed { operation, status: OperationStatus::Succeeded })
        } else {
            Err(Failure::new(FailureKind::Failed, "the deployment failed and was rolled back")
                .because("Health check failed on protocol `HTTP`[Path: '/health'], [Port: '5000'].")
                .hint("What ran before runs still. Mend the release, or take the schema back to match."))
        };
        out.send(step(Progress::Ended(result))).await;
    }
}

pub(super) async fn say(out: &Sink, run: &RunId, source: Source, text: &str) {
    let line = LogLine { at: out.clock().now(), source, level: Level::Normal, text: text.into() };
    out.send(EventKind::Log(Some(run.clone()), vec![line])).await;
}

fn ana() -> Identity {
    Identity { name: "ana".to_owned(), account: None, arn: None }
}

async fn seen(out: &Sink, name: &EnvironmentName, generation: u64, observation: Observation) {
    out.send(EventKind::Observed(name.clone(), generation, observation)).await;
}

impl Perform for Script {
    #[expect(
        clippy::too_many_lines,
        clippy::cognitive_complexity,
        reason = "one arm for each effect, and nothing else"
    )]
    async fn perform(&self, effect: Effect, out: Sink) {
        let index = |name: &EnvironmentName| NAMES.iter().position(|known| *known == name.as_str()).unwrap();
        if effect.is_mutation() {
            self.world().mutations.push(effect.clone());
        }
        if self.world().hangs {
            self.world().held += 1;
            self.changed.notify_one();
            return std::future::pending().await;
        }
        let done = |text: &str| Progress::Ended(Ok(StepOutcome::Done(text.to_owned())));
        match &effect {
            Effect::Cloud(name, CloudCall::Describe(generation)) => {
                let view = Observation::Service(self.reach(
                    Backend::Service,
                    index(name),
                    self.service(index(name)),
                ));
                seen(&out, name, *generation, view).await;
            }
            Effect::Database(
                name,
                DatabaseCall::ReadLedger(generation) | DatabaseCall::ReadLedgerAtRest(generation),
            ) => {
                let ledger = Observation::Ledger(self.ledger(index(name)));
                seen(&out, name, *generation, ledger).await;
            }
            Effect::Database(name, DatabaseCall::ReadLocks(generation)) => {
                let sight = self.reach(Backend::Locks, index(name), self.locks(index(name)));
                let sight = Observation::Locks(sight);
                seen(&out, name, *generation, sight).await;
            }
            Effect::Database(name, DatabaseCall::ReadSchema(generation)) => {
                let schema =
                    self.reach(Backend::Schema, index(name), ()).and_then(|()| self.schema(index(name)));
                let schema = Observation::Schema(schema);
                seen(&out, name, *generation, schema).await;
            }
            Effect::Health(name, HealthCall::Probe(generation)) => {
                let view =
                    Observation::Health(self.reach(Backend::Health, index(name), self.health(index(name))));
                seen(&out, name, *generation, view).await;
            }
            Effect::Cloud(name, CloudCall::ListUpdates(generation)) => {
                let updates = Observation::Updates(Ok(Vec::new()));
                seen(&out, name, *generation, updates).await;
            }
            Effect::Database(name, DatabaseCall::ReadTrail(generation)) => {
                let trail = Observation::Trail(Ok(Trail::default()));
                seen(&out, name, *generation, trail).await;
            }
            Effect::Database(name, DatabaseCall::ReleaseLock(_)) => {
                out.send(EventKind::LetGo(name.clone(), Ok("its holder is gone".to_owned()))).await;
            }
            Effect::SeekRuns(generation, runs) => {
                let living = runs.iter().map(|run| (run.clone(), false)).collect();
                out.send(EventKind::Sought(*generation, Ok(living))).await;
            }
            Effect::ReadReleases => {
                let catalog = self.world().catalog.clone();
                out.send(EventKind::Releases(self.ask(Backend::Releases, "the instance", catalog))).await;
            }
            Effect::Report(report) => {
                let path = format!("/var/lib/lockstep/reports/demo1/{}/operation-report.html", report.run);
                out.send(EventKind::Reported(report.run.clone(), Ok(Filed { path, upload: None }))).await;
            }
            Effect::Notify(channel, told) => {
                let taken = Ok(format!("{} was told", channel.name()));
                out.send(EventKind::Notified(told.delivery(*channel), taken)).await;
            }
            Effect::SaveLog(_) => out.send(EventKind::LogSaved(Ok("./lockstep-log.txt".to_owned()))).await,
            Effect::Open(path) => {
                out.send(EventKind::Opened(Ok(format!("there is no desktop here to open it with: {path}"))))
                    .await;
            }
            Effect::Keep(what, text) => {
                let words = format!("{what} is in /var/lib/lockstep/copies/demo1, {} characters", text.len());
                out.send(EventKind::Kept(Ok(words))).await;
            }
            Effect::SeekImage(generation, image) => {
                let digest = format!("sha256:{}", "1f".repeat(32));
                out.send(EventKind::Image(image.clone(), *generation, Ok(ImageSeen::There(digest)))).await;
            }
            Effect::CheckPolicy(generation, release) => {
                let policy = self.world().policy.clone();
                let Some(verdict) = policy else {
                    self.world().held += 1;
                    self.changed.notify_one();
                    return std::future::pending().await;
                };
                let digest = release.archive_digest.clone();
                out.send(EventKind::Policy(digest, *generation, verdict)).await;
            }
            // Every checksum of these releases can be worked out.
            Effect::AskChecksums(_) | Effect::Forget(_) => {}
            Effect::Cancel(..) => {
                // The platform cannot cancel anything.
                if self.world().hold_at == Some(StepKind::Update) {
                    self.world().is_cancelled = true;
                    self.go_on();
                }
            }
            Effect::Identify => {
                out.send(EventKind::Identified(self.ask(Backend::Identity, "whoever asks", ana()))).await;
            }
            Effect::Database(_, DatabaseCall::Lock(run)) => {
                out.send(EventKind::Step(run.clone(), StepKind::Lock, done("locked"))).await;
            }
            Effect::Database(_, DatabaseCall::Unlock(run)) => {
                out.send(EventKind::Unlocked(run.clone())).await;
            }
            Effect::Liquibase(name, call) => self.liquibase(index(name), call, &out).await,
            Effect::Cloud(name, call @ CloudCall::Deploy { .. }) => {
                self.deploy(index(name), call, &out).await;
            }
            Effect::Health(_, HealthCall::Await(run, version)) => {
                let text = format!("200, and /version says {version}");
                out.send(EventKind::Step(run.clone(), StepKind::Health, done(&text))).await;
            }
            Effect::Action { run, step, .. } => {
                out.send(EventKind::Step(run.clone(), *step, done("exit code 0"))).await;
            }
            Effect::Flow(call) => super::flows::perform(self, call, &out).await,
            Effect::Record(_) | Effect::ReadJournal => unreachable!("the runtime does these itself"),
        }
    }
}
