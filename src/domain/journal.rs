//! What the journal keeps: entries, and the history that they add up to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::changelog::ChangesetId;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::notification::Delivery;
use crate::domain::plan::Direction;
use crate::domain::release::{ImageRef, Version};
use crate::domain::schema::judgement::SchemaRecord;
use crate::domain::step::StepKind;

/// One entry, as the engine asks for it to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A run begins.
    Began {
        /// The run.
        run: RunId,
        /// Where.
        environment: EnvironmentName,
        /// To which version.
        version: Version,
        /// The digest of the plan that runs.
        plan: String,
        /// Who asked for it.
        by: String,
        /// What it sets out to do; `None` in journals of older versions.
        aim: Option<Box<Aim>>,
        /// Why, when somebody said so.
        reason: Option<String>,
        /// The conditions of the gate that were overridden, as people read them, and why; mostly none.
        overridden: Option<Override>,
    },
    /// A plan in full, before it is approved or carried out for the first time.
    Planned {
        /// Its digest.
        plan: String,
        /// Where.
        environment: EnvironmentName,
        /// To which version.
        version: Version,
        /// Its canonical form.
        text: String,
    },
    /// A side effect is about to happen. On disk before it does.
    Intended {
        /// The run.
        run: RunId,
        /// The step it belongs to.
        step: StepKind,
        /// What will be done, in words.
        what: String,
    },
    /// The platform gave the operation of a run a name.
    Operated {
        /// The run.
        run: RunId,
        /// The platform's id of the operation.
        operation: String,
    },
    /// Somebody wants a run to stop. What Liquibase does at the moment is cancelled; the platform's operation goes on.
    Aborted {
        /// The run.
        run: RunId,
        /// Who.
        by: String,
        /// The step that it was at.
        step: StepKind,
    },
    /// A step ended.
    Ended {
        /// The run.
        run: RunId,
        /// The step.
        step: StepKind,
        /// What came of it, in words.
        result: Result<String, Failure>,
    },
    /// A run ended.
    Concluded {
        /// The run.
        run: RunId,
        /// Where.
        environment: EnvironmentName,
        /// What came of it: words when proven, else why not.
        result: Result<String, Failure>,
        /// What the database really held when it was proven, where that is known.
        schema: Option<SchemaRecord>,
    },
    /// It was found out later what became of a run that nobody saw end.
    Reconciled {
        /// The run.
        run: RunId,
        /// Where.
        environment: EnvironmentName,
        /// Who looked.
        by: String,
        /// What came of it: words when it did what it promised, else why not.
        result: Result<String, Failure>,
        /// What was seen, one fact each.
        evidence: Vec<String>,
    },
    /// A stale lock of Liquibase is about to be let go, or was.
    LetGo {
        /// Where.
        environment: EnvironmentName,
        /// Who lets it go.
        by: String,
        /// Who held it, as it was signed.
        holder: String,
        /// The proof that whoever held it is gone.
        proof: String,
        /// What came of it; `None` before it is done.
        result: Option<Result<String, Failure>>,
    },
    /// A person has seen the failure that an environment showed.
    Acknowledged {
        /// Where.
        environment: EnvironmentName,
        /// Who.
        by: String,
        /// Why it is settled, when somebody said so.
        reason: Option<String>,
    },
    /// Somebody asks for a plan to be approved, or says what they think of it.
    Voted(Vote),
    /// Nothing new may begin, anywhere, or it may again.
    Line {
        /// True when it was stopped.
        stopped: bool,
        /// Who and why.
        notice: Notice,
    },
    /// A release goes no further, or it may again.
    Barred {
        /// Which release.
        version: Version,
        /// True when it was barred.
        barred: bool,
        /// Who and why.
        notice: Notice,
    },
    /// People were told of something outside, or could not be.
    Notified {
        /// Of what, and how.
        delivery: Delivery,
        /// What came of it, in words.
        result: Result<String, Failure>,
    },
    /// A flow that changes a database goes on.
    Flow {
        /// The run.
        run: RunId,
        /// Where.
        environment: EnvironmentName,
        /// How.
        word: FlowWord,
    },
}

