//! `lockstep changelog list`: what a changelog in a folder says, without any database.

use std::io::{Write as _, stdout};

use super::arguments::{ChangelogCommand, ChangelogListing};
use crate::adapters::sources;
use crate::domain::failure::{Failure, FailureKind};
use crate::exit::Exit;
use crate::headless::{Format, changelog};

/// Carries the command out. A changelog with errors is listed as far as it goes, and exits as bad.
pub(super) fn run(command: &ChangelogCommand, format: Format) -> Result<Exit, Failure> {
    let ChangelogCommand::List(ChangelogListing { file, search_path }) = command;
    let search_path = search_path.clone().unwrap_or_else(super::here);
    let (found, problems) = sources::read(&search_path, file)?;
    let text = match format {
        Format::Text => changelog::text(&found, &problems),
        Format::Json => format!("{:#}\n", changelog::json(&found, &problems)),
    };
    stdout().write_all(text.as_bytes()).map_err(|error| {
        Failure::new(FailureKind::Failed, "the output could not be written").because(error)
    })?;
    let is_bad = problems.iter().any(|problem| problem.is_error);
    Ok(if is_bad { Exit::Configuration } else { Exit::Proven })
}
