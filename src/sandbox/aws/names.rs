//! Names, identifiers and ARNs the emulated AWS gives out.
//!
//! Those of seeded things are derived, so that a reset gives the same state again; those of what an
//! operator starts are random. Absent on purpose: looking anything up by such a name.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::settings::Settings;

/// The bucket for flow files.
pub(super) fn flows_bucket(settings: &Settings) -> String {
    format!("bagel-store-{}-liquibase-flows", settings.demo_id)
}

/// The name of an environment's App Runner service: `bagel-store-<demo_id>-<environment>`.
pub(super) fn service_name(settings: &Settings, environment: &str) -> String {
    format!("bagel-store-{}-{environment}", settings.demo_id)
}

/// The ARN of an App Runner service.
pub(super) fn service_arn(settings: &Settings, name: &str, id: &str) -> String {
    format!("arn:aws:apprunner:{}:{}:service/{name}/{id}", settings.region, settings.account)
}

/// The ARN of the account's default auto scaling configuration, revision 1.
pub(super) fn scaling_arn(settings: &Settings) -> String {
    format!(
        "arn:aws:apprunner:{}:{}:autoscalingconfiguration/DefaultConfiguration/1/{:0>32}",
        settings.region, settings.account, 1
    )
}

/// The identifier of the instance's RDS server.
pub(super) fn rds_identifier(settings: &Settings) -> String {
    format!("bagel-store-{}-rds", settings.demo_id)
}

/// The ARN of that server.
pub(super) fn rds_arn(settings: &Settings) -> String {
    format!("arn:aws:rds:{}:{}:db:{}", settings.region, settings.account, rds_identifier(settings))
}

/// The secret with user and password that RDS manages.
pub(super) fn managed_secret(settings: &Settings) -> String {
    format!("rds!db-{}", dashed(&derived(&[&rds_identifier(settings), "managed"])))
}

/// The ARN of a secret, with the six characters Secrets Manager appends to every name.
pub(super) fn secret_arn(settings: &Settings, name: &str) -> String {
    let id = derived(&[&settings.demo_id, "secret", name]);
    let suffix = &id[..6];
    format!("arn:aws:secretsmanager:{}:{}:secret:{name}-{suffix}", settings.region, settings.account)
}

/// The ARN of a CloudWatch Logs group.
pub(super) fn log_group_arn(settings: &Settings, group: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{group}", settings.region, settings.account)
}

/// The bucket for operation reports.
pub(super) fn reports_bucket(settings: &Settings) -> String {
    format!("bagel-store-{}-operation-reports", settings.demo_id)
}

/// The bucket for the archives that migrations fetch.
pub(super) fn releases_bucket(settings: &Settings) -> String {
    format!("bagel-store-{}-releases", settings.demo_id)
}

/// The cluster of migrations.
pub(super) fn migrations_cluster(settings: &Settings) -> String {
    format!("bagel-store-{}-migrations", settings.demo_id)
}

/// The ARN of that cluster.
pub(super) fn cluster_arn(settings: &Settings) -> String {
    ecs_arn(settings, &format!("cluster/{}", migrations_cluster(settings)))
}

/// The family of the task definitions for an environment's migrations.
pub(super) fn migration_family(settings: &Settings, environment: &str) -> String {
    format!("bagel-store-{}-liquibase-{environment}", settings.demo_id)
}

/// The log group of migrations.
pub(super) fn migrations_log(settings: &Settings) -> String {
    format!("/bagel-store-{}/liquibase", settings.demo_id)
}

/// The ARN of a revision of a task definition.
pub(super) fn task_definition_arn(settings: &Settings, family: &str, revision: usize) -> String {
    ecs_arn(settings, &format!("task-definition/{family}:{revision}"))
}

/// The ARN of a task.
pub(super) fn task_arn(settings: &Settings, id: &str) -> String {
    ecs_arn(settings, &format!("task/{}/{id}", migrations_cluster(settings)))
}

fn ecs_arn(settings: &Settings, resource: &str) -> String {
    format!("arn:aws:ecs:{}:{}:{resource}", settings.region, settings.account)
}

/// SHA-256 in lower-case hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// The tags every resource of the demo carries, in the order AWS would list them.
pub(super) fn tags(settings: &Settings) -> [(&'static str, String); 4] {
    [
        ("demo_id", settings.demo_id.clone()),
        ("deployed_by", "sandbox".to_owned()),
        ("managed_by", "terraform".to_owned()),
        ("project", "bagel-store-demo".to_owned()),
    ]
}

/// A new random identifier of 32 hexadecimal digits, the form App Runner's own logs show.
pub(super) fn fresh_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// A new request id, as `x-amzn-RequestId` carries it.
pub(super) fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// The identifier of 32 hexadecimal digits that belongs to `parts`, the same each time.
pub(super) fn derived(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        // A separator no part contains, so that ("a", "bc") and ("ab", "c") differ.
        hasher.update([0]);
    }
    hex(&hasher.finalize()[..16])
}

/// The same identifier in the dashed form of a UUID.
pub(super) fn dashed(id: &str) -> String {
    [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_identifier_is_the_same_each_time_and_thirty_two_hexadecimal_digits() {
        let id = derived(&["demo1", "dev"]);
        assert_eq!(id, derived(&["demo1", "dev"]));
        assert_ne!(id, derived(&["demo1d", "ev"]));
        assert!(id.len() == 32 && id.chars().all(|digit| digit.is_ascii_hexdigit()), "{id}");
        assert_eq!(dashed(&id).replace('-', ""), id);
    }
}
