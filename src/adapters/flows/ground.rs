//! What a run of a flow stands on: the folder, the database, the release and the variables that were found when its
//! file was read. They stay the same until it ends.

use std::env;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Flows;
use crate::adapters::archive::Folder;
use crate::adapters::report::within;
use crate::adapters::target::DeployTarget;
use crate::adapters::texts::Texts;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::{Problem, Scope, Script};
use crate::domain::location::{Location, is_object};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::release::Version;
use crate::domain::secret::Secret;
use crate::engine::flow::{Asking, FlowFile, Reading};

/// The variables that name the caller's database to Liquibase.
pub(super) const URL: &str = "LIQUIBASE_COMMAND_URL";
pub(super) const USERNAME: &str = "LIQUIBASE_COMMAND_USERNAME";
pub(super) const PASSWORD: &str = "LIQUIBASE_COMMAND_PASSWORD";

/// What a run stands on.
pub(super) struct Ground {
    /// The folder that everything is relative to.
    pub(super) here: PathBuf,
    /// The changelog of the release, where one was named.
    pub(super) release: Option<Folder>,
    /// The database.
    pub(super) database: Database,
}

/// The database that a flow runs against.
pub(super) enum Database {
    /// That of an environment.
    Environment(EnvironmentName),
    /// The one that the caller's variables name: they are handed on as they are.
    Caller,
    /// None.
    Nowhere,
}

impl Ground {
    /// A path as the flow means it.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.here.join(path)
    }

    /// The same for what belongs to a changelog: from the release, where one was named.
    pub(super) fn search_path(&self) -> &Path {
        self.release.as_ref().map_or(&self.here, Folder::path)
    }

    /// True when the changelog is that of a release.
    pub(super) fn has_release(&self) -> bool {
        self.release.is_some()
    }

    /// The folder that everything is relative to.
    pub(super) fn here(&self) -> &Path {
        &self.here
    }
}

impl Flows {
    /// Reads the files of a flow, and finds out what it runs against.
    pub(super) async fn prepare(&self, run: &RunId, asking: &Asking) -> Result<(Ground, Reading), Failure> {
        let here = env::current_dir().map_err(|error| {
            Failure::new(FailureKind::Unavailable, "the folder that lockstep was started in is gone")
                .because(error)
        })?;
        self.learn_secrets();
        let mut notes = Vec::new();
        let mut known = Vec::new();
        let database = self.database(asking, &mut notes)?;
        if !self.0.settings.environments.is_empty() {
            known.push(("DEMO_ID".to_owned(), self.0.settings.id.to_string()));
        }
        if let Some(name) = &asking.environment {
            known.push(("ENV".to_owned(), name.to_string()));
            match self.address(name).await {
                Ok(address) => known.push(("APP_URL".to_owned(), address)),
                Err(failure) => notes.push(format!("APP_URL is not set: {}", failure.what)),
            }
        }
        let release = match &asking.release {
            Some(version) => {
                known.push(("VERSION".to_owned(), version.to_string()));
                notes.push(format!("with the changelog of {version}"));
                Some(self.unpacked(version).await?)
            }
            None => None,
        };
        let ground = Ground { here, release, database };
        let mut scope = Scope::outermost(env::vars(), known, asking.said.clone());
        scope = scope.hiding(&self.0.settings.notify.variables());
        if matches!(ground.database, Database::Environment(_)) {
            // Not those of the caller: they stand for the environment's database in every process of the flow.
            scope = scope.hiding(&[URL, USERNAME, PASSWORD]);
        }
        let texts = &self.0.texts;
        let (script, warnings) = script(&ground, &asking.path, &scope, texts).await?;
        let version = texts.version(&asking.path).map_or_else(String::new, |it| format!(", version {it}"));
        notes.insert(0, format!("{}{version} as {run}", asking.path));
        let environment = asking.environment.clone();
        Ok((ground, Reading { script: Arc::new(script), environment, notes, warnings }))
    }

    /// Which database is meant: that of the environment, else the caller's, else that of the first environment, which
    /// is then only looked at.
    fn database(&self, asking: &Asking, notes: &mut Vec<String>) -> Result<Database, Failure> {
        if let Some(name) = &asking.environment {
            if self.0.settings.environment(name).is_none() {
                let what = format!("there is no environment called {name}");
                return Err(Failure::new(FailureKind::Usage, what));
            }
            notes.push(format!("against the database of {name}"));
            return Ok(Database::Environment(name.clone()));
        }
        if env::var_os(URL).is_some_and(|url| !url.is_empty()) {
            notes.push(format!("against the database that {URL} names"));
            return Ok(Database::Caller);
        }
        if let Some(first) = self.0.settings.environments.first() {
            let name = &first.environment.name;
            notes.push(format!("against the database of {name}, which is only looked at"));
            return Ok(Database::Environment(name.clone()));
        }
        notes.push(format!("without a database: {URL} is not set, and there is no instance"));
        Ok(Database::Nowhere)
    }

