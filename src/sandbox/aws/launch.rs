//! From a service's configuration to a running store: the pull, the secrets, the environment.
//!
//! What an image brings along (version, its own name) and what the platform adds (address, database host)
//! is put in here; the rest is the service's own configuration, so that a lost variable shows. Absent on
//! purpose: the process itself ([`super::instance`]) and when to start one.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::configuration::Configuration;
use super::instance::{Instance, Printed};
use super::settings::DatabaseAccess;
use super::state::Service;
use super::world::Inner;
use super::{image, names, secrets};

/// Why no store could be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotLaunch {
    /// The repository or the version is not among those the sandbox has.
    #[error("the image does not exist")]
    NoSuchImage,
    /// A secret the configuration names is not there.
    #[error("the secret for {variable} does not exist")]
    NoSuchSecret {
        /// The environment variable that was to hold it.
        variable: String,
    },
    /// The program did not start.
    #[error("the store program did not start: {0}")]
    Start(#[from] io::Error),
}

/// The version of an image the sandbox has.
pub(super) fn pulled_version<'image>(world: &Inner, image: &'image str) -> Result<&'image str, CannotLaunch> {
    let (repository, tag) = image::repository_and_tag(image);
    let version = tag.filter(|_| repository == world.settings.image_repository);
    version
        .filter(|version| world.settings.known_versions.iter().any(|known| known == version))
        .ok_or(CannotLaunch::NoSuchImage)
}

/// Starts a store for a configuration; it is not listening yet.
pub(super) fn start(
    world: &Inner,
    service: &Service,
    configuration: &Configuration,
) -> Result<Instance, CannotLaunch> {
    let database = world.database();
    let variables = variables(world, configuration, &database)?;
    let id = names::fresh_id();
    let group = log_group(service, "application");
    let stream = format!("instance/{id}");
    let logs = world.logs.clone();
    let password = database.password;
    let printed: Printed = Arc::new(move |line| {
        // A store that prints its password must not carry it into a log.
        let line = if password.is_empty() { line.to_owned() } else { line.replace(&password, "***") };
        logs.write(&group, &stream, line);
    });
    Ok(Instance::start(&id, &world.settings.store, variables, printed)?)
}

/// The log group of a service, `kind` being `service` or `application`.
pub(super) fn log_group(service: &Service, kind: &str) -> String {
    format!("/aws/apprunner/{}/{}/{kind}", service.name, service.id)
}

fn variables(
    world: &Inner,
    configuration: &Configuration,
    database: &DatabaseAccess,
) -> Result<BTreeMap<String, String>, CannotLaunch> {
    let image = configuration.image();
    let version = pulled_version(world, image)?;
    let mut variables = BTreeMap::new();
    if let Some(container) = configuration.container() {
        let own = container.runtime_environment_variables.iter();
        // The loader would run code of the caller's choice inside our process tree.
        variables.extend(
            own.filter(|(name, _)| is_harmless(name)).map(|(name, value)| (name.clone(), value.clone())),
        );
        for (variable, secret) in &container.runtime_environment_secrets {
            let secret = secrets::find(world, secret)
                .ok_or_else(|| CannotLaunch::NoSuchSecret { variable: variable.clone() })?;
            variables.insert(variable.clone(), secret.value);
        }
    }
    let (demo_username, demo_password) = world.settings.login.clone();
    let added = [
        ("BAGEL_VERSION", version.to_owned()),
        ("BAGEL_IMAGE", image.to_owned()),
        ("BIND", "127.0.0.1".to_owned()),
        ("PORT", "0".to_owned()),
        ("DB_HOST", database.host.clone()),
        ("DB_PORT", database.port.to_string()),
        ("DEMO_USERNAME", demo_username),
        ("DEMO_PASSWORD", demo_password),
    ];
    variables.extend(added.map(|(name, value)| (name.to_owned(), value)));
    Ok(variables)
}

fn is_harmless(name: &str) -> bool {
    let is_loaders = name.starts_with("LD_") || name.starts_with("DYLD_");
    // A name with an equals sign or a null byte cannot be passed on at all.
    !is_loaders && !name.contains(['=', '\0'])
}
