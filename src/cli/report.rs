//! `lockstep report`: lists, shows and opens the reports of an instance, which need not be awake.

use std::fs;
use std::io::{self, Write as _, stderr, stdout};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::arguments::{Arguments, ReportCommand};
use crate::adapters::opening;
use crate::config::instance;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plain;
use crate::exit::Exit;
use crate::headless::Format;
use crate::report::{HTML, JSON};

/// A report in the folder.
struct Kept {
    folder: PathBuf,
    began: Option<Timestamp>,
    value: Value,
}

/// Carries the command out.
pub(super) fn run(command: &ReportCommand, arguments: &Arguments, format: Format) -> Result<Exit, Failure> {
    let folder = instance::choose(arguments.instance.as_deref(), &super::here())?.reports();
    let reports = kept(&folder)?;
    match command {
        ReportCommand::List => {
            let text = match format {
                Format::Text => table(&reports, &folder),
                Format::Json => format!("{:#}\n", json!(reports.iter().map(Kept::row).collect::<Vec<_>>())),
            };
            write(&text)
        }
        ReportCommand::Show { run } => {
            let report = chosen(&reports, run.as_deref(), &folder)?;
            write(&match format {
                Format::Text => report.text(),
                Format::Json => format!("{:#}\n", report.value),
            })
        }
        ReportCommand::Open { run, path } => {
            let page = chosen(&reports, run.as_deref(), &folder)?.folder.join(HTML);
            write(&format!("{}\n", page.display()))?;
            if !path && !opening::open(&page)? {
                // When standard error is closed nobody can be told.
                writeln!(stderr(), "there is no desktop here to open it with").ok();
            }
            Ok(Exit::Proven)
        }
    }
}

impl Kept {
    fn read(folder: PathBuf) -> Option<Self> {
        let value: Value = serde_json::from_slice(&fs::read(folder.join(JSON)).ok()?).ok()?;
        let began = value["began"].as_str().and_then(|at| at.parse().ok());
        Some(Self { folder, began, value })
    }

    /// A member as one line. The file may be anybody's.
    fn word(&self, name: &str) -> String {
        plain::line(self.value[name].as_str().unwrap_or_default())
    }

    fn row(&self) -> Value {
        let copied =
            ["run", "kind", "outcome", "verdict", "summary", "place", "began", "ended", "seconds", "by"];
        let mut row: serde_json::Map<String, Value> =
            copied.into_iter().map(|name| (name.to_owned(), self.value[name].clone())).collect();
        row.insert("path".to_owned(), json!(self.folder.join(HTML).display().to_string()));
        row.into()
    }

    fn when(&self) -> String {
        let at = self.began.map(|at| at.to_zoned(TimeZone::system()));
        at.map_or_else(|| "?".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
    }

    fn text(&self) -> String {
        let seconds = self.value["seconds"].as_f64().unwrap_or_default();
        let (kind, place, run) = (self.word("kind"), self.word("place"), self.word("run"));
        format!(
            "{}: {kind}, {place}\n  {}\n  {}, {seconds:.1} s, by {}\n  {run}\n  {}\n",
            self.word("verdict"),
            self.word("summary"),
            self.when(),
            self.word("by"),
            self.folder.join(HTML).display(),
        )
    }
}

/// Every report, newest first. What is no report is left out.
fn kept(folder: &Path) -> Result<Vec<Kept>, Failure> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| {
            Failure::new(FailureKind::Unavailable, "the reports could not be read")
                .because(format!("{}: {error}", folder.display()))
                .hint("Make the folder readable, then try again.")
        })?,
    };
    let mut reports: Vec<Kept> = entries.flatten().filter_map(|entry| Kept::read(entry.path())).collect();
    reports.sort_by(|one, other| other.began.cmp(&one.began).then_with(|| other.folder.cmp(&one.folder)));
    Ok(reports)
}

/// The report of this run, or the newest.
fn chosen<'a>(reports: &'a [Kept], run: Option<&str>, folder: &Path) -> Result<&'a Kept, Failure> {
    let found = match run {
        None => reports.first(),
        Some(run) => reports.iter().find(|report| report.folder.file_name().is_some_and(|name| name == run)),
    };
    found.ok_or_else(|| {
        let what = match run {
            Some(run) => format!("there is no report of {}", plain::line(run)),
            None => format!("there is no report in {} yet", folder.display()),
        };
        Failure::new(FailureKind::Usage, what).hint(
            "`lockstep report list` names those there are; every promotion, rollback and flow leaves one.",
        )
    })
}

fn table(reports: &[Kept], folder: &Path) -> String {
    if reports.is_empty() {
        return format!("no report in {} yet\n", folder.display());
    }
    let rows = reports.iter().map(|report| {
        let words = ["kind", "place", "verdict", "run"].map(|name| report.word(name));
        [vec![report.when()], words.into()].concat()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..4).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  "));
        format!("{}{}\n", cells.collect::<String>(), row[4])
    });
    lines.collect()
}

fn write(text: &str) -> Result<Exit, Failure> {
    let written = stdout().write_all(text.as_bytes());
    written.map_err(|error| {
        Failure::new(FailureKind::Failed, "the output could not be written").because(error)
    })?;
    Ok(Exit::Proven)
}
