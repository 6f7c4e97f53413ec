//! What a keeper owns: PostgreSQL, its databases, the emulated AWS with the stores, and the files that name them.
//!
//! Deliberately absent: deciding when to open, reset or close.

mod faults;

use axum::Router;
use jiff::Zoned;

use self::faults::Faults;
use super::note;
use super::record::Record;
use crate::sandbox::aws::{self, World};
use crate::sandbox::databases::Access;
use crate::sandbox::folder::{self, StateFolder, read_json, write_json};
use crate::sandbox::launcher::Launcher;
use crate::sandbox::link::KeeperAddress;
use crate::sandbox::postgres::{Binaries, Cluster, Server, claim};
use crate::sandbox::seeding::Seeding;
use crate::sandbox::{LaunchSettings, PostgresAddress, Sandbox, SandboxError, policy, story};

/// A part is there from the moment its processes exist, so that closing finds all of them.
pub(crate) struct Estate {
    state: StateFolder,
    settings: LaunchSettings,
    launcher: Launcher,
    record: Record,
    database: Option<(Binaries, Cluster)>,
    server: Option<Server>,
    world: Option<World>,
    faults: Faults,
}

impl Estate {
    pub(crate) fn new(
        state: StateFolder,
        settings: LaunchSettings,
        endpoint: u16,
    ) -> Result<Self, SandboxError> {
        let launcher = Launcher::new(settings.lockstep.clone())?;
        let record = Record { endpoint: Some(endpoint), ..Record::load(&state) };
        record.save(&state)?;
        Ok(Self {
            state,
            settings,
            launcher,
            record,
            database: None,
            server: None,
            world: None,
            faults: Faults::default(),
        })
    }

    /// Starts every part and waits until all are ready.
    pub(crate) async fn open(&mut self, progress: &dyn Fn(&str)) -> Result<(), SandboxError> {
        let (named, tools) = (self.settings.postgres_bin.as_deref(), self.settings.tools.as_deref());
        let binaries = Binaries::find(named, tools, &self.launcher, self.state.root()).await?;
        let cluster = Cluster::ensure(&self.state, &binaries, &self.launcher).await?;
        let version = binaries.version().to_owned();
        self.database = Some((binaries, cluster));
        self.start_postgres().await?;
        progress(&format!("PostgreSQL {version} is ready"));
        let now = Zoned::now();
        self.sweep().await?;
        self.seeding(progress)?.ensure(&now).await?;
        let world = World::open(self.world_settings(&now)?).await;
        let world = self.world.insert(world.map_err(cloud("start"))?);
        world.place_flows(&policy::flows()).await.map_err(cloud("start"))?;
        self.record.stores =
            world.addresses().into_iter().map(|(name, address)| (name, address.port())).collect();
        self.record.save(&self.state)?;
        progress("AWS and the stores are ready");
        Ok(())
    }

    /// Starts PostgreSQL, on the port it had if that is free, and tells the stores where it is.
    pub(crate) async fn start_postgres(&mut self) -> Result<(), SandboxError> {
        let Some((binaries, cluster)) = &self.database else { return Ok(()) };
        let before = self.record.postgres;
        for attempt in 0..Server::attempts() {
            let lock = claim(&self.state).await?;
            let wanted = before.filter(|_| attempt == 0);
            let server = Server::spawn(&self.state, binaries, cluster, &self.launcher, (lock, wanted))?;
            let access = server.access(cluster);
            if self.server.insert(server).ready(&self.state, &access).await? {
                self.record.postgres = Some(access.port);
                self.record.save(&self.state)?;
                return if before == Some(access.port) { Ok(()) } else { self.moved(access).await };
            }
            note(format_args!("port {} was taken by another program; trying another", access.port));
        }
        let because = "every port it tried was taken by another program".to_owned();
        Err(SandboxError::Postgres { action: "start", because, log: self.state.postgres_log() })
    }

    /// Waits until PostgreSQL ends by itself, and says how.
    pub(crate) async fn postgres_ended(&mut self) -> String {
        match &mut self.server {
            Some(server) => server.ended().await.map_or_else(String::new, |status| status.to_string()),
            None => std::future::pending().await,
        }
    }

    /// Brings everything back to the start state; what the kept copies cannot bring back is made anew.
    pub(crate) async fn reset(&mut self, progress: &dyn Fn(&str)) -> Result<(), SandboxError> {
        let now = Zoned::now();
        if let Err(error) = self.forget_faults().await {
            note(&error);
        }
        if let Err(error) = self.seeding(progress)?.restore(&now).await {
            note(&error);
            progress("the databases cannot be brought back; making them anew");
            self.make_anew(progress, &now).await?;
        }
        if let Some(world) = &self.world {
            progress("bringing AWS and the stores back to the start");
            let back = cloud("go back to the start");
            world.reset(seeds(&now)).await.map_err(back)?;
            world.place_flows(&policy::flows()).await.map_err(back)?;
        }
        policy::place(&self.state, true)?;
        self.publish()
    }

    /// Lets the sandbox live until it is taken down.
    pub(crate) fn keep(&mut self) -> Result<(), SandboxError> {
        self.settings.keep = true;
        write_json(&self.state.launch(), &self.settings)?;
        self.publish()
    }

    /// Ends every process; the databases last, because the stores use them.
    pub(crate) async fn close(&mut self) {
        self.leave_faults().await;
        if let Some(world) = self.world.take() {
            world.shutdown().await;
        }
        if let Some(mut server) = self.server.take() {
            server.stop().await;
        }
    }

