//! A plan: exactly what a promotion would do, forward or back, under one digest.

mod back;
mod earlier;

use std::fmt;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::domain::changelog::{Change, Changeset, ChangesetId, Checksum, Rollback};
use crate::domain::drift::Comparison;
use crate::domain::environment::Environment;
use crate::domain::journal::Aim;
use crate::domain::ledger::Ledger;
use crate::domain::names::EnvironmentName;
use crate::domain::procedure::Procedure;
use crate::domain::release::{ImageRef, Release, Version};
use crate::domain::step::StepKind;
pub use back::{Order, RollbackFacts, Until, WayBack};
pub use earlier::earlier;

/// SHA-256 over the canonical form of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlanDigest(String);

impl PlanDigest {
    /// Takes the hexadecimal text of a digest, in full or its beginning.
    pub fn from_text(text: impl Into<String>) -> Self {
        let text: String = text.into();
        Self(text.strip_prefix("sha256:").map_or_else(|| text.clone(), str::to_owned).to_lowercase())
    }

    /// 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first six digits: enough to say aloud and to see that it is the same plan.
    pub fn short(&self) -> &str {
        self.0.get(..6).unwrap_or(&self.0)
    }

    /// True when `given`, which may be the beginning only, names this digest. Fewer than six digits name nothing.
    pub fn is_named_by(&self, given: &Self) -> bool {
        given.0.len() >= 6 && self.0.starts_with(&given.0)
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// Which way a plan leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To a release, running what is pending.
    Forward,
    /// Back to an earlier one, undoing what came after it.
    Back,
}

impl Direction {
    /// The word for people and for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Back => "back",
        }
    }

    /// The direction with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Forward, Self::Back].into_iter().find(|direction| direction.word() == word)
    }
}

/// One changeset that the plan would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChangeset {
    /// Its identity.
    pub id: ChangesetId,
    /// Its comment.
    pub comment: String,
    /// What it does, as text.
    pub sql: String,
    /// The tag it sets, if it is one.
    pub tag: Option<String>,
    /// What undoes it.
    pub rollback: Rollback,
    /// Its checksum, where it is known.
    pub checksum: Option<Checksum>,
}

/// Where a rollback would go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// The newest row carries this tag already.
    Existing(String),
    /// This tag will be set before the update.
    New(String),
    /// No changeset will run, so none is needed.
    NotNeeded,
}

/// What a promotion would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Where.
    pub environment: EnvironmentName,
    /// To which version.
    pub version: Version,
    /// The image that runs now, if any is known.
    pub image_from: Option<ImageRef>,
    /// The image that will run.
    pub image_to: ImageRef,
    /// What the registry has under that name, where it could be asked: `sha256:…`.
    image_digest: Option<String>,
    /// SHA-256 of the changelog archive that Liquibase runs with.
    pub archive_digest: String,
    /// The changesets to run, or to undo, in the order in which that happens.
    pub changesets: Vec<PlannedChangeset>,
    /// How many changesets of the release ran already, and stay.
    pub already_applied: usize,
    /// Which way it leads.
    pub course: Course,
    /// The steps in the order in which they are taken, and what the flow adds to them.
    pub procedure: Procedure,
    /// What policy found in it and somebody waived, each with who, why and until when.
    waived: Vec<String>,
    digest: PlanDigest,
}

/// Which way a plan leads, and what only that way needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Course {
    /// To a release; with where a rollback would go back to.
    Forward(Anchor),
    /// Back to an earlier release.
    Back(WayBack),
}

