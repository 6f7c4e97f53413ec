//! From files to typed settings: the instance, the tools, the themes. Every problem of a file is reported at once.

pub mod appearance;
mod aws;
mod database;
mod environment;
pub mod file;
pub mod instance;
pub mod keys;
mod liquibase;
mod notify;
pub mod paths;
mod policy;
mod recovery;
mod releases;
pub mod remembered;
pub mod terraform;
pub mod theme;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::environment::Environment;
use crate::domain::location::Location;
use crate::domain::names::{DemoId, EnvironmentName};
use crate::domain::policy::Severity;
use crate::domain::secret::Secret;

pub use notify::{
    DesktopSettings, EmailSettings, MailSecurity, NotifySettings, SecretPlace, Signal, SlackSettings,
};

/// Everything that is configured about one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file that it was read from.
    pub origin: PathBuf,
    /// Which instance this is.
    pub id: DemoId,
    /// What the application is called on screen.
    pub title: String,
    /// The word for how real this is, such as `SANDBOX ×20` or `LIVE`.
    pub mode: String,
    /// Nothing may be changed, whoever asks for it.
    pub is_read_only: bool,
    /// How to reach AWS.
    pub aws: AwsSettings,
    /// How to reach the databases.
    pub database: DatabaseSettings,
    /// Where releases are.
    pub releases: ReleaseSettings,
    /// How to run Liquibase.
    pub liquibase: LiquibaseSettings,
    /// The flow that promotions go by; a path is relative to the folder of the file. `None` for lockstep's own steps.
    pub promotion_flow: Option<Location>,
    /// What no changelog may do; `None` where nothing is checked.
    pub policy: Option<PolicySettings>,
    /// The folder that holds a folder with the journal of each instance; `None` for the platform's.
    pub journals: Option<PathBuf>,
    /// Where reports go.
    pub reports: ReportSettings,
    /// Who is told of what happens.
    pub notify: NotifySettings,
    /// How the console looks there.
    pub console: ConsoleSettings,
    /// How often to look.
    pub polling: PollingSettings,
    /// How long to wait.
    pub deadlines: DeadlineSettings,
    /// Keys of the console that somebody chose.
    pub keys: Vec<keys::ChosenKeys>,
    /// The environments, in order.
    pub environments: Vec<EnvironmentSettings>,
}

impl Settings {
    /// What holds where there is no instance: nothing can be promoted, and no environment is known.
    pub fn without_instance() -> Self {
        file::without_instance()
    }

    /// The same for whoever may only look: the word in the header says so.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { is_read_only: true, mode: "READ-ONLY".to_owned(), ..self }
    }

    /// The folder for archives that came from elsewhere.
    pub fn archives(&self) -> PathBuf {
        self.releases.cache.clone().unwrap_or_else(paths::archives)
    }

    /// The folder of this instance's journal.
    pub fn journal(&self) -> PathBuf {
        self.journals
            .as_ref()
            .map_or_else(|| paths::journal(&self.id), |folder| folder.join(self.id.as_str()))
    }

    /// The folder that holds a folder with the report of each operation of this instance.
    pub fn reports(&self) -> PathBuf {
        self.reports.folder.clone().unwrap_or_else(|| paths::reports(&self.id))
    }

    /// The settings of one environment.
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentSettings> {
        self.environments.iter().find(|settings| settings.environment.name == *name)
    }
}

/// One environment, with what only the adapters need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentSettings {
    /// The environment.
    pub environment: Environment,
    /// Where its application answers; by default the address that the platform names.
    pub address: Option<String>,
    /// How AWS is reached for it: its own account, role or region, else those of the instance.
    pub aws: AwsSettings,
}

/// How to reach AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsSettings {
    /// The region.
    pub region: String,
    /// Another address than AWS's own, for an emulated AWS.
    pub endpoint_url: Option<String>,
    /// The profile of the AWS configuration; beats keys that happen to be in the environment.
    pub profile: Option<String>,
    /// Fixed keys; only together with `endpoint_url`.
    pub keys: Option<(String, Secret)>,
    /// The account that everything must be in, of twelve digits; `None` where nobody has said.
    pub account: Option<String>,
    /// The role to take on with these credentials.
    pub role: Option<RoleSettings>,
}

/// A role that is taken on before anything is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSettings {
    /// Its ARN.
    pub arn: String,
    /// What its owner wants to hear, so that nobody takes it on for somebody else.
    pub external_id: Option<String>,
}

/// How to reach the databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// The RDS instance that holds all of them.
    pub instance: String,
    /// Who logs in there.
    pub login: LoginSettings,
    /// How connections are encrypted.
    pub encryption: EncryptionSettings,
}

/// Where user and password of the databases are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginSettings {
    /// RDS keeps them itself, and names the secret with both.
    Managed,
    /// One secret, by name or ARN: JSON with `username` and `password`.
    Secret(String),
    /// A secret for each, by name or ARN.
    Secrets {
        /// That of the user's name.
        username: String,
        /// That of the password.
        password: String,
    },
}

/// How a connection to a database is encrypted, in the words of PostgreSQL's client library. Nothing falls back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncryptionSettings {
    /// Not at all.
    Disable,
    /// Always; whose certificate it is, is not looked at.
    Require,
    /// Always, with a certificate that a trusted authority has signed.
    VerifyCa(TrustSettings),
    /// The same, and the certificate is for the host that was meant.
    VerifyFull(TrustSettings),
}

