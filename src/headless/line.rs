//! `lockstep line`, `bar` and `unbar`: what is stopped, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::json::failure;
use crate::domain::Timestamp;
use crate::domain::failure::Failure;
use crate::domain::journal::Notice;
use crate::engine::State;

/// For programs.
pub(super) fn json(state: &State, why: Option<&Failure>) -> Value {
    json!({ "line": line(state), "barred": bars(state), "failure": failure(why) })
}

/// Who stopped the line; null while it runs.
pub(super) fn line(state: &State) -> Value {
    state.history.line().map_or(Value::Null, |(at, notice)| told(at, notice))
}

/// The releases that go no further.
pub(super) fn bars(state: &State) -> Value {
    let bars = state.history.bars().map(|(at, version, notice)| {
        let mut value = told(at, notice);
        value["version"] = json!(version.to_string());
        value
    });
    bars.collect()
}

fn told(at: Timestamp, notice: &Notice) -> Value {
    json!({ "by": notice.by, "at": at.to_string(), "reason": notice.reason })
}

/// For people.
pub(super) fn text(state: &State) -> String {
    let words = |at: Timestamp, notice: &Notice| {
        format!("{} at {}: {}", notice.by, at.strftime("%F %R UTC"), notice.reason)
    };
    let mut text = match state.history.line() {
        Some((at, notice)) => format!("the line is stopped by {}\n", words(at, notice)),
        None => "the line runs\n".to_owned(),
    };
    for (at, version, notice) in state.history.bars() {
        // Writing to a `String` cannot fail.
        writeln!(text, "{version} goes no further, says {}", words(at, notice)).ok();
    }
    text
}
