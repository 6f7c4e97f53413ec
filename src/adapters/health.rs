//! The application's own word: `/health` and `/version`. No redirects: an address that answers elsewhere is wrong.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::http;
use super::report::{StepReport, seconds};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::EnvironmentName;
use crate::domain::observation::HealthView;
use crate::domain::release::{ImageRef, Version};
use crate::engine::event::StepOutcome;
use crate::runtime::Clock;

/// The most of an answer that is read, in bytes.
const ANSWER: usize = 64 * 1024;

/// The most characters of a reason that are shown.
const REASON: usize = 300;

/// Asks applications how they are.
#[derive(Default)]
pub(super) struct Health {
    /// For plain addresses on this machine: no proxy, no certificates.
    here: OnceLock<Client>,
    /// For addresses elsewhere.
    there: OnceLock<Client>,
}

/// An application that is waited for.
pub(super) struct Waiting<'a> {
    /// Where it runs.
    pub(super) environment: &'a EnvironmentName,
    /// Where it answers.
    pub(super) address: &'a str,
    /// The version that it has to name.
    pub(super) version: &'a Version,
    /// For one question.
    pub(super) look: Duration,
    /// For all of them.
    pub(super) deadline: Duration,
    /// Between two questions.
    pub(super) pause: Duration,
}

impl Health {
    /// Asks once. Only an application that cannot be reached is a failure.
    pub(super) async fn probe(
        &self,
        environment: &EnvironmentName,
        address: &str,
        deadline: Duration,
        clock: &Clock,
    ) -> Result<HealthView, Failure> {
        let what = || format!("could not ask the application of {environment}");
        let wrong = |error: String| {
            Failure::new(FailureKind::Configuration, what())
                .because(error)
                .hint("Correct [[environment]] address.")
        };
        let base = Url::parse(address).map_err(|error| wrong(format!("`{address}`: {error}")))?;
        let client = self.client(&base).map_err(|error| wrong(error.to_string()))?;
        let address = address.trim_end_matches('/');
        let (health_url, version_url) = (format!("{address}/health"), format!("{address}/version"));
        let watch = clock.stopwatch();
        let health = async {
            let answer = ask(client, &health_url, deadline).await;
            (answer, watch.elapsed())
        };
        let version = ask(client, &version_url, deadline);
        let ((health, latency), version) = tokio::join!(health, version);
        let (status, body) = health.map_err(|error| unreachable(what(), address, &error))?;
        // An application without `/version` is asked for its health all the same.
        let named = version.ok().filter(|(status, _)| *status == 200).map(|(_, body)| body);
        let named = named.and_then(|body| serde_json::from_str::<Value>(&body).ok()).unwrap_or_default();
        Ok(HealthView {
            status,
            latency,
            reason: if status == 200 { None } else { reason(&body) },
            version: named["version"].as_str().and_then(|version| Version::parse(version).ok()),
            image: named["image"].as_str().map(ImageRef::new),
        })
    }

    /// Asks until the application is well and names the version, or the deadline has passed.
    pub(super) async fn wait(
        &self,
        waiting: &Waiting<'_>,
        step: &StepReport,
    ) -> Result<StepOutcome, Failure> {
        let mut last = String::new();
        let until_well = async {
            let clock = step.report.clock();
            loop {
                let answer = self.probe(waiting.environment, waiting.address, waiting.look, &clock).await;
                let words = match &answer {
                    Ok(view) if view.is_healthy() && view.version.as_ref() == Some(waiting.version) => {
                        return StepOutcome::Done(format!("200, and /version says {}", waiting.version));
                    }
                    Ok(view) => state(view, waiting.version),
                    Err(failure) => format!("no answer: {}", failure.because.join(": ")),
                };
                if words != last {
                    step.advanced(&words).await;
                    last = words;
                }
                sleep(waiting.pause).await;
            }
        };
        let outcome = timeout(waiting.deadline, until_well).await;
        outcome.map_err(|_| waiting.given_up(&last))
    }

