//! Every condition of the table met and not met, and what votes add up to.

use jiff::tz::TimeZone;

use super::condition::TABLE;
use super::*;
use crate::domain::Timestamp;
use crate::domain::changelog::{Checksum, Place, Selection};
use crate::domain::drift::Comparison;
use crate::domain::drift::tests::{catalog, ledger, release};
use crate::domain::environment::Environment;
use crate::domain::journal::{Entry, History, Notice, Vote, VoteWord};
use crate::domain::ledger::{Ledger, LockState};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::observation::{ServiceStatus, ServiceView};
use crate::domain::plan::Plan;
use crate::domain::platform::Platform;
use crate::domain::policy::{Finding, Severity, Subject};
use crate::domain::procedure::Procedure;
use crate::domain::release::{ImageRef, Version};
use crate::domain::schema::judgement::SchemaDrift;

/// A moment in which nothing is frozen: a Saturday at noon.
const NOON: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).unwrap()
}

fn service(image: &str) -> ServiceView {
    ServiceView {
        platform: Platform::UNKNOWN,
        status: ServiceStatus::Running,
        image: ImageRef::new(format!("registry/store:{image}")),
        address: String::new(),
        updated_at: at("2026-11-21T11:30:00Z"),
        operation: None,
    }
}

/// v2.0.0 on its way from staging to prod, which runs v1.0.0; every condition of the gate is met.
struct Scene {
    prod: Environment,
    staging: EnvironmentName,
    history: History,
    runner: Option<Person>,
    now: Timestamp,
    /// How many changesets prod has.
    ledger: Ledger,
    services: [ServiceView; 2],
    before: Ledger,
    drifts: Option<Vec<SchemaDrift>>,
    running: Option<Version>,
    rival: Option<&'static str>,
    is_read_only: bool,
    is_without_image: bool,
    is_unknown: bool,
    /// What policy finds in the changesets of the plan.
    found: Vec<Finding>,
}

impl Scene {
    fn new() -> Self {
        let mut gate = Gate::new(Admission::Approve);
        gate.can_be_overridden = true;
        gate.drift_blocks = true;
        gate.before = Before { soak: Duration::from_hours(1), is_verified: true };
        gate.freezes = vec![Freeze::parse("Mon 08:00 - Mon 10:00", &TimeZone::UTC).unwrap()];
        let prod = Environment {
            name: name("prod"),
            after: vec![name("staging")],
            gate,
            production: true,
            service: "store-prod".to_owned(),
            database: "prod".to_owned(),
            selection: Selection::default(),
        };
        let mut scene = Self {
            prod,
            staging: name("staging"),
            history: History::default(),
            runner: Some(person("ana")),
            now: at(NOON),
            ledger: ledger(1),
            services: [service("v1.0.0"), service("v2.0.0")],
            before: ledger(2),
            drifts: Some(Vec::new()),
            running: None,
            rival: None,
            is_read_only: false,
            is_without_image: false,
            is_unknown: false,
            found: Vec::new(),
        };
        scene.run("staging", "v2.0.0", "", "2026-11-21T10:00:00Z");
        scene.say("bob", VoteWord::Approve);
        scene
    }

    fn plan(&self) -> Plan {
        Plan::make(&self.prod, &release(2), Some(&self.services[0].image), &self.ledger, Procedure::default())
    }

    fn run(&mut self, environment: &str, to: &str, plan: &str, ended: &str) {
        let run = RunId::from_text(format!("r-{environment}-{ended}"));
        let environment = name(environment);
        let began = Entry::Began {
            run: run.clone(),
            environment: environment.clone(),
            version: version(to),
            plan: plan.to_owned(),
            by: "ana".to_owned(),
            aim: None,
            reason: None,
            overridden: None,
        };
        let result = Ok("proven".to_owned());
        self.history.add(at(ended), &began);
        self.history.add(at(ended), &Entry::Concluded { run, environment, result, schema: None });
    }

    fn say(&mut self, by: &str, word: VoteWord) {
        self.say_at(by, word, "2026-11-21T11:00:00Z");
    }

