//! What the journal keeps: entries, and the history that they add up to.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::release::Version;
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
    /// A person has seen the failure that an environment showed.
    Acknowledged {
        /// Where.
        environment: EnvironmentName,
        /// Who.
        by: String,
    },
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
}

/// What the journal adds up to: every run, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    runs: Vec<PastRun>,
}

impl PastRun {
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

    fn was_refused(&self) -> bool {
        matches!(&self.conclusion, Some((_, Err(failure))) if failure.kind == FailureKind::Refused)
    }
}

impl History {
    /// Adds what one entry says.
    pub fn add(&mut self, at: Timestamp, entry: &Entry) {
        match entry {
            Entry::Began { run, environment, version, plan, by } => self.runs.push(PastRun {
                run: run.clone(),
                environment: environment.clone(),
                version: version.clone(),
                plan: plan.clone(),
                by: by.clone(),
                began: at,
                conclusion: None,
                is_acknowledged: false,
                schema: None,
            }),
            Entry::Concluded { run, result, schema, .. } => {
                if let Some(past) = self.runs.iter_mut().rev().find(|past| past.run == *run) {
                    past.conclusion = Some((at, result.clone()));
                    past.schema.clone_from(schema);
                }
            }
            Entry::Acknowledged { environment, .. } => {
                for past in self.runs.iter_mut().filter(|past| past.environment == *environment) {
                    past.is_acknowledged = true;
                }
            }
            Entry::Intended { .. } | Entry::Ended { .. } => {}
        }
    }

    /// Every run, oldest first.
    pub fn runs(&self) -> &[PastRun] {
        &self.runs
    }

    /// What is known of a run.
    pub fn run(&self, run: &RunId) -> Option<&PastRun> {
        self.runs.iter().rev().find(|past| past.run == *run)
    }

    /// The failure that `environment` still has to show: that of its newest run, until somebody acknowledges it. A
    /// run that was refused did nothing to the environment, so it neither raises an alarm nor hides one.
    pub fn alarm(&self, environment: &EnvironmentName) -> Option<(&PastRun, &Failure)> {
        let mut runs = self.runs.iter().rev().filter(|past| past.environment == *environment);
        let newest = runs.find(|past| !past.was_refused())?;
        match &newest.conclusion {
            Some((_, Err(failure))) if !newest.is_acknowledged => Some((newest, failure)),
            _ => None,
        }
    }

    /// What the newest proven promotion to `environment` left there, and when.
    pub fn schema(&self, environment: &EnvironmentName) -> Option<(Timestamp, &SchemaRecord)> {
        let mut runs = self.runs.iter().rev().filter(|past| past.environment == *environment);
        runs.find_map(|past| Some((past.conclusion.as_ref()?.0, past.schema.as_ref()?)))
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
        let seen = Entry::Acknowledged { environment: dev.clone(), by: "ana".to_owned() };
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
