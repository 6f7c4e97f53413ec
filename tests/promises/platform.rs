//! A platform in memory: one service whose image can be changed, an application that is always well, and a count.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockstep::domain::observation::{
    HealthView, Observation, Operation, OperationStatus, ServiceStatus, ServiceView,
};
use lockstep::domain::release::ImageRef;
use lockstep::domain::step::StepKind;
use lockstep::engine::effect::{CloudCall, Effect, HealthCall};
use lockstep::engine::event::{EventKind, Progress, StepOutcome};
use lockstep::runtime::{Perform, Sink};

/// What it knows. Clones are the same platform.
#[derive(Clone)]
pub(super) struct Platform(Arc<Mutex<Facts>>);

struct Facts {
    image: ImageRef,
    updates: usize,
}

impl Platform {
    /// A service that runs this image.
    pub(super) fn running(image: ImageRef) -> Self {
        Self(Arc::new(Mutex::new(Facts { image, updates: 0 })))
    }

    /// How often the service was changed.
    pub(super) fn updates(&self) -> usize {
        self.0.lock().unwrap().updates
    }

    /// True when an effect is about the platform or the application.
    pub(super) fn serves(effect: &Effect) -> bool {
        matches!(effect, Effect::Cloud(..) | Effect::Health(..))
    }

    fn view(&self) -> ServiceView {
        let facts = self.0.lock().unwrap();
        ServiceView {
            platform: lockstep::domain::platform::Platform::UNKNOWN,
            status: ServiceStatus::Running,
            image: facts.image.clone(),
            address: "http://127.0.0.1:1".to_owned(),
            updated_at: "2026-11-20T16:21:00Z".parse().unwrap(),
            operation: Some(Operation {
                id: facts.updates.to_string(),
                status: OperationStatus::Succeeded,
                started_at: None,
                ended_at: None,
            }),
        }
    }

    fn health(&self) -> HealthView {
        HealthView {
            status: 200,
            latency: Duration::from_millis(8),
            reason: None,
            version: self.view().image.version(),
            image: None,
        }
    }
}

impl Perform for Platform {
    async fn perform(&self, effect: Effect, out: Sink) {
        let ended = |run, step, outcome| EventKind::Step(run, step, Progress::Ended(Ok(outcome)));
        let event = match effect {
            Effect::Cloud(name, CloudCall::Describe(generation)) => {
                EventKind::Observed(name, generation, Observation::Service(Ok(self.view())))
            }
            Effect::Cloud(name, CloudCall::ListUpdates(generation)) => {
                EventKind::Observed(name, generation, Observation::Updates(Ok(Vec::new())))
            }
            Effect::Cloud(_, CloudCall::Deploy { run, image, .. }) => {
                let operation = {
                    let mut facts = self.0.lock().unwrap();
                    facts.image = image;
                    facts.updates += 1;
                    facts.updates.to_string()
                };
                let status = OperationStatus::Succeeded;
                ended(run, StepKind::Service, StepOutcome::Deployed { operation, status })
            }
            Effect::Health(name, HealthCall::Probe(generation)) => {
                EventKind::Observed(name, generation, Observation::Health(Ok(self.health())))
            }
            Effect::Health(_, HealthCall::Await(run, version)) => {
                ended(run, StepKind::Health, StepOutcome::Done(version.to_string()))
            }
            other => panic!("no platform does {other:?}"),
        };
        out.send(event).await;
    }
}
