//! Which instance is meant: a sandbox, or a `lockstep.toml` in the project.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Settings, file, paths};
use crate::domain::failure::{Failure, FailureKind};

/// The name of the configuration file.
pub const FILE_NAME: &str = "lockstep.toml";

/// Finds the instance called `wanted`; without a name the only one there is.
pub fn choose(wanted: Option<&str>, here: &Path) -> Result<Settings, Failure> {
    let candidates = candidates(here);
    match wanted {
        Some(wanted) => match candidates.iter().find(|(id, _)| id == wanted) {
            Some((_, path)) => file::load(path),
            None => Err(missing(wanted, &candidates)),
        },
        None => match candidates.as_slice() {
            [(_, path)] => file::load(path),
            [] => Err(Failure::new(FailureKind::Configuration, "there is no instance to work with").hint(
                "Start a sandbox with `lockstep demo up`, or write a lockstep.toml (docs/configuration.md).",
            )),
            several => Err(list(several)
                .into_iter()
                .fold(
                    Failure::new(FailureKind::Configuration, "there are several instances; say which one"),
                    Failure::because,
                )
                .hint("Add `--instance ID`, or set LOCKSTEP_INSTANCE.")),
        },
    }
}

/// Every instance that can be chosen, with the file that describes it: the project's first.
fn candidates(here: &Path) -> Vec<(String, PathBuf)> {
    let project = here.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file());
    let sandboxes = fs::read_dir(paths::home().join("sandboxes")).into_iter().flatten().flatten();
    let mut sandboxes: Vec<PathBuf> =
        sandboxes.map(|entry| entry.path().join(FILE_NAME)).filter(|path| path.is_file()).collect();
    sandboxes.sort();
    project.into_iter().chain(sandboxes).map(|path| (id_of(&path), path)).collect()
}

/// The id that a file gives; a file that cannot be read is known by its folder, so that its errors can be shown.
fn id_of(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let text = fs::read_to_string(path).unwrap_or_default();
    let id = text
        .parse::<toml::Table>()
        .ok()
        .and_then(|table| table.get("instance")?.get("id")?.as_str().map(str::to_owned));
    id.or(folder).unwrap_or_default()
}

fn list(candidates: &[(String, PathBuf)]) -> Vec<String> {
    candidates.iter().map(|(id, path)| format!("{id} is described by {}", path.display())).collect()
}

fn missing(wanted: &str, candidates: &[(String, PathBuf)]) -> Failure {
    let failure = Failure::new(FailureKind::Configuration, format!("there is no instance called {wanted}"));
    let failure = list(candidates).into_iter().fold(failure, Failure::because);
    failure
        .hint(format!("Start a sandbox of that name with `lockstep demo up --id {wanted}`, or name another."))
}
