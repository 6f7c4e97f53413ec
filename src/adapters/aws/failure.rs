//! From an SDK's error to a [`Failure`]: every way in which AWS says no, with what to do about it.

use std::error::Error;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};

use super::chain::{by_chain, chain};
use super::clock;
use super::grant::{self, Action};
use crate::config::AwsSettings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::skew::Skew;

/// Codes that mean “log in again”.
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/// Codes that mean that AWS does not know who asks.
const UNKNOWN_CALLER: [&str; 5] = [
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "MissingAuthenticationToken",
    "AuthFailure",
    "InvalidAccessKeyId",
];

/// Codes of a wrong signature: a wrong secret key, a wrong clock, or a region that there is not.
const SIGNATURE: [&str; 4] =
    ["SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed", "IncompleteSignature"];

const DENIED: [&str; 4] =
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException"];

const THROTTLED: [&str; 9] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "SlowDown",
];

const MISSING: [&str; 6] = [
    "ResourceNotFoundException",
    "DBInstanceNotFound",
    "DBInstanceNotFoundFault",
    "NoSuchBucket",
    "NoSuchKey",
    "ClusterNotFoundException",
];

/// Codes that mean that what was asked for is in another region, or that the account may not use this one.
pub(super) const ELSEWHERE: [&str; 5] = [
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "RegionDisabledException",
    "OptInRequired",
];

const BROKEN: [&str; 5] = [
    "InternalServiceErrorException",
    "InternalServiceError",
    "InternalFailure",
    "InternalError",
    "ServiceUnavailable",
];

/// How the errors of the HTTP client begin.
const HTTP_CLIENT: &str = "client error (";

/// What a failed change did to the world.
pub(super) enum Fate {
    /// Nothing: AWS refused it, or it was never sent.
    NotDone(Failure),
    /// It may have been done: the answer was lost.
    Unknown(Failure),
}

/// Words for `error`, which came of `action` (such as `apprunner:DescribeService`); `what` could not be done.
pub(super) fn failure<'a, E>(
    what: impl Into<String>,
    action: impl Into<Action<'a>>,
    error: &SdkError<E>,
    settings: &AwsSettings,
) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let failure = Failure::new(FailureKind::Failed, what);
    match (error.code(), error) {
        (Some(code), _) => {
            let answer = error.raw_response();
            let skew = answer.and_then(|answer| answer.extension::<Skew>()).copied();
            let region = answer.and_then(|answer| answer.headers().get("x-amz-bucket-region"));
            let failure = match region.filter(|region| *region != settings.region) {
                Some(region) => failure.because(format!("the bucket is in {region}")),
                None => failure,
            };
            by_code(failure, code, error.message(), &action.into(), settings, skew)
        }
        (None, SdkError::ServiceError(error)) => failure.because_of(error.err()),
        (None, _) => by_chain(failure, &chain(error), settings),
    }
}

/// Tells whether a change that failed with `error` may have been done.
pub(super) fn fate<'a, E>(
    what: impl Into<String>,
    action: impl Into<Action<'a>>,
    error: &SdkError<E>,
    settings: &AwsSettings,
) -> Fate
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let is_done_for_certain_not = match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(error) => error.raw().status().as_u16() < 500,
        SdkError::DispatchFailure(dispatch) => {
            let chain = chain(error);
            let has = |words: &str| chain.iter().any(|text| text.contains(words));
            // A connection that ends without an answer is neither of the SDK's kinds, but the HTTP client signs it.
            let is_of_transport = dispatch.is_io() || dispatch.is_timeout() || dispatch.is_user();
            let may_be_sent = is_of_transport || has(HTTP_CLIENT);
            // Without a connection nothing was sent; without credentials neither.
            !may_be_sent || has("(Connect)")
        }
        _ => false,
    };
    let failure = failure(what, action, error, settings);
    if is_done_for_certain_not { Fate::NotDone(failure) } else { Fate::Unknown(failure) }
}

/// True when `error` says that the caller has no credentials at all.
pub(super) fn is_without_credentials<E>(error: &SdkError<E>) -> bool
where
    E: ProvideErrorMetadata + Error + 'static,
{
    error.code().is_none() && chain(error).iter().any(|text| text.contains("no credentials"))
}

