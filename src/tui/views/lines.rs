//! What can be said of one environment in a line: the lines of its column on the board.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::Timestamp;
use crate::domain::drift::{ChangesetState, Comparison, Pair};
use crate::domain::ledger::LockState;
use crate::domain::observation::{HealthView, ServiceStatus};
use crate::engine::petitions::Standing;
use crate::engine::policy::Outlook;
use crate::engine::{EnvironmentState, State};
use crate::tui::keymap::{Action, Keymap};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::views::sign;

/// True until everything that makes a pair was looked at once.
pub(super) fn is_looking(state: &State, environment: &EnvironmentState) -> bool {
    let is_open = |is_known: bool, has_failed: bool| !is_known && !has_failed;
    is_open(environment.service.value().is_some(), environment.service.failure().is_some())
        || is_open(environment.ledger.value().is_some(), environment.ledger.failure().is_some())
        || is_open(state.catalog.value().is_some(), state.catalog.failure().is_some())
}

pub(super) fn headline<'a>(
    state: &State,
    environment: &EnvironmentState,
    width: usize,
    styles: &Styles,
) -> Line<'a> {
    let pair = state.pair(environment);
    let version = version(environment);
    let (shape, word, short, style) = match &pair {
        Pair::Unknown(_) if is_looking(state, environment) => ("…", "looking", "looking", styles.muted),
        pair => sign::pair(pair, styles),
    };
    let room = width.saturating_sub(text::width(&version) + 3);
    let words = if text::width(word) <= room { word } else { short };
    if text::width(words) > room {
        return text::between(
            vec![Span::styled(version, styles.running)],
            vec![Span::styled(shape, style)],
            width,
        );
    }
    text::between(
        vec![Span::styled(version, styles.strong)],
        vec![Span::styled(format!("{shape} {words}"), style)],
        width,
    )
}

/// The version that runs, and the one on its way.
pub(super) fn version(environment: &EnvironmentState) -> String {
    let Some(service) = environment.service.value() else { return "–".to_owned() };
    let image = service.image.short();
    match (&service.status, environment.version()) {
        (ServiceStatus::Busy, Some(running)) if running.to_string() != image => {
            format!("{running} → {image}")
        }
        (ServiceStatus::Busy, _) => format!("… → {image}"),
        _ => image,
    }
}

pub(super) fn service_line<'a>(environment: &EnvironmentState, width: usize, styles: &Styles) -> Line<'a> {
    let facet = &environment.service;
    let right = match (facet.value(), facet.failure()) {
        (Some(service), None) => {
            let (shape, style) = sign::service(&service.status, styles);
            Span::styled(format!("{shape} {}", service.status.word()), style)
        }
        // The last that was seen stays, and does not look as if it were seen now.
        (Some(service), Some(_)) => Span::styled(format!("? {}", service.status.word()), styles.warning),
        (None, Some(_)) => Span::styled("? unknown", styles.warning),
        (None, None) => Span::styled("…", styles.muted),
    };
    text::between(vec![Span::styled("service", styles.muted)], vec![right], width)
}

pub(super) fn health_line<'a>(environment: &EnvironmentState, width: usize, styles: &Styles) -> Line<'a> {
    let (sign, latency, style) = health_words(environment, styles);
    // Decided by the width alone, so that all columns look the same whatever their latency.
    if width >= "health ● 200 · 999 ms".len() - 3 {
        let words = if latency.is_empty() { sign } else { format!("{sign} · {latency}") };
        return text::between(
            vec![Span::styled("health", styles.muted)],
            vec![Span::styled(words, style)],
            width,
        );
    }
    text::between(vec![Span::styled(sign, style)], vec![Span::styled(latency, style)], width)
}

/// Shape and status, and how long the answer took where there was one.
pub(super) fn health_words(environment: &EnvironmentState, styles: &Styles) -> (String, String, Style) {
    let facet = &environment.health;
    match (facet.current(), facet.failure()) {
        (Some(HealthView { status, latency, .. }), _) => {
            let (shape, style) =
                if *status == 200 { ("●", styles.success) } else { ("✖", styles.danger) };
            (format!("{shape} {status}"), text::duration(*latency), style)
        }
        (None, Some(_)) => ("✖ no answer".to_owned(), String::new(), styles.danger),
        (None, None) => ("…".to_owned(), String::new(), styles.muted),
    }
}