impl Plan {
    /// Works out what it takes to bring `environment` to `release` by `procedure`, given what runs and what was applied.
    pub fn make(
        environment: &Environment,
        release: &Release,
        image_from: Option<&ImageRef>,
        ledger: &Ledger,
        procedure: Procedure,
    ) -> Self {
        let comparison = Comparison::of(&release.changelog, ledger, &environment.selection);
        let changesets: Vec<_> = comparison.to_run().map(planned).collect();
        Self {
            environment: environment.name.clone(),
            version: release.version.clone(),
            image_from: image_from.cloned(),
            image_to: release.image.clone(),
            image_digest: None,
            archive_digest: release.archive_digest.clone(),
            course: Course::Forward(anchor(&changesets, ledger, image_from)),
            changesets,
            already_applied: comparison.applied(),
            procedure,
            waived: Vec::new(),
            digest: PlanDigest(String::new()),
        }
        .sealed()
    }

    /// The same plan with what of it passes only because somebody waived it: that is part of what is approved.
    #[must_use]
    pub fn waiving(mut self, waived: Vec<String>) -> Self {
        self.waived = waived;
        self.sealed()
    }

    /// The same plan with the digest that the registry has for its image.
    #[must_use]
    pub fn with_image_digest(mut self, digest: String) -> Self {
        self.image_digest = Some(digest);
        self.sealed()
    }

    /// The digest that the registry has for its image, where that is known.
    pub fn image_digest(&self) -> Option<&str> {
        self.image_digest.as_deref()
    }

    fn sealed(mut self) -> Self {
        self.digest = PlanDigest(hex(&Sha256::digest(self.canonical().as_bytes())));
        self
    }

    /// Which way it leads.
    pub fn direction(&self) -> Direction {
        match self.course {
            Course::Forward(_) => Direction::Forward,
            Course::Back(_) => Direction::Back,
        }
    }

    /// Where a rollback of it would go back to; `None` for a plan that is one.
    pub fn anchor(&self) -> Option<&Anchor> {
        match &self.course {
            Course::Forward(anchor) => Some(anchor),
            Course::Back(_) => None,
        }
    }

    /// How it goes back; `None` for a plan that leads forward.
    pub fn way_back(&self) -> Option<&WayBack> {
        match &self.course {
            Course::Forward(_) => None,
            Course::Back(way) => Some(way),
        }
    }

    /// What a run of it sets out to do, for the journal. `rows` is how many rows the ledger has now.
    pub fn aim(&self, rows: usize) -> Aim {
        let anchor = match &self.course {
            Course::Forward(Anchor::Existing(tag) | Anchor::New(tag)) => Some(tag.clone()),
            Course::Forward(Anchor::NotNeeded) | Course::Back(_) => None,
        };
        Aim {
            direction: self.direction(),
            image_from: self.image_from.clone(),
            image_to: self.image_to.clone(),
            changesets: self.changesets.iter().map(|changeset| changeset.id.clone()).collect(),
            rows,
            anchor,
        }
    }

    /// The digest of everything that the plan would do.
    pub fn digest(&self) -> &PlanDigest {
        &self.digest
    }

    /// True when the image changes.
    pub fn changes_image(&self) -> bool {
        self.image_from.as_ref() != Some(&self.image_to)
    }

    /// The image that runs now, in a word.
    pub fn image_from_words(&self) -> String {
        self.image_from.as_ref().map_or_else(|| "nothing".to_owned(), ImageRef::short)
    }

