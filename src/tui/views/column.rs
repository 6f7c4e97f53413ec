//! One environment: a column of the board, or a row of it on a narrow screen.
//!
//! ```text
//! ╭─ 2 test ────────────╮
//! │ v1.1.0    ✔ in step │
//! │ service   ● running │
//! │ health  200 · 11 ms │
//! │ ▂▂▂▂▃▂▂▂▂▂▂▃▂▂▂▂▂▂▂ │
//! │ changesets   11 + 3 │
//! │ tag-v1.1.0      tag │
//! │ 008-categories      │
//! │ gate        by hand │
//! │             2 s ago │
//! ╰─────────────────────╯
//! ```

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph};

use crate::domain::Timestamp;
use crate::domain::drift::{ChangesetState, Comparison, Pair};
use crate::domain::ledger::LockState;
use crate::domain::observation::{HealthView, ServiceStatus};
use crate::engine::petitions::Standing;
use crate::engine::policy::Outlook;
use crate::engine::{EnvironmentState, OpenRun, State};
use crate::tui::keymap::{Action, Keymap};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::sign;

/// In a column narrower than this a row of latencies says less than what it takes the place of.
const SPARKLINE_FROM: usize = 19;

/// A line of the column, and how much it matters: the least important ones go first when there is no room.
struct Row<'a> {
    rank: u8,
    line: Line<'a>,
}

/// Draws a column.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    index: usize,
    styles: &Styles,
) {
    let is_selected = index == ui.selected;
    let Some(environment) = state.environments.get(index) else { return };
    let settings = &environment.environment;
    let (border, name, title) = if settings.production {
        (BorderType::Double, settings.name.to_string().to_uppercase(), styles.production)
    } else {
        (BorderType::Rounded, settings.name.to_string(), styles.strong)
    };
    let has_alarm = state.history.alarm(&settings.name).is_some();
    let border_style = match (has_alarm, settings.production, is_selected) {
        (true, ..) => styles.danger,
        (false, true, _) => styles.production,
        (false, false, true) => styles.border_selected,
        (false, false, false) => styles.border,
    };
    let mark = if is_selected { "▸" } else { " " };
    let title = Line::from(vec![
        Span::styled(format!("{mark}{} ", index + 1), if is_selected { styles.accent } else { styles.muted }),
        Span::styled(format!("{name} "), title),
    ]);
    let block = Block::bordered().border_type(border).border_style(border_style).title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let padding = u16::from(inner.width > 17);
    let inner = Rect { x: inner.x + padding, width: inner.width.saturating_sub(2 * padding), ..inner };
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let of = |environment| rows(state, environment, &ui.keymap, width, height, styles);
    // What one column has no room for, all of them leave out: rows of the same kind stand side by side.
    let all: Vec<Vec<Row<'_>>> = state.environments.iter().map(of).collect();
    let is_left_out = |rank, others| all.iter().any(|rows| !has_room(rows, rank, height + others));
    let without_service = is_left_out(SERVICE, 0);
    let without_age = is_left_out(AGE, usize::from(without_service));
    let rows = all.into_iter().nth(index).unwrap_or_default().into_iter();
    let rows = rows.filter(|row| !(without_service && row.rank == SERVICE || without_age && row.rank == AGE));
    frame.render_widget(Paragraph::new(chosen(rows.collect(), height)), inner);
}

/// How important the status of a service is; lower survives longer.
const SERVICE: u8 = 4;

/// How important it is when everything was seen, as long as that is not long ago.
const AGE: u8 = 5;