/// What a refusal of AWS means. `skew` is how far the clocks were apart when it came.
pub(super) fn by_code(
    failure: Failure,
    code: &str,
    message: Option<&str>,
    action: &Action<'_>,
    settings: &AwsSettings,
    skew: Option<Skew>,
) -> Failure {
    let is = |codes: &[&str]| codes.contains(&code);
    let message = message.map(str::trim).filter(|message| !message.is_empty());
    let said = message.map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"));
    let failure = failure.because(&said);
    let (kind, hint) = if is(&EXPIRED) {
        (FailureKind::Unavailable, login(settings))
    } else if is(&UNKNOWN_CALLER) {
        (FailureKind::Unavailable, format!("AWS does not know these credentials. {}", login(settings)))
    } else if is(&SIGNATURE) {
        return by_signature(failure, message.unwrap_or_default(), settings, skew);
    } else if is(&DENIED) {
        (FailureKind::Refused, grant::mend(action, &said))
    } else if is(&THROTTLED) {
        let hint = "AWS asks to be called less often. Wait a minute, or look less often ([polling]).";
        (FailureKind::Unavailable, hint.to_owned())
    } else if is(&MISSING) {
        let hint = format!(
            "Check the name, and that it is in {}; another region looks exactly like this.",
            settings.region
        );
        (FailureKind::Configuration, hint)
    } else if is(&ELSEWHERE) {
        let region = &settings.region;
        let hint = match code {
            "RegionDisabledException" | "OptInRequired" => {
                format!("Enable the region {region} for the account, or use another one ([aws] region).")
            }
            _ => format!("It is not in {region}: correct [aws] region, or name what is there."),
        };
        (FailureKind::Configuration, hint)
    } else if is(&BROKEN) {
        (FailureKind::Unavailable, "AWS itself has trouble. Try again in a few minutes.".to_owned())
    } else {
        return failure;
    };
    failure.with_kind(kind).hint(hint)
}

/// A signature that AWS does not take, for one of three reasons.
fn by_signature(failure: Failure, message: &str, settings: &AwsSettings, skew: Option<Skew>) -> Failure {
    if message.contains("scoped to a valid region") {
        let hint = format!("Correct [aws] region: AWS does not know {} for this service.", settings.region);
        return failure.with_kind(FailureKind::Configuration).hint(hint);
    }
    let failure = failure.with_kind(FailureKind::Unavailable);
    let skew = match (clock::by_message(message), skew) {
        (Some(told), measured) => Some(told.or_worse(measured)),
        (None, measured) => measured,
    };
    match skew {
        Some(skew) if !skew.is_unnoticed() => failure.because(skew.words("AWS")).hint(Skew::mend()),
        // The clock was looked at.
        Some(_) => failure.hint(
            "The clock is right, so the secret key does not belong to the key id: renew the credentials.",
        ),
        None => {
            failure.hint("Check the clock of this machine, and that the secret key belongs to the key id.")
        }
    }
}

