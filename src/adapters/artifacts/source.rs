//! Where archives come from: a folder, a bucket, a repository. What is not on this machine is fetched once and kept.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::cache::{Cache, Kept};
use super::github::GitHub;
use crate::adapters::archive;
use crate::adapters::aws::{Aws, Object};
use crate::adapters::redact::Redactor;
use crate::config::{Settings, SourceSettings};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::release::Version;
use crate::runtime::compute;

/// What stands between the name of the instance and the version in the name of an archive.
const MARK: &str = "-changelog-";

/// How many times longer than a look the way of an archive may take.
const DOWNLOAD: u32 = 12;

/// An archive that a source has.
#[derive(Clone)]
pub(super) struct Found {
    /// The name of the file, which ends with the version.
    pub(super) name: String,
    /// Where it is, for people.
    pub(super) place: String,
    /// Another text whenever the bytes may be others.
    pub(super) stamp: String,
    /// SHA-256 of the bytes, where the source says it.
    pub(super) digest: Option<String>,
    /// Where it is, for the source.
    pub(super) at: At,
}

/// Where an archive is, for its source.
#[derive(Clone)]
pub(super) enum At {
    /// A file.
    File(PathBuf),
    /// An object of a bucket.
    Object(Object),
    /// What GitHub calls an asset, by its number.
    Asset(u64),
}

/// A source of archives.
pub(super) enum Source {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    Bucket {
        /// AWS.
        aws: Aws,
        /// Its name.
        bucket: String,
        /// What the keys begin with.
        prefix: String,
        /// What was fetched.
        cache: Cache,
        /// How long that may take.
        download: Duration,
    },
    /// A repository.
    GitHub(GitHub, Cache),
}

impl Found {
    /// The version in its name.
    pub(super) fn version(&self) -> Result<Version, String> {
        let version = self.name.strip_suffix(".zip").and_then(|name| name.rsplit_once(MARK));
        Version::parse(version.map_or(self.name.as_str(), |(_, version)| version))
    }
}

impl Source {
    /// The source that `settings` name.
    pub(super) fn new(settings: &Arc<Settings>, aws: &Aws, redactor: &Redactor) -> Self {
        let cache = || Cache::at(settings.archives());
        let look = settings.deadlines.look;
        match &settings.releases.source {
            SourceSettings::Folder(folder) => Self::Folder(folder.clone()),
            SourceSettings::Bucket { bucket, prefix } => Self::Bucket {
                aws: aws.clone(),
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                cache: cache(),
                download: look * DOWNLOAD,
            },
            SourceSettings::GitHub { owner, repository, token_variable, api } => {
                let github = GitHub {
                    owner: owner.clone(),
                    repository: repository.clone(),
                    api: api.clone(),
                    token_variable: token_variable.clone(),
                    redactor: redactor.clone(),
                    look,
                    download: look * DOWNLOAD,
                    client: OnceLock::new(),
                };
                Self::GitHub(github, cache())
            }
        }
    }

    /// Every archive that it has, in the order of their places.
    pub(super) async fn list(&self) -> Result<Vec<Found>, Failure> {
        let mut found = match self {
            Self::Folder(folder) => files(folder).await?,
            Self::Bucket { aws, bucket, prefix, .. } => {
                let objects = Box::pin(aws.objects(bucket, prefix)).await?;
                let objects = objects.into_iter().filter(|object| is_archive(object.name()));
                objects.map(|object| object_found(bucket, object)).collect()
            }
            Self::GitHub(github, _) => Box::pin(github.list()).await?,
        };
        found.sort_by(|a, b| a.place.cmp(&b.place));
        Ok(found)
    }

