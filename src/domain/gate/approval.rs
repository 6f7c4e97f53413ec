//! Who approves, and what the votes on a plan add up to.
//!
//! The rules, which docs/gates.md tells people: a vote is for one plan, by its digest. Of what one person says, the
//! newest counts. A rejection stands until whoever rejected approves, or until somebody asks again; that begins a new
//! round, in which nothing that was said before counts. A promotion that was proven uses its approvals up.

use std::fmt;

use super::difference::differences;
use crate::domain::Timestamp;
use crate::domain::journal::{History, Vote, VoteWord};
use crate::domain::names::EnvironmentName;
use crate::domain::plan::Plan;
use crate::domain::release::Version;

/// Names of sessions that tools make up when nobody gave them one: they tell no two people apart.
const MADE_UP_SESSIONS: [&str; 4] = ["botocore-session-", "aws-sdk-", "aws-go-sdk-", "AWSCLI-Session"];

/// Somebody, as votes know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name for people: the last part of the caller's ARN, or the user of the machine.
    pub name: String,
    /// The caller's ARN, where there is one.
    pub arn: Option<String>,
}

impl Person {
    /// True when both are the same person, as far as can be told: by ARN where both have one, else by name. Sessions
    /// of one role are different people, unless a tool made their names up.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.arn, &other.arn) {
            (Some(one), Some(other)) => whose(one) == whose(other),
            _ => self.name == other.name,
        }
    }

    /// True when an approver that is configured as `named` means this person: a whole ARN, the ARN of a role for
    /// whoever has taken it, or a name.
    pub fn is_named(&self, named: &str) -> bool {
        if !named.starts_with("arn:") {
            return self.name == named;
        }
        self.arn.as_deref().is_some_and(|arn| arn == named || (is_role(named) && role(arn) == role(named)))
    }
}

impl fmt::Display for Person {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.name)
    }
}

/// The account and the role of an ARN of IAM or STS. A role's path is no part of what STS says, so only the last
/// part of its name counts.
fn role(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':').skip(4);
    let (account, resource) = (parts.next()?, parts.next()?);
    match resource.split_once('/')? {
        ("role", name) => Some((account, name.rsplit('/').next()?)),
        ("assumed-role", session) => Some((account, session.split('/').next()?)),
        _ => None,
    }
}

/// True for the ARN of a role without a session: it names whoever has taken the role.
pub fn is_role(arn: &str) -> bool {
    let has_session = arn.split_once(":assumed-role/").is_some_and(|(_, session)| session.contains('/'));
    role(arn).is_some() && !has_session
}

/// What tells one caller from another.
fn whose(arn: &str) -> &str {
    match arn.rsplit_once('/') {
        Some((role, session))
            if role.contains(":assumed-role/")
                && MADE_UP_SESSIONS.iter().any(|made_up| session.starts_with(made_up)) =>
        {
            role
        }
        _ => arn,
    }
}

/// Whose approval a gate takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRule {
    /// How many people have to approve; 0 where no approval is asked for.
    pub needed: usize,
    /// Names or ARNs of those who may; empty for anybody.
    pub approvers: Vec<String>,
    /// True when whoever asks for a promotion may approve it too.
    pub requester_may_approve: bool,
}

impl ApprovalRule {
    /// So many approvals, by anybody but the one who asks.
    pub fn new(needed: usize) -> Self {
        Self { needed, approvers: Vec::new(), requester_may_approve: false }
    }

    /// Why this person's approval would not count; `None` when it would. `person` is who would run the plan when
    /// nobody has asked for it.
    pub fn objection(&self, person: &Person, tally: &Tally) -> Option<String> {
        if !self.approvers.is_empty() && !self.approvers.iter().any(|named| person.is_named(named)) {
            return Some(format!("{person} is none of the approvers: {}", self.approvers.join(", ")));
        }
        if !self.requester_may_approve && tally.requests.iter().any(|ballot| ballot.by.is_same(person)) {
            return Some(format!("{person} asked for it, and somebody else has to approve it"));
        }
        None
    }

