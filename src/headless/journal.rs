//! `lockstep journal`: its records one by one, and whether they are as they were written; for people and for programs.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::domain::failure::Failure;
use crate::domain::journal::{Entry, FlowWord, Vote, VoteWord};
use crate::domain::plan::Direction;
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
        let said = match &line.said {
            Said::Entry(entry) => words(entry),
            Said::Notice(words) => words.clone(),
            Said::Unknown => "a record of another version".to_owned(),
        };
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

/// What an entry says.
fn words(entry: &Entry) -> String {
    match entry {
        Entry::Began { environment, version, plan, by, aim, reason, overridden, .. } => {
            let digest = short(plan);
            let is_back = aim.as_ref().is_some_and(|aim| aim.direction == Direction::Back);
            let way = if is_back { "back in" } else { "to" };
            let forced = overridden.as_ref().map_or_else(String::new, |it| {
                format!(", overriding {}: {}", it.conditions.join("; "), it.reason)
            });
            // What was overridden has its reason with it.
            let why = because(reason.as_deref().filter(|_| overridden.is_none()));
            format!("began: {version} {way} {environment}, plan {digest}, by {by}{forced}{why}")
        }
        Entry::Planned { plan, version, .. } => format!("plan {} for {version} is kept in full", short(plan)),
        Entry::Intended { step, what, .. } => format!("{step}: will {what}"),
        Entry::Operated { operation, .. } => format!("the platform's operation is {operation}"),
        Entry::Aborted { by, step, .. } => format!("{step}: {by} wants it to stop"),
        Entry::Ended { step, result, .. } => match result {
            Ok(text) => format!("{step}: {text}"),
            Err(failure) => format!("{step}: {}", failed(failure)),
        },
        Entry::Concluded { result, .. } => match result {
            Ok(text) => format!("ended: {text}"),
            Err(failure) => format!("ended: {}", failed(failure)),
        },
        Entry::Reconciled { by, result, .. } => match result {
            Ok(text) => format!("found out by {by}: {text}"),
            Err(failure) => format!("found out by {by}: {}", failed(failure)),
        },
        Entry::LetGo { by, holder, proof, result, .. } => match result {
            None => format!("{by} lets Liquibase's lock of {holder} go: {proof}"),
            Some(Ok(text)) => format!("the lock of {holder}: {text}"),
            Some(Err(failure)) => format!("the lock of {holder}: {}", failed(failure)),
        },
        Entry::Acknowledged { by, reason, .. } => {
            format!("the failure is acknowledged by {by}{}", because(reason.as_deref()))
        }
        Entry::Voted(vote) => vote_words(vote),
        Entry::Line { stopped: true, notice } => format!("stopped by {}: {}", notice.by, notice.reason),
        Entry::Line { stopped: false, notice } => format!("released by {}: {}", notice.by, notice.reason),
        Entry::Barred { barred: true, notice, .. } => {
            format!("goes no further, says {}: {}", notice.by, notice.reason)
        }
        Entry::Barred { barred: false, notice, .. } => {
            format!("may go on, says {}: {}", notice.by, notice.reason)
        }
        Entry::Flow { word, .. } => flow_words(word),
    }
}

fn flow_words(word: &FlowWord) -> String {
    match word {
        FlowWord::Began { file, by, changes } => {
            format!("flow {file} began, by {by}; it may {}", changes.join(", "))
        }
        FlowWord::Intended { action } => format!("will {action}"),
        FlowWord::Ended { action, result: Ok(text) } => format!("{action}: {text}"),
        FlowWord::Ended { action, result: Err(failure) } => format!("{action}: {}", failed(failure)),
        FlowWord::Concluded { code, result: Ok(text) } => format!("ended with {code}: {text}"),
        FlowWord::Concluded { code, result: Err(failure) } => {
            format!("ended with {code}: {}", failed(failure))
        }
    }
}

fn vote_words(vote: &Vote) -> String {
    let said = match vote.word {
        VoteWord::Request => "asks for the approval of",
        VoteWord::Approve => "approves",
        VoteWord::Reject => "rejects",
    };
    let note = Some(vote.note.as_str()).filter(|note| !note.is_empty());
    format!("{} {said} {}, plan {}{}", vote.by, vote.version, short(&vote.plan), because(note))
}

fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

fn failed(failure: &Failure) -> String {
    let causes: Vec<_> = failure.because.iter().map(|cause| format!("; {cause}")).collect();
    format!("{}: {}{}", failure.kind.word(), failure.what, causes.concat())
}

fn short(digest: &str) -> &str {
    digest.get(..6).unwrap_or(digest)
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
