//! A scripted world in which everything is done, and one witness says something else, or nothing, once it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::observation::{Observation, OperationStatus};
use lockstep::domain::release::Version;
use lockstep::domain::step::StepKind;
use lockstep::engine::effect::Effect;
use lockstep::engine::event::{EventKind, Progress, StepOutcome};
use lockstep::runtime::{Perform, Sink};

use super::witness::Ride;
use crate::console::Script;

/// What is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// All witnesses say what is true.
    None,
    /// The platform's operation went back to what ran before, and the image says nothing of it.
    Operation,
    /// The operation has not ended.
    NoEnd,
    /// The service shows another image.
    Image,
    /// The service cannot be looked at.
    NoImage,
    /// The application names another version.
    Version,
    /// The application says that it is not well.
    Health,
    /// The application names no version.
    Nameless,
    /// The application does not answer.
    NoHealth,
    /// The newest changeset has no row.
    Rows,
    /// A changeset has another checksum than the release says.
    Edited,
    /// The ledger cannot be read.
    NoRows,
}

impl Lie {
    /// Those that refute what was promised.
    pub(super) const REFUTED: [Self; 6] =
        [Self::Operation, Self::Image, Self::Version, Self::Health, Self::Rows, Self::Edited];

    /// Those that leave it open.
    pub(super) const OPEN: [Self; 5] =
        [Self::NoEnd, Self::NoImage, Self::Nameless, Self::NoHealth, Self::NoRows];
}

/// Carries effects out in the scripted world, and bends what is seen after the service was changed.
#[derive(Clone)]
pub(super) struct Liar {
    script: Script,
    lie: Lie,
    is_deployed: Arc<AtomicBool>,
}

impl Liar {
    /// A promotion to dev in such a world, planned and not confirmed yet.
    pub(super) async fn ride(lie: Lie) -> Ride<Self> {
        Ride::planned_by(|_| Self { script: Script::new(), lie, is_deployed: Arc::default() }).await
    }

    fn bend(&self, kind: EventKind) -> EventKind {
        if let EventKind::Step(
            run,
            StepKind::Service,
            Progress::Ended(Ok(StepOutcome::Deployed { operation, status })),
        ) = kind
        {
            self.is_deployed.store(true, Ordering::SeqCst);
            let status = match self.lie {
                Lie::Operation => OperationStatus::RolledBack,
                Lie::NoEnd => OperationStatus::Running,
                _ => status,
            };
            let outcome = StepOutcome::Deployed { operation, status };
            return EventKind::Step(run, StepKind::Service, Progress::Ended(Ok(outcome)));
        }
        match kind {
            EventKind::Observed(name, generation, seen) if self.is_deployed.load(Ordering::SeqCst) => {
                EventKind::Observed(name, generation, self.see(seen))
            }
            kind => kind,
        }
    }

    fn see(&self, mut seen: Observation) -> Observation {
        let nothing = || Failure::new(FailureKind::Unavailable, "nobody answers");
        match (self.lie, &mut seen) {
            (Lie::Image, Observation::Service(Ok(view))) => {
                view.image = lockstep::domain::release::ImageRef::new("registry.example/store:v0.9.0");
            }
            (Lie::NoImage, Observation::Service(view)) => *view = Err(nothing()),
            (Lie::Version, Observation::Health(Ok(view))) => view.version = Version::parse("v0.9.0").ok(),
            (Lie::Health, Observation::Health(Ok(view))) => view.status = 503,
            (Lie::Nameless, Observation::Health(Ok(view))) => view.version = None,
            (Lie::NoHealth, Observation::Health(view)) => *view = Err(nothing()),
            (Lie::Rows, Observation::Ledger(Ok(ledger))) => {
                ledger.rows.pop();
            }
            (Lie::Edited, Observation::Ledger(Ok(ledger))) => {
                let other = ledger.rows[0].checksum.clone();
                ledger.rows[1].checksum = other;
            }
            (Lie::NoRows, Observation::Ledger(ledger)) => *ledger = Err(nothing()),
            _ => {}
        }
        seen
    }
}

impl Perform for Liar {
    async fn perform(&self, effect: Effect, out: Sink) {
        let (sink, mut events) = Sink::queue(out.clock());
        let bending = async {
            while let Some(event) = events.recv().await {
                out.send(self.bend(event.kind)).await;
            }
        };
        tokio::join!(self.script.perform(effect, sink), bending);
    }
}
