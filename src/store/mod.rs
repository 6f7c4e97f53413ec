//! The Bagel Store: the application that lockstep promotes, in every release it has ever had.
//!
//! A small ordering web application over PostgreSQL. It knows nothing of lockstep, starts while its database is
//! down, and keeps no state of its own: what a guest has is in a cookie, everything else in the database.

mod account;
mod assets;
mod cart;
mod catalogue;
mod checkout;
mod health;
mod money;
mod orders;
mod pages;
mod pool;
mod session;
mod settings;
mod shop;
mod tls;
mod trouble;
mod version;

pub use settings::{DatabaseSettings, Password, SettingProblem, Settings};
pub use tls::Encryption;
pub use version::{Changeset, UnknownVersion, Version};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum_extra::extract::cookie::Key;
use pool::{Limits, Pool};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Takes one line of the store's log; the store itself decides nothing about where it goes.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// Guests wait a little: a slow page is better than none.
const SHOPPING: Limits = Limits {
    connect: Duration::from_secs(5),
    statement: Duration::from_secs(5),
    seat: Duration::from_secs(10),
};

/// Whoever asks for the health wants an answer at once.
const PROBING: Limits = Limits {
    connect: Duration::from_millis(1500),
    statement: Duration::from_millis(1500),
    seat: Duration::from_millis(1500),
};

/// How long a guest's page waits for the database; a little longer than the server lets a statement run.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long requests that are under way may take once the store is told to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// What every request may use.
#[derive(Clone)]
pub(crate) struct Store {
    settings: Arc<Settings>,
    pool: Arc<Pool>,
    /// A pool of its own, so that a queue of shoppers never makes the store look dead.
    probe: Arc<Pool>,
    key: Key,
    log: Log,
}

/// Serves one release on `listener` until `ending` completes; requests under way are finished first.
///
/// **Errors:** only those of the listener. A database that is down is not an error: `/health` says so.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    log: Log,
    ending: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let store = Store {
        key: session::signing_key(&settings),
        pool: Arc::new(Pool::new(&settings.database, 4, SHOPPING)),
        probe: Arc::new(Pool::new(&settings.database, 1, PROBING)),
        settings: Arc::new(settings),
        log,
    };
    let ended = CancellationToken::new();
    let server = axum::serve(listener, routes(store)).with_graceful_shutdown({
        let ended = ended.clone();
        async move {
            ending.await;
            ended.cancel();
        }
    });
    let overdue = async {
        ended.cancelled().await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        outcome = server => outcome,
        () = overdue => Ok(()),
    }
}

fn routes(store: Store) -> Router {
    Router::new()
        .route("/", get(shop::catalogue))
        .route("/products/{id}", get(shop::product))
        .route("/cart", get(shop::cart))
        .route("/cart/add", post(shop::add))
        .route("/cart/change", post(shop::change))
        .route("/cart/remove", post(shop::remove))
        .route("/login", get(account::form).post(account::sign_in))
        .route("/logout", post(account::sign_out))
        .route("/checkout", get(checkout::summary).post(checkout::place))
        .route("/orders", get(checkout::list))
        .route("/orders/{id}", get(checkout::order))
        .route("/orders/{id}/advance", post(checkout::advance))
        .fallback(async || trouble::Trouble::NotFound)
        .layer(from_fn_with_state(store.clone(), trouble::dress))
        .route("/health", get(health::health))
        .route("/version", get(health::version))
        .route("/style.css", get(assets::style))
        .route("/pictures/{file}", get(assets::picture))
        .layer(from_fn_with_state(store.clone(), observe))
        .with_state(store)
}

/// Logs every request and adds the headers every answer has.
async fn observe(State(store): State<Store>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(200).collect();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in SAFETY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let took = started.elapsed().as_millis();
    say(&store, &format!("{method} {path} {} {took} ms", response.status().as_u16()));
    response
}

/// Nothing but our own style sheet and pictures is ever loaded, and nobody frames the store.
const SAFETY: [(HeaderName, &str); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
];

fn say(store: &Store, line: &str) {
    (store.log)(line);
}
