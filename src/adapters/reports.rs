//! Reports on disk and in a bucket: completed with what only the disk knows, redacted, written whole or not at all.
//!
//! A report that cannot be written or uploaded is a failure of its own and changes nothing else. Absent: what a report
//! says and how it looks.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::aws::Aws;
use super::redact::Redactor;
use super::report::within;
use crate::config::Settings;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::RunId;
use crate::domain::report::{Filed, Line, Log, OperationReport, Record};
use crate::report;
use crate::runtime::compute;
use crate::runtime::journal;

/// So many lines of the beginning of a log are kept.
const FIRST: usize = 500;

/// So many bytes of its end are kept.
const LAST: usize = 768 * 1024;

/// A line that is longer is cut.
const LENGTH: usize = 4000;

/// Files reports. Cheap to clone.
#[derive(Clone)]
pub(super) struct Reports {
    settings: Arc<Settings>,
    redactor: Redactor,
    aws: Aws,
}

impl Reports {
    /// For one instance.
    pub(super) fn new(settings: Arc<Settings>, redactor: Redactor, aws: Aws) -> Self {
        Self { settings, redactor, aws }
    }

    /// Writes a report and uploads it where there is a bucket. What fails of the upload is told beside the path.
    pub(super) async fn file(&self, made: OperationReport) -> Result<Filed, Failure> {
        let run = made.run.clone();
        let (settings, redactor) = (Arc::clone(&self.settings), self.redactor.clone());
        let (path, page) = compute(move || write(&settings, &redactor, made)).await?;
        let upload = match &self.settings.reports.bucket {
            None => None,
            Some(bucket) => Some(self.upload(bucket, &run, page).await.map_err(|failure| {
                failure.hint(format!("The report is in {}; copy it from there.", path.display()))
            })),
        };
        let upload = upload.map(|result| result.map_err(|failure| self.redactor.failure(&failure)));
        Ok(Filed { path: path.display().to_string(), upload })
    }

    /// Writes the page of a report to a path that somebody chose for it, and nothing else.
    pub(super) async fn leave(&self, mut made: OperationReport, path: PathBuf) -> Result<(), Failure> {
        let redactor = self.redactor.clone();
        compute(move || {
            let failed = |error: &dyn std::fmt::Display| {
                Failure::new(FailureKind::Failed, "the report could not be written")
                    .because(format!("{}: {error}", path.display()))
            };
            made.each_text(&mut |text| *text = redactor.block(text));
            let page = report::html(&made).map_err(|error| failed(&error))?;
            let folder = path.parent().unwrap_or(Path::new(""));
            let written = fs::create_dir_all(folder).and_then(|()| put(&path, page.as_bytes()));
            written.map_err(|error| failed(&error))
        })
        .await
    }

    async fn upload(&self, bucket: &str, run: &RunId, page: String) -> Result<String, Failure> {
        let prefix = &self.settings.reports.prefix;
        let slash = if prefix.is_empty() { "" } else { "/" };
        let key = format!("{prefix}{slash}{run}/{}", report::HTML);
        let what = || format!("could not put {key} into the bucket {bucket}");
        within(
            self.settings.deadlines.look,
            what,
            Box::pin(self.aws.put_page(bucket, &key, page.into_bytes())),
        )
        .await?;
        Ok(format!("s3://{bucket}/{key}"))
    }
}

/// Writes both files and gives the path and the text of the page.
fn write(
    settings: &Settings,
    redactor: &Redactor,
    mut made: OperationReport,
) -> Result<(PathBuf, String), Failure> {
    let run = made.run.clone();
    let folder = settings.reports().join(run.as_str());
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Failed, format!("the report of {run} could not be written"))
            .because(format!("{}: {error}", folder.display()))
            .hint("What it reports stands as it was told; `lockstep journal show` has all of it.")
    };
    let result = complete(&settings.journal(), &made);
    let (records, log) = match result {
        Ok(found) => found,
        // A report without them is better than none.
        Err(failure) => {
            made.remarks.push(format!("The journal could not be read for this report: {}.", failure.what));
            (Vec::new(), Log::default())
        }
    };
    made.records = records;
    made.log = log;
    made.each_text(&mut |text| *text = redactor.block(text));
    let page = report::html(&made).map_err(|error| failed(&error))?;
    let value = format!("{:#}\n", report::json(&made));
    let path = folder.join(report::HTML);
    fs::create_dir_all(&folder)
        .and_then(|()| put(&folder.join(report::JSON), value.as_bytes()))
        .and_then(|()| put(&path, page.as_bytes()))
        .map_err(|error| failed(&error))?;
    Ok((path, page))
}

/// Writes a file under another name first: nobody ever sees half of it.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let written = File::create(&draft)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // Nothing of it is left; when even that fails, the first error is the one to tell.
        fs::remove_file(&draft).ok();
    }
    written
}

