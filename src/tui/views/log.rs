//! The log: the newest lines, or those scrolled to.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::log::{Logged, Source};
use crate::engine::State;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::{LogScroll, Pane, Screen, Ui};
use crate::tui::views::sign;

/// Draws the log with its title.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, ui: &Ui, styles: &Styles) {
    if area.height == 0 {
        return;
    }
    let width = usize::from(area.width);
    let rows = u64::from(area.height.saturating_sub(1));
    let (end, words) = match ui.log {
        LogScroll::Following => (state.log.end(), "following".to_owned()),
        LogScroll::At(line) => (line, format!("line {line} of {}, f follows", state.log.end())),
    };
    let count = state.log.end();
    let has_focus = ui.pane == Pane::Log || matches!(ui.screen(), Screen::Log);
    let title = Span::styled("log", if has_focus { styles.accent } else { styles.strong });
    let right = match (ui.log, count) {
        (LogScroll::Following, _) => {
            let noun = if count == 1 { "line" } else { "lines" };
            vec![Span::styled(format!("{words} · {count} {noun} "), styles.muted)]
        }
        (LogScroll::At(_), _) => vec![Span::styled(format!("{words} "), styles.warning)],
    };
    let mut lines = vec![text::rule(vec![title], right, width, styles.faint)];
    // Near the beginning the page is filled from its first line on.
    let end = end.max((state.log.first() + rows).min(state.log.end()));
    let place = place_width(state);
    lines.extend(
        state.log.range(end.saturating_sub(rows), end).map(|it| log_line(it, ui, place, width, styles)),
    );
    if count == 0 && matches!(ui.screen(), Screen::Log) {
        lines.push(Line::styled(" Nothing has been logged yet.", styles.muted));
    } else if count == 0 {
        lines = recent(state, ui, usize::from(area.height), width, styles);
    }
    frame.render_widget(Paragraph::new(lines), area);
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
            None => ("?", styles.warning, "no end is on record"),
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
        lines.push(Line::styled(" Nothing has been promoted from here yet.", styles.muted));
    }
    lines
}

/// The cells that the name of an environment takes in front of a line: none as long as all lines are of one.
fn place_width(state: &State) -> usize {
    let names = state.promotions.iter().map(|promotion| text::width(promotion.plan.environment.as_str()));
    if state.promotions.len() > 1 { names.max().unwrap_or(0) + 1 } else { 0 }
}

fn log_line<'a>(logged: &'a Logged, ui: &Ui, place: usize, width: usize, styles: &Styles) -> Line<'a> {
    let line = &logged.line;
    let time = line.at.to_zoned(ui.zone.clone()).strftime("%H:%M:%S").to_string();
    let source = match line.source {
        Source::Liquibase => styles.accent,
        Source::Service | Source::Application => styles.success,
        Source::Shell | Source::Lockstep => styles.muted,
    };
    let style = sign::level(line.level, styles);
    let environment = logged.environment.as_ref().filter(|_| place > 0).map_or("", |name| name.as_str());
    Line::from(text::cut(
        vec![
            Span::styled(format!(" {time} "), styles.muted),
            Span::styled(format!("{environment:place$}"), styles.strong),
            Span::styled(format!("{:9} ", line.source.word()), source),
            Span::styled(line.text.as_ref(), style),
        ],
        width,
    ))
}