/// How a flow that changes a database goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowWord {
    /// It begins.
    Began {
        /// The file.
        file: String,
        /// Who asked for it.
        by: String,
        /// The actions in it that may change the database.
        changes: Vec<String>,
    },
    /// An action that changes the database is about to be carried out. On disk before it is.
    Intended {
        /// The action.
        action: String,
    },
    /// That action ended.
    Ended {
        /// The action.
        action: String,
        /// What came of it, in words.
        result: Result<String, Failure>,
    },
    /// The flow ended.
    Concluded {
        /// Its exit code.
        code: u8,
        /// What came of it: words when it went well, else why not.
        result: Result<String, Failure>,
    },
}

impl Entry {
    /// True for what people say: it must not hold when it could not be written, so it counts once it is on the disk.
    /// Everything else counts as soon as it was sent there.
    pub fn counts_once_written(&self) -> bool {
        matches!(self, Self::Voted(_) | Self::Line { .. } | Self::Barred { .. })
    }

    /// The run that it belongs to, if it belongs to one.
    pub fn run(&self) -> Option<&RunId> {
        match self {
            Self::Began { run, .. }
            | Self::Intended { run, .. }
            | Self::Operated { run, .. }
            | Self::Aborted { run, .. }
            | Self::Ended { run, .. }
            | Self::Concluded { run, .. }
            | Self::Reconciled { run, .. }
            | Self::Flow { run, .. } => Some(run),
            Self::Notified { delivery, .. } => delivery.run.as_ref(),
            Self::Planned { .. }
            | Self::LetGo { .. }
            | Self::Acknowledged { .. }
            | Self::Voted(_)
            | Self::Line { .. }
            | Self::Barred { .. } => None,
        }
    }
}

/// What a run sets out to do, as far as it takes to find out later what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aim {
    /// Forward to a release, or back to one.
    pub direction: Direction,
    /// The image that ran before.
    pub image_from: Option<ImageRef>,
    /// The image that shall run.
    pub image_to: ImageRef,
    /// The changesets to run, or to undo, in the order in which that happens.
    pub changesets: Vec<ChangesetId>,
    /// How many rows the ledger had before.
    pub rows: usize,
    /// The tag that leads back to before, if there is one.
    pub anchor: Option<String>,
}

/// Conditions of a gate that somebody overrode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Each condition, as it was shown.
    pub conditions: Vec<String>,
    /// Why.
    pub reason: String,
}

/// Who did something, when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// One word about a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// Where the plan leads.
    pub environment: EnvironmentName,
    /// To which version.
    pub version: Version,
    /// The digest of the plan.
    pub plan: String,
    /// Who, by name.
    pub by: String,
    /// Who, as the cloud knows them in full, where it does.
    pub arn: Option<String>,
    /// What they say.
    pub word: VoteWord,
    /// What they wrote beside it.
    pub note: String,
}

/// What somebody says about a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VoteWord {
    /// Please approve it.
    Request,
    /// It may be carried out.
    Approve,
    /// It must not.
    Reject,
}

impl VoteWord {
    const WORDS: [(Self, &'static str); 3] =
        [(Self::Request, "request"), (Self::Approve, "approve"), (Self::Reject, "reject")];

    /// The word for people and for machines.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(vote, _)| *vote == self).map_or("request", |(_, word)| word)
    }

    /// The vote with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, text)| *text == word).map(|(vote, _)| vote)
    }
}

/// A run that the journal knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// Its id.
    pub run: RunId,
    /// Where.
    pub environment: EnvironmentName,
    /// To which version.
    pub version: Version,
    /// The digest of its plan.
    pub plan: String,
    /// Who asked for it.
    pub by: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended, and how; `None` while it runs, or when whoever ran it died.
    pub conclusion: Option<(Timestamp, Result<String, Failure>)>,
    /// True once a person has acknowledged its failure.
    pub is_acknowledged: bool,
    /// What the database really held when it was proven.
    pub schema: Option<SchemaRecord>,
    /// What it set out to do; `None` in journals of older versions.
    pub aim: Option<Aim>,
    /// Why it was begun, when somebody said so.
    pub reason: Option<String>,
    /// What it overrode.
    pub overridden: Option<Override>,
    /// Every side effect that it announced, in order, with what came of it as far as that is on record.
    pub intents: Vec<PastIntent>,
    /// The platform's id of its operation, once it had one.
    pub operation: Option<String>,
    /// When somebody wanted it to stop, and who.
    pub aborted: Option<(Timestamp, String)>,
    /// What was seen when it was found out later what became of it; empty for a run that was seen to its end.
    pub evidence: Vec<String>,
    /// True once lockstep let a lock of Liquibase go there, or was about to, after it began.
    pub was_freed: bool,
}

