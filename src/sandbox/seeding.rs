//! Makes the start state of the databases: with the real Liquibase the first time, from kept copies afterwards.
//!
//! One scratch database goes through the story's releases; after each it is copied under the name of the release, and
//! each environment is a copy of the release it runs, dated as the story tells. The copies stay, so a reset needs no JVM.
//! Deliberately absent: the story itself, and the services of the emulated AWS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::Zoned;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::databases::{Access, Databases};
use super::folder::{self, StateFolder};
use super::launcher::Launcher;
use super::{LaunchSettings, ReleaseFolder, SandboxError, story};

const SCRATCH: &str = "scratch";
/// Three dozen changesets take Liquibase about a second; a busy machine gets a hundred times that.
const RUN_LIMIT: Duration = Duration::from_mins(2);

/// Everything that making the start state needs.
pub(super) struct Seeding<'a> {
    pub(super) state: &'a StateFolder,
    pub(super) settings: &'a LaunchSettings,
    pub(super) launcher: &'a Launcher,
    pub(super) access: Access,
    /// The file that says that the start state is complete.
    pub(super) seeded: PathBuf,
    pub(super) progress: &'a dyn Fn(&str),
}

impl Seeding<'_> {
    /// Makes the start state if it is not complete.
    pub(super) async fn ensure(&self, now: &Zoned) -> Result<(), SandboxError> {
        if self.seeded.exists() { Ok(()) } else { self.anew(now).await }
    }

    /// Brings the start state back from the kept copies; makes them anew when the releases are others.
    pub(super) async fn restore(&self, now: &Zoned) -> Result<(), SandboxError> {
        let made_from = fs::read_to_string(&self.seeded).unwrap_or_default();
        if made_from != fingerprint(&self.releases()?)? {
            return self.anew(now).await;
        }
        (self.progress)("bringing the databases back to the start");
        let databases = Databases::open(&self.access).await?;
        let kept: Vec<String> = story::versions().into_iter().map(seed_name).collect();
        for name in databases.names().await? {
            if !kept.contains(&name) {
                databases.drop(&name).await?;
            }
        }
        databases.forget_visitors().await?;
        self.tell(now).await
    }

    async fn anew(&self, now: &Zoned) -> Result<(), SandboxError> {
        let releases = self.releases()?;
        folder::remove(&self.seeded)?;
        let databases = Databases::open(&self.access).await?;
        for name in databases.names().await? {
            databases.drop(&name).await?;
        }
        databases.forget_visitors().await?;
        databases.create(SCRATCH).await?;
        let mut labels = Vec::new();
        for release in &releases {
            (self.progress)(&format!("applying {} with Liquibase …", release.version));
            self.apply(release).await?;
            labels.push(label(&release.version));
            databases.label(SCRATCH, &label(&release.version), &labels).await?;
            let seed = seed_name(&release.version);
            if labels.len() < releases.len() {
                databases.copy(SCRATCH, &seed).await?;
            } else {
                databases.rename(SCRATCH, &seed).await?;
            }
            databases.seal(&seed).await?;
        }
        self.tell(now).await?;
        folder::write_private(&self.seeded, fingerprint(&releases)?.as_bytes())
    }

    /// Makes the environments' databases as the story has them, all at once: it is what a reset takes longest for.
    async fn tell(&self, now: &Zoned) -> Result<(), SandboxError> {
        let told = story::ENVIRONMENTS.iter().map(async |environment| {
            let name = environment.name;
            let databases = Databases::open(&self.access).await?;
            databases.copy(&seed_name(story::current(name)), name).await?;
            for (version, at) in story::deployments(name, now) {
                databases.date(name, &label(&version), at).await?;
            }
            Ok(())
        });
        try_join_all(told).await?;
        (self.progress)("dev, test, staging and prod are as the story begins");
        Ok(())
    }

    /// One real `liquibase update`; its credentials travel in the environment only.
    async fn apply(&self, release: &ReleaseFolder) -> Result<(), SandboxError> {
        let template = &self.settings.liquibase;
        let failed = |because: String, mend: String| SandboxError::Liquibase {
            version: release.version.clone(),
            because,
            mend,
        };
        let log = folder::open_log(&self.state.liquibase_log())?;
        let from = log.metadata().map_or(0, |found| found.len());
        let errors = log.try_clone().map_err(SandboxError::file("open", &self.state.liquibase_log()))?;
        let mut command = self.launcher.tool(&template.program, &release.path_root);
        command.args(&template.args).arg("--show-banner=false").arg("--headless=true").arg("update");
        command.arg("--changelog-file=changelog/changelog-master.yaml");
        command.envs(&template.env);
        let url = format!("jdbc:postgresql://127.0.0.1:{}/{SCRATCH}", self.access.port);
        command.env("LIQUIBASE_COMMAND_URL", url).env("LIQUIBASE_COMMAND_USERNAME", self.access.user);
        command.env("LIQUIBASE_COMMAND_PASSWORD", &self.access.password);
        command.stdout(Stdio::from(log)).stderr(Stdio::from(errors));
        let mut child = command.spawn().map_err(SandboxError::file("start", &self.settings.lockstep))?;
        let look = format!("Its full text is in {}.", self.state.liquibase_log().display());
        let Ok(status) = timeout(RUN_LIMIT, child.wait()).await else {
            return Err(failed(format!("it did not end within {} seconds", RUN_LIMIT.as_secs()), look));
        };
        let status = status.map_err(SandboxError::file("await", &template.program))?;
        if status.success() {
            return Ok(());
        }
        let telling = |line: &str| line.contains("rror") || line.starts_with("cannot start");
        let because = folder::last_words(&self.state.liquibase_log(), from, 2, telling);
        let missing = status.code() == Some(127) || status.code() == Some(126);
        let mend =
            if missing { "Run `make setup`, or install Liquibase 4.29 or newer.".to_owned() } else { look };
        Err(failed(because, mend))
    }

    /// The releases of the story, in the order they were given.
    fn releases(&self) -> Result<Vec<ReleaseFolder>, SandboxError> {
        let mut versions = story::versions();
        let given = self.settings.releases.iter().filter(|release| {
            let before = versions.len();
            versions.retain(|version| *version != release.version);
            versions.len() < before
        });
        let releases = given.cloned().collect();
        match versions.first() {
            Some(missing) => Err(SandboxError::MissingRelease { version: (*missing).to_owned() }),
            None => Ok(releases),
        }
    }
}

