//! The start state every sandbox tells: which release each environment runs, and how it got there.
//!
//! Data, not code: environments, deployments in days before today, and the names the sandbox gives to AWS things. Times
//! are the local clock's, so "yesterday afternoon" is the presenter's; two resets on one day tell exactly the same.
//! Deliberately absent: changesets; they come from the releases that the sandbox is started with.

use jiff::{Timestamp, ToSpan as _, Zoned};

/// The region that the sandbox pretends to be in.
pub const REGION: &str = "us-east-1";
/// The account number that the sandbox pretends to be.
pub const ACCOUNT: &str = "000000000000";
/// The access key id and the secret key that the sandbox takes. A secret is masked wherever it stands, so it must be no
/// word that anybody writes, such as the name of an environment.
pub const KEYS: (&str, &str) = ("sandbox", "sandbox-key-that-guards-nothing");
/// Name and password of the store's one user.
pub const LOGIN: (&str, &str) = ("demo", "bagels");

/// One environment of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Also the name of its database.
    pub name: &'static str,
    /// What opens it: `automatic`, `confirm` or `approve`.
    pub gate: &'static str,
    /// True where a mistake costs most.
    pub production: bool,
}

impl Environment {
    /// True when somebody has to approve a promotion to it.
    pub fn needs_approval(&self) -> bool {
        self.gate == "approve"
    }
}

/// All environments, in the order of promotion.
pub const ENVIRONMENTS: [Environment; 4] = [
    Environment { name: "dev", gate: "automatic", production: false },
    Environment { name: "test", gate: "confirm", production: false },
    Environment { name: "staging", gate: "confirm", production: false },
    Environment { name: "prod", gate: "approve", production: true },
];

/// Environment, release, days before today, hour, minute; per environment oldest first.
const DEPLOYMENTS: [(&str, &str, i32, i8, i8); 8] = [
    ("dev", "v1.0.0", 40, 9, 41),
    ("dev", "v1.1.0", 16, 11, 5),
    ("dev", "v1.2.0", 1, 15, 24),
    ("test", "v1.0.0", 39, 14, 12),
    ("test", "v1.1.0", 15, 10, 33),
    ("staging", "v1.0.0", 37, 9, 58),
    ("staging", "v1.1.0", 9, 16, 7),
    ("prod", "v1.0.0", 35, 8, 30),
];

/// What one environment went through, oldest first: version and moment.
pub fn deployments(environment: &str, now: &Zoned) -> Vec<(String, Timestamp)> {
    DEPLOYMENTS
        .iter()
        .filter(|told| told.0 == environment)
        .map(|&(_, version, days, hour, minute)| {
            let day = now.date().saturating_sub(days.days());
            // A local time that a clock change skips is moved by an hour; any other is exact.
            let at = day.at(hour, minute, 17, 0).to_zoned(now.time_zone().clone());
            (version.to_owned(), at.map_or_else(|_| now.timestamp(), |at| at.timestamp()))
        })
        .collect()
}

/// The release that an environment runs in the start state.
pub fn current(environment: &str) -> &'static str {
    let told = DEPLOYMENTS.iter().rev().find(|told| told.0 == environment);
    told.map_or(DEPLOYMENTS[0].1, |told| told.1)
}

/// The releases that the story needs, oldest first.
pub fn versions() -> Vec<&'static str> {
    let mut versions: Vec<&str> = DEPLOYMENTS.iter().map(|told| told.1).collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

/// The application service of an environment.
pub fn service(demo_id: &str, environment: &str) -> String {
    format!("bagel-store-{demo_id}-{environment}")
}

/// The database server's name in AWS.
pub fn database_instance(demo_id: &str) -> String {
    format!("bagel-store-{demo_id}-rds")
}

/// The bucket for operation reports.
pub fn reports_bucket(demo_id: &str) -> String {
    format!("bagel-store-{demo_id}-operation-reports")
}

/// The bucket for the archives that migrations fetch.
pub fn releases_bucket(demo_id: &str) -> String {
    format!("bagel-store-{demo_id}-releases")
}

/// The cluster of one-off tasks.
pub fn migrations_cluster(demo_id: &str) -> String {
    format!("bagel-store-{demo_id}-migrations")
}

/// The families of their task definitions, with `{environment}` where the name of the environment belongs.
pub fn migrations_family(demo_id: &str) -> String {
    format!("bagel-store-{demo_id}-liquibase-{{environment}}")
}

/// The subnets and the security group of the network; nothing looks into them.
pub const NETWORK: ([&str; 2], &str) =
    (["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"], "sg-0a1b2c3d4e5f60718");

/// The repository of the application's images, without a tag.
pub fn image_repository(demo_id: &str) -> String {
    format!("public.ecr.aws/l1v5b6d6/{demo_id}-bagel-store")
}
