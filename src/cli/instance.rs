//! The instance that a command works with.

use super::arguments::Arguments;
use crate::config::{Settings, instance, paths};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::EnvironmentName;
use crate::sandbox;

/// The settings of the chosen instance. A sandbox that sleeps is named as such, before anything times out.
pub(super) fn settings(arguments: &Arguments) -> Result<Settings, Failure> {
    let settings = instance::choose(arguments.instance.as_deref(), &super::here())?;
    let sandboxes = sandbox::list(&paths::home());
    let sleeps = sandboxes.iter().any(|it| !it.running && settings.origin.starts_with(&it.state_folder));
    if sleeps {
        let id = &settings.id;
        return Err(Failure::new(FailureKind::Unavailable, format!("the sandbox {id} is not running"))
            .hint(format!("Start it with `lockstep demo up --id {id}`.")));
    }
    Ok(if arguments.read_only { settings.read_only() } else { settings })
}

/// The environments with these names, all of them when none is named. One that does not exist is a usage error.
pub(super) fn environments(settings: &Settings, chosen: &[String]) -> Result<Vec<EnvironmentName>, Failure> {
    let all: Vec<_> = settings.environments.iter().map(|it| it.environment.name.clone()).collect();
    for name in chosen {
        if !all.iter().any(|known| known.as_str() == name) {
            let names: Vec<_> = all.iter().map(EnvironmentName::as_str).collect();
            return Err(Failure::new(FailureKind::Usage, format!("there is no environment called {name}"))
                .because(format!("the environments are: {}", names.join(", "))));
        }
    }
    let is_chosen = |name: &EnvironmentName| chosen.is_empty() || chosen.iter().any(|it| it == name.as_str());
    Ok(all.into_iter().filter(is_chosen).collect())
}