/// True when the rows of this rank fit, with all that matter more. News below the headline takes the place of the service.
fn has_room(rows: &[Row<'_>], rank: u8, height: usize) -> bool {
    let has_news = rows.get(1).is_some_and(|row| row.rank != SERVICE);
    rows.iter().filter(|row| row.rank <= rank).count() <= height + usize::from(has_news)
}

/// Draws a row for a narrow screen.
pub(super) fn draw_row(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    index: usize,
    is_selected: bool,
    styles: &Styles,
) {
    let Some(environment) = state.environments.get(index) else { return };
    let settings = &environment.environment;
    let width = usize::from(area.width);
    let pair = state.pair(environment);
    let (shape, word, _, style) = match &pair {
        Pair::Unknown(_) if is_looking(state, environment) => ("…", "looking", "", styles.muted),
        pair => sign::pair(pair, styles),
    };
    let name = if settings.production {
        settings.name.to_string().to_uppercase()
    } else {
        settings.name.to_string()
    };
    let name_style = if settings.production { styles.production } else { styles.strong };
    let mark = if is_selected { "▸" } else { " " };
    let mut left = vec![
        Span::styled(format!("{mark}{} ", index + 1), if is_selected { styles.accent } else { styles.muted }),
        Span::styled(format!("{name:8} "), name_style),
        Span::styled(format!("{:8} ", version(environment)), styles.text),
        Span::styled(format!("{shape} {word:12} "), style),
    ];
    let (sign, latency, style) = health_words(environment, styles);
    let (words, style) = match oldest(environment) {
        // That nobody answers is news; an answer from long ago is none.
        Some((at, has_failed))
            if environment.health.failure().is_none() && sign::is_stale(at, state.now, has_failed) =>
        {
            sign::age(at, state.now, has_failed, styles)
        }
        // Where nothing answered, nothing took any time.
        _ if latency.is_empty() => (sign, style),
        _ => (format!("{sign} {latency:>6}"), style),
    };
    let right = vec![Span::styled(format!("{words} "), style)];
    let used: usize = left.iter().chain(&right).map(|span| text::width(&span.content)).sum();
    // Where there is little room, the word is worth more than the version.
    let news = |long: String, short: &str| {
        Span::styled(if used + long.len() <= width { long } else { short.to_owned() }, styles.danger)
    };
    if let Some(OpenRun::Unknown(past)) = state.open_run(&settings.name) {
        left.push(news(format!("? {}: reconcile ", past.version), "? unknown "));
    } else if let Some((run, _)) = state.history.alarm(&settings.name) {
        left.push(news(format!("✖ {} failed ", run.version), "✖ failed "));
    } else if let Some(comparison) = environment.standings.next() {
        left.push(Span::styled(counts(comparison), styles.text));
    }
    frame.render_widget(text::between(left, right, width), area);
    if is_selected {
        frame.buffer_mut().set_style(area, styles.selected);
    }
}

/// Keeps the most important rows that fit, in their order.
fn chosen(mut rows: Vec<Row<'_>>, height: usize) -> Vec<Line<'_>> {
    while rows.len() > height {
        let least = rows.iter().enumerate().max_by_key(|(index, row)| (row.rank, *index));
        match least.map(|(index, _)| index) {
            Some(index) => drop(rows.remove(index)),
            None => break,
        }
    }
    rows.into_iter().map(|row| row.line).collect()
}

fn rows<'a>(
    state: &'a State,
    environment: &'a EnvironmentState,
    keymap: &Keymap,
    width: usize,
    height: usize,
    styles: &Styles,
) -> Vec<Row<'a>> {
    let mut rows = vec![Row { rank: 0, line: headline(state, environment, width, styles) }];
    let mut add = |rank, line| rows.push(Row { rank, line });
    let name = &environment.environment.name;
    let key = |action: Action| vec![Span::styled(keymap.key_of(action), styles.key)];
    match state.open_run(name) {
        Some(OpenRun::Unknown(_)) => {
            let words = if width >= 21 { "? unknown: reconcile" } else { "? unknown run" };
            let words = vec![Span::styled(words, styles.danger)];
            add(0, text::between(words, key(Action::Reconcile), width));
        }
        Some(OpenRun::Elsewhere(past)) => {
            let long = format!("▶ {} elsewhere", past.version);
            let words = if text::width(&long) <= width { long } else { "▶ elsewhere".to_owned() };
            add(0, Line::styled(words, styles.running));
        }
        None => {}
    }
    if let Some(upcoming) = state.automatic.as_ref().filter(|upcoming| upcoming.environment == *name) {
        let left = upcoming.at.duration_since(state.now).as_secs().max(0);
        let words = vec![Span::styled(format!("▶ {} in {left} s", upcoming.version), styles.warning)];
        add(0, text::between(words, key(Action::Hold), width));
    }
    let is_unknown = matches!(state.open_run(name), Some(OpenRun::Unknown(_)));
    if let Some((run, _)) = state.history.alarm(name).filter(|_| !is_unknown) {
        let words = format!("✖ {} failed", run.version);
        add(0, text::between(vec![Span::styled(words, styles.danger)], key(Action::Resolve), width));
    }
    add(SERVICE, service_line(environment, width, styles));
    add(0, health_line(environment, width, styles));
    if width >= SPARKLINE_FROM {
        add(6, Line::from(sparkline(environment, width, styles)));
    }
    add(1, changesets_line(environment, is_looking(state, environment), width, styles));
    if let Some(ledger) = environment.ledger.value() {
        for (position, row) in ledger.rows.iter().rev().take(height).enumerate() {
            let tag = row.tag.as_deref();
            let right = match tag {
                Some(_) => vec![Span::styled("tag", styles.muted)],
                None => Vec::new(),
            };
            // A changeset that only tags is known by its tag.
            let name = tag.filter(|tag| row.id.id == format!("tag-{tag}")).unwrap_or(&row.id.id);
            let style = if position == 0 { styles.text } else { styles.muted };
            let rank = if position == 0 { 2 } else { 5 + u8::try_from(position.min(9)).unwrap_or(9) };
            add(
                rank,
                text::between(vec![Span::styled(name.to_owned(), Style { bg: None, ..style })], right, width),
            );
        }
    }
    if let Some(line) = schema_line(environment, width, styles) {
        add(1, line);
    }
    let is_told = matches!(state.open_run(name), Some(OpenRun::Elsewhere(_)));
    if let Some(line) = lock_line(environment, width, styles).filter(|_| !is_told) {
        add(1, line);
    }
    if let Some(line) = approvals_line(state, environment, keymap, width, styles) {
        add(2, line);
    }
    if let Some(line) = policy_line(environment, keymap, width, styles) {
        add(2, line);
    }
    add(3, gate_line(state, environment, keymap, width, styles));
    rows.extend(age_line(state, environment, width, styles));
    rows
}