    pub(super) async fn address(&self, name: &EnvironmentName) -> Result<String, Failure> {
        let what = || format!("could not find the address of the application of {name}");
        within(self.0.settings.deadlines.look, what, async {
            let environment = self.0.settings.environment(name);
            let environment = environment.ok_or_else(|| Failure::new(FailureKind::Usage, what()))?;
            let target = DeployTarget::of(self.0.clouds.by(&environment.aws), environment);
            Box::pin(target.address()).await
        })
        .await
    }

    async fn unpacked(&self, version: &Version) -> Result<Folder, Failure> {
        let (catalog, _) = self.0.artifacts.catalog().await?;
        let release = catalog.get(version).ok_or_else(|| {
            Failure::new(FailureKind::Usage, format!("there is no release {version}"))
                .hint("`lockstep release list` names those there are.")
        })?;
        let files = self.0.artifacts.files(release).await?;
        Folder::with(&files).map_err(|error| {
            Failure::new(FailureKind::Failed, format!("the changelog of {version} could not be unpacked"))
                .because(error)
                .hint("Make room in the folder for temporary files.")
        })
    }

    /// What the caller's environment keeps secret must not be shown by anything that inherits it.
    pub(super) fn learn_secrets(&self) {
        for (name, value) in env::vars() {
            if Scope::is_secret(&name) {
                self.0.redactor.learn(&Secret::new(value));
            }
        }
    }
}

/// The folder in which flow files are looked for.
const FOLDER: &str = "flows";

/// The flow files of the folder, by name. A file without stages is something else.
pub(super) fn list() -> Result<Vec<FlowFile>, Failure> {
    let here = env::current_dir().unwrap_or_default();
    let failed = |error: std::io::Error| {
        Failure::new(FailureKind::Configuration, format!("the folder {FOLDER} could not be read"))
            .because(error)
            .hint("Make it readable, then look again.")
    };
    let mut paths = Vec::new();
    let entries = match std::fs::read_dir(here.join(FOLDER)) {
        // Without the folder there are none.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let extension = Path::new(&name).extension().unwrap_or_default();
        if extension == "yaml" || extension == "yml" {
            paths.push(format!("{FOLDER}/{name}"));
        }
    }
    paths.sort();
    let read = |path: &str| std::fs::read_to_string(here.join(path)).map_err(|error| error.to_string());
    let scope = Scope::outermost(env::vars(), [], []);
    let files = paths.into_iter().filter_map(|path| {
        if !read(&path).ok()?.lines().any(|line| line.starts_with("stages:")) {
            return None;
        }
        let (script, problems) = Script::read(&path, &scope, &read);
        let mut errors = problems;
        errors.extend(script.iter().flat_map(|script| crate::domain::flow::validate(script, &|_| true)));
        errors.retain(|problem| problem.is_error);
        let mut changes: Vec<_> =
            script.iter().flat_map(Script::changes).map(|(_, command)| command.name).collect();
        changes.dedup();
        let actions = script.map_or(0, |script| script.actions().count());
        Some(FlowFile { path, actions, changes, errors })
    });
    Ok(files.collect())
}

/// The flow with everything that it leads to, or every problem in it.
async fn script(
    ground: &Ground,
    path: &str,
    scope: &Scope,
    texts: &Texts,
) -> Result<(Script, Vec<Problem>), Failure> {
    if is_object(path) {
        // What a bucket says has a mend of its own.
        let name = Location::parse(path).map_err(|error| Failure::new(FailureKind::Usage, error))?;
        texts.read(&name).await?;
    }
    let (script, mut problems) =
        Box::pin(texts.gather(&ground.here, |source| Script::read(path, scope, source))).await;
    if let Some(script) = &script {
        // A file that a step before makes is not there yet, so only `flow validate` asks for files.
        problems.extend(crate::domain::flow::validate(script, &|_| true));
    }
    match script {
        Some(script) if script.promotes() => Err(Failure::new(
            FailureKind::Usage,
            format!("{path} is a promotion flow, and cannot be run by itself"),
        )
        .hint("`[promotion] flow` in lockstep.toml names it; then `lockstep promote` goes by it.")),
        Some(script) if !problems.iter().any(|problem| problem.is_error) => Ok((script, problems)),
        _ => Err(unusable(path, &problems)),
    }
}

/// The failure that lists everything that keeps a flow from being run.
pub(super) fn unusable(path: &str, problems: &[Problem]) -> Failure {
    let errors = problems.iter().filter(|problem| problem.is_error);
    let failure = Failure::new(FailureKind::Configuration, format!("{path} cannot be run"));
    errors
        .fold(failure, Failure::because)
        .hint("Correct the file; `lockstep flow validate` says what else is strange in it.")
}