    /// True when there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changesets.is_empty() && !self.changes_image()
    }

    /// The changesets that Liquibase could not undo.
    pub fn without_rollback(&self) -> impl Iterator<Item = &PlannedChangeset> {
        self.changesets.iter().filter(|changeset| changeset.rollback == Rollback::Missing)
    }

    /// The step that follows `step`; `None` after the last one.
    pub fn after(&self, step: StepKind) -> Option<StepKind> {
        self.procedure.steps().skip_while(|kind| *kind != step).nth(1)
    }

    /// The steps that will do something; the others are skipped.
    pub fn steps(&self) -> Vec<StepKind> {
        self.procedure.steps().filter(|step| self.needs(*step)).collect()
    }

    /// What a step is called: an action of the flow by what it does.
    pub fn step_words(&self, step: StepKind) -> &str {
        self.procedure.action(step).map_or_else(|| step.word(), |action| &action.words)
    }

    /// Several steps in one line.
    pub fn words_of(&self, steps: impl IntoIterator<Item = StepKind>) -> String {
        steps.into_iter().map(|step| self.step_words(step)).collect::<Vec<_>>().join(" → ")
    }

    /// True when the step changes the world outside, or may.
    pub fn is_side_effect(&self, step: StepKind) -> bool {
        match step {
            StepKind::Anchor | StepKind::Update | StepKind::Undo | StepKind::Service => true,
            StepKind::Lock
            | StepKind::Recheck
            | StepKind::Validate
            | StepKind::Health
            | StepKind::Evidence => false,
            StepKind::Action(_) | StepKind::Closing(_) => {
                self.procedure.action(step).is_none_or(|action| action.is_side_effect)
            }
        }
    }

    /// True when `step` has something to do.
    pub fn needs(&self, step: StepKind) -> bool {
        match step {
            StepKind::Anchor => matches!(self.course, Course::Forward(Anchor::New(_))),
            StepKind::Validate | StepKind::Update | StepKind::Undo => !self.changesets.is_empty(),
            StepKind::Service => self.changes_image(),
            StepKind::Lock
            | StepKind::Recheck
            | StepKind::Health
            | StepKind::Evidence
            | StepKind::Action(_)
            | StepKind::Closing(_) => true,
        }
    }

    /// The text that the digest is made of: one line per fact, texts with their length in front so that no two
    /// plans can read the same. Its first line names the form; a new form gets a new name.
    pub fn canonical(&self) -> String {
        let mut text = String::from("lockstep plan 2\n");
        let mut line = |name: &str, value: &str| {
            // Writing to a `String` cannot fail.
            writeln!(text, "{name} {} {value}", value.len()).ok();
        };
        line("environment", self.environment.as_str());
        line("version", &self.version.to_string());
        line("image-from", self.image_from.as_ref().map_or("", ImageRef::as_str));
        line("image-to", self.image_to.as_str());
        if let Some(digest) = &self.image_digest {
            line("image-digest", digest);
        }
        line("archive", &self.archive_digest);
        for changeset in &self.changesets {
            line("changeset", &changeset.id.to_string());
            line("checksum", changeset.checksum.as_ref().map_or("", Checksum::as_str));
            line("sql", &changeset.sql);
            line(rollback_line(&changeset.rollback), changeset.rollback.text().unwrap_or_default());
        }
        match &self.course {
            Course::Forward(Anchor::Existing(tag)) => line("anchor-existing", tag),
            Course::Forward(Anchor::New(tag)) => line("anchor-new", tag),
            Course::Forward(Anchor::NotNeeded) => line("anchor-none", ""),
            Course::Back(way) => way.facts().into_iter().for_each(|(name, value)| line(name, &value)),
        }
        for waived in &self.waived {
            line("waived", waived);
        }
        for step in self.steps() {
            line("step", &step.to_string());
        }
        for action in &self.procedure.actions {
            line("action", &action.canonical);
        }
        for step in &self.procedure.closing {
            line("closing", &step.to_string());
        }
        text
    }
}

fn planned(changeset: &Changeset) -> PlannedChangeset {
    PlannedChangeset {
        id: changeset.id.clone(),
        comment: changeset.comment.clone(),
        sql: changeset.text(),
        tag: match &changeset.change {
            Change::Tag(tag) => Some(tag.clone()),
            Change::Sql(_) | Change::Modelled { .. } => None,
        },
        rollback: changeset.rollback.clone(),
        checksum: changeset.checksum().cloned(),
    }
}

