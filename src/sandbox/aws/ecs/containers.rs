//! What a container of a task really does here: the AWS command line that fetches one object, or the real Liquibase.
//! Any other image cannot be pulled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::liquibase;
use super::shapes::ContainerDefinition;
use crate::sandbox::aws::world::{Inner, Shared};
use crate::sandbox::aws::{names, s3, secrets};

/// How a container ended.
pub(super) enum End {
    /// With this exit code.
    Code(i32),
    /// It never ran, for this reason.
    Never(String),
}

/// A container that is about to run: what it was told, with its volumes where they are here.
pub(super) struct Prepared<'a> {
    pub(super) world: &'a Shared,
    pub(super) command: Vec<String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) folder: &'a Path,
    log: Option<(String, String)>,
    /// No line may hold these.
    secrets: Vec<String>,
}

impl Prepared<'_> {
    /// Files a line of the container, if its lines go to CloudWatch.
    pub(super) fn say(&self, line: &str) {
        let Some((group, stream)) = &self.log else { return };
        let line = self.secrets.iter().fold(line.to_owned(), |line, secret| line.replace(secret, "***"));
        self.world.logs.write(group, stream, line);
    }
}

/// Runs a container of a task to its end, or until it is to stop.
pub(super) async fn run(
    world: &Shared,
    task: &str,
    container: &ContainerDefinition,
    folder: &Path,
    stop: &CancellationToken,
) -> End {
    let prepared = match prepare(world, task, container, folder).await {
        Ok(prepared) => prepared,
        Err(error) => return End::Never(format!("CannotStartContainerError: {error}")),
    };
    if container.image.contains("aws-cli") {
        fetch(&prepared).await
    } else if container.image.contains("liquibase") {
        liquibase::run(&prepared, stop).await
    } else {
        End::Never(format!("CannotPullContainerError: the sandbox has no image {}", container.image))
    }
}

/// The first secret of a container that does not exist.
pub(super) fn missing_secret(world: &Inner, container: &ContainerDefinition) -> Option<String> {
    let mut places = container.secrets.iter();
    places
        .find(|place| secrets::find(world, &place.value_from).is_none())
        .map(|place| place.value_from.clone())
}

async fn prepare<'a>(
    world: &'a Shared,
    task: &str,
    container: &ContainerDefinition,
    folder: &'a Path,
) -> std::io::Result<Prepared<'a>> {
    let mut volumes: Vec<(String, PathBuf)> = Vec::new();
    for mount in &container.mount_points {
        let place = folder.join(names::sha256(mount.source_volume.as_bytes()));
        tokio::fs::create_dir_all(&place).await?;
        volumes.push((mount.container_path.clone(), place));
    }
    tokio::fs::create_dir_all(folder).await?;
    let found = container.secrets.iter().filter_map(|place| {
        secrets::find(world, &place.value_from).map(|secret| (place.name.clone(), secret.value))
    });
    let found: Vec<(String, String)> = found.collect();
    let secrets = found.iter().map(|(_, value)| value.clone()).filter(|value| !value.is_empty()).collect();
    let mut variables = container.variables();
    // The loader would run code of the caller's choice inside our process tree.
    variables.retain(|name, _| !name.starts_with("LD_") && !name.contains(['=', '\0']));
    for value in variables.values_mut() {
        *value = here(value, &volumes);
    }
    variables.extend(found);
    let command = container.command.iter().map(|word| here(word, &volumes)).collect();
    Ok(Prepared { world, command, variables, folder, log: container.log(task), secrets })
}

/// A path inside a container as it is on this machine; anything else as it is.
fn here(text: &str, volumes: &[(String, PathBuf)]) -> String {
    let inside = volumes.iter().find_map(|(path, place)| Some((text.strip_prefix(path.as_str())?, place)));
    match inside {
        Some((rest, place)) if rest.is_empty() || rest.starts_with('/') => {
            format!("{}{rest}", place.display())
        }
        _ => text.to_owned(),
    }
}

/// `aws s3 cp s3://BUCKET/KEY FILE`.
async fn fetch(prepared: &Prepared<'_>) -> End {
    let [service, verb, from, to] = prepared.command.as_slice() else { return usage(prepared) };
    let place = from.strip_prefix("s3://").and_then(|place| place.split_once('/'));
    let Some((bucket, key)) = place.filter(|_| service == "s3" && verb == "cp") else {
        return usage(prepared);
    };
    let object = s3::object(prepared.world, bucket, key).await;
    let written = match object {
        Ok(Some(bytes)) => tokio::fs::write(to, bytes).await,
        Ok(None) => {
            prepared.say(&format!(
                "fatal error: An error occurred (404) when calling the HeadObject operation: Key \"{key}\" does not exist"
            ));
            return End::Code(1);
        }
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => {
            prepared.say(&format!("download: {from} to {to}"));
            End::Code(0)
        }
        Err(error) => {
            prepared.say(&format!("download failed: {from} to {to} {error}"));
            End::Code(1)
        }
    }
}

fn usage(prepared: &Prepared<'_>) -> End {
    prepared.say("aws: [ERROR]: the sandbox's command line only knows s3 cp s3://BUCKET/KEY FILE");
    End::Code(252)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_a_volume_is_somewhere_else_here() {
        let volumes = [("/release".to_owned(), PathBuf::from("/tmp/task/0123"))];
        assert_eq!(here("/release/changelog.zip", &volumes), "/tmp/task/0123/changelog.zip");
        for other in ["/releases/changelog.zip", "changelog/changelog-master.yaml", "s3://b/release/x"] {
            assert_eq!(here(other, &volumes), other);
        }
    }
}
