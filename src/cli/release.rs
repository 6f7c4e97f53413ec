//! `lockstep release`: the releases of an instance, and building their archives.

use std::io::{Write as _, stdout};
use std::path::Path;
use std::sync::Arc;

use super::arguments::{Arguments, Release, ReleaseCommand};
use super::instance;
use crate::adapters::{Adapters, packing};
use crate::config::paths;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::DemoId;
use crate::domain::release::{Catalog, Release as Released, Version};
use crate::engine::effect::Effect;
use crate::engine::event::EventKind;
use crate::exit::Exit;
use crate::headless::{self, Format};
use crate::runtime::{Clock, Perform as _, Sink};

/// Carries the command out.
pub(super) async fn run(release: &Release, arguments: &Arguments, format: Format) -> Result<Exit, Failure> {
    let text = match &release.command {
        ReleaseCommand::List => list(&catalog(&adapters(arguments)?).await?, format),
        ReleaseCommand::Show { version } => {
            let version = parse(version)?;
            let catalog = catalog(&adapters(arguments)?).await?;
            show(catalog.get(&version).ok_or_else(|| unknown(&version, &catalog))?, format)
        }
        ReleaseCommand::Build { version, changelog, to } => {
            build(&parse(version)?, changelog.as_deref(), to, arguments)?
        }
    };
    stdout().write_all(text.as_bytes()).map_err(|error| {
        Failure::new(FailureKind::Failed, "the output could not be written").because(error)
    })?;
    Ok(Exit::Proven)
}

fn build(
    version: &Version,
    changelog: Option<&Path>,
    to: &Path,
    arguments: &Arguments,
) -> Result<String, Failure> {
    let here = super::here().join("changelog");
    let files = match changelog {
        Some(folder) => packing::folder(folder)?,
        None if here.is_dir() => packing::folder(&here)?,
        None => packing::bagel_store(),
    };
    // The id is part of the archive's name only; without an instance it is that of the first demo.
    let id = match (&arguments.instance, instance::settings(arguments)) {
        (Some(id), _) => DemoId::parse(id).map_err(|reason| Failure::new(FailureKind::Usage, reason))?,
        (None, Ok(settings)) => settings.id,
        (None, Err(_)) => {
            DemoId::parse("demo1").map_err(|reason| Failure::new(FailureKind::Usage, reason))?
        }
    };
    let path = packing::build(&files, &id, version, to)?;
    Ok(format!("{}\n", path.display()))
}

/// The adapters of an instance whose sandbox, if it is one, need not run.
fn adapters(arguments: &Arguments) -> Result<Adapters, Failure> {
    let settings = crate::config::instance::choose(arguments.instance.as_deref(), &super::here())?;
    Ok(Adapters::new(Arc::new(settings), paths::tools()))
}

/// Reads the releases of an instance.
pub(super) async fn catalog(adapters: &Adapters) -> Result<Catalog, Failure> {
    let (sink, mut events) = Sink::queue(Clock::system());
    let reading = async {
        adapters.perform(Effect::ReadReleases, sink).await;
    };
    let mut found = Err(Failure::new(FailureKind::Unavailable, "the releases could not be read"));
    let listening = async {
        while let Some(event) = events.recv().await {
            if let EventKind::Releases(result) = event.kind {
                found = result;
            }
        }
    };
    tokio::join!(reading, listening);
    found
}

fn list(catalog: &Catalog, format: Format) -> String {
    if format == Format::Json {
        let releases: Vec<_> = catalog.releases().iter().map(headless::release_json).collect();
        return format!("{:#}\n", serde_json::Value::from(releases));
    }
    let rows = catalog.releases().iter().map(|release| {
        let count = release.changelog.changesets().len();
        let digest: String = release.archive_digest.chars().take(12).collect();
        format!("{:10} {count:4} changesets  sha256:{digest}  {}\n", release.version, release.image)
    });
    rows.collect()
}

fn show(release: &Released, format: Format) -> String {
    if format == Format::Json {
        return format!("{:#}\n", headless::release_json(release));
    }
    let mut text = format!(
        "{}\nimage    {}\narchive  {}\nsha256   {}\n\n",
        release.version, release.image, release.archive, release.archive_digest
    );
    for changeset in release.changelog.changesets() {
        let sum = changeset.checksum().map_or("not computed", |sum| sum.as_str());
        let line = format!("{:24} {sum:34}  {}", changeset.id.id, changeset.comment);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn parse(version: &str) -> Result<Version, Failure> {
    Version::parse(version).map_err(|reason| Failure::new(FailureKind::Usage, reason))
}

/// The release that was named is none of the instance's.
pub(super) fn unknown(version: &Version, catalog: &Catalog) -> Failure {
    Failure::new(FailureKind::Usage, format!("there is no release {version}")).because(listed(catalog))
}

/// The releases of an instance, in words.
pub(super) fn listed(catalog: &Catalog) -> String {
    let known: Vec<_> = catalog.releases().iter().map(|release| release.version.to_string()).collect();
    format!("the releases are: {}", known.join(", "))
}
