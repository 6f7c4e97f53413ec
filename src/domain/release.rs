//! A release: one version that is a container image and a changelog archive at once.

use std::fmt;
use std::sync::Arc;

use crate::domain::changelog::{Changelog, ChangesetId};
use crate::domain::compatibility::OldestImages;
use crate::domain::procedure::Way;

/// The version of a release, such as `v1.2.0`; ordered as semantic versions are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(semver::Version);

impl Version {
    /// Reads `v1.2.0` or `1.2.0`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix('v').unwrap_or(text);
        semver::Version::parse(number)
            .map(Self)
            .map_err(|error| format!("`{text}` is not a version like v1.2.0: {error}"))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&format!("v{}", self.0))
    }
}

/// A reference to a container image: `repository[:tag][@digest]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef(String);

impl ImageRef {
    /// Takes a reference as a registry or a service gives it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The image that belongs to `version` by convention.
    pub fn of_release(repository: &str, version: &Version) -> Self {
        Self(format!("{repository}:{version}"))
    }

    /// The whole reference.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag, if there is one. A colon before the last slash is a port, not a tag.
    pub fn tag(&self) -> Option<&str> {
        let name = self.0.rsplit('/').next()?;
        let name = name.split('@').next()?;
        name.split_once(':').map(|(_, tag)| tag)
    }

    /// The reference without tag and digest.
    pub fn repository(&self) -> &str {
        let name = self.0.rfind('/').map_or(0, |slash| slash + 1);
        let end = self.0[name..].find([':', '@']).map_or(self.0.len(), |end| name + end);
        &self.0[..end]
    }

    /// The digest, if there is one.
    pub fn digest(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, digest)| digest)
    }

    /// The version that the tag names, if it names one.
    pub fn version(&self) -> Option<Version> {
        self.tag().and_then(|tag| Version::parse(tag).ok())
    }

    /// What to show in a narrow place: the tag, else the shortened digest, else the last part of the name.
    pub fn short(&self) -> String {
        let last = self.0.rsplit('/').next().unwrap_or(&self.0);
        match (self.tag(), last.split_once('@')) {
            (Some(tag), _) => tag.to_owned(),
            (None, Some((_, digest))) => digest.chars().take(19).collect(),
            (None, None) => last.to_owned(),
        }
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// What a registry says of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSeen {
    /// It is there, with this digest, such as `sha256:…`.
    There(String),
    /// It is not there.
    Missing,
}

/// One version: the image and the changelog that are promoted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The version that image and archive carry.
    pub version: Version,
    /// The image.
    pub image: ImageRef,
    /// Where the archive was found, for people.
    pub archive: String,
    /// SHA-256 of the archive's bytes, in hexadecimal.
    pub archive_digest: String,
    /// What the archive says.
    pub changelog: Arc<Changelog>,
    /// The oldest images that run on the schemas of this release and those before it, where they are declared.
    pub oldest_images: OldestImages,
}

/// Every release that can be promoted, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog {
    releases: Vec<Release>,
    way: Arc<Way>,
}

impl Catalog {
    /// Takes releases in any order.
    pub fn new(mut releases: Vec<Release>) -> Self {
        releases.sort_by(|a, b| a.version.cmp(&b.version));
        Self { releases, way: Arc::default() }
    }

    /// The same releases, promoted in another way.
    #[must_use]
    pub fn promoted(self, way: Arc<Way>) -> Self {
        Self { way, ..self }
    }

    /// How these releases are promoted.
    pub fn way(&self) -> &Arc<Way> {
        &self.way
    }

    /// All releases, oldest first.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// The release with this version.
    pub fn get(&self, version: &Version) -> Option<&Release> {
        self.releases.iter().find(|release| release.version == *version)
    }

    /// Puts another reading of a release's changelog in the place of what was there. The release is named by the
    /// digest of its archive.
    pub fn put_changelog(&mut self, archive_digest: &str, changelog: &Arc<Changelog>) {
        for release in self.releases.iter_mut().filter(|release| release.archive_digest == archive_digest) {
            release.changelog = Arc::clone(changelog);
        }
    }

    /// The oldest release that has a changeset with this identity.
    pub fn first_with(&self, id: &ChangesetId) -> Option<&Release> {
        self.releases.iter().find(|release| release.changelog.get(id).is_some())
    }

    /// True when some release has a changeset with this identity.
    pub fn knows(&self, id: &ChangesetId) -> bool {
        self.first_with(id).is_some()
    }

    /// The newest release.
    pub fn newest(&self) -> Option<&Release> {
        self.releases.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_after_the_last_slash() {
        for (text, tag, short) in [
            ("public.ecr.aws/l1v5b6d6/demo1-bagel-store:v1.2.0", Some("v1.2.0"), "v1.2.0"),
            ("localhost:5000/store", None, "store"),
            ("localhost:5000/store:v1@sha256:abc", Some("v1"), "v1"),
            ("ecr/store@sha256:0123456789abcdef0123", None, "sha256:0123456789ab"),
        ] {
            let image = ImageRef::new(text);
            assert_eq!((image.tag(), image.short().as_str()), (tag, short), "{text}");
        }
        for (text, repository, digest) in [
            ("public.ecr.aws/l1v5b6d6/store:v1.2.0", "public.ecr.aws/l1v5b6d6/store", None),
            ("localhost:5000/store", "localhost:5000/store", None),
            ("localhost:5000/store:v1@sha256:abc", "localhost:5000/store", Some("sha256:abc")),
            ("store@sha256:abc", "store", Some("sha256:abc")),
        ] {
            let image = ImageRef::new(text);
            assert_eq!((image.repository(), image.digest()), (repository, digest), "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number_not_by_letter() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("v1.10.0") > version("v1.9.9"));
        assert_eq!(version("1.2.0"), version("v1.2.0"));
        assert!(Version::parse("latest").is_err());
    }
}