    fn say_at(&mut self, by: &str, word: VoteWord, when: &str) {
        let plan = self.plan();
        let vote = Vote {
            environment: plan.environment.clone(),
            version: plan.version.clone(),
            plan: plan.digest().to_string(),
            by: by.to_owned(),
            arn: None,
            word,
            note: "because".to_owned(),
        };
        let planned = Entry::Planned {
            plan: plan.digest().to_string(),
            environment: plan.environment.clone(),
            version: plan.version.clone(),
            text: plan.canonical(),
        };
        self.history.add(at(when), &planned);
        self.history.add(at(when), &Entry::Voted(vote));
    }

    fn unmet(&self) -> Vec<Unmet> {
        let (plan, catalog) = (self.plan(), catalog());
        let comparison = Comparison::of(&release(2).changelog, &self.ledger, &self.prod.selection);
        let earlier = Comparison::of(&release(2).changelog, &self.before, &self.prod.selection);
        let here = Look {
            name: &self.prod.name,
            version: self.services[0].image.version(),
            service: Some(&self.services[0]),
            ledger: Some(&self.ledger),
            comparison: Some(&comparison),
            drifts: self.drifts.as_deref(),
        };
        let before = Look {
            name: &self.staging,
            version: self.services[1].image.version(),
            service: Some(&self.services[1]),
            ledger: Some(&self.before),
            comparison: Some(&earlier),
            drifts: Some(&[]),
        };
        let surroundings = Surroundings {
            is_read_only: self.is_read_only,
            now: self.now,
            begins: self.now,
            environment: &self.prod,
            plan: &plan,
            history: &self.history,
            run: None,
            runner: self.runner.clone(),
            here,
            before: vec![before],
            running: self.running.as_ref(),
            rival: self.rival,
            unknown: self.history.runs().first().filter(|_| self.is_unknown),
            catalog: Some(&catalog),
            policy: Some(Ok(Inspection {
                findings: self.found.clone(),
                checks: 12,
                blocks_at: Severity::Blocker,
                notes: Vec::new(),
            })),
            is_without_image: self.is_without_image,
        };
        unmet(&surroundings, |_| true)
    }

    fn whats(&self) -> Vec<String> {
        self.unmet().into_iter().map(|unmet| unmet.what).collect()
    }
}

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), arn: None }
}

fn notice(reason: &str) -> Notice {
    Notice { by: "cleo".to_owned(), reason: reason.to_owned() }
}

fn edited(ledger: &mut Ledger) {
    ledger.rows[0].checksum = Some(Checksum::stored("9:00000000000000000000000000000000"));
}

fn finding() -> Finding {
    Finding {
        check: "SqlGrantWarn".to_owned(),
        title: "Grant".to_owned(),
        severity: Severity::Blocker,
        subject: Subject::Changeset(release(2).changelog.changesets()[1].id.clone()),
        place: Some(Place { file: "changelog/all.sql".to_owned(), line: 5 }),
        column: Some(1),
        statement: "grant select\n  on t2 to public".to_owned(),
        within: Some("function f".to_owned()),
        why: "A privilege is granted.".to_owned(),
        mend: "Grant it outside of the changelog.".to_owned(),
        waiver: None,
    }
}

/// What makes exactly one condition unmet, and what is then said.
type Spoil = fn(&mut Scene);

