//! What the benchmarks measure with: generated changesets, a board of a hundred environments, a real database.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use lockstep::adapters::Adapters;
use lockstep::config::{Settings, file, paths};
use lockstep::domain::Timestamp;
use lockstep::domain::changelog::{Changelog, Files, ROOT, Surroundings};
use lockstep::domain::compatibility::OldestImages;
use lockstep::domain::environment::Environment;
use lockstep::domain::gate::{Admission, Gate};
use lockstep::domain::ledger::{Ledger, LedgerRow};
use lockstep::domain::names::{DemoId, EnvironmentName};
use lockstep::domain::observation::{Observation, ServiceStatus, ServiceView};
use lockstep::domain::platform::Platform;
use lockstep::domain::release::{Catalog, ImageRef, Release, Version};
use lockstep::engine::State;
use lockstep::engine::effect::{DatabaseCall, Effect};
use lockstep::engine::event::{Event, EventKind, Intent};
use lockstep::runtime::{Clock, Perform as _, Sink};
use tokio::runtime::Runtime;

use super::cloud::{Cloud, SERVICE};
use super::support::postgres::Postgres;
use super::{Shared, seen};

const FILES: usize = 200;
const CHANGESETS: usize = 50;
const ENVIRONMENTS: usize = 100;

/// The files of the changelog, from its root.
pub(crate) fn files() -> Files {
    let mut master = "databaseChangeLog:\n".to_owned();
    let mut files = BTreeMap::new();
    for file in 0..FILES {
        let name = format!("parts/{file:03}.sql");
        writeln!(master, "  - include: {{file: {name}, relativeToChangelogFile: true}}").unwrap();
        let mut text = "--liquibase formatted sql\n".to_owned();
        for number in 0..CHANGESETS {
            let table = format!("part_{file:03}_{number:02}");
            write!(
                text,
                "\n--changeset store:{file:03}-{number:02}\n--comment: a table as there are many\n\
                 create table {table} (\n    id bigint primary key,\n    name varchar(200) not null,\n    \
                 price numeric(10, 2) default 0\n);\n--rollback drop table {table};\n"
            )
            .unwrap();
        }
        files.insert(format!("changelog/{name}"), text.into_bytes());
    }
    files.insert(ROOT.to_owned(), master.into_bytes());
    files
}

/// The changelog itself.
pub(crate) fn changelog() -> Shared {
    Arc::new(Changelog::read(&files(), ROOT, &Surroundings::default()).0)
}

/// A ledger in which all of it was applied.
pub(crate) fn ledger(changelog: &Changelog) -> Ledger {
    let rows = changelog.changesets().iter().zip(1..).map(|(changeset, order)| LedgerRow {
        id: changeset.id.clone().into(),
        order,
        executed_at: Timestamp::from_second(i64::from(order)).unwrap(),
        checksum: changeset.checksum().cloned(),
        tag: None,
        deployment: Some("5225940244".into()),
    });
    Ledger { rows: rows.collect(), ..Ledger::default() }
}

/// A board of a hundred environments, all of which run the release.
pub(crate) struct Board {
    state: State,
    ledgers: Vec<Ledger>,
    now: Timestamp,
}

impl Board {
    pub(crate) fn new() -> Self {
        let changelog = changelog();
        let names = (1..=ENVIRONMENTS).map(|number| name(&format!("many-{number:03}")));
        let environments: Vec<_> = names.map(environment).collect();
        let second = Duration::from_secs(1);
        let id = DemoId::parse("many").unwrap();
        let mut board = Self {
            state: State::new(id, "Bagel Store", "BENCHMARK", environments, second),
            ledgers: vec![ledger(&changelog); ENVIRONMENTS],
            now: Timestamp::UNIX_EPOCH,
        };
        let version = Version::parse("v1.0.0").unwrap();
        let image = ImageRef::of_release("registry.example/store", &version);
        let release = Release {
            version,
            image: image.clone(),
            archive: "store-changelog-v1.0.0.zip".to_owned(),
            archive_digest: "0".repeat(64),
            changelog,
            oldest_images: OldestImages::new(),
        };
        for effect in board.apply(EventKind::Intent(Intent::Begin)) {
            if let Effect::Cloud(name, lockstep::engine::effect::CloudCall::Describe(generation)) = effect {
                let view = ServiceView {
                    platform: Platform::UNKNOWN,
                    status: ServiceStatus::Running,
                    image: image.clone(),
                    address: "http://127.0.0.1:1".to_owned(),
                    updated_at: board.now,
                    operation: None,
                };
                board.apply(EventKind::Observed(name, generation, Observation::Service(Ok(view))));
            }
        }
        board.apply(EventKind::Releases(Ok(Catalog::new(vec![release]))));
        board
    }

