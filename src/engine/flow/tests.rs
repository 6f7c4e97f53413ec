//! Runs of flows as sequences of events: what is done, in which order, and how it ends.

use super::*;
use crate::domain::environment::Environment;
use crate::domain::failure::FailureKind;
use crate::domain::gate::{Admission, Gate};
use crate::domain::journal::{Entry, FlowWord, Notice};
use crate::domain::names::DemoId;
use crate::domain::report::{Kind as ReportKind, OperationReport, Outcome as Ending};
use crate::engine::State;
use crate::engine::effect::{DatabaseCall, Effect, FlowCall};
use crate::engine::event::{Event, EventKind, Identity, Intent, Progress, StepOutcome};

/// A world in which shells answer by what they were asked to say.
struct World {
    state: State,
    clock: i64,
    files: Vec<(&'static str, &'static str)>,
    /// What was carried out, and what was put on record.
    done: Vec<String>,
    existing: BTreeSet<String>,
    /// Somebody interrupts when these have begun.
    interrupt_at: Option<&'static str>,
    interrupt_again_at: Option<&'static str>,
    is_disk_full: bool,
    /// True once the action that runs was asked to stop.
    is_stopped: bool,
    reports: Vec<OperationReport>,
}

fn name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).unwrap()
}

impl World {
    fn new(files: &[(&'static str, &'static str)]) -> Self {
        let environment = |text: &str, admission, production| Environment {
            name: name(text),
            after: Vec::new(),
            gate: Gate::new(admission),
            production,
            service: String::new(),
            database: text.to_owned(),
            selection: crate::domain::changelog::Selection::default(),
        };
        let environments = vec![
            environment("dev", Admission::Automatic, false),
            environment("test", Admission::Confirm, false),
            environment("prod", Admission::Confirm, true),
        ];
        let id = DemoId::parse("demo1").unwrap();
        Self {
            state: State::new(id, "Store", "TEST", environments, Duration::from_secs(5)),
            clock: 0,
            files: files.to_vec(),
            done: Vec::new(),
            existing: BTreeSet::new(),
            interrupt_at: None,
            interrupt_again_at: None,
            is_disk_full: false,
            is_stopped: false,
            reports: Vec::new(),
        }
    }

    fn asking(environment: &str) -> Asking {
        Asking {
            path: "a.yaml".to_owned(),
            environment: Some(name(environment)),
            release: None,
            said: Vec::new(),
            confirm: None,
            force: false,
        }
    }

    fn run(&mut self) -> Outcome {
        self.ask(Self::asking("dev"))
    }

    fn ask(&mut self, asking: Asking) -> Outcome {
        self.happen(EventKind::Intent(Intent::RunFlow(Box::new(asking))));
        self.state.flow.as_ref().unwrap().outcome().unwrap().clone()
    }

    fn happen(&mut self, kind: EventKind) {
        self.clock += 1;
        let at = Timestamp::from_millisecond(self.clock).unwrap();
        let effects = self.state.apply(&Event { at, kind });
        let mut is_stopped = false;
        for effect in effects {
            if is_stopped && effect.run().is_some() {
                continue;
            }
            for kind in self.outcome(&effect) {
                is_stopped |= matches!(kind, EventKind::JournalFailed(..));
                self.happen(kind);
            }
        }
    }