    /// The approvals that count when `runner` carries the plan out. Whoever asked for it is left out where the rule
    /// says so; when nobody did, that is the runner. An unknown runner could be anybody, so then nothing counts.
    pub fn counting<'a>(&self, tally: &'a Tally, runner: Option<&Person>) -> Vec<&'a Ballot> {
        let mut counting = self.valid(tally);
        if !self.requester_may_approve && tally.requests.is_empty() {
            match runner {
                Some(runner) => counting.retain(|ballot| !ballot.by.is_same(runner)),
                None => counting.clear(),
            }
        }
        counting
    }

    /// The approvals that count when somebody carries the plan out who gave none of them.
    pub fn valid<'a>(&self, tally: &'a Tally) -> Vec<&'a Ballot> {
        tally.approvals.iter().filter(|ballot| self.objection(&ballot.by, tally).is_none()).collect()
    }

    /// Who can be asked, for people.
    pub fn who(&self) -> String {
        match self.approvers.as_slice() {
            [] if self.requester_may_approve => "anybody".to_owned(),
            [] => "anybody else".to_owned(),
            [one] => one.clone(),
            [others @ .., last] => format!("{} or {last}", others.join(", ")),
        }
    }
}

/// What somebody said about a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Person,
    /// What they wrote beside it.
    pub note: String,
}

/// What the votes on one plan add up to, each list oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Who asked for it.
    pub requests: Vec<Ballot>,
    /// Who approved, each person once; whether it counts is the rule's to say.
    pub approvals: Vec<Ballot>,
    /// Who rejected.
    pub rejections: Vec<Ballot>,
}

impl Tally {
    /// What was said about the plan with this digest since it was last proven.
    pub fn of(history: &History, environment: &EnvironmentName, digest: &str) -> Self {
        let mut tally = Self::default();
        for (at, vote) in history.votes_on(environment, digest) {
            tally.add(*at, vote);
        }
        tally
    }

    fn add(&mut self, at: Timestamp, vote: &Vote) {
        let by = Person { name: vote.by.clone(), arn: vote.arn.clone() };
        if vote.word == VoteWord::Request {
            if !self.rejections.is_empty() {
                *self = Self::default();
            }
        } else {
            self.approvals.retain(|ballot| !ballot.by.is_same(&by));
            self.rejections.retain(|ballot| !ballot.by.is_same(&by));
        }
        let list = match vote.word {
            VoteWord::Request => &mut self.requests,
            VoteWord::Approve => &mut self.approvals,
            VoteWord::Reject => &mut self.rejections,
        };
        list.push(Ballot { at, by, note: vote.note.clone() });
    }

    /// True when nobody has said anything.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.approvals.is_empty() && self.rejections.is_empty()
    }
}

/// An approval of an earlier plan for the same release: it does not count for the plan that there is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    /// The digest of the plan that was approved.
    pub plan: String,
    /// Who had approved it.
    pub by: Vec<String>,
    /// In what that plan differs from the one that there is now, one line each.
    pub differences: Vec<String>,
}

impl Lapse {
    /// The newest approvals that `plan` has lost, if it has.
    pub fn of(history: &History, plan: &Plan) -> Option<Self> {
        let is_meant = |environment: &EnvironmentName, version: &Version| {
            *environment == plan.environment && *version == plan.version
        };
        let digest = plan.digest().as_str();
        let mut approved = history.votes().iter().rev().filter(|(_, vote)| {
            vote.word == VoteWord::Approve
                && vote.plan != digest
                && is_meant(&vote.environment, &vote.version)
        });
        let (_, vote) = approved.next()?;
        let tally = Tally::of(history, &plan.environment, &vote.plan);
        if tally.approvals.is_empty() {
            return None;
        }
        let differences = match history.plan(&vote.plan) {
            Some(before) => differences(before, &plan.canonical()),
            None => vec!["what it was is not on record".to_owned()],
        };
        let by = tally.approvals.iter().map(|ballot| ballot.by.name.clone()).collect();
        Some(Self { plan: vote.plan.clone(), by, differences })
    }

    /// One sentence without a full stop, with the first differences.
    pub fn words(&self) -> String {
        let (by, shown) =
            (self.by.join(" and "), self.differences.iter().take(3).cloned().collect::<Vec<_>>());
        let more = match self.differences.len().saturating_sub(shown.len()) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let short = self.plan.get(..6).unwrap_or(&self.plan);
        format!("the plan {short} that {by} approved has changed: {}{more}", shown.join("; "))
    }
}