    /// Asks every facet anew and answers every ledger with what `change` makes of the one before.
    pub(crate) fn answer(&mut self, change: impl Fn(&Ledger) -> Ledger) {
        let mut asked = 0;
        for effect in self.apply(EventKind::Intent(Intent::Refresh)) {
            if let Effect::Database(name, DatabaseCall::ReadLedger(generation)) = effect {
                let ledger = change(&self.ledgers[asked]);
                self.ledgers[asked] = ledger.clone();
                asked += 1;
                self.apply(EventKind::Observed(name, generation, Observation::Ledger(Ok(ledger))));
            }
        }
        assert_eq!(asked, ENVIRONMENTS);
        let state = &self.state;
        assert!(state.environments.iter().all(|environment| state.pair(environment).words() == "in step"));
    }

    fn apply(&mut self, kind: EventKind) -> Vec<Effect> {
        self.now += Duration::from_millis(1);
        self.state.apply(&Event { at: self.now, kind })
    }
}

/// An environment whose ledger is a real table of ten thousand rows.
pub(crate) struct Looking {
    runtime: Runtime,
    settings: Arc<Settings>,
    client: tokio_postgres::Client,
    _server: Arc<Postgres>,
}

impl Looking {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let server = Postgres::shared();
        let (settings, client) = runtime.block_on(async {
            let cloud = Cloud::start().await;
            cloud.facts().database = server.port;
            let database = server.create_database().await;
            let client = server.connect(&database).await;
            fill(&client).await;
            (settings(&cloud.url, &database), client)
        });
        Self { runtime, settings: Arc::new(settings), client, _server: server }
    }

    /// Adapters that have looked at nothing yet.
    pub(crate) fn adapters(&self) -> Adapters {
        Adapters::new(self.settings.clone(), paths::tools())
    }

    /// One look.
    pub(crate) fn look(&self, adapters: &Adapters) -> Ledger {
        let (sink, mut events) = Sink::queue(Clock::system());
        let effect = Effect::Database(name("test"), DatabaseCall::ReadLedger(1));
        self.runtime.block_on(async {
            adapters.perform(effect, sink).await;
            let event = events.recv().await.unwrap();
            seen(&event.kind).unwrap_or_else(|| panic!("{event:?}")).clone()
        })
    }

    pub(crate) fn add_row(&self) {
        let sql = "insert into databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype) \
                   select 'new-' || max(orderexecuted), 'store', 'new.sql', now(), max(orderexecuted) + 1, 'EXECUTED' \
                   from databasechangelog";
        self.runtime.block_on(self.client.batch_execute(sql)).unwrap();
    }
}

async fn fill(client: &tokio_postgres::Client) {
    let sql = "create table databasechangelog (id varchar(255) not null, author varchar(255) not null, \
         filename varchar(255) not null, dateexecuted timestamp not null, orderexecuted integer not null, \
         exectype varchar(10) not null, md5sum varchar(35), description varchar(255), comments varchar(255), \
         tag varchar(255), liquibase varchar(20), contexts varchar(255), labels varchar(255), \
         deployment_id varchar(10)); \
         insert into databasechangelog select 'set-' || n, 'store', 'changelog/parts/' || n / 50 || '.sql', \
         timestamp '2026-11-21' + n * interval '1 ms', n, 'EXECUTED', '9:' || md5(n::text), 'sql', '', null, \
         '4.29.0', null, null, '5225940244' from generate_series(1, 10000) n";
    client.batch_execute(sql).await.unwrap();
}

fn settings(endpoint: &str, database: &str) -> Settings {
    let text = format!(
        "[instance]\nid = \"demo1\"\n[aws]\nregion = \"us-east-1\"\nendpoint_url = \"{endpoint}\"\n\
         access_key_id = \"test\"\nsecret_access_key = \"test\"\n[database]\ninstance = \"rds\"\n\
         username_secret = \"username\"\npassword_secret = \"password\"\n[releases]\nfolder = \".\"\n\
         image = \"registry.example/store\"\n[[environment]]\nname = \"test\"\nservice = \"{SERVICE}\"\n\
         database = \"{database}\"\ngate = \"confirm\"\nproduction = false\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lockstep.toml");
    fs::write(&path, text).unwrap();
    file::load(&path).unwrap_or_else(|failure| panic!("{failure}"))
}

fn environment(name: EnvironmentName) -> Environment {
    Environment {
        after: Vec::new(),
        gate: Gate::new(Admission::Confirm),
        production: false,
        service: SERVICE.to_owned(),
        database: name.to_string(),
        name,
        selection: lockstep::domain::changelog::Selection::default(),
    }
}

fn name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).unwrap()
}
