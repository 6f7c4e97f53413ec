//! What was said and done, in the order in which it was: the messages of this console and what the journal adds up to.
//!
//! Absent on purpose: whoever wants the records themselves, with their hashes, asks `lockstep journal show`.

use crate::domain::Timestamp;
use crate::domain::failure::Failure;
use crate::domain::journal::{PastFlow, PastRun, VoteWord};
use crate::domain::plan::Direction;
use crate::engine::{Message, State};

/// Runs, votes and flows that are told of at most, the newest of each.
const NEWEST: usize = 300;

/// Something that was said or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// Who says it.
    pub by: Teller,
    /// How it went.
    pub tone: Tone,
    /// What, as a sentence without a full stop.
    pub words: String,
    /// What belongs to it, a line each.
    pub more: Vec<String>,
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// The journal: it is there in the next console, too.
    Journal,
    /// This console.
    Console,
}

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It is said, and nothing else.
    Plain,
    /// It began.
    Begun,
    /// Well.
    Well,
    /// Not well.
    Badly,
}

/// Everything, oldest first.
pub fn chronicle(state: &State) -> Vec<Told> {
    let mut told = Vec::new();
    let runs = state.history.runs();
    runs[runs.len().saturating_sub(NEWEST)..].iter().for_each(|past| run(past, &mut told));
    let flows = state.history.flows();
    flows[flows.len().saturating_sub(NEWEST)..].iter().for_each(|past| flow(past, &mut told));
    let votes = state.history.votes();
    for (at, vote) in &votes[votes.len().saturating_sub(NEWEST)..] {
        let verb = match vote.word {
            VoteWord::Request => "asks for approval of",
            VoteWord::Approve => "approves",
            VoteWord::Reject => "rejects",
        };
        let words = format!("{} {verb} {} to {}", vote.by, vote.version, vote.environment);
        let tone = if vote.word == VoteWord::Reject { Tone::Badly } else { Tone::Plain };
        told.push(journal(*at, tone, words, [vote.note.clone()]));
    }
    if let Some((at, notice)) = state.history.line() {
        told.push(journal(at, Tone::Badly, format!("{} stops the line", notice.by), [notice.reason.clone()]));
    }
    for (at, version, notice) in state.history.bars() {
        told.push(journal(at, Tone::Badly, format!("{} bars {version}", notice.by), [notice.reason.clone()]));
    }
    told.extend(state.messages.iter().map(message));
    told.sort_by_key(|told| told.at);
    told
}

fn run(past: &PastRun, told: &mut Vec<Told>) {
    let way = match past.direction() {
        Direction::Forward => format!("{} to {}", past.version, past.environment),
        Direction::Back => format!("{} back to {}", past.environment, past.version),
    };
    let reason = past.reason.clone().unwrap_or_default();
    told.push(journal(past.began, Tone::Begun, format!("{} begins {way}", past.by), [reason]));
    for intent in &past.intents {
        let words = format!("{} in {}: {}", intent.step.word(), past.environment, intent.what);
        told.push(journal(intent.at, Tone::Plain, words, []));
    }
    if let Some((at, by)) = &past.aborted {
        told.push(journal(*at, Tone::Badly, format!("{by} aborts {way}"), []));
    }
    match &past.conclusion {
        Some((at, Ok(_))) => told.push(journal(*at, Tone::Well, format!("{way} is proven"), [])),
        Some((at, Err(failure))) => {
            let words = format!("{way} ended: {}", failure.kind.word());
            told.push(journal(*at, Tone::Badly, words, [failure.what.clone()]));
        }
        None => {}
    }
}

fn flow(past: &PastFlow, told: &mut Vec<Told>) {
    let words = format!("{} runs {} in {}", past.by, past.file, past.environment);
    told.push(journal(past.began, Tone::Begun, words, []));
    if let Some(at) = past.ended {
        told.push(journal(at, Tone::Plain, format!("{} in {} ended", past.file, past.environment), []));
    }
}

fn message(message: &Message) -> Told {
    let (tone, words, more) = match &message.text {
        Ok(text) => (Tone::Plain, text.clone(), Vec::new()),
        Err(Failure { what, because, hint, .. }) => {
            (Tone::Badly, what.clone(), because.iter().chain(hint).cloned().collect())
        }
    };
    Told { at: message.at, by: Teller::Console, tone, words, more }
}

fn journal<const N: usize>(at: Timestamp, tone: Tone, words: String, more: [String; N]) -> Told {
    let more = more.into_iter().filter(|line| !line.is_empty()).collect();
    Told { at, by: Teller::Journal, tone, words, more }
}
