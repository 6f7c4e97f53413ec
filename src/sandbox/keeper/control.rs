//! The keeper's ear: its routes under `/_sandbox/`, on the same loopback port as the emulated AWS.
//!
//! `GET start` follows the start to its end, `POST reset` asks for a reset and follows it, `GET hold` keeps an unkept
//! sandbox alive while the connection lasts, `POST keep` and `POST stop` say what they are, `POST faults` sets, clears and
//! lists faults. All need the bearer token.
//! Deliberately absent: doing any of it; a request becomes a [`Request`] in the keeper's inbox.

use std::convert::Infallible;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{once, pending, unfold};
use futures_util::{StreamExt as _, future};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::record::Record;
use crate::sandbox::SandboxError;
use crate::sandbox::faults::{Order, Report};
use crate::sandbox::folder::{StateFolder, random_word, write_private};
use crate::sandbox::link::Word;

/// What others want of the keeper.
pub(crate) enum Request {
    Stop,
    Keep,
    /// Bring the start state back, and say so here.
    Reset(watch::Sender<Vec<Word>>),
    /// See to the faults, and say here what is set afterwards, or why that could not be done.
    Faults(Order, oneshot::Sender<Result<Report, String>>),
}

/// How many hold the sandbox, since when that is so, and whether anybody ever did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holds {
    pub(crate) count: usize,
    pub(crate) since: Instant,
    pub(crate) ever: bool,
}

/// The listener and what its routes share with the keeper.
pub(crate) struct Control {
    listener: TcpListener,
    port: u16,
    shared: Arc<Shared>,
    /// Ends the serving of the first moments, when there is no AWS to serve yet.
    alone: Option<oneshot::Sender<()>>,
}

struct Shared {
    token: String,
    start: watch::Sender<Vec<Word>>,
    holds: watch::Sender<Holds>,
    requests: mpsc::Sender<Request>,
}

impl Control {
    /// Listens on the sandbox's port if that is free, else on another, and serves the control routes.
    pub(crate) fn open(state: &StateFolder, requests: mpsc::Sender<Request>) -> Result<Self, SandboxError> {
        let token = random_word()?;
        write_private(&state.token(), token.as_bytes())?;
        let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = match Record::load(state).endpoint {
            Some(port) => bind(port).or_else(|_| bind(0)),
            None => bind(0),
        };
        let failed = || SandboxError::file("listen for", state.path());
        let listener = listener.map_err(failed())?;
        listener.set_nonblocking(true).map_err(failed())?;
        let port = listener.local_addr().map_err(failed())?.port();
        let holds = Holds { count: 0, since: Instant::now(), ever: false };
        let (start, holds) = (watch::Sender::new(Vec::new()), watch::Sender::new(holds));
        let mut control =
            Self { listener, port, shared: Arc::new(Shared { token, start, holds, requests }), alone: None };
        let (alone, ended) = oneshot::channel();
        control.serve(control.routes(), async { drop(ended.await) }).map_err(failed())?;
        control.alone = Some(alone);
        Ok(control)
    }

    /// Serves the emulated AWS too from now on; connections that wait are answered by it.
    pub(crate) async fn serve_all(&mut self, aws: Router) -> Result<(), SandboxError> {
        self.alone.take();
        // Lets the first server notice, so that it accepts nothing that it cannot answer.
        tokio::task::yield_now().await;
        let served = self.serve(self.routes().merge(aws), future::pending());
        served.map_err(|source| SandboxError::Cloud { action: "listen", because: source.to_string() })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The words of the start, for those who follow it now or come later.
    pub(crate) fn start(&self) -> &watch::Sender<Vec<Word>> {
        &self.shared.start
    }

    pub(crate) fn holds(&self) -> watch::Receiver<Holds> {
        self.shared.holds.subscribe()
    }

    fn routes(&self) -> Router {
        Router::new()
            .route("/_sandbox/start", get(start))
            .route("/_sandbox/hold", get(hold))
            .route("/_sandbox/reset", post(reset))
            .route("/_sandbox/keep", post(keep))
            .route("/_sandbox/stop", post(stop))
            .route("/_sandbox/faults", post(faults))
            .route_layer(from_fn_with_state(Arc::clone(&self.shared), with_token))
            .with_state(Arc::clone(&self.shared))
    }

    fn serve(&self, router: Router, until: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener.try_clone()?)?;
        let serving = axum::serve(listener, router).with_graceful_shutdown(until);
        tokio::spawn(async move { serving.await.ok() });
        Ok(())
    }
}

