//! The console without a screen: one sentence for everything that changes, for screen readers, logs and terminals that
//! can do nothing else. It tells and never asks; what is to be done has a command.
//!
//! Absent: log lines, which are on disk, and what stays as it was.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::domain::Timestamp;
use crate::domain::ascii;
use crate::domain::drift::ChangesetState;
use crate::domain::failure::Failure;
use crate::domain::ledger::LockState;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::plan::Direction;
use crate::engine::event::{Event, Intent};
use crate::engine::petitions::Standing;
use crate::engine::planning::Planning;
use crate::engine::promotion::Step;
use crate::engine::{EnvironmentState, Message, State};
use crate::headless::progress;
use crate::runtime::{Frontend, Next, StopSignals};

/// What a sentence is about: each is told again only when its words change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Place,
    Service(EnvironmentName),
    Database(EnvironmentName),
    Lock(EnvironmentName),
    Health(EnvironmentName),
    Pair(EnvironmentName),
    Schema(EnvironmentName),
    Policy(EnvironmentName),
    Approval(EnvironmentName),
    Line,
    Plan,
    Countdown,
    Begun(RunId),
    Ended(RunId),
}

/// Tells what happens as it happens.
pub struct Narrator<W> {
    out: W,
    signals: Option<StopSignals>,
    is_ascii: bool,
    /// When it began to listen; what was before is history.
    since: Option<Timestamp>,
    told: BTreeMap<Subject, String>,
    steps: BTreeMap<RunId, Vec<Step>>,
    newest: Option<Message>,
}

impl<W: Write> Narrator<W> {
    /// Tells `out`, until one of `signals` comes.
    pub fn new(out: W, is_ascii: bool, signals: Option<StopSignals>) -> Self {
        Self {
            out,
            signals,
            is_ascii,
            since: None,
            told: BTreeMap::new(),
            steps: BTreeMap::new(),
            newest: None,
        }
    }

    /// What it writes to.
    pub fn out(&mut self) -> &mut W {
        &mut self.out
    }

    fn say(&mut self, now: Timestamp, sentence: &str) -> io::Result<()> {
        let sentence = if self.is_ascii { ascii::text(sentence) } else { sentence.to_owned() };
        writeln!(self.out, "{}  {sentence}", now.strftime("%H:%M:%S"))
    }

    /// Says something about a subject, unless that was what was said of it last; nothing takes it back silently.
    fn tell(&mut self, now: Timestamp, subject: Subject, sentence: Option<String>) -> io::Result<()> {
        let Some(sentence) = sentence else {
            self.told.remove(&subject);
            return Ok(());
        };
        if self.told.get(&subject) == Some(&sentence) {
            return Ok(());
        }
        self.say(now, &sentence)?;
        self.told.insert(subject, sentence);
        Ok(())
    }

    fn environment(&mut self, state: &State, environment: &EnvironmentState) -> io::Result<()> {
        let (now, name) = (state.now, &environment.environment.name);
        let subjects = [
            (Subject::Service(name.clone()), service(environment)),
            (Subject::Database(name.clone()), database(environment)),
            (Subject::Lock(name.clone()), lock(environment)),
            (Subject::Health(name.clone()), health(environment)),
            (Subject::Pair(name.clone()), pair(state, environment)),
            (Subject::Schema(name.clone()), schema(environment)),
        ];
        for (subject, sentence) in subjects {
            // What is being looked at again keeps its last words.
            let is_gone = sentence.is_none() && matches!(subject, Subject::Lock(_) | Subject::Schema(_));
            if is_gone && let Some(words) = over(&subject).filter(|_| self.told.contains_key(&subject)) {
                self.say(now, &words)?;
            }
            if sentence.is_some() || is_gone {
                self.tell(now, subject, sentence)?;
            }
        }
        let petition = state.petitions.iter().find(|it| it.plan.environment == *name);
        let approval = petition.map(|petition| {
            let (version, standing) = (&petition.plan.version, petition.standing());
            match standing {
                Standing::Approved => format!("{name}: {version} is approved"),
                Standing::Rejected => format!("{name}: {version} is rejected"),
                Standing::Waiting => format!(
                    "{name}: {version} waits for approval, {} of {} given",
                    petition.counting.len(),
                    petition.needed
                ),
            }
        });
        self.tell(now, Subject::Approval(name.clone()), approval)?;
        let policy = super::inspection::outlook(environment);
        let policy = (!policy.is_empty())
            .then(|| format!("{name}: what comes next is {}", policy.trim_start_matches(", ")));
        self.tell(now, Subject::Policy(name.clone()), policy)
    }

