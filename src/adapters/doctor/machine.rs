//! This machine and the instance's own files: what runs Liquibase, releases, policy, flow, and folders to write into.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::told;
use crate::adapters::process::{Launch, Process};
use crate::adapters::report::within;
use crate::adapters::{Parts, policy, way};
use crate::config::paths;
use crate::domain::doctor::judgement::{self, Folder};
use crate::domain::doctor::{Found, Need, Place};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::procedure::{GIVEN, Way};

impl Parts {
    /// What Liquibase is run with.
    pub(super) async fn examine_runner(&self) -> Need {
        let found = match self.liquibase.runner() {
            Err(failure) => Err(failure),
            Ok(runner) => match runner.docker() {
                Some(program) => self
                    .docker(program)
                    .await
                    .map(|engine| format!("{} in Docker {engine}", self.settings.liquibase.docker_image)),
                None => Ok(runner.words()),
            },
        };
        told(found).need(Place::Machine, "Liquibase")
    }

    /// The version of the Docker engine: the program alone runs nothing.
    async fn docker(&self, program: &Path) -> Result<String, Failure> {
        let what = || "could not ask Docker for its version".to_owned();
        let wrong = || {
            let hint = "Start Docker, and let your user use it; or set [liquibase] runner = \"auto\".";
            Failure::new(FailureKind::Unavailable, what()).hint(hint)
        };
        let launch = Launch {
            program: program.to_owned(),
            args: ["version", "--format", "{{.Server.Version}}"].map(OsString::from).to_vec(),
            env: std::env::vars_os().collect(),
            folder: std::env::temp_dir(),
            lease: None,
        };
        within(self.settings.deadlines.look, what, async {
            let mut process = Process::start(launch).map_err(|error| wrong().because(error))?;
            let mut lines = Vec::new();
            while let Some(batch) = process.lines().await {
                lines.extend(batch);
            }
            let status = process.end().await.map_err(|error| wrong().because(error))?;
            let last = lines.into_iter().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            if status.success() { Ok(last) } else { Err(wrong().because(last)) }
        })
        .await
    }

    /// The instance's own files and folders.
    pub(super) async fn examine_instance(&self) -> Vec<Need> {
        let need = |found: Found, name| found.need(Place::Instance, name);
        let settings = &self.settings;
        let releases = async {
            let place = settings.releases.source.to_string();
            let what = || format!("could not read the releases in {place}");
            let read = within(settings.deadlines.look, what, Box::pin(self.artifacts.catalog())).await;
            Found::of(read, |(catalog, problems)| {
                let problems = problems.into_iter();
                let problems = problems.map(|it| format!("{}: {}", it.what, it.because.join("; ")));
                judgement::releases(&catalog, &place, problems.collect())
            })
        };
        let (releases, flow) = tokio::join!(releases, self.examine_flow());
        let folders = [
            (settings.journal(), "journal"),
            (settings.reports(), "reports"),
            (paths::leases(&settings.id), "runs"),
        ];
        let mut needs =
            vec![need(releases, "releases"), need(self.examine_policy().await, "policy"), need(flow, "flow")];
        needs.extend(folders.map(|(path, name)| need(folder(&path), name)));
        needs
    }

    async fn examine_policy(&self) -> Found {
        let Some(policy) = self.settings.policy.clone() else {
            return Found::unseen("[policy] is not there: no check stands in a promotion's way");
        };
        let name = policy.settings.to_string();
        let read = policy::read(&self.texts, Some(&policy.settings), policy.waivers.as_ref()).await;
        Found::of(read, |(policy, problems)| {
            let words = format!("{} checks look, by {name}", policy.enabled().count());
            if problems.is_empty() {
                return Found::well(words);
            }
            let because = problems.iter().map(ToString::to_string).collect();
            Found {
                because,
                ..Found::doubtful(words, "Correct the files; docs/policy.md tells what may stand there.")
            }
        })
    }

    async fn examine_flow(&self) -> Found {
        let way = way::read(&self.settings, &self.texts).await;
        let path = match &*way {
            Way::Plain => return Found::well("lockstep's own steps"),
            Way::Flow(flow) => flow.path.clone(),
            Way::Unreadable(failure) => return Found::failed(failure.clone()),
        };
        // Which steps it has may depend on the environment; the first that cannot be promoted to is told.
        let names = self.settings.environments.iter().map(|it| it.environment.name.to_string());
        let wrong = names.into_iter().find_map(|name| {
            let known = GIVEN.map(|given| {
                let value = if given == "ENV" { name.clone() } else { given.to_owned() };
                (given.to_owned(), value)
            });
            way.procedure(known.to_vec()).err()
        });
        wrong.map_or_else(|| Found::well(format!("{path} can be gone by")), Found::failed)
    }
}

/// Whether lockstep could write into a folder, found out without writing.
fn folder(path: &Path) -> Found {
    let is_writable = |path: &Path| access(path, AccessFlags::W_OK | AccessFlags::X_OK).is_ok();
    let state = if path.exists() {
        if path.is_dir() && is_writable(path) { Folder::Writable } else { Folder::Closed }
    } else {
        let above: Option<PathBuf> = path.ancestors().find(|above| above.exists()).map(Path::to_owned);
        match above {
            Some(above) if above.is_dir() && is_writable(&above) => Folder::Makeable,
            // A relative path begins in the folder that lockstep was started in.
            None if is_writable(Path::new(".")) => Folder::Makeable,
            _ => Folder::Closed,
        }
    };
    judgement::folder(&path.display().to_string(), state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::doctor::Standing;

    #[test]
    fn a_folder_is_asked_whether_it_could_be_written_and_nothing_is_made() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a").join("b");
        assert!(folder(&deep).words.ends_with("is not there yet and can be made"));
        assert!(!root.path().join("a").exists(), "nothing is made");
        assert!(folder(root.path()).words.ends_with("can be written"));
        let file = root.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(matches!(folder(&file).standing, Standing::Wrong(_)), "a file is no folder");
        assert!(matches!(folder(&file.join("inside")).standing, Standing::Wrong(_)));
    }
}
