//! The instance that a command works with.

use super::arguments::Arguments;
use crate::config::{Settings, instance, paths};
use crate::domain::failure::{Failure, FailureKind};
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
    Ok(settings)
}
