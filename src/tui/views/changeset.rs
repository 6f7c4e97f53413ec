//! One changeset: what it is, what became of it in every environment, its text and the way back.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::Timestamp;
use crate::domain::changelog::{Changeset, ChangesetId, Rollback, Sum};
use crate::domain::grid::{Column, Grid, Mark};
use crate::domain::ledger::LedgerRow;
use crate::engine::{EnvironmentState, State};
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{page, sign};

/// Draws the changeset with this identity.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    (id, scroll): (&ChangesetId, usize),
    styles: &Styles,
    seen: &mut Seen,
) {
    let Some(grid) = ui.grid.grid() else { return };
    let mut page = Page { lines: Vec::new(), width: usize::from(area.width), styles, ui };
    let Some(row) = grid.position(id) else {
        page.fact("", "It is gone from the release and from every database.", styles.muted);
        return frame.render_widget(Paragraph::new(page.lines), area);
    };
    page.what_it_is(grid, row, id);
    page.rule("environments");
    for (column, mark) in grid.marks(row) {
        page.environment(state, grid, row, column, mark);
    }
    if let Some(changeset) = grid.changeset(row) {
        page.texts(changeset);
    }
    page::draw(frame, area, page.lines, scroll, (ui, styles), seen);
}

struct Page<'a> {
    lines: Vec<Line<'a>>,
    width: usize,
    styles: &'a Styles,
    ui: &'a Ui,
}

impl Page<'_> {
    fn what_it_is(&mut self, grid: &Grid, row: usize, id: &ChangesetId) {
        let plain = self.plain();
        self.rule(&id.id);
        self.fact("path", &id.path, plain);
        self.fact("author", &id.author, plain);
        let Some(changeset) = grid.changeset(row) else {
            let words = format!("{} does not have it: what it did is in no file here", grid.version);
            return self.fact("release", &words, self.styles.warning);
        };
        if !changeset.comment.is_empty() {
            self.fact("comment", &changeset.comment, plain);
        }
        for (name, words) in conditions(changeset) {
            self.fact(name, &words, plain);
        }
        for (name, sum) in [("checksum", &changeset.sums.v9), ("", &changeset.sums.v8)] {
            match sum {
                Ok(sum) => self.fact(name, sum.as_str(), plain),
                Err(reason) => self.fact(name, &format!("not computed: {reason}"), self.styles.warning),
            }
        }
        for problem in grid.changelog().problems(id) {
            self.fact("warning", &problem.to_string(), self.styles.warning);
        }
    }

    fn environment(&mut self, state: &State, grid: &Grid, row: usize, column: &Column, mark: Mark) {
        let Some(environment) = state.environment(&column.name) else { return };
        let style = sign::mark(mark, self.styles);
        let name = if environment.environment.production {
            column.name.as_str().to_uppercase()
        } else {
            column.name.to_string()
        };
        let standing = column.standing(row);
        let mut words = match mark {
            Mark::Absent => "did not run here".to_owned(),
            mark => format!("{} {}", mark.sign().0, mark.word()),
        };
        if let (true, Some(standing), Some(id)) = (mark.breaks(), standing, grid.id(row)) {
            let version = state.breaks_with(environment, standing, id, &grid.version);
            words.push_str(&format_args!(" · {version} breaks here next").to_string());
        }
        self.fact(&name, &words, style);
        if let Some(standing) = standing {
            let reasons = standing.exclusions.iter().map(ToString::to_string).chain(standing.reason.clone());
            for reason in reasons {
                self.fact("", &reason, self.styles.muted);
            }
            if let Some(ran_as) = &standing.ran_as {
                self.fact("", &format!("ran as {ran_as}"), self.styles.muted);
            }
        }
        let ran = grid.id(row).and_then(|id| environment.row(standing, id));
        if let Some(ran) = ran.filter(|_| mark != Mark::NotJudged) {
            let release = grid.changeset(row);
            self.ran(state, environment, release, ran);
        }
    }

    fn ran(
        &mut self,
        state: &State,
        environment: &EnvironmentState,
        release: Option<&Changeset>,
        row: &LedgerRow,
    ) {
        let name = &environment.environment.name;
        let mut words = format!("ran {} · number {}", self.time(row.executed_at), row.order);
        if let Some(past) = state.applied_by(name, row) {
            words.push_str(&format_args!(" · by {} in {}", past.by, past.run).to_string());
        }
        if let Some(deployment) = &row.deployment {
            words.push_str(&format_args!(" · deployment {deployment}").to_string());
        }
        if let Some(tag) = &row.tag {
            words.push_str(&format_args!(" · tag {tag}").to_string());
        }
        self.fact("", &words, self.styles.muted);
        let Some(stored) = &row.checksum else {
            return self.fact("", "its row holds no checksum; the next run fills it in", self.styles.muted);
        };
        let now: Option<&Sum> = stored.algorithm().zip(release).map(|(algorithm, it)| it.sums.get(algorithm));
        let (words, style) = match now {
            Some(Ok(now)) if now == stored => (format!("{stored} as in the release"), self.styles.muted),
            Some(Ok(_)) => (format!("{stored} is not the release's"), self.styles.warning),
            _ => (stored.to_string(), self.styles.muted),
        };
        self.fact("", &words, style);
    }

    fn texts(&mut self, changeset: &Changeset) {
        self.rule("what it does");
        let text = changeset.text();
        self.text(&text, self.plain());
        self.rule("way back");
        let words = match &changeset.rollback {
            Rollback::Missing => "None is written: Liquibase cannot undo it.",
            Rollback::Empty => "Nothing to undo.",
            Rollback::Automatic => "Liquibase works it out by itself.",
            Rollback::Sql(text) | Rollback::Modelled(text) | Rollback::Changeset(text) => text,
        };
        let is_missing = changeset.rollback == Rollback::Missing;
        self.text(words, if is_missing { self.styles.warning } else { self.plain() });
    }

    fn text(&mut self, text: &str, style: Style) {
        for line in text.lines() {
            let spans = vec![Span::raw("   "), Span::styled(line.replace('\t', "    "), style)];
            self.lines.push(Line::from(text::cut(spans, self.width)));
        }
    }

    fn rule(&mut self, title: &str) {
        let title = vec![Span::styled(title.to_owned(), self.styles.strong)];
        self.lines.push(text::rule(title, Vec::new(), self.width, self.styles.faint));
    }

    fn fact(&mut self, name: &str, value: &str, style: Style) {
        for (index, line) in text::wrap(value, self.width.saturating_sub(17)).into_iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let spans =
                vec![Span::styled(format!("   {name:12} "), self.styles.muted), Span::styled(line, style)];
            self.lines.push(Line::from(text::cut(spans, self.width)));
        }
    }

    fn plain(&self) -> Style {
        Style { bg: None, ..self.styles.text }
    }

    fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.ui.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// What decides whether and when it runs, by name.
fn conditions(changeset: &Changeset) -> Vec<(&'static str, String)> {
    let filter = &changeset.filter;
    let mut conditions = Vec::new();
    let mut add = |name, words: String| {
        if !words.is_empty() {
            conditions.push((name, words));
        }
    };
    add("contexts", filter.contexts.join(" and "));
    add("labels", filter.labels.join(", "));
    add("databases", filter.dbms.join(", "));
    add("ask first", changeset.preconditions.join("; "));
    add("accepts", changeset.valid_sums.join(", "));
    if changeset.runs_always {
        add("runs", "every time".to_owned());
    } else if changeset.runs_on_change {
        add("runs", "again when its text changes".to_owned());
    }
    conditions
}
