//! A call that AWS never answered: no connection, no credentials, no time. What the SDK says of it is a chain of causes.

use std::error::Error;
use std::sync::LazyLock;

use regex::Regex;

use super::failure::{by_code, login};
use super::stray;
use crate::config::AwsSettings;
use crate::domain::failure::{Failure, FailureKind};

/// A refusal on the way to credentials, as the SDK writes it into a chain.
static REFUSAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"Error \{ code: "([^"]+)"(?:, message: "((?:[^"\\]|\\.)*)")?"#)
        .expect("the expression is constant and was tried")
});

/// What the chain says, in words.
pub(super) fn by_chain(failure: Failure, chain: &[String], settings: &AwsSettings) -> Failure {
    if let Some(failure) = refused_on_the_way(&failure, chain, settings) {
        return failure;
    }
    let (cause, kind, hint) = match of_credentials(chain, settings) {
        Some((cause, kind, hint)) => (cause, kind, hint),
        None => match of_connection(chain, settings) {
            Some((cause, hint)) => (cause, FailureKind::Unavailable, hint),
            None => return as_it_is(failure, chain, settings),
        },
    };
    // The last words of the chain are the nearest to the cause; those before only pass them on.
    let failure = failure.with_kind(kind).because(cause).hint(hint);
    match chain.last() {
        Some(last) => failure.because(last),
        None => failure,
    }
}

/// Credentials come of asking, too: for a role, or for what a login is good for.
fn refused_on_the_way(failure: &Failure, chain: &[String], settings: &AwsSettings) -> Option<Failure> {
    let refusal = chain.iter().find_map(|text| REFUSAL.captures(text))?;
    let message = refusal.get(2).map(|message| message.as_str().replace("\\\"", "\""));
    let code = &refusal[1];
    // What IAM Identity Center says when the login, or what it was good for, is over.
    if code == "UnauthorizedException" || code == "InvalidGrantException" {
        let failure = failure.clone().with_kind(FailureKind::Unavailable);
        return Some(failure.because("the login of this profile is over").hint(login(settings)));
    }
    if code == "ForbiddenException" {
        let hint =
            "Correct `sso_account_id` and `sso_role_name` of the profile, or ask for that permission set.";
        let failure = failure.clone().with_kind(FailureKind::Refused);
        return Some(
            failure.because("this login may not use the account or the role of its profile").hint(hint),
        );
    }
    let failure = match &settings.role {
        Some(role) => failure.clone().because(format!("the role {} could not be taken on", role.arn)),
        None => failure.clone().because("the role of the profile could not be taken on"),
    };
    let action = "sts:AssumeRole".into();
    let told = by_code(failure, code, message.as_deref(), &action, settings, None);
    Some(match &settings.role {
        // The permission is half of it.
        Some(role) if told.kind == FailureKind::Refused => {
            let hint = told.hint.unwrap_or_default();
            let more = format!("The role itself has to trust who asks (trust policy of {}).", role.arn);
            Failure { hint: Some(format!("{hint}\n{more}")), ..told }
        }
        _ => told,
    })
}

fn of_credentials(chain: &[String], settings: &AwsSettings) -> Option<(String, FailureKind, String)> {
    let has = |words: &str| chain.iter().any(|text| text.contains(words));
    Some(if has("SSO token has expired") {
        ("the login of this profile has expired".to_owned(), FailureKind::Unavailable, login(settings))
    } else if has("cached SSO token") {
        ("nobody has logged in with this profile".to_owned(), FailureKind::Unavailable, login(settings))
    } else if has("was not defined") {
        let profile = settings.profile.as_deref().unwrap_or("default");
        let hint = "Correct [aws] profile, or add the profile with `aws configure sso`.";
        let cause = format!("the AWS configuration has no profile `{profile}`");
        (cause, FailureKind::Configuration, hint.to_owned())
    } else if let Some(profile) = settings.profile.as_ref().filter(|_| has("provider was not enabled")) {
        let hint = "Correct [aws] profile, or add the profile with `aws configure sso`.";
        let cause = format!("the AWS configuration has no profile `{profile}`, or one without credentials");
        (cause, FailureKind::Configuration, hint.to_owned())
    } else if has("no credentials") || has("no providers in chain") {
        let hint = "Set [aws] profile, or log in with `aws sso login` or `aws configure`.";
        ("there are no AWS credentials".to_owned(), FailureKind::Unavailable, hint.to_owned())
    } else {
        return None;
    })
}

fn of_connection(chain: &[String], settings: &AwsSettings) -> Option<(String, String)> {
    let has = |words: &str| chain.iter().any(|text| text.contains(words));
    let stray = stray::endpoints(settings);
    let place = match (&settings.endpoint_url, stray.first()) {
        (Some(url), _) => url.clone(),
        (None, Some(stray)) => stray.words(),
        (None, None) => format!("AWS in {}", settings.region),
    };
    let hint = |usual: &str| stray.first().map_or_else(|| usual.to_owned(), stray::Stray::mend);
    Some(if has("Connection refused") {
        let usual = if settings.endpoint_url.is_some() {
            "Start the sandbox with `lockstep demo up`, or correct [aws] endpoint_url."
        } else {
            "Check the network, a firewall, and [aws] region."
        };
        (format!("nothing listens at {place}"), hint(usual))
    } else if has("connection closed before message completed") || has("Connection reset") {
        let cause = format!("{place} ended the connection before it had answered");
        (cause, hint("Check the network, and proxies on the way."))
    } else if has("timed out") || has("timeout") {
        let usual = "Check the network; [deadlines] look says how long to wait.";
        (format!("{place} did not answer in time"), hint(usual))
    } else if has("dns error") || has("lookup address") {
        let usual =
            "Check the network, that [aws] region is spelt right, and that the service is offered there.";
        (format!("the address of {place} is not known"), hint(usual))
    } else {
        return None;
    })
}

/// Every cause in its own words, each once.
fn as_it_is(failure: Failure, chain: &[String], settings: &AwsSettings) -> Failure {
    let failure = chain.iter().fold(failure, |failure, cause| {
        if failure.because.iter().any(|earlier| earlier.contains(cause)) {
            failure
        } else {
            failure.because(cause)
        }
    });
    let place = settings.endpoint_url.clone().unwrap_or_else(|| format!("AWS in {}", settings.region));
    failure.with_kind(FailureKind::Unavailable).hint(format!("Check that {place} can be reached from here."))
}

/// What an error and its sources say, without the SDK's own envelope, one line each.
pub(super) fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut texts = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        let line = text.lines().next().unwrap_or_default().trim().trim_end_matches(':').to_owned();
        if !line.is_empty() && !texts.contains(&line) {
            texts.push(line);
        }
        next = cause.source();
    }
    texts
}
