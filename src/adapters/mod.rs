//! From effects to the world: cloud, databases, Liquibase, the application, the folder of releases.
//!
//! Only here is an SDK, a driver or a child process named, and none of their types leaves this folder: what goes out
//! are domain types and failures, past one redactor. No task is spawned here, and the clock is the sink's.

mod archive;
mod artifacts;
mod aws;
mod cancels;
mod doctor;
mod flows;
mod health;
mod http;
mod keeping;
mod leases;
pub mod liquibase;
mod logs;
mod notify;
pub mod opening;
pub mod packing;
mod policy;
mod postgres;
mod process;
mod redact;
mod registry;
mod report;
mod reports;
mod schemas;
pub mod sources;
mod target;
mod texts;
mod tls;
mod verdicts;
mod way;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use self::artifacts::Artifacts;
use self::aws::{Aws, Clouds};
use self::cancels::Cancels;
use self::flows::{Added, Flows};
use self::health::{Health, Waiting};
use self::leases::Leases;
use self::liquibase::{Liquibase, Target};
use self::notify::Channels;
use self::postgres::Databases;
use self::redact::Redactor;
use self::registry::Registry;
use self::report::{Report, within};
use self::reports::Reports;
use self::target::{DeployTarget, Order};
use self::texts::Texts;
use self::verdicts::Verdicts;
use crate::config::{EnvironmentSettings, Settings, paths};
use crate::domain::changelog::Problem;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::Source;
use crate::domain::location::Location;
use crate::domain::lock::Grant;
use crate::domain::log::Level;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::notification::{Channel, Notification};
use crate::domain::observation::{HealthView, Observation, Operation, ServiceView};
use crate::domain::policy::Policy;
use crate::domain::release::{ImageRef, Release, Version};
use crate::domain::report::{Filed, OperationReport};
use crate::domain::step::StepKind;
use crate::engine::effect::{CloudCall, DatabaseCall, Effect, HealthCall, LiquibaseCall};
use crate::engine::event::{EventKind, Identity, StepOutcome};
use crate::runtime::{Perform, Sink, compute};

/// The longest pause between two questions to an application that is waited for.
const HEALTH_PAUSE: Duration = Duration::from_secs(1);

/// Carries effects out in the world. Cheap to clone; clones share connections and what was found out.
#[derive(Clone)]
pub struct Adapters(Arc<Parts>);

struct Parts {
    settings: Arc<Settings>,
    redactor: Redactor,
    clouds: Clouds,
    databases: Databases,
    texts: Texts,
    artifacts: Artifacts,
    registry: Registry,
    verdicts: Verdicts,
    liquibase: Liquibase,
    health: Health,
    leases: Leases,
    cancels: Cancels,
    flows: Flows,
    reports: Reports,
    channels: Channels,
}

impl Adapters {
    /// Adapters for the instance that `settings` describe. `tools` is the folder that `make setup` fills. Nothing
    /// is asked or opened before the first effect.
    pub fn new(settings: Arc<Settings>, tools: Option<PathBuf>) -> Self {
        Self::made_of(settings, tools, Leases::default())
    }

    /// The same for whoever promotes: what lives of a run on this machine is shown by a locked file in `leases`.
    pub fn leasing(settings: Arc<Settings>, tools: Option<PathBuf>, leases: PathBuf) -> Self {
        Self::made_of(settings, tools, Leases::at(leases))
    }

    fn made_of(settings: Arc<Settings>, tools: Option<PathBuf>, leases: Leases) -> Self {
        let redactor = Redactor::default();
        if let Some((_, secret)) = &settings.aws.keys {
            redactor.learn(secret);
        }
        let clouds = Clouds::new(&settings);
        let databases = Databases::new(settings.clone(), clouds.clone(), redactor.clone());
        let texts = Texts::new(clouds.own().clone(), settings.deadlines.look);
        let artifacts = Artifacts::new(settings.clone(), texts.clone(), clouds.own(), &redactor);
        let cancels = Cancels::default();
        let liquibase = Liquibase::new(
            settings.clone(),
            tools,
            clouds.clone(),
            (databases.clone(), artifacts.clone()),
            (leases.clone(), cancels.clone()),
        );
        let health = Health::default();
        let registry = Registry::new(settings.clone(), clouds.own().clone());
        let verdicts = Verdicts::new(settings.clone(), texts.clone());
        let reports = Reports::new(settings.clone(), redactor.clone(), clouds.own().clone());
        let channels = Channels::new(settings.clone(), clouds.own().clone(), redactor.clone());
        let flows = Flows::new(
            settings.clone(),
            clouds.clone(),
            databases.clone(),
            (texts.clone(), artifacts.clone()),
            leases.clone(),
            (redactor.clone(), reports.clone()),
        );
        Self(Arc::new(Parts {
            settings,
            redactor,
            clouds,
            databases,
            texts,
            artifacts,
            registry,
            verdicts,
            liquibase,
            health,
            leases,
            cancels,
            flows,
            reports,
            channels,
        }))
    }
}

