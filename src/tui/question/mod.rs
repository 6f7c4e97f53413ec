//! What can be asked in a dialog: what exactly would happen, what it takes to confirm it, and the intent it leads to.

mod flows;
mod plans;
mod runs;
mod votes;

use crate::domain::environment::Tier;
use crate::domain::journal::VoteWord;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::plan::PlanDigest;
use crate::domain::release::Version;
use crate::engine::State;
use crate::engine::event::Intent;
use crate::engine::flow::Asking;

/// Something that a person is asked to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// To carry out the plan on screen, whichever that is.
    Promote,
    /// To carry out this plan, which leads back.
    RollBack(PlanDigest),
    /// To carry out this plan although its gate asks for more.
    Override(PlanDigest),
    /// To say something about this plan for this environment.
    Vote(EnvironmentName, VoteWord, PlanDigest),
    /// To let nothing new begin anywhere, or to let it again.
    Line(Stop),
    /// To let this release go no further, or to let it again.
    Bar(Version, Stop),
    /// To put on record what was found out about this run.
    Settle(RunId),
    /// To let Liquibase's lock there go, whose holder is gone.
    ReleaseLock(EnvironmentName),
    /// To stop what runs there.
    Abort(EnvironmentName),
    /// To mark the failure there as resolved.
    Resolve(EnvironmentName),
    /// To run this flow file, which changes its database, there.
    Flow(String, EnvironmentName),
}

/// A question, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is confirmed; when this changes it has to be read anew.
    pub subject: String,
    /// What it is about, in a few words.
    pub title: String,
    /// What exactly would happen, one paragraph each.
    pub body: Vec<String>,
    /// What it takes.
    pub tier: Tier,
    /// The letter that confirms.
    pub key: char,
    /// What that letter does: `promotes v1.2.0 to test`.
    pub does: String,
    /// The name to type where the tier asks for one.
    pub environment: String,
    /// The plan's short digest, where there is a plan.
    pub code: Option<String>,
    /// Whether a reason is asked for.
    pub reason: Reason,
}

impl Asked {
    /// A question of the second tier, about nothing that has a plan.
    fn plain(subject: String, title: String, key: char, does: String) -> Self {
        Self {
            subject,
            title,
            body: Vec::new(),
            tier: Tier::Two,
            key,
            does,
            environment: String::new(),
            code: None,
            reason: Reason::None,
        }
    }
}

/// Whether something is stopped or let go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It is stopped.
    Begin,
    /// It is let go on.
    End,
}

/// Whether a reason is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No.
    None,
    /// A note may be left.
    Welcome,
    /// It cannot be left out.
    Needed,
}

impl Question {
    /// What is asked, or why that makes no sense any more.
    pub fn asked(&self, state: &State) -> Result<Asked, String> {
        match self {
            Self::Promote => plans::promote(state),
            Self::RollBack(digest) => plans::roll_back(state, digest),
            Self::Override(digest) => plans::overriding(state, digest),
            Self::Vote(_, word, digest) => votes::vote(state, *word, digest),
            Self::Line(stop) => votes::line(state, *stop),
            Self::Bar(version, stop) => votes::bar(state, version, *stop),
            Self::Settle(run) => runs::settle(state, run),
            Self::ReleaseLock(environment) => runs::release_lock(state, environment),
            Self::Abort(environment) => runs::abort(state, environment),
            Self::Resolve(environment) => runs::resolve(state, environment),
            Self::Flow(path, environment) => flows::run(state, path, environment),
        }
    }

    /// What confirming it leads to. `reason` is what was typed.
    pub fn intent(&self, asked: &Asked, reason: &str) -> Intent {
        let reason = reason.trim().to_owned();
        match self {
            Self::Promote => Intent::Promote { plan: PlanDigest::from_text(&asked.subject), reason: None },
            Self::RollBack(plan) | Self::Override(plan) => {
                Intent::Promote { plan: plan.clone(), reason: Some(reason) }
            }
            Self::Vote(environment, word, plan) => Intent::Vote {
                environment: environment.clone(),
                word: *word,
                plan: plan.clone(),
                note: reason,
            },
            Self::Line(Stop::Begin) => Intent::StopLine { reason },
            Self::Line(Stop::End) => Intent::ResumeLine { reason },
            Self::Bar(version, Stop::Begin) => Intent::Bar { version: version.clone(), reason },
            Self::Bar(version, Stop::End) => Intent::Unbar { version: version.clone(), reason },
            Self::Settle(run) => Intent::Settle(run.clone()),
            Self::ReleaseLock(environment) => Intent::ReleaseLock(environment.clone()),
            Self::Abort(environment) => Intent::Abort(environment.clone()),
            Self::Resolve(environment) => Intent::Resolve { environment: environment.clone(), reason },
            Self::Flow(path, environment) => Intent::RunFlow(Box::new(Asking {
                path: path.clone(),
                environment: Some(environment.clone()),
                release: None,
                said: Vec::new(),
                confirm: Some(environment.to_string()),
                force: false,
            })),
        }
    }
}
