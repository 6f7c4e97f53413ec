//! The state of a walk along the chain: what must come next, what is under way, what did not hold. Pure.
//!
//! After a breach it goes on from what the line says of itself, so that one edit is one breach and not a thousand.

use std::collections::BTreeSet;

use serde_json::Value;

use super::chain;
use super::files::Head;
use super::verification::{Breach, Verification};

/// A walk along the lines of a journal.
#[derive(Default)]
pub(super) struct Walk {
    file: String,
    line: usize,
    /// The numbers and digests that are known of the next line; nothing is known behind a line that is no record.
    next: Option<(u64, String)>,
    first: Option<Value>,
    range: Option<(u64, u64)>,
    hash: String,
    /// The file that the last record is in.
    file_of_last: String,
    /// The digest of the record before the last one.
    hash_before: String,
    /// The runs that began and have not ended.
    open: BTreeSet<String>,
    /// Every number that was seen.
    seen: BTreeSet<u64>,
    /// Numbers that were missed where they belong, with the breach that says so.
    missed: Vec<(u64, u64, usize)>,
    /// The breach that the run of the next record belongs to as well.
    concerns_next: Option<usize>,
    breaches: Vec<Breach>,
}

impl Walk {
    /// A walk that begins in the middle: the next record has this number and follows this digest.
    pub(super) fn from(seq: u64, prev: &str) -> Self {
        Self { next: Some((seq, prev.to_owned())), ..Self::default() }
    }

    /// Goes on in another file.
    pub(super) fn enter(&mut self, file: &str) {
        self.check_name(file);
        file.clone_into(&mut self.file);
        self.line = 0;
    }