    fn outcome(&mut self, effect: &Effect) -> Vec<EventKind> {
        match effect {
            Effect::Identify => {
                let identity = Identity { name: "ana".to_owned(), account: None, arn: None };
                vec![EventKind::Identified(Ok(identity))]
            }
            Effect::ReadJournal => vec![EventKind::Remembered(None)],
            Effect::Record(entry) => {
                let Entry::Flow { word, .. } = entry else { panic!("{entry:?}") };
                if self.is_disk_full && matches!(word, FlowWord::Intended { .. }) {
                    let failure = Failure::new(FailureKind::Failed, "the disk is full");
                    return vec![EventKind::JournalFailed(Box::new(entry.clone()), failure)];
                }
                let (word, rest) = match word {
                    FlowWord::Began { changes, .. } => ("began", changes.join("; ")),
                    FlowWord::Intended { action } => ("intended", action.clone()),
                    FlowWord::Ended { action, .. } => ("ended", action.clone()),
                    FlowWord::Concluded { code, .. } => ("concluded", code.to_string()),
                };
                self.done.push(format!("record {word}: {rest}"));
                Vec::new()
            }
            Effect::Flow(FlowCall::Read(run, asking)) => {
                let files = self.files.clone();
                let read = |path: &str| {
                    let found = files.iter().find(|(name, _)| *name == path);
                    found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "missing".to_owned())
                };
                let (script, problems) = Script::read("a.yaml", &Scope::default(), &read);
                assert_eq!(problems, []);
                let reading = Reading {
                    script: Arc::new(script.unwrap()),
                    environment: asking.environment.clone(),
                    notes: Vec::new(),
                    warnings: Vec::new(),
                };
                vec![EventKind::FlowRead(run.clone(), Ok(Box::new(reading)))]
            }
            Effect::Flow(FlowCall::Find(run, row, files)) => {
                let found = files.iter().filter(|file| self.existing.contains(*file)).cloned().collect();
                vec![EventKind::FlowFound(run.clone(), *row, found)]
            }
            Effect::Flow(FlowCall::Act { run, row, order }) => {
                let deed = self.act(order);
                vec![EventKind::FlowActed(run.clone(), *row, Box::new(deed))]
            }
            Effect::Flow(FlowCall::Stop(..)) => {
                self.is_stopped = true;
                Vec::new()
            }
            Effect::Database(_, DatabaseCall::Lock(run)) => {
                self.done.push("lock".to_owned());
                let ended = Progress::Ended(Ok(StepOutcome::Done(String::new())));
                vec![EventKind::Step(run.clone(), crate::domain::step::StepKind::Lock, ended)]
            }
            Effect::Database(_, DatabaseCall::Unlock(run)) => {
                self.done.push("unlock".to_owned());
                vec![EventKind::Unlocked(run.clone())]
            }
            Effect::Report(report) => {
                self.reports.push(OperationReport::clone(report));
                let filed = Filed { path: format!("reports/{}", report.run), upload: None };
                vec![EventKind::Reported(report.run.clone(), Ok(filed))]
            }
            _ => Vec::new(),
        }
    }

    /// `exit 3` ends with 3; `status` finds what its `verbose` says; `checks run` finds nothing; everything else goes
    /// well.
    fn act(&mut self, order: &Order) -> Deed {
        let (said, code, pending) = match &order.task {
            Task::Command { name, arguments, .. } => {
                let pending = arguments.iter().find(|given| given.name == "verbose");
                ((*name).to_owned(), 0, pending.and_then(|given| given.value.parse().ok()))
            }
            Task::Shell { command, .. } => {
                let code = command.strip_prefix("exit ").and_then(|code| code.parse().ok());
                (command.clone(), code.unwrap_or(0), None)
            }
        };
        self.done.push(said.clone());
        if [self.interrupt_at, self.interrupt_again_at].contains(&Some(said.as_str())) {
            self.happen(EventKind::Intent(Intent::Interrupt));
        }
        if std::mem::take(&mut self.is_stopped) {
            return Deed::failed(INTERRUPTED, Failure::new(FailureKind::Interrupted, "stopped"));
        }
        if code > 0 {
            return Deed::failed(code, Failure::new(FailureKind::Failed, format!("{said} failed")));
        }
        let verdict = (said == "checks run")
            .then(|| Verdict { checks: vec!["SqlGrantWarn".to_owned()], ..Verdict::default() });
        Deed { pending, verdict, ..Deed::done("well") }
    }

    fn statuses(&self) -> Vec<String> {
        let flow = self.state.flow.as_ref().unwrap();
        let words = flow.lines().map(|(row, status)| {
            let word = match status {
                RowStatus::Waiting => "waiting".to_owned(),
                RowStatus::Skipped(Skip::Ended) => "cut off".to_owned(),
                RowStatus::Skipped(Skip::Condition(text)) => format!("not: {text}"),
                RowStatus::Running { .. } => "running".to_owned(),
                RowStatus::Done { .. } => "done".to_owned(),
                RowStatus::Failed { code, .. } => format!("failed {code}"),
            };
            format!("{}: {word}", row.title())
        });
        words.collect()
    }
}

const FAILING: &str = "
stages:
  One:
    actions:
      - {type: shell, command: first}
      - {type: shell, command: exit 3}
      - {type: shell, command: never}
  Two: {actions: [{type: shell, command: never}]}
endStage:
  actions:
    - {type: shell, command: last}
    - {type: shell, command: very last}
";

