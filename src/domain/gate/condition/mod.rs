//! Everything that can stand in the way of a promotion: a table with one row per condition.
//!
//! What looks at it is in `facts` (how the world is), `words` (what people said), `rules` (what the gate asks for) and
//! `policy` (what no changelog may do).
//! A new condition is a new row: its word, whether it is a rule of people or a fact of the world, and its check.

mod facts;
mod policy;
mod rules;
mod words;

use crate::domain::Timestamp;
use crate::domain::drift::Comparison;
use crate::domain::environment::Environment;
use crate::domain::failure::Failure;
use crate::domain::gate::{Inspection, Person};
use crate::domain::journal::{History, Override, PastRun};
use crate::domain::ledger::Ledger;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::observation::ServiceView;
use crate::domain::plan::{Direction, Plan};
use crate::domain::release::{Catalog, Version};
use crate::domain::schema::judgement::SchemaDrift;

/// What can stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing may be changed from here.
    ReadOnly,
    /// This process promotes already.
    Busy,
    /// Somebody else promotes to the environment.
    Rival,
    /// Nobody knows what became of an earlier promotion there.
    Unknown,
    /// There is nothing to do.
    Nothing,
    /// The environment has something newer.
    Newer,
    /// The image of the release is not in its registry.
    Image,
    /// The service cannot be changed now.
    Service,
    /// Somebody holds Liquibase's lock.
    Lock,
    /// A changeset was edited after it ran.
    Edited,
    /// The line is stopped.
    Line,
    /// The release goes no further.
    Barred,
    /// An environment before does not run the release.
    Order,
    /// lockstep has not proven it in an environment before.
    Verified,
    /// It has not run there for long enough.
    Soak,
    /// Nothing may begin at this time.
    Freeze,
    /// Something is in a database that no release brought.
    Drift,
    /// A changeset does what policy forbids, or nobody can tell.
    Policy,
    /// Somebody said no.
    Rejected,
    /// Approvals are missing.
    Approval,
    /// There is no way back to that release.
    WayBack,
}

/// Of what kind a condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// How the world is: it cannot be carried out, whoever wants it.
    Fact,
    /// A word that somebody said, and that takes a word to lift.
    Word,
    /// A rule of the gate, which may be overridden where the gate says so.
    Rule,
}

/// A condition that is not met: what is not so, and how to meet it.
type Finding = (String, String);

/// What looks at one condition.
type Check = fn(&Surroundings<'_>) -> Vec<Finding>;

/// A row of the table.
pub(in crate::domain::gate) struct Row {
    pub(in crate::domain::gate) condition: Condition,
    pub(in crate::domain::gate) word: &'static str,
    nature: Nature,
    /// True when it stands in the way back too: that is open whatever the gate says, but not whatever the world says.
    holds_back: bool,
    check: Check,
}

const fn fact(condition: Condition, word: &'static str, check: Check) -> Row {
    Row { condition, word, nature: Nature::Fact, holds_back: true, check }
}

const fn word(condition: Condition, word: &'static str, check: Check) -> Row {
    Row { condition, word, nature: Nature::Word, holds_back: false, check }
}

const fn rule(condition: Condition, word: &'static str, check: Check) -> Row {
    Row { condition, word, nature: Nature::Rule, holds_back: false, check }
}

/// Every condition, in the order in which it is told.
pub(in crate::domain::gate) const TABLE: &[Row] = &[
    fact(Condition::ReadOnly, "read-only", facts::read_only),
    fact(Condition::Busy, "busy", facts::busy),
    fact(Condition::Rival, "rival", facts::rival),
    fact(Condition::Unknown, "unknown", facts::unknown),
    word(Condition::Line, "line", words::line),
    word(Condition::Barred, "barred", words::barred),
    fact(Condition::Nothing, "nothing", facts::nothing),
    // To something older there is a way of its own, which nobody can override: this must be no way round it.
    Row { holds_back: false, ..fact(Condition::Newer, "newer", facts::newer) },
    fact(Condition::Image, "image", facts::image),
    rule(Condition::Order, "order", rules::order),
    rule(Condition::Verified, "verified", rules::verified),
    rule(Condition::Soak, "soak", rules::soak),
    rule(Condition::Freeze, "freeze", rules::freeze),
    rule(Condition::Drift, "drift", rules::drift),
    rule(Condition::Policy, "policy", policy::policy),
    word(Condition::Rejected, "rejected", words::rejected),
    rule(Condition::Approval, "approval", rules::approval),
    fact(Condition::Service, "service", facts::service),
    fact(Condition::Lock, "lock", facts::lock),
    // On the way back its own plan says so, of what it undoes.
    Row { holds_back: false, ..fact(Condition::Edited, "edited", facts::edited) },
    // Found with the plan itself, in `domain/plan/back.rs`.
    fact(Condition::WayBack, "way back", |_| Vec::new()),
];

impl Condition {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        TABLE.iter().find(|row| row.condition == self).map_or("", |row| row.word)
    }

    /// Of what kind it is.
    pub fn nature(self) -> Nature {
        TABLE.iter().find(|row| row.condition == self).map_or(Nature::Fact, |row| row.nature)
    }
}

