//! A permission that is missing: which one, on what, and the least statement of a policy that gives it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use crate::config::AwsSettings;

/// How AWS says no to somebody whom it knows.
static DENIAL: LazyLock<Regex> = LazyLock::new(|| {
    let who = r"(?:User: )?(?P<caller>arn:\S+)";
    let what = r"is not authorized to perform: (?P<action>[a-z0-9-]+:[A-Za-z0-9]+)";
    let on = r#"(?: on resource: "?(?P<resource>[^\s"\\]+))?"#;
    Regex::new(&format!("{who} {what}{on}")).expect("the expression is constant and was tried")
});

/// The kind of policy that denies whatever others allow.
static DENY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"with an explicit deny in an? ([a-z -]+)").expect("the expression is constant and was tried")
});

/// The kind of policy that would have to allow it, too.
static LIMIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"because no (permissions boundary|service control policy|resource control policy|session policy|VPC endpoint policy|resource-based policy) allows")
        .expect("the expression is constant and was tried")
});

/// What was asked of AWS: the action as IAM calls it, and what it was about, where that is known.
#[derive(Debug, Clone)]
pub(super) struct Action<'a> {
    /// The name, such as `apprunner:DescribeService`.
    pub(super) name: &'a str,
    /// The ARN, perhaps with stars.
    pub(super) resource: Option<String>,
}

impl<'a> Action<'a> {
    /// An action on something.
    pub(super) fn on(name: &'a str, resource: String) -> Self {
        Self { name, resource: Some(resource) }
    }
}

impl<'a> From<&'a str> for Action<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, resource: None }
    }
}

/// The ARN of something of `service` as `way` reaches it; `name` is what follows the account.
pub(super) fn arn(way: &AwsSettings, service: &str, name: &str) -> String {
    let account = way.account.as_deref().unwrap_or("*");
    format!("arn:{}:{service}:{}:{account}:{name}", partition(&way.region), way.region)
}

/// The ARN of a bucket, or of what is in it. It names neither region nor account.
pub(super) fn bucket_arn(way: &AwsSettings, name: &str) -> String {
    format!("arn:{}:s3:::{name}", partition(&way.region))
}

/// How to get the permission that `action` needs, given what AWS said.
pub(super) fn mend(action: &Action<'_>, said: &str) -> String {
    let denial = DENIAL.captures(said);
    let part = |name| denial.as_ref().and_then(|found| found.name(name)).map(|part| part.as_str());
    // What AWS missed may be something that was needed on the way, such as a key that a secret is encrypted with.
    let name = part("action").unwrap_or(action.name);
    if let Some(policy) = DENY.captures(said) {
        let policy = policy[1].trim_end_matches([' ', '.']);
        let article = if policy.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
        return format!(
            "{article} {policy} denies `{name}`, whatever else allows it: ask whoever keeps that, or use another profile."
        );
    }
    let own = action.resource.clone().filter(|_| name == action.name);
    let account = part("caller").and_then(|arn| arn.split(':').nth(4)).filter(|account| account.len() == 12);
    let own = own.map(|arn| match account {
        Some(account) => arn.replacen(":*:", &format!(":{account}:"), 1),
        None => arn,
    });
    let named = part("resource").filter(|resource| resource.starts_with("arn:")).map(whole_group);
    let resource = own.or(named).unwrap_or_else(|| "*".to_owned());
    let statement = json!({ "Effect": "Allow", "Action": name, "Resource": resource });
    let limit = LIMIT.captures(said).map_or_else(String::new, |found| {
        format!(" Whoever keeps the {} has to let it pass as well.", &found[1])
    });
    format!(
        "Ask for the permission `{name}`, or use another profile.{limit} The least that gives it:\n{statement}"
    )
}

/// A statement about logs names the group with all its streams.
fn whole_group(resource: &str) -> String {
    match resource.split_once(":log-stream:") {
        Some((group, _)) => format!("{group}:*"),
        None => resource.to_owned(),
    }
}

fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: &str =
        "User: arn:aws:sts::123456789012:assumed-role/Look/ana is not authorized to perform:";

    fn way(account: Option<&str>) -> AwsSettings {
        AwsSettings {
            region: "eu-west-1".to_owned(),
            endpoint_url: None,
            profile: None,
            keys: None,
            account: account.map(str::to_owned),
            role: None,
        }
    }

    fn statement(mend: &str) -> &str {
        mend.split_once('\n').unwrap().1
    }

    #[test]
    fn the_least_statement_names_what_aws_missed_and_on_what() {
        let service = "arn:aws:apprunner:eu-west-1:123456789012:service/store/0123";
        let said = format!(
            "{CALLER} apprunner:DescribeService on resource: {service} because no identity-based policy allows it"
        );
        let mend = mend(&"apprunner:DescribeService".into(), &said);
        assert!(mend.starts_with("Ask for the permission `apprunner:DescribeService`, or use"), "{mend}");
        assert_eq!(
            statement(&mend),
            format!(r#"{{"Effect":"Allow","Action":"apprunner:DescribeService","Resource":"{service}"}}"#)
        );
    }

    #[test]
    fn what_lockstep_asked_for_counts_more_than_the_one_object_that_was_refused() {
        let page =
            format!("{CALLER} s3:PutObject on resource: \"arn:aws:s3:::team/reports/r-1/x.html\" because");
        let all = Action::on("s3:PutObject", bucket_arn(&way(None), "team/reports/*"));
        assert!(statement(&mend(&all, &page)).ends_with(r#""Resource":"arn:aws:s3:::team/reports/*"}"#));
        // The account is that of the caller where the file names none.
        let secret = |way: &AwsSettings| {
            Action::on(
                "secretsmanager:GetSecretValue",
                arn(way, "secretsmanager", "secret:demo1/rds/password-??????"),
            )
        };
        let said =
            format!("{CALLER} secretsmanager:GetSecretValue on resource: demo1/rds/password because no");
        for (way, said, account) in [
            (way(None), said.as_str(), "123456789012"),
            (way(Some("111111111111")), "Access denied", "111111111111"),
            (way(None), "Access denied", "*"),
        ] {
            let mend = mend(&secret(&way), said);
            let expected =
                format!(":secretsmanager:eu-west-1:{account}:secret:demo1/rds/password-??????\"}}");
            assert!(statement(&mend).ends_with(&expected), "{mend}");
        }
        // A key on the way is not what was asked for.
        let key = "arn:aws:kms:eu-west-1:123456789012:key/0123";
        let said = format!("{CALLER} kms:Decrypt on resource: {key} because no");
        let mend = mend(&secret(&way(None)), &said);
        assert!(mend.contains("`kms:Decrypt`") && mend.ends_with(&format!("{key}\"}}")), "{mend}");
    }

    #[test]
    fn a_denial_that_no_permission_lifts_is_told_as_one() {
        let said = format!(
            "{CALLER} apprunner:UpdateService on resource: arn:aws:x with an explicit deny in a service control policy"
        );
        let mend = mend(&"apprunner:UpdateService".into(), &said);
        assert_eq!(
            mend,
            "A service control policy denies `apprunner:UpdateService`, whatever else allows it: ask whoever keeps that, or \
             use another profile."
        );
    }

    #[test]
    fn a_limit_that_has_to_let_it_pass_as_well_is_named() {
        let said =
            format!("{CALLER} rds:DescribeDBInstances because no permissions boundary allows the action");
        let mend = mend(&"rds:DescribeDBInstances".into(), &said);
        assert!(
            mend.contains("Whoever keeps the permissions boundary has to let it pass as well."),
            "{mend}"
        );
        assert_eq!(
            statement(&mend),
            r#"{"Effect":"Allow","Action":"rds:DescribeDBInstances","Resource":"*"}"#
        );
    }

    #[test]
    fn all_streams_of_a_log_are_one_permission() {
        let group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apprunner/store/0123/service";
        let said = format!("{CALLER} logs:FilterLogEvents on resource: {group}:log-stream: because no");
        let mend = mend(&"logs:FilterLogEvents".into(), &said);
        assert!(mend.ends_with(&format!("{group}:*\"}}")), "{mend}");
    }

    #[test]
    fn other_partitions_have_their_own_names() {
        let china = AwsSettings { region: "cn-north-1".to_owned(), ..way(None) };
        assert_eq!(bucket_arn(&china, "b"), "arn:aws-cn:s3:::b");
    }
}
