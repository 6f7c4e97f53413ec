//! Who is visiting and what is in the cart, all in one signed cookie.
//!
//! Nothing about a visit is kept in memory or in the database, so swapping one deployment for another loses nothing.
//! The cookie is `HttpOnly` and `SameSite=Lax`: a browser never sends it with a POST from another site, which is
//! what protects the forms against forgery; there is deliberately no token of our own. The key is made from the
//! demo's password, so a weak password makes weak signatures: fit for a demo, not for money.

use super::Store;
use super::cart::Cart;
use super::settings::Settings;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum_extra::extract::cookie::{Cookie, Key, SameSite, SignedCookieJar};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};
use std::convert::Infallible;

/// What the cookie holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// The user who signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// What is in the cart.
    #[serde(default)]
    pub cart: Cart,
}

/// One request's session, with what is needed to send it back changed.
pub(super) struct Visit {
    /// What the cookie held; empty when there was none or its signature is wrong.
    pub session: Session,
    jar: SignedCookieJar,
    cookie: String,
}

impl Visit {
    /// Reads the session from a request's headers.
    pub(super) fn read(store: &Store, headers: &HeaderMap) -> Self {
        let jar = SignedCookieJar::from_headers(headers, store.key.clone());
        let cookie = cookie_name(&store.settings);
        let held = jar.get(&cookie).and_then(|cookie| serde_json::from_str(cookie.value()).ok());
        let mut session: Session = held.unwrap_or_default();
        session.login = session.login.filter(|login| *login == store.settings.username);
        Self { session, jar, cookie }
    }

    /// Turns the session into a cookie for the response.
    pub(super) fn keep(self) -> SignedCookieJar {
        let value = serde_json::to_string(&self.session).unwrap_or_default();
        let cookie = Cookie::build((self.cookie, value)).path("/").http_only(true).same_site(SameSite::Lax);
        self.jar.add(cookie)
    }
}

impl FromRequestParts<Store> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, store: &Store) -> Result<Self, Infallible> {
        Ok(Self::read(store, &parts.headers))
    }
}

/// Makes the key that signs the cookies of this demo and environment; the same after every start.
pub(super) fn signing_key(settings: &Settings) -> Key {
    let mut digest = Sha512::new();
    for part in ["bagel-store session", &settings.demo_id, &settings.environment, settings.password.reveal()]
    {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    Key::from(&digest.finalize())
}

/// Says whether name and password are the demo user's, taking the same time whichever of them is wrong.
pub(super) fn is_demo_user(settings: &Settings, username: &str, password: &str) -> bool {
    let name_fits = is_same(username, &settings.username);
    let password_fits = is_same(password, settings.password.reveal());
    name_fits & password_fits
}

/// Compares digests instead of the texts, so that neither length nor content shows in the time it takes.
fn is_same(given: &str, wanted: &str) -> bool {
    let (given, wanted) = (Sha256::digest(given), Sha256::digest(wanted));
    given.iter().zip(wanted.iter()).fold(0, |difference, (left, right)| difference | (left ^ right)) == 0
}

/// Cookies don't tell ports apart: the name keeps environments apart that share a host.
fn cookie_name(settings: &Settings) -> String {
    format!("bagel_{}_{}", settings.demo_id, settings.environment)
}
