//! `[aws]`, and what an environment says otherwise: where AWS is, as whom it is asked, and in which account.

use serde::Deserialize;
use toml::Spanned;

use super::{AwsSettings, RoleSettings};
use crate::domain::secret::Secret;

/// The table `[aws]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AwsEntry {
    region: String,
    endpoint_url: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    profile: Option<String>,
    account: Option<Spanned<String>>,
    role_arn: Option<Spanned<String>>,
    external_id: Option<Spanned<String>>,
}

/// What one environment has otherwise than `[aws]`, key by key.
pub(super) struct Otherwise {
    pub(super) region: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) account: Option<Spanned<String>>,
    pub(super) role_arn: Option<Spanned<String>>,
    pub(super) external_id: Option<Spanned<String>>,
}

impl AwsEntry {
    /// The settings of the instance. `add` takes what is wrong, with where it stands.
    pub(super) fn check(self, mut add: impl FnMut(Option<usize>, String)) -> AwsSettings {
        let keys = match (self.access_key_id, self.secret_access_key) {
            (Some(id), Some(secret)) => Some((id, Secret::new(secret))),
            (None, None) => None,
            _ => {
                add(None, "[aws]: access_key_id and secret_access_key go together".to_owned());
                None
            }
        };
        if keys.is_some() && self.endpoint_url.is_none() {
            let words =
                "[aws]: keys in a file are for an emulated AWS only; use `profile` for a real account";
            add(None, words.to_owned());
        }
        let plain = AwsSettings {
            region: self.region,
            endpoint_url: self.endpoint_url,
            profile: self.profile,
            keys,
            account: None,
            role: None,
        };
        let otherwise = Otherwise {
            region: None,
            profile: None,
            account: self.account,
            role_arn: self.role_arn,
            external_id: self.external_id,
        };
        otherwise.check("[aws]", &plain, add)
    }
}

impl Otherwise {
    /// `base` with what stands here in its place; `table` is what it is called.
    pub(super) fn check(
        self,
        table: &str,
        base: &AwsSettings,
        mut add: impl FnMut(Option<usize>, String),
    ) -> AwsSettings {
        let mut settings = base.clone();
        if let Some(region) = self.region {
            settings.region = region;
        }
        if let Some(profile) = self.profile {
            settings.profile = Some(profile);
        }
        if let Some(arn) = &self.role_arn {
            let at = Some(arn.span().start);
            match account_of_role(arn.get_ref()) {
                // An account that stands elsewhere is that of another role.
                Some(account) => settings.account = Some(account.to_owned()),
                None => add(
                    at,
                    format!(
                        "{table} role_arn: `{}` is not like arn:aws:iam::123456789012:role/NAME",
                        arn.get_ref()
                    ),
                ),
            }
            settings.role = Some(RoleSettings { arn: arn.get_ref().clone(), external_id: None });
        }
        if let Some(id) = self.external_id {
            match &mut settings.role {
                Some(role) => role.external_id = Some(id.into_inner()),
                None => add(Some(id.span().start), format!("{table} external_id needs a role_arn")),
            }
        }
        if let Some(account) = self.account {
            let (at, account) = (Some(account.span().start), account.into_inner());
            let of_role = settings.role.as_ref().and_then(|role| account_of_role(&role.arn));
            if !is_account(&account) {
                add(at, format!("{table} account: `{account}` is not an account of twelve digits"));
            } else if let Some(other) = of_role.filter(|other| **other != *account) {
                add(at, format!("{table} account: {account}, and role_arn is in {other}"));
            }
            settings.account = Some(account);
        }
        settings
    }
}

/// The account in the ARN of a role.
fn account_of_role(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws")
                && is_account(account)
                && role.len() > 5
                && role.starts_with("role/") =>
        {
            Some(account)
        }
        _ => None,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
