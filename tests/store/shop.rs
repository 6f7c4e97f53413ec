//! A running store and a guest who talks to it over real HTTP.

use super::changelog;
use crate::support::postgres::{PASSWORD, Postgres, USERNAME};
use lockstep::store::{Settings, serve};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, oneshot};

/// The password of the store's one user.
pub(crate) const DEMO_PASSWORD: &str = "pw-of-the-demo-user";

/// One environment: a database of its own on the shared server.
pub(crate) struct Environment {
    pub(crate) postgres: Arc<Postgres>,
    pub(crate) database: String,
    /// A connection of the test's own, for looking behind the store's back.
    observer: OnceCell<tokio_postgres::Client>,
}

/// A store that runs inside the test; it ends with the last who holds it, its guests included.
pub(crate) struct RunningStore {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    running: Arc<oneshot::Sender<()>>,
}

/// Somebody with a browser: keeps the cookie, follows nothing by itself.
#[derive(Clone)]
pub(crate) struct Guest {
    client: Client,
    base: String,
    cookie: Option<String>,
    _store: Option<Arc<oneshot::Sender<()>>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

impl Environment {
    /// Makes a database with everything up to `release` applied.
    pub(crate) async fn at(release: &str) -> Self {
        let environment = Self::empty().await;
        environment.update(release).await;
        environment
    }

    /// Makes an empty database.
    pub(crate) async fn empty() -> Self {
        let postgres = Postgres::shared();
        let database = postgres.create_database().await;
        Self::named(postgres, database)
    }

    /// Stands for a database that may not be there yet.
    pub(crate) fn named(postgres: Arc<Postgres>, database: String) -> Self {
        Self { postgres, database, observer: OnceCell::new() }
    }

    pub(crate) async fn update(&self, release: &str) {
        changelog::update(self.observer().await, release).await;
    }

    pub(crate) async fn connect(&self) -> tokio_postgres::Client {
        self.postgres.connect(&self.database).await
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.observer().await.batch_execute(sql).await.unwrap();
    }

    /// Asks for one number.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.observer().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    async fn observer(&self) -> &tokio_postgres::Client {
        self.observer.get_or_init(|| self.connect()).await
    }

    pub(crate) async fn store(&self, version: &str) -> RunningStore {
        RunningStore::start(&settings(version, self.postgres.port, &self.database)).await
    }
}

impl RunningStore {
    pub(crate) async fn start(variables: &[(&'static str, String)]) -> Self {
        let settings = Settings::read(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (running, ended) = oneshot::channel::<()>();
        let lines = Arc::clone(&log);
        let write = Arc::new(move |line: &str| lines.lock().unwrap().push(line.to_owned()));
        tokio::spawn(serve(listener, settings.unwrap(), write, async move {
            ended.await.unwrap_or_default();
        }));
        Self { address, log, running: Arc::new(running) }
    }

    pub(crate) fn guest(&self) -> Guest {
        Guest { _store: Some(Arc::clone(&self.running)), ..Guest::of(self.address) }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

impl Guest {
    pub(crate) fn of(address: SocketAddr) -> Self {
        // The client wants one even for plain HTTP; a second call changes nothing.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        Self { client, base: format!("http://{address}"), cookie: None, _store: None }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        let request = self.client.get(format!("{}{path}", self.base));
        self.send(request).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Reply {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_owned());
        self.send(request).await
    }

    pub(crate) async fn sign_in(&mut self) {
        let form = format!("username=demo&password={DEMO_PASSWORD}");
        let reply = self.post("/login", &form).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    }

    pub(crate) async fn put_into_cart(&mut self, product: i32, quantity: u16) {
        let reply = self.post("/cart/add", &format!("product={product}&quantity={quantity}")).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    }

    /// Sends the same cookie to another store, as a browser does after a deployment.
    pub(crate) fn moves_to(self, store: &RunningStore) -> Self {
        Self { cookie: self.cookie, ..store.guest() }
    }

    /// Replaces the cookie, keeping its name.
    pub(crate) fn forge(&mut self, change: impl Fn(&str) -> String) {
        self.cookie = self.cookie.as_deref().map(change);
    }

    async fn send(&mut self, request: RequestBuilder) -> Reply {
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let response = request.send().await.unwrap();
        if let Some(set) = response.headers().get(SET_COOKIE) {
            let set = set.to_str().unwrap();
            assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        let location = response.headers().get(LOCATION).map(|value| value.to_str().unwrap().to_owned());
        Reply { status: response.status(), location, body: response.text().await.unwrap() }
    }
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Returns the environment variables of a store.
pub(crate) fn settings(version: &str, port: u16, database: &str) -> Vec<(&'static str, String)> {
    let image = format!("registry.example/demo1-bagel-store:{version}");
    let pairs = [
        ("BAGEL_VERSION", version),
        ("BAGEL_IMAGE", &image),
        ("ENVIRONMENT", "staging"),
        ("DEMO_ID", "demo1"),
        ("BIND", "127.0.0.1"),
        ("PORT", "0"),
        ("DB_HOST", "127.0.0.1"),
        ("DB_PORT", &port.to_string()),
        ("DB_NAME", database),
        ("DB_USERNAME", USERNAME),
        ("DB_PASSWORD", PASSWORD),
        ("DEMO_USERNAME", "demo"),
        ("DEMO_PASSWORD", DEMO_PASSWORD),
    ];
    pairs.map(|(name, value)| (name, value.to_owned())).to_vec()
}