    /// The bytes of an archive, and where they are from.
    pub(super) async fn bytes(&self, found: &Found) -> Result<Kept, Failure> {
        let (cache, fetched) = match (self, &found.at) {
            (_, At::File(path)) => return file(path).await,
            (Self::Bucket { cache, .. } | Self::GitHub(_, cache), _) => {
                let (own, wanted) = (cache.clone(), found.clone());
                if let Some(kept) = compute(move || kept(&own, &wanted)).await {
                    return Ok(kept);
                }
                (cache.clone(), Box::pin(self.fetch(found)).await?)
            }
            (Self::Folder(_), _) => return Err(Failure::new(FailureKind::Failed, "it is in no folder")),
        };
        let what = format!("could not fetch {}", found.place);
        if let Some(said) = &found.digest
            && archive::digest(&fetched.bytes) != *said
        {
            return Err(Failure::new(FailureKind::Refused, what)
                .because(format!("what came has another digest than sha256:{said}, which its source names"))
                .hint("Try again; if it stays so, look who stands in between."));
        }
        let (name, folder) = (under(found), cache.folder().display().to_string());
        compute(move || cache.keep(&name, &fetched).map(|()| fetched)).await.map_err(|error| {
            Failure::new(FailureKind::Failed, what)
                .because(error)
                .hint(format!("Make room in {folder}, or name another folder: [releases] cache."))
        })
    }

    /// An archive that was fetched before, by the digest of its bytes.
    pub(super) async fn by_digest(&self, digest: &str) -> Option<Vec<u8>> {
        let (Self::Bucket { cache, .. } | Self::GitHub(_, cache)) = self else { return None };
        let (cache, digest) = (cache.clone(), digest.to_owned());
        compute(move || cache.by_digest(&digest)).await
    }

    async fn fetch(&self, found: &Found) -> Result<Kept, Failure> {
        let place = found.place.clone();
        match (self, &found.at) {
            (Self::Bucket { aws, bucket, download, .. }, At::Object(object)) => {
                let (bytes, version) = aws.object(bucket, object, archive::SIZE, *download).await?;
                let version = version.map_or_else(String::new, |version| format!("?versionId={version}"));
                Ok(Kept { bytes, place: place + &version })
            }
            (Self::GitHub(github, _), At::Asset(asset)) => {
                Ok(Kept { bytes: github.fetch(found, *asset).await?, place })
            }
            _ => Err(Failure::new(FailureKind::Failed, format!("could not fetch {place}"))),
        }
    }
}

/// True when a file may be an archive by its name.
pub(super) fn is_archive(name: &str) -> bool {
    name.strip_suffix(".zip").is_some_and(|name| name.contains(MARK))
}

/// What was fetched before of this archive.
fn kept(cache: &Cache, found: &Found) -> Option<Kept> {
    if let Some(digest) = &found.digest {
        let bytes = cache.by_digest(digest)?;
        return Some(Kept { bytes, place: found.place.clone() });
    }
    cache.by_name(&under(found))
}

/// The name that an archive is kept under.
fn under(found: &Found) -> String {
    format!("{} {}", found.place, found.stamp)
}

fn object_found(bucket: &str, object: Object) -> Found {
    Found {
        name: object.name().to_owned(),
        place: format!("s3://{bucket}/{}", object.key),
        stamp: format!("{} {}", object.etag, object.size),
        digest: None,
        at: At::Object(object),
    }
}

/// The archives in a folder.
async fn files(folder: &Path) -> Result<Vec<Found>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(
            FailureKind::Configuration,
            format!("could not read the releases in {}", folder.display()),
        )
        .because(error)
        .hint("Correct [releases] source, or put the changelog archives there.")
    };
    let mut entries = tokio::fs::read_dir(folder).await.map_err(unreadable)?;
    let mut found = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_archive(&name) {
            continue;
        }
        let path = entry.path();
        // One that goes away at this moment is told by whoever wants to read it.
        let stamp = tokio::fs::metadata(&path).await.map_or_else(
            |_| String::new(),
            |metadata| {
                let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
                format!("{} {}", metadata.len(), since.as_nanos())
            },
        );
        found.push(Found { place: name.clone(), name, stamp, digest: None, at: At::File(path) });
    }
    Ok(found)
}

async fn file(path: &Path) -> Result<Kept, Failure> {
    let place = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let failed = |because: String| {
        Failure::new(FailureKind::Failed, format!("could not read {place}"))
            .because(because)
            .hint("Put the archive back.")
    };
    let length = tokio::fs::metadata(path).await.map_err(|error| failed(error.to_string()))?.len();
    if length > archive::SIZE {
        return Err(failed(format!("it has more than {} MiB", archive::SIZE / 1024 / 1024)));
    }
    let bytes = tokio::fs::read(path).await.map_err(|error| failed(error.to_string()))?;
    Ok(Kept { bytes, place })
}
