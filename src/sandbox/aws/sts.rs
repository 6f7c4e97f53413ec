//! The emulated Security Token Service: who a caller is.
//!
//! Everybody is the same user of the sandbox's account. Absent on purpose: assuming roles.

use serde::Serialize;

use super::wire::{self, Fault, Metadata};
use super::world::Inner;

/// What this service of the sandbox answers.
pub(super) const OFFERED: &str = "GetCallerIdentity";
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

/// Answers one call with its XML document.
pub(super) fn call(world: &Inner, operation: &str, request_id: &str) -> Result<String, Fault> {
    match operation {
        "GetCallerIdentity" => {
            let account = world.settings.account.clone();
            let arn = format!("arn:aws:iam::{account}:user/sandbox");
            let result = CallerIdentity { arn, user_id: "AIDASANDBOXSANDBOX000", account };
            wire::xml(&Answer { xmlns: NAMESPACE, result, metadata: Metadata::new(request_id) })
        }
        other => Err(Fault::unknown_action("sts", other, OFFERED)),
    }
}
