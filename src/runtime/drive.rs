//! The one loop. The console and the command line differ only in their [`Frontend`].

use std::io;

use crate::engine::State;
use crate::engine::event::{Event, Intent};
use crate::runtime::{Perform, Runtime};

/// What a frontend answers when it is asked what is next.
pub enum Next {
    /// The operator wants something.
    Intent(Intent),
    /// Something that only the frontend cares about has changed, such as a scroll position.
    Redraw,
    /// The operator leaves.
    Leave,
}

/// A way to steer and to watch.
pub trait Frontend {
    /// What to ask for first.
    fn first(&self) -> Intent {
        Intent::Begin
    }

    /// Waits for the operator. Must be safe to drop while it waits.
    fn next(&mut self, state: &State, is_idle: bool) -> impl Future<Output = io::Result<Next>>;

    /// Shows what has changed: one event, or a redraw of the same state. `more` says that further events wait, so
    /// that drawing can be put off.
    fn show(&mut self, event: Option<&Event>, state: &State, more: bool) -> io::Result<()>;
}

/// Runs until the operator leaves.
pub async fn drive<P: Perform>(mut runtime: Runtime<P>, frontend: &mut impl Frontend) -> io::Result<State> {
    frontend.show(None, runtime.state(), false)?;
    let event = runtime.intend(frontend.first());
    frontend.show(Some(&event), runtime.state(), false)?;
    loop {
        let is_idle = runtime.is_idle();
        let (events, state) = runtime.parts();
        let event = tokio::select! {
            // What happened comes before what is asked for.
            biased;
            Some(event) = events.recv() => {
                runtime.handle(&event);
                event
            }
            next = frontend.next(state, is_idle) => match next? {
                Next::Intent(intent) => runtime.intend(intent),
                Next::Redraw => {
                    frontend.show(None, runtime.state(), false)?;
                    continue;
                }
                Next::Leave => return Ok(runtime.into_state()),
            },
        };
        let more = !runtime.parts().0.is_empty();
        frontend.show(Some(&event), runtime.state(), more)?;
    }
}