/// The newest latencies, scaled to the slowest of them but at least to 50 ms, so that noise looks flat.
pub(super) fn sparkline<'a>(environment: &EnvironmentState, width: usize, styles: &Styles) -> Vec<Span<'a>> {
    const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let newest: Vec<_> = environment.latencies.iter().rev().take(width).rev().collect();
    let slowest = newest.iter().filter_map(|latency| **latency).max().unwrap_or_default();
    let scale = slowest.max(Duration::from_millis(50)).as_secs_f64();
    let mut spans = vec![Span::raw(" ".repeat(width - newest.len().min(width)))];
    spans.extend(newest.into_iter().map(|latency| match latency {
        Some(latency) => {
            // A share between 0 and 1 gives a level between 0 and 7.
            let share = (latency.as_secs_f64() / scale).clamp(0.0, 1.0);
            let level = LEVELS
                .iter()
                .enumerate()
                .rev()
                .find(|(level, _)| share * 7.0 >= f64::from(u8::try_from(*level).unwrap_or(0)));
            Span::styled(level.map_or("▁", |(_, glyph)| *glyph), styles.chart)
        }
        None => Span::styled("×", styles.danger),
    }));
    spans
}

pub(super) fn changesets_line<'a>(
    environment: &EnvironmentState,
    is_looking: bool,
    width: usize,
    styles: &Styles,
) -> Line<'a> {
    let facet = &environment.ledger;
    let right = match (environment.standings.next(), facet.failure()) {
        (None, Some(_)) => Span::styled("? unknown", styles.warning),
        (Some(comparison), Some(_)) => Span::styled(format!("? {}", counts(comparison)), styles.warning),
        (Some(comparison), None) => {
            let is_strange =
                comparison.count(ChangesetState::Edited) > 0 || !comparison.unexpected.is_empty();
            Span::styled(counts(comparison), if is_strange { styles.warning } else { styles.strong })
        }
        (None, None) if is_looking => Span::styled("…", styles.muted),
        // No release says how many there should be.
        (None, None) => {
            let rows = environment.ledger.value().map_or(0, |ledger| ledger.rows.len());
            Span::styled(rows.to_string(), styles.strong)
        }
    };
    let fits = |label: &str| text::width(label) + 1 + text::width(&right.content) <= width;
    let label = match width {
        19.. => "changesets",
        _ if fits("applied") => "applied",
        _ => "ran",
    };
    text::between(vec![Span::styled(label, styles.muted)], vec![right], width)
}

/// `14 of 14`, or `11 + 3` when three are pending; edited and unexpected ones are named.
pub(super) fn counts(comparison: &Comparison) -> String {
    let (applied, pending) = (comparison.applied(), comparison.count(ChangesetState::Pending));
    let counts = if pending == 0 {
        format!("{applied} of {}", comparison.changesets().len())
    } else {
        format!("{applied} + {pending}")
    };
    match comparison.count(ChangesetState::Edited) {
        0 => counts,
        edited => format!("{counts}, {edited} edited"),
    }
}

/// What the database holds that it should not, or the other way round: `◆ + orders.note   +2`.
pub(super) fn schema_line<'a>(
    environment: &EnvironmentState,
    width: usize,
    styles: &Styles,
) -> Option<Line<'a>> {
    let drift = environment.schemas.drifts().first()?;
    let first = drift.differences.iter().find(|difference| !difference.is_part);
    let words = first.map_or_else(
        || "◆ schema changed".to_owned(),
        |first| format!("◆ {} {}", first.sign(), first.object.short()),
    );
    let more = match drift.count() {
        0 | 1 => String::new(),
        count => format!(" +{}", count - 1),
    };
    let words = text::fit(&words, width.saturating_sub(text::width(&more)));
    Some(text::between(
        vec![Span::styled(words, styles.warning)],
        vec![Span::styled(more, styles.warning)],
        width,
    ))
}

