//! The releases of a source of changelog archives. One bad archive never hides the others.

mod cache;
mod github;
mod source;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, stream};

use self::cache::Kept;
use self::source::{Found, Source};
use super::aws::Aws;
use super::redact::Redactor;
use super::texts::Texts;
use super::{archive, liquibase, way};
use crate::config::Settings;
use crate::domain::changelog::{Changelog, Files, SharedFiles, Surroundings};
use crate::domain::compatibility;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::release::{Catalog, ImageRef, Release, Version};
use crate::runtime::compute;

/// Archives that are unpacked at the same time; each may take [`archive::SIZE`] of memory while it is.
const AT_ONCE: usize = 4;

/// Where releases come from. Cheap to clone; clones share what was read.
#[derive(Clone)]
pub(super) struct Artifacts(Arc<Parts>);

struct Parts {
    settings: Arc<Settings>,
    texts: Texts,
    surroundings: Surroundings,
    source: Source,
    /// Archives as they were read, by their place, for as long as they stay the same.
    read: Mutex<HashMap<String, Read>>,
}

struct Read {
    found: Found,
    release: Result<Release, Failure>,
}

impl Artifacts {
    /// The releases of the instance that `settings` describe, promoted by a flow among `texts` where it names one.
    pub(super) fn new(settings: Arc<Settings>, texts: Texts, aws: &Aws, redactor: &Redactor) -> Self {
        let mut selections: Vec<_> =
            settings.environments.iter().map(|it| it.environment.selection.clone()).collect();
        selections.dedup();
        let surroundings = Surroundings { selections, ..liquibase::surroundings(settings.liquibase.runner) };
        let source = Source::new(&settings, aws, redactor);
        Self(Arc::new(Parts { settings, texts, surroundings, source, read: Mutex::default() }))
    }

    /// Every release of the source, and what is wrong with the archives that were left out.
    pub(super) async fn catalog(&self) -> Result<(Catalog, Vec<Failure>), Failure> {
        let found = self.0.source.list().await?;
        let mut releases: Vec<Release> = Vec::new();
        let mut problems = Vec::new();
        let shared = Arc::new(SharedFiles::default());
        let mut archives = Vec::new();
        for found in &found {
            let shared = shared.clone();
            archives.push(async move { (found, self.release(found, shared).await) });
        }
        // One first, which mostly holds what the others hold too, and then the others side by side: what an archive
        // costs is reading its changesets, and there may be ten thousand in each.
        let first = match archives.pop() {
            Some(archive) => Some(archive.await),
            None => None,
        };
        let mut read: Vec<_> = stream::iter(archives).buffered(AT_ONCE).collect().await;
        read.extend(first);
        for (found, release) in read {
            match release {
                Ok(release) => {
                    match releases.iter().find(|other| other.version == release.version) {
                        Some(other) => problems.push(left_out(found).because(format!(
                            "{} is the archive of {} already",
                            other.archive, release.version
                        ))),
                        None => releases.push(release),
                    }
                }
                Err(failure) => problems.push(failure),
            }
        }
        self.read().retain(|place, _| found.iter().any(|found| found.place == *place));
        let way = way::read(&self.0.settings, &self.0.texts).await;
        Ok((Catalog::new(releases).promoted(way), problems))
    }

    /// The files of a release, after making sure that the archive is still the one that was planned with.
    pub(super) async fn files(&self, release: &Release) -> Result<Files, Failure> {
        let bytes = self.archive(release).await?;
        compute(move || archive::read(&bytes)).await.map_err(|problem| {
            let what = format!("could not unpack {}", release.archive);
            Failure::new(FailureKind::Configuration, what).because(problem).hint("Build it again.")
        })
    }

