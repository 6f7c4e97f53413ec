//! What became of a run that nobody saw end: judged from what it recorded and from one fresh look at everything that
//! it could have touched.
//!
//! `database` and `application` find out how far it came there, `next` says what may safely be done about it.
//! Nothing is taken for granted: what cannot be seen, or does not fit together, is for a person. Doing anything is
//! deliberately absent.

mod application;
mod database;
mod next;
#[cfg(test)]
mod tests;

use crate::domain::Timestamp;
use crate::domain::changelog::{ChangesetId, Selection};
use crate::domain::evidence::{Evidence, Promised};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::{PastIntent, PastRun};
use crate::domain::ledger::Ledger;
use crate::domain::lock::{LockSight, Session, Verdict};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::observation::{HealthView, Operation, ServiceView};
use crate::domain::plan::Direction;
use crate::domain::release::{Release, Version};
use crate::domain::step::StepKind;

use application::Application;
use database::Database;

pub use next::Next;

/// Everything that was seen of the environment of a run, each with why it could not be seen otherwise.
#[derive(Debug, Clone)]
pub struct Looks<'a> {
    /// When it was looked, by the clock that stamps the journal.
    pub at: Timestamp,
    /// The release that the run leads to, as its archive has it.
    pub release: Option<&'a Release>,
    /// What Liquibase runs with there.
    pub selection: &'a Selection,
    /// The rows.
    pub ledger: Result<&'a Ledger, String>,
    /// Who holds the locks, and who is connected.
    pub locks: Result<&'a LockSight, String>,
    /// What the catalogs say was changed after the newest row.
    pub trail: Result<&'a Trail, String>,
    /// The service.
    pub service: Result<&'a ServiceView, String>,
    /// The updates of the service that the platform lists, newest first.
    pub updates: Result<&'a [Operation], String>,
    /// The application's own word.
    pub health: Result<&'a HealthView, String>,
    /// True when a process of the run lives, on this machine or as a task somewhere else.
    pub has_process: bool,
    /// True when it began so shortly before that it may not be seen yet.
    pub is_beginning: bool,
    /// True when lockstep let Liquibase's lock go there after the run began.
    pub was_freed: bool,
    /// The operations that other runs recorded as theirs.
    pub claimed: &'a [&'a str],
    /// A later run to the same environment that changed something, or may have.
    pub newer: Option<&'a PastRun>,
}

/// What the catalogs of a database hold that was written after the newest row of the ledger, and after Liquibase took
/// its lock where it is held: the trace of a changeset that ran and did not live to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    /// The objects, as people name them: `table reviews`.
    pub objects: Vec<String>,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// All that it promised is proven.
    Finished,
    /// Nothing was changed.
    NotStarted,
    /// The platform took the change back, and nothing else was changed.
    TakenBack,
    /// Something of it is still at work.
    Running,
    /// Some of it was done and the rest was not.
    HalfDone,
    /// All of it was done, and it is not what was promised.
    Unwell,
    /// Somebody changed the environment since: what it set out to do is of no meaning any more.
    Superseded,
    /// What can be seen does not decide it.
    MustLook,
}

/// What was found out about one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// Where.
    pub environment: EnvironmentName,
    /// To which version.
    pub version: Version,
    /// What became of it.
    pub finding: Finding,
    /// Which half, who, or why: short sentences without a full stop.
    pub because: Vec<String>,
    /// What was seen.
    pub evidence: Vec<Seen>,
    /// What may safely be done now, in this order; never empty.
    pub next: Vec<Next>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What was looked at.
    pub what: &'static str,
    /// What was seen.
    pub seen: String,
}

/// Whether something of the run itself still lives.
enum Life {
    /// Nothing of it does.
    Gone,
    /// This does.
    Alive(String),
    /// It cannot be told.
    Unclear(String),
}

impl Looks<'_> {
    /// Nothing could be seen, and why.
    pub fn unseen(at: Timestamp, why: &str) -> Self {
        const NO_SELECTION: &Selection = &Selection { contexts: Vec::new(), label_filter: None };
        Looks {
            at,
            release: None,
            selection: NO_SELECTION,
            ledger: Err(why.to_owned()),
            locks: Err(why.to_owned()),
            trail: Err(why.to_owned()),
            service: Err(why.to_owned()),
            updates: Err(why.to_owned()),
            health: Err(why.to_owned()),
            has_process: false,
            is_beginning: false,
            was_freed: false,
            claimed: &[],
            newer: None,
        }
    }
}

impl Finding {
    /// Every finding.
    pub const ALL: [Self; 8] = [
        Self::Finished,
        Self::NotStarted,
        Self::TakenBack,
        Self::Running,
        Self::HalfDone,
        Self::Unwell,
        Self::Superseded,
        Self::MustLook,
    ];