#[test]
fn the_first_failure_ends_the_flow_and_the_end_stage_runs_all_the_same() {
    let mut world = World::new(&[("a.yaml", FAILING)]);
    let outcome = world.run();
    assert_eq!((outcome.code, outcome.is_refusal), (3, false));
    assert_eq!(outcome.failure.unwrap().what, "exit 3 failed");
    assert_eq!(world.done, ["first", "exit 3", "last", "very last"]);
    assert_eq!(
        world.statuses(),
        [
            "One: failed 3",
            "shell first: done",
            "shell exit 3: failed 3",
            "shell never: cut off",
            "Two: cut off",
            "shell never: cut off",
            "endStage: done",
            "shell last: done",
            "shell very last: done",
        ]
    );
}

#[test]
fn what_may_fail_does_not_end_the_flow_and_its_code_can_be_asked_for() {
    let text = "
stages:
  One:
    actions:
      - {type: shell, command: exit 3, continueOnError: true}
      - {type: shell, command: 'got ${exitCode}', if: 'exitCode == 3'}
      - {type: shell, command: never, if: 'statusCode == 3'}
";
    let mut world = World::new(&[("a.yaml", text)]);
    assert_eq!(world.run().code, 0);
    assert_eq!(world.done, ["exit 3", "got 3"]);
    assert_eq!(world.statuses()[3], "shell never: not: 0 == 3");
}

#[test]
fn an_exit_ends_the_flow_with_its_code_and_the_end_stage_runs() {
    let text = "
stages:
  One:
    actions:
      - {type: liquibase, command: status, cmdArgs: {verbose: 0}}
      - {type: control, command: exit, if: 'status.changesetCount == 0', cmdArgs: {exitCode: CODE, exitMessage: current}}
  Two: {actions: [{type: shell, command: never}]}
endStage: {actions: [{type: shell, command: last}]}
";
    for (code, written) in [(0, "0"), (7, "7")] {
        let text: &'static str = Box::leak(text.replace("CODE", written).into_boxed_str());
        let mut world = World::new(&[("a.yaml", text)]);
        let outcome = world.run();
        assert_eq!((outcome.code, outcome.message.as_deref()), (code, Some("current")));
        assert_eq!(outcome.failure.is_some(), code > 0);
        assert_eq!(world.done, ["status", "last"]);
    }
}