/// How to get valid credentials again.
pub(super) fn login(settings: &AwsSettings) -> String {
    match &settings.profile {
        Some(profile) => format!("Log in again with `aws sso login --profile {profile}`."),
        None => "Log in again with `aws sso login`, or renew the keys.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint_url: Option<&str>) -> AwsSettings {
        AwsSettings {
            region: "us-east-1".to_owned(),
            endpoint_url: endpoint_url.map(str::to_owned),
            profile: Some("demo".to_owned()),
            keys: None,
            account: None,
            role: None,
        }
    }

    fn coded(code: &str) -> Failure {
        let failure = Failure::new(FailureKind::Failed, "could not describe the service of test");
        let action = "apprunner:DescribeService";
        by_code(failure, code, Some("no"), &action.into(), &settings(None), None)
    }

    fn chained(chain: &[&str], endpoint_url: Option<&str>) -> Failure {
        let chain: Vec<String> = chain.iter().map(|text| (*text).to_owned()).collect();
        by_chain(Failure::new(FailureKind::Failed, "could not"), &chain, &settings(endpoint_url))
    }

    #[test]
    fn every_refusal_of_aws_has_its_meaning_and_its_mend() {
        for (code, kind, mend) in [
            ("ExpiredTokenException", FailureKind::Unavailable, "aws sso login --profile demo"),
            ("UnrecognizedClientException", FailureKind::Unavailable, "does not know these credentials"),
            ("SignatureDoesNotMatch", FailureKind::Unavailable, "clock"),
            ("AccessDeniedException", FailureKind::Refused, "`apprunner:DescribeService`"),
            ("ThrottlingException", FailureKind::Unavailable, "less often"),
            ("DBInstanceNotFound", FailureKind::Configuration, "us-east-1"),
            ("RegionDisabledException", FailureKind::Configuration, "Enable the region us-east-1"),
            ("InternalServiceErrorException", FailureKind::Unavailable, "Try again"),
        ] {
            let failure = coded(code);
            assert_eq!((failure.kind, &failure.because[0]), (kind, &format!("{code}: no")));
            assert!(failure.hint.as_deref().unwrap().contains(mend), "{failure}");
        }
        assert_eq!(coded("InvalidRequestException").kind, FailureKind::Failed);
    }

    #[test]
    fn an_expired_login_is_told_from_a_login_that_never_was() {
        let expired = chained(
            &["other", "an error occurred", "the SSO token has expired and cannot be refreshed"],
            None,
        );
        assert_eq!(expired.because[0], "the login of this profile has expired");
        let never = chained(&["other", "failed to load the cached SSO token", "No such file"], None);
        assert_eq!(never.because, ["nobody has logged in with this profile", "No such file"]);
        assert_eq!(never.hint.as_deref(), Some("Log in again with `aws sso login --profile demo`."));
    }

    #[test]
    fn whoever_has_no_credentials_or_no_such_profile_is_told_so() {
        let none = chained(&["other", "no credentials found in chain. Attempted"], None);
        assert_eq!(none.because[0], "there are no AWS credentials");
        let missing = chained(&["profile `demo` was not defined: could not find source profile"], None);
        assert_eq!(missing.because[0], "the AWS configuration has no profile `demo`");
        assert_eq!(missing.kind, FailureKind::Configuration);
    }

    #[test]
    fn an_address_where_nothing_listens_is_named() {
        let failure = chained(&["io error", "Connection refused (os error 111)"], Some("http://127.0.0.1:1"));
        assert_eq!(
            failure.because,
            ["nothing listens at http://127.0.0.1:1", "Connection refused (os error 111)"]
        );
        assert!(failure.hint.as_deref().unwrap().contains("lockstep demo up"));
        let slow = chained(&["request has timed out", "operation timeout occurred after 3s"], None);
        assert_eq!(slow.because[0], "AWS in us-east-1 did not answer in time");
        let lost = chained(&["io error", "dns error", "failed to lookup address information"], None);
        assert!(lost.because[0].starts_with("the address of AWS in us-east-1"), "{lost}");
    }

    #[test]
    fn a_connection_that_ends_is_told_and_its_change_may_have_been_done() {
        use aws_sdk_sts::error::ConnectorError;
        use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;

        #[derive(Debug, thiserror::Error)]
        #[error("client error ({0})")]
        struct Http(&'static str);
        let fate = |cause: Box<dyn Error + Send + Sync>| {
            let failure = ConnectorError::other(cause, None);
            let error: SdkError<GetCallerIdentityError> = SdkError::dispatch_failure(failure);
            matches!(fate("could not", "sts:GetCallerIdentity", &error, &settings(None)), Fate::NotDone(_))
        };
        assert!(!fate(Box::new(Http("SendRequest"))), "it may have arrived");
        assert!(fate(Box::new(Http("Connect"))));
        assert!(fate("the credential provider was not enabled".into()), "it was never signed");
        let cut = ["other", "client error (SendRequest)", "connection closed before message completed"];
        let failure = chained(&cut, None);
        assert_eq!(failure.because[0], "AWS in us-east-1 ended the connection before it had answered");
    }

    #[test]
    fn an_error_nobody_foresaw_keeps_its_words_once() {
        let failure = chained(&["io error", "something odd", "odd"], None);
        assert_eq!(failure.because, ["io error", "something odd"]);
        assert_eq!(failure.kind, FailureKind::Unavailable);
    }
}