const SCENES: &[(Condition, Spoil, &str)] = &[
    (Condition::Busy, |scene| scene.running = Some(version("v1.5.0")), "v1.5.0 is being promoted to prod"),
    (Condition::Rival, |scene| scene.rival = Some("r-7 of bob"), "r-7 of bob is promoting to prod"),
    (
        Condition::Unknown,
        |scene| scene.is_unknown = true,
        "what became of r-staging-2026-11-21T10:00:00Z is unknown: v2.0.0 to prod, begun by ana",
    ),
    (
        Condition::Line,
        |scene| scene.history.add(at(NOON), &Entry::Line { stopped: true, notice: notice("alarms") }),
        "the line is stopped by cleo since 2026-11-21 12:00 UTC: alarms",
    ),
    (
        Condition::Barred,
        |scene| {
            let barred =
                Entry::Barred { version: version("v2.0.0"), barred: true, notice: notice("it leaks") };
            scene.history.add(at(NOON), &barred);
        },
        "v2.0.0 goes no further, says cleo: it leaks",
    ),
    (
        Condition::Nothing,
        |scene| {
            scene.ledger = ledger(2);
            scene.services[0] = service("v2.0.0");
        },
        "prod runs v2.0.0 already, with every changeset",
    ),
    (Condition::ReadOnly, |scene| scene.is_read_only = true, "lockstep only reads here"),
    (
        Condition::Image,
        |scene| scene.is_without_image = true,
        "the image registry/store:v2.0.0 is not in its registry",
    ),
    (
        Condition::Newer,
        |scene| {
            scene.services[0] = service("v3.0.0");
            scene.say("bob", VoteWord::Approve);
        },
        "prod runs v3.0.0, newer than v2.0.0",
    ),
    (Condition::Order, |scene| scene.services[1] = service("v1.0.0"), "staging runs v1.0.0, not v2.0.0"),
    (
        Condition::Verified,
        |scene| {
            scene.history = History::default();
            scene.services[1].updated_at = at("2026-11-21T10:00:00Z");
            scene.say("bob", VoteWord::Approve);
        },
        "it is not on record that v2.0.0 was proven in staging",
    ),
    (
        Condition::Soak,
        |scene| scene.run("staging", "v2.0.0", "", "2026-11-21T11:20:00Z"),
        "v2.0.0 has run in staging for 40 min of 60 min",
    ),
    (
        Condition::Freeze,
        |scene| scene.now = at("2026-11-23T09:59:00Z"),
        "prod is frozen: Mon 08:00 - Mon 10:00 UTC",
    ),
    (Condition::Drift, |scene| scene.drifts = None, "it is not known whether the schema of prod drifts"),
    (
        Condition::Policy,
        |scene| scene.found = vec![finding()],
        "all.sql:5: SqlGrantWarn (BLOCKER, in function f): grant select on t2 to public",
    ),
    (Condition::Rejected, |scene| scene.say("dan", VoteWord::Reject), "dan rejected the plan PLAN: because"),
    (Condition::Approval, |scene| scene.prod.gate.approval.needed = 2, "the plan PLAN has 1 of 2 approvals"),
    (
        Condition::Service,
        |scene| scene.services[0].status = ServiceStatus::Paused,
        "the service of prod is paused",
    ),
    (
        Condition::Lock,
        |scene| {
            let since = None;
            scene.ledger.lock = LockState::Held { by: "host-3".to_owned(), since };
        },
        "host-3 holds Liquibase's lock on prod",
    ),
    (Condition::Edited, |scene| edited(&mut scene.ledger), "changeset 1 was edited after it ran in prod"),
];

#[test]
fn nothing_stands_in_the_way_when_every_condition_is_met() {
    assert_eq!(Scene::new().unmet(), []);
}

#[test]
fn every_condition_stands_in_the_way_alone_and_says_how_to_meet_it() {
    for (condition, spoil, what) in SCENES {
        let mut scene = Scene::new();
        spoil(&mut scene);
        let unmet = scene.unmet();
        let what = what.replace("PLAN", scene.plan().digest().short());
        let [only] = unmet.as_slice() else { panic!("{condition:?}: {unmet:#?}") };
        assert_eq!((only.condition, &only.what), (*condition, &what));
        assert!(only.how.ends_with(['.', '`']) && only.how.len() > 10, "{}", only.how);
        let is_rule = condition.nature() == Nature::Rule;
        assert_eq!(only.can_override, is_rule, "{condition:?}: only a rule of the gate can be overridden");
        scene.prod.gate.can_be_overridden = false;
        assert!(scene.unmet().iter().all(|unmet| !unmet.can_override), "{condition:?}");
    }
}

/// The conditions that stand in the way of v2.0.0 while prod runs this image on a schema with so many changesets.
fn newer(image: &str, changesets: usize) -> Vec<Unmet> {
    let mut scene = Scene::new();
    scene.services[0] = service(image);
    scene.ledger = ledger(changesets);
    scene.unmet().into_iter().filter(|unmet| unmet.condition == Condition::Newer).collect()
}

