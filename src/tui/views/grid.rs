//! Changesets by environments: what a release comes to everywhere.
//!
//! ```text
//! ── v1.4.0 held against every environment ───────────────── 18 changesets · 2 differ
//!                            dev          test         staging      PROD
//!                            v1.2.0       v1.1.0       v1.1.0       v1.0.0
//!                            ✖ breaks     ✖ breaks     ✖ breaks     ✔ no drift
//!    007-seed-inventory      ✔ applied    ✔ applied    ✔ applied    ✔ applied
//!  ▸ 008-categories          ✎ edited     ✎ edited     ✎ edited     · pending
//! ── 11 of 18 ───────────────────────────────────────────────────────────────────────
//!  changelog/changesets/008-categories.sql, by store
//!  ✎ edited in dev, test, staging; v1.4.0 breaks dev next; its text changed after it ran: …
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::grid::{Column, Grid, Mark, Sight};
use crate::engine::{EnvironmentState, State};
use crate::tui::grid::GridView;
use crate::tui::seen::{Seen, Spot};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{failing, sign};

/// The narrowest and the widest place for a changeset's name.
const NAME: (usize, usize) = (24, 40);

/// What has to be left at the right for the path to be there.
const PATH: usize = 24;

/// The narrowest and the widest cell.
const CELL: (usize, usize) = (5, 16);

/// From this width on a cell has a word in it; a narrower one has a letter.
const WORDS_FROM: usize = 13;

/// Draws the grid.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    styles: &Styles,
    seen: &mut Seen,
) {
    seen.spot(area, Spot::Body);
    let view = &ui.grid;
    let Some(grid) = view.grid() else {
        return frame.render_widget(Paragraph::new(without(state, usize::from(area.width), styles)), area);
    };
    let table = Table::new(grid, view, usize::from(area.width), styles);
    let rows = usize::from(area.height).saturating_sub(7);
    let mut lines = vec![table.title()];
    lines.extend(table.heads(state));
    // A terminal that was made smaller since the last key still shows the cursor.
    let top = view.top().max((view.cursor() + 1).saturating_sub(rows));
    let on_screen = view.shown().iter().enumerate().skip(top).take(rows);
    for (place, row) in on_screen {
        if let Ok(line) = u16::try_from(lines.len()) {
            seen.spot(Rect { y: area.y + line, height: 1, ..area }, Spot::Row(place));
        }
        lines.push(table.row(*row, place == view.cursor()));
    }
    if view.shown().is_empty() {
        lines.push(Line::styled(nothing(view), styles.muted));
    }
    lines.resize_with(rows + 4, Line::default);
    lines.extend(table.foot(state));
    frame.render_widget(Paragraph::new(lines), area);
}

/// Why there is no grid.
fn without<'a>(state: &State, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let title = vec![Span::styled("changesets by environments", styles.strong)];
    let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
    match (state.catalog.value(), state.catalog.failure()) {
        (_, Some(failure)) => {
            lines.push(Line::styled(" The releases could not be read.", styles.warning));
            lines.extend(failing::failure_lines(failure, width, styles));
        }
        (Some(_), None) => {
            let words = " There is no release that could be held against the environments.";
            lines.push(Line::styled(words, styles.muted));
        }
        (None, None) => lines.push(Line::styled(" Looking at the releases …", styles.muted)),
    }
    lines
}

fn nothing(view: &GridView) -> &'static str {
    match (view.is_filtered(), view.only_differences) {
        (true, _) => "   Nothing matches. Esc shows all of them.",
        (false, true) => "   No row differs. o shows all of them.",
        (false, false) => "   The release has no changesets, and nothing ran.",
    }
}

struct Table<'a> {
    grid: &'a Grid,
    view: &'a GridView,
    /// The environments on screen.
    columns: &'a [Column],
    width: usize,
    name: usize,
    cell: usize,
    styles: &'a Styles,
}

