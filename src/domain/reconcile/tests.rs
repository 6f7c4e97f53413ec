//! Every last record against every world: nothing is called finished without every proof, nothing is called not
//! started when something was changed, and nothing unsafe is offered.

use std::fmt::Write as _;
use std::time::Duration;

use super::*;
use crate::domain::changelog::{Changelog, Files, Surroundings};
use crate::domain::drift::tests::{ledger, release};
use crate::domain::journal::Aim;
use crate::domain::lock::Grant;
use crate::domain::observation::{OperationStatus, ServiceStatus};
use crate::domain::platform::Platform;
use crate::domain::release::ImageRef;

const RUN: &str = "r-20261121-140155000-test";

/// What the run recorded last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Last {
    Began,
    AnchorIntended,
    AnchorDone,
    UpdateIntended,
    UpdateFailed,
    UpdateUnknown,
    UpdateDone,
    ServiceIntended,
    Operated,
    ServiceFailed,
    ServiceDone,
    Unwatched,
}

/// What the rows show of its changesets.
#[derive(Debug, Clone, Copy, PartialEq)]
enum RowsSeen {
    None,
    OnlyTheTag,
    Half,
    All,
    Unseen,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum LockSeen {
    Free,
    Stale,
    LiquibaseAlive,
    RunAlive,
    ProcessAlive,
    OthersAlive,
    OthersStale,
    Unseen,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum TrailSeen {
    Empty,
    Changed,
    Unseen,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum ServiceSeen {
    Old,
    New,
    Other,
    Busy,
    Unseen,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum UpdatesSeen {
    None,
    UnderWay,
    Succeeded,
    RolledBack,
    Two,
    Unseen,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum HealthSeen {
    New,
    Old,
    Unwell,
    Unseen,
}

const LASTS: [Last; 12] = [
    Last::Began,
    Last::AnchorIntended,
    Last::AnchorDone,
    Last::UpdateIntended,
    Last::UpdateFailed,
    Last::UpdateUnknown,
    Last::UpdateDone,
    Last::ServiceIntended,
    Last::Operated,
    Last::ServiceFailed,
    Last::ServiceDone,
    Last::Unwatched,
];
const ROWS: [RowsSeen; 5] =
    [RowsSeen::None, RowsSeen::OnlyTheTag, RowsSeen::Half, RowsSeen::All, RowsSeen::Unseen];
const LOCKS: [LockSeen; 8] = [
    LockSeen::Free,
    LockSeen::Stale,
    LockSeen::LiquibaseAlive,
    LockSeen::RunAlive,
    LockSeen::ProcessAlive,
    LockSeen::OthersAlive,
    LockSeen::OthersStale,
    LockSeen::Unseen,
];
const TRAILS: [TrailSeen; 3] = [TrailSeen::Empty, TrailSeen::Changed, TrailSeen::Unseen];
const SERVICES: [ServiceSeen; 5] =
    [ServiceSeen::Old, ServiceSeen::New, ServiceSeen::Other, ServiceSeen::Busy, ServiceSeen::Unseen];
const UPDATES: [UpdatesSeen; 6] = [
    UpdatesSeen::None,
    UpdatesSeen::UnderWay,
    UpdatesSeen::Succeeded,
    UpdatesSeen::RolledBack,
    UpdatesSeen::Two,
    UpdatesSeen::Unseen,
];
const HEALTHS: [HealthSeen; 4] = [HealthSeen::New, HealthSeen::Old, HealthSeen::Unwell, HealthSeen::Unseen];

/// What the run set out to do.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Goal {
    /// v1 to v3: two changesets and the image.
    Forward,
    /// Back again.
    Back,
    /// The image alone.
    Image,
}

/// A world that a run is held against.
#[derive(Debug, Clone, Copy)]
struct World {
    goal: Goal,
    rows: RowsSeen,
    lock: LockSeen,
    trail: TrailSeen,
    service: ServiceSeen,
    updates: UpdatesSeen,
    health: HealthSeen,
    is_overtaken: bool,
}

/// Nothing was done, and nothing of the run is left.
const UNTOUCHED: World = World {
    goal: Goal::Forward,
    rows: RowsSeen::None,
    lock: LockSeen::Free,
    trail: TrailSeen::Empty,
    service: ServiceSeen::Old,
    updates: UpdatesSeen::None,
    health: HealthSeen::Old,
    is_overtaken: false,
};

/// Everything was done.
const DONE: World = World {
    rows: RowsSeen::All,
    service: ServiceSeen::New,
    updates: UpdatesSeen::Succeeded,
    health: HealthSeen::New,
    ..UNTOUCHED
};

fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

fn image(version: &str) -> ImageRef {
    ImageRef::new(format!("registry/store:{version}"))
}

fn changeset(number: usize) -> ChangesetId {
    ChangesetId { path: "changelog/all.sql".to_owned(), id: number.to_string(), author: "store".to_owned() }
}

fn past(number: u8) -> PastRun {
    let mut history = crate::domain::journal::History::default();
    let entry = crate::domain::journal::Entry::Began {
        run: RunId::from_text(if number == 1 { RUN } else { "r-20261121-150000000-test" }),
        environment: EnvironmentName::parse("test").unwrap(),
        version: Version::parse("v3.0.0").unwrap(),
        plan: "8c41f0".to_owned(),
        by: "ana".to_owned(),
        aim: None,
        reason: None,
        overridden: None,
    };
    history.add(at(if number == 1 { "14:01:55" } else { "15:00:00" }), &entry);
    history.runs()[0].clone()
}

fn run(last: Last, goal: Goal) -> PastRun {
    let is_back = goal == Goal::Back;
    let (from, to) = if is_back { ("v3.0.0", "v1.0.0") } else { ("v1.0.0", "v3.0.0") };
    let mut run = past(1);
    run.version = Version::parse(to).unwrap();
    let changesets = match goal {
        Goal::Forward => vec![changeset(2), changeset(3)],
        Goal::Back => vec![changeset(3), changeset(2)],
        Goal::Image => vec![],
    };
    let has_changesets = !changesets.is_empty();
    run.aim = Some(Aim {
        direction: if is_back { Direction::Back } else { Direction::Forward },
        image_from: Some(image(from)),
        image_to: image(to),
        changesets,
        rows: if is_back { 3 } else { 1 },
        anchor: Some("before-2".to_owned()),
    });
    let failure = |kind| Err(Failure::new(kind, "it failed"));
    let mut announce = |step, from: Last, result: Option<Result<String, Failure>>| {
        if last >= from && (has_changesets || step == StepKind::Service) {
            run.intents.push(PastIntent { at: at("14:02:00"), step, what: "do it".to_owned(), result });
        }
    };
    let done = |from: Last| (last >= from).then(|| Ok("done".to_owned()));
    announce(StepKind::Anchor, Last::AnchorIntended, done(Last::AnchorDone));
    let update = match last {
        Last::UpdateFailed => Some(failure(FailureKind::ActionNeeded)),
        Last::UpdateUnknown => Some(failure(FailureKind::Unknown)),
        _ => done(Last::UpdateDone),
    };
    announce(StepKind::Update, Last::UpdateIntended, update);
    let service = match last {
        Last::ServiceFailed => Some(failure(FailureKind::ActionNeeded)),
        Last::Unwatched => Some(failure(FailureKind::Unknown)),
        _ => done(Last::ServiceDone),
    };
    announce(StepKind::Service, Last::ServiceIntended, service);
    if last >= Last::Operated {
        run.operation = Some("51c0".to_owned());
    }
    if matches!(last, Last::UpdateUnknown | Last::Unwatched) {
        run.conclusion = Some((at("14:05:00"), failure(FailureKind::Unknown)));
    }
    run
}

fn operation(id: &str, status: OperationStatus) -> Operation {
    Operation { id: id.to_owned(), status, started_at: Some(at("14:02:01")), ended_at: None }
}

fn session(process: i32, name: &str) -> Session {
    Session {
        process,
        name: name.to_owned(),
        user: None,
        address: None,
        began: Some(at("14:01:00")),
        state: Some("active".to_owned()),
        changed: Some(at("14:02:00")),
        query: None,
        waits_for: None,
        blocked_by: Vec::new(),
    }
}

fn sight(lock: LockSeen) -> LockSight {
    let held = |by: &str| Some(Grant { by: by.to_owned(), wall: Some(at("14:02:00")) });
    let own = format!("vm#{RUN} (10.0.0.2)");
    let (liquibase, promoting, sessions) = match lock {
        LockSeen::Stale => (held(&own), vec![], vec![]),
        LockSeen::LiquibaseAlive => (held(&own), vec![], vec![session(8, RUN)]),
        LockSeen::RunAlive => (None, vec![7], vec![session(7, RUN)]),
        LockSeen::OthersAlive => {
            (held("build-7 (10.0.0.7)"), vec![], vec![session(9, "PostgreSQL JDBC Driver")])
        }
        LockSeen::OthersStale => (held("build-7 (10.0.0.7)"), vec![], vec![]),
        LockSeen::Free | LockSeen::ProcessAlive | LockSeen::Unseen => (None, vec![], vec![]),
    };
    LockSight { at: at("14:10:00"), liquibase, promoting, sessions }
}

/// What takes long to make.
struct Known {
    releases: [Release; 2],
    ledgers: [Ledger; 3],
}

impl Default for Known {
    fn default() -> Self {
        Self { releases: [release(1), release(3)], ledgers: [ledger(1), ledger(2), ledger(3)] }
    }
}

impl World {
    fn ledger(self, ledgers: &[Ledger; 3]) -> Ledger {
        let done = match self.rows {
            RowsSeen::All => 2,
            RowsSeen::Half => 1,
            RowsSeen::None | RowsSeen::OnlyTheTag | RowsSeen::Unseen => 0,
        };
        let mut ledger = match self.goal {
            Goal::Forward => ledgers[done].clone(),
            Goal::Back => ledgers[2 - done].clone(),
            // Another release brought them before.
            Goal::Image => ledgers[2].clone(),
        };
        if self.rows == RowsSeen::OnlyTheTag {
            ledger.rows[0].tag = Some("before-2".into());
        }
        ledger
    }

    fn versions(self) -> [&'static str; 2] {
        if self.goal == Goal::Back { ["v3.0.0", "v1.0.0"] } else { ["v1.0.0", "v3.0.0"] }
    }

    fn service(self) -> ServiceView {
        let [old, new] = self.versions();
        ServiceView {
            platform: Platform::UNKNOWN,
            status: if self.service == ServiceSeen::Busy {
                ServiceStatus::Busy
            } else {
                ServiceStatus::Running
            },
            image: image(match self.service {
                ServiceSeen::Old => old,
                ServiceSeen::Other => "v2.0.0",
                ServiceSeen::New | ServiceSeen::Busy | ServiceSeen::Unseen => new,
            }),
            address: String::new(),
            updated_at: at("14:00:00"),
            operation: None,
        }
    }

    fn updates(self) -> Vec<Operation> {
        let mut before = operation("0001", OperationStatus::Succeeded);
        before.started_at = Some(at("09:00:00"));
        let newer = match self.updates {
            UpdatesSeen::None | UpdatesSeen::Unseen => vec![],
            UpdatesSeen::UnderWay => vec![operation("51c0", OperationStatus::Running)],
            UpdatesSeen::Succeeded => vec![operation("51c0", OperationStatus::Succeeded)],
            UpdatesSeen::RolledBack => vec![operation("51c0", OperationStatus::RolledBack)],
            UpdatesSeen::Two => vec![
                operation("51c1", OperationStatus::Succeeded),
                operation("51c0", OperationStatus::Succeeded),
            ],
        };
        newer.into_iter().chain([before]).collect()
    }

    fn health(self) -> HealthView {
        let [old, new] = self.versions();
        let version = if self.health == HealthSeen::New { new } else { old };
        HealthView {
            status: if self.health == HealthSeen::Unwell { 503 } else { 200 },
            latency: Duration::from_millis(7),
            reason: None,
            version: Version::parse(version).ok(),
            image: None,
        }
    }

    fn judge(self, run: &PastRun) -> Report {
        self.judge_with(&Known::default(), run)
    }

    fn judge_with(self, known: &Known, run: &PastRun) -> Report {
        let selection = Selection::default();
        let release = &known.releases[usize::from(self.goal != Goal::Back)];
        let (ledger, sight, service) = (self.ledger(&known.ledgers), sight(self.lock), self.service());
        let (updates, health, newer) = (self.updates(), self.health(), past(2));
        let changed = self.trail == TrailSeen::Changed;
        let trail = Trail { objects: changed.then(|| "table t2".to_owned()).into_iter().collect() };
        let unless = |is_unseen: bool, what: &str| {
            if is_unseen { Err(format!("{what} does not answer")) } else { Ok(()) }
        };
        judge(
            run,
            &Looks {
                at: at("14:10:00"),
                release: Some(release),
                selection: &selection,
                ledger: unless(self.rows == RowsSeen::Unseen, "the database").map(|()| &ledger),
                locks: unless(self.lock == LockSeen::Unseen, "the database").map(|()| &sight),
                trail: unless(self.trail == TrailSeen::Unseen, "the database").map(|()| &trail),
                service: unless(self.service == ServiceSeen::Unseen, "AWS").map(|()| &service),
                updates: unless(self.updates == UpdatesSeen::Unseen, "AWS").map(|()| updates.as_slice()),
                health: unless(self.health == HealthSeen::Unseen, "the application").map(|()| &health),
                has_process: self.lock == LockSeen::ProcessAlive,
                is_beginning: false,
                was_freed: false,
                claimed: &["0001"],
                newer: self.is_overtaken.then_some(&newer),
            },
        )
    }

    fn is_alive(self) -> bool {
        matches!(self.lock, LockSeen::LiquibaseAlive | LockSeen::RunAlive | LockSeen::ProcessAlive)
    }

    /// Something could not be seen that matters.
    fn is_unseen(self) -> bool {
        let are_rows_unseen = self.rows == RowsSeen::Unseen && self.goal != Goal::Image;
        are_rows_unseen || self.lock == LockSeen::Unseen || self.service == ServiceSeen::Unseen
    }
}

/// Every world; health matters only where the new image runs.
fn worlds() -> impl Iterator<Item = World> {
    let goals = [Goal::Forward, Goal::Back, Goal::Image].into_iter();
    let worlds = goals.map(|goal| World { goal, ..UNTOUCHED });
    let worlds = worlds.flat_map(|it| ROWS.map(|rows| World { rows, ..it }));
    let worlds = worlds.flat_map(|it| LOCKS.map(|lock| World { lock, ..it }));
    let worlds = worlds.flat_map(|it| TRAILS.map(|trail| World { trail, ..it }));
    let worlds = worlds.flat_map(|it| SERVICES.map(|service| World { service, ..it }));
    let worlds = worlds.flat_map(|it| UPDATES.map(|updates| World { updates, ..it }));
    let worlds = worlds.flat_map(|it| [false, true].map(|is_overtaken| World { is_overtaken, ..it }));
    worlds.flat_map(|it| {
        let matters = it.service == ServiceSeen::New && !it.is_overtaken;
        let healths = if matters { HEALTHS.as_slice() } else { &HEALTHS[1..2] };
        healths.iter().map(move |health| World { health: *health, ..it })
    })
}

#[test]
fn in_every_world_the_finding_is_proven_and_what_is_offered_is_safe() {
    let mut reached = [0_usize; Finding::ALL.len()];
    let known = Known::default();
    for last in LASTS {
        let runs = [Goal::Forward, Goal::Back, Goal::Image].map(|goal| run(last, goal));
        // What the catalog shows matters only for a Liquibase of which nobody knows how it ended.
        let is_asked = matches!(last, Last::UpdateIntended | Last::UpdateUnknown);
        for world in worlds().filter(|world| is_asked || world.trail == TrailSeen::Empty) {
            let report = world.judge_with(&known, &runs[world.goal as usize]);
            assert_safe(last, world, &report);
            reached[Finding::ALL.iter().position(|finding| *finding == report.finding).unwrap()] += 1;
        }
    }
    assert!(reached.iter().all(|count| *count > 0), "{reached:?}");
}

#[expect(clippy::cognitive_complexity, reason = "one rule after the other, each an assertion")]
fn assert_safe(last: Last, world: World, report: &Report) {
    let case = || format!("{last:?} {world:#?}\n{report:#?}");
    let (finding, next) = (report.finding, &report.next);
    assert!(!next.is_empty() && !report.evidence.is_empty(), "{}", case());
    assert_eq!(report.result().is_some(), finding.is_conclusive(), "{}", case());
    assert_eq!(next.contains(&Next::Settle), finding.is_conclusive(), "{}", case());
    if world.is_alive() {
        assert_eq!(finding, Finding::Running, "{}", case());
    }
    if finding == Finding::Running {
        assert_eq!(next, &[Next::Attach, Next::LookAgain], "{}", case());
    }
    if next.contains(&Next::ReleaseLock) {
        assert_eq!(world.lock, LockSeen::Stale, "{}", case());
    }
    if next.iter().any(|next| matches!(next, Next::Resume(..) | Next::RollBack(_))) {
        assert!(!world.is_alive() && !world.is_unseen() && !world.is_overtaken, "{}", case());
        // Who works in the database is not in the way of a run that changes the image alone.
        assert!(world.lock != LockSeen::OthersAlive || world.goal == Goal::Image, "{}", case());
    }
    if finding == Finding::Finished {
        let has_rows =
            world.rows == RowsSeen::All || (world.goal == Goal::Image && world.rows != RowsSeen::Unseen);
        let is_there = has_rows && world.service == ServiceSeen::New;
        assert!(is_there && world.health == HealthSeen::New, "{}", case());
        let is_named = last >= Last::Operated && world.updates == UpdatesSeen::Two;
        assert!(world.updates == UpdatesSeen::Succeeded || is_named, "{}", case());
        assert!(last >= Last::ServiceIntended, "{}", case());
    }
    if matches!(finding, Finding::NotStarted | Finding::TakenBack) {
        let is_tag_set = world.rows == RowsSeen::OnlyTheTag && last >= Last::AnchorIntended;
        let is_untouched = world.goal == Goal::Image
            || (matches!(world.rows, RowsSeen::None | RowsSeen::OnlyTheTag) && !is_tag_set);
        assert!(is_untouched && world.service == ServiceSeen::Old, "{}", case());
    }
    if world.is_unseen() && !world.is_alive() {
        let is_honest = matches!(finding, Finding::MustLook | Finding::Running | Finding::Superseded);
        assert!(is_honest, "{}", case());
    }
    let is_open = matches!(last, Last::UpdateIntended | Last::UpdateUnknown);
    let is_cut_off = is_open && world.goal != Goal::Image && !matches!(world.rows, RowsSeen::All);
    // What undoes a changeset leaves no trace.
    let is_untold = last == Last::UpdateUnknown && world.goal == Goal::Back;
    let may_have_run = world.trail != TrailSeen::Empty || is_untold;
    if is_cut_off && may_have_run && !world.is_alive() && !world.is_overtaken {
        assert!(matches!(finding, Finding::MustLook | Finding::Running), "{}", case());
    }
}

#[test]
fn what_a_crash_leaves_behind_is_told_as_this_table_says() {
    let half_rows = World { rows: RowsSeen::Half, ..UNTOUCHED };
    let rows = World { rows: RowsSeen::All, ..UNTOUCHED };
    let deploying = World { service: ServiceSeen::Busy, updates: UpdatesSeen::UnderWay, ..rows };
    let back = |world: World| World { goal: Goal::Back, ..world };
    let image = |world: World| World { goal: Goal::Image, ..world };
    let cases = [
        ("before anything", Last::Began, UNTOUCHED),
        ("its process lives", Last::Began, World { lock: LockSeen::ProcessAlive, ..UNTOUCHED }),
        ("it runs on another machine", Last::Began, World { lock: LockSeen::RunAlive, ..UNTOUCHED }),
        ("before the tag", Last::AnchorIntended, UNTOUCHED),
        ("after the tag", Last::AnchorIntended, World { rows: RowsSeen::OnlyTheTag, ..UNTOUCHED }),
        ("before Liquibase began", Last::UpdateIntended, UNTOUCHED),
        ("Liquibase lives", Last::UpdateIntended, World { lock: LockSeen::LiquibaseAlive, ..UNTOUCHED }),
        ("Liquibase was killed at once", Last::UpdateIntended, World { lock: LockSeen::Stale, ..UNTOUCHED }),
        (
            "killed before a row",
            Last::UpdateIntended,
            World { lock: LockSeen::Stale, trail: TrailSeen::Changed, ..UNTOUCHED },
        ),
        ("killed half-way", Last::UpdateIntended, World { lock: LockSeen::Stale, ..half_rows }),
        ("killed before the unlock", Last::UpdateIntended, World { lock: LockSeen::Stale, ..rows }),
        ("a changeset failed", Last::UpdateFailed, half_rows),
        ("it was killed, and its lock let go", Last::UpdateUnknown, half_rows),
        ("the console was killed after the rows", Last::UpdateDone, rows),
        ("the rows went again", Last::UpdateDone, half_rows),
        ("before the update was sent", Last::ServiceIntended, rows),
        ("before the answer came", Last::ServiceIntended, deploying),
        ("while it deployed", Last::Operated, deploying),
        ("deployed unseen", Last::ServiceIntended, DONE),
        ("deployed", Last::Operated, DONE),
        ("deployed and unwell", Last::Operated, World { health: HealthSeen::Unwell, ..DONE }),
        ("deployed and silent", Last::Operated, World { health: HealthSeen::Unseen, ..DONE }),
        ("rolled back", Last::Operated, World { updates: UpdatesSeen::RolledBack, ..rows }),
        ("rolled back without rows", Last::Operated, World { updates: UpdatesSeen::RolledBack, ..UNTOUCHED }),
        ("nobody watched, and it is done", Last::Unwatched, DONE),
        ("somebody deployed another", Last::Operated, World { service: ServiceSeen::Other, ..DONE }),
        ("another deployed and no rows", Last::Began, World { service: ServiceSeen::Other, ..UNTOUCHED }),
        ("overtaken", Last::UpdateIntended, World { is_overtaken: true, ..half_rows }),
        ("two updates", Last::ServiceIntended, World { updates: UpdatesSeen::Two, ..DONE }),
        ("AWS is away", Last::Operated, World { service: ServiceSeen::Unseen, ..DONE }),
        (
            "the database is away",
            Last::Operated,
            World { rows: RowsSeen::Unseen, lock: LockSeen::Unseen, ..DONE },
        ),
        ("a stranger is at work", Last::UpdateIntended, World { lock: LockSeen::OthersAlive, ..half_rows }),
        ("back: nothing yet", Last::UpdateIntended, back(UNTOUCHED)),
        ("back: killed at once", Last::UpdateIntended, back(World { lock: LockSeen::Stale, ..UNTOUCHED })),
        ("back: killed, and its lock let go", Last::UpdateUnknown, back(half_rows)),
        ("back: half", Last::UpdateFailed, back(half_rows)),
        ("back: image only", Last::Operated, back(World { rows: RowsSeen::None, ..DONE })),
        ("back: all", Last::Operated, back(DONE)),
        ("image: not sent", Last::ServiceIntended, image(UNTOUCHED)),
        (
            "image: rolled back",
            Last::Operated,
            image(World { updates: UpdatesSeen::RolledBack, ..UNTOUCHED }),
        ),
        ("image: all", Last::Operated, image(DONE)),
    ];
    let mut table = String::new();
    for (case, last, world) in cases {
        let report = world.judge(&run(last, world.goal));
        let next: Vec<&str> = report.next.iter().map(Next::word).collect();
        writeln!(table, "{case:38} {:19} {}", report.finding.word(), next.join(", ")).unwrap();
        for because in &report.because {
            writeln!(table, "    {because}").unwrap();
        }
    }
    insta::assert_snapshot!("what_a_crash_leaves_behind", table);
}

#[test]
fn a_request_may_be_on_its_way_for_a_moment_after_whoever_sent_it_is_gone() {
    let mut run = run(Last::ServiceIntended, Goal::Forward);
    let world = World { rows: RowsSeen::All, ..UNTOUCHED };
    assert_eq!(world.judge(&run).finding, Finding::HalfDone);
    run.intents.last_mut().unwrap().at = at("14:09:55");
    let report = world.judge(&run);
    assert_eq!(report.finding, Finding::Running, "{report:#?}");
    assert!(report.because[0].contains("too early to tell"), "{report:#?}");
    // Somebody gave it up just now, who may have sent it until then.
    run.intents.last_mut().unwrap().at = at("14:02:00");
    run.conclusion = Some((at("14:09:55"), Err(Failure::new(FailureKind::Unknown, "nobody watches it"))));
    assert_eq!(world.judge(&run).finding, Finding::Running);
}

#[test]
fn a_part_of_a_changeset_without_a_transaction_may_have_run_although_liquibase_ended_by_itself() {
    let text = "--liquibase formatted sql\n--changeset store:1\ncreate table t1 (id int);\n\
                --changeset store:2 runInTransaction:false\ninsert into t1 values (1);\ncreate table t2 (id int);\n";
    let files = Files::from([("changelog/all.sql".to_owned(), text.as_bytes().to_vec())]);
    let (changelog, _) = Changelog::read(&files, "changelog/all.sql", &Surroundings::default());
    let mut known = Known::default();
    known.releases[1].changelog = changelog.into();
    let report = UNTOUCHED.judge_with(&known, &run(Last::UpdateIntended, Goal::Forward));
    assert_eq!(report.finding, Finding::MustLook, "{report:#?}");
    assert!(report.because[0].contains("does not run in a transaction"), "{report:#?}");
}

#[test]
fn every_step_is_told_with_the_command_that_does_it() {
    let report = World { rows: RowsSeen::All, lock: LockSeen::Stale, ..UNTOUCHED }
        .judge(&run(Last::UpdateIntended, Goal::Forward));
    let commands: Vec<String> = report.next.iter().map(|next| next.command(&report.environment)).collect();
    assert_eq!(
        commands,
        [
            "lockstep reconcile --release-lock test --confirm test",
            "lockstep reconcile test --settle",
            "lockstep promote test --release v3.0.0",
            "lockstep rollback test --to v1.0.0",
            "lockstep reconcile --resolve test --reason '…'",
        ]
    );
    let failure = report.result().unwrap().unwrap_err();
    assert_eq!(failure.kind, FailureKind::ActionNeeded);
    assert_eq!(failure.what, "v3.0.0 was brought to test by half");
}