#[test]
fn a_release_does_not_go_forward_to_an_older_one_of_image_or_schema() {
    let [only] = &newer("v3.0.0", 3)[..] else { panic!("it is said once") };
    assert_eq!(only.what, "prod runs v3.0.0, newer than v2.0.0");
    assert_eq!(only.how, "Go back with `lockstep rollback prod --to v2.0.0`.");
    assert!(!only.can_override, "a rollback cannot be overridden either, and this would go round it");
    // The database went ahead and the app did not follow, whether it runs this release or one before.
    for image in ["v1.0.0", "v2.0.0", "latest"] {
        let [only] = &newer(image, 3)[..] else { panic!("{image}: it is said once") };
        assert_eq!(only.what, "the schema of prod is that of v3.0.0, newer than v2.0.0");
        assert_eq!(only.how, "Go on to v3.0.0, or go back with `lockstep rollback prod --to v2.0.0`.");
    }
    // The same once more, what is half done, and what nobody can compare.
    for (image, changesets) in [("v2.0.0", 2), ("v2.0.0", 1), ("v1.0.0", 2), ("latest", 2)] {
        assert_eq!(newer(image, changesets), [], "{image}");
    }
}

#[test]
fn nobody_is_sent_back_to_an_older_release_by_the_environment_before() {
    let mut scene = Scene::new();
    scene.services[1] = service("v3.0.0");
    scene.history = History::default();
    scene.say("bob", VoteWord::Approve);
    for condition in [Condition::Order, Condition::Verified] {
        let unmet = scene.unmet();
        let unmet = unmet.iter().find(|unmet| unmet.condition == condition).unwrap();
        let on = "staging has gone on: promote what it runs, `lockstep promote prod --release v3.0.0`.";
        assert_eq!(unmet.how, on, "{condition:?}");
    }
}

#[test]
fn every_row_of_the_table_has_its_scene_and_a_word_of_its_own() {
    for row in TABLE.iter().filter(|row| row.condition != Condition::WayBack) {
        assert!(SCENES.iter().any(|scene| scene.0 == row.condition), "{}", row.word);
        assert_eq!(TABLE.iter().filter(|other| other.word == row.word).count(), 1, "{}", row.word);
        assert_eq!(row.condition.word(), row.word);
    }
}

#[test]
fn drift_of_an_environment_before_stands_in_the_way_too_but_only_where_the_gate_asks() {
    let mut scene = Scene::new();
    edited(&mut scene.before);
    assert_eq!(scene.whats(), ["1 changeset of staging edited after it ran"]);
    scene.before.rows = ledger(3).rows;
    assert_eq!(scene.whats(), ["1 changeset of staging that the release does not know"]);
    scene.prod.gate.drift_blocks = false;
    assert_eq!(scene.whats(), Vec::<String>::new());
}

#[test]
fn a_release_that_lockstep_did_not_bring_soaks_from_the_last_change_of_its_service() {
    let mut scene = Scene::new();
    scene.prod.gate.before.is_verified = false;
    scene.history = History::default();
    scene.say("bob", VoteWord::Approve);
    assert_eq!(scene.whats(), ["v2.0.0 has run in staging for 30 min of 60 min"]);
    let [unmet] = &scene.unmet()[..] else { panic!() };
    assert_eq!(unmet.how, "Wait until 2026-11-21 12:30 UTC.");
}