/// The records of the journal about a run and its plan, and the full log.
fn complete(folder: &Path, made: &OperationReport) -> Result<(Vec<Record>, Log), Failure> {
    let digest = made.plan.as_ref().map(|plan| plan.digest.as_str());
    let words: Vec<&str> = [made.run.as_str()].into_iter().chain(digest).collect();
    let records = journal::lines_about(folder, &words)?.into_iter().map(|line| Record {
        seq: line.seq,
        at: line.at,
        said: line.said.words(),
        file: line.file,
        line: line.line,
        hash: line.hash,
    });
    let path = journal::log_of(folder, &made.run);
    // Most looks have none, and one that cannot be read is missed.
    let log = File::open(&path).and_then(|file| log(BufReader::new(file), &path)).unwrap_or_default();
    Ok((records.collect(), log))
}

/// The beginning and the end of a log.
fn log(mut file: impl io::BufRead, path: &Path) -> io::Result<Log> {
    let (mut first, mut last) = (Vec::new(), VecDeque::new());
    let (mut bytes, mut left_out) = (0, 0);
    let mut text = Vec::new();
    while file.read_until(b'\n', &mut text)? > 0 {
        let line = line(String::from_utf8_lossy(&text).trim_end_matches('\n'));
        text.clear();
        if first.len() < FIRST {
            first.push(line);
            continue;
        }
        bytes += line.text.len();
        last.push_back(line);
        while bytes > LAST {
            let gone: Option<Line> = last.pop_front();
            bytes -= gone.map_or(bytes, |gone| gone.text.len());
            left_out += 1;
        }
    }
    let behind = first.len();
    first.extend(last);
    Ok(Log {
        lines: first,
        left_out: (left_out > 0).then_some((left_out, behind)),
        whole: Some(path.display().to_string()),
    })
}

/// A line of a log on disk: when, by whom, what.
fn line(text: &str) -> Line {
    let (at, rest) = text.split_once(' ').unwrap_or(("", text));
    let Ok(at) = at.parse::<Timestamp>() else {
        return Line { at: String::new(), source: String::new(), text: cut(text) };
    };
    let (source, said) = rest.split_once(' ').unwrap_or((rest, ""));
    let at = at.strftime("%H:%M:%S%.3f").to_string();
    Line { at, source: source.to_owned(), text: cut(said.trim_start()) }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}… (cut)", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::adapters::tests::settings;
    use crate::domain::report::{Instance, Kind, Origin, Outcome};
    use crate::domain::secret::Secret;

    #[test]
    fn a_long_log_keeps_its_beginning_and_its_end_and_says_what_is_missing() {
        let mut text = String::new();
        for number in 0..20_000 {
            writeln!(text, "2026-11-21T14:02:11.5Z liquibase line {number} {}", "x".repeat(60)).unwrap();
        }
        let log = log(text.as_bytes(), Path::new("/logs/r-1.log")).unwrap();
        let (left_out, behind) = log.left_out.unwrap();
        assert_eq!((log.lines.len() + left_out, behind), (20_000, FIRST));
        assert_eq!((log.lines[0].at.as_str(), log.lines[0].source.as_str()), ("14:02:11.500", "liquibase"));
        assert!(log.lines[FIRST].text.starts_with(&format!("line {} ", FIRST + left_out)));
        assert!(log.lines.last().unwrap().text.starts_with("line 19999 "));
        let size: usize = log.lines.iter().map(|line| line.text.len()).sum();
        assert!(size < 1024 * 1024, "{size}");
    }

    #[test]
    fn a_line_that_is_no_log_line_is_kept_and_a_huge_one_is_cut() {
        assert_eq!(line("what is this").text, "what is this");
        assert!(line(&"é".repeat(1_000_000)).text.chars().count() < LENGTH + 10);
    }

    #[test]
    fn a_report_is_written_whole_and_without_any_secret() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings();
        settings.reports.folder = Some(folder.path().to_owned());
        settings.journals = Some(folder.path().join("journals"));
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter<2"));
        let instance = Instance { id: "demo1".to_owned(), title: String::new(), mode: String::new() };
        let at = Timestamp::UNIX_EPOCH;
        let run = RunId::from_text("r-1");
        let origin = Origin { run: run.clone(), instance, began: at, ended: at, by: "ana".to_owned() };
        let summary = "alter role app password 'hunter<2'".to_owned();
        let made = OperationReport::new(origin, Kind::Flow, Outcome::Clean, summary, "dev".to_owned());
        let log = journal::log_of(&settings.journal(), &run);
        fs::create_dir_all(log.parent().unwrap()).unwrap();
        fs::write(log, "1970-01-01T00:00:00Z liquibase uses hunter<2\n").unwrap();
        let (path, page) = write(&settings, &redactor, made).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), page);
        let value = fs::read_to_string(path.with_file_name(report::JSON)).unwrap();
        for text in [&page, &value] {
            assert!(!text.contains("hunter") && text.contains("uses ***"), "{text}");
        }
        let names = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(names, 2, "no draft is left");
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        fs::create_dir(&path).unwrap();
        put(&path, b"text").unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
