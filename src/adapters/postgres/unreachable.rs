//! Why a database could not be reached, and what to do about it: every way in which a connection fails has words.

use std::error::Error as _;
use std::io;

use rustls::CertificateError;
use rustls::pki_types::UnixTime;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::reaching::{Attempt, Unopened};
use super::{Databases, because_of};
use crate::adapters::report::seconds;
use crate::config::{DatabaseSettings, EncryptionSettings, LoginSettings, TrustSettings};
use crate::domain::Timestamp;
use crate::domain::environment::Environment;
use crate::domain::failure::{Failure, FailureKind};

/// What the driver says when the server declines to encrypt.
const NO_TLS: &str = "server does not support TLS";

/// How PostgreSQL ends its refusal of somebody whom it would take encrypted.
const NO_ENCRYPTION: &str = "no encryption";

impl Databases {
    /// The words for a session with the database of `environment` that could not be opened.
    pub(super) fn unreachable(
        &self,
        environment: &Environment,
        attempt: &Attempt,
        unopened: Unopened,
    ) -> Failure {
        let what = format!("could not connect to the database of {}", environment.name);
        words(what, &self.0.settings.database, attempt, unopened)
    }
}

/// The words for a session that could not be opened.
pub(super) fn words(
    what: String,
    settings: &DatabaseSettings,
    attempt: &Attempt,
    unopened: Unopened,
) -> Failure {
    let is_login_refused = unopened.is_login_refused();
    let Attempt { host, port, database, .. } = attempt;
    let place = format!("{host}:{port}/{database}");
    let error = match unopened {
        Unopened::Untried(failure) => return failure,
        Unopened::Late(limit) => {
            return Failure::new(FailureKind::Unavailable, what)
                .because(format!("{place} did not answer within {}", seconds(limit)))
                .hint(
                    "Check security group, network and VPN; two thirds of [deadlines] look is how long to wait.",
                );
        }
        Unopened::Refused(error) => error,
    };
    let failure = Failure::new(FailureKind::Unavailable, what);
    if let Some(error) = certificate(&error) {
        return of_certificate(failure, error, host, settings);
    }
    if error.source().is_some_and(|source| source.to_string() == NO_TLS) {
        return failure
            .with_kind(FailureKind::Configuration)
            .because(format!("the server at {place} offers no TLS"))
            .hint(
                "Turn `ssl` on at the server, or look whether something else answers there. lockstep does not fall \
                 back to a connection that is not encrypted.",
            );
    }
    let failure = because_of(failure, &error);
    if error.as_db_error().is_some_and(|error| error.message().ends_with(NO_ENCRYPTION)) {
        return failure
            .with_kind(FailureKind::Configuration)
            .because(format!("{place} takes encrypted connections only"))
            .hint("Set [database] ca_bundle; for RDS it is the bundle that AWS publishes for the region.");
    }
    if is_login_refused {
        return of_login(failure, settings, attempt, &place);
    }
    let failure = failure.because(format!("the address is {place}"));
    if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) {
        let hint = "Create the database, or correct [[environment]] database.";
        return failure.with_kind(FailureKind::Configuration).hint(hint);
    }
    failure.hint("Check security group, network and VPN, and whether the server is up.")
}

fn of_login(failure: Failure, settings: &DatabaseSettings, attempt: &Attempt, place: &str) -> Failure {
    let failure = failure
        .because(format!("{} may not log in to {place}", attempt.user))
        .with_kind(FailureKind::Configuration);
    let mend = match &settings.login {
        LoginSettings::Managed => format!("Look at the secret that RDS manages for {}", settings.instance),
        LoginSettings::Secret(secret) => format!("Correct the secret {secret}"),
        LoginSettings::Secrets { username, password } => {
            format!("Correct the secrets {username} and {password}")
        }
    };
    if attempt.is_asked_again {
        failure
            .because("Secrets Manager was asked again, and says the same")
            .hint(format!("{mend}; while a password is being rotated, try again in a minute."))
    } else {
        failure.hint(format!("{mend}."))
    }
}

/// What TLS has against the server, if it is that.
fn certificate(error: &Error) -> Option<&rustls::Error> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // An I/O error passes over what it carries when it is asked for its source.
        let carried = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match carried {
            Some(carried) => Some(carried),
            None => cause.source(),
        };
    }
    None
}

fn of_certificate(
    failure: Failure,
    error: &rustls::Error,
    host: &str,
    settings: &DatabaseSettings,
) -> Failure {
    let failure = failure.with_kind(FailureKind::Configuration);
    let rustls::Error::InvalidCertificate(wrong) = error else {
        return failure
            .because(format!("TLS with {host} failed: {error}"))
            .hint("Look whether a proxy stands in between, and which versions of TLS the server takes.");
    };
    match wrong {
        CertificateError::UnknownIssuer => failure
            .because(format!("the certificate of {host} is signed by nobody in {}", trusted(settings)))
            .hint(
                "Set [database] ca_bundle to the authority of this server; for RDS it is the bundle that AWS publishes \
                 for the region, and an old copy of it may lack the newest. If it is right, somebody else answers there.",
            ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => failure
            .because(format!("the certificate is not for {host}{}", presented(wrong)))
            .hint(
                "Reach the server by a name that its certificate has. Behind a tunnel, sslmode = \"verify-ca\" takes \
                 every server whose certificate the authorities of ca_bundle have signed.",
            ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => failure
            .because(format!("the certificate of {host} has expired{}", since(wrong)))
            .hint(
                "Renew it (RDS: `aws rds modify-db-instance --ca-certificate-identifier`), or set the clock of this \
                 machine right.",
            ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => failure
            .because(format!("the certificate of {host} does not count yet"))
            .hint("Set the clock of this machine right, or look which certificate the server shows."),
        other => failure
            .because(format!("the certificate of {host} cannot be taken: {other}"))
            .hint("Look which certificate the server shows, and that [database] ca_bundle fits it."),
    }
}

fn trusted(settings: &DatabaseSettings) -> String {
    match &settings.encryption {
        EncryptionSettings::VerifyCa(TrustSettings::Bundle(path))
        | EncryptionSettings::VerifyFull(TrustSettings::Bundle(path)) => path.display().to_string(),
        _ => "what this machine trusts".to_owned(),
    }
}

/// For whom a certificate is, where that is known.
fn presented(wrong: &CertificateError) -> String {
    let CertificateError::NotValidForNameContext { presented, .. } = wrong else { return String::new() };
    // Each is like `DnsName("db.example")`.
    let inside = |name: &String| {
        let inside = name.split_once('(').map_or(name.as_str(), |(_, inside)| inside);
        inside.trim_end_matches(')').trim_matches('"').to_owned()
    };
    match presented.iter().map(inside).collect::<Vec<_>>().join(", ") {
        names if names.is_empty() => ", nor for any name".to_owned(),
        names => format!(", but for {names}"),
    }
}

/// Since when a certificate does not count any more, where that is known.
fn since(wrong: &CertificateError) -> String {
    let CertificateError::ExpiredContext { not_after, .. } = wrong else { return String::new() };
    time(*not_after).map_or_else(String::new, |time| format!(", at {time:.0}"))
}

fn time(time: UnixTime) -> Option<Timestamp> {
    i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok())
}
