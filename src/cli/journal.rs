//! `lockstep journal`: shows, verifies and exports the journal of an instance, which need not be awake.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _, stderr, stdout};
use std::path::{Path, PathBuf};

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::arguments::{Arguments, JournalCommand, JournalExport, JournalListing};
use crate::config::instance;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::RunId;
use crate::exit::Exit;
use crate::headless::{Format, journal as show};
use crate::runtime::Clock;
use crate::runtime::journal::{Line, export, lines, verify};
use crate::tui::terminal;

/// Carries the command out.
pub(super) fn run(command: &JournalCommand, arguments: &Arguments, format: Format) -> Result<Exit, Failure> {
    match command {
        JournalCommand::Verify { path } => {
            let path = path.clone().map_or_else(|| folder(arguments), Ok)?;
            let found = verify(&path)?;
            write(&match format {
                Format::Text => show::verification(&found),
                Format::Json => format!("{:#}\n", show::verification_json(&found)),
            })?;
            Ok(if found.is_intact() { Exit::Proven } else { Exit::ActionNeeded })
        }
        JournalCommand::Show(listing) => {
            let all = lines(&folder(arguments)?)?;
            let chosen = choose(all, listing)?;
            let width = stdout().is_terminal().then(terminal::width).flatten();
            write(&match format {
                Format::Text => show::records(&chosen, &TimeZone::system(), width),
                Format::Json => show::record_lines(&chosen),
            })?;
            Ok(Exit::Proven)
        }
        JournalCommand::Export(JournalExport { run, file }) => {
            let run = run.clone().map(RunId::from_text);
            let text = export(&folder(arguments)?, run.as_ref(), Clock::system().now())?;
            save(file, &text)
        }
    }
}

/// The folder of the chosen instance's journal.
fn folder(arguments: &Arguments) -> Result<PathBuf, Failure> {
    Ok(instance::choose(arguments.instance.as_deref(), &super::here())?.journal())
}

fn choose(all: Vec<Line>, listing: &JournalListing) -> Result<Vec<Line>, Failure> {
    let since = listing.since.as_deref().map(moment).transpose()?;
    let is_meant = |line: &Line| {
        let is = |name: Option<&str>, wanted: Option<&String>| {
            wanted.is_none_or(|wanted| name == Some(wanted.as_str()))
        };
        is(line.run.as_ref().map(RunId::as_str), listing.run.as_ref())
            && is(
                line.environment.as_ref().map(super::super::domain::names::EnvironmentName::as_str),
                listing.env.as_ref(),
            )
            && since.is_none_or(|since| line.at >= since)
    };
    let mut chosen: Vec<Line> = all.into_iter().filter(is_meant).collect();
    let last = listing.last.unwrap_or(chosen.len());
    Ok(chosen.split_off(chosen.len().saturating_sub(last)))
}

/// A moment, a day, or a time that is so long ago.
fn moment(text: &str) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let zone = TimeZone::system();
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(zone.clone()).ok());
    let ago = || {
        let span = text.parse::<Span>().ok()?;
        Clock::system().now().to_zoned(zone).checked_sub(span).ok()
    };
    day.or_else(ago).map(|zoned| zoned.timestamp()).ok_or_else(|| {
        Failure::new(FailureKind::Usage, format!("`{text}` is no time"))
            .hint("Write it like 2026-11-21, 2026-11-21T14:00:00Z, 90m, 12h or 3d.")
    })
}

fn write(text: &str) -> Result<(), Failure> {
    stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::new(FailureKind::Failed, "the output could not be written").because(error))
}

/// Writes an export to a file that is not there yet, or to standard output.
fn save(file: &Path, text: &[u8]) -> Result<Exit, Failure> {
    let failed = |error: io::Error| {
        Failure::new(FailureKind::Failed, format!("{} could not be written", file.display())).because(error)
    };
    if file.as_os_str() == "-" {
        stdout().write_all(text).map_err(failed)?;
        return Ok(Exit::Proven);
    }
    let mut out = fs::OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
    out.write_all(text).and_then(|()| out.sync_all()).map_err(failed)?;
    // When standard error is closed nobody can be told.
    writeln!(stderr(), "`lockstep journal verify {}` judges it anywhere", file.display()).ok();
    Ok(Exit::Proven)
}