impl Adapters {
    /// Reads the policy that these files make, with what there is to know about it.
    pub async fn policy(
        &self,
        settings: Option<&Location>,
        waivers: Option<&Location>,
    ) -> Result<(Policy, Vec<Problem>), Failure> {
        let read = Box::pin(policy::read(&self.0.texts, settings, waivers)).await;
        read.map_err(|failure| self.0.redactor.failure(&failure))
    }

    /// Lets `read` read texts by their names, wherever they lie, until all are there that it asks for. Paths are meant
    /// from `folder`.
    pub async fn gather<T>(&self, folder: &Path, read: impl Fn(&Source<'_>) -> T) -> T {
        Box::pin(self.0.texts.gather(folder, read)).await
    }

    /// Tells people something that no engine has to tell, through this channel and once.
    pub async fn tell(&self, channel: Channel, told: Notification) -> Result<String, Failure> {
        Box::pin(self.0.channels.tell(channel, told)).await
    }

    /// Files the report of something that no engine watched over.
    pub async fn file(&self, made: OperationReport) -> Result<Filed, Failure> {
        let filed = Box::pin(self.0.reports.file(made)).await;
        filed.map_err(|failure| self.0.redactor.failure(&failure))
    }
}

impl Perform for Adapters {
    async fn perform(&self, effect: Effect, out: Sink) {
        let parts = &*self.0;
        let report = Report::new(out, parts.redactor.clone());
        // The clients of the cloud make large futures; each is kept on the heap while it runs.
        match effect {
            Effect::Identify => Box::pin(parts.identified(&report)).await,
            Effect::ReadReleases => Box::pin(parts.read_releases(&report)).await,
            Effect::AskChecksums(release) => {
                let told = Box::pin(parts.liquibase.checksums(&release)).await.map(Arc::new);
                let told = EventKind::Checksums(release.archive_digest.clone(), report.clean(told));
                report.send(told).await;
            }
            Effect::CheckPolicy(generation, release) => {
                parts.check_policy(generation, &release, &report).await;
            }
            Effect::SeekImage(generation, image) => {
                Box::pin(parts.seek_image(generation, image, &report)).await;
            }
            Effect::Cloud(environment, call) => Box::pin(parts.cloud(&environment, call, &report)).await,
            Effect::Database(environment, call) => {
                Box::pin(parts.database(&environment, call, &report)).await;
            }
            Effect::Liquibase(environment, call) => {
                Box::pin(parts.liquibase(&environment, call, &report)).await;
            }
            Effect::Action { environment, run, step: kind, release, order, .. } => {
                let step = report.step(&run, kind);
                let added = Added {
                    environment: &environment,
                    run: &run,
                    step: kind,
                    release: &release,
                    order: &order,
                };
                let result = Box::pin(parts.flows.carry_out(&added, &parts.liquibase, &step)).await;
                step.ended(result).await;
            }
            Effect::Cancel(_, run) => parts.cancels.cancel(&run),
            Effect::Health(environment, call) => Box::pin(parts.health(&environment, call, &report)).await,
            Effect::SeekRuns(generation, runs) => {
                let living = report.clean(Box::pin(parts.living(runs)).await);
                report.send(EventKind::Sought(generation, living)).await;
            }
            Effect::Flow(call) => Box::pin(parts.flows.perform(call, &parts.liquibase, &report)).await,
            Effect::Forget(run) => {
                parts.flows.forget(&run);
                parts.leases.end(&run);
                parts.cancels.end(&run);
            }
            effect @ (Effect::Report(_)
            | Effect::Notify(..)
            | Effect::Open(_)
            | Effect::Keep(..)
            | Effect::SaveLog(_)) => Box::pin(parts.leave(effect, &report)).await,
            Effect::Record(_) | Effect::ReadJournal => {
                let words =
                    "the journal is the runtime's own; the adapters were asked for it and did nothing";
                report.note(Level::Error, words.to_owned()).await;
            }
        }
    }
}

/// Hands a report to the desktop; says in words what came of that.
fn opened(path: &str) -> Result<String, Failure> {
    let is_opened = opening::open(path.as_ref())?;
    Ok(if is_opened {
        "the report is opened".to_owned()
    } else {
        format!("there is no desktop here to open it with: {path}")
    })
}

impl Parts {
    /// Tells who is asking AWS, and whether that is AWS at all.
    async fn identified(&self, report: &Report) {
        for (address, mend) in self.clouds.own().strays() {
            report.note(Level::Warning, format!("calls go to {address}, not to AWS. {mend}")).await;
        }
        let result = self.identify().await;
        report.send(EventKind::Identified(report.clean(result))).await;
    }