impl<'a> Table<'a> {
    fn new(grid: &'a Grid, view: &'a GridView, width: usize, styles: &'a Styles) -> Self {
        let count = grid.columns().len();
        let room = width.saturating_sub(3 + NAME.0);
        let cell = (room / count.max(1)).clamp(CELL.0, CELL.1);
        let on_screen = (room / cell).min(count).max(1);
        let first = view.first_column.min(count.saturating_sub(on_screen));
        let columns = &grid.columns()[first..(first + on_screen).min(count)];
        let left = width.saturating_sub(3 + cell * columns.len());
        let is_wide = left >= NAME.1 + PATH;
        let name = if is_wide { NAME.1 } else { left };
        Self { grid, view, columns, width, name, cell, styles }
    }

    fn title(&self) -> Line<'a> {
        let styles = self.styles;
        let title = vec![
            Span::styled(self.grid.version.to_string(), styles.strong),
            Span::styled(" held against every environment", styles.muted),
        ];
        let count = self.grid.changesets();
        let unseen = self.grid.columns().iter().filter(|it| matches!(it.sight, Sight::Unseen)).count();
        let mut end = match (self.grid.differences(), unseen) {
            (0, 0) => format!("{count} changesets · none differs "),
            (0, unseen) => format!("{count} changesets · {unseen} not seen "),
            (differing, 0) => format!("{count} changesets · {differing} differ "),
            (differing, unseen) => {
                format!("{count} changesets · {differing} differ · {unseen} not seen ")
            }
        };
        if self.view.only_differences {
            end.insert_str(0, "only differences · ");
        }
        if self.columns.len() < self.grid.columns().len() {
            end.insert_str(
                0,
                &format!("{} of {} environments · ", self.columns.len(), self.grid.columns().len()),
            );
        }
        text::rule(title, vec![Span::styled(end, styles.muted)], self.width, styles.faint)
    }

    /// Name, version and verdict of every environment.
    fn heads(&self, state: &State) -> [Line<'a>; 3] {
        let blank = || vec![Span::raw(" ".repeat(3 + self.name))];
        let mut lines = [blank(), blank(), blank()];
        for column in self.columns {
            let environment = state.environment(&column.name);
            let is_production = environment.is_some_and(|it| it.environment.production);
            let (name, style) = if is_production {
                (column.name.as_str().to_uppercase(), self.styles.production)
            } else {
                (column.name.to_string(), self.styles.strong)
            };
            lines[0].push(self.padded(&name, style));
            let version = environment.and_then(EnvironmentState::version);
            let version = version.map_or_else(|| "?".to_owned(), |version| version.to_string());
            lines[1].push(self.padded(&version, self.styles.muted));
            let (shape, words, style) = verdict(column, self.styles);
            let whole = format!("{shape} {words}");
            let words = if text::width(&whole) < self.cell { whole } else { shape.to_owned() };
            lines[2].push(self.padded(&words, style));
        }
        lines.map(Line::from)
    }

    fn row(&self, row: usize, is_selected: bool) -> Line<'a> {
        let styles = self.styles;
        let name = self.grid.id(row).map(|id| id.id.as_str()).unwrap_or_default();
        let name = text::fit(name, self.name.saturating_sub(1));
        let padding = " ".repeat(self.name.saturating_sub(text::width(&name)));
        let style = if self.grid.differs(row) { styles.strong } else { styles.muted };
        let cursor = if is_selected { " ▸ " } else { "   " };
        let mut spans =
            vec![Span::styled(cursor, styles.accent), Span::styled(format!("{name}{padding}"), style)];
        for column in self.columns {
            let mark = column.mark(row);
            let (shape, letter) = mark.sign();
            let words = match mark {
                Mark::Absent => String::new(),
                Mark::NotJudged => "…".to_owned(),
                _ if self.cell >= WORDS_FROM => format!("{shape} {}", mark.word()),
                _ => format!("{shape} {letter}"),
            };
            spans.push(self.padded(&words, sign::mark(mark, styles)));
        }
        let path = self.width.saturating_sub(3 + self.name + self.cell * self.columns.len());
        let words = self.grid.id(row).map(|id| text::fit(&id.path, path)).unwrap_or_default();
        let padding = " ".repeat(path.saturating_sub(text::width(&words)));
        spans.push(Span::styled(format!("{words}{padding}"), styles.muted));
        let line = Line::from(spans);
        if is_selected { line.patch_style(styles.selected) } else { line }
    }

    /// What the letters mean that stand where there is no room for words.
    fn legend(&self) -> Vec<Span<'a>> {
        let seen = |mark: &Mark| self.columns.iter().any(|column| column.count(*mark) > 0);
        let entries = Mark::BY_WEIGHT.into_iter().filter(seen).map(|mark| {
            let (shape, letter) = mark.sign();
            Span::styled(format!(" {shape} {letter} {} ", mark.word()), sign::mark(mark, self.styles))
        });
        entries.collect()
    }

    fn padded(&self, words: &str, style: Style) -> Span<'a> {
        let words = text::fit(words, self.cell - 1);
        let padding = " ".repeat(self.cell.saturating_sub(text::width(&words)));
        Span::styled(format!("{words}{padding}"), style)
    }

    /// What the row under the cursor is, and what its marks mean.
    fn foot(&self, state: &State) -> [Line<'a>; 3] {
        let styles = self.styles;
        let (shown, place) = (self.view.shown().len(), self.view.cursor() + 1);
        let title = if shown == 0 { "no rows".to_owned() } else { format!("{place} of {shown}") };
        let rule = text::rule(vec![Span::styled(title, styles.muted)], Vec::new(), self.width, styles.faint);
        let Some((row, id)) = self.view.row().and_then(|row| Some((row, self.grid.id(row)?))) else {
            return [rule, Line::default(), Line::default()];
        };
        let place = vec![
            Span::styled(format!(" {}", id.path), styles.muted),
            Span::styled(format!(", by {}", id.author), styles.muted),
        ];
        let place = if self.cell >= WORDS_FROM { place } else { self.legend() };
        let (mark, words) = meaning(state, self.grid, row);
        let style = mark.map_or(styles.success, |mark| sign::mark(mark, styles));
        let meaning = vec![Span::styled(format!(" {words}"), style)];
        [rule, Line::from(text::cut(place, self.width)), Line::from(text::cut(meaning, self.width))]
    }
}

