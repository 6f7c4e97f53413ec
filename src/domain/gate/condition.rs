//! Everything that can stand in the way of a promotion: a table with one row per condition, and what each looks at.
//!
//! A new condition is a new row: its word, whether it is a rule of people or a fact of the world, and its check.

use super::Admission;
use super::approval::{Lapse, Person, Tally};
use crate::domain::Timestamp;
use crate::domain::age::age;
use crate::domain::drift::{ChangesetState, Comparison};
use crate::domain::environment::Environment;
use crate::domain::journal::{History, Override, PastRun};
use crate::domain::ledger::{Ledger, LockState};
use crate::domain::names::EnvironmentName;
use crate::domain::observation::{ServiceStatus, ServiceView};
use crate::domain::plan::{Direction, Plan};
use crate::domain::release::Version;
use crate::domain::schema::judgement::SchemaDrift;

/// What can stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// This process promotes already.
    Busy,
    /// Somebody else promotes to the environment.
    Rival,
    /// Nobody knows what became of an earlier promotion there.
    Unknown,
    /// There is nothing to do.
    Nothing,
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
pub(super) struct Row {
    pub(super) condition: Condition,
    pub(super) word: &'static str,
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
pub(super) const TABLE: &[Row] = &[
    fact(Condition::Busy, "busy", busy),
    fact(Condition::Rival, "rival", rival),
    fact(Condition::Unknown, "unknown", unknown),
    word(Condition::Line, "line", line),
    word(Condition::Barred, "barred", barred),
    fact(Condition::Nothing, "nothing", nothing),
    rule(Condition::Order, "order", order),
    rule(Condition::Verified, "verified", verified),
    rule(Condition::Soak, "soak", soak),
    rule(Condition::Freeze, "freeze", freeze),
    rule(Condition::Drift, "drift", drift),
    word(Condition::Rejected, "rejected", rejected),
    rule(Condition::Approval, "approval", approval),
    fact(Condition::Service, "service", service),
    fact(Condition::Lock, "lock", lock),
    // On the way back its own plan says so, of what it undoes.
    Row { holds_back: false, ..fact(Condition::Edited, "edited", edited) },
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

    /// True when it covers `unmet`: the same condition was overridden, whatever its words are by now.
    pub fn covers(&self, unmet: &Unmet) -> bool {
        unmet.can_override && self.unmet.iter().any(|other| other.condition == unmet.condition)
    }
}

/// All that a gate looks at.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
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

fn busy(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some(version) = all.running else { return Vec::new() };
    one(format!("{version} is being promoted to {}", all.here.name), "Wait until that has ended.")
}

fn rival(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some(holder) = all.rival else { return Vec::new() };
    let what = format!("{holder} is promoting to {}", all.here.name);
    one(what, "Wait until it has ended, or ask whoever runs it.")
}

fn unknown(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some(past) = all.unknown else { return Vec::new() };
    let name = all.here.name;
    one(
        format!("what became of {} is unknown: {} to {name}, begun by {}", past.run, past.version, past.by),
        format!("`lockstep reconcile {name}` finds it out and says how to go on."),
    )
}

fn line(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some((since, notice)) = all.history.line() else { return Vec::new() };
    let since = since.strftime("%F %R UTC");
    one(
        format!("the line is stopped by {} since {since}: {}", notice.by, notice.reason),
        "Nothing may begin until it is resumed: `lockstep line resume --reason REASON`.",
    )
}

fn barred(all: &Surroundings<'_>) -> Vec<Finding> {
    let version = &all.plan.version;
    let Some((_, notice)) = all.history.bar(version) else { return Vec::new() };
    one(
        format!("{version} goes no further, says {}: {}", notice.by, notice.reason),
        format!("Promote another release, or lift it: `lockstep unbar {version} --reason REASON`."),
    )
}

fn nothing(all: &Surroundings<'_>) -> Vec<Finding> {
    let (name, version) = (all.here.name, &all.plan.version);
    // What failed may be proven once more; what was proven has nothing to do.
    let failed = all.history.alarm(name).is_some_and(|(run, _)| run.version == *version);
    if !all.plan.is_empty() || failed {
        return Vec::new();
    }
    match all.plan.direction() {
        Direction::Forward => {
            one(format!("{name} runs {version} already, with every changeset"), "Choose another release.")
        }
        Direction::Back => one(format!("{name} runs {version} already"), "Choose an older release."),
    }
}

fn order(all: &Surroundings<'_>) -> Vec<Finding> {
    let version = &all.plan.version;
    let others = all.before.iter().filter(|look| look.version.as_ref() != Some(version));
    others
        .map(|look| {
            let name = look.name;
            let runs =
                look.version.as_ref().map_or_else(|| "an unknown version".to_owned(), Version::to_string);
            let how =
                format!("Promote {version} to {name} first: `lockstep promote {name} --release {version}`.");
            (format!("{name} runs {runs}, not {version}"), how)
        })
        .collect()
}

fn verified(all: &Surroundings<'_>) -> Vec<Finding> {
    if !all.environment.gate.before.is_verified {
        return Vec::new();
    }
    let version = &all.plan.version;
    let unproven = all.before.iter().filter(|look| all.history.proven(look.name, version).is_none());
    unproven
        .map(|look| {
            let name = look.name;
            let how = if look.version.as_ref() == Some(version) {
                format!(
                    "{version} came to {name} by other means; only a promotion by lockstep proves a release."
                )
            } else {
                format!("A promotion proves it: `lockstep promote {name} --release {version}`.")
            };
            (format!("it is not on record that {version} was proven in {name}"), how)
        })
        .collect()
}

fn soak(all: &Surroundings<'_>) -> Vec<Finding> {
    let (needed, version) = (all.environment.gate.before.soak, &all.plan.version);
    if needed.is_zero() {
        return Vec::new();
    }
    let running = all.before.iter().filter(|look| look.version.as_ref() == Some(version));
    running
        .filter_map(|look| {
            let name = look.name;
            // Whatever else changed the service was later than that.
            let updated = look.service.map(|service| service.updated_at);
            let Some(since) = all.history.proven(name, version).or(updated) else {
                let what = format!("it is not known since when {version} runs in {name}");
                return Some((what, "Look again: `lockstep status`.".to_owned()));
            };
            let ran = all.now.duration_since(since);
            let ran = std::time::Duration::try_from(ran).unwrap_or_default();
            if ran >= needed {
                return None;
            }
            let what = format!("{version} has run in {name} for {} of {}", age(ran), age(needed));
            let end = since
                .checked_add(needed)
                .map_or_else(|_| "later".to_owned(), |end| end.strftime("%F %R UTC").to_string());
            Some((what, format!("Wait until {end}.")))
        })
        .collect()
}

fn freeze(all: &Surroundings<'_>) -> Vec<Finding> {
    let freezes = all.environment.gate.freezes.iter();
    freezes
        .filter_map(|freeze| {
            let end = freeze.ends(all.begins)?;
            let how = format!("Wait until {} {}.", end.strftime("%a %F %R"), freeze.zone());
            Some((format!("{} is frozen: {freeze}", all.here.name), how))
        })
        .collect()
}

fn drift(all: &Surroundings<'_>) -> Vec<Finding> {
    if !all.environment.gate.drift_blocks {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (is_before, look) in all.before.iter().map(|look| (true, look)).chain([(false, &all.here)]) {
        let name = look.name;
        let mut find = |what: String| {
            findings.push((what, format!("See what it is and settle it: `lockstep drift {name}`.")));
        };
        match look.drifts {
            None => find(format!("it is not known whether the schema of {name} drifts")),
            Some(drifts) => drifts.iter().take(1).for_each(|drift| {
                find(format!("{name} drifts: {}", drift.words(|at| at.strftime("%F %R UTC").to_string())));
            }),
        }
        match look.comparison {
            None => find(format!("it is not known whether the changesets of {name} drift")),
            Some(comparison) => {
                // Here an edited changeset is a fact of its own, which nobody can override.
                let edited = if is_before { comparison.count(ChangesetState::Edited) } else { 0 };
                if edited > 0 {
                    find(format!("{} of {name} edited after {} ran", count(edited), it(edited)));
                }
                let unexpected = comparison.unexpected.len();
                if unexpected > 0 {
                    find(format!("{} of {name} that the release does not know", count(unexpected)));
                }
            }
        }
    }
    findings
}

fn count(count: usize) -> String {
    if count == 1 { "1 changeset".to_owned() } else { format!("{count} changesets") }
}

fn it(count: usize) -> &'static str {
    if count == 1 { "it" } else { "they" }
}

fn rejected(all: &Surroundings<'_>) -> Vec<Finding> {
    let plan = all.plan;
    let (name, version, short) = (&plan.environment, &plan.version, plan.digest().short());
    let tally = Tally::of(all.history, name, plan.digest().as_str());
    tally
        .rejections
        .iter()
        .map(|ballot| {
            let by = &ballot.by;
            let how = format!(
                "Settle it with {by}, who can approve it now, or ask everybody again: `lockstep request {name} --release {version} --plan {short}`."
            );
            (format!("{by} rejected the plan {short}: {}", ballot.note), how)
        })
        .collect()
}

fn approval(all: &Surroundings<'_>) -> Vec<Finding> {
    let (gate, plan) = (&all.environment.gate, all.plan);
    let needed = gate.approval.needed;
    if gate.admission != Admission::Approve || plan.is_empty() {
        return Vec::new();
    }
    let (name, version, short) = (&plan.environment, &plan.version, plan.digest().short());
    let tally = Tally::of(all.history, name, plan.digest().as_str());
    let counting = gate.approval.counting(&tally, all.runner.as_ref());
    if counting.len() >= needed {
        return Vec::new();
    }
    let noun = if needed == 1 { "approval" } else { "approvals" };
    let mut what = format!("the plan {short} has {} of {needed} {noun}", counting.len());
    if let Some(mine) =
        tally.approvals.iter().find(|own| all.runner.as_ref().is_some_and(|me| me.is_same(&own.by)))
        && !counting.contains(&mine)
    {
        what.push_str("; whoever promotes cannot approve it too");
    } else if all.runner.is_none() && !gate.approval.requester_may_approve && tally.requests.is_empty() {
        what.push_str("; none counts while it is not known who promotes");
    }
    let ask = format!("`lockstep approve {name} --release {version} --plan {short}`");
    let mut findings = one(what, format!("Ask {} to approve it: {ask}.", gate.approval.who()));
    if let Some(lapse) = Lapse::of(all.history, plan) {
        findings.push((lapse.words(), format!("It has to be approved anew: {ask}.")));
    }
    findings
}

fn service(all: &Surroundings<'_>) -> Vec<Finding> {
    let name = all.here.name;
    let Some(view) = all.here.service else { return Vec::new() };
    match &view.status {
        ServiceStatus::Running => Vec::new(),
        ServiceStatus::Busy => one(
            format!("the service of {name} is being changed"),
            "Wait until the operation has ended; it cannot be interrupted.",
        ),
        ServiceStatus::Paused => {
            one(format!("the service of {name} is paused"), "Resume it; nothing can be deployed before.")
        }
        ServiceStatus::Down(word) => one(
            format!("the service of {name} is {word}"),
            "Look at its logs; it has to run before it can be updated.",
        ),
    }
}

fn lock(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some(LockState::Held { by, .. }) = all.here.ledger.map(|ledger| &ledger.lock) else {
        return Vec::new();
    };
    one(
        format!("{by} holds Liquibase's lock on {}", all.here.name),
        "`lockstep locks` shows whether its holder is alive, and what to do when it is not.",
    )
}

fn edited(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some(comparison) = all.here.comparison else { return Vec::new() };
    let edited = comparison.changesets().filter(|(_, standing)| standing.state == ChangesetState::Edited);
    edited
        .map(|(changeset, _)| {
            (
                format!("changeset {} was edited after it ran in {}", changeset.id.id, all.here.name),
                "Restore its text and put the change into a new changeset.".to_owned(),
            )
        })
        .collect()
}