/// A side effect that a run announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastIntent {
    /// When.
    pub at: Timestamp,
    /// The step it belongs to.
    pub step: StepKind,
    /// What was to be done.
    pub what: String,
    /// What came of it; `None` when that is not on record.
    pub result: Option<Result<String, Failure>>,
}

/// A flow that changed a database, or was about to, as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastFlow {
    /// Its run.
    pub run: RunId,
    /// Where.
    pub environment: EnvironmentName,
    /// Its file.
    pub file: String,
    /// Who asked for it.
    pub by: String,
    /// When it began.
    pub began: Timestamp,
    /// The last change that it announced; `None` when it announced none.
    pub last: Option<String>,
    /// True when what came of that is on record, or a person has settled it.
    pub is_settled: bool,
    /// When it ended; `None` when nobody saw that.
    pub ended: Option<Timestamp>,
}

/// What the journal adds up to. What came after what is told by its order: a clock may be set back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    runs: Vec<PastRun>,
    flows: Vec<PastFlow>,
    plans: BTreeMap<String, String>,
    votes: Vec<(Timestamp, Vote)>,
    /// How many votes there were when a plan was last proven somewhere.
    used_up: BTreeMap<(EnvironmentName, String), usize>,
    line: Option<(Timestamp, Notice)>,
    bars: Vec<(Timestamp, Version, Notice)>,
}

impl PastRun {
    /// The run that an entry says has begun.
    fn begun(at: Timestamp, entry: &Entry) -> Option<Self> {
        let Entry::Began { run, environment, version, plan, by, aim, reason, overridden } = entry else {
            return None;
        };
        Some(Self {
            run: run.clone(),
            environment: environment.clone(),
            version: version.clone(),
            plan: plan.clone(),
            by: by.clone(),
            began: at,
            conclusion: None,
            is_acknowledged: false,
            schema: None,
            aim: aim.as_deref().cloned(),
            reason: reason.clone(),
            overridden: overridden.clone(),
            intents: Vec::new(),
            operation: None,
            aborted: None,
            evidence: Vec::new(),
            was_freed: false,
        })
    }

    /// What it is, in one line. A time is shown by `time`.
    pub fn words(&self, time: impl Fn(Timestamp) -> String) -> String {
        let end = match &self.conclusion {
            None => "it has not ended by the journal".to_owned(),
            Some((at, Ok(_))) => format!("proven at {}", time(*at)),
            Some((at, Err(failure))) => format!("{} at {}", failure.kind.word(), time(*at)),
        };
        let began = time(self.began);
        format!("{} to {}, begun by {} at {began}; {end}", self.version, self.environment, self.by)
    }

    /// Which way it led; forward where the journal of an older version does not say.
    pub fn direction(&self) -> Direction {
        self.aim.as_ref().map_or(Direction::Forward, |aim| aim.direction)
    }

    /// True while it is not known how it ended: by the journal it runs, or it ended as *unknown* and nobody has
    /// looked it up since. Having seen the alarm settles nothing.
    pub fn is_open(&self) -> bool {
        match &self.conclusion {
            None => true,
            Some((_, Err(failure))) => failure.kind == FailureKind::Unknown,
            Some((_, Ok(_))) => false,
        }
    }

    /// True when it ended because something stood in its way: it did nothing.
    pub fn was_refused(&self) -> bool {
        matches!(&self.conclusion, Some((_, Err(failure))) if failure.kind == FailureKind::Refused)
    }
}

