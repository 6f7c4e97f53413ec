//! `lockstep demo fault`: what can go wrong in a sandbox, what is set, and how often it struck.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::arguments::{FaultCommand, FaultSetting};
use super::demo::{pretty, tell};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::DemoId;
use crate::exit::Exit;
use crate::headless::Format;
use crate::sandbox::faults::{After, Fault, Order, Report, Scope, SetFault, TABLE, Wish};
use crate::sandbox::{self, SandboxError};

/// Carries the command out. Without a running sandbox only the table is listed.
pub(super) async fn run(
    command: &FaultCommand,
    root: &Path,
    id: &DemoId,
    format: Format,
) -> Result<Exit, Failure> {
    let order = order(command);
    order.check().map_err(|reason| {
        Failure::new(FailureKind::Usage, reason).hint("`lockstep demo fault list` says what there is.")
    })?;
    let report = match sandbox::order(root, id.as_str(), &order).await {
        Err(SandboxError::NotRunning(_)) if order == Order::List => None,
        report => Some(report?),
    };
    match (format, &order) {
        (Format::Json, _) => tell(&pretty(&told(id, report.as_ref())))?,
        (Format::Text, Order::List) => tell(&listing(report.as_ref()))?,
        (Format::Text, _) => tell(&standing(&report.unwrap_or_default()))?,
    }
    Ok(Exit::Proven)
}

fn order(command: &FaultCommand) -> Order {
    match command {
        FaultCommand::List => Order::List,
        FaultCommand::Clear { name, env } => Order::Clear { name: name.clone(), environment: env.clone() },
        FaultCommand::Set(FaultSetting { name, env, action, times, after, seconds }) => Order::Set(Wish {
            name: name.clone(),
            environment: env.clone(),
            action: action.clone(),
            times: *times,
            after: after.clone().unwrap_or_default(),
            seconds: *seconds,
        }),
    }
}

/// The whole table, then what is set.
fn listing(report: Option<&Report>) -> String {
    let mut text = String::new();
    for scope in Scope::ALL {
        // Writing to a `String` cannot fail.
        writeln!(text, "{}", scope.title()).ok();
        for fault in TABLE.iter().filter(|fault| fault.scope == scope) {
            writeln!(text, "  {:20} {}", fault.name, fault.does).ok();
        }
    }
    text.push('\n');
    match report {
        Some(report) => text.push_str(&standing(report)),
        None => text.push_str("the sandbox is not running, so nothing is set\n"),
    }
    text
}

/// What is set, and how often AWS was asked for changes.
fn standing(report: &Report) -> String {
    let mut text = String::new();
    for fault in &report.set {
        writeln!(text, "set: {}", words(fault)).ok();
    }
    if report.set.is_empty() {
        text.push_str("no fault is set\n");
    }
    for calls in report.calls.iter().filter(|calls| calls.action == "UpdateService") {
        let environment = calls.environment.as_deref().unwrap_or("a service that is not there");
        let (received, carried_out) = (calls.received, calls.carried_out);
        writeln!(text, "UpdateService of {environment}: {received} received, {carried_out} carried out").ok();
    }
    text
}

fn words(fault: &SetFault) -> String {
    let mut words = fault.name.clone();
    let mut add = |part: String| words.push_str(&part);
    if let Some(environment) = &fault.environment {
        add(format!(" in {environment}"));
    }
    if let Some(action) = &fault.action {
        add(format!(" on {action}"));
    }
    if let Some(seconds) = fault.seconds {
        add(format!(" for {seconds} s"));
    }
    match &fault.after {
        After::Count(0) => {}
        After::Count(count) => add(format!(" after {count}")),
        After::Action(action) => add(format!(" after {action}")),
    }
    match fault.times {
        Some(times) => add(format!(", struck {} of {times}", fault.struck)),
        None => add(format!(", struck {}", fault.struck)),
    }
    words
}

fn told(id: &DemoId, report: Option<&Report>) -> Value {
    let row = |fault: &Fault| {
        json!({
            "name": fault.name,
            "scope": fault.scope.word(),
            "does": fault.does,
            "shows": fault.shows,
            "options": fault.options(),
        })
    };
    json!({
        "id": id.to_string(),
        "running": report.is_some(),
        "faults": TABLE.iter().map(row).collect::<Vec<_>>(),
        "set": report.map_or(&[][..], |report| &report.set),
        "calls": report.map_or(&[][..], |report| &report.calls),
    })
}