    /// The word for people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::NotStarted => "not started",
            Self::TakenBack => "taken back",
            Self::Running => "still running",
            Self::HalfDone => "half done",
            Self::Unwell => "done and not well",
            Self::Superseded => "superseded",
            Self::MustLook => "a person must look",
        }
    }

    /// True when it decides what became of the run, so that it can be put on record.
    pub fn is_conclusive(self) -> bool {
        !matches!(self, Self::Running | Self::MustLook)
    }
}

impl Seen {
    fn new(what: &'static str, seen: impl Into<String>) -> Self {
        Self { what, seen: seen.into() }
    }
}

impl Report {
    /// What to put on record as the end of the run; `None` while that is not known.
    pub fn result(&self) -> Option<Result<String, Failure>> {
        let (environment, version) = (&self.environment, &self.version);
        let failure = |kind, what: String| {
            let failure = Failure::new(kind, what);
            Some(Err(self.because.iter().fold(failure, Failure::because)))
        };
        match self.finding {
            Finding::Finished => Some(Ok(format!("{environment} runs {version}, proven afterwards"))),
            Finding::NotStarted => failure(
                FailureKind::Failed,
                format!("{version} was not brought to {environment}: nothing was changed"),
            ),
            Finding::TakenBack => failure(
                FailureKind::Failed,
                format!("{version} was not brought to {environment}: the platform rolled it back"),
            ),
            Finding::HalfDone => {
                failure(FailureKind::ActionNeeded, format!("{version} was brought to {environment} by half"))
            }
            Finding::Unwell => {
                failure(FailureKind::ActionNeeded, format!("{environment} is not what {version} promised"))
            }
            Finding::Superseded => failure(
                FailureKind::Failed,
                format!("{version} was on its way to {environment} and was overtaken"),
            ),
            Finding::Running | Finding::MustLook => None,
        }
    }

    /// The evidence in lines, as the journal keeps it.
    pub fn lines(&self) -> Vec<String> {
        self.evidence.iter().map(|seen| format!("{}: {}", seen.what, seen.seen)).collect()
    }
}

/// Judges what became of `run`.
pub fn judge(run: &PastRun, looks: &Looks<'_>) -> Report {
    let mut evidence = vec![Seen::new("journal", last_record(run))];
    let life = life(run, looks, &mut evidence);
    let database = database::judge(run, looks, &mut evidence);
    let application = application::judge(run, looks, &mut evidence);
    let (finding, because) = weigh(run, looks, &life, &database, &application, &mut evidence);
    let next = next::of(run, looks, finding);
    Report {
        run: run.run.clone(),
        environment: run.environment.clone(),
        version: run.version.clone(),
        finding,
        because,
        evidence,
        next,
    }
}

/// What is alive comes first, then what cannot be seen, then who came after, and only then how far it came.
fn weigh(
    run: &PastRun,
    looks: &Looks<'_>,
    life: &Life,
    database: &Database,
    application: &Application,
    evidence: &mut Vec<Seen>,
) -> (Finding, Vec<String>) {
    let moving = match (life, application) {
        (Life::Alive(why), _) => Some(why),
        (_, Application::Moving(why)) if looks.newer.is_none() => Some(why),
        _ => None,
    };
    if let Some(why) = moving {
        return (Finding::Running, vec![why.clone()]);
    }
    if let Life::Unclear(why) = life {
        return (Finding::MustLook, vec![why.clone()]);
    }
    if let Some(newer) = looks.newer {
        let words = format!("{} to {} began after it, at {:.0}", newer.run, newer.version, newer.began);
        evidence.push(Seen::new("later run", newer.words(|at| format!("{at:.0}"))));
        return (Finding::Superseded, vec![words]);
    }
    let doubts = database.doubt().into_iter().chain(application.doubt()).chain(unfinished_action(run));
    let doubts: Vec<String> = doubts.collect();
    if !doubts.is_empty() {
        return (Finding::MustLook, doubts);
    }
    let halves = || vec![database.words(), application.words()];
    match (database.is_touched(), application) {
        (false, Application::Elsewhere(_)) => (Finding::Superseded, halves()),
        (false, Application::RolledBack(_)) => (Finding::TakenBack, halves()),
        (false, Application::Untouched) => (Finding::NotStarted, halves()),
        (false, Application::Spared) if !database.is_as_promised() => (Finding::NotStarted, halves()),
        (_, Application::Deployed(_) | Application::Spared) if database.is_as_promised() => {
            prove(run, looks, application, evidence)
        }
        _ => (Finding::HalfDone, halves()),
    }
}