/// The weightiest mark of a row, in words; `None` when it is applied everywhere.
fn meaning(state: &State, grid: &Grid, row: usize) -> (Option<Mark>, String) {
    let places = |wanted: Mark| -> Vec<&Column> {
        grid.marks(row).filter(|(_, mark)| *mark == wanted).map(|(column, _)| column).collect()
    };
    let found = Mark::BY_WEIGHT.into_iter().find(|mark| *mark != Mark::Applied && !places(*mark).is_empty());
    let Some(mark) = found else {
        let words = if places(Mark::Applied).is_empty() {
            "nothing is known of it"
        } else {
            "✔ applied everywhere"
        };
        return (None, words.to_owned());
    };
    let columns = places(mark);
    let names: Vec<_> = columns.iter().take(4).map(|column| column.name.as_str()).collect();
    let more = if columns.len() > names.len() {
        format!(" and {} more", columns.len() - names.len())
    } else {
        String::new()
    };
    let mut words = format!("{} {} in {}{more}", mark.sign().0, mark.word(), names.join(", "));
    let breaks = columns.first().filter(|_| mark.breaks()).and_then(|column| {
        let environment = state.environment(&column.name)?;
        let version = state.breaks_with(environment, column.standing(row)?, grid.id(row)?, &grid.version);
        Some(format!("; {version} breaks {} next", column.name))
    });
    words.push_str(breaks.as_deref().unwrap_or_default());
    words.push_str("; ");
    words.push_str(mark.about());
    (Some(mark), words)
}

fn verdict(column: &Column, styles: &Styles) -> (&'static str, &'static str, Style) {
    match &column.sight {
        Sight::Promoting(_) => ("▶", "promoting", styles.running),
        Sight::Unseen => ("?", "not seen", styles.muted),
        Sight::Judged if column.breaks() => ("✖", "breaks", styles.danger),
        Sight::Judged if column.is_drifted() => ("◆", "drifted", styles.warning),
        Sight::Judged => ("✔", "no drift", styles.success),
    }
}
