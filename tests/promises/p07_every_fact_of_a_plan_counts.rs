//! P7: what runs is what was approved. Every single fact of a plan is in its digest, and a plan of which one fact has
//! changed since it was confirmed does not run.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep::adapters::packing;
use lockstep::domain::Timestamp;
use lockstep::domain::changelog::{
    self, Changelog, ChangesetId, Checksum, Files, ROOT, Rollback, Selection, Surroundings,
};
use lockstep::domain::compatibility::{Compatibility, OldestImages};
use lockstep::domain::environment::Environment;
use lockstep::domain::failure::FailureKind;
use lockstep::domain::gate::{Admission, Gate};
use lockstep::domain::ledger::{Ledger, LedgerRow};
use lockstep::domain::names::EnvironmentName;
use lockstep::domain::observation::Observation;
use lockstep::domain::plan::{Anchor, Course, Order, Plan, RollbackFacts, Until, WayBack};
use lockstep::domain::procedure::Procedure;
use lockstep::domain::release::{Catalog, ImageRef, Release, Version};
use lockstep::domain::step::StepKind;
use lockstep::engine::effect::{DatabaseCall, Effect};
use lockstep::engine::event::EventKind;
use lockstep::runtime::{Perform, Sink};
use sha2::{Digest as _, Sha256};

use super::witness::Ride;
use crate::console::Script;

/// The plan that brings the second release to test, where the first one runs.
const FORWARD: &str = "lockstep plan 2
environment 4 test
version 6 v2.0.0
image-from 21 registry/store:v1.0.0
image-to 21 registry/store:v2.0.0
archive 4 0002
changeset 27 changelog/all.sql::2::store
checksum 34 9:b5c597afa1885f8053903fe1f09d6d9d
sql 25 create table t2 (id int);
rollback 14 drop table t2;
anchor-new 21 before-2-after-v1.0.0
step 4 lock
step 7 recheck
step 8 validate
step 6 anchor
step 6 update
step 7 service
step 6 health
step 8 evidence
";

/// The way back from there.
const BACK: &str = "lockstep plan 2
environment 4 test
version 6 v1.0.0
image-from 21 registry/store:v2.0.0
image-to 21 registry/store:v1.0.0
archive 4 0002
changeset 27 changelog/all.sql::2::store
checksum 34 9:b5c597afa1885f8053903fe1f09d6d9d
sql 25 create table t2 (id int);
rollback 14 drop table t2;
back-order 14 database-first
back-until 7 count 1
back-verdict 7 unknown
step 4 lock
step 7 recheck
step 4 undo
step 7 service
step 6 health
step 8 evidence
";

#[test]
fn p07_the_text_that_a_digest_is_made_of_has_every_fact_and_keeps_its_form() {
    // An approval in a journal of an older version holds only while the same plan still reads the same.
    for (plan, text) in [(forward(), FORWARD), (back(), BACK)] {
        assert_eq!(plan.canonical(), text);
        let digest = Sha256::digest(text.as_bytes());
        let digits = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(plan.digest().as_str(), digits);
    }
}