/// Both halves are there: the four proofs of a promotion decide whether it is what was promised.
fn prove(
    run: &PastRun,
    looks: &Looks<'_>,
    application: &Application,
    evidence: &mut Vec<Seen>,
) -> (Finding, Vec<String>) {
    let Some(release) = looks.release else {
        let words =
            format!("the archive of {} cannot be read, so nothing proves what it promised", run.version);
        return (Finding::MustLook, vec![words]);
    };
    let operation = match application {
        Application::Deployed(Some(operation)) => Some((operation.id.as_str(), operation.status)),
        _ => None,
    };
    let undone: &[ChangesetId] = match &run.aim {
        Some(aim) if aim.direction == Direction::Back => &aim.changesets,
        _ => &[],
    };
    let proofs = Evidence::judge(
        &Promised { release, selection: looks.selection, undone },
        operation,
        looks.service.clone(),
        looks.health.clone(),
        looks.ledger.clone(),
    );
    for (what, proof) in proofs.proofs() {
        evidence.push(Seen::new(what, format!("{}: {}", proof.word(), proof.text())));
    }
    let finding = if proofs.is_proven() {
        return (Finding::Finished, Vec::new());
    } else if proofs.is_refuted() {
        Finding::Unwell
    } else {
        Finding::MustLook
    };
    let missing = proofs.proofs().into_iter().filter(|(_, proof)| proof.word() != "proven");
    (finding, missing.map(|(what, proof)| format!("{what}: {}", proof.text())).collect())
}

/// Whether something of the run lives: a process, or a session of the database, which names itself after the run.
fn life(run: &PastRun, looks: &Looks<'_>, evidence: &mut Vec<Seen>) -> Life {
    let process =
        if looks.has_process { "one of this run lives here" } else { "none of this run lives here" };
    evidence.push(Seen::new("processes", process));
    let sight = match &looks.locks {
        Ok(sight) => *sight,
        Err(why) => {
            evidence.push(Seen::new("sessions", format!("not seen: {why}")));
            return if looks.has_process {
                Life::Alive(format!("a process of {} lives on this machine or as a task", run.run))
            } else {
                Life::Unclear(format!("who is connected to the database was not seen: {why}"))
            };
        }
    };
    let own: Vec<&Session> = sight.sessions.iter().filter(|session| session.is_of(&run.run)).collect();
    evidence.push(Seen::new(
        "sessions",
        if own.is_empty() {
            format!("none named {} is connected", run.run)
        } else {
            own.iter().map(|session| session.words(sight.at)).collect::<Vec<_>>().join("; ")
        },
    ));
    let [liquibase, _] = sight.locks();
    let lock = liquibase.holder.as_ref().map_or_else(
        || liquibase.verdict.words().to_owned(),
        |holder| {
            format!(
                "{}, by {}: {}",
                liquibase.verdict.words(),
                holder.name,
                liquibase.verdict.why().unwrap_or("")
            )
        },
    );
    evidence.push(Seen::new("Liquibase's lock", lock));
    match own.iter().find(|session| sight.promoting.contains(&session.process)).or(own.first()) {
        _ if looks.has_process => {
            Life::Alive(format!("a process of {} lives on this machine or as a task", run.run))
        }
        Some(session) if sight.promoting.contains(&session.process) => {
            Life::Alive(format!("{} is at work elsewhere: it holds lockstep's lock", run.run))
        }
        Some(session) => Life::Alive(format!(
            "nobody watches it any more, but it is still at work in the database: {}",
            session.words(sight.at)
        )),
        None if looks.is_beginning => {
            Life::Alive(format!("{} began just now: whoever runs it may not be seen yet", run.run))
        }
        None => Life::Gone,
    }
}

/// True when Liquibase's lock is the run's own and its holder is gone.
fn has_stale_lock(run: &PastRun, sight: &LockSight) -> bool {
    let [liquibase, _] = sight.locks();
    let is_own = liquibase.holder.as_ref().is_some_and(|holder| holder.run.as_ref() == Some(&run.run));
    is_own && matches!(liquibase.verdict, Verdict::Stale(_))
}

/// The intent of this step, the last one if there are several.
fn intent(run: &PastRun, is_meant: impl Fn(StepKind) -> bool) -> Option<&PastIntent> {
    run.intents.iter().rev().find(|intent| is_meant(intent.step))
}

/// What an action of the flow was cut off in the middle did, nobody but a person can tell.
fn unfinished_action(run: &PastRun) -> Option<String> {
    let last = run.intents.last().filter(|last| matches!(last.step, StepKind::Action(_)))?;
    last.result.is_none().then(|| format!("what came of this is not on record: {}", last.what))
}

fn last_record(run: &PastRun) -> String {
    let began = format!("begun at {:.0} by {}", run.began, run.by);
    let Some(last) = run.intents.last() else { return format!("{began}; it announced no change") };
    let result = match &last.result {
        None => "what came of it is not on record".to_owned(),
        Some(Ok(words)) => words.clone(),
        Some(Err(failure)) => format!("{}: {}", failure.kind.word(), failure.what),
    };
    format!("{began}; the last change that it announced, at {:.0}: {}; {result}", last.at, last.what)
}
