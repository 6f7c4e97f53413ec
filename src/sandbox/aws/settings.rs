//! What the emulated AWS is told when it opens, and why it can refuse to.
//!
//! Absent on purpose: reading any of it from files or the environment; whoever opens the sandbox decides.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::sandbox::CommandTemplate;
use crate::sandbox::faults::Board;

/// Everything the emulated AWS has to know before it can serve one demo instance.
#[derive(Clone)]
pub struct Settings {
    /// The instance's `demo_id`; part of every name and address it gives out.
    pub demo_id: String,
    /// The AWS region in names and addresses, such as `us-east-1`.
    pub region: String,
    /// The twelve-digit account in names and addresses; the sandbox's own is `000000000000`.
    pub account: String,
    /// How many times faster than real App Runner an operation goes; 1 is real time, 0 counts as 1.
    pub time_factor: u32,
    /// The folder that belongs to this module: `aws.json` and `logs/`. Made when missing.
    pub state_folder: PathBuf,
    /// The `bagel-store` program that plays the container.
    pub store: PathBuf,
    /// Where the real PostgreSQL of the instance answers.
    pub database: DatabaseAccess,
    /// Name and password of the store's one user.
    pub login: (String, String),
    /// This program, and how it starts the Liquibase that tasks run; without it none of them can be started.
    pub liquibase: Option<(PathBuf, CommandTemplate)>,
    /// The versions whose image exists; any other cannot be pulled.
    pub known_versions: Vec<String>,
    /// The repository those images are in, without a tag.
    pub image_repository: String,
    /// The services to start with when `state_folder` holds none yet, in order.
    pub seeds: Vec<ServiceSeed>,
    /// The public store port wanted for an environment; one that is taken is replaced by a free one.
    pub ports: BTreeMap<String, u16>,
    /// What is to go wrong, and the count of all calls.
    pub faults: Board,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("demo_id", &self.demo_id)
            .field("region", &self.region)
            .field("account", &self.account)
            .field("time_factor", &self.time_factor)
            .field("state_folder", &self.state_folder)
            .field("store", &self.store)
            .field("database", &self.database)
            .field("known_versions", &self.known_versions)
            .field("image_repository", &self.image_repository)
            .finish_non_exhaustive()
    }
}

/// How a store reaches the PostgreSQL server of the instance.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAccess {
    /// Host name or address; loopback in the sandbox.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The role the stores log in as.
    pub username: String,
    /// Its password; never printed.
    pub password: String,
}

impl fmt::Debug for DatabaseAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DatabaseAccess")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("username", &self.username)
            .field("password", &"***")
            .finish()
    }
}

/// One environment's service and the deployments it is to have behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSeed {
    /// The environment, `dev` to `prod`.
    pub environment: String,
    /// The database its store uses.
    pub database: String,
    /// Version and moment of each past deployment, oldest first; the last one is what runs. Never empty.
    pub deployments: Vec<(String, Timestamp)>,
}

/// Why the emulated AWS could not open, reset or close.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The store program is not where the settings say.
    #[error("The store program is missing at {}. Build it with `cargo build --bin bagel-store`.", path.display())]
    StoreMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The seeds cannot become services.
    #[error("The services to start with are not usable: {because}")]
    Seeds {
        /// What is wrong with them and how to mend it.
        because: String,
    },
    /// A file of the state folder could not be read or written.
    #[error("Could not {doing} {}: {source}. Check the folder's permissions and the free space.", path.display())]
    File {
        /// What was tried, as a verb: `read`, `write`, `make`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own reason.
        source: io::Error,
    },
    /// `aws.json` is there but says nothing this version understands.
    #[error("{} is damaged: {because}. Move it away; the sandbox then starts from its seeds.", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and why reading stopped.
        because: String,
    },
    /// No public address could be opened for an environment.
    #[error("Could not listen on 127.0.0.1 for the store of {environment}: {source}")]
    Listen {
        /// The environment.
        environment: String,
        /// The system's own reason.
        source: io::Error,
    },
}
