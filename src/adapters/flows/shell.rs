//! Shell actions: a command that a shell reads, in the folder that the flow was started in, with lockstep's own program
//! first on the search path and the flow's variables in the environment.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ground::{Database, Ground, PASSWORD, URL, USERNAME};
use super::{Doing, Ended, Flows, NOT_BEGUN, Voice};
use crate::adapters::liquibase;
use crate::adapters::process::Launch;
use crate::adapters::report::Report;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::{Level, Source};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::plain;
use crate::engine::flow::Deed;

/// The shells that are looked for when a flow names none, the best first.
const USUAL: [&str; 2] = ["bash", "sh"];

/// So much of a command is its name, in characters.
const SHOWN: usize = 60;

/// How its lines are told.
const VOICE: Voice = Voice { source: Source::Shell, level: |_| Level::Normal };

/// What a shell is to do.
pub(super) struct Shell<'a> {
    /// What it reads.
    pub(super) command: &'a str,
    /// Which shell; `None` for the usual one.
    pub(super) interpreter: Option<&'a str>,
    /// Variables on top of the environment.
    pub(super) exported: &'a [(String, String)],
}

impl Flows {
    /// Runs a command in a shell.
    pub(super) async fn shell(
        &self,
        doing: &Doing,
        ground: &Ground,
        shell: &Shell<'_>,
        report: &Report,
    ) -> Deed {
        let what = format!("`shell {}` failed", plain::beginning(shell.command, SHOWN));
        let environment = match self.environment(&doing.0, ground, shell.exported).await {
            Ok(environment) => environment,
            Err(failure) => return Deed::failed(NOT_BEGUN, failure),
        };
        let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_os_str());
        let program = match program(shell.interpreter, path.unwrap_or_default()) {
            Ok(program) => program,
            Err(failure) => return Deed::failed(NOT_BEGUN, failure),
        };
        let launch = Launch {
            args: vec!["-c".into(), shell.command.into()],
            env: environment,
            folder: ground.here().to_owned(),
            lease: self.0.leases.share(&doing.0).ok().flatten(),
            program,
        };
        let mut last = None;
        let keep = |texts: Vec<Arc<str>>| {
            last = texts.into_iter().rfind(|text| !text.trim().is_empty()).or(last.take());
        };
        match self.follow(launch, self.token(doing), VOICE, report, keep).await {
            Ok(Ended::With(0)) => Deed::done(String::new()),
            Ok(Ended::With(code)) => {
                let failure = Failure::new(FailureKind::Failed, &what);
                let failure = failure.because(format!("the shell ended with {code}"));
                let failure = last.iter().fold(failure, |failure, line| {
                    failure.because(format!("its last line was: {}", line.trim()))
                });
                Deed::failed(code, failure)
            }
            Ok(ended) => self.cut_short(&ended, &what).unwrap_or_else(|| Deed::done(String::new())),
            Err(error) => Deed::failed(NOT_BEGUN, Failure::new(FailureKind::Failed, what).because(error)),
        }
    }

    /// The environment of a shell: the caller's, the way to the database, and what the flow says.
    async fn environment(
        &self,
        run: &RunId,
        ground: &Ground,
        exported: &[(String, String)],
    ) -> Result<Vec<(OsString, OsString)>, Failure> {
        let own: Vec<(OsString, OsString)> =
            exported.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let mut added: Vec<(OsString, OsString)> = Vec::new();
        if let Database::Environment(name) = &ground.database {
            let [url, user, password] = Box::pin(self.access(run, name)).await?;
            added.extend([(URL.into(), url.into()), (USERNAME.into(), user.into())]);
            added.push((PASSWORD.into(), password.into()));
        }
        if ground.has_release() {
            added.push(("LIQUIBASE_SEARCH_PATH".into(), ground.search_path().into()));
        }
        if !self.0.settings.environments.is_empty() {
            added.push(("LOCKSTEP_INSTANCE".into(), self.0.settings.id.as_str().into()));
        }
        added.push(("PATH".into(), search_path()));
        added.extend(own);
        let mut environment: Vec<_> = env::vars_os().collect();
        environment.retain(|(name, _)| added.iter().all(|(other, _)| other != name));
        environment.extend(added);
        Ok(environment)
    }

    /// The address, the user and the password of the database of an environment, for a process of this run.
    pub(super) async fn access(&self, run: &RunId, name: &EnvironmentName) -> Result<[String; 3], Failure> {
        let settings = &self.0.settings;
        let environment = settings.environment(name).ok_or_else(|| {
            Failure::new(FailureKind::Configuration, format!("there is no environment called {name}"))
        })?;
        let coordinates = self.0.databases.coordinates(&environment.environment).await?;
        let bundle = coordinates.encrypted.bundle.as_deref();
        let url = liquibase::url(run, &coordinates, &environment.environment.database, bundle);
        Ok([url, coordinates.user, coordinates.password.reveal().to_owned()])
    }
}

/// The caller's search path, with the folder of this program first: a flow calls `lockstep`, and means this one.
fn search_path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let own = env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
    let folders = own.into_iter().chain(env::split_paths(&path));
    env::join_paths(folders).unwrap_or(path)
}

/// The program of a shell.
fn program(interpreter: Option<&str>, path: &OsStr) -> Result<PathBuf, Failure> {
    let folders: Vec<PathBuf> = env::split_paths(path).collect();
    let find = |name: &str| {
        if name.contains('/') {
            return Some(PathBuf::from(name)).filter(|path| path.is_file());
        }
        folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file())
    };
    match interpreter {
        Some(name) => find(name.trim()).ok_or_else(|| {
            Failure::new(FailureKind::Unavailable, format!("there is no shell called {name}"))
                .hint("Correct `shell`, or install it.")
        }),
        None => USUAL.into_iter().find_map(find).ok_or_else(|| {
            Failure::new(FailureKind::Unavailable, "there is neither bash nor sh on the search path")
        }),
    }
}
