//! What a record says, in one line for people.

use super::Said;
use crate::domain::failure::Failure;
use crate::domain::journal::{Entry, FlowWord, Vote, VoteWord};
use crate::domain::plan::Direction;

impl Said {
    /// What it says, in one line.
    pub fn words(&self) -> String {
        match self {
            Self::Entry(entry) => words(entry),
            Self::Notice(words) => words.clone(),
            Self::Unknown => "a record of another version".to_owned(),
        }
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
        Entry::Notified { delivery, result } => match result {
            Ok(text) => format!("told people ({}): {text}", delivery.occasion.word()),
            Err(failure) => format!("told nobody ({}): {}", delivery.occasion.word(), failed(failure)),
        },
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