/// True until everything that makes a pair was looked at once.
pub(super) fn is_looking(state: &State, environment: &EnvironmentState) -> bool {
    let is_open = |is_known: bool, has_failed: bool| !is_known && !has_failed;
    is_open(environment.service.value().is_some(), environment.service.failure().is_some())
        || is_open(environment.ledger.value().is_some(), environment.ledger.failure().is_some())
        || is_open(state.catalog.value().is_some(), state.catalog.failure().is_some())
}

fn headline<'a>(state: &State, environment: &EnvironmentState, width: usize, styles: &Styles) -> Line<'a> {
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
fn version(environment: &EnvironmentState) -> String {
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

fn service_line<'a>(environment: &EnvironmentState, width: usize, styles: &Styles) -> Line<'a> {
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

fn health_line<'a>(environment: &EnvironmentState, width: usize, styles: &Styles) -> Line<'a> {
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
fn health_words(environment: &EnvironmentState, styles: &Styles) -> (String, String, Style) {
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
fn sparkline<'a>(environment: &EnvironmentState, width: usize, styles: &Styles) -> Vec<Span<'a>> {
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

fn changesets_line<'a>(
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
fn counts(comparison: &Comparison) -> String {
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
fn schema_line<'a>(environment: &EnvironmentState, width: usize, styles: &Styles) -> Option<Line<'a>> {
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

fn lock_line<'a>(environment: &EnvironmentState, width: usize, styles: &Styles) -> Option<Line<'a>> {
    let ledger = environment.ledger.value()?;
    let words = match (&ledger.promoting, &ledger.lock) {
        (Some(_), _) => "▶ being promoted".to_owned(),
        (None, LockState::Held { .. }) => "■ locked".to_owned(),
        (None, LockState::Free) => return None,
    };
    Some(Line::from(text::cut(vec![Span::styled(words, styles.running)], width)))
}

fn gate_line<'a>(
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
fn approvals_line<'a>(
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
fn policy_line<'a>(
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
fn oldest(environment: &EnvironmentState) -> Option<(Timestamp, bool)> {
    let seen = [environment.service.seen_at(), environment.ledger.seen_at(), environment.health.seen_at()];
    let failures =
        [environment.service.failure(), environment.ledger.failure(), environment.health.failure()];
    Some((seen.into_iter().flatten().min()?, failures.into_iter().flatten().next().is_some()))
}

/// What is old matters as much as what it is about.
fn age_line<'a>(
    state: &State,
    environment: &EnvironmentState,
    width: usize,
    styles: &Styles,
) -> Option<Row<'a>> {
    let (at, has_failed) = oldest(environment)?;
    let (text, style) = sign::age(at, state.now, has_failed, styles);
    let rank = if sign::is_stale(at, state.now, has_failed) { 1 } else { AGE };
    Some(Row { rank, line: text::between(Vec::new(), vec![Span::styled(text, style)], width) })
}
