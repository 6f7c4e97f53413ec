//! What stops the work of a run: asked for once, it holds for whatever of the run begins later, until the run is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::domain::names::RunId;

/// The wish to stop, by run. Cheap to clone; clones share it.
#[derive(Clone, Default)]
pub(super) struct Cancels(Arc<Mutex<HashMap<RunId, CancellationToken>>>);

impl Cancels {
    /// Asks what `run` does to stop, now or as soon as it begins.
    pub(super) fn cancel(&self, run: &RunId) {
        self.token(run).cancel();
    }

    /// Tells when `run` is to stop.
    pub(super) fn token(&self, run: &RunId) -> CancellationToken {
        self.tokens().entry(run.clone()).or_default().clone()
    }

    /// What was stopped, or came to its end before that, has ended.
    pub(super) fn forget(&self, run: &RunId) {
        self.tokens().remove(run);
    }

    /// `run` is over. One that was to stop stays so: something of it may not have begun yet.
    pub(super) fn end(&self, run: &RunId) {
        self.tokens().retain(|other, token| other != run || token.is_cancelled());
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<RunId, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
