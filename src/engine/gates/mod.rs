//! Gates: what stands in the way of a plan, and what people say that puts it there or takes it away.
//!
//! Votes, the line and bars count once the journal has been read back: what could not be written must not hold.

#[cfg(test)]
mod tests;

use crate::domain::drift::Comparison;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{
    self, Admission, Condition, Look, Nature, Person, Surroundings, Tally, Unmet, Waiver,
};
use crate::domain::journal::{Entry, Notice, Vote, VoteWord};
use crate::domain::names::EnvironmentName;
use crate::domain::plan::{Plan, PlanDigest};
use crate::domain::release::{Catalog, ImageSeen, Version};
use crate::engine::effect::Effect;
use crate::engine::planning::{Planning, Prepared};
use crate::engine::promotion::refusal;
use crate::engine::{EnvironmentState, State};

/// Characters of a note or a reason that are kept.
const NOTE: usize = 1_000;

impl State {
    /// What the gate of the plan's environment asks for and is not so. To be asked again just before each side effect;
    /// it tells nothing of the world, which a promotion changes itself.
    pub fn unmet_at_gate(&self, plan: &Plan) -> Vec<Unmet> {
        self.weigh(plan, |nature| nature != Nature::Fact)
    }

    /// Every condition that is not met. The same list answers “why not?”.
    pub(in crate::engine) fn unmet(&self, plan: &Plan) -> Vec<Unmet> {
        self.weigh(plan, |_| true)
    }

    fn weigh(&self, plan: &Plan, is_meant: impl Fn(Nature) -> bool) -> Vec<Unmet> {
        let Some(state) = self.environment(&plan.environment) else { return Vec::new() };
        let release = self.catalog.value().and_then(|catalog| catalog.get(&plan.version));
        let comparison = release.zip(state.ledger.value()).map(|(release, ledger)| {
            Comparison::of(&release.changelog, ledger, &state.environment.selection)
        });
        let holder = state.ledger.value().and_then(|ledger| ledger.promoting.as_deref());
        let own = self.running_in(&plan.environment);
        let is_ours = |holder: &str| own.is_some_and(|own| holder.contains(own.run.as_str()));
        // The run of this plan is not in its own way.
        let (this, other): (Option<_>, Option<_>) = match own {
            Some(own) if own.plan.digest() == plan.digest() => (Some(own), None),
            own => (None, own),
        };
        // Policy judges changesets that have not run; once one has, stopping would only leave the rest undone.
        let is_too_late = this.is_some_and(|this| !this.applied.is_empty());
        let begins = this.map_or(self.now, |this| this.began);
        let before = state.environment.after.iter().filter_map(|name| self.environment(name));
        let surroundings = Surroundings {
            is_read_only: self.is_read_only,
            now: self.now,
            begins,
            environment: &state.environment,
            plan,
            history: &self.history,
            run: this.map(|this| &this.run),
            runner: self.person(),
            here: state.look(comparison.as_ref(), this.is_some()),
            before: before.map(|state| state.look(state.standings.running(), this.is_some())).collect(),
            running: other.map(|other| &other.plan.version),
            rival: holder.filter(|holder| !is_ours(holder)).or_else(|| self.rival_run(&plan.environment)),
            unknown: self.unknown_run(&plan.environment),
            catalog: self.catalog.value(),
            policy: if is_too_late { None } else { self.inspect(plan, begins) },
            is_without_image: matches!(self.image_seen(plan), Some(Ok(ImageSeen::Missing))),
        };
        gate::unmet(&surroundings, is_meant)
    }

    /// Who is asking, as votes know them; `None` when that could not be found out.
    pub fn person(&self) -> Option<Person> {
        let identity = self.identity.as_ref()?.as_ref().ok()?;
        Some(Person { name: identity.name.clone(), arn: identity.arn.clone() })
    }

    /// Puts a plan on record before it is voted on or carried out for the first time.
    pub(in crate::engine) fn keep_plan(&self, plan: &Plan) -> Option<Effect> {
        let digest = plan.digest().as_str();
        self.history.plan(digest).is_none().then(|| {
            Effect::Record(Entry::Planned {
                plan: digest.to_owned(),
                environment: plan.environment.clone(),
                version: plan.version.clone(),
                text: plan.canonical(),
            })
        })
    }

