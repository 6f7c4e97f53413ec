//! A journal, or what it says of one run, as a single file that can be verified anywhere.
//!
//! The first line is sealed as a record is and tells where the chain is entered and left. The records follow as they
//! stand in the journal, in their order; of those that are left out only the place in the chain is kept.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::chain;
use super::files;
use super::lines::unreadable;
use super::verification::Verification;
use super::walk::Walk;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::RunId;

/// The first line of an export.
#[derive(Serialize, Deserialize)]
struct Cover {
    export: u32,
    lockstep: String,
    instance: String,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    /// The number of the first record below, and the digest that it follows.
    first: u64,
    prev: String,
    /// The number of the last record below, and its digest.
    last: u64,
    last_hash: String,
}

/// In the place of a record that was left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gap {
    omitted: Place,
}

#[derive(Clone, Serialize, Deserialize)]
struct Place {
    seq: u64,
    prev: String,
    hash: String,
}

/// As much of a record as it takes to choose it.
#[derive(Deserialize)]
struct Outline {
    seq: u64,
    #[serde(default)]
    prev: String,
    #[serde(default)]
    writer: Option<u64>,
    #[serde(default)]
    run: Option<String>,
    #[serde(default)]
    plan: Option<String>,
    #[serde(default)]
    instance: Option<String>,
}

/// The journal in `folder` as one file, limited to what concerns `run` if one is named: its records, those of its plan,
/// and those of the processes that wrote them. Records from before there was a chain are not part of it.
pub fn export(folder: &Path, run: Option<&RunId>, at: Timestamp) -> Result<Vec<u8>, Failure> {
    let text = read(folder).map_err(|error| unreadable(folder, &error))?;
    let lines: Vec<(Option<Outline>, &[u8])> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| (serde_json::from_slice(line).ok(), line))
        .collect();
    let instance = lines.iter().find_map(|(outline, _)| outline.as_ref()?.instance.clone());
    let chosen = chosen(&lines, run);
    let (Some(from), Some(to)) =
        (chosen.iter().position(|is_chosen| *is_chosen), chosen.iter().rposition(|is_chosen| *is_chosen))
    else {
        let what = match run {
            Some(run) => format!("the journal knows no run {run}"),
            None => "the journal holds no record".to_owned(),
        };
        return Err(
            Failure::new(FailureKind::Usage, what).hint("`lockstep journal show` lists what it holds.")
        );
    };
    let mut body = Vec::new();
    let mut ends: Option<(Place, Place)> = None;
    for ((outline, line), is_chosen) in lines.iter().zip(chosen).take(to + 1).skip(from) {
        let place = outline.as_ref().and_then(|outline| {
            let (hash, _) = chain::open(line)?;
            Some(Place { seq: outline.seq, prev: outline.prev.clone(), hash: hash.to_owned() })
        });
        ends = match (ends, &place) {
            (None, Some(place)) => Some((place.clone(), place.clone())),
            (Some((first, _)), Some(place)) => Some((first, place.clone())),
            (ends, None) => ends,
        };
        match place {
            Some(omitted) if !is_chosen => {
                body.extend(serde_json::to_vec(&Gap { omitted }).map_err(unwritten)?);
            }
            _ => body.extend_from_slice(line),
        }
        body.push(b'\n');
    }
    let (first, last) = ends.unwrap_or_else(|| {
        let nothing = Place { seq: 0, prev: String::new(), hash: String::new() };
        (nothing.clone(), nothing)
    });
    let cover = Cover {
        export: chain::FORMAT,
        lockstep: env!("CARGO_PKG_VERSION").to_owned(),
        instance: instance.unwrap_or_default(),
        at,
        run: run.map(RunId::to_string),
        first: first.seq,
        prev: first.prev,
        last: last.seq,
        last_hash: last.hash,
    };
    let (mut text, _) = chain::seal(&serde_json::to_string(&cover).map_err(unwritten)?);
    text.extend(body);
    Ok(text)
}

/// Judges an export; `None` when it is none.
pub(super) fn verify(path: &Path, bytes: &[u8]) -> Option<Verification> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (first, rest) = bytes.split_at(end);
    let cover: Cover = serde_json::from_slice(first).ok()?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut walk = Walk::from(cover.first, &cover.prev);
    walk.enter(&name);
    let is_whole = chain::open(first).is_some_and(|(_, is_whole)| is_whole);
    let mut records = 0;
    walk.skip(1);
    if !is_whole {
        walk.breach(None, "the first line was changed: its digest is not that of the line");
    } else if cover.first == 1 && cover.prev != chain::genesis(&cover.instance) {
        walk.breach(None, "the first line names an instance whose journal begins otherwise");
    }
    for line in rest.get(1..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
        match serde_json::from_slice::<Gap>(line) {
            Ok(Gap { omitted }) => {
                walk.skip(1);
                walk.omitted(omitted.seq, &omitted.prev, &omitted.hash);
            }
            Err(_) => records += walk.lines(line),
        }
    }
    if (walk.last(), walk.hash()) != (cover.last, cover.last_hash.as_str()) {
        walk.skip(1);
        let what = format!("it ends with record {}, and its first line says {}", walk.last(), cover.last);
        walk.breach(Some(cover.last), &what);
    }
    let mut verification = Verification::of(path);
    verification.instance = Some(cover.instance);
    verification.run = cover.run;
    verification.files.push((name, records));
    Some(walk.finish(verification))
}

/// Which lines belong to `run`; all of them when none is named. A line that is no record always does: whoever reads the
/// export has to see it.
fn chosen(lines: &[(Option<Outline>, &[u8])], run: Option<&RunId>) -> Vec<bool> {
    let Some(run) = run else { return vec![true; lines.len()] };
    let is_of = |outline: &&Outline| outline.run.as_deref() == Some(run.as_str());
    let outlines = || lines.iter().filter_map(|(outline, _)| outline.as_ref());
    if !outlines().any(|outline| is_of(&outline)) {
        return vec![false; lines.len()];
    }
    let plans: Vec<&str> = outlines().filter(is_of).filter_map(|it| it.plan.as_deref()).collect();
    let is_wanted = |outline: &Outline| {
        is_of(&outline)
            || outline.run.is_none() && outline.plan.as_deref().is_some_and(|plan| plans.contains(&plan))
    };
    let writers: Vec<u64> = outlines().filter(|it| is_wanted(it)).filter_map(|it| it.writer).collect();
    let choose = |outline: &Outline| is_wanted(outline) || writers.contains(&outline.seq);
    lines.iter().map(|(outline, _)| outline.as_ref().is_none_or(choose)).collect()
}

/// Every file of the chain, one after the other.
fn read(folder: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    match files::numbers(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        numbers => {
            for number in numbers?.into_iter().filter(|number| *number > 0) {
                text.extend(fs::read(files::path(folder, number))?);
            }
        }
    }
    Ok(text)
}

fn unwritten(error: serde_json::Error) -> Failure {
    Failure::new(FailureKind::Failed, "the export could not be written").because(error)
}