    /// What any console or command line does, as far as the journal says it, and how far this one's own runs are.
    fn runs(&mut self, state: &State) -> io::Result<()> {
        let now = state.now;
        let Some(since) = self.since else { return Ok(()) };
        for past in state.history.runs() {
            let (version, environment, by) = (&past.version, &past.environment, &past.by);
            if past.began >= since {
                let words = match past.direction() {
                    Direction::Forward => {
                        format!("{by} begins to promote {version} to {environment}, run {}", past.run)
                    }
                    Direction::Back => {
                        format!("{by} begins to roll {environment} back to {version}, run {}", past.run)
                    }
                };
                self.tell(now, Subject::Begun(past.run.clone()), Some(words))?;
            }
            if let Some((at, outcome)) = &past.conclusion
                && *at >= since
            {
                let words = match outcome {
                    Ok(_) => format!("✔ {environment} runs {version}, proven"),
                    Err(failure) => format!("✖ {version} in {environment}: {}", sentence(failure)),
                };
                self.tell(now, Subject::Ended(past.run.clone()), Some(words))?;
            }
        }
        for promotion in &state.promotions {
            let told = self.steps.remove(&promotion.run).unwrap_or_default();
            for (index, step) in promotion.steps.iter().enumerate() {
                if told.get(index) != Some(step)
                    && let Some(words) = progress::words(step, &promotion.plan)
                {
                    self.say(now, &format!("{}: {words}", promotion.plan.environment))?;
                }
            }
            self.steps.insert(promotion.run.clone(), promotion.steps.clone());
        }
        Ok(())
    }

    fn instance(&mut self, state: &State) -> io::Result<()> {
        let now = state.now;
        let names: Vec<_> = state.environments.iter().map(|it| it.environment.name.to_string()).collect();
        let place = format!("lockstep {} ({}), {}: {}", state.id, state.title, state.mode, names.join(", "));
        self.tell(now, Subject::Place, Some(place))?;
        let line = match state.history.line() {
            Some((_, notice)) => Some(format!("■ the line is stopped by {}: {}", notice.by, notice.reason)),
            None if self.told.contains_key(&Subject::Line) => {
                self.say(now, "the line runs again")?;
                None
            }
            None => None,
        };
        self.tell(now, Subject::Line, line)?;
        let countdown = state.automatic.as_ref().map(|it| {
            format!("{} goes to {} by itself at {}", it.version, it.environment, it.at.strftime("%H:%M:%S"))
        });
        self.tell(now, Subject::Countdown, countdown)?;
        let plan = match &state.planning {
            Planning::Ready(prepared) => {
                let plan = &prepared.plan;
                let (version, environment, digest) =
                    (&plan.version, &plan.environment, plan.digest().short());
                Some(format!(
                    "plan {digest}: {version} to {environment}, {} changesets",
                    plan.changesets.len()
                ))
            }
            Planning::Failed(_, failure) => Some(format!("✖ no plan: {}", sentence(failure))),
            _ => None,
        };
        self.tell(now, Subject::Plan, plan)
    }

    fn message(&mut self, state: &State) -> io::Result<()> {
        let newest = state.messages.back();
        if newest == self.newest.as_ref() {
            return Ok(());
        }
        self.newest = newest.cloned();
        match newest.map(|message| &message.text) {
            Some(Ok(text)) => self.say(state.now, text),
            Some(Err(failure)) => self.say(state.now, &format!("✖ {}", sentence(failure))),
            None => Ok(()),
        }
    }
}

