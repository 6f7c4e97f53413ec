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

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph};

use crate::domain::drift::Pair;
use crate::engine::{EnvironmentState, OpenRun, State};
use crate::tui::keymap::{Action, Keymap};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{lines, sign};

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
    let mut left_out = Vec::new();
    for rank in SHARED {
        if all.iter().any(|rows| !has_room(rows, rank, height + left_out.len())) {
            left_out.push(rank);
        }
    }
    let rows = all.into_iter().nth(index).unwrap_or_default().into_iter();
    let rows = rows.filter(|row| !left_out.contains(&row.rank));
    frame.render_widget(Paragraph::new(chosen(rows.collect(), height)), inner);
}

/// How important the status of a service is; lower survives longer.
const SERVICE: u8 = 4;

/// How important it is when everything was seen, as long as that is not long ago.
const AGE: u8 = 5;

/// How important the latencies are.
const CHART: u8 = 6;

/// Rows that all columns have, or none; the most important first.
const SHARED: [u8; 3] = [SERVICE, AGE, CHART];

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
        Pair::Unknown(_) if lines::is_looking(state, environment) => ("…", "looking", "", styles.muted),
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
        Span::styled(format!("{:8} ", lines::version(environment)), styles.text),
        Span::styled(format!("{shape} {word:12} "), style),
    ];
    let (sign, latency, style) = lines::health_words(environment, styles);
    let (words, style) = match lines::oldest(environment) {
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
        left.push(Span::styled(lines::counts(comparison), styles.text));
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
    let mut rows = vec![Row { rank: 0, line: lines::headline(state, environment, width, styles) }];
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
    add(SERVICE, lines::service_line(environment, width, styles));
    add(0, lines::health_line(environment, width, styles));
    if width >= SPARKLINE_FROM {
        add(CHART, Line::from(lines::sparkline(environment, width, styles)));
    }
    add(1, lines::changesets_line(environment, lines::is_looking(state, environment), width, styles));
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
            let rank = if position == 0 { 2 } else { CHART + u8::try_from(position.min(9)).unwrap_or(9) };
            add(
                rank,
                text::between(vec![Span::styled(name.to_owned(), Style { bg: None, ..style })], right, width),
            );
        }
    }
    if let Some(line) = lines::schema_line(environment, width, styles) {
        add(1, line);
    }
    let is_told = matches!(state.open_run(name), Some(OpenRun::Elsewhere(_)));
    if let Some(line) = lines::lock_line(environment, width, styles).filter(|_| !is_told) {
        add(1, line);
    }
    if let Some(line) = lines::approvals_line(state, environment, keymap, width, styles) {
        add(2, line);
    }
    if let Some(line) = lines::policy_line(environment, keymap, width, styles) {
        add(2, line);
    }
    add(3, lines::gate_line(state, environment, keymap, width, styles));
    if let Some((is_stale, line)) = lines::age_line(state, environment, width, styles) {
        // What is old matters as much as what it is about.
        rows.push(Row { rank: if is_stale { 1 } else { AGE }, line });
    }
    rows
}
