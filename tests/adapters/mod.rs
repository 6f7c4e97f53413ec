//! The adapters against real things: a real PostgreSQL, a real Liquibase, real HTTP. Only AWS is a stand-in here.

pub(crate) mod cloud;
mod deploying;
mod encryption;
mod examining;
mod flows;
mod health;
mod ledgers;
mod locks;
mod logins;
mod looks;
pub(crate) mod migrating;
mod moto;
mod notifying;
mod objects;
mod policies;
mod pools;
mod recovery;
mod registry;
mod schemas;
mod silence;
mod sources;
mod standings;
mod unrecorded;

use std::sync::Arc;
use std::time::Duration;

use lockstep::adapters::Adapters;
use lockstep::config::{
    AwsSettings, ConsoleSettings, DatabaseSettings, DeadlineSettings, EncryptionSettings,
    EnvironmentSettings, LiquibaseSettings, LoginSettings, NotifySettings, PollingSettings, ReleaseSettings,
    ReportSettings, RunnerKind, Settings, SourceSettings, paths,
};
use lockstep::domain::changelog::Selection;
use lockstep::domain::environment::Environment;
use lockstep::domain::failure::Failure;
use lockstep::domain::gate::{Admission, Gate};
use lockstep::domain::names::{DemoId, EnvironmentName, RunId};
use lockstep::domain::secret::Secret;
use lockstep::engine::effect::Effect;
use lockstep::engine::event::{EventKind, Progress, StepOutcome};
use lockstep::runtime::{Clock, Perform as _, Sink};
use tempfile::TempDir;

use self::cloud::Cloud;
use crate::support::postgres::Postgres;

/// One environment called `test`, with everything around it.
pub(crate) struct Rig {
    cloud: Cloud,
    server: Option<Arc<Postgres>>,
    database: String,
    pub(crate) releases: TempDir,
    pub(crate) settings: Settings,
}

impl Rig {
    /// Without a database.
    async fn without_database() -> Self {
        let cloud = Cloud::start().await;
        let releases = tempfile::tempdir().unwrap();
        let settings = settings(&cloud, &releases, "none");
        Self { cloud, server: None, database: "none".to_owned(), releases, settings }
    }

    /// With an empty database on a real server.
    pub(crate) async fn new() -> Self {
        Self::on(Postgres::shared()).await
    }

    /// With an empty database on this server.
    async fn on(server: Arc<Postgres>) -> Self {
        let mut rig = Self::without_database().await;
        rig.database = server.create_database().await;
        rig.cloud.facts().database = server.port;
        rig.settings = settings(&rig.cloud, &rig.releases, &rig.database);
        rig.server = Some(server);
        rig
    }

    /// New adapters: nothing found out yet, no connection open.
    pub(crate) fn adapters(&self) -> Adapters {
        Adapters::new(Arc::new(self.settings.clone()), paths::tools())
    }

    /// A client with the password that Secrets Manager knows at this moment.
    async fn owner(&self) -> tokio_postgres::Client {
        let password = self.cloud.facts().password.clone();
        self.server.as_ref().unwrap().connect_with("postgres", &password).await
    }

    /// A client of the test's own.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        self.server.as_ref().unwrap().connect(&self.database).await
    }
}

fn settings(cloud: &Cloud, releases: &TempDir, database: &str) -> Settings {
    let environment = Environment {
        name: test(),
        after: Vec::new(),
        gate: Gate::new(Admission::Confirm),
        production: false,
        service: cloud::SERVICE.to_owned(),
        database: database.to_owned(),
        selection: Selection::default(),
    };
    let aws = AwsSettings {
        region: "us-east-1".to_owned(),
        endpoint_url: Some(cloud.url.clone()),
        profile: None,
        keys: Some(("test".to_owned(), Secret::new("s3cr3t/of=the&cloud"))),
        account: None,
        role: None,
    };
    Settings {
        origin: "lockstep.toml".into(),
        id: DemoId::parse("demo1").unwrap(),
        title: "Bagel Store".to_owned(),
        mode: "TEST".to_owned(),
        is_read_only: false,
        aws: aws.clone(),
        database: DatabaseSettings {
            instance: "rds".to_owned(),
            login: LoginSettings::Secrets {
                username: "username".to_owned(),
                password: "password".to_owned(),
            },
            encryption: EncryptionSettings::Disable,
        },
        releases: ReleaseSettings {
            source: SourceSettings::Folder(releases.path().to_owned()),
            cache: None,
            image: "registry.example/store".to_owned(),
            registry: None,
        },
        liquibase: LiquibaseSettings {
            runner: RunnerKind::Jvm,
            docker_image: "unused".to_owned(),
            task: None,
        },
        promotion_flow: None,
        policy: None,
        journals: None,
        reports: ReportSettings { folder: None, bucket: None, prefix: String::new() },
        notify: NotifySettings::default(),
        console: ConsoleSettings::default(),
        polling: PollingSettings { operation: Duration::from_millis(20), observe: Duration::from_secs(1) },
        deadlines: DeadlineSettings {
            look: Duration::from_secs(10),
            deployment: Duration::from_secs(30),
            health: Duration::from_secs(5),
            liquibase: Duration::from_mins(2),
        },
        keys: Vec::new(),
        environments: vec![EnvironmentSettings { environment, address: None, aws }],
    }
}

/// Carries one effect out and returns everything that it reported, in order.
pub(crate) async fn perform(adapters: &Adapters, effect: Effect) -> Vec<EventKind> {
    let (sink, mut queue) = Sink::queue(Clock::system());
    let mut events = Vec::new();
    let drain = async {
        while let Some(event) = queue.recv().await {
            events.push(event.kind);
        }
    };
    tokio::join!(adapters.perform(effect, sink), drain);
    let seen = format!("{events:?}");
    assert!(!seen.contains("s3cr3t"), "a secret leaked: {seen}");
    events
}

/// How the step ended; it must have ended exactly once, as its last event.
pub(crate) fn ended(events: &[EventKind]) -> Result<StepOutcome, Failure> {
    let is_end = |event: &&EventKind| matches!(event, EventKind::Step(_, _, Progress::Ended(_)));
    assert_eq!(events.iter().filter(is_end).count(), 1, "{events:?}");
    match events.last() {
        Some(EventKind::Step(_, _, Progress::Ended(result))) => result.clone(),
        _ => panic!("the end is not the last event: {events:?}"),
    }
}

/// What the step said on the way.
fn advanced(events: &[EventKind]) -> Vec<&str> {
    let words = events.iter().filter_map(|event| match event {
        EventKind::Step(_, _, Progress::Advanced(words)) => Some(words.as_str()),
        _ => None,
    });
    words.collect()
}

/// The texts of all log lines.
fn logged(events: &[EventKind]) -> Vec<&str> {
    let lines = events.iter().filter_map(|event| match event {
        EventKind::Log(_, lines) => Some(lines),
        _ => None,
    });
    lines.flatten().map(|line| &*line.text).collect()
}

pub(crate) fn test() -> EnvironmentName {
    EnvironmentName::parse("test").unwrap()
}

pub(crate) fn run(number: u32) -> RunId {
    RunId::from_text(format!("r-{number}-test"))
}
