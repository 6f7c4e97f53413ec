//! What all parts of the emulated AWS share, and how it opens, is reset and closes.
//!
//! Absent on purpose: answering requests ([`super::wire`]) and keeping stores alive ([`super::serving`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::durations::Pace;
use super::forward::{Forward, Patient};
use super::launch;
use super::lines::Line;
use super::logs::LogBook;
use super::place::Place;
use super::settings::{DatabaseAccess, ServiceSeed, Settings, WorldError};
use super::state::{self, Service, State};
use super::{s3, seed, serving};

/// The world as its parts hold it.
pub(super) type Shared = Arc<Inner>;

/// Everything the parts share. No lock here is ever held across an await, but for `turn`.
pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) pace: Pace,
    pub(super) logs: LogBook,
    pub(super) places: BTreeMap<String, Place>,
    /// Held by whoever begins an operation, resets, moves or closes: one at a time.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Cancelled when the world closes.
    pub(super) closing: CancellationToken,
    state: Mutex<State>,
    database: Mutex<DatabaseAccess>,
    engine_version: Mutex<Option<(DatabaseAccess, String)>>,
    disk: tokio::sync::Mutex<()>,
}

/// Opens a world; see [`super::World::open`].
pub(super) async fn open(settings: Settings) -> Result<Shared, WorldError> {
    let store_is_there = tokio::fs::metadata(&settings.store).await.is_ok_and(|found| found.is_file());
    if !store_is_there {
        return Err(WorldError::StoreMissing { path: settings.store });
    }
    let folder = settings.state_folder.clone();
    let made = tokio::fs::create_dir_all(&folder).await;
    made.map_err(|source| WorldError::File { doing: "make", path: folder.clone(), source })?;
    let logs = LogBook::open(&folder.join("logs")).await?;
    let mut state = state::load(&folder.join("aws.json")).await?.unwrap_or_else(|| State::new(Vec::new()));
    for seed in &settings.seeds {
        if state.service(&seed.environment).is_none() {
            let service = seed::service(&settings, seed, Timestamp::now())?;
            write_history(&logs, &settings, seed, &service);
            state.services.push(service);
        }
    }
    let closing = CancellationToken::new();
    let places = open_places(&settings, &mut state, &closing).await?;
    let inner = Inner {
        pace: Pace::new(settings.time_factor),
        database: Mutex::new(settings.database.clone()),
        engine_version: Mutex::default(),
        state: Mutex::new(state),
        disk: tokio::sync::Mutex::default(),
        turn: tokio::sync::Mutex::default(),
        logs,
        places,
        closing,
        settings,
    };
    let world = Arc::new(inner);
    world.save().await?;
    let keeping = (world.logs.clone(), world.closing.clone());
    tokio::spawn(async move { keeping.1.run_until_cancelled(keeping.0.keep_on_disk()).await });
    bring_up(&world).await;
    Ok(world)
}

/// Makes the world what the seeds describe; see [`super::World::reset`].
pub(super) async fn reset(world: &Shared, seeds: &[ServiceSeed]) -> Result<(), WorldError> {
    let _turn = world.turn.lock().await;
    let mut services = Vec::new();
    for seed in seeds {
        let mut service = seed::service(&world.settings, seed, Timestamp::now())?;
        let place = world.places.get(&seed.environment).ok_or_else(|| WorldError::Seeds {
            because: format!("{} was not there when the sandbox opened.", seed.environment),
        })?;
        service.url = place.address().to_string();
        services.push(service);
    }
    if let Some(forgotten) =
        world.places.keys().find(|name| !services.iter().any(|service| service.environment == **name))
    {
        return Err(WorldError::Seeds { because: format!("{forgotten} is missing from them.") });
    }
    take_down(world).await;
    world.logs.clear();
    empty_buckets(world).await?;
    for (seed, service) in seeds.iter().zip(&services) {
        write_history(&world.logs, &world.settings, seed, service);
    }
    *world.state() = State::new(services);
    world.save().await?;
    world.logs.flush().await?;
    bring_up(world).await;
    Ok(())
}