    pub(in crate::engine) fn vote(
        &mut self,
        environment: &EnvironmentName,
        word: VoteWord,
        digest: &PlanDigest,
        note: &str,
    ) -> Vec<Effect> {
        let note = clean(note);
        match self.ballot(environment, word, digest, &note) {
            Ok((plan, person)) => {
                let done = match word {
                    VoteWord::Request => "asks for",
                    VoteWord::Approve => "approves",
                    VoteWord::Reject => "rejects",
                };
                let short = plan.digest().short();
                let said = format!("{person} {done} {} to {environment}, plan {short}", plan.version);
                let vote = Vote {
                    environment: environment.clone(),
                    version: plan.version.clone(),
                    plan: plan.digest().to_string(),
                    by: person.name,
                    arn: person.arn,
                    word,
                    note,
                };
                let kept = self.keep_plan(&plan);
                self.say(Ok(said));
                if word == VoteWord::Request {
                    self.tell_when_recorded(&plan, &vote.by, &vote.note);
                }
                kept.into_iter().chain([Effect::Record(Entry::Voted(vote)), Effect::ReadJournal]).collect()
            }
            Err(failure) => {
                self.say(Err(failure));
                Vec::new()
            }
        }
    }

    /// The plan that is voted on and who votes, or why that vote cannot be taken.
    fn ballot(
        &self,
        environment: &EnvironmentName,
        word: VoteWord,
        digest: &PlanDigest,
        note: &str,
    ) -> Result<(Plan, Person), Failure> {
        let refuse = |what: String, hint: &str| Failure::new(FailureKind::Refused, what).hint(hint);
        let Planning::Ready(prepared) = &self.planning else {
            return Err(refuse("there is no plan to vote on".to_owned(), "Make one first."));
        };
        let plan = &prepared.plan;
        if plan.environment != *environment || !plan.digest().is_named_by(digest) {
            let what = format!(
                "the plan for {} is {} now, not {}",
                plan.environment,
                plan.digest().short(),
                digest.short()
            );
            return Err(refuse(what, "Look at the plan again and vote on that one."));
        }
        let Some(gate) = self.environment(environment).map(|state| &state.environment.gate) else {
            return Err(self.no_such_environment(environment));
        };
        if gate.admission != Admission::Approve {
            return Err(refuse(
                format!("{environment} asks for no approval"),
                "`lockstep bar` keeps a release back, `lockstep line stop` everything.",
            ));
        }
        let person = match &self.identity {
            Some(Err(failure)) => {
                let unknown = refuse("it is not known who votes".to_owned(), "Mend that, then vote.");
                return Err(unknown.because(&failure.what));
            }
            _ => self.person().ok_or_else(|| {
                refuse("it is not known who votes".to_owned(), "Wait until that has been found out.")
            })?,
        };
        let tally = Tally::of(&self.history, environment, plan.digest().as_str());
        let has = |ballots: &[gate::Ballot]| ballots.iter().any(|ballot| ballot.by.is_same(&person));
        match word {
            // What failed and has nothing left to do may still be asked for anew, by another flow.
            _ if plan.is_empty() && prepared.unmet.iter().all(|it| it.condition != Condition::Approval) => {
                let what = format!("{environment} runs {} already, with every changeset", plan.version);
                Err(refuse(what, "There is nothing to approve."))
            }
            VoteWord::Reject if note.is_empty() => {
                Err(refuse("a rejection needs a reason".to_owned(), "Say why: `--reason REASON`."))
            }
            VoteWord::Approve => match gate.approval.objection(&person, &tally) {
                Some(objection) => Err(refuse(objection, &format!("Ask {}.", gate.approval.who()))),
                None if has(&tally.approvals) => {
                    Err(refuse(format!("{person} has approved it already"), "It counts once."))
                }
                None => Ok((plan.clone(), person)),
            },
            VoteWord::Request | VoteWord::Reject => Ok((plan.clone(), person)),
        }
    }