    async fn identify(&self) -> Result<Identity, Failure> {
        let what = || "could not find out who is asking AWS".to_owned();
        let caller = within(self.settings.deadlines.look, what, self.clouds.own().identity()).await?;
        Ok(caller.unwrap_or_else(|| Identity { name: machine_user(), account: None, arn: None }))
    }

    async fn check_policy(&self, generation: u64, release: &Arc<Release>, report: &Report) {
        let today = report.clock().now().to_zoned(TimeZone::UTC).date();
        let verdict = report.clean(self.verdicts.judge(release, today).await);
        report.send(EventKind::Policy(release.archive_digest.clone(), generation, verdict)).await;
    }

    async fn seek_image(&self, generation: u64, image: ImageRef, report: &Report) {
        let seen = report.clean(self.registry.look(&image).await);
        report.send(EventKind::Image(image, generation, seen)).await;
    }

    /// Does what is for people alone: reports, messages, files. No outcome hangs on any of it.
    async fn leave(&self, effect: Effect, report: &Report) {
        match effect {
            Effect::Report(made) => {
                let run = made.run.clone();
                let filed = Box::pin(self.reports.file(*made)).await;
                report.send(EventKind::Reported(run, report.clean(filed))).await;
            }
            Effect::Notify(channel, told) => {
                let delivery = told.delivery(channel);
                let result = Box::pin(self.channels.tell(channel, *told)).await;
                report.send(EventKind::Notified(delivery, result)).await;
            }
            Effect::Open(path) => report.send(EventKind::Opened(report.clean(opened(&path)))).await,
            Effect::Keep(what, text) => {
                let folder = paths::copies(&self.settings.id);
                let kept = keeping::keep(&folder, &what, &text, report.clock().now()).await;
                report.send(EventKind::Kept(report.clean(kept))).await;
            }
            Effect::SaveLog(runs) => self.save_log(runs, report).await,
            _ => {}
        }
    }

    /// Copies the full logs of these runs into one file in the folder that lockstep was started in.
    async fn save_log(&self, runs: Vec<RunId>, report: &Report) {
        let journal = self.settings.journal();
        let saved = compute(move || logs::save(&journal, &runs, Path::new("."))).await;
        let saved = saved.map(|path| path.display().to_string());
        report.send(EventKind::LogSaved(report.clean(saved))).await;
    }

    async fn read_releases(&self, report: &Report) {
        let result = self.artifacts.catalog().await.map(|(catalog, problems)| {
            let notes = problems.into_iter().map(|failure| {
                let because = failure.because.join("; ");
                format!("{}: {because}", failure.what)
            });
            (catalog, notes.collect::<Vec<_>>())
        });
        let result = match result {
            Ok((catalog, notes)) => {
                for note in notes {
                    report.note(Level::Warning, note).await;
                }
                Ok(catalog)
            }
            Err(failure) => Err(failure),
        };
        report.send(EventKind::Releases(report.clean(result))).await;
    }

