//! `lockstep approve`, `reject`, `request` and `approvals`: votes, and what waits for them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::json::failure;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{Ballot, Lapse};
use crate::domain::journal::VoteWord;
use crate::domain::plan::PlanDigest;
use crate::engine::State;
use crate::engine::petitions::{Petition, Standing};
use crate::engine::planning::Prepared;

/// The digest that a vote is for. Whoever approves or rejects has to say which plan was read; the refusal names the
/// exact words.
pub(super) fn meant(
    prepared: &Prepared,
    word: VoteWord,
    plan: Option<&PlanDigest>,
) -> Result<PlanDigest, Failure> {
    let (digest, environment) = (prepared.plan.digest(), &prepared.plan.environment);
    let reason = if word == VoteWord::Reject { " --reason REASON" } else { "" };
    let words = format!(
        "lockstep {} {environment} --release {} --plan {}{reason}",
        word.word(),
        prepared.plan.version,
        digest.short()
    );
    let refuse = |what: String| {
        let (version, read) = (&prepared.plan.version, "Read the plan");
        let hint = format!("{read} (`lockstep plan {environment} --release {version}`), then: {words}");
        Err(Failure::new(FailureKind::Refused, what).hint(hint))
    };
    match plan {
        Some(given) if digest.is_named_by(given) => Ok(digest.clone()),
        Some(given) => refuse(format!("the plan for {environment} is {} now, not {given}", digest.short())),
        None if word == VoteWord::Request => Ok(digest.clone()),
        None => refuse("it has to be said which plan is meant".to_owned()),
    }
}

/// What came of a vote, for programs: the plan that was voted on, as the inbox shows it.
pub(super) fn vote_json(
    state: &State,
    said: Option<&str>,
    plan: Option<&PlanDigest>,
    why: Option<&Failure>,
) -> Value {
    let voted = state.petitions.iter().find(|petition| Some(petition.plan.digest()) == plan);
    json!({ "said": said, "approval": voted.map(petition), "failure": failure(why) })
}

/// The inbox, for programs.
pub(super) fn json(state: &State, why: Option<&Failure>) -> Value {
    json!({
        "approvals": state.petitions.iter().map(petition).collect::<Vec<_>>(),
        "failure": failure(why),
    })
}

fn petition(petition: &Petition) -> Value {
    let plan = &petition.plan;
    let ballots = |ballots: &[Ballot]| -> Vec<Value> {
        let each = ballots.iter().map(|ballot| {
            json!({
                "by": ballot.by.name,
                "arn": ballot.by.arn,
                "at": ballot.at.to_string(),
                "note": ballot.note,
            })
        });
        each.collect()
    };
    let lapse =
        |lapse: &Lapse| json!({ "plan": lapse.plan, "by": lapse.by, "differences": lapse.differences });
    json!({
        "environment": plan.environment.as_str(),
        "version": plan.version.to_string(),
        "plan": plan.digest().as_str(),
        "short": plan.digest().short(),
        "state": petition.standing().word(),
        "needed": petition.needed,
        "counting": petition.counting,
        "asks": petition.who,
        "requests": ballots(&petition.tally.requests),
        "approvals": ballots(&petition.tally.approvals),
        "rejections": ballots(&petition.tally.rejections),
        "waits_for_me": petition.waits_for_me(),
        "objection": petition.objection,
        "lapsed": petition.lapse.as_ref().map(lapse),
    })
}

/// The inbox, for people.
pub(super) fn text(state: &State) -> String {
    if state.petitions.is_empty() {
        return "nothing waits for approval\n".to_owned();
    }
    let mut text = String::new();
    for petition in &state.petitions {
        if !text.is_empty() {
            text.push('\n');
        }
        one(&mut text, petition);
    }
    text
}

fn one(text: &mut String, petition: &Petition) {
    let (plan, short) = (&petition.plan, petition.plan.digest().short());
    let (name, version) = (&plan.environment, &plan.version);
    let (has, needed) = (petition.counting.len(), petition.needed);
    let noun = if needed == 1 { "approval" } else { "approvals" };
    // Writing to a `String` cannot fail.
    writeln!(text, "{version} to {name}, plan {short}: {has} of {needed} {noun}").ok();
    let tally = &petition.tally;
    let lists =
        [("asked for", &tally.requests), ("approved", &tally.approvals), ("rejected", &tally.rejections)];
    for (word, ballots) in lists {
        for ballot in ballots {
            let note = if ballot.note.is_empty() { String::new() } else { format!(": {}", ballot.note) };
            let at = ballot.at.strftime("%F %R UTC");
            writeln!(text, "  {word} by {} at {at}{note}", ballot.by).ok();
        }
    }
    if let Some(lapse) = &petition.lapse {
        writeln!(text, "  lapsed: {}", lapse.words()).ok();
    }
    match petition.standing() {
        Standing::Approved => {
            writeln!(text, "  → lockstep promote {name} --release {version} --confirm {name} --plan {short}")
                .ok()
        }
        Standing::Rejected => writeln!(
            text,
            "  → lockstep request {name} --release {version} --plan {short} asks everybody again"
        )
        .ok(),
        Standing::Waiting => match &petition.objection {
            None => writeln!(text, "  → lockstep approve {name} --release {version} --plan {short}").ok(),
            Some(objection) => writeln!(text, "  waits for {}; {objection}", petition.who).ok(),
        },
    };
}