async fn with_token(State(shared): State<Arc<Shared>>, request: HttpRequest, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given.and_then(|value| value.strip_prefix("Bearer ")) == Some(shared.token.as_str()) {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn start(State(shared): State<Arc<Shared>>) -> Response {
    told(shared.start.subscribe(), Hold::take(&shared, false))
}

async fn hold(State(shared): State<Arc<Shared>>) -> Response {
    let held = Hold::take(&shared, true);
    let first = once(future::ready(Ok::<_, Infallible>("{\"doing\":\"held\"}\n")));
    // The rest never comes; the closure's only purpose is to own the hold until the connection ends.
    let rest = pending().map(move |never| {
        let _owned = &held;
        never
    });
    Response::new(Body::from_stream(first.chain(rest)))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Response {
    let progress = watch::Sender::new(Vec::new());
    let words = progress.subscribe();
    let held = Hold::take(&shared, false);
    match shared.requests.send(Request::Reset(progress)).await {
        Ok(()) => told(words, held),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn keep(State(shared): State<Arc<Shared>>) -> StatusCode {
    pass_on(&shared, Request::Keep).await
}

async fn stop(State(shared): State<Arc<Shared>>) -> StatusCode {
    pass_on(&shared, Request::Stop).await
}

async fn faults(State(shared): State<Arc<Shared>>, Json(order): Json<Order>) -> Response {
    let (answer, answered) = oneshot::channel();
    if shared.requests.send(Request::Faults(order, answer)).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match answered.await {
        Ok(Ok(report)) => Json(report).into_response(),
        Ok(Err(because)) => (StatusCode::CONFLICT, because).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn pass_on(shared: &Shared, request: Request) -> StatusCode {
    let sent = shared.requests.send(request).await;
    if sent.is_ok() { StatusCode::ACCEPTED } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// A response of one line per word, up to the word that ends them.
fn told(words: watch::Receiver<Vec<Word>>, held: Hold) -> Response {
    let lines = unfold((words, 0, held), |(mut words, told, held)| async move {
        loop {
            let (text, count, ended) = {
                let now = words.borrow_and_update();
                let fresh = now.get(told..).unwrap_or_default();
                let lines = fresh.iter().filter_map(|word| serde_json::to_string(word).ok());
                let text = lines.fold(String::new(), |text, line| text + &line + "\n");
                (text, now.len(), now.last().is_some_and(|word| !matches!(word, Word::Doing(_))))
            };
            if !text.is_empty() {
                return Some((Ok::<_, Infallible>(text), (words, count, held)));
            }
            if ended || words.changed().await.is_err() {
                return None;
            }
        }
    });
    Response::new(Body::from_stream(lines))
}

/// Counts as one who holds the sandbox, until dropped.
struct Hold(Arc<Shared>);

impl Hold {
    fn take(shared: &Arc<Shared>, lasting: bool) -> Self {
        shared.holds.send_modify(|holds| {
            *holds = Holds { count: holds.count + 1, since: Instant::now(), ever: holds.ever || lasting };
        });
        Self(Arc::clone(shared))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.holds.send_modify(|holds| {
            *holds = Holds { count: holds.count.saturating_sub(1), since: Instant::now(), ..*holds };
        });
    }
}