/// Liquibase's `tag` overwrites a tag that stands on the newest row, so an existing one is used as it is.
fn anchor(changesets: &[PlannedChangeset], ledger: &Ledger, image_from: Option<&ImageRef>) -> Anchor {
    if changesets.is_empty() {
        return Anchor::NotNeeded;
    }
    match ledger.newest().and_then(|row| row.tag.clone()) {
        Some(tag) => Anchor::Existing(tag.to_string()),
        None => Anchor::New(format!(
            "before-{}-after-{}",
            changesets[0].id.id,
            image_from.map_or_else(|| "nothing".to_owned(), ImageRef::short)
        )),
    }
}

/// The name of a rollback's line in the canonical form. It must never change.
fn rollback_line(rollback: &Rollback) -> &'static str {
    match rollback {
        Rollback::Missing => "rollback-missing",
        Rollback::Empty => "rollback-empty",
        Rollback::Sql(_) => "rollback",
        Rollback::Automatic => "rollback-automatic",
        Rollback::Modelled(_) => "rollback-changes",
        Rollback::Changeset(_) => "rollback-changeset",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::changelog::Selection;
    use crate::domain::drift::tests::{ledger, release};
    use crate::domain::gate::{Admission, Gate};

    fn environment() -> Environment {
        Environment {
            name: EnvironmentName::parse("test").unwrap(),
            after: Vec::new(),
            gate: Gate::new(Admission::Confirm),
            production: false,
            service: "store-test".to_owned(),
            database: "test".to_owned(),
            selection: Selection::default(),
        }
    }

    fn plan(applied: usize, image: Option<&str>) -> Plan {
        Plan::make(
            &environment(),
            &release(3),
            image.map(ImageRef::new).as_ref(),
            &ledger(applied),
            Procedure::default(),
        )
    }

    #[test]
    fn the_same_facts_give_the_same_digest() {
        assert_eq!(
            plan(1, Some("registry/store:v1.0.0")).digest(),
            plan(1, Some("registry/store:v1.0.0")).digest()
        );
        assert_eq!(plan(1, None).digest().as_str().len(), 64);
    }

    #[test]
    fn a_changed_byte_anywhere_changes_the_digest() {
        let before = plan(1, Some("registry/store:v1.0.0"));
        assert_ne!(before.digest(), plan(2, Some("registry/store:v1.0.0")).digest());
        assert_ne!(before.digest(), plan(1, Some("registry/store:v2.0.0")).digest());
        let mut edited = before.clone();
        edited.changesets[0].sql.push(' ');
        assert_ne!(before.canonical(), edited.canonical());
        let mut without = before.clone();
        without.changesets[1].rollback = Rollback::Missing;
        assert_ne!(before.canonical(), without.canonical());
    }

    #[test]
    fn a_tag_on_the_newest_row_is_kept_as_the_anchor() {
        let mut tagged = ledger(1);
        tagged.rows[0].tag = Some("v1.0.0".into());
        let plan = Plan::make(&environment(), &release(2), None, &tagged, Procedure::default());
        assert_eq!(plan.anchor(), Some(&Anchor::Existing("v1.0.0".to_owned())));
        assert!(!plan.needs(StepKind::Anchor));
        assert!(matches!(self::plan(1, None).anchor(), Some(Anchor::New(_))));
        assert_eq!(self::plan(3, None).anchor(), Some(&Anchor::NotNeeded));
    }

    #[test]
    fn what_is_there_already_is_not_done_again() {
        let plan = plan(3, Some("registry/store:v3.0.0"));
        assert!(plan.is_empty());
        assert_eq!(plan.steps(), [StepKind::Lock, StepKind::Recheck, StepKind::Health, StepKind::Evidence]);
    }

    #[test]
    fn a_digest_is_named_by_its_beginning_but_not_by_too_little_of_it() {
        let digest = PlanDigest::from_text("8c41f0aa");
        assert!(digest.is_named_by(&PlanDigest::from_text("sha256:8C41F0")));
        assert!(!digest.is_named_by(&PlanDigest::from_text("8c41")));
        assert!(!digest.is_named_by(&PlanDigest::from_text("8c41f1")));
    }
}