    async fn cloud(&self, name: &EnvironmentName, call: CloudCall, report: &Report) {
        match call {
            CloudCall::Describe(generation) => {
                let view = report.clean(Box::pin(self.describe(name)).await);
                let seen = Observation::Service(view);
                report.send(EventKind::Observed(name.clone(), generation, seen)).await;
            }
            CloudCall::ListUpdates(generation) => {
                let updates = report.clean(Box::pin(self.updates(name)).await);
                report
                    .send(EventKind::Observed(name.clone(), generation, Observation::Updates(updates)))
                    .await;
            }
            CloudCall::Deploy { run, image, expected } => {
                let step = report.step(&run, StepKind::Service);
                let is_given_up = self.cancels.token(&run);
                let deployed = async {
                    let environment = self.environment(name)?;
                    self.databases.assure(name, &run).await?;
                    let (image, expected, step) = (&image, expected.as_ref(), &step);
                    let order = Order { image, expected, step, is_given_up };
                    Box::pin(self.target(environment).deploy(order)).await
                };
                let result = deployed.await;
                step.ended(result).await;
            }
        }
    }

    async fn describe(&self, name: &EnvironmentName) -> Result<ServiceView, Failure> {
        let environment = self.environment(name)?;
        let what = || format!("could not describe the service of {name}");
        within(self.settings.deadlines.look, what, self.target(environment).view()).await
    }

    async fn updates(&self, name: &EnvironmentName) -> Result<Vec<Operation>, Failure> {
        let environment = self.environment(name)?;
        let what = || format!("could not list the updates of the service of {name}");
        within(self.settings.deadlines.look, what, self.target(environment).updates()).await
    }

    async fn let_go(&self, environment: &EnvironmentSettings, grant: &Grant) -> Result<String, Failure> {
        self.aws(environment).assure_change().await?;
        self.databases.release_lock(environment, grant).await
    }

    /// Makes sure that the lock of a run is still its own, and its account the right one.
    async fn assure(&self, environment: &EnvironmentSettings, run: &RunId) -> Result<(), Failure> {
        self.databases.assure(&environment.environment.name, run).await?;
        Box::pin(self.aws(environment).assure_change()).await
    }

    /// Of which of these runs something lives: on this machine, or as a task.
    async fn living(&self, runs: Vec<RunId>) -> Result<BTreeMap<RunId, bool>, Failure> {
        let with_tasks = if runs.is_empty() {
            Vec::new()
        } else {
            let look = self.settings.deadlines.look;
            let what = || "could not find out which tasks of Liquibase run".to_owned();
            within(look, what, self.liquibase.runs_with_tasks()).await?
        };
        let mut living = BTreeMap::new();
        for run in runs {
            let is_held = self.leases.is_held(&run).map_err(|error| {
                Failure::new(FailureKind::Unavailable, format!("could not find out whether {run} lives here"))
                    .because(error)
            })?;
            let lives = is_held || with_tasks.contains(&run);
            living.insert(run, lives);
        }
        Ok(living)
    }

    /// Takes the lease of a run first, and then lockstep's lock: whoever sees the run must see that it lives.
    async fn lock(&self, name: &EnvironmentName, run: &RunId) -> Result<StepOutcome, Failure> {
        let environment = self.environment(name)?;
        Box::pin(self.aws(environment).assure_change()).await?;
        self.leases.take(run).await.map_err(|error| {
            Failure::new(FailureKind::Unavailable, format!("could not lock {name}"))
                .because("what shows that this run lives cannot be written")
                .because(error)
                .hint("Make room, or make lockstep's folder writable.")
        })?;
        self.databases.lock(environment, run).await?;
        Ok(StepOutcome::Done(format!("{name} is locked for {run}")))
    }

