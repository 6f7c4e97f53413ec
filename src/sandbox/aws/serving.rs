//! Keeping the store of an environment running: at the start, and when it ends by itself.
//!
//! App Runner replaces an instance that stopped; so does this, with growing pauses while the new ones stop
//! as well. Absent on purpose: replacing a store by another version ([`super::deployment`]).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::configuration::Configuration;
use super::deployment;
use super::durations::floor;
use super::instance::Instance;
use super::launch::{self, CannotLaunch};
use super::lines::{self, Line};
use super::state::{OperationKind, ServiceStatus};
use super::world::{Inner, Shared};

/// The first pause before a store that ended is replaced.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause; a store that keeps ending is tried that often.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A store that ran this long has earned the first pause again.
const STEADY: Duration = Duration::from_secs(30);

/// Starts what the state says should run, and carries on the operation that was under way.
pub(super) async fn bring_up(world: &Shared, environment: &str) {
    let Some(service) = world.state().service(environment).cloned() else { return };
    let serves = match &service.under_way {
        None if service.status == ServiceStatus::Running => Some(&service.configuration),
        None => None,
        // While an update is under way the old configuration serves, until the new one is routed.
        Some(under_way) => (under_way.status_before == ServiceStatus::Running
            && under_way.kind != OperationKind::PauseService)
            .then_some(&under_way.before),
    };
    if let Some(configuration) = serves {
        begin_serving(world, environment, configuration).await;
    }
    if service.under_way.is_some() {
        deployment::spawn(world, environment);
    }
}

/// Watches over the store on a seat: replaces it whenever it ends, until the seat is lost.
pub(super) fn watch_over(
    world: &Shared,
    environment: &str,
    ticket: u64,
    configuration: Configuration,
    instance: Option<Instance>,
) {
    if let Some(place) = world.places.get(environment) {
        let watch =
            Watch { world: Arc::clone(world), environment: environment.to_owned(), ticket, configuration };
        place.spawn(watch.run(instance));
    }
}

/// Starts a store and waits until it listens; one that does not is ended again.
async fn launched(
    world: &Inner,
    environment: &str,
    configuration: &Configuration,
) -> Result<(Instance, SocketAddr), String> {
    let service = world.state().service(environment).cloned();
    let (Some(service), Some(place)) = (service, world.places.get(environment)) else {
        return Err("the service is gone".to_owned());
    };
    let instance =
        launch::start(world, &service, configuration).map_err(|error: CannotLaunch| error.to_string())?;
    place.remember(&instance);
    match tokio::time::timeout(floor::START, instance.listening()).await {
        Ok(Some(address)) => Ok((instance, address)),
        Ok(None) => {
            let code = instance.ended().await;
            place.end(&instance).await;
            Err(format!("it ended with exit code {code}"))
        }
        Err(_elapsed) => {
            place.end(&instance).await;
            Err("it did not begin to listen".to_owned())
        }
    }
}

async fn begin_serving(world: &Shared, environment: &str, configuration: &Configuration) {
    let Some(place) = world.places.get(environment) else { return };
    match launched(world, environment, configuration).await {
        Ok((instance, address)) => {
            let ticket = place.seat(instance.clone(), address);
            watch_over(world, environment, ticket, configuration.clone(), Some(instance));
        }
        Err(because) => {
            could_not_start(world, environment, &because);
            let ticket = place.reserve();
            watch_over(world, environment, ticket, configuration.clone(), None);
        }
    }
}

struct Watch {
    world: Shared,
    environment: String,
    ticket: u64,
    configuration: Configuration,
}

impl Watch {
    async fn run(self, mut instance: Option<Instance>) {
        let Some(place) = self.world.places.get(&self.environment) else { return };
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(instance) = instance.take() {
                let since = Instant::now();
                let code = instance.ended().await;
                if !place.lost_store(self.ticket, &instance) {
                    return;
                }
                if let Some(service) = self.world.state().service(&self.environment) {
                    self.world.log(service, None, &[Line::service(lines::stopped(code))]);
                }
                if since.elapsed() > STEADY {
                    pause = FIRST_PAUSE;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            if !place.holds(self.ticket) {
                return;
            }
            match launched(&self.world, &self.environment, &self.configuration).await {
                Ok((started, address)) if place.reseat(self.ticket, &started, address) => {
                    instance = Some(started);
                }
                Ok((started, _)) => {
                    // A deployment took the seat while this store was starting.
                    place.end(&started).await;
                    return;
                }
                Err(because) => could_not_start(&self.world, &self.environment, &because),
            }
        }
    }
}

fn could_not_start(world: &Inner, environment: &str, because: &str) {
    if let Some(service) = world.state().service(environment) {
        let text = format!("Your application stopped or failed to start: {because}.");
        world.log(service, None, &[Line::service(text)]);
    }
}
