//! HTTP to whoever is not AWS: applications, GitHub, registries. No redirect is followed by itself: where one leads, and
//! what of the question goes along, is for whoever asked to say.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, Url};

use super::tls;
use crate::domain::host;

/// True for an address on this machine.
pub(super) fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(host::is_here)
}

/// What makes a client for addresses like this one. On this machine there is no proxy, and without TLS there are no
/// certificates to load.
pub(super) fn builder(url: &Url) -> ClientBuilder {
    tls::install();
    let builder = Client::builder().redirect(Policy::none());
    match (is_here(url), url.scheme()) {
        (true, "http") => builder.no_proxy().tls_certs_only([]),
        (true, _) => builder.no_proxy(),
        (false, _) => builder,
    }
}

/// The body of an answer, up to `limit` bytes; `None` when it is longer.
pub(super) async fn body(mut answer: Response, limit: u64) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() as u64 > limit {
            return Ok(None);
        }
    }
    Ok(Some(body))
}