    pub(in crate::engine) fn set_line(&mut self, stopped: bool, reason: &str) -> Vec<Effect> {
        let stands = self.history.line().map(|(_, notice)| format!("{}: {}", notice.by, notice.reason));
        let objection = match (&stands, stopped) {
            (Some(stands), true) => Some(format!("the line is stopped already, by {stands}")),
            (None, false) => Some("the line is not stopped".to_owned()),
            _ => None,
        };
        let said = if stopped { "the line is stopped" } else { "the line is resumed" };
        self.notice(objection, said, reason, stopped, |notice| Entry::Line { stopped, notice })
    }

    pub(in crate::engine) fn set_bar(
        &mut self,
        version: &Version,
        barred: bool,
        reason: &str,
    ) -> Vec<Effect> {
        let stands = self.history.bar(version).map(|(_, notice)| format!("{}: {}", notice.by, notice.reason));
        let is_known = self.catalog.value().and_then(|catalog: &Catalog| catalog.get(version)).is_some();
        let objection = match (&stands, barred) {
            (Some(stands), true) => Some(format!("{version} is barred already, by {stands}")),
            (None, false) => Some(format!("{version} is not barred")),
            (None, true) if !is_known => Some(format!("there is no release {version}")),
            _ => None,
        };
        let said = if barred { "goes no further" } else { "may go on" };
        self.notice(objection, &format!("{version} {said}"), reason, barred, |notice| Entry::Barred {
            version: version.clone(),
            barred,
            notice,
        })
    }

    /// Puts a notice on record. To stop something it is enough to be there; to let it go on it has to be known who
    /// says so.
    fn notice(
        &mut self,
        objection: Option<String>,
        said: &str,
        reason: &str,
        stops: bool,
        entry: impl FnOnce(Notice) -> Entry,
    ) -> Vec<Effect> {
        let reason = clean(reason);
        let refused = if let Some(objection) = objection {
            Some(Failure::new(FailureKind::Refused, objection))
        } else if reason.is_empty() {
            Some(Failure::new(FailureKind::Refused, "a reason is missing").hint("Say why."))
        } else if !stops && self.person().is_none() {
            let failure = Failure::new(FailureKind::Refused, "it is not known who asks for that");
            Some(failure.hint("Mend that first."))
        } else {
            None
        };
        if let Some(failure) = refused {
            self.say(Err(failure));
            return Vec::new();
        }
        let by = self.operator();
        self.say(Ok(format!("{said}, says {by}: {reason}")));
        vec![Effect::Record(entry(Notice { by, reason })), Effect::ReadJournal]
    }
}

impl EnvironmentState {
    /// The newest look at everything. While a promotion is under way a failed look at the schema takes nothing back.
    fn look<'a>(&'a self, comparison: Option<&'a Comparison>, is_under_way: bool) -> Look<'a> {
        let schema = if is_under_way { self.schema.value() } else { self.schema.current() };
        let is_seen = schema.is_some();
        Look {
            name: &self.environment.name,
            version: self.version(),
            service: self.service.value(),
            ledger: self.ledger.value(),
            comparison,
            drifts: is_seen.then(|| self.schemas.drifts()),
        }
    }
}

impl Prepared {
    /// Whether it may be carried out, and what is overridden for that with this reason.
    pub fn admit(&self, override_reason: Option<&str>) -> Result<Option<Waiver>, Failure> {
        if self.unmet.is_empty() {
            return Ok(None);
        }
        let Some(reason) = override_reason.map(clean) else { return Err(refusal(&self.plan, &self.unmet)) };
        if reason.is_empty() {
            return Err(Failure::new(FailureKind::Refused, "an override needs a reason").hint("Say why."));
        }
        let firm: Vec<_> = self.unmet.iter().filter(|unmet| !unmet.can_override).cloned().collect();
        if firm.is_empty() {
            return Ok(Some(Waiver { unmet: self.unmet.clone(), reason }));
        }
        Err(refusal(&self.plan, &firm).because("this cannot be overridden here"))
    }
}

/// What somebody wrote, on one line and not longer than a screen.
fn clean(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(NOTE).collect()
}