/// Starts every store anew against another server; see [`super::World::database_moved`].
pub(super) async fn database_moved(world: &Shared, database: DatabaseAccess) {
    let _turn = world.turn.lock().await;
    if world.closing.is_cancelled() {
        return;
    }
    take_down(world).await;
    *world.database.lock().unwrap_or_else(PoisonError::into_inner) = database;
    bring_up(world).await;
}

/// Ends every store and writes what there is to write; see [`super::World::shutdown`].
pub(super) async fn shutdown(world: &Shared) {
    let _turn = world.turn.lock().await;
    world.closing.cancel();
    take_down(world).await;
    // Nobody is left to tell: every change was written when it was made, this is the last look.
    world.save().await.ok();
    world.logs.flush().await.ok();
}

impl Inner {
    /// The state; hold it shortly, and never across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one call of a method of `Service`, which cannot panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the database answers now.
    pub(super) fn database(&self) -> DatabaseAccess {
        self.database.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The version of the server at `database`, when it was asked before.
    pub(super) fn known_engine_version(&self, database: &DatabaseAccess) -> Option<String> {
        let known = self.engine_version.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(server, _)| server == database).map(|(_, version)| version.clone())
    }

    /// Remembers the version of the server at `database`.
    pub(super) fn learn_engine_version(&self, database: DatabaseAccess, version: String) {
        *self.engine_version.lock().unwrap_or_else(PoisonError::into_inner) = Some((database, version));
    }

    /// Writes `aws.json` by rename; of several callers each finds at least its own change written.
    pub(super) async fn save(&self) -> Result<(), WorldError> {
        let _disk = self.disk.lock().await;
        let path = self.settings.state_folder.join("aws.json");
        let failed = |error: serde_json::Error| WorldError::File {
            doing: "write",
            path: path.clone(),
            source: error.into(),
        };
        let bytes = serde_json::to_vec_pretty(&*self.state()).map_err(failed)?;
        state::replace(&path, bytes).await
    }

    /// Writes lines of App Runner's own about a service, at one moment.
    pub(super) fn log(&self, service: &Service, operation: Option<&str>, lines: &[Line]) {
        write_lines(&self.logs, service, operation, Timestamp::now(), lines);
    }
}

async fn open_places(
    settings: &Settings,
    state: &mut State,
    closing: &CancellationToken,
) -> Result<BTreeMap<String, Place>, WorldError> {
    let mut places = BTreeMap::new();
    for service in &mut state.services {
        let environment = service.environment.clone();
        let wanted = settings.ports.get(&environment).copied();
        let patient = Patient { environment: environment.clone(), faults: settings.faults.clone() };
        let forward = Forward::open(wanted, patient, closing.clone())
            .await
            .map_err(|source| WorldError::Listen { environment: environment.clone(), source })?;
        service.url = forward.address().to_string();
        places.insert(environment, Place::new(forward));
    }
    Ok(places)
}

async fn empty_buckets(world: &Shared) -> Result<(), WorldError> {
    let path = s3::folder(world);
    match tokio::fs::remove_dir_all(&path).await {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(WorldError::File { doing: "remove", path, source })
        }
        _ => Ok(()),
    }
}

async fn bring_up(world: &Shared) {
    join_all(world.places.keys().map(|environment| serving::bring_up(world, environment))).await;
}

async fn take_down(world: &Shared) {
    join_all(world.places.values().map(Place::clear)).await;
}

fn write_history(logs: &LogBook, settings: &Settings, seed: &ServiceSeed, service: &Service) {
    for (at, operation, line) in seed::history(settings, seed, service) {
        write_lines(logs, service, Some(&operation), at, &[line]);
    }
}

fn write_lines(logs: &LogBook, service: &Service, operation: Option<&str>, at: Timestamp, lines: &[Line]) {
    let group = launch::log_group(service, "service");
    for line in lines {
        let text = format!("[AppRunner] {}", line.text);
        if let Some(operation) = operation.filter(|_| line.of_deployment) {
            logs.write_at(&group, &format!("deployment/{operation}"), at, text.clone());
        }
        logs.write_at(&group, "events", at, text);
    }
}
