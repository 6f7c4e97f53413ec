//! Questions about what people say: votes on a plan, the line, and releases that go no further.

use super::plans::{current, of};
use super::{Asked, Reason, Stop};
use crate::domain::environment::Tier;
use crate::domain::gate::Admission;
use crate::domain::journal::VoteWord;
use crate::domain::plan::PlanDigest;
use crate::domain::release::Version;
use crate::engine::State;

/// A word about exactly this plan.
pub(super) fn vote(state: &State, word: VoteWord, digest: &PlanDigest) -> Result<Asked, String> {
    let plan = &current(state, digest)?.plan;
    let (environment, version) = (&plan.environment, &plan.version);
    let gate = state.environment(environment).map(|it| it.environment.gate.admission);
    if gate != Some(Admission::Approve) {
        return Err(format!("{environment} asks for no approval"));
    }
    let petition = state.petitions.iter().find(|petition| petition.plan.digest() == digest);
    if let (VoteWord::Approve, Some(objection)) = (word, petition.and_then(|it| it.objection.clone())) {
        return Err(objection);
    }
    let (verb, does, key, tier, reason) = match word {
        VoteWord::Request => ("ask for approval of", "asks for approval", 'y', Tier::One, Reason::Welcome),
        VoteWord::Approve => ("approve", "approves it", 'A', Tier::Two, Reason::Welcome),
        VoteWord::Reject => ("reject", "rejects it", 'X', Tier::Two, Reason::Needed),
    };
    let body = match word {
        VoteWord::Request => {
            "A new request begins a new round: what was said after a rejection counts no more."
        }
        VoteWord::Approve => "It is for exactly this plan. When anything in it changes, the approval lapses.",
        VoteWord::Reject => "It stands until you approve, or until somebody asks again.",
    };
    Ok(Asked {
        title: format!("{verb} {version} to {environment}"),
        body: vec![body.to_owned()],
        tier,
        key,
        does: does.to_owned(),
        reason,
        ..of(plan)
    })
}

/// Everything, everywhere.
pub(super) fn line(state: &State, stop: Stop) -> Result<Asked, String> {
    let asked = match (stop, state.history.line()) {
        (Stop::Begin, Some((_, notice))) => {
            return Err(format!("{} has stopped the line already: {}", notice.by, notice.reason));
        }
        (Stop::End, None) => return Err("the line is not stopped".to_owned()),
        (Stop::Begin, None) => {
            let running: Vec<_> = state.running().map(|it| it.plan.environment.to_string()).collect();
            let mut body = vec!["Nothing new begins in any environment. The way back stays open.".to_owned()];
            if !running.is_empty() {
                body.push(format!("What runs in {} stops before its next change.", running.join(" and ")));
            }
            let title = "stop the line".to_owned();
            Asked { body, ..Asked::plain(running.join(" "), title, 'S', "stops the line".to_owned()) }
        }
        (Stop::End, Some((_, notice))) => Asked {
            body: vec![format!("{} stopped it: {}", notice.by, notice.reason)],
            ..Asked::plain(
                notice.reason.clone(),
                "let the line run again".to_owned(),
                'S',
                "lets it run again".to_owned(),
            )
        },
    };
    Ok(Asked { reason: Reason::Needed, ..asked })
}

/// One release, everywhere.
pub(super) fn bar(state: &State, version: &Version, stop: Stop) -> Result<Asked, String> {
    let (body, title, does) = match (stop, state.history.bar(version)) {
        (Stop::Begin, Some((_, notice))) => {
            return Err(format!("{} has barred {version} already: {}", notice.by, notice.reason));
        }
        (Stop::End, None) => return Err(format!("{version} is not barred")),
        (Stop::Begin, None) => (
            "It goes to no further environment. Where it runs, it stays.".to_owned(),
            format!("bar {version}"),
            format!("bars {version}"),
        ),
        (Stop::End, Some((_, notice))) => (
            format!("{} barred it: {}", notice.by, notice.reason),
            format!("let {version} go on"),
            format!("lets {version} go on"),
        ),
    };
    Ok(Asked {
        body: vec![body],
        reason: Reason::Needed,
        ..Asked::plain(version.to_string(), title, 'B', does)
    })
}
