//! The log: the newest lines, or those scrolled to.
//!
//! ```text
//! ── log ─────────────── warnings and errors · 3 of 17 with “lock” · following · 214 lines
//!  14:02:11 liquibase Running Changeset: changesets/009-allergens.sql
//!  14:02:12 service   Deployment with ID : 3f2a… started
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::log::{Level, Logged, Search, Source};
use crate::engine::{OpenRun, State};
use crate::tui::log::{LogScroll, LogView, Times};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::{Pane, Screen, Ui};
use crate::tui::views::sign;

/// Draws the log with its title.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, ui: &Ui, styles: &Styles) {
    if area.height == 0 {
        return;
    }
    let width = usize::from(area.width);
    let is_alone = matches!(ui.screen(), Screen::Log);
    if state.log.is_empty() && matches!(ui.screen(), Screen::Board) {
        let lines = recent(state, ui, usize::from(area.height), width, styles);
        frame.render_widget(Paragraph::new(lines), area);
        return;
    }
    let title =
        Span::styled("log", if is_alone || ui.pane == Pane::Log { styles.accent } else { styles.strong });
    let title = text::rule(vec![title], words(state, &ui.log, styles), width, styles.faint);
    let rows = usize::from(area.height.saturating_sub(1));
    let mut lines = page(state, ui, rows, width, styles);
    if state.log.is_empty() {
        lines = vec![Line::styled(" Nothing has been logged yet.", styles.muted)];
    } else if lines.is_empty() {
        lines = vec![Line::styled(" No line is shown: the filter leaves out all of them.", styles.muted)];
    }
    lines.insert(0, title);
    frame.render_widget(Paragraph::new(lines), area);
}

/// What is shown of it, and where.
fn words<'a>(state: &State, log: &LogView, styles: &Styles) -> Vec<Span<'a>> {
    let mut spans = Vec::new();
    let mut say = |words: String, style: Style| {
        let words = if spans.is_empty() { words } else { format!(" · {words}") };
        spans.push(Span::styled(words, style));
    };
    match log.filter.level {
        Level::Normal => {}
        Level::Warning => {
            say(format!("{} warnings and errors", state.log.count(Level::Warning)), styles.warning);
        }
        Level::Error => say(format!("{} errors", state.log.count(Level::Error)), styles.warning),
    }
    if let Some(step) = log.filter.step {
        say(format!("only {step}"), styles.warning);
    }
    if let Some(search) = log.search() {
        let place = log.end(&state.log).checked_sub(1).and_then(|line| search.place(line));
        let place = place.map(|place| format!("{place} of ")).unwrap_or_default();
        say(format!("{place}{} with “{}”", search.count(), search.words()), styles.accent);
    }
    if log.aside > 0 {
        say(format!("from column {}", log.aside + 1), styles.warning);
    }
    let count = state.log.end();
    match log.scroll() {
        LogScroll::Following => {
            let noun = if count == 1 { "line" } else { "lines" };
            say(format!("following · {count} {noun} "), styles.muted);
        }
        LogScroll::At(line) => say(format!("line {line} of {count}, f follows "), styles.warning),
    }
    spans
}

/// As many rows as there is room for; near the beginning the page is filled from its first line on.
fn page<'a>(state: &'a State, ui: &Ui, rows: usize, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let (log, filter) = (&state.log, ui.log.filter);
    let columns = Columns::of(state, ui, width);
    let mut lines: Vec<Line<'a>> = Vec::new();
    // From the last line upwards, so that no more of them are looked at than are seen.
    for logged in log.before(ui.log.end(log), filter) {
        lines.extend(columns.rows(&logged, state, ui, styles).into_iter().rev());
        if lines.len() >= rows {
            break;
        }
    }
    lines.truncate(rows);
    lines.reverse();
    for logged in log.after(ui.log.end(log), filter) {
        if lines.len() >= rows {
            break;
        }
        lines.extend(columns.rows(&logged, state, ui, styles));
    }
    lines.truncate(rows);
    lines
}