impl<W: Write> Frontend for Narrator<W> {
    async fn next(&mut self, state: &State, _is_idle: bool) -> io::Result<Next> {
        if state.is_stopping && state.running().next().is_none() && !state.is_reporting() {
            return Ok(Next::Leave);
        }
        match &mut self.signals {
            Some(signals) => signals.next().await,
            None => std::future::pending().await,
        }
        Ok(Next::Intent(Intent::Interrupt))
    }

    fn show(&mut self, event: Option<&Event>, state: &State, _more: bool) -> io::Result<()> {
        // Before the first event there is no time yet.
        let Some(event) = event else { return Ok(()) };
        self.since.get_or_insert(event.at);
        self.instance(state)?;
        for environment in &state.environments {
            self.environment(state, environment)?;
        }
        self.runs(state)?;
        self.message(state)?;
        self.out.flush()
    }
}

/// A failure in one line.
fn sentence(failure: &Failure) -> String {
    let causes = failure.because.iter().map(String::as_str);
    std::iter::once(failure.what.as_str()).chain(causes).collect::<Vec<_>>().join("; ")
}

/// What is said once a state that was told is over.
fn over(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Lock(name) => Some(format!("{name}: the lock is free again")),
        Subject::Schema(name) => Some(format!("{name}: ✔ the schema is what it should be")),
        _ => None,
    }
}

fn service(environment: &EnvironmentState) -> Option<String> {
    let name = &environment.environment.name;
    if let Some(failure) = environment.service.failure() {
        return Some(format!("{name}: ? the service is not known: {}", sentence(failure)));
    }
    let service = environment.service.value()?;
    Some(format!("{name}: the service has image {} and is {}", service.image.short(), service.status.word()))
}

fn database(environment: &EnvironmentState) -> Option<String> {
    let name = &environment.environment.name;
    if let Some(failure) = environment.ledger.failure() {
        return Some(format!("{name}: ? its changesets are not known: {}", sentence(failure)));
    }
    let comparison = environment.standings.next()?;
    let mut words = format!(
        "{name}: {} changesets applied, {} pending",
        comparison.applied(),
        comparison.count(ChangesetState::Pending)
    );
    for (count, word) in
        [(comparison.count(ChangesetState::Edited), "edited"), (comparison.unexpected.len(), "unexpected")]
    {
        if count > 0 {
            words = format!("{words}, ◆ {count} {word}");
        }
    }
    Some(words)
}

fn lock(environment: &EnvironmentState) -> Option<String> {
    let (name, ledger) = (&environment.environment.name, environment.ledger.value()?);
    match (&ledger.promoting, &ledger.lock) {
        (Some(_), _) => Some(format!("{name}: ▶ it is being promoted")),
        (None, LockState::Held { by, .. }) => Some(format!("{name}: ■ Liquibase's lock is held by {by}")),
        (None, LockState::Free) => None,
    }
}

/// How long an answer took changes all the time, and is not told.
fn health(environment: &EnvironmentState) -> Option<String> {
    let name = &environment.environment.name;
    if let Some(failure) = environment.health.failure() {
        return Some(format!("{name}: ✖ the application does not answer: {}", sentence(failure)));
    }
    let health = environment.health.value()?;
    let shape = if health.is_healthy() { "●" } else { "✖" };
    Some(format!("{name}: {shape} the application answers with {}", health.status))
}

fn pair(state: &State, environment: &EnvironmentState) -> Option<String> {
    let is_known = environment.service.current().is_some() && environment.ledger.current().is_some();
    let (name, pair) = (&environment.environment.name, state.pair(environment));
    is_known.then(|| format!("{name}: app and schema are {}", pair.words()))
}

fn schema(environment: &EnvironmentState) -> Option<String> {
    let drift = environment.schemas.drifts().first()?;
    let name = &environment.environment.name;
    let what: Vec<String> = drift
        .differences
        .iter()
        .filter(|difference| !difference.is_part)
        .map(|difference| format!("{} {}", difference.sign(), difference.object.short()))
        .collect();
    Some(format!("{name}: ◆ the schema has changed: {}", what.join(", ")))
}
