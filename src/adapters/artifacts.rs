//! The releases in a folder of changelog archives. One bad archive never hides the others.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use futures_util::{StreamExt as _, stream};

use super::texts::Texts;
use super::{archive, liquibase, way};
use crate::config::Settings;
use crate::domain::changelog::{Changelog, Files, SharedFiles, Surroundings};
use crate::domain::compatibility;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::release::{Catalog, ImageRef, Release, Version};
use crate::runtime::compute;

/// What stands between the name of the instance and the version in the name of an archive.
const MARK: &str = "-changelog-";

/// Archives that are unpacked at the same time; each may take [`archive::SIZE`] of memory while it is.
const AT_ONCE: usize = 4;

/// Where releases come from. Cheap to clone; clones share what was read.
#[derive(Clone)]
pub(super) struct Artifacts(Arc<Parts>);

struct Parts {
    settings: Arc<Settings>,
    texts: Texts,
    surroundings: Surroundings,
    /// Archives as they were read, for as long as size and time of the file stay the same.
    read: Mutex<HashMap<PathBuf, Read>>,
}

struct Read {
    length: u64,
    modified: SystemTime,
    release: Result<Release, Failure>,
}

impl Artifacts {
    /// The releases of the instance that `settings` describe, promoted by a flow among `texts` where it names one.
    pub(super) fn new(settings: Arc<Settings>, texts: Texts) -> Self {
        let mut selections: Vec<_> =
            settings.environments.iter().map(|it| it.environment.selection.clone()).collect();
        selections.dedup();
        let surroundings = Surroundings { selections, ..liquibase::surroundings(settings.liquibase.runner) };
        Self(Arc::new(Parts { settings, texts, surroundings, read: Mutex::default() }))
    }

    /// Every release in the folder, and what is wrong with the archives that were left out.
    pub(super) async fn catalog(&self) -> Result<(Catalog, Vec<Failure>), Failure> {
        let folder = &self.0.settings.releases.folder;
        let what = || format!("could not read the releases in {}", folder.display());
        let unreadable = |error: std::io::Error| {
            Failure::new(FailureKind::Configuration, what())
                .because(error)
                .hint("Correct [releases] folder, or put the changelog archives there.")
        };
        let mut entries = tokio::fs::read_dir(folder).await.map_err(unreadable)?;
        let mut releases: Vec<Release> = Vec::new();
        let mut problems = Vec::new();
        let mut paths = Vec::new();
        while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
            paths.push(entry.path());
        }
        paths.sort();
        let shared = Arc::new(SharedFiles::default());
        let mut archives = Vec::new();
        for path in &paths {
            let Some(version) = version(path) else { continue };
            let shared = shared.clone();
            archives.push(async move { (path, self.release(path, version, shared).await) });
        }
        // One first, which mostly holds what the others hold too, and then the others side by side: what an archive
        // costs is reading its changesets, and there may be ten thousand in each.
        let first = match archives.pop() {
            Some(archive) => Some(archive.await),
            None => None,
        };
        let mut read: Vec<_> = stream::iter(archives).buffered(AT_ONCE).collect().await;
        read.extend(first);
        for (path, release) in read {
            match release {
                Ok(release) => {
                    match releases.iter().find(|other| other.version == release.version) {
                        Some(other) => problems.push(left_out(path).because(format!(
                            "{} is the archive of {} already",
                            other.archive, release.version
                        ))),
                        None => releases.push(release),
                    }
                }
                Err(failure) => problems.push(failure),
            }
        }
        self.read().retain(|path, _| paths.contains(path));
        let way = way::read(&self.0.settings, &self.0.texts).await;
        Ok((Catalog::new(releases).promoted(way), problems))
    }

    /// The files of a release, after making sure that the archive is still the one that was planned with.
    pub(super) async fn files(&self, release: &Release) -> Result<Files, Failure> {
        let path = self.0.settings.releases.folder.join(&release.archive);
        let what = || format!("could not unpack {}", release.archive);
        let bytes = tokio::fs::read(&path).await.map_err(|error| {
            Failure::new(FailureKind::Failed, what()).because(error).hint("Put the archive back.")
        })?;
        if archive::digest(&bytes) != release.archive_digest {
            return Err(Failure::new(FailureKind::Refused, what())
                .because("it is not the archive any more that the plan was made with")
                .hint("Make a new plan and look at it."));
        }
        compute(move || archive::read(&bytes)).await.map_err(|problem| {
            Failure::new(FailureKind::Configuration, what()).because(problem).hint("Build it again.")
        })
    }

    async fn release(
        &self,
        path: &Path,
        version: Result<Version, String>,
        shared: Arc<SharedFiles>,
    ) -> Result<Release, Failure> {
        let unreadable = |error| left_out(path).because(error);
        let metadata = tokio::fs::metadata(path).await.map_err(unreadable)?;
        let length = metadata.len();
        let modified = metadata.modified().map_err(unreadable)?;
        if let Some(read) = self.read().get(path)
            && (read.length, read.modified) == (length, modified)
        {
            return read.release.clone();
        }
        let version = version.map_err(|error| left_out(path).because(error))?;
        let bytes = tokio::fs::read(path).await.map_err(unreadable)?;
        let (own, place) = (self.clone(), path.to_owned());
        let release = compute(move || own.parse(&place, version, &bytes, &shared)).await;
        let read = Read { length, modified, release: release.clone() };
        self.read().insert(path.to_owned(), read);
        release
    }

    fn parse(
        &self,
        path: &Path,
        version: Version,
        bytes: &[u8],
        shared: &SharedFiles,
    ) -> Result<Release, Failure> {
        let files = archive::read(bytes).map_err(|problem| left_out(path).because(problem))?;
        let (changelog, problems) =
            Changelog::read_sharing(&files, archive::ROOT, &self.0.surroundings, shared);
        let (oldest_images, wrong) = compatibility::declared(&files);
        let errors: Vec<_> = problems.iter().chain(&wrong).filter(|problem| problem.is_error).collect();
        if !errors.is_empty() {
            return Err(errors.into_iter().fold(left_out(path), Failure::because));
        }
        Ok(Release {
            image: ImageRef::of_release(&self.0.settings.releases.image, &version),
            version,
            archive: name(path),
            archive_digest: archive::digest(bytes),
            changelog: Arc::new(changelog),
            oldest_images,
        })
    }

    fn read(&self) -> MutexGuard<'_, HashMap<PathBuf, Read>> {
        self.0.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version in the name of an archive; `None` when it is not the name of one.