/// Votes in order, and how many count when ana promotes; `!` stands for a rejection that stands.
const BALLOTS: &[(&[(&str, VoteWord)], &str)] = &[
    (&[], "0"),
    (&[("bob", VoteWord::Approve)], "1"),
    // Once each.
    (&[("bob", VoteWord::Approve), ("bob", VoteWord::Approve)], "1"),
    (&[("bob", VoteWord::Approve), ("cleo", VoteWord::Approve)], "2"),
    // Not whoever promotes, nor whoever asks.
    (&[("ana", VoteWord::Approve)], "0"),
    (&[("bob", VoteWord::Request), ("bob", VoteWord::Approve)], "0"),
    // Where somebody else asked, whoever promotes is an approver like any other.
    (&[("bob", VoteWord::Request), ("ana", VoteWord::Approve)], "1"),
    // Of what one person says, the newest counts.
    (&[("bob", VoteWord::Approve), ("bob", VoteWord::Reject)], "0!"),
    (&[("bob", VoteWord::Reject), ("bob", VoteWord::Approve)], "1"),
    // Somebody else's approval does not lift a rejection.
    (&[("bob", VoteWord::Reject), ("cleo", VoteWord::Approve)], "1!"),
    // Asking again begins a new round, in which nothing from before counts.
    (&[("cleo", VoteWord::Approve), ("bob", VoteWord::Reject), ("ana", VoteWord::Request)], "0"),
    (&[("bob", VoteWord::Reject), ("ana", VoteWord::Request), ("cleo", VoteWord::Approve)], "1"),
    // Without a rejection, asking again changes nothing.
    (&[("bob", VoteWord::Approve), ("ana", VoteWord::Request)], "1"),
];

#[test]
fn votes_add_up_by_the_rules() {
    for (votes, expected) in BALLOTS {
        let mut scene = Scene::new();
        scene.history = History::default();
        for (by, word) in *votes {
            scene.say(by, *word);
        }
        let plan = scene.plan();
        let tally = Tally::of(&scene.history, &plan.environment, plan.digest().as_str());
        let counting = scene.prod.gate.approval.counting(&tally, scene.runner.as_ref()).len();
        let rejected = if tally.rejections.is_empty() { "" } else { "!" };
        assert_eq!(&format!("{counting}{rejected}"), expected, "{votes:?}");
    }
}

#[test]
fn who_promotes_may_approve_where_the_gate_says_so_and_nobody_counts_while_that_is_unknown() {
    let mut scene = Scene::new();
    scene.history = History::default();
    scene.say("ana", VoteWord::Approve);
    let plan = scene.plan();
    let tally = Tally::of(&scene.history, &plan.environment, plan.digest().as_str());
    let rule = &mut scene.prod.gate.approval;
    assert_eq!(rule.counting(&tally, Some(&person("bob"))).len(), 1);
    assert_eq!(rule.counting(&tally, None).len(), 0);
    rule.requester_may_approve = true;
    assert_eq!(rule.counting(&tally, Some(&person("ana"))).len(), 1);
    rule.approvers = vec!["bob".to_owned()];
    assert_eq!(rule.counting(&tally, Some(&person("cleo"))).len(), 0);
}

#[test]
fn an_approval_is_used_up_by_a_promotion_that_was_proven() {
    let mut scene = Scene::new();
    let digest = scene.plan().digest().to_string();
    scene.run("prod", "v2.0.0", &digest, "2026-11-21T11:30:00Z");
    assert_eq!(scene.whats(), [format!("the plan {} has 0 of 1 approval", &digest[..6])]);
    scene.say_at("bob", VoteWord::Approve, "2026-11-21T11:40:00Z");
    assert_eq!(scene.unmet(), []);
}

#[test]
fn an_approval_of_another_plan_has_lapsed_and_says_in_what_that_differed() {
    let mut scene = Scene::new();
    let before = scene.plan().digest().short().to_owned();
    scene.services[0] = service("v1.1.0");
    let now = scene.plan().digest().short().to_owned();
    assert_ne!(before, now);
    assert_eq!(
        scene.whats(),
        [
            format!("the plan {now} has 0 of 1 approval"),
            format!(
                "the plan {before} that bob approved has changed: image-from …v1.0.0 → …v1.1.0; anchor-new …"
            ),
        ]
        .map(|text| text.replace("anchor-new …", "anchor-new before-2-after-v1.0.0 → before-2-after-v1.1.0")),
    );
}

#[test]
fn a_waiver_covers_the_condition_that_was_overridden_and_no_other() {
    let mut scene = Scene::new();
    scene.prod.gate.approval.needed = 2;
    let waiver = Waiver { unmet: scene.unmet(), reason: "the shop is down".to_owned() };
    assert!(scene.unmet().iter().all(|unmet| waiver.covers(unmet)));
    scene.say("dan", VoteWord::Reject);
    scene.now = at("2026-11-23T09:00:00Z");
    let rest: Vec<_> = scene.unmet().into_iter().filter(|unmet| !waiver.covers(unmet)).collect();
    assert_eq!(
        rest.iter().map(|unmet| unmet.condition).collect::<Vec<_>>(),
        [Condition::Freeze, Condition::Rejected]
    );
}

