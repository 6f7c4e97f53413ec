//! The one loop. The console and the command line differ only in their [`Frontend`].

use std::io;

use crate::engine::State;
use crate::engine::event::{Event, Intent};
use crate::runtime::{Perform, Runtime};

/// So many events go before what a person does; then it is their turn, or a flood of events would lock them out.
const EVENTS_IN_A_ROW: usize = 16;

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
    let mut in_a_row = 0;
    loop {
        let is_idle = runtime.is_idle();
        let (events, state) = runtime.parts();
        let step = if in_a_row < EVENTS_IN_A_ROW {
            tokio::select! {
                // What happened comes before what is asked for.
                biased;
                Some(event) = events.recv() => Step::Happened(event),
                next = frontend.next(state, is_idle) => Step::Asked(next?),
            }
        } else {
            tokio::select! {
                biased;
                next = frontend.next(state, is_idle) => Step::Asked(next?),
                Some(event) = events.recv() => Step::Passed(event),
            }
        };
        in_a_row = if matches!(step, Step::Happened(_)) { in_a_row + 1 } else { 0 };
        let event = match step {
            Step::Happened(event) | Step::Passed(event) => {
                runtime.handle(&event);
                event
            }
            Step::Asked(Next::Intent(intent)) => runtime.intend(intent),
            Step::Asked(Next::Redraw) => {
                frontend.show(None, runtime.state(), false)?;
                continue;
            }
            Step::Asked(Next::Leave) => return Ok(runtime.into_state()),
        };
        let more = !runtime.parts().0.is_empty();
        frontend.show(Some(&event), runtime.state(), more)?;
    }
}

/// What comes next.
enum Step {
    /// Something happened.
    Happened(Event),
    /// Something happened, and nobody wanted anything when it was their turn.
    Passed(Event),
    /// Somebody wants something.
    Asked(Next),
}
