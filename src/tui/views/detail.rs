//! Everything about one environment: failure, service, database with every row, health.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::Timestamp;
use crate::domain::changelog::Changeset;
use crate::domain::drift::{ChangesetState, Pair};
use crate::domain::failure::Failure;
use crate::domain::ledger::{Ledger, LockState};
use crate::domain::observation::Facet;
use crate::engine::{EnvironmentState, State};
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{failing, lines, locks, page, sign};

/// Draws the details of the selected environment.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    scroll: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let Some(environment) = ui.environment(state) else { return };
    let mut page = Page { lines: Vec::new(), width: usize::from(area.width), now: state.now, styles, ui };
    page.heading(state, environment);
    if let Some((_, failure)) = state.history.alarm(&environment.environment.name) {
        page.failure(failure);
    }
    page.service(environment);
    page.health(environment);
    page.schema(environment);
    page.database(state, environment);
    page::draw(frame, area, page.lines, scroll, (ui, styles), seen);
}

struct Page<'a> {
    lines: Vec<Line<'a>>,
    width: usize,
    now: Timestamp,
    styles: &'a Styles,
    ui: &'a Ui,
}

impl<'a> Page<'a> {
    fn heading(&mut self, state: &State, environment: &EnvironmentState) {
        let settings = &environment.environment;
        let pair = state.pair(environment);
        let is_looking = matches!(pair, Pair::Unknown(_)) && lines::is_looking(state, environment);
        let (shape, word, _, style) = match &pair {
            _ if is_looking => ("…", "looking", "", self.styles.muted),
            pair => sign::pair(pair, self.styles),
        };
        let name = if settings.production {
            settings.name.as_str().to_uppercase()
        } else {
            settings.name.to_string()
        };
        let name_style = if settings.production { self.styles.production } else { self.styles.strong };
        let title = vec![Span::styled(name, name_style), Span::styled(format!("  {shape} {word}"), style)];
        let gate = format!("gate {} ", sign::gate(settings.gate.admission));
        self.rule(title, vec![Span::styled(gate, self.styles.muted)]);
        if let Pair::Unknown(why) = pair
            && !is_looking
        {
            self.fact("because", why, self.styles.warning);
        }
    }

    fn service(&mut self, environment: &EnvironmentState) {
        self.section("service", "", &environment.service);
        if let Some(failure) = environment.service.failure() {
            self.failure(failure);
        }
        let Some(service) = environment.service.value() else { return };
        let (shape, style) = sign::service(&service.status, self.styles);
        self.fact("status", format!("{shape} {}", service.status.word()), style);
        self.fact("image", service.image.to_string(), self.plain());
        self.fact("address", service.address.clone(), self.plain());
        self.fact("changed", self.time(service.updated_at), self.plain());
        self.fact("platform", service.platform.manners(), self.plain());
        self.fact("logs", service.platform.logs.to_owned(), self.plain());
        if let Some(operation) = &service.operation {
            let when =
                operation.ended_at.or(operation.started_at).map(|at| self.time(at)).unwrap_or_default();
            self.fact(
                "operation",
                format!("{} {}  {when}", operation.id, operation.status.word()),
                self.plain(),
            );
        }
    }

    fn health(&mut self, environment: &EnvironmentState) {
        self.section("health", "", &environment.health);
        if let Some(failure) = environment.health.failure() {
            self.failure(failure);
        }
        let Some(health) = environment.health.value() else { return };
        let style = if health.is_healthy() { self.styles.success } else { self.styles.danger };
        self.fact("/health", format!("{} after {}", health.status, text::duration(health.latency)), style);
        if let Some(reason) = &health.reason {
            self.fact("reason", reason.clone(), self.styles.danger);
        }
        if let Some(version) = &health.version {
            self.fact("/version", version.to_string(), self.plain());
        }
    }

    /// Nothing as long as nothing is wrong with it.
    fn schema(&mut self, environment: &EnvironmentState) {
        let drifts = environment.schemas.drifts();
        if drifts.is_empty() && environment.schema.failure().is_none() {
            return;
        }
        self.section("schema", "", &environment.schema);
        if let Some(failure) = environment.schema.failure() {
            self.failure(failure);
        }
        for drift in drifts {
            let words = drift.words(|at| self.time(at));
            let words = words.split(": ").next().unwrap_or_default().to_owned();
            let spans = vec![Span::styled(format!("   ◆ {words}"), self.styles.warning)];
            self.lines.push(Line::from(text::cut(spans, self.width)));
            for difference in &drift.differences {
                let value = match (difference.a(), difference.b()) {
                    (Some(a), Some(b)) => format!("{a} → {b}"),
                    (Some(text), None) | (None, Some(text)) => text,
                    (None, None) => String::new(),
                };
                let spans = vec![
                    Span::styled(format!("     {}  ", difference.short()), self.styles.strong),
                    Span::styled(value, self.styles.muted),
                ];
                self.lines.push(Line::from(text::cut(spans, self.width)));
            }
        }
    }