/// For example `seed_v1_0_0`.
fn seed_name(version: impl AsRef<str>) -> String {
    format!("seed_{}", version.as_ref().replace(['.', '-'], "_"))
}

/// Marks a release's rows until they are dated; the column takes ten characters.
fn label(version: &str) -> String {
    let place = story::versions().iter().position(|told| *told == version).unwrap_or_default();
    format!("release {place}")
}

/// Changes when a changelog does.
fn fingerprint(releases: &[ReleaseFolder]) -> Result<String, SandboxError> {
    let mut digest = Sha256::new();
    for release in releases {
        digest.update(format!("{}\0", release.version));
        absorb(&release.path_root, &release.path_root, &mut digest)?;
    }
    Ok(digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

/// Names and contents of a folder's files, in the order of their names.
fn absorb(root: &Path, path: &Path, digest: &mut Sha256) -> Result<(), SandboxError> {
    let entries = fs::read_dir(path).map_err(SandboxError::file("read the changelog in", path))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            absorb(root, &path, digest)?;
        } else {
            let bytes = fs::read(&path).map_err(SandboxError::file("read", &path))?;
            let name = path.strip_prefix(root).unwrap_or(&path).display();
            digest.update(format!("{name}\0{}\0", bytes.len()));
            digest.update(&bytes);
        }
    }
    Ok(())
}