    /// The emulated AWS.
    pub(crate) fn router(&self) -> Router {
        self.world.as_ref().map_or_else(Router::new, World::router)
    }

    pub(crate) fn settings(&self) -> &LaunchSettings {
        &self.settings
    }

    pub(crate) fn state(&self) -> &StateFolder {
        &self.state
    }

    /// False once the folder was removed or another keeper's address is in it.
    pub(crate) fn is_ours(&self) -> bool {
        let address: Result<KeeperAddress, _> = read_json(&self.state.keeper());
        address.is_ok_and(|address| address.pid == std::process::id())
    }

    /// The addresses as they are now.
    pub(crate) fn sandbox(&self) -> Sandbox {
        let port = |port: Option<u16>| port.unwrap_or_default();
        let stores = self.record.stores.iter();
        Sandbox {
            demo_id: self.settings.demo_id.clone(),
            state_folder: self.state.path().to_path_buf(),
            config: self.state.config(),
            releases: self.state.releases(),
            endpoint_url: format!("http://127.0.0.1:{}", port(self.record.endpoint)),
            region: story::REGION.to_owned(),
            access_key_id: story::KEYS.0.to_owned(),
            secret_access_key: story::KEYS.1.to_owned(),
            postgres: PostgresAddress {
                host: "127.0.0.1".to_owned(),
                port: port(self.record.postgres),
                user: crate::sandbox::postgres::USER.to_owned(),
                version: self.database.as_ref().map(|found| found.0.version().to_owned()).unwrap_or_default(),
            },
            pgpass: self.state.pgpass(),
            stores: stores.map(|(name, port)| (name.clone(), format!("http://127.0.0.1:{port}"))).collect(),
            time_factor: self.settings.time_factor,
            kept: self.settings.keep,
            keeper: std::process::id(),
        }
    }

    async fn make_anew(&mut self, progress: &dyn Fn(&str), now: &Zoned) -> Result<(), SandboxError> {
        if let Some(mut server) = self.server.take() {
            server.stop().await;
        }
        if let Some((binaries, cluster)) = &mut self.database {
            // Nothing may still write into the folder that is removed.
            drop(claim(&self.state).await?);
            folder::remove(cluster.folder())?;
            *cluster = Cluster::ensure(&self.state, binaries, &self.launcher).await?;
        }
        self.start_postgres().await?;
        self.seeding(progress)?.ensure(now).await
    }

    /// The server is on another port: the stores and the files must know.
    async fn moved(&self, access: Access) -> Result<(), SandboxError> {
        let Some(world) = &self.world else { return Ok(()) };
        world.database_moved(database_access(access)).await;
        self.publish()
    }

    /// Writes the files that tell others where everything is.
    pub(crate) fn publish(&self) -> Result<(), SandboxError> {
        self.sandbox().publish(&self.state, &self.settings, &self.access()?)
    }

    fn access(&self) -> Result<Access, SandboxError> {
        match (&self.database, &self.server, self.record.postgres) {
            (Some((_, cluster)), Some(server), _) => Ok(server.access(cluster)),
            // A fault has stopped it; it comes back where it was.
            (Some((_, cluster)), None, Some(port)) => Ok(cluster.access(port)),
            _ => Err(SandboxError::NotRunning(self.settings.demo_id.clone())),
        }
    }

    fn seeding<'a>(&'a self, progress: &'a dyn Fn(&str)) -> Result<Seeding<'a>, SandboxError> {
        let seeded = self.database.as_ref().map(|found| found.1.seeded()).unwrap_or_default();
        let (state, settings, launcher) = (&self.state, &self.settings, &self.launcher);
        Ok(Seeding { state, settings, launcher, access: self.access()?, seeded, progress })
    }

    fn world_settings(&self, now: &Zoned) -> Result<aws::Settings, SandboxError> {
        Ok(aws::Settings {
            demo_id: self.settings.demo_id.clone(),
            region: story::REGION.to_owned(),
            account: story::ACCOUNT.to_owned(),
            time_factor: self.settings.time_factor,
            state_folder: self.state.aws(),
            store: self.settings.store.clone(),
            database: database_access(self.access()?),
            login: (story::LOGIN.0.to_owned(), story::LOGIN.1.to_owned()),
            liquibase: Some((self.settings.lockstep.clone(), self.settings.liquibase.clone())),
            known_versions: self.settings.releases.iter().map(|release| release.version.clone()).collect(),
            image_repository: story::image_repository(&self.settings.demo_id),
            seeds: seeds(now),
            ports: self.record.stores.clone(),
            faults: self.faults.board.clone(),
        })
    }
}

/// The story in the words of the emulated AWS.
fn seeds(now: &Zoned) -> Vec<aws::ServiceSeed> {
    let seed = |environment: &story::Environment| aws::ServiceSeed {
        environment: environment.name.to_owned(),
        database: environment.name.to_owned(),
        deployments: story::deployments(environment.name, now),
    };
    story::ENVIRONMENTS.iter().map(seed).collect()
}

fn database_access(access: Access) -> aws::DatabaseAccess {
    let username = access.user.to_owned();
    aws::DatabaseAccess {
        host: "127.0.0.1".to_owned(),
        port: access.port,
        username,
        password: access.password,
    }
}

fn cloud(action: &'static str) -> impl Fn(aws::WorldError) -> SandboxError + Copy {
    move |error| SandboxError::Cloud { action, because: error.to_string() }
}
