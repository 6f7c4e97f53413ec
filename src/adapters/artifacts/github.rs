//! Changelog archives that are attached to the releases of a repository on GitHub.
//!
//! The token goes to GitHub's own interface and nowhere else: an archive is fetched from where GitHub sends whoever asks
//! for it, and there the token is not sent along.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION, USER_AGENT};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::time::timeout;

use super::source::{At, Found, is_archive};
use crate::adapters::archive::SIZE;
use crate::adapters::http;
use crate::adapters::redact::Redactor;
use crate::adapters::report::seconds;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::secret::Secret;

/// Who asks; GitHub wants to know.
const AGENT: &str = concat!("lockstep/", env!("CARGO_PKG_VERSION"));

/// The version of the interface.
const INTERFACE: (&str, &str) = ("X-GitHub-Api-Version", "2022-11-28");

/// How many releases come in one page, and how many pages are read.
const PAGE: usize = 100;
const PAGES: usize = 20;

/// The most of a page that is read, in bytes.
const TEXT: u64 = 16 * 1024 * 1024;

/// How often an archive may be said to be somewhere else.
const HOPS: usize = 3;

/// A repository.
pub(super) struct GitHub {
    pub(super) owner: String,
    pub(super) repository: String,
    pub(super) api: String,
    pub(super) token_variable: String,
    pub(super) redactor: Redactor,
    pub(super) look: Duration,
    pub(super) download: Duration,
    pub(super) client: OnceLock<Client>,
}

#[derive(Deserialize)]
struct Published {
    tag_name: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    assets: Vec<Asset>,
}

#[derive(Deserialize)]
struct Asset {
    id: u64,
    name: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    updated_at: String,
    digest: Option<String>,
}