#[test]
fn p07_no_fact_of_a_plan_can_change_without_its_text() {
    type Edit = fn(&mut Plan);
    let of_any: [(&str, Edit); 13] = [
        ("where", |plan| plan.environment = name("prod")),
        ("the version", |plan| plan.version = version(3)),
        ("the image before", |plan| plan.image_from = Some(ImageRef::new("registry/store:v0.9.0"))),
        ("that there is one", |plan| plan.image_from = None),
        ("the image after", |plan| plan.image_to = ImageRef::new("elsewhere/store:v2.0.0")),
        ("the archive", |plan| plan.archive_digest.push('0')),
        ("which changeset", |plan| plan.changesets[0].id.author.push('s')),
        ("its checksum", |plan| plan.changesets[0].checksum = Some(Checksum::stored("9:0"))),
        ("its SQL", |plan| plan.changesets[0].sql.push(' ')),
        ("what undoes it", |plan| plan.changesets[0].rollback = Rollback::Sql("drop table a".to_owned())),
        ("a step", |plan| plan.procedure.stages[0].steps.truncate(5)),
        ("what is done at the end", |plan| plan.procedure.closing.push(StepKind::Action(1))),
        ("that something does", |plan| plan.changesets[0].rollback = Rollback::Empty),
    ];
    let of_forward: [(&str, Edit); 2] = [
        ("the anchor", |plan| plan.course = Course::Forward(Anchor::New("here".to_owned()))),
        ("that it is there", |plan| {
            let Some(Anchor::New(tag)) = plan.anchor().cloned() else { panic!("it is new") };
            plan.course = Course::Forward(Anchor::Existing(tag));
        }),
    ];
    let of_back: [(&str, Edit); 3] = [
        ("the order", |plan| way(plan).order = Order::AppFirst),
        ("how far", |plan| way(plan).until = Until::Count(2)),
        ("the verdict", |plan| way(plan).verdict = Compatibility::Incompatible("it does not".to_owned())),
    ];
    let edits = |own: &[(&'static str, Edit)]| [&of_any[..], own].concat();
    for (plan, edits) in [(forward(), edits(&of_forward)), (back(), edits(&of_back))] {
        for (fact, edit) in edits {
            let mut other = plan.clone();
            edit(&mut other);
            assert_ne!(other.canonical(), plan.canonical(), "{fact} of {:?}", plan.direction());
        }
    }
}

#[tokio::test]
async fn p07_whatever_changes_after_it_was_confirmed_the_plan_does_not_run() {
    let changes: [(Bend, &str); 6] = [
        (|seen| service(seen, "elsewhere/store:v1.2.0"), "image-from "),
        (|seen| newest(seen, |release| release.image = ImageRef::new("elsewhere/store:v1.4.0")), "image-to "),
        (|seen| newest(seen, |release| release.archive_digest.insert(0, 'e')), "archive "),
        (|seen| newest(seen, |release| release.changelog = reworded(release)), "sql of 011-gift-cards"),
        (|seen| rows(seen, |rows| rows.last_mut().unwrap().tag = Some("by-hand".into())), "anchor-existing "),
        (
            |seen| rows(seen, |rows| rows.push(of_gift_cards(rows))),
            "011-gift-cards is no part of it any more",
        ),
    ];
    for (bend, line) in changes {
        let mover = |_: &Path| Mover { script: Script::new(), bend, is_confirmed: Arc::default() };
        let mut ride = Ride::planned_by(mover).await;
        ride.confirm();
        ride.on(usize::MAX).await;
        let failure = ride.end().unwrap_or_else(|| panic!("it ran: {line}"));
        let what = "the plan changed after it was confirmed";
        assert_eq!((failure.what.as_str(), failure.kind), (what, FailureKind::Refused), "{failure}");
        assert!(failure.because.iter().any(|because| because.contains(line)), "{line}: {failure}");
    }
}

/// Changes what is seen.
type Bend = fn(&mut EventKind);

/// Carries effects out in the scripted world, in which something changes the moment a plan was confirmed.
#[derive(Clone)]
struct Mover {
    script: Script,
    bend: Bend,
    is_confirmed: Arc<AtomicBool>,
}

impl Perform for Mover {
    async fn perform(&self, effect: Effect, out: Sink) {
        assert!(!effect.is_mutation(), "it ran all the same: {effect:?}");
        if matches!(&effect, Effect::Database(_, DatabaseCall::Lock(_))) {
            self.is_confirmed.store(true, Ordering::SeqCst);
        }
        let (sink, mut events) = Sink::queue(out.clock());
        let bending = async {
            while let Some(mut event) = events.recv().await {
                if self.is_confirmed.load(Ordering::SeqCst) {
                    (self.bend)(&mut event.kind);
                }
                out.send(event.kind).await;
            }
        };
        tokio::join!(self.script.perform(effect, sink), bending);
    }
}

fn service(seen: &mut EventKind, image: &str) {
    if let EventKind::Observed(_, _, Observation::Service(Ok(view))) = seen {
        view.image = ImageRef::new(image);
    }
}

fn rows(seen: &mut EventKind, change: fn(&mut Vec<LedgerRow>)) {
    if let EventKind::Observed(_, _, Observation::Ledger(Ok(ledger))) = seen {
        change(&mut ledger.rows);
    }
}

fn newest(seen: &mut EventKind, change: fn(&mut Release)) {
    if let EventKind::Releases(Ok(catalog)) = seen {
        let mut releases = catalog.releases().to_vec();
        change(releases.last_mut().unwrap());
        *catalog = Catalog::new(releases);
    }
}

/// The changelog of a release of the store with one space more in a changeset, which leaves its checksum as it is.
fn reworded(release: &Release) -> Arc<Changelog> {
    let mut files = changelog::cut(&packing::bagel_store(), &release.version).unwrap();
    let file = files.get_mut("changelog/changesets/011-gift-cards.sql").unwrap();
    let text = String::from_utf8(file.clone()).unwrap();
    let spaced = text.replace("gift_cards (", "gift_cards  (");
    assert_ne!(spaced, text);
    *file = spaced.into_bytes();
    Arc::new(Changelog::read(&files, ROOT, &Surroundings::default()).0)
}

/// The row of a changeset that somebody else ran.
fn of_gift_cards(rows: &[LedgerRow]) -> LedgerRow {
    let id = ChangesetId {
        path: "changelog/changesets/011-gift-cards.sql".to_owned(),
        id: "011-gift-cards".to_owned(),
        author: "store".to_owned(),
    };
    LedgerRow { id: id.into(), order: i32::try_from(rows.len()).unwrap() + 1, ..rows[0].clone() }
}

fn name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).unwrap()
}