/// Which authorities are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustSettings {
    /// Those of this machine.
    System,
    /// Those in a file (PEM), by its absolute path.
    Bundle(PathBuf),
}

/// Where releases are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseSettings {
    /// Where the changelog archives come from.
    pub source: SourceSettings,
    /// The folder for archives that came from elsewhere; `None` for lockstep's own.
    pub cache: Option<PathBuf>,
    /// The image repository; the tag is the version.
    pub image: String,
    /// The registry of the images; `None` where it is not asked.
    pub registry: Option<RegistrySettings>,
}

/// A registry that can be asked for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrySettings {
    /// One that is open to everybody, by its address.
    Open(String),
    /// That of an AWS account in a region.
    Private {
        /// The account.
        account: String,
        /// The region.
        region: String,
    },
}

/// Where changelog archives come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSettings {
    /// A folder.
    Folder(PathBuf),
    /// The objects of an S3 bucket.
    Bucket {
        /// Its name.
        bucket: String,
        /// What their keys begin with, without a `/` at either end; may be empty.
        prefix: String,
    },
    /// What is attached to the releases of a repository on GitHub.
    GitHub {
        /// Whose repository.
        owner: String,
        /// Its name.
        repository: String,
        /// The environment variable that holds a token, if it is set.
        token_variable: String,
        /// Where GitHub's interface answers, without a `/` at the end.
        api: String,
    },
}

impl fmt::Display for SourceSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(out, "{}", path.display()),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(out, "s3://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(out, "s3://{bucket}/{prefix}"),
            Self::GitHub { owner, repository, .. } => write!(out, "github:{owner}/{repository}"),
        }
    }
}

/// How to run Liquibase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiquibaseSettings {
    /// Which kind of runner.
    pub runner: RunnerKind,
    /// The Docker image, for that kind.
    pub docker_image: String,
    /// What a one-off task is told, for that kind.
    pub task: Option<TaskSettings>,
}

/// Liquibase as a one-off task in ECS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSettings {
    /// The cluster that it runs in.
    pub cluster: String,
    /// The family of its task definition, with `{environment}` where the name of the environment belongs.
    pub family: String,
    /// The container that runs Liquibase.
    pub container: String,
    /// The container that fetches the changelog archive before that.
    pub archive_container: String,
    /// Where both containers have the archive.
    pub archive_path: String,
    /// The subnets that it may be in.
    pub subnets: Vec<String>,
    /// Its security groups; those of the network by default.
    pub security_groups: Vec<String>,
    /// True when it gets an address that the internet can route to, which some networks need to fetch images.
    pub has_public_address: bool,
    /// The bucket that archives are put into for it.
    pub bucket: String,
    /// What the keys in the bucket begin with, without a `/` at either end; may be empty.
    pub prefix: String,
}

impl TaskSettings {
    /// The family for one environment.
    pub fn family(&self, environment: &EnvironmentName) -> String {
        self.family.replace("{environment}", environment.as_str())
    }
}

/// What no changelog may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySettings {
    /// The settings of the checks, in the format of Liquibase.
    pub settings: Location,
    /// What is let pass nevertheless, for some time.
    pub waivers: Option<Location>,
    /// From this severity on a finding stands in a promotion's way.
    pub blocks_at: Severity,
    /// Who checks.
    pub engine: PolicyEngine,
}

/// Who checks a changelog against policy. lockstep always does; a promotion waits for what that says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyEngine {
    /// lockstep alone.
    Lockstep,
    /// lockstep, and beside it Liquibase's own checks, which need a licence key.
    Liquibase,
}

/// The kinds of Liquibase runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunnerKind {
    /// The first of JVM and CLI that works here.
    Auto,
    /// `java` started directly with the jars: the fastest.
    Jvm,
    /// The installed `liquibase` command.
    Cli,
    /// `docker run` of an image.
    Docker,
    /// A one-off task in ECS. What needs no database of an environment is still done here, as with [`Self::Auto`].
    Ecs,
}

/// Where reports go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSettings {
    /// The folder; `None` for one of lockstep's own.
    pub folder: Option<PathBuf>,
    /// The S3 bucket that they are uploaded to, if to one.
    pub bucket: Option<String>,
    /// What the keys in the bucket begin with, without a `/` at either end; may be empty.
    pub prefix: String,
}

/// How the console looks, unless a flag says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsoleSettings {
    /// The name of the theme; `None` for the usual one.
    pub theme: Option<String>,
    /// True when nothing but ASCII is to be drawn.
    pub ascii: bool,
    /// True when nothing is to move on its own.
    pub reduced_motion: bool,
}

/// How often to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollingSettings {
    /// Between two looks at a running operation.
    pub operation: Duration,
    /// Between two looks at an environment where nothing happens.
    pub observe: Duration,
}

/// How long to wait before an answer is taken for missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadlineSettings {
    /// For one question to a cloud service, a database or an application.
    pub look: Duration,
    /// For a deployment, and for taking it back when it fails.
    pub deployment: Duration,
    /// For the application to become healthy after its deployment succeeded.
    pub health: Duration,
    /// For one run of Liquibase.
    pub liquibase: Duration,
}