impl GitHub {
    /// The archives of every release that is published.
    pub(super) async fn list(&self) -> Result<Vec<Found>, Failure> {
        let mut found = Vec::new();
        for page in 1..=PAGES {
            let path = format!("releases?per_page={PAGE}&page={page}");
            let published: Vec<Published> = self.page(&path).await?;
            let is_last = published.len() < PAGE;
            let published = published.into_iter().filter(|release| !release.draft);
            found.extend(published.flat_map(|release| self.archives(release)));
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    /// The bytes of an archive.
    pub(super) async fn fetch(&self, found: &Found, asset: u64) -> Result<Vec<u8>, Failure> {
        let what = || format!("could not fetch {}", found.place);
        let limit = self.download;
        let fetched = timeout(limit, async {
            let url = self.url(&format!("releases/assets/{asset}"), what)?;
            let asked = self.ask(self.client(&url, what)?.get(url.clone()), "application/octet-stream");
            let answer = self.follow(url, asked.send().await, what).await?;
            let body = http::body(answer, SIZE).await.map_err(|error| unreachable(what(), &error))?;
            body.ok_or_else(|| {
                Failure::new(FailureKind::Configuration, what())
                    .because(format!("it has more than {} MiB", SIZE / 1024 / 1024))
            })
        });
        fetched.await.unwrap_or_else(|_| {
            Err(Failure::new(FailureKind::Unavailable, what())
                .because(format!("it had not come within {}", seconds(limit)))
                .hint("Check the network, and try again."))
        })
    }

    /// Goes where an archive is said to be, without the token, unless it is GitHub itself who says so of itself.
    async fn follow(
        &self,
        mut from: Url,
        answer: reqwest::Result<Response>,
        what: impl Fn() -> String,
    ) -> Result<Response, Failure> {
        let mut answer = answer.map_err(|error| unreachable(what(), &error))?;
        let wrong = |because: String| Failure::new(FailureKind::Unavailable, what()).because(because);
        for _ in 0..HOPS {
            if !answer.status().is_redirection() {
                return self.judged(&answer, what).map(|()| answer);
            }
            let place = answer.headers().get(LOCATION).and_then(|place| place.to_str().ok());
            let place = place.and_then(|place| from.join(place).ok());
            let place =
                place.ok_or_else(|| wrong("GitHub sent lockstep on, and did not say where to".to_owned()))?;
            if place.scheme() != "https" && !http::is_here(&place) {
                let host = place.host_str().unwrap_or_default();
                return Err(wrong(format!("GitHub sent lockstep to {host}, where it is not encrypted")));
            }
            let asking = self.client(&place, &what)?.get(place.clone()).header(USER_AGENT, AGENT);
            answer = asking.send().await.map_err(|error| unreachable(what(), &error))?;
            from = place;
        }
        Err(wrong("it was said to be somewhere else too often".to_owned()))
    }

    async fn page<T: for<'a> Deserialize<'a>>(&self, path: &str) -> Result<T, Failure> {
        let what = || format!("could not read the releases of {}/{} on GitHub", self.owner, self.repository);
        let read = timeout(self.look, async {
            let url = self.url(path, what)?;
            let asked = self.ask(self.client(&url, what)?.get(url), "application/vnd.github+json");
            let answer = asked.send().await.map_err(|error| unreachable(what(), &error))?;
            self.judged(&answer, what)?;
            let text = http::body(answer, TEXT).await.map_err(|error| unreachable(what(), &error))?;
            serde_json::from_slice(&text.unwrap_or_default()).map_err(|error| {
                Failure::new(FailureKind::Unavailable, what())
                    .because(format!("the answer is not GitHub's: {error}"))
                    .hint("Check [releases] github_api, and proxies on the way.")
            })
        });
        read.await.unwrap_or_else(|_| {
            Err(Failure::new(FailureKind::Unavailable, what())
                .because(format!("there was no answer within {}", seconds(self.look)))
                .hint("Check the network; [deadlines] look says how long to wait."))
        })
    }

    /// An answer that is none of the refusals that GitHub knows.
    fn judged(&self, answer: &Response, what: impl Fn() -> String) -> Result<(), Failure> {
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let number = |name: &str| answer.headers().get(name)?.to_str().ok()?.parse::<i64>().ok();
        let is_used_up =
            number("x-ratelimit-remaining") == Some(0) || status == StatusCode::TOO_MANY_REQUESTS;
        let wait = number("retry-after").map(|wait| format!(" for {wait} s")).unwrap_or_default();
        let failure = Failure::new(FailureKind::Unavailable, what()).because(format!("GitHub says {status}"));
        let token = &self.token_variable;
        let has_token = self.token().is_some();
        Err(match status {
            StatusCode::UNAUTHORIZED => failure.hint(format!("Renew the token in {token}.")),
            StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS if is_used_up => {
                failure.because(format!("no more questions are answered{wait}")).hint(if has_token {
                    "Wait until the hour is over.".to_owned()
                } else {
                    format!("Put a token into {token}: without one GitHub answers 60 questions an hour.")
                })
            }
            StatusCode::FORBIDDEN => {
                failure.hint(format!("Let the token in {token} read the contents of the repository."))
            }
            StatusCode::NOT_FOUND => failure.with_kind(FailureKind::Configuration).hint(if has_token {
                format!("Correct [releases] source, or let the token in {token} see the repository.")
            } else {
                format!("Correct [releases] source; a private repository needs a token in {token}.")
            }),
            _ => failure.hint("Try again in a minute."),
        })
    }

    fn archives(&self, release: Published) -> Vec<Found> {
        let Published { tag_name, assets, .. } = release;
        let archives = assets.into_iter().filter(|asset| is_archive(&asset.name));
        archives
            .map(|asset| Found {
                place: format!("github:{}/{} {tag_name} {}", self.owner, self.repository, asset.name),
                stamp: format!("{} {} {}", asset.id, asset.updated_at, asset.size),
                digest: asset
                    .digest
                    .as_deref()
                    .and_then(|it| it.strip_prefix("sha256:"))
                    .map(str::to_lowercase),
                name: asset.name,
                at: At::Asset(asset.id),
            })
            .collect()
    }

    /// A question to GitHub's own interface, with the token.
    fn ask(&self, request: RequestBuilder, accept: &str) -> RequestBuilder {
        let (name, value) = INTERFACE;
        let request = request.header(USER_AGENT, AGENT).header(ACCEPT, accept).header(name, value);
        let bearer = self.token().and_then(|token| {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.reveal())).ok()?;
            bearer.set_sensitive(true);
            Some(bearer)
        });
        match bearer {
            Some(bearer) => request.header(AUTHORIZATION, bearer),
            None => request,
        }
    }

    fn token(&self) -> Option<Secret> {
        let token = std::env::var(&self.token_variable).ok().filter(|token| !token.trim().is_empty())?;
        let token = Secret::new(token.trim());
        self.redactor.learn(&token);
        Some(token)
    }

    fn url(&self, path: &str, what: impl Fn() -> String) -> Result<Url, Failure> {
        let text = format!("{}/repos/{}/{}/{path}", self.api, self.owner, self.repository);
        Url::parse(&text).map_err(|error| {
            Failure::new(FailureKind::Configuration, what())
                .because(format!("`{}`: {error}", self.api))
                .hint("Correct [releases] github_api.")
        })
    }

    fn client(&self, url: &Url, what: impl Fn() -> String) -> Result<&Client, Failure> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = http::builder(url).build();
        let client = client.map_err(|error| Failure::new(FailureKind::Failed, what()).because_of(&error))?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// GitHub, or where it sends whoever asks for an archive, cannot be reached. What it sends them to is signed, so the
/// address is told without what stands behind its path.
fn unreachable(what: String, error: &reqwest::Error) -> Failure {
    let host = error.url().and_then(Url::host_str).unwrap_or("GitHub").to_owned();
    let failure = Failure::new(FailureKind::Unavailable, what).because(format!("{host} cannot be reached"));
    let failure = match std::error::Error::source(error) {
        Some(cause) => failure.because_of(cause),
        None => failure,
    };
    failure.hint("Check the network, and proxies on the way.")
}