    async fn database(&self, name: &EnvironmentName, call: DatabaseCall, report: &Report) {
        match call {
            DatabaseCall::ReadLedger(generation) => {
                let ledger = match self.environment(name) {
                    Ok(environment) => self.databases.ledger(environment).await,
                    Err(failure) => Err(failure),
                };
                let seen = Observation::Ledger(report.clean(ledger));
                report.send(EventKind::Observed(name.clone(), generation, seen)).await;
            }
            DatabaseCall::ReadLedgerAtRest(generation) => {
                let ledger = match self.environment(name) {
                    Ok(environment) => Box::pin(self.databases.ledger_at_rest(environment)).await,
                    Err(failure) => Err(failure),
                };
                let seen = Observation::Ledger(report.clean(ledger));
                report.send(EventKind::Observed(name.clone(), generation, seen)).await;
            }
            DatabaseCall::ReadLocks(generation) => {
                let sight = match self.environment(name) {
                    Ok(environment) => self.databases.lock_sight(environment).await,
                    Err(failure) => Err(failure),
                };
                let seen = Observation::Locks(report.clean(sight));
                report.send(EventKind::Observed(name.clone(), generation, seen)).await;
            }
            DatabaseCall::ReadSchema(generation) => {
                let seen = Observation::Schema(report.clean(self.schema(name).await));
                report.send(EventKind::Observed(name.clone(), generation, seen)).await;
            }
            DatabaseCall::ReadTrail(generation) => {
                let trail = match self.environment(name) {
                    Ok(environment) => self.databases.trail(environment).await,
                    Err(failure) => Err(failure),
                };
                let seen = Observation::Trail(report.clean(trail));
                report.send(EventKind::Observed(name.clone(), generation, seen)).await;
            }
            DatabaseCall::ReleaseLock(grant) => {
                let released = match self.environment(name) {
                    Ok(environment) => Box::pin(self.let_go(environment, &grant)).await,
                    Err(failure) => Err(failure),
                };
                report.send(EventKind::LetGo(name.clone(), report.clean(released))).await;
            }
            DatabaseCall::Lock(run) => {
                report.step(&run, StepKind::Lock).ended(self.lock(name, &run).await).await;
            }
            DatabaseCall::Unlock(run) => {
                self.databases.unlock(&run).await;
                report.send(EventKind::Unlocked(run)).await;
            }
        }
    }

    async fn liquibase(&self, name: &EnvironmentName, call: LiquibaseCall, report: &Report) {
        let (run, release, kind) = match &call {
            LiquibaseCall::Validate(run, release) => (run, release, StepKind::Validate),
            LiquibaseCall::Tag(run, release, _) => (run, release, StepKind::Anchor),
            LiquibaseCall::Update(run, release) => (run, release, StepKind::Update),
            LiquibaseCall::Rollback(run, release, _) => (run, release, StepKind::Undo),
        };
        let step = report.step(run, kind);
        let result = match self.environment(name) {
            Ok(environment) => {
                let target = Target { environment, run, release, step: &step };
                match (self.assure(environment, run).await, &call) {
                    (Err(failure), _) => Err(failure),
                    (Ok(()), LiquibaseCall::Validate(..)) => self.liquibase.validate(&target).await,
                    (Ok(()), LiquibaseCall::Tag(_, _, tag)) => self.liquibase.tag(&target, tag).await,
                    (Ok(()), LiquibaseCall::Update(..)) => self.liquibase.update(&target).await,
                    (Ok(()), LiquibaseCall::Rollback(_, _, until)) => {
                        self.liquibase.roll_back(&target, until).await
                    }
                }
            }
            Err(failure) => Err(failure),
        };
        step.ended(result).await;
    }

    async fn health(&self, name: &EnvironmentName, call: HealthCall, report: &Report) {
        match call {
            HealthCall::Probe(generation) => {
                let view = report.clean(self.probe(name, report).await);
                let seen = Observation::Health(view);
                report.send(EventKind::Observed(name.clone(), generation, seen)).await;
            }
            HealthCall::Await(run, version) => {
                let result = self.wait_for(name, &run, &version, report).await;
                report.step(&run, StepKind::Health).ended(result).await;
            }
        }
    }

    async fn probe(&self, name: &EnvironmentName, report: &Report) -> Result<HealthView, Failure> {
        let look = self.settings.deadlines.look;
        let what = || format!("could not ask the application of {name}");
        within(look, what, async {
            let environment = self.environment(name)?;
            let address = Box::pin(self.target(environment).address()).await?;
            self.health.probe(name, &address, look, &report.clock()).await
        })
        .await
    }

    async fn wait_for(
        &self,
        name: &EnvironmentName,
        run: &RunId,
        version: &Version,
        report: &Report,
    ) -> Result<StepOutcome, Failure> {
        let environment = self.environment(name)?;
        let address = Box::pin(self.target(environment).address()).await?;
        let waiting = Waiting {
            environment: name,
            address: &address,
            version,
            look: self.settings.deadlines.look,
            deadline: self.settings.deadlines.health,
            pause: self.settings.polling.operation.min(HEALTH_PAUSE),
        };
        self.health.wait(&waiting, &report.step(run, StepKind::Health)).await
    }