fn version(number: usize) -> Version {
    Version::parse(&format!("v{number}.0.0")).unwrap()
}

fn image(number: usize) -> ImageRef {
    ImageRef::of_release("registry/store", &version(number))
}

fn environment() -> Environment {
    Environment {
        name: name("test"),
        after: Vec::new(),
        gate: Gate::new(Admission::Confirm),
        production: false,
        service: "store-test".to_owned(),
        database: "test".to_owned(),
        selection: Selection::default(),
    }
}

/// A release with so many changesets, each of which makes a table.
fn release(count: usize) -> Release {
    let mut text = "--liquibase formatted sql\n".to_owned();
    for number in 1..=count {
        let changeset = "--changeset store:N\ncreate table tN (id int);\n--rollback drop table tN;\n";
        text.push_str(&changeset.replace('N', &number.to_string()));
    }
    let files = Files::from([("changelog/all.sql".to_owned(), text.into_bytes())]);
    let (changelog, _) = Changelog::read(&files, "changelog/all.sql", &Surroundings::default());
    Release {
        version: version(count),
        image: image(count),
        archive: format!("v{count}.zip"),
        archive_digest: format!("{count:04x}"),
        changelog: Arc::new(changelog),
        oldest_images: OldestImages::new(),
    }
}

/// What is there when a release was brought.
fn ledger(count: usize) -> Ledger {
    let changelog = release(count).changelog;
    let rows = changelog.changesets().iter().zip(1..).map(|(changeset, order)| LedgerRow {
        id: changeset.id.clone().into(),
        order,
        executed_at: Timestamp::UNIX_EPOCH,
        checksum: changeset.checksum().cloned(),
        tag: None,
        deployment: None,
    });
    Ledger { rows: rows.collect(), ..Ledger::default() }
}

fn forward() -> Plan {
    Plan::make(&environment(), &release(2), Some(&image(1)), &ledger(1), Procedure::default())
}

fn back() -> Plan {
    let facts = RollbackFacts {
        environment: &environment(),
        target: &release(1),
        catalog: &Catalog::new((1..=2).map(release).collect()),
        image: &image(2),
        ledger: &ledger(2),
        keep_schema: false,
    };
    facts.plan().0
}

fn way(plan: &mut Plan) -> &mut WayBack {
    match &mut plan.course {
        Course::Back(way) => way,
        Course::Forward(_) => panic!("it leads forward"),
    }
}
