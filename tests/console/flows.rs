//! Flows on the screen: the list of files, what is asked before one that changes something, and one as it runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::flow::{Scope, Script as Flow, validate};
use lockstep::domain::log::Source;
use lockstep::domain::step::StepKind;
use lockstep::engine::effect::FlowCall;
use lockstep::engine::event::EventKind;
use lockstep::engine::flow::{Deed, FlowFile, Order, Reading, Task};
use lockstep::runtime::Sink;

use super::script::say;
use super::{Backend, Script, Story};

const CHECK: &str = "
stages:
  Verify:
    actions:
      - {type: shell, command: mkdir -p reports}
      - {type: liquibase, command: connect}
      - {type: liquibase, command: status, cmdArgs: {verbose: true}}
  Nightly:
    if: \"${NIGHTLY:-F} == T\"
    actions: [{type: liquibase, command: diff}]
  PolicyChecks:
    actions:
      - {type: liquibase, command: checks run}
      - {type: shell, command: echo never}
endStage: {actions: [{type: shell, command: echo ended}]}
";

const CHANGE: &str = "
stages:
  Deploy:
    actions:
      - {type: liquibase, command: tag, cmdArgs: {tag: before}}
      - {type: liquibase, command: update}
";

const WRONG: &str = "stages: {Deploy: {actions: [{type: liquibase, command: updat}]}}";

const FILES: [(&str, &str); 3] =
    [("flows/check.yaml", CHECK), ("flows/deploy.yaml", CHANGE), ("flows/wrong.yaml", WRONG)];

fn read(path: &str) -> Arc<Flow> {
    let text = FILES.iter().find(|(name, _)| *name == path).unwrap().1;
    Arc::new(Flow::read(path, &Scope::default(), &|_| Ok(text.to_owned())).0.unwrap())
}

/// Answers what a flow asks for: `checks run` finds a blocker, everything else goes well. It stands still where the
/// update of a promotion would.
pub(super) async fn perform(script: &Script, call: &FlowCall, out: &Sink) {
    match call {
        FlowCall::List => {
            let file = |(path, _): (&str, &str)| {
                let flow = read(path);
                let changes = flow.changes().into_iter().map(|(_, command)| command.name).collect();
                let mut errors = validate(&flow, &|_| true);
                errors.retain(|problem| problem.is_error);
                FlowFile { path: path.to_owned(), actions: flow.actions().count(), changes, errors }
            };
            let files = if script.has_flows() { FILES.map(file).to_vec() } else { Vec::new() };
            out.send(EventKind::FlowsListed(script.ask(Backend::Flows, "the folder", files))).await;
        }
        FlowCall::Read(run, asking) => {
            let reading = Reading {
                script: read(&asking.path),
                environment: asking.environment.clone(),
                notes: Vec::new(),
                warnings: Vec::new(),
            };
            out.send(EventKind::FlowRead(run.clone(), Ok(Box::new(reading)))).await;
        }
        FlowCall::Find(run, row, _) => {
            out.send(EventKind::FlowFound(run.clone(), *row, BTreeSet::new())).await;
        }
        FlowCall::Act { run, row, order } => {
            let (source, words) = words(order);
            say(out, run, source, &words).await;
            if words == "status" {
                script.pause(StepKind::Update).await;
            }
            let deed = if words == "checks run" {
                let failure =
                    Failure::new(FailureKind::Failed, "policy checks found 1 finding, the highest BLOCKER")
                        .because("ChangeDropColumnWarn: BLOCKER in 013-tidy-orders.sql")
                        .hint("Mend what the findings name, or waive them.");
                Deed::failed(4, failure)
            } else {
                Deed::done(if words == "connect" { "PostgreSQL 15.18, dev as bagel" } else { "" })
            };
            out.send(EventKind::FlowActed(run.clone(), *row, Box::new(deed))).await;
        }
        FlowCall::Stop(..) => script.go_on(),
    }
}

fn words(order: &Order) -> (Source, String) {
    match &order.task {
        Task::Command { name, .. } => (Source::Liquibase, (*name).to_owned()),
        Task::Shell { command, .. } => (Source::Shell, command.clone()),
    }
}

#[tokio::test]
async fn a_flow_that_only_looks_runs_at_once_and_shows_what_failed() {
    let mut story = Story::begin(100, 30).await;
    story.press("F<enter>").await;
    story.shows("✖ flows/check.yaml against dev ended with 4");
    story.shows("policy checks found 1 finding, the highest BLOCKER");
    story.shows("its condition does not hold");
    story.shows("echo ended");
    story.press("<esc>").await;
    story.shows("enter runs one against dev");
}

#[tokio::test]
async fn a_flow_that_changes_something_is_asked_about_first() {
    let mut story = Story::begin(100, 30).await;
    story.press("F<down><enter>").await;
    story.shows("It may change the database of dev: `tag`, `update`.");
    story.press("y").await;
    story.hides("ended with");
    story.wait(600).await.press("y").await;
    story.shows("✔ flows/deploy.yaml against dev ended with 0");

    // Where a promotion takes a capital letter, so does this; in production it is refused.
    let mut story = Story::begin(100, 30).await;
    story.press("2F<down><enter>").await.wait(600).await.press("y").await;
    story.hides("ended with");
    story.press("P").await;
    story.shows("✔ flows/deploy.yaml against test ended with 0");
    let mut story = Story::begin(100, 30).await;
    story.press("4F<down><enter>").await.wait(600).await.press("prodP").await;
    story.shows("✖ flows/deploy.yaml was not run");
    story.shows("it is a production environment");
}

#[tokio::test]
async fn a_flow_that_is_wrong_says_so_and_one_that_runs_can_be_stopped() {
    let mut story = Story::begin(100, 30).await;
    story.press("F<down><down>").await;
    story.shows("Liquibase has no command `updat`");
    story.press("<enter>").await;
    story.shows("it cannot be run");
    story.script.hold_at(StepKind::Update);
    story.press("<up><up><enter>").await;
    story.shows("running flows/check.yaml against dev");
    story.press("X").await;
    story.settle().await;
    story.shows("✖ flows/check.yaml against dev ended with 130");
    story.shows("echo ended");
}