    /// The archive of a release, after making sure that it is still the one that was planned with.
    pub(super) async fn archive(&self, release: &Release) -> Result<Vec<u8>, Failure> {
        let what = || format!("could not unpack {}", release.archive);
        let bytes = match self.0.source.by_digest(&release.archive_digest).await {
            Some(bytes) => bytes,
            None => self.0.source.bytes(&self.found(release).await?).await?.bytes,
        };
        if archive::digest(&bytes) != release.archive_digest {
            return Err(Failure::new(FailureKind::Refused, what())
                .because("it is not the archive any more that the plan was made with")
                .hint("Make a new plan and look at it."));
        }
        Ok(bytes)
    }

    /// The archive of a release as the source knows it.
    async fn found(&self, release: &Release) -> Result<Found, Failure> {
        // The place of what was fetched may name a version besides.
        let is_its = |found: &Found| release.archive.starts_with(&found.place);
        let known = self.read().values().map(|read| &read.found).find(|found| is_its(found)).cloned();
        let found = match known {
            Some(found) => Some(found),
            None => self.0.source.list().await?.into_iter().find(is_its),
        };
        found.ok_or_else(|| {
            Failure::new(FailureKind::Failed, format!("could not unpack {}", release.archive))
                .because("it is not there any more")
                .hint("Put the archive back.")
        })
    }

    async fn release(&self, found: &Found, shared: Arc<SharedFiles>) -> Result<Release, Failure> {
        if let Some(read) = self.read().get(&found.place)
            && read.found.stamp == found.stamp
        {
            return read.release.clone();
        }
        let version = found.version().map_err(|error| left_out(found).because(error))?;
        // What could not be fetched is tried again at the next look.
        let kept = self.0.source.bytes(found).await.map_err(|failure| {
            let Failure { because, hint, kind, .. } = failure;
            Failure { because, hint, kind, ..left_out(found) }
        })?;
        let (own, wanted) = (self.clone(), found.clone());
        let release = compute(move || own.parse(&wanted, version, &kept, &shared)).await;
        let read = Read { found: found.clone(), release: release.clone() };
        self.read().insert(found.place.clone(), read);
        release
    }

    fn parse(
        &self,
        found: &Found,
        version: Version,
        kept: &Kept,
        shared: &SharedFiles,
    ) -> Result<Release, Failure> {
        let files = archive::read(&kept.bytes).map_err(|problem| left_out(found).because(problem))?;
        let (changelog, problems) =
            Changelog::read_sharing(&files, archive::ROOT, &self.0.surroundings, shared);
        let (oldest_images, wrong) = compatibility::declared(&files);
        let errors: Vec<_> = problems.iter().chain(&wrong).filter(|problem| problem.is_error).collect();
        if !errors.is_empty() {
            return Err(errors.into_iter().fold(left_out(found), Failure::because));
        }
        Ok(Release {
            image: ImageRef::of_release(&self.0.settings.releases.image, &version),
            version,
            archive: kept.place.clone(),
            archive_digest: archive::digest(&kept.bytes),
            changelog: Arc::new(changelog),
            oldest_images,
        })
    }

    fn read(&self) -> MutexGuard<'_, HashMap<String, Read>> {
        self.0.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn left_out(found: &Found) -> Failure {
    Failure::new(FailureKind::Configuration, format!("the release archive {} is left out", found.place))
        .hint("Build it again, or take it away from there.")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::adapters::archive::tests::zipped;
    use crate::adapters::aws::Clouds;
    use crate::adapters::tests::settings;
    use crate::config::SourceSettings;

    const MASTER: &str = "databaseChangeLog:\n  - include: {file: 1.sql, relativeToChangelogFile: true}\n";
    const SQL: &str = "--liquibase formatted sql\n--changeset store:1\nselect 1;\n--rollback empty\n";

    fn artifacts(folder: &Path) -> Artifacts {
        let mut settings = settings();
        settings.releases.source = SourceSettings::Folder(folder.to_owned());
        let settings = Arc::new(settings);
        let clouds = Clouds::new(&settings);
        let texts = Texts::new(clouds.own().clone(), settings.deadlines.look);
        Artifacts::new(settings, texts, clouds.own(), &Redactor::default())
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
