//! Checksums from Liquibase itself, for changesets whose sums cannot be worked out here. No database is needed.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use tokio::time::timeout;

use super::{Liquibase, Said, command};
use crate::adapters::archive::Folder;
use crate::adapters::process::Process;
use crate::domain::changelog::{ChangesetId, Checksum, Checksums};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::release::Release;

/// The file in which Liquibase keeps the rows of a database that is not there.
const ROWS: &str = "lockstep-rows.csv";

/// What is read of a row.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "AUTHOR")]
    author: String,
    #[serde(rename = "FILENAME")]
    path: String,
    #[serde(rename = "MD5SUM")]
    checksum: String,
}

impl Liquibase {
    /// The checksums of every changeset of `release` that a run without contexts would apply.
    pub(in crate::adapters) async fn checksums(&self, release: &Release) -> Result<Checksums, Failure> {
        let what = format!("Liquibase could not tell the checksums of {}", release.version);
        let failed = |error: std::io::Error| Failure::new(FailureKind::Failed, &what).because(error);
        let runner = self.runner()?;
        let files = self.artifacts.files(release).await?;
        let folder = Folder::with(&files).map_err(failed)?;
        let launch = command::offline(&runner, folder.path(), &self.settings.liquibase.docker_image, ROWS);
        let mut process = Process::start(launch).map_err(failed)?;
        let mut said = Said::default();
        let running = async {
            while let Some(lines) = process.lines().await {
                said.extend(lines.into_iter().map(Arc::from).collect());
            }
            process.end().await
        };
        match timeout(self.settings.deadlines.liquibase, running).await {
            Ok(Ok(status)) if status.success() => rows(&folder.path().join(ROWS)).map_err(|error| {
                Failure::new(FailureKind::Failed, &what).because(error).hint("Update Liquibase.")
            }),
            Ok(Ok(_)) => Err(said.failure(&what, release.version.to_string().as_str())),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(Failure::new(FailureKind::Failed, &what).because("it had not ended in time")),
        }
    }
}

fn rows(path: &Path) -> csv::Result<Checksums> {
    let rows = csv::Reader::from_path(path)?.into_deserialize::<Row>();
    rows.map(|row| {
        let Row { id, author, path, checksum } = row?;
        Ok((ChangesetId { path, id, author }, Checksum::stored(checksum)))
    })
    .collect()
}