/// An approver as configured, a caller, and whether that is the approver.
const NAMED: &[(&str, &str, bool)] = &[
    ("ana", "ana", true),
    ("ana", "anastasia", false),
    ("ana", "arn:aws:iam::123456789012:user/ana", true),
    ("arn:aws:iam::123456789012:user/ana", "arn:aws:iam::123456789012:user/ana", true),
    ("arn:aws:iam::123456789012:user/ana", "arn:aws:iam::999999999999:user/ana", false),
    ("arn:aws:iam::123456789012:user/ana", "ana", false),
    ("arn:aws:iam::123456789012:role/Release", "arn:aws:sts::123456789012:assumed-role/Release/ana", true),
    (
        "arn:aws:iam::123456789012:role/team/Release",
        "arn:aws:sts::123456789012:assumed-role/Release/ana",
        true,
    ),
    (
        "arn:aws:sts::123456789012:assumed-role/Release",
        "arn:aws:sts::123456789012:assumed-role/Release/ana",
        true,
    ),
    (
        "arn:aws:sts::123456789012:assumed-role/Release/ana",
        "arn:aws:sts::123456789012:assumed-role/Release/ana",
        true,
    ),
    (
        "arn:aws:sts::123456789012:assumed-role/Release/ana",
        "arn:aws:sts::123456789012:assumed-role/Release/bob",
        false,
    ),
    ("arn:aws:iam::123456789012:role/Release", "arn:aws:sts::123456789012:assumed-role/Other/ana", false),
    ("arn:aws:iam::123456789012:role/Release", "arn:aws:sts::999999999999:assumed-role/Release/ana", false),
    ("arn:aws:iam::123456789012:role/Release", "arn:aws:iam::123456789012:user/Release", false),
];

fn caller(text: &str) -> Person {
    let name = text.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
    Person { name, arn: text.starts_with("arn:").then(|| text.to_owned()) }
}

#[test]
fn an_approver_is_named_by_name_by_arn_or_by_role() {
    for (named, who, is_meant) in NAMED {
        assert_eq!(caller(who).is_named(named), *is_meant, "{named} and {who}");
    }
}

#[test]
fn sessions_of_a_role_are_different_people_unless_a_tool_made_their_names_up() {
    let session = |name: &str| caller(&format!("arn:aws:sts::123456789012:assumed-role/Release/{name}"));
    assert!(!session("ana").is_same(&session("bob")));
    assert!(session("ana").is_same(&session("ana")));
    assert!(session("botocore-session-1700000000").is_same(&session("botocore-session-1700009999")));
    assert!(!session("botocore-session-1700000000").is_same(&session("ana")));
    assert!(person("ana").is_same(&session("ana")));
}

#[test]
fn an_override_of_policy_covers_the_findings_that_were_seen_and_no_other() {
    let mut scene = Scene::new();
    scene.found = vec![finding()];
    let waiver = Waiver { unmet: scene.unmet(), reason: "the reporting role needs it".to_owned() };
    assert_eq!(waiver.record().conditions, scene.whats());
    assert!(scene.unmet().iter().all(|unmet| waiver.covers(unmet)));
    scene.found[0].statement = "grant all on t2 to public".to_owned();
    assert!(!scene.unmet().iter().any(|unmet| waiver.covers(unmet)));
}

#[test]
fn what_is_waived_or_matters_less_does_not_stand_in_the_way() {
    let mut scene = Scene::new();
    scene.found = vec![finding()];
    scene.found[0].severity = Severity::Critical;
    assert_eq!(scene.whats(), Vec::<String>::new());
    let (reason, owner) = ("it is the demo".to_owned(), "ana".to_owned());
    let waiver = crate::domain::policy::Waiver { reason, owner, expires: "2026-12-31".parse().unwrap() };
    scene.found = vec![Finding { waiver: Some(waiver), ..finding() }];
    assert_eq!(scene.whats(), Vec::<String>::new());
}