    /// Walks along whole lines. Returns how many they are.
    pub(super) fn lines(&mut self, bytes: &[u8]) -> usize {
        let before = self.line;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line += 1;
            match line.strip_suffix(b"\n") {
                Some(line) => self.line(line),
                None => self.no_record(line),
            }
        }
        self.line - before
    }

    /// Passes over lines that were judged elsewhere.
    pub(super) fn skip(&mut self, lines: usize) {
        self.line += lines;
    }

    /// One line, without its end.
    fn line(&mut self, line: &[u8]) {
        let record = serde_json::from_slice::<Value>(line).ok();
        let number = record.as_ref().and_then(|record| record.get("seq")?.as_u64());
        let (Some(record), Some(number), Some((hash, is_whole))) = (record, number, chain::open(line)) else {
            return self.no_record(line);
        };
        // What a changed record says of its place counts for nothing.
        let seq = if is_whole { number } else { self.next.as_ref().map_or(number, |(seq, _)| *seq) };
        let run = text(&record, "run").map(str::to_owned);
        if let (Some(breach), Some(run)) = (self.concerns_next.take(), &run) {
            self.concern(breach, run);
        }
        if self.first.is_none() {
            self.first = Some(record.clone());
        }
        let prev = text(&record, "prev").unwrap_or_default().to_owned();
        if !is_whole {
            let what = "the record was changed: its digest is not that of the line";
            self.line_breach(Some(seq), run.as_deref(), what.to_owned());
        }
        let is_in_place = !is_whole || self.follow(seq, &prev, &record, run.as_deref());
        if let Some(run) = run {
            match text(&record, "record") {
                Some("began") => self.open.insert(run),
                Some("concluded" | "reconciled") => self.open.remove(&run),
                _ => false,
            };
        }
        if is_in_place {
            self.step(seq, hash.to_owned(), prev);
        }
    }

    /// A record that was left out of an export: only its place in the chain is known.
    pub(super) fn omitted(&mut self, seq: u64, prev: &str, hash: &str) {
        if self.follow(seq, prev, &Value::Null, None) {
            self.step(seq, hash.to_owned(), prev.to_owned());
        }
    }

    /// Holds the end against the head.
    pub(super) fn end(&mut self, head: Option<&Head>, notes: &mut Vec<String>) {
        let last = self.range.map_or(0, |(_, last)| last);
        self.line += 1;
        if let (true, Some(head)) = (self.file.is_empty(), head) {
            self.file.clone_from(&head.file);
        }
        match head {
            None if last == 0 => {}
            None if last == 1 => notes.push(unnamed(1)),
            None => self.breach(None, "the head beside the journal is missing: whether records were cut off at the end cannot be told"),
            Some(head) if head.seq == last && head.hash == self.hash => {
                if head.file != self.file_of_last {
                    self.breach(None, &format!("the head says that the last record is in {}", head.file));
                }
            }
            Some(head) if head.seq.saturating_add(1) == last && head.hash == self.hash_before => notes.push(unnamed(last)),
            Some(head) if head.seq > last => {
                let missing = numbers(last + 1, head.seq);
                self.line_breach(Some(last + 1), None, format!("{missing} missing at the end, by the head"));
            }
            Some(head) => {
                let what = format!("the head names record {}, which is not where the journal ends", head.seq);
                self.line_breach(Some(last), None, what);
            }
        }
    }

    /// Something is wrong here that belongs to no record.
    pub(super) fn breach(&mut self, seq: Option<u64>, what: &str) {
        self.line_breach(seq, None, what.to_owned());
    }

    /// Something is wrong with another file.
    pub(super) fn breach_at(&mut self, file: &str, line: usize, what: &str) {
        let (file, what) = (file.to_owned(), what.to_owned());
        self.breaches.push(Breach { file, line, seq: None, what, runs: Vec::new() });
    }

    /// The first record.
    pub(super) fn first(&self) -> Option<&Value> {
        self.first.as_ref()
    }

    /// The digest of the last record.
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// The number of the last record.
    pub(super) fn last(&self) -> u64 {
        self.range.map_or(0, |(_, last)| last)
    }

    /// Writes down what was found.
    pub(super) fn finish(mut self, mut verification: Verification) -> Verification {
        // What was missed where it belongs and stands elsewhere was moved, not dropped.
        for (from, to, breach) in std::mem::take(&mut self.missed) {
            if let (true, Some(breach)) =
                ((from..=to).all(|seq| self.seen.contains(&seq)), self.breaches.get_mut(breach))
            {
                let seq = breach.seq.unwrap_or_default();
                breach.what = format!("out of order: record {seq} stands where record {from} belongs");
            }
        }
        if verification.instance.is_none() {
            verification.instance =
                self.first.as_ref().and_then(|first| text(first, "instance")).map(str::to_owned);
        }
        verification.range = self.range;
        verification.head = self.range.map(|_| self.hash);
        verification.breaches = self.breaches;
        verification
    }

    /// Holds the place that a record says it has against the place where it stands. False for one that belongs further
    /// up: what comes next is as it was.
    fn follow(&mut self, seq: u64, prev: &str, record: &Value, run: Option<&str>) -> bool {
        let is_first = self.range.is_none() && self.next.is_none() && self.breaches.is_empty();
        if is_first {
            let instance = text(record, "instance").unwrap_or_default();
            self.next = Some((1, chain::genesis(instance)));
        }
        self.seen.insert(seq);
        let Some((expected, hash)) = self.next.clone() else { return true };
        if seq > expected {
            let what = format!("{} missing before record {seq}", numbers(expected, seq - 1));
            self.line_breach(Some(seq), run, what);
            self.missed.push((expected, seq - 1, self.breaches.len() - 1));
        } else if seq < expected {
            let what = format!("out of order: record {seq} stands where record {expected} belongs");
            self.line_breach(Some(seq), run, what);
        } else if prev != hash {
            let what = if seq == 1 {
                "the record does not begin a journal of this instance".to_owned()
            } else {
                format!("record {seq} does not follow the line before it, which was replaced")
            };
            self.line_breach(Some(seq), run, what);
        }
        seq >= expected
    }

    fn step(&mut self, seq: u64, hash: String, prev: String) {
        self.range = Some(self.range.map_or((seq, seq), |(first, _)| (first, seq)));
        self.next = Some((seq.saturating_add(1), hash.clone()));
        self.hash_before = prev;
        self.file_of_last.clone_from(&self.file);
        self.hash = hash;
    }

    fn no_record(&mut self, line: &[u8]) {
        let seq = self.next.take().map(|(seq, _)| seq);
        let readable = String::from_utf8_lossy(line);
        let what = match readable.trim() {
            "" => "an empty line, where only records may stand",
            _ => "the line is no record",
        };
        self.line_breach(seq, None, what.to_owned());
        self.concerns_next = Some(self.breaches.len() - 1);
    }

    /// What was cut out or made unreadable may have belonged to any run that was under way.
    fn line_breach(&mut self, seq: Option<u64>, run: Option<&str>, what: String) {
        let runs = self.open.iter().map(String::as_str).chain(run).collect::<BTreeSet<_>>();
        let runs = runs.into_iter().map(str::to_owned).collect();
        self.breaches.push(Breach { file: self.file.clone(), line: self.line, seq, what, runs });
    }

    fn concern(&mut self, breach: usize, run: &str) {
        if let Some(breach) = self.breaches.get_mut(breach)
            && !breach.runs.iter().any(|known| known == run)
        {
            breach.runs.push(run.to_owned());
        }
    }

    /// Files are numbered without a gap, from 1.
    fn check_name(&mut self, file: &str) {
        let number = |name: &str| name.strip_prefix("journal-")?.strip_suffix(".jsonl")?.parse::<u32>().ok();
        let before = number(&self.file).unwrap_or(0);
        if let Some(number) = number(file)
            && number != before + 1
        {
            let missing = super::files::name(before + 1);
            self.breach_at(&missing, 1, "this file is missing");
        }
    }
}

fn text<'a>(record: &'a Value, key: &str) -> Option<&'a str> {
    record.get(key)?.as_str()
}

fn numbers(from: u64, to: u64) -> String {
    if from == to { format!("record {from} is") } else { format!("records {from} to {to} are") }
}

fn unnamed(seq: u64) -> String {
    format!(
        "the head does not name record {seq} yet: its writer stopped between the two, and the next one puts that right"
    )
}