    /// Where the service of this environment runs.
    fn target<'a>(&'a self, environment: &'a EnvironmentSettings) -> DeployTarget<'a> {
        DeployTarget::of(self.aws(environment), environment)
    }

    /// AWS as this environment reaches it.
    fn aws(&self, environment: &EnvironmentSettings) -> &Aws {
        self.clouds.by(&environment.aws)
    }

    fn environment(&self, name: &EnvironmentName) -> Result<&EnvironmentSettings, Failure> {
        self.settings.environment(name).ok_or_else(|| {
            Failure::new(FailureKind::Configuration, format!("there is no environment called {name}"))
                .hint(format!("Add it to {}.", self.settings.origin.display()))
        })
    }
}

/// The user of this machine, as people know them.
pub fn machine_user() -> String {
    let known = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let listed = || nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map(|user| user.name);
    known.or_else(listed).unwrap_or_else(|| format!("user {}", nix::unistd::getuid()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{
        AwsSettings, ConsoleSettings, DatabaseSettings, DeadlineSettings, EncryptionSettings,
        LiquibaseSettings, LoginSettings, NotifySettings, PollingSettings, ReleaseSettings, ReportSettings,
        RunnerKind, SourceSettings,
    };
    use crate::domain::names::DemoId;
    use crate::runtime::Clock;

    /// Settings of an instance that does not exist.
    pub(super) fn settings() -> Settings {
        let second = Duration::from_secs(1);
        Settings {
            origin: "lockstep.toml".into(),
            id: DemoId::parse("demo1").unwrap(),
            title: "Bagel Store".to_owned(),
            mode: "TEST".to_owned(),
            is_read_only: false,
            aws: AwsSettings {
                region: "us-east-1".to_owned(),
                endpoint_url: Some("http://127.0.0.1:1".to_owned()),
                profile: None,
                keys: Some(("test".to_owned(), crate::domain::secret::Secret::new("test-key"))),
                account: None,
                role: None,
            },
            database: DatabaseSettings {
                instance: "rds".to_owned(),
                login: LoginSettings::Managed,
                encryption: EncryptionSettings::Disable,
            },
            releases: ReleaseSettings {
                source: SourceSettings::Folder("releases".into()),
                cache: None,
                image: "registry.example/store".to_owned(),
                registry: None,
            },
            liquibase: LiquibaseSettings {
                runner: RunnerKind::Auto,
                docker_image: "image".to_owned(),
                task: None,
            },
            promotion_flow: None,
            policy: None,
            journals: None,
            reports: ReportSettings { folder: None, bucket: None, prefix: String::new() },
            notify: NotifySettings::default(),
            console: ConsoleSettings::default(),
            polling: PollingSettings { operation: second, observe: second },
            deadlines: DeadlineSettings {
                look: second,
                deployment: second,
                health: second,
                liquibase: second,
            },
            keys: Vec::new(),
            environments: Vec::new(),
        }
    }

    #[tokio::test]
    async fn an_environment_that_is_not_configured_is_a_failure_and_not_a_missing_event() {
        let adapters = Adapters::new(Arc::new(settings()), None);
        let (sink, mut events) = Sink::queue(Clock::system());
        let nowhere = EnvironmentName::parse("nowhere").unwrap();
        for effect in [
            Effect::Cloud(nowhere.clone(), CloudCall::Describe(1)),
            Effect::Database(nowhere.clone(), DatabaseCall::ReadLedger(1)),
            Effect::Database(nowhere.clone(), DatabaseCall::ReadSchema(1)),
            Effect::Health(nowhere.clone(), HealthCall::Probe(1)),
        ] {
            adapters.perform(effect, sink.clone()).await;
            let EventKind::Observed(name, 1, seen) = events.recv().await.unwrap().kind else { panic!() };
            let failure = match seen {
                Observation::Service(Err(failure))
                | Observation::Ledger(Err(failure))
                | Observation::Schema(Err(failure))
                | Observation::Health(Err(failure)) => failure,
                other => panic!("{other:?}"),
            };
            assert_eq!((name, failure.kind), (nowhere.clone(), FailureKind::Configuration));
            assert_eq!(failure.what, "there is no environment called nowhere");
        }
    }
}
