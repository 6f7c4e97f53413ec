//! The registry that images come from: whether an image is there, and which digest stands under its name. One that is
//! open to everybody is asked as Docker asks it; a token comes from where the registry itself is, and is good for reading
//! one repository. That of an AWS account is asked through AWS.
//!
//! Absent on purpose: the images themselves, and other registries that want to know who asks.

use std::sync::{Arc, OnceLock};

use reqwest::header::ACCEPT;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use super::aws::Aws;
use super::http;
use super::report::within;
use crate::config::{RegistrySettings, Settings};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::release::{ImageRef, ImageSeen};

/// The kinds of manifest that an image may have: of one platform or of several.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// The header with the digest.
const DIGEST: &str = "docker-content-digest";

/// The most of an answer that is read, in bytes.
const ANSWER: u64 = 64 * 1024;

/// Asks for images. Cheap to clone.
#[derive(Clone)]
pub(super) struct Registry(Arc<Parts>);

struct Parts {
    settings: Arc<Settings>,
    aws: Aws,
    client: OnceLock<Client>,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl Registry {
    /// The registry of the instance that `settings` describe.
    pub(super) fn new(settings: Arc<Settings>, aws: Aws) -> Self {
        Self(Arc::new(Parts { settings, aws, client: OnceLock::new() }))
    }

    /// Looks for an image. That nobody could tell is a failure, and never taken for an image that is missing.
    pub(super) async fn look(&self, image: &ImageRef) -> Result<ImageSeen, Failure> {
        let what = || format!("could not look for the image {image}");
        match &self.0.settings.releases.registry {
            Some(RegistrySettings::Open(base)) => self.look_in_open(base, image).await,
            Some(RegistrySettings::Private { account, region }) => {
                let asking = Box::pin(self.0.aws.image(image, (account, region)));
                within(self.0.settings.deadlines.look, what, asking).await
            }
            None => Err(Failure::new(FailureKind::Unavailable, what())
                .because("its registry is not one that lockstep asks")),
        }
    }

    async fn look_in_open(&self, base: &str, image: &ImageRef) -> Result<ImageSeen, Failure> {
        let what = || format!("could not look for the image {image}");
        let unknown = |because: String| Failure::new(FailureKind::Unavailable, what()).because(because);
        let (_, path) = image.repository().split_once('/').unwrap_or(("", image.repository()));
        let Some(tag) = image.digest().or_else(|| image.tag()) else {
            return Err(unknown("it has neither tag nor digest".to_owned()));
        };
        let mut url = Url::parse(base).map_err(|error| {
            unknown(format!("`{base}`: {error}"))
                .with_kind(FailureKind::Configuration)
                .hint("Correct [releases] registry.")
        })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let failed = |error: &reqwest::Error| unreachable(what(), &host, error);
        within(self.0.settings.deadlines.look, what, async {
            let client = self.client(&url).map_err(|error| failed(&error))?;
            let mut place = url.clone();
            place.set_path("/token/");
            let scope = format!("repository:{path}:pull");
            place.query_pairs_mut().append_pair("service", &host).append_pair("scope", &scope);
            let answer = client.get(place).send().await.map_err(|error| failed(&error))?;
            if !answer.status().is_success() {
                return Err(refused(what(), &host, &answer));
            }
            let text = http::body(answer, ANSWER).await.map_err(|error| failed(&error))?.unwrap_or_default();
            let Token { token } = serde_json::from_slice(&text)
                .map_err(|_| unknown(format!("{host} gave no token: it is no registry of that kind")))?;
            url.set_path(&format!("/v2/{path}/manifests/{tag}"));
            let asking = client.head(url).bearer_auth(token).header(ACCEPT, MANIFESTS);
            let answer = asking.send().await.map_err(|error| failed(&error))?;
            match answer.status() {
                StatusCode::NOT_FOUND => Ok(ImageSeen::Missing),
                status if status.is_success() => {
                    let digest = answer.headers().get(DIGEST).and_then(|digest| digest.to_str().ok());
                    let digest = digest.filter(|digest| is_digest(digest));
                    digest
                        .map(|digest| ImageSeen::There(digest.to_owned()))
                        .ok_or_else(|| unknown(format!("{host} has it, and does not say with which digest")))
                }
                _ => Err(refused(what(), &host, &answer)),
            }
        })
        .await
    }

    fn client(&self, url: &Url) -> reqwest::Result<&Client> {
        if let Some(client) = self.0.client.get() {
            return Ok(client);
        }
        let client = http::builder(url).build()?;
        Ok(self.0.client.get_or_init(|| client))
    }
}

/// True for the algorithm and the hexadecimal digits of a digest.
fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn refused(what: String, host: &str, answer: &Response) -> Failure {
    let status = answer.status();
    let failure = Failure::new(FailureKind::Unavailable, what).because(format!("{host} says {status}"));
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            failure.hint("Wait a minute: it answers only so often without a login.")
        }
        _ => failure.hint("Check [releases] image, and whether the registry is open to everybody."),
    }
}

fn unreachable(what: String, host: &str, error: &reqwest::Error) -> Failure {
    let failure = Failure::new(FailureKind::Unavailable, what).because(format!("{host} cannot be reached"));
    let failure = match std::error::Error::source(error) {
        Some(cause) => failure.because_of(cause),
        None => failure,
    };
    failure.hint("Check the network, and proxies on the way.")
}