/// What ran before this console was opened, the newest first, as long as nothing is logged here.
fn recent<'a>(state: &'a State, ui: &Ui, height: usize, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let title = vec![Span::styled("recent promotions", styles.strong)];
    let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
    lines.extend(state.history.runs().iter().rev().take(height.saturating_sub(1)).map(|past| {
        let time = past.began.to_zoned(ui.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let (shape, style, words) = match &past.conclusion {
            Some((_, Ok(_))) => ("✔", styles.success, "proven"),
            Some((_, Err(failure))) => ("✖", styles.danger, failure.what.as_str()),
            None if state.running().any(|running| running.run == past.run) => {
                ("▶", styles.running, "under way")
            }
            None => match state.open_run(&past.environment) {
                Some(OpenRun::Elsewhere(open)) if open.run == past.run => {
                    ("▶", styles.running, "under way elsewhere")
                }
                _ => ("?", styles.warning, "no end is on record"),
            },
        };
        Line::from(text::cut(
            vec![
                Span::styled(format!(" {shape} "), style),
                Span::styled(format!("{time}  "), styles.muted),
                Span::styled(format!("{} to {:8} ", past.version, past.environment), styles.strong),
                Span::raw(words),
                Span::styled(format!("  {}", past.by), styles.muted),
            ],
            width,
        ))
    }));
    if lines.len() == 1 {
        let words = match state.identity {
            None => " Reading the journal …",
            Some(_) => " Nothing has been promoted from here yet.",
        };
        lines.push(Line::styled(words, styles.muted));
    }
    lines
}

/// Where on a row what stands.
struct Columns {
    /// The cells that the name of an environment takes: none as long as all lines are of one.
    place: usize,
    /// The cells for the text.
    room: usize,
}

impl Columns {
    /// A space, the time, a space; then whose line it is, and a space.
    const TIME: usize = 1 + 8 + 1;
    const SOURCE: usize = 9 + 1;

    fn of(state: &State, _ui: &Ui, width: usize) -> Self {
        let names = state.promotions.iter().map(|it| text::width(it.plan.environment.as_str()));
        let place = if state.promotions.len() > 1 { names.max().unwrap_or(0) + 1 } else { 0 };
        Self { place, room: width.saturating_sub(Self::TIME + place + Self::SOURCE) }
    }

    /// A line, and the rows that it goes on in.
    fn rows<'a>(&self, logged: &Logged<'a>, state: &State, ui: &Ui, styles: &Styles) -> Vec<Line<'a>> {
        let source = match logged.source {
            Source::Liquibase => styles.accent,
            Source::Service | Source::Application => styles.success,
            Source::Shell | Source::Lockstep => styles.muted,
        };
        let style = Style { bg: None, ..sign::level(logged.level, styles) };
        let place = logged.environment.filter(|_| self.place > 0).map_or("", |name| name.as_str());
        let texts = if ui.log.is_wrapped { text::rows(logged.text, self.room) } else { vec![logged.text] };
        let mut rows = Vec::with_capacity(texts.len());
        for (index, part) in texts.into_iter().enumerate() {
            let mut spans = if index == 0 {
                vec![
                    Span::styled(format!(" {:>8} ", time(logged, state, ui)), styles.muted),
                    Span::styled(format!("{place:width$}", width = self.place), styles.strong),
                    Span::styled(format!("{:9} ", logged.source.word()), source),
                ]
            } else {
                vec![Span::raw(" ".repeat(Self::TIME + self.place + Self::SOURCE))]
            };
            let spans_of_text = text::beyond(marked(part, ui.log.search(), style, styles), ui.log.aside);
            spans.extend(text::cut(spans_of_text, self.room));
            rows.push(Line::from(spans));
        }
        rows
    }
}

/// The time of day, or since the run that the line belongs to began.
fn time(logged: &Logged<'_>, state: &State, ui: &Ui) -> String {
    let run = logged.environment.and_then(|name| state.promotion(name));
    let began =
        run.map(|run| run.began).filter(|began| ui.log.times == Times::Relative && *began <= logged.at);
    match began {
        None => logged.at.to_zoned(ui.zone.clone()).strftime("%H:%M:%S").to_string(),
        Some(began) => {
            let since = logged.at.duration_since(began).unsigned_abs();
            let tenths = since.subsec_millis() / 100;
            match since.as_secs() / 60 {
                minutes @ 0..100 => format!("+{minutes:02}:{:02}.{tenths}", since.as_secs() % 60),
                _ => format!("+{}", text::clock(since)),
            }
        }
    }
}

/// A text with what is looked for in it made visible.
fn marked<'a>(part: &'a str, search: Option<&Search>, style: Style, styles: &Styles) -> Vec<Span<'a>> {
    let mut spans = Vec::new();
    let mut from = 0;
    for place in search.map(|search| search.places(part)).unwrap_or_default() {
        spans.push(Span::styled(&part[from..place.start], style));
        spans.push(Span::styled(&part[place.clone()], styles.alarm.patch(styles.accent)));
        from = place.end;
    }
    spans.push(Span::styled(&part[from..], style));
    spans
}