impl History {
    /// Adds what one entry says.
    pub fn add(&mut self, at: Timestamp, entry: &Entry) {
        match entry {
            Entry::Began { .. } => self.runs.extend(PastRun::begun(at, entry)),
            Entry::Planned { plan, text, .. } => {
                self.plans.insert(plan.clone(), text.clone());
            }
            Entry::Intended { run, step, what } => {
                if let Some(past) = self.run_mut(run) {
                    past.intents.push(PastIntent { at, step: *step, what: what.clone(), result: None });
                }
            }
            Entry::Operated { run, operation } => {
                if let Some(past) = self.run_mut(run) {
                    past.operation = Some(operation.clone());
                }
            }
            Entry::Aborted { run, by, .. } => {
                if let Some(past) = self.run_mut(run) {
                    past.aborted = Some((at, by.clone()));
                }
            }
            Entry::Ended { run, step, result } => {
                if let Some(past) = self.run_mut(run)
                    && let Some(intent) = past.intents.iter_mut().rev().find(|intent| intent.step == *step)
                {
                    intent.result = Some(result.clone());
                }
            }
            Entry::Concluded { run, result, schema, .. } => {
                if let Some(past) = self.run_mut(run) {
                    past.conclusion = Some((at, result.clone()));
                    past.schema.clone_from(schema);
                }
                self.use_up(run);
            }
            Entry::Reconciled { run, result, evidence, .. } => {
                if let Some(past) = self.run_mut(run) {
                    past.conclusion = Some((at, result.clone()));
                    past.evidence.clone_from(evidence);
                }
                self.use_up(run);
            }
            Entry::LetGo { environment, .. } => {
                for past in self.runs.iter_mut().filter(|past| past.environment == *environment) {
                    past.was_freed = true;
                }
            }
            Entry::Acknowledged { environment, .. } => {
                for past in self.runs.iter_mut().filter(|past| past.environment == *environment) {
                    past.is_acknowledged = true;
                }
                for flow in self.flows.iter_mut().filter(|flow| flow.environment == *environment) {
                    flow.is_settled = true;
                }
            }
            Entry::Voted(vote) => self.votes.push((at, vote.clone())),
            Entry::Line { stopped, notice } => self.line = stopped.then(|| (at, notice.clone())),
            Entry::Barred { version, barred, notice } => {
                self.bars.retain(|(_, other, _)| other != version);
                if *barred {
                    self.bars.push((at, version.clone(), notice.clone()));
                }
            }
            // It says nothing about the world.
            Entry::Notified { .. } => {}
            Entry::Flow { run, environment, word } => self.add_flow(at, run, environment, word),
        }
    }

    fn add_flow(&mut self, at: Timestamp, run: &RunId, environment: &EnvironmentName, word: &FlowWord) {
        if let FlowWord::Began { file, by, .. } = word {
            self.flows.push(PastFlow {
                run: run.clone(),
                environment: environment.clone(),
                file: file.clone(),
                by: by.clone(),
                began: at,
                last: None,
                is_settled: true,
                ended: None,
            });
            return;
        }
        let Some(flow) = self.flows.iter_mut().rev().find(|flow| flow.run == *run) else { return };
        match word {
            FlowWord::Began { .. } => {}
            FlowWord::Intended { action } => {
                flow.last = Some(action.clone());
                flow.is_settled = false;
            }
            FlowWord::Ended { .. } => flow.is_settled = true,
            FlowWord::Concluded { .. } => flow.ended = Some(at),
        }
    }

    /// The newest flow in `environment` that announced a change of which the journal does not see the end: it is at
    /// work, or whoever ran it died.
    pub fn unsettled_flow(&self, environment: &EnvironmentName) -> Option<&PastFlow> {
        self.flows.iter().rev().find(|flow| flow.environment == *environment && !flow.is_settled)
    }

    /// Every flow that changed a database, or was about to, oldest first.
    pub fn flows(&self) -> &[PastFlow] {
        &self.flows
    }

    /// The canonical form of the plan with this digest, when it was kept.
    pub fn plan(&self, digest: &str) -> Option<&str> {
        self.plans.get(digest).map(String::as_str)
    }

    /// Everything that was said about plans, oldest first.
    pub fn votes(&self) -> &[(Timestamp, Vote)] {
        &self.votes
    }

    /// Since when and why nothing new may begin anywhere; `None` when it may.
    pub fn line(&self) -> Option<(Timestamp, &Notice)> {
        self.line.as_ref().map(|(at, notice)| (*at, notice))
    }

    /// Since when and why this release goes no further; `None` when it may.
    pub fn bar(&self, version: &Version) -> Option<(Timestamp, &Notice)> {
        self.bars.iter().find(|(_, other, _)| other == version).map(|(at, _, notice)| (*at, notice))
    }

    /// Every release that goes no further, oldest bar first.
    pub fn bars(&self) -> impl Iterator<Item = (Timestamp, &Version, &Notice)> {
        self.bars.iter().map(|(at, version, notice)| (*at, version, notice))
    }

