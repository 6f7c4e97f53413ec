//! The emulated Security Token Service: who a caller is.
//!
//! Everybody is the same user of the sandbox's account, until they take on a role: then they are in the account of
//! that. Every role trusts everybody. Absent on purpose: sessions that end, and what a role may not do.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use super::wire::{self, Fault, Metadata};
use super::world::Inner;

/// What this service of the sandbox answers.
pub(super) const OFFERED: &str = "AssumeRole, GetCallerIdentity";
/// The XML namespace of its answers.
pub(super) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

#[derive(Serialize)]
#[serde(rename = "GetCallerIdentityResponse")]
struct Answer {
    #[serde(rename = "@xmlns")]
    xmlns: &'static str,
    #[serde(rename = "GetCallerIdentityResult")]
    result: CallerIdentity,
    #[serde(rename = "ResponseMetadata")]
    metadata: Metadata,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CallerIdentity {
    arn: String,
    user_id: &'static str,
    account: String,
}

#[derive(Serialize)]
#[serde(rename = "AssumeRoleResponse")]
struct RoleAnswer {
    #[serde(rename = "@xmlns")]
    xmlns: &'static str,
    #[serde(rename = "AssumeRoleResult")]
    result: TakenOn,
    #[serde(rename = "ResponseMetadata")]
    metadata: Metadata,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TakenOn {
    assumed_role_user: RoleUser,
    credentials: RoleCredentials,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RoleUser {
    arn: String,
    assumed_role_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RoleCredentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

/// How the id of a key begins that came of taking a role on; the account follows.
const OF_A_ROLE: &str = "ASIA";

/// Answers one call with its XML document.
pub(super) fn call(
    world: &Inner,
    operation: &str,
    form: &BTreeMap<String, String>,
    key: &str,
    request_id: &str,
) -> Result<String, Fault> {
    let metadata = Metadata::new(request_id);
    match operation {
        "GetCallerIdentity" => {
            let result = match key.strip_prefix(OF_A_ROLE).and_then(|rest| rest.get(..12)) {
                Some(account) => CallerIdentity {
                    arn: format!("arn:aws:sts::{account}:assumed-role/lockstep/sandbox"),
                    user_id: "AROASANDBOXSANDBOX000:sandbox",
                    account: account.to_owned(),
                },
                None => CallerIdentity {
                    arn: format!("arn:aws:iam::{}:user/sandbox", world.settings.account),
                    user_id: "AIDASANDBOXSANDBOX000",
                    account: world.settings.account.clone(),
                },
            };
            wire::xml(&Answer { xmlns: NAMESPACE, result, metadata })
        }
        "AssumeRole" => {
            let given = |name: &str| {
                form.get(name).filter(|text| !text.is_empty()).ok_or_else(|| {
                    Fault::client(
                        "ValidationError",
                        format!("Value null at '{name}' failed to satisfy constraint"),
                    )
                })
            };
            let (role, session) = (given("RoleArn")?, given("RoleSessionName")?);
            let parts: Vec<&str> = role.splitn(6, ':').collect();
            let (Some(account), Some(name)) =
                (parts.get(4), parts.get(5).and_then(|it| it.strip_prefix("role/")))
            else {
                return Err(Fault::client("ValidationError", format!("{role} is invalid")));
            };
            let mark = Uuid::new_v4().simple().to_string().to_uppercase();
            let expiration = Timestamp::now() + SignedDuration::from_hours(1);
            let result = TakenOn {
                assumed_role_user: RoleUser {
                    arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
                    assumed_role_id: format!("AROASANDBOXSANDBOX000:{session}"),
                },
                credentials: RoleCredentials {
                    access_key_id: format!("{OF_A_ROLE}{account}{}", &mark[..4]),
                    secret_access_key: mark.clone(),
                    session_token: mark,
                    expiration: expiration.strftime("%FT%TZ").to_string(),
                },
            };
            wire::xml(&RoleAnswer { xmlns: NAMESPACE, result, metadata })
        }
        other => Err(Fault::unknown_action("sts", other, OFFERED)),
    }
}
