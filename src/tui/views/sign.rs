//! Status as shape, word and colour; the colour only repeats what the other two say.

use ratatui::style::Style;

use crate::domain::Timestamp;
use crate::domain::age;
use crate::domain::drift::Pair;
use crate::domain::gate::Admission;
use crate::domain::grid::Mark;
use crate::domain::log::Level;
use crate::domain::observation::ServiceStatus;
use crate::domain::policy::Severity;
use crate::engine::promotion::StepStatus;
use crate::tui::style::Styles;

/// Data older than this many seconds is shown as old.
const STALE_AFTER: i64 = 60;

/// True for what was not seen for long, or could not be seen when it was looked at again.
pub(super) fn is_stale(seen: Timestamp, now: Timestamp, has_failed: bool) -> bool {
    has_failed || now.duration_since(seen).as_secs() > STALE_AFTER
}

/// How long ago something was seen, and the style of that; what is stale says so.
pub(super) fn age(seen: Timestamp, now: Timestamp, has_failed: bool, styles: &Styles) -> (String, Style) {
    let words = age::age(now.duration_since(seen).unsigned_abs());
    if is_stale(seen, now, has_failed) {
        (format!("stale, {words} ago"), styles.warning)
    } else {
        (format!("{words} ago"), styles.muted)
    }
}

/// Shape, word, short word and style of a pair.
pub(super) fn pair(pair: &Pair, styles: &Styles) -> (&'static str, &'static str, &'static str, Style) {
    match pair {
        Pair::InStep => ("✔", "in step", "in step", styles.success),
        Pair::AppAhead => ("▲", "app ahead", "app first", styles.warning),
        Pair::SchemaAhead => ("▲", "schema ahead", "db ahead", styles.warning),
        Pair::Drifted => ("◆", "drifted", "drifted", styles.warning),
        Pair::Unknown(_) => ("?", "unknown", "unknown", styles.muted),
    }
}

/// Shape and style of a service's status.
pub(super) fn service(status: &ServiceStatus, styles: &Styles) -> (&'static str, Style) {
    match status {
        ServiceStatus::Running => ("●", styles.success),
        ServiceStatus::Busy => ("▶", styles.running),
        ServiceStatus::Paused => ("○", styles.warning),
        ServiceStatus::Down(_) => ("✖", styles.danger),
    }
}

/// The style of a mark; what needs no look is quiet.
pub(super) fn mark(mark: Mark, styles: &Styles) -> Style {
    match mark {
        Mark::Edited | Mark::Moved | Mark::Missing => styles.danger,
        Mark::Unexpected | Mark::OutOfOrder | Mark::Unknown => styles.warning,
        Mark::Pending | Mark::Rerun => styles.accent,
        Mark::Applied | Mark::Filtered | Mark::Absent | Mark::NotJudged => styles.muted,
    }
}

/// Shape and style of a step.
pub(super) fn step(status: &StepStatus, styles: &Styles) -> (&'static str, Style) {
    match status {
        StepStatus::Waiting => ("·", styles.muted),
        StepStatus::Skipped => ("–", styles.muted),
        StepStatus::Running { .. } => ("▶", styles.running),
        StepStatus::Done { .. } => ("✔", styles.success),
        StepStatus::Failed { .. } => ("✖", styles.danger),
    }
}

/// Shape and style of a severity.
pub(super) fn severity(severity: Severity, styles: &Styles) -> (&'static str, Style) {
    match severity {
        Severity::Blocker => ("✖", styles.danger),
        Severity::Critical => ("◆", styles.danger),
        Severity::Major => ("▲", styles.warning),
        Severity::Minor => ("△", styles.warning),
        Severity::Info => ("·", styles.muted),
    }
}

/// What a gate asks for, in two or three words.
pub(super) fn gate(gate: Admission) -> &'static str {
    match gate {
        Admission::Automatic => "automatic",
        Admission::Confirm => "by hand",
        Admission::Approve => "by name",
    }
}

/// The style of a log line.
pub(super) fn level(level: Level, styles: &Styles) -> Style {
    match level {
        Level::Normal => styles.text,
        Level::Warning => styles.warning,
        Level::Error => styles.danger,
    }
}
