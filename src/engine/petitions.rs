//! What waits for approval, worked out when something changes and never while drawing.

use std::sync::Arc;

use jiff::civil::Date;

use super::{State, policy};
use crate::domain::changelog::Changelog;
use crate::domain::gate::{Admission, Lapse, Tally};
use crate::domain::ledger::Rows;
use crate::domain::names::EnvironmentName;
use crate::domain::observation::Facet;
use crate::domain::plan::Plan;
use crate::domain::policy::Verdict;
use crate::domain::procedure::Way;
use crate::domain::release::{ImageRef, ImageSeen, Version};

/// A plan that takes approval, and how far that is.
#[derive(Debug, Clone)]
pub struct Petition {
    /// The plan as it is now.
    pub plan: Arc<Plan>,
    /// What was said about it.
    pub tally: Tally,
    /// How many approvals it takes.
    pub needed: usize,
    /// The names of those whose approval counts when somebody else promotes.
    pub counting: Vec<String>,
    /// Whom to ask, for people.
    pub who: String,
    /// Why the approval of whoever asks would not count; `None` when it would.
    pub objection: Option<String>,
    /// An approval that was lost because the plan changed.
    pub lapse: Option<Lapse>,
    made_from: Source,
}

/// How a petition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Approvals are missing.
    Waiting,
    /// It has its approvals.
    Approved,
    /// Somebody said no.
    Rejected,
}

/// What a plan is made from: the same gives the same plan.
#[derive(Debug, Clone)]
struct Source {
    rows: Rows,
    image: ImageRef,
    changelog: Arc<Changelog>,
    archive_digest: String,
    way: Arc<Way>,
    verdict: Option<Arc<Verdict>>,
    image_seen: Option<ImageSeen>,
    /// Waivers end with a day.
    day: Date,
}

impl Petition {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        if !self.tally.rejections.is_empty() {
            Standing::Rejected
        } else if self.counting.len() >= self.needed {
            Standing::Approved
        } else {
            Standing::Waiting
        }
    }

    /// True when it waits for whoever asks.
    pub fn waits_for_me(&self) -> bool {
        self.standing() == Standing::Waiting && self.objection.is_none()
    }
}

impl Standing {
    /// The word for people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

impl State {
    /// Brings the petitions up to date after a look at `looked_at`, or after anything else.
    pub(super) fn keep_petitions_true(&mut self, looked_at: Option<&EnvironmentName>) {
        let concerns = |name: &EnvironmentName| {
            looked_at.is_none_or(|looked_at| {
                name == looked_at
                    || self.environment(name).is_some_and(|state| state.environment.after.contains(looked_at))
            })
        };
        let mut petitions = Vec::new();
        for state in &self.environments {
            let name = &state.environment.name;
            if state.environment.gate.admission != Admission::Approve {
                continue;
            }
            if concerns(name) {
                petitions
                    .extend(self.versions_to_approve(name).iter().filter_map(|it| self.petition(name, it)));
            } else {
                let kept = self.petitions.iter().filter(|petition| petition.plan.environment == *name);
                petitions.extend(kept.cloned());
            }
        }
        self.petitions = petitions;
    }

    /// What would come next, and every later release than the running one that somebody has said something about.
    pub(super) fn versions_to_approve(&self, name: &EnvironmentName) -> Vec<Version> {
        let Some(state) = self.environment(name) else { return Vec::new() };
        let running = state.version();
        let voted = self.history.votes().iter().filter(|(_, vote)| vote.environment == *name);
        let voted = voted.map(|(_, vote)| vote.version.clone());
        let mut versions: Vec<_> =
            self.candidate(name).map(|release| release.version.clone()).into_iter().collect();
        versions.extend(voted);
        versions.retain(|version| running.as_ref().is_none_or(|running| version > running));
        versions.sort();
        versions.dedup();
        versions
    }

    fn petition(&self, name: &EnvironmentName, version: &Version) -> Option<Petition> {
        let state = self.environment(name)?;
        let release = self.catalog.value()?.get(version)?;
        let (ledger, service) = (state.ledger.value()?, state.service.value()?);
        let source = Source {
            rows: ledger.rows.clone(),
            image: service.image.clone(),
            changelog: Arc::clone(&release.changelog),
            archive_digest: release.archive_digest.clone(),
            way: self.catalog.value().map(|catalog| Arc::clone(catalog.way())).unwrap_or_default(),
            verdict: self.verdict(release).and_then(Facet::current).cloned(),
            image_seen: self.image_of(release),
            day: policy::day(self.now),
        };
        // Until it is known what is waived in it, and which image that is, nobody can tell which plan it is.
        if !self.has_verdict(release) || !self.has_seen_image(release) {
            return None;
        }
        let known = self.petitions.iter().find(|known| {
            known.plan.environment == *name
                && known.plan.version == *version
                && known.made_from.is_same(&source)
        });
        let plan = if let Some(known) = known {
            Arc::clone(&known.plan)
        } else {
            let procedure = self.procedure(state, release).ok()?;
            let plan = Plan::make(&state.environment, release, Some(&service.image), ledger, procedure);
            Arc::new(self.seeing(self.waiving(plan)))
        };
        if plan.is_empty() {
            return None;
        }
        let rule = &state.environment.gate.approval;
        let tally = Tally::of(&self.history, name, plan.digest().as_str());
        let me = self.person();
        let counting = rule.valid(&tally);
        let objection = match &me {
            None => Some("it is not known who asks".to_owned()),
            Some(me) if tally.approvals.iter().any(|ballot| ballot.by.is_same(me)) => {
                Some(format!("{me} has approved it already"))
            }
            Some(me) => rule.objection(me, &tally),
        };
        Some(Petition {
            needed: rule.needed,
            counting: counting.iter().map(|ballot| ballot.by.name.clone()).collect(),
            who: rule.who(),
            objection,
            lapse: Lapse::of(&self.history, &plan),
            made_from: source,
            tally,
            plan,
        })
    }
}

impl Source {
    fn is_same(&self, other: &Self) -> bool {
        self.rows.is_same(&other.rows)
            && self.image == other.image
            && Arc::ptr_eq(&self.changelog, &other.changelog)
            && self.archive_digest == other.archive_digest
            && self.way == other.way
            && self.verdict == other.verdict
            && self.image_seen == other.image_seen
            && self.day == other.day
    }
}
