//! Whether an older image runs on a newer schema: from what the releases themselves declare.
//!
//! A release says it in a file beside its include, `releases/v1.2.0.toml`: `oldest_image = "v1.1.0"` means that images
//! down to v1.1.0 run on the schema that v1.2.0 makes. Whoever says nothing is taken to break older images. What the
//! application itself says, once it runs, is the last word: its health is waited for before the schema follows.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::changelog::{Files, Problem};
use crate::domain::ledger::LedgerRow;
use crate::domain::release::{Catalog, ImageRef, Release, Version};

/// The folder of the files that a release is included with.
const FOLDER: &str = "changelog/releases/";

/// The oldest image that runs on the schema of a release, by release.
pub type OldestImages = BTreeMap<Version, Version>;

/// Whether an image runs on a schema that is newer than it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compatibility {
    /// It does, and what says so.
    Compatible(String),
    /// It does not, and what says so.
    Incompatible(String),
    /// Nobody has said.
    Unknown(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    oldest_image: String,
}

/// Where the declaration of `version` is written.
pub fn path(version: &Version) -> String {
    format!("{FOLDER}{version}.toml")
}

/// Reads what the files of a release declare. A file that cannot be read is a problem and declares nothing.
pub fn declared(files: &Files) -> (OldestImages, Vec<Problem>) {
    let (mut images, mut problems) = (OldestImages::new(), Vec::new());
    for (path, bytes) in files {
        let name = path.strip_prefix(FOLDER).and_then(|name| name.strip_suffix(".toml"));
        let Some(version) = name.and_then(|name| Version::parse(name).ok()) else { continue };
        let declared = toml::from_str::<Declaration>(&String::from_utf8_lossy(bytes))
            .map_err(|error| error.message().to_owned())
            .and_then(|declaration| Version::parse(&declaration.oldest_image));
        match declared {
            Ok(oldest) => {
                images.insert(version, oldest);
            }
            Err(reason) => problems.push(Problem::error(
                path,
                None,
                reason,
                "Write one line: oldest_image = \"v1.0.0\".".to_owned(),
            )),
        }
    }
    (images, problems)
}

impl Compatibility {
    /// Whether the image of `target` runs on a schema that still has the rows `ahead`, which later releases brought.
    /// `image` is what runs now.
    pub fn of(target: &Version, catalog: &Catalog, ahead: &[LedgerRow], image: &ImageRef) -> Self {
        let brought = |release: &Release| {
            ahead.iter().any(|row| {
                let before = catalog.releases().iter().rev().find(|other| other.version < release.version);
                release.changelog.get(&row.id).is_some()
                    && before.is_none_or(|before| before.changelog.get(&row.id).is_none())
            })
        };
        let later = catalog.releases().iter().filter(|release| release.version > *target);
        let later: Vec<_> = later.filter(|release| brought(release)).collect();
        if ahead.is_empty() {
            return Self::Compatible(format!("the schema is that of {target}"));
        }
        if later.is_empty() {
            return Self::Unknown(format!("what {} brought is in no release", image.short()));
        }
        for release in &later {
            match release.oldest_images.get(&release.version) {
                None => {
                    return Self::Unknown(format!("{} does not say which images run on it", release.version));
                }
                Some(oldest) if oldest > target => {
                    return Self::Incompatible(format!("{} needs {oldest} or later", release.version));
                }
                Some(_) => {}
            }
        }
        let names: Vec<_> = later.iter().map(|release| release.version.to_string()).collect();
        Self::Compatible(format!("declared by {}", names.join(", ")))
    }

    /// The word for people and for machines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Compatible(_) => "compatible",
            Self::Incompatible(_) => "incompatible",
            Self::Unknown(_) => "unknown",
        }
    }

    /// What says so.
    pub fn why(&self) -> &str {
        match self {
            Self::Compatible(why) | Self::Incompatible(why) | Self::Unknown(why) => why,
        }
    }
}