fn version(path: &Path) -> Option<Result<Version, String>> {
    let name = path.file_name()?.to_str()?.strip_suffix(".zip")?;
    let (_, version) = name.rsplit_once(MARK)?;
    Some(Version::parse(version))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn left_out(path: &Path) -> Failure {
    Failure::new(FailureKind::Configuration, format!("the release archive {} is left out", name(path)))
        .hint("Build it again, or take it out of the folder.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::archive::tests::zipped;
    use crate::adapters::aws::Clouds;
    use crate::adapters::tests::settings;

    const MASTER: &str = "databaseChangeLog:\n  - include: {file: 1.sql, relativeToChangelogFile: true}\n";
    const SQL: &str = "--liquibase formatted sql\n--changeset store:1\nselect 1;\n--rollback empty\n";

    fn artifacts(folder: &Path) -> Artifacts {
        let mut settings = settings();
        folder.clone_into(&mut settings.releases.folder);
        let settings = Arc::new(settings);
        let texts = Texts::new(Clouds::new(&settings).own().clone(), settings.deadlines.look);
        Artifacts::new(settings, texts)
    }

    fn good() -> Vec<u8> {
        zipped(&[(archive::ROOT, MASTER), ("changelog/1.sql", SQL)])
    }

    #[tokio::test]
    async fn one_bad_archive_does_not_hide_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        write("bagel-store-demo1-changelog-v1.1.0.zip", &good());
        write("bagel-store-my-changelog-app-changelog-1.0.0.zip", &good());
        write("bagel-store-demo1-changelog-v1.2.0.zip", b"broken");
        write("bagel-store-demo1-changelog-v1.3.0.zip", &zipped(&[(archive::ROOT, MASTER)]));
        write("bagel-store-demo1-changelog-latest.zip", &good());
        write("other-changelog-v1.1.0.zip", &good());
        write("notes.txt", b"");
        let (catalog, problems) = artifacts(folder.path()).catalog().await.unwrap();
        let versions: Vec<_> = catalog.releases().iter().map(|release| release.version.to_string()).collect();
        assert_eq!(versions, ["v1.0.0", "v1.1.0"]);
        let release = &catalog.releases()[1];
        assert_eq!(release.image.as_str(), "registry.example/store:v1.1.0");
        assert_eq!(release.archive_digest, archive::digest(&good()));
        assert_eq!(release.changelog.changesets().len(), 1);
        let texts: Vec<_> = problems.iter().map(|failure| failure.because[0].as_str()).collect();
        assert_eq!(problems.len(), 4, "{texts:?}");
        assert!(texts[0].starts_with("`latest` is not a version"), "{texts:?}");
        assert!(texts[1].starts_with("it is not a zip archive"), "{texts:?}");
        assert!(texts[2].contains("the included file changelog/1.sql does not exist"), "{texts:?}");
        assert!(texts[3].ends_with("is the archive of v1.1.0 already"), "{texts:?}");
    }

    #[tokio::test]
    async fn an_archive_that_changed_after_the_plan_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store-changelog-v1.0.0.zip");
        std::fs::write(&path, good()).unwrap();
        let artifacts = artifacts(folder.path());
        let (catalog, _) = artifacts.catalog().await.unwrap();
        let release = catalog.newest().unwrap();
        assert_eq!(artifacts.files(release).await.unwrap().len(), 2);
        std::fs::write(&path, zipped(&[(archive::ROOT, "databaseChangeLog: []\n")])).unwrap();
        assert_eq!(artifacts.files(release).await.unwrap_err().kind, FailureKind::Refused);
        // The catalog notices the change as well: the cache goes by size and time.
        let (catalog, _) = artifacts.catalog().await.unwrap();
        assert_eq!(catalog.newest().unwrap().changelog.changesets().len(), 0);
    }

    #[tokio::test]
    async fn a_missing_folder_is_named() {
        let failure = artifacts(Path::new("/nowhere/at/all")).catalog().await.unwrap_err();
        assert!(failure.what.ends_with("/nowhere/at/all"), "{failure}");
    }
}