/// A condition that stands in the way, and how to meet it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Which.
    pub condition: Condition,
    /// What is not so, as a short sentence without a full stop.
    pub what: String,
    /// How to meet it, as full sentences.
    pub how: String,
    /// True when a person may override it here, with a reason.
    pub can_override: bool,
}

impl Unmet {
    /// What keeps a rollback from going back; nobody can override it.
    pub fn on_the_way_back(what: impl Into<String>, how: impl Into<String>) -> Self {
        Self { condition: Condition::WayBack, what: what.into(), how: how.into(), can_override: false }
    }
}

/// Conditions that a person overrode for one promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Which they were.
    pub unmet: Vec<Unmet>,
    /// Why.
    pub reason: String,
}

impl Waiver {
    /// What goes on record.
    pub fn record(&self) -> Override {
        let conditions = self.unmet.iter().map(|unmet| unmet.what.clone()).collect();
        Override { conditions, reason: self.reason.clone() }
    }

    /// True when it covers `unmet`: the same condition was overridden, whatever its words are by now. Of policy it is
    /// the same finding that has to have been: another one was not seen by whoever overrode.
    pub fn covers(&self, unmet: &Unmet) -> bool {
        let is_same = |other: &Unmet| {
            other.condition == unmet.condition
                && (unmet.condition != Condition::Policy || other.what == unmet.what)
        };
        unmet.can_override && self.unmet.iter().any(is_same)
    }
}

/// All that a gate looks at.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// Nothing may be changed by this process, whoever asks for it.
    pub is_read_only: bool,
    /// The time.
    pub now: Timestamp,
    /// When the promotion began; now, while it has not.
    pub begins: Timestamp,
    /// The environment whose gate it is.
    pub environment: &'a Environment,
    /// What would be done.
    pub plan: &'a Plan,
    /// What the journal adds up to.
    pub history: &'a History,
    /// The run of this very plan, once it has begun.
    pub run: Option<&'a RunId>,
    /// Who would do it, where that is known.
    pub runner: Option<Person>,
    /// The environment as it was seen last, held against the release of the plan.
    pub here: Look<'a>,
    /// The environments before, each held against the release that it runs.
    pub before: Vec<Look<'a>>,
    /// What this process promotes to the environment at the moment, when it is not this plan.
    pub running: Option<&'a Version>,
    /// Who else promotes to the environment.
    pub rival: Option<&'a str>,
    /// An earlier run there of which nobody knows what became.
    pub unknown: Option<&'a PastRun>,
    /// Every release there is; `None` while they are not known.
    pub catalog: Option<&'a Catalog>,
    /// What policy says about the plan, or why nobody can tell; `None` where nothing is checked.
    pub policy: Option<Result<Inspection, Failure>>,
    /// The registry says that it has no image of that name.
    pub is_without_image: bool,
}

impl Surroundings<'_> {
    /// What failed here and left the plan nothing to do: it may be proven once more.
    fn unproven(&self) -> Option<&PastRun> {
        let alarm = self.history.alarm_before(self.here.name, self.run);
        alarm.map(|(past, _)| past).filter(|past| self.plan.is_empty() && past.version == self.plan.version)
    }
}

/// One environment as it was seen last.
#[derive(Debug, Clone)]
pub struct Look<'a> {
    /// Its name.
    pub name: &'a EnvironmentName,
    /// The version that runs.
    pub version: Option<Version>,
    /// Its service.
    pub service: Option<&'a ServiceView>,
    /// Its ledger.
    pub ledger: Option<&'a Ledger>,
    /// Its ledger held against a release.
    pub comparison: Option<&'a Comparison>,
    /// What is wrong with its schema; `None` when nobody could look.
    pub drifts: Option<&'a [SchemaDrift]>,
}

/// Every condition that is not met; `is_meant` says of which kinds they may be.
pub fn unmet(surroundings: &Surroundings<'_>, is_meant: impl Fn(Nature) -> bool) -> Vec<Unmet> {
    let can_override = surroundings.environment.gate.can_be_overridden;
    let is_back = surroundings.plan.direction() == Direction::Back;
    let rows = TABLE.iter().filter(|row| is_meant(row.nature) && (!is_back || row.holds_back));
    rows.flat_map(|row| {
        (row.check)(surroundings).into_iter().map(|(what, how)| Unmet {
            condition: row.condition,
            what,
            how,
            can_override: can_override && row.nature == Nature::Rule,
        })
    })
    .collect()
}

fn one(what: impl Into<String>, how: impl Into<String>) -> Vec<Finding> {
    vec![(what.into(), how.into())]
}