    fn client(&self, base: &Url) -> reqwest::Result<&Client> {
        let slot = if http::is_here(base) && base.scheme() == "http" { &self.here } else { &self.there };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        // Every question on a connection of its own: one that was kept from before a deployment may still lead to the
        // instance that is being replaced.
        let builder = http::builder(base).pool_max_idle_per_host(0);
        let client = builder.build()?;
        Ok(slot.get_or_init(|| client))
    }
}

impl Waiting<'_> {
    fn given_up(&self, last: &str) -> Failure {
        let Self { environment, version, .. } = self;
        let what = format!("the application of {environment} did not become healthy as {version}");
        let last = if last.is_empty() { "it did not answer" } else { last };
        Failure::new(FailureKind::ActionNeeded, what)
            .because(format!("after {} its last answer was {last}", seconds(self.deadline)))
            .hint("Look at the application's log. Mend the release, then promote that.")
    }
}

/// What an answer says that is not the wanted one.
fn state(view: &HealthView, wanted: &Version) -> String {
    let mut words = view.status.to_string();
    if let Some(reason) = &view.reason {
        // Writing to a `String` cannot fail.
        write!(words, ": {reason}").ok();
    }
    if view.is_healthy() {
        match &view.version {
            Some(version) => write!(words, ": runs {version}, not yet {wanted}").ok(),
            None => write!(words, ": /version does not say which version runs").ok(),
        };
    }
    words
}

async fn ask(client: &Client, url: &str, deadline: Duration) -> reqwest::Result<(u16, String)> {
    let mut answer = client.get(url).timeout(deadline).send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() >= ANSWER {
            body.truncate(ANSWER);
            break;
        }
    }
    Ok((answer.status().as_u16(), String::from_utf8_lossy(&body).into_owned()))
}

/// The reason in an answer: its member `reason`, else its first line.
fn reason(body: &str) -> Option<String> {
    let text = match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(members)) => members.get("reason").and_then(Value::as_str).map(str::to_owned),
        _ => body.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned),
    };
    text.map(|text| text.chars().take(REASON).collect())
}

fn unreachable(what: String, address: &str, error: &reqwest::Error) -> Failure {
    let failure = Failure::new(FailureKind::Unavailable, what);
    let failure = if error.is_timeout() {
        failure.because(format!("{address} did not answer in time"))
    } else {
        // The error's own first words only repeat the address.
        match std::error::Error::source(error) {
            Some(cause) => failure.because(format!("{address} cannot be reached")).because_of(cause),
            None => failure.because_of(error),
        }
    };
    failure.hint("Look whether the service runs, and whether this address is right.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(status: u16, reason: Option<&str>, version: Option<&str>) -> HealthView {
        HealthView {
            status,
            latency: Duration::ZERO,
            reason: reason.map(str::to_owned),
            version: version.map(|version| Version::parse(version).unwrap()),
            image: None,
        }
    }

    #[test]
    fn a_state_says_what_is_missing() {
        let wanted = Version::parse("v1.3.0").unwrap();
        for (view, words) in [
            (view(503, Some("schema is behind"), Some("v1.3.0")), "503: schema is behind"),
            (view(200, None, Some("v1.2.0")), "200: runs v1.2.0, not yet v1.3.0"),
            (view(200, None, None), "200: /version does not say which version runs"),
            (view(502, None, None), "502"),
        ] {
            assert_eq!(state(&view, &wanted), words);
        }
    }

    #[test]
    fn a_reason_is_read_from_json_or_from_the_first_line() {
        let json = r#"{"status":"unhealthy","reason":"schema is behind"}"#;
        assert_eq!(reason(json).as_deref(), Some("schema is behind"));
        assert_eq!(reason("\n  bad gateway \nmore").as_deref(), Some("bad gateway"));
        assert_eq!(reason(r#"{"status":"unhealthy"}"#), None);
        assert_eq!(reason(&"x".repeat(1000)).map(|text| text.len()), Some(REASON));
    }
}
