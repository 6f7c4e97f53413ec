//! `lockstep journal`: its records one by one, and whether they are as they were written; for people and for programs.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::domain::journal::Entry;
use crate::runtime::journal::{Breach, Line, Said, Verification};

/// So many breaches are listed for people; programs get all.
const BREACHES: usize = 20;

/// One record a line, oldest first: when, its number, the run or what else it is about, what it says. Cut to `width`
/// columns, if there is a width to keep to.
pub fn records(lines: &[Line], zone: &TimeZone, width: Option<usize>) -> String {
    let mut text = String::new();
    for line in lines {
        let at = line.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S");
        let subject = subject(line);
        let said = line.said.words();
        let number = if line.seq == 0 { "-".to_owned() } else { line.seq.to_string() };
        let row = format!("{at} {number:>6}  {subject:30} {said}").replace(char::is_control, " ");
        match width {
            Some(width) => writeln!(text, "{}", clip(row.trim_end(), width)).ok(),
            None => writeln!(text, "{}", row.trim_end()).ok(),
        };
    }
    text
}

/// The records as they stand in the journal: one JSON object a line.
pub fn record_lines(lines: &[Line]) -> String {
    lines.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect()
}

/// Whether the journal holds, and where it does not.
pub fn verification(verification: &Verification) -> String {
    let whose = match (&verification.instance, &verification.run) {
        (Some(instance), Some(run)) => format!("what the journal of {instance} says of {run}"),
        (Some(instance), None) => format!("the journal of {instance}"),
        (None, _) => "the journal".to_owned(),
    };
    let mut text = match (verification.is_intact(), verification.range) {
        (true, None) => format!("{whose} in {} is empty\n", verification.source.display()),
        (true, Some((first, last))) => format!("{whose} is intact: records {first} to {last}\n"),
        (false, _) => format!("{whose} is not as it was written\n"),
    };
    for breach in verification.breaches.iter().take(BREACHES) {
        text.push_str(&breach_words(breach));
    }
    if let Some(more) = verification.breaches.len().checked_sub(BREACHES).filter(|more| *more > 0) {
        writeln!(text, "  and {more} more; `--output json` lists them all").ok();
    }
    for (file, records) in &verification.files {
        let noun = if *records == 1 { "record" } else { "records" };
        writeln!(text, "  {file}: {records} {noun}").ok();
    }
    if let (Some((_, last)), Some(head)) = (verification.range, &verification.head) {
        writeln!(text, "  the digest of record {last} is {head}").ok();
    }
    if let Some(unchained) = &verification.unchained {
        let (records, file) = (unchained.records, &unchained.file);
        writeln!(text, "  {file}: {records} records from before there was a chain; sealed when it began")
            .ok();
    }
    for note in &verification.notes {
        writeln!(text, "  note: {note}").ok();
    }
    text
}

/// The same for programs; docs/json.md describes it.
pub fn verification_json(verification: &Verification) -> Value {
    json!({
        "intact": verification.is_intact(),
        "source": verification.source.display().to_string(),
        "instance": verification.instance,
        "run": verification.run,
        "files": verification.files.iter().map(|(name, records)| json!({ "name": name, "records": records }))
            .collect::<Vec<_>>(),
        "first": verification.range.map(|(first, _)| first),
        "last": verification.range.map(|(_, last)| last),
        "hash": verification.head,
        "unchained": verification.unchained.as_ref().map(|it| json!({ "name": it.file, "records": it.records })),
        "notes": verification.notes,
        "breaches": verification.breaches.iter().map(|breach| json!({
            "file": breach.file,
            "line": breach.line,
            "record": breach.seq,
            "what": breach.what,
            "runs": breach.runs,
        })).collect::<Vec<_>>(),
    })
}

fn breach_words(breach: &Breach) -> String {
    let runs = match breach.runs.as_slice() {
        [] => String::new(),
        runs => format!(" (concerns {})", runs.join(", ")),
    };
    format!("  {} line {}: {}{runs}\n", breach.file, breach.line, breach.what)
}

/// What a record is about.
fn subject(line: &Line) -> String {
    match (&line.run, &line.said) {
        (Some(run), _) => run.to_string(),
        (None, Said::Entry(entry)) => match &**entry {
            Entry::Barred { version, .. } => version.to_string(),
            Entry::Line { .. } => "every environment".to_owned(),
            _ => line.environment.as_ref().map(ToString::to_string).unwrap_or_default(),
        },
        _ => "the journal".to_owned(),
    }
}

/// The beginning of a line that fits into so many columns.
fn clip(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mut text = String::new();
    let mut used = 1;
    for grapheme in line.graphemes(true) {
        used += grapheme.width();
        if used > width {
            break;
        }
        text.push_str(grapheme);
    }
    text.push('…');
    text
}