pub(super) fn lock_line<'a>(
    environment: &EnvironmentState,
    width: usize,
    styles: &Styles,
) -> Option<Line<'a>> {
    let ledger = environment.ledger.value()?;
    let words = match (&ledger.promoting, &ledger.lock) {
        (Some(_), _) => "▶ being promoted".to_owned(),
        (None, LockState::Held { .. }) => "■ locked".to_owned(),
        (None, LockState::Free) => return None,
    };
    Some(Line::from(text::cut(vec![Span::styled(words, styles.running)], width)))
}

pub(super) fn gate_line<'a>(
    state: &State,
    environment: &EnvironmentState,
    keymap: &Keymap,
    width: usize,
    styles: &Styles,
) -> Line<'a> {
    let name = &environment.environment.name;
    let next =
        state.candidate(name).filter(|release| Some(&release.version) != environment.version().as_ref());
    let is_newer =
        next.is_some_and(|release| environment.version().is_none_or(|version| release.version > version));
    let (label, right) = match next {
        Some(release) if is_newer && state.running_in(name).is_none() => (
            "next",
            vec![
                Span::styled(format!("{} ", release.version), styles.text),
                Span::styled(keymap.key_of(Action::Promote), styles.key),
            ],
        ),
        _ => ("gate", vec![Span::styled(sign::gate(environment.environment.gate.admission), styles.muted)]),
    };
    text::between(vec![Span::styled(label, styles.muted)], right, width)
}

/// How many approvals the next promotion has, while it waits for more.
pub(super) fn approvals_line<'a>(
    state: &State,
    environment: &EnvironmentState,
    keymap: &Keymap,
    width: usize,
    styles: &Styles,
) -> Option<Line<'a>> {
    let petition = state.petitions.iter().find(|petition| {
        petition.plan.environment == environment.environment.name && petition.standing() != Standing::Approved
    })?;
    let (words, style) = match petition.standing() {
        Standing::Rejected => ("rejected ".to_owned(), styles.danger),
        _ => (format!("{} of {} ", petition.counting.len(), petition.needed), styles.warning),
    };
    let key = keymap.key_of(Action::Approvals);
    let right = vec![Span::styled(words, style), Span::styled(key, styles.key)];
    Some(text::between(vec![Span::styled("approval", styles.muted)], right, width))
}

/// That policy stands in the way of what is next.
pub(super) fn policy_line<'a>(
    environment: &EnvironmentState,
    keymap: &Keymap,
    width: usize,
    styles: &Styles,
) -> Option<Line<'a>> {
    let (words, style) = match environment.outlook? {
        Outlook::Clear => return None,
        Outlook::Blocked(_) => ("✖ policy ", styles.danger),
        Outlook::Unreadable => ("? policy ", styles.warning),
    };
    let key = Span::styled(keymap.key_of(Action::Checks), styles.key);
    if width < "blocked  ✖ policy C".len() - 2 {
        return Some(text::between(vec![Span::styled(words, style)], vec![key], width));
    }
    let right = vec![Span::styled(words, style), key];
    Some(text::between(vec![Span::styled("blocked", styles.muted)], right, width))
}

/// When what is shown was seen, the oldest of it, and whether something could not be seen since.
pub(super) fn oldest(environment: &EnvironmentState) -> Option<(Timestamp, bool)> {
    let seen = [environment.service.seen_at(), environment.ledger.seen_at(), environment.health.seen_at()];
    let failures =
        [environment.service.failure(), environment.ledger.failure(), environment.health.failure()];
    Some((seen.into_iter().flatten().min()?, failures.into_iter().flatten().next().is_some()))
}

/// How long ago it was seen, and whether that is too long.
pub(super) fn age_line<'a>(
    state: &State,
    environment: &EnvironmentState,
    width: usize,
    styles: &Styles,
) -> Option<(bool, Line<'a>)> {
    let (at, has_failed) = oldest(environment)?;
    let (text, style) = sign::age(at, state.now, has_failed, styles);
    let line = text::between(Vec::new(), vec![Span::styled(text, style)], width);
    Some((sign::is_stale(at, state.now, has_failed), line))
}