    fn database(&mut self, state: &State, environment: &EnvironmentState) {
        self.section("database", environment.environment.database.as_str(), &environment.ledger);
        if let Some(failure) = environment.ledger.failure() {
            self.failure(failure);
        }
        let Some(ledger) = environment.ledger.value() else { return };
        self.locks(state, environment, ledger);
        let comparison = environment.standings.next();
        let changesets = comparison.iter().flat_map(|comparison| comparison.changesets().rev());
        for (Changeset { id, .. }, _) in
            changesets.filter(|(_, standing)| standing.state == ChangesetState::Pending)
        {
            self.row(("·", "pending", self.styles.muted), &id.id, "", &id.path);
        }
        for row in ledger.rows.iter().rev() {
            let found = comparison
                .and_then(|comparison| comparison.standing(comparison.changelog().position(&row.id)?));
            let (shape, style, word) = match found.map(|standing| standing.state) {
                Some(ChangesetState::Edited) => ("✎", self.styles.warning, "edited"),
                Some(ChangesetState::Rerun) => ("↻", self.styles.accent, "will rerun"),
                Some(ChangesetState::Unknown) => ("?", self.styles.muted, "unknown"),
                Some(_) => ("✔", self.styles.success, "applied"),
                None => ("◆", self.styles.warning, "unexpected"),
            };
            let at = self.time(row.executed_at);
            self.row((shape, word, style), &row.id.id, &at, row.tag.as_deref().unwrap_or_default());
        }
    }

    fn locks(&mut self, state: &State, environment: &EnvironmentState, ledger: &Ledger) {
        let facts = locks::facts(state, environment, |at| self.time(at), self.plain(), self.styles);
        if facts.is_empty() {
            // Their holders were not looked at yet: what the ledger itself says.
            if let LockState::Held { by, .. } = &ledger.lock {
                self.fact("lock", format!("held by {by}"), self.styles.warning);
            }
            if let Some(holder) = &ledger.promoting {
                self.fact("promoted by", holder.clone(), self.styles.running);
            }
        }
        if let Some(failure) = environment.locks.failure().filter(|_| ledger.is_locked()) {
            self.failure(failure);
        }
        for (name, words, style) in facts {
            self.long_fact(name, &words, style);
        }
    }

    fn row(&mut self, (shape, word, style): (&str, &str, Style), id: &str, at: &str, end: &str) {
        let width = (self.width / 3).clamp(20, 40);
        let id = text::fit(id, width);
        let padding = " ".repeat(width - text::width(&id));
        // What did not run has no time, and all the more room for its path.
        let time = if at.is_empty() { String::new() } else { format!("{at:19} ") };
        let spans = vec![
            Span::styled(format!("   {shape} "), style),
            Span::styled(format!("{id}{padding} "), self.styles.strong),
            Span::styled(format!("{word:10} "), style),
            Span::styled(time, self.styles.muted),
            Span::styled(end.to_owned(), self.styles.muted),
        ];
        self.lines.push(Line::from(text::cut(spans, self.width)));
    }

    /// The title of what was looked at, with its name where that says more, and how long ago that was.
    fn section<T>(&mut self, title: &'static str, name: &str, facet: &Facet<T>) {
        let end = match (facet.seen_at(), facet.failure()) {
            (Some(at), failure) => Some(sign::age(at, self.now, failure.is_some(), self.styles)),
            (None, Some(_)) => None,
            (None, None) => Some(("looking …".to_owned(), self.styles.muted)),
        };
        let end = end.map(|(words, style)| Span::styled(format!("{words} "), style));
        let name = if name.is_empty() { String::new() } else { format!(" {name}") };
        let title = vec![Span::styled(title, self.styles.strong), Span::styled(name, self.styles.muted)];
        self.rule(title, end.into_iter().collect());
    }

    fn rule(&mut self, title: Vec<Span<'a>>, end: Vec<Span<'a>>) {
        self.lines.push(text::rule(title, end, self.width, self.styles.faint));
    }

    fn fact(&mut self, name: &str, value: String, style: Style) {
        let spans =
            vec![Span::styled(format!("   {name:11} "), self.styles.muted), Span::styled(value, style)];
        self.lines.push(Line::from(text::cut(spans, self.width)));
    }

    /// A fact that may take several lines.
    fn long_fact(&mut self, name: &str, value: &str, style: Style) {
        for (index, line) in text::wrap(value, self.width.saturating_sub(16)).into_iter().enumerate() {
            self.fact(if index == 0 { name } else { "" }, line, style);
        }
    }

    fn failure(&mut self, failure: &Failure) {
        self.lines.extend(failing::failure_lines(failure, self.width, self.styles));
    }

    fn plain(&self) -> Style {
        Style { bg: None, ..self.styles.text }
    }

    fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.ui.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}