#[test]
fn a_stage_whose_condition_does_not_hold_is_not_gone_through() {
    let text = "
globalVariables: {ENV: dev}
stages:
  Closed: {if: \"${ENV} != dev\", actions: [{type: shell, command: never}]}
  Found: {if: \"exists('${ENV}.txt')\", actions: [{type: shell, command: found}]}
  Missing: {if: \"exists('none.txt', true)\", actions: [{type: shell, command: never}]}
";
    let mut world = World::new(&[("a.yaml", text)]);
    world.existing.insert("dev.txt".to_owned());
    assert_eq!(world.run().code, 0);
    assert_eq!(world.done, ["found"]);
    assert_eq!(world.statuses()[..2], ["Closed: not: dev != dev", "shell never: not: dev != dev"]);
}

const OUTER: &str = "
stages:
  One:
    actions:
      - {type: liquibase, command: flow, cmdArgs: {flow-file: b.yaml}}
      - {type: shell, command: after}
endStage: {actions: [{type: shell, command: outer end}]}
";

#[test]
fn an_exit_in_a_flow_in_a_flow_ends_that_one_only() {
    let inner = "
stages: {In: {actions: [{type: control, command: exit, cmdArgs: {exitCode: 3}}, {type: shell, command: never}]}}
endStage: {actions: [{type: shell, command: inner end}]}
";
    let mut world = World::new(&[("a.yaml", OUTER), ("b.yaml", inner)]);
    assert_eq!(world.run().code, 0);
    assert_eq!(world.done, ["inner end", "after", "outer end"]);
}

#[test]
fn a_failure_in_a_flow_in_a_flow_ends_both_and_both_end_stages_run() {
    let inner = "
stages: {In: {actions: [{type: shell, command: exit 4}]}}
endStage: {actions: [{type: shell, command: inner end}]}
";
    let mut world = World::new(&[("a.yaml", OUTER), ("b.yaml", inner)]);
    assert_eq!(world.run().code, 4);
    assert_eq!(world.done, ["exit 4", "inner end", "outer end"]);
}

#[test]
fn an_interrupt_stops_everything_but_the_end_stage_and_a_second_one_stops_that() {
    let mut world = World::new(&[("a.yaml", FAILING)]);
    world.interrupt_at = Some("first");
    let outcome = world.run();
    assert_eq!((outcome.code, outcome.failure.unwrap().kind), (INTERRUPTED, FailureKind::Interrupted));
    assert_eq!(world.done, ["first", "last", "very last"]);

    let mut world = World::new(&[("a.yaml", FAILING)]);
    world.interrupt_at = Some("last");
    assert_eq!(world.run().code, 3, "what ended it first counts");
    assert_eq!(world.done, ["first", "exit 3", "last", "very last"], "the end stage survives the first one");

    let mut world = World::new(&[("a.yaml", FAILING)]);
    world.interrupt_at = Some("first");
    world.interrupt_again_at = Some("last");
    assert_eq!(world.run().code, INTERRUPTED);
    assert_eq!(world.done, ["first", "last"]);
}

const CHANGING: &str = "
stages:
  Deploy:
    actions:
      - {type: liquibase, command: status}
      - {type: liquibase, command: update}
";

#[test]
fn a_change_is_on_record_before_it_happens_and_under_the_lock() {
    let mut world = World::new(&[("a.yaml", CHANGING)]);
    assert_eq!(world.run().code, 0);
    assert_eq!(
        world.done,
        [
            "record began: liquibase update in Deploy (a.yaml:6)",
            "lock",
            "status",
            "record intended: liquibase update in Deploy (a.yaml:6)",
            "update",
            "record ended: liquibase update in Deploy (a.yaml:6)",
            "unlock",
            "record concluded: 0",
        ]
    );
    let [flow] = world.state.history.flows() else { panic!() };
    assert!(flow.ended.is_some() && flow.is_settled);
}

#[test]
fn a_change_that_cannot_be_put_on_record_does_not_happen() {
    let mut world = World::new(&[("a.yaml", CHANGING)]);
    world.is_disk_full = true;
    let outcome = world.run();
    assert_eq!((outcome.code, outcome.failure.unwrap().what.as_str()), (1, "the disk is full"));
    assert!(!world.done.contains(&"update".to_owned()), "{:?}", world.done);
    assert!(world.done.contains(&"unlock".to_owned()));
}

#[test]
fn a_flow_changes_nothing_where_a_person_has_to_be_asked_first() {
    let dropping = "stages: {S: {actions: [{type: liquibase, command: drop-all}]}}";
    let unlocking = "stages: {S: {actions: [{type: liquibase, command: release-locks}]}}";
    let with = |environment: &str, confirm: Option<&str>, force| Asking {
        confirm: confirm.map(str::to_owned),
        force,
        ..World::asking(environment)
    };
    let nowhere = Asking { environment: None, ..World::asking("dev") };
    for (text, asking, refusal) in [
        (CHANGING, with("prod", Some("prod"), true), "it is a production environment"),
        (CHANGING, with("test", None, false), "has to be confirmed"),
        (CHANGING, with("test", Some("dev"), false), "`--confirm dev` does not name test"),
        (CHANGING, nowhere, "no environment was named"),
        (dropping, with("dev", None, false), "destroys what may not come back"),
        (dropping, with("dev", None, true), "has to be confirmed"),
        (unlocking, with("dev", Some("dev"), true), "without a proof"),
    ] {
        let mut world = World::new(&[("a.yaml", text)]);
        let outcome = world.ask(asking);
        let failure = outcome.failure.unwrap();
        assert!(failure.to_string().contains(refusal), "{failure}");
        assert_eq!((failure.kind, outcome.is_refusal), (FailureKind::Refused, true));
        assert_eq!(world.done, [""; 0], "nothing was done");
    }
    for (text, asking) in
        [(CHANGING, with("test", Some("test"), false)), (dropping, with("dev", Some("dev"), true))]
    {
        let mut world = World::new(&[("a.yaml", text)]);
        assert_eq!(world.ask(asking).code, 0);
    }
}

#[test]
fn after_a_change_whose_end_nobody_saw_nothing_is_changed_until_a_person_settles_it() {
    let mut world = World::new(&[("a.yaml", CHANGING)]);
    let entry = |word| Entry::Flow { run: RunId::from_text("r-dead"), environment: name("dev"), word };
    let began = FlowWord::Began { file: "b.yaml".to_owned(), by: "ben".to_owned(), changes: Vec::new() };
    for word in [began, FlowWord::Intended { action: "liquibase update in Deploy".to_owned() }] {
        world.state.history.add(Timestamp::UNIX_EPOCH, &entry(word));
    }
    let failure = world.run().failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Unknown);
    assert!(failure.because[0].contains("liquibase update in Deploy, by the flow r-dead"), "{failure}");
    assert_eq!(world.done, [""; 0]);
    let settled = Entry::Acknowledged { environment: name("dev"), by: "ana".to_owned(), reason: None };
    world.state.history.add(Timestamp::UNIX_EPOCH, &settled);
    assert_eq!(world.run().code, 0);
}

#[test]
fn a_stopped_line_stops_changes_and_not_looks() {
    let looking = "stages: {S: {actions: [{type: liquibase, command: status}]}}";
    for (text, code) in [(CHANGING, 1), (looking, 0)] {
        let mut world = World::new(&[("a.yaml", text)]);
        let notice = Notice { by: "ben".to_owned(), reason: "incident".to_owned() };
        world.state.history.add(Timestamp::UNIX_EPOCH, &Entry::Line { stopped: true, notice });
        assert_eq!(world.run().code, code);
    }
}

/// The only report, with its steps as `stage: action: status and code`.
fn reported(world: &World) -> (&OperationReport, Vec<String>) {
    let [report] = &world.reports[..] else { panic!("{:#?}", world.reports) };
    let steps = report.steps.iter().map(|step| {
        let code = step.code.map_or_else(String::new, |code| format!(" {code}"));
        format!("{}: {}: {}{code}", step.group, step.name, step.status.word())
    });
    (report, steps.collect())
}

#[test]
fn a_flow_that_fails_is_reported_with_every_action_in_its_stage() {
    let mut world = World::new(&[("a.yaml", FAILING)]);
    world.run();
    let (report, steps) = reported(&world);
    assert_eq!((report.kind, report.outcome, report.verdict()), (ReportKind::Flow, Ending::Failed, "Failed"));
    assert_eq!(report.summary, "a.yaml ended with exit code 3: exit 3 failed");
    assert_eq!((report.place.as_str(), report.by.as_str()), ("dev, by a.yaml", "ana"));
    assert_eq!(
        steps,
        [
            "One: shell first: done 0",
            "One: shell exit 3: failed 3",
            "One: shell never: not reached",
            "Two: shell never: not reached",
            "endStage: shell last: done 0",
            "endStage: shell very last: done 0",
        ]
    );
    let began: Vec<_> = report.steps.iter().filter_map(|step| step.began).collect();
    assert!(began.len() == 4 && began.is_sorted() && began[0] >= report.began, "{began:?}");
    assert_eq!(report.findings, None, "no checks ran");
    let flow = world.state.flow.as_ref().unwrap();
    assert_eq!(flow.report.as_ref().unwrap().as_ref().unwrap().path, format!("reports/{}", flow.run));
}

#[test]
fn what_the_checks_of_a_flow_found_is_in_its_report_and_flows_in_it_are_groups() {
    const CHECKED: &str = "
stages:
  Look: {actions: [{type: liquibase, command: checks run, if: '1 == 1'}, {type: shell, command: never, if: '1 == 2'}]}
  Inner: {actions: [{type: liquibase, command: flow, cmdArgs: {flow-file: b.yaml}}]}
";
    const INNER: &str = "stages: {Deep: {actions: [{type: shell, command: deep}]}}";
    let mut world = World::new(&[("a.yaml", CHECKED), ("b.yaml", INNER)]);
    world.run();
    let (report, steps) = reported(&world);
    assert_eq!((report.outcome, report.summary.as_str()), (Ending::Clean, "2 actions of a.yaml passed"));
    assert_eq!(
        steps,
        [
            "Look: liquibase checks run: done 0",
            "Look: shell never: skipped",
            "Inner, b.yaml, Deep: shell deep: done 0",
        ]
    );
    assert_eq!(report.steps[1].note, "its condition does not hold: 1 == 2");
    assert_eq!(report.findings.as_ref().unwrap().checks, ["SqlGrantWarn"]);
}

#[test]
fn a_flow_that_was_interrupted_is_reported_too_and_one_that_never_began_is_not() {
    let mut world = World::new(&[("a.yaml", FAILING)]);
    world.interrupt_at = Some("first");
    world.run();
    let (report, steps) = reported(&world);
    assert_eq!((report.outcome, report.verdict()), (Ending::Interrupted, "Interrupted"));
    assert_eq!(steps[1], "One: shell exit 3: not reached");

    let mut world = World::new(&[("a.yaml", "stages: {S: {actions: [{type: liquibase, command: update}]}}")]);
    let outcome = world.ask(World::asking("prod"));
    assert!(outcome.is_refusal);
    assert!(world.reports.is_empty(), "{:#?}", world.reports);
}