    /// When `version` was last proven in `environment`; `None` when it never was.
    pub fn proven(&self, environment: &EnvironmentName, version: &Version) -> Option<Timestamp> {
        let mut runs = self.runs.iter().rev();
        runs.find_map(|past| match &past.conclusion {
            Some((at, Ok(_))) if past.environment == *environment && past.version == *version => Some(*at),
            _ => None,
        })
    }

    /// What was said about the plan with this digest since it was last proven in `environment`, oldest first.
    pub fn votes_on<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        digest: &'a str,
    ) -> impl Iterator<Item = &'a (Timestamp, Vote)> {
        let used_up = self.used_up.get(&(environment.clone(), digest.to_owned())).copied().unwrap_or(0);
        let votes = self.votes.iter().skip(used_up);
        votes.filter(move |(_, vote)| vote.plan == digest && vote.environment == *environment)
    }

    /// True once a run to bring `version` to `environment` began, however it ended.
    pub fn was_tried(&self, environment: &EnvironmentName, version: &Version) -> bool {
        self.runs.iter().any(|past| past.environment == *environment && past.version == *version)
    }

    /// The version that was proven in `environment` before `running` was; `None` when none is on record.
    pub fn before(&self, environment: &EnvironmentName, running: Option<&Version>) -> Option<&Version> {
        let proven = |past: &&PastRun| matches!(past.conclusion, Some((_, Ok(_))));
        let runs = self.runs.iter().rev().filter(|past| past.environment == *environment);
        runs.filter(proven).map(|past| &past.version).find(|version| Some(*version) < running)
    }

    /// The runs that nobody saw end, oldest first: they run, or whoever ran them died, or nobody knows.
    pub fn open(&self) -> impl Iterator<Item = &PastRun> {
        self.runs.iter().filter(|past| past.is_open())
    }

    /// Every run, oldest first.
    pub fn runs(&self) -> &[PastRun] {
        &self.runs
    }

    /// What is known of a run.
    pub fn run(&self, run: &RunId) -> Option<&PastRun> {
        self.runs.iter().rev().find(|past| past.run == *run)
    }

    /// A plan that was proven has used up what was said about it.
    fn use_up(&mut self, run: &RunId) {
        let Some(past) = self.run(run) else { return };
        if matches!(past.conclusion, Some((_, Ok(_)))) {
            let key = (past.environment.clone(), past.plan.clone());
            self.used_up.insert(key, self.votes.len());
        }
    }

    fn run_mut(&mut self, run: &RunId) -> Option<&mut PastRun> {
        self.runs.iter_mut().rev().find(|past| past.run == *run)
    }

    /// The failure that `environment` still has to show: that of its newest run, until somebody acknowledges it. A
    /// run that was refused did nothing to the environment, so it neither raises an alarm nor hides one.
    pub fn alarm(&self, environment: &EnvironmentName) -> Option<(&PastRun, &Failure)> {
        self.alarm_before(environment, None)
    }

    /// The same as it was before this run began, for whoever tries again what failed.
    pub fn alarm_before(
        &self,
        environment: &EnvironmentName,
        run: Option<&RunId>,
    ) -> Option<(&PastRun, &Failure)> {
        let is_other = |past: &&PastRun| past.environment == *environment && Some(&past.run) != run;
        let newest = self.runs.iter().rev().filter(is_other).find(|past| !past.was_refused())?;
        match &newest.conclusion {
            Some((_, Err(failure))) if !newest.is_acknowledged => Some((newest, failure)),
            _ => None,
        }
    }

    /// What proven promotions to `environment` left there, and when, the newest first.
    pub fn schemas_of(
        &self,
        environment: &EnvironmentName,
    ) -> impl Iterator<Item = (Timestamp, &SchemaRecord)> + Clone {
        let runs = self.runs.iter().rev().filter(move |past| past.environment == *environment);
        runs.filter_map(|past| Some((past.conclusion.as_ref()?.0, past.schema.as_ref()?)))
    }

    /// How long a proven promotion to `environment` usually takes (the median) and took at worst.
    pub fn usual(&self, environment: &EnvironmentName) -> Option<(Duration, Duration)> {
        let mut times: Vec<Duration> = self
            .runs
            .iter()
            .filter(|past| past.environment == *environment)
            .filter_map(|past| match &past.conclusion {
                Some((ended, Ok(_))) => Duration::try_from(ended.duration_since(past.began)).ok(),
                _ => None,
            })
            .collect();
        times.sort();
        Some((*times.get(times.len() / 2)?, *times.last()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(result: Result<String, Failure>) -> [Entry; 2] {
        let environment = EnvironmentName::parse("dev").unwrap();
        let run = RunId::from_text("r-1");
        [
            Entry::Began {
                run: run.clone(),
                environment: environment.clone(),
                version: Version::parse("v1.3.0").unwrap(),
                plan: "8c41f0".to_owned(),
                by: "ana".to_owned(),
                aim: None,
                reason: None,
                overridden: None,
            },
            Entry::Concluded { run, environment, result, schema: None },
        ]
    }

    #[test]
    fn a_failure_is_shown_until_somebody_acknowledges_it() {
        let dev = EnvironmentName::parse("dev").unwrap();
        let mut history = History::default();
        for entry in entries(Err(Failure::new(FailureKind::ActionNeeded, "health check failed"))) {
            history.add(Timestamp::UNIX_EPOCH, &entry);
        }
        assert_eq!(
            history.alarm(&dev).map(|(_, failure)| failure.what.as_str()),
            Some("health check failed")
        );
        let seen = Entry::Acknowledged { environment: dev.clone(), by: "ana".to_owned(), reason: None };
        history.add(Timestamp::UNIX_EPOCH, &seen);
        assert_eq!(history.alarm(&dev), None);
    }

    #[test]
    fn a_refused_run_neither_raises_an_alarm_nor_hides_one() {
        let dev = EnvironmentName::parse("dev").unwrap();
        let refused = || entries(Err(Failure::new(FailureKind::Refused, "could not lock dev")));
        let mut history = History::default();
        for entry in refused() {
            history.add(Timestamp::UNIX_EPOCH, &entry);
        }
        assert_eq!(history.alarm(&dev), None);
        let failed = entries(Err(Failure::new(FailureKind::ActionNeeded, "health check failed")));
        for entry in failed.into_iter().chain(refused()) {
            history.add(Timestamp::UNIX_EPOCH, &entry);
        }
        assert_eq!(
            history.alarm(&dev).map(|(_, failure)| failure.what.as_str()),
            Some("health check failed")
        );
    }

    #[test]
    fn what_came_later_is_told_by_the_order_of_the_journal_and_not_by_its_clock() {
        let dev = EnvironmentName::parse("dev").unwrap();
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        let [began, concluded] = entries(Ok("proven".to_owned()));
        let vote = |by: &str| {
            Entry::Voted(Vote {
                environment: dev.clone(),
                version: Version::parse("v1.3.0").unwrap(),
                plan: "8c41f0".to_owned(),
                by: by.to_owned(),
                arn: None,
                word: VoteWord::Approve,
                note: String::new(),
            })
        };
        let let_go = Entry::LetGo {
            environment: dev.clone(),
            by: "ana".to_owned(),
            holder: "vm#r-1".to_owned(),
            proof: "it is gone".to_owned(),
            result: None,
        };
        let mut history = History::default();
        history.add(at(2), &let_go);
        history.add(at(9), &vote("bob"));
        history.add(at(9), &began);
        assert!(!history.runs()[0].was_freed, "that was before");
        // The clock is set back by some hours.
        history.add(at(1), &let_go);
        assert!(history.runs()[0].was_freed);
        history.add(at(1), &concluded);
        assert_eq!(history.votes_on(&dev, "8c41f0").count(), 0, "what was proven has used its approval up");
        history.add(at(1), &vote("cleo"));
        assert_eq!(history.votes_on(&dev, "8c41f0").count(), 1);
    }

    #[test]
    fn the_usual_time_is_the_median_of_proven_runs() {
        let dev = EnvironmentName::parse("dev").unwrap();
        let mut history = History::default();
        for seconds in [10, 90, 20] {
            let [began, concluded] = entries(Ok("proven".to_owned()));
            history.add(Timestamp::UNIX_EPOCH, &began);
            history.add(Timestamp::from_second(seconds).unwrap(), &concluded);
        }
        assert_eq!(history.usual(&dev), Some((Duration::from_secs(20), Duration::from_secs(90))));
        assert_eq!(history.usual(&EnvironmentName::parse("prod").unwrap()), None);
    }
}
