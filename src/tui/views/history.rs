//! What ran, newest first: with outcome, by whom, when and for how long; and one of it whole.
//!
//! ```text
//! ── history ─────────────────────────────── 3 runs · 2 proven · 1 not ──
//! ▸ ✔ test     v1.2.0             proven         14:02:12    00:21  ana
//!   ✖ dev      v1.3.0             failed         13:40:01    00:44  ana
//!     the deployment failed and was rolled back
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::Timestamp;
use crate::domain::failure::FailureKind;
use crate::domain::journal::PastRun;
use crate::domain::plan::Direction;
use crate::domain::release::ImageRef;
use crate::engine::State;
use crate::tui::keymap::Action;
use crate::tui::seen::Seen;
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{entries, failing, page};

/// Draws the list.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    cursor: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let runs = ui.past_runs(state);
    let all = state.history.runs();
    let proven = all.iter().filter(|past| matches!(past.conclusion, Some((_, Ok(_))))).count();
    let noun = if all.len() == 1 { "run" } else { "runs" };
    let words = format!("{} {noun} · {proven} proven · {} not ", all.len(), all.len() - proven);
    let end = if all.is_empty() { Vec::new() } else { vec![Span::styled(words, styles.muted)] };
    let title = text::rule(vec![Span::styled("history", styles.strong)], end, width, styles.faint);
    let mut entries: Vec<Vec<Line<'_>>> = runs
        .iter()
        .enumerate()
        .map(|(place, past)| run_lines(state, ui, past, place == cursor, width, styles))
        .collect();
    let mut area = area;
    if let Some(failure) = &state.journal_unread {
        area = failing::above(frame, area, failure, styles);
        if !all.is_empty() {
            entries.push(vec![Line::styled("   That is what was read last.", styles.warning)]);
        }
    } else if runs.is_empty() {
        entries.push(vec![Line::styled(nothing(state, ui), styles.muted)]);
    }
    entries::draw(frame, area, title, entries, cursor, seen);
}

/// Why there is nothing in the list.
fn nothing(state: &State, ui: &Ui) -> String {
    if !state.history.runs().is_empty() {
        return " Nothing matches. Esc shows all of it.".to_owned();
    }
    if state.identity.is_none() {
        return " Reading the journal …".to_owned();
    }
    let key = ui.keymap.key_of(Action::Promote);
    format!(" Nothing has been promoted or rolled back yet; {key} on the board plans it.")
}

fn run_lines<'a>(
    state: &State,
    ui: &Ui,
    past: &'a PastRun,
    is_selected: bool,
    width: usize,
    styles: &Styles,
) -> Vec<Line<'a>> {
    let is_production = state.environment(&past.environment).is_some_and(|it| it.environment.production);
    let (name, name_style) = if is_production {
        (past.environment.as_str().to_uppercase(), styles.production)
    } else {
        (past.environment.to_string(), styles.strong)
    };
    let longest = state.environments.iter().map(|it| it.environment.name.as_str().len()).max().unwrap_or(0);
    let place = longest.clamp(4, 16);
    let outcome = Outcome::of(state, past, styles);
    let way = match past.direction() {
        Direction::Forward => past.version.to_string(),
        Direction::Back => format!("back to {}", past.version),
    };
    let left = vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, styles.accent),
        Span::styled(format!("{} ", outcome.shape), outcome.style),
        Span::styled(format!("{:place$}  ", text::fit(&name, place)), name_style),
        Span::raw(format!("{:15} ", text::fit(&way, 15))),
        Span::styled(format!("{:14}", outcome.word), outcome.style),
    ];
    let began = past.began.to_zoned(ui.zone.clone());
    let is_today = began.date() == state.now.to_zoned(ui.zone.clone()).date();
    let time = began.strftime(if is_today { "today %R" } else { "%F %R" }).to_string();
    let right = vec![
        Span::styled(format!("{time:>16}  {:>7}  ", took(past, state.now)), styles.muted),
        Span::styled(format!("{:8} ", text::fit(&past.by, 8)), styles.muted),
    ];
    let mut line = text::between(left, right, width);
    if is_selected {
        line = line.patch_style(styles.selected);
    }
    let mut lines = vec![line];
    if is_selected && let Some((_, Err(failure))) = &past.conclusion {
        lines.push(Line::from(text::cut(
            vec![Span::styled(format!("    {}", failure.what), styles.muted)],
            width,
        )));
    }
    lines
}

/// Draws one run whole.
pub(super) fn draw_one(
    frame: &mut Frame<'_>,
    area: Rect,
    (state, ui): (&State, &Ui),
    scroll: usize,
    styles: &Styles,
    seen: &mut Seen,
) {
    let width = usize::from(area.width);
    let Some(past) = ui.past(state) else {
        let lines = vec![Line::styled(" The journal does not hold it any more.", styles.muted)];
        return page::draw(frame, area, lines, scroll, (ui, styles), seen);
    };
    let lines = Whole { state, ui, past, width, styles, lines: Vec::new() }.lines();
    page::draw(frame, area, lines, scroll, (ui, styles), seen);
}

struct Whole<'a> {
    state: &'a State,
    ui: &'a Ui,
    past: &'a PastRun,
    width: usize,
    styles: &'a Styles,
    lines: Vec<Line<'a>>,
}

impl<'a> Whole<'a> {
    fn lines(mut self) -> Vec<Line<'a>> {
        let (past, styles) = (self.past, self.styles);
        let way = match past.direction() {
            Direction::Forward => format!("{} to {}", past.version, past.environment),
            Direction::Back => format!("{} back to {}", past.environment, past.version),
        };
        let outcome = Outcome::of(self.state, past, styles);
        let title = vec![
            Span::styled(way, styles.strong),
            Span::styled(format!("  {} {}", outcome.shape, outcome.word), outcome.style),
        ];
        self.rule(title, &took(past, self.state.now));
        self.fact("run", past.run.as_str());
        self.fact("plan", past.plan.get(..6).unwrap_or(&past.plan));
        self.fact("begun by", &past.by);
        self.fact("began", &self.time(past.began));
        if let Some((at, result)) = &past.conclusion {
            self.fact("ended", &self.time(*at));
            if let Ok(words) = result {
                self.fact("proven", words);
            }
        }
        if let Some(reason) = &past.reason {
            self.fact("reason", reason);
        }
        if let Some(overridden) = &past.overridden {
            self.fact("overridden", &format!("{}; {}", overridden.conditions.join(", "), overridden.reason));
        }
        if let Some((at, by)) = &past.aborted {
            self.fact("aborted", &format!("by {by} at {}", self.time(*at)));
        }
        if let Some(operation) = &past.operation {
            self.fact("operation", operation);
        }
        self.report();
        self.what_it_set_out_to_do();
        self.steps();
        if let Some((_, Err(failure))) = &past.conclusion {
            self.rule(vec![Span::styled("why", styles.danger)], "");
            self.lines.extend(failing::failure_lines(failure, self.width, styles));
        }
        if !past.evidence.is_empty() {
            self.rule(vec![Span::styled("what was found out later", styles.strong)], "");
            for seen in &past.evidence {
                self.fact("", seen);
            }
        }
        self.lines
    }

    fn report(&mut self) {
        let own = self.state.promotion(&self.past.environment).filter(|own| own.run == self.past.run);
        let words = if let Some(Ok(filed)) = own.and_then(|own| own.report.as_ref()) {
            filed.path.clone()
        } else {
            format!("`lockstep report open {}` opens it, where one was written", self.past.run)
        };
        self.fact("report", &words);
    }

    fn what_it_set_out_to_do(&mut self) {
        let Some(aim) = &self.past.aim else { return };
        let from = aim.image_from.as_ref().map_or_else(|| "nothing".to_owned(), ImageRef::short);
        self.fact("image", &format!("{from} → {}", aim.image_to.short()));
        let changesets: Vec<_> = aim.changesets.iter().map(|id| id.id.as_str()).collect();
        let words = match (changesets.len(), aim.direction) {
            (0, _) => "none: only the image".to_owned(),
            (count, Direction::Forward) => format!("{count} to run: {}", changesets.join(", ")),
            (count, Direction::Back) => format!("{count} to undo: {}", changesets.join(", ")),
        };
        self.fact("changesets", &words);
    }

    fn steps(&mut self) {
        if self.past.intents.is_empty() {
            return;
        }
        self.rule(vec![Span::styled("steps that changed something", self.styles.strong)], "");
        for intent in &self.past.intents {
            let (shape, style, words) = match &intent.result {
                None => ("?", self.styles.warning, "what came of it is not on record".to_owned()),
                Some(Ok(words)) => ("✔", self.styles.success, words.clone()),
                Some(Err(failure)) => ("✖", self.styles.danger, failure.what.clone()),
            };
            let time = intent.at.to_zoned(self.ui.zone.clone()).strftime("%T").to_string();
            let left = vec![
                Span::styled(format!(" {shape} "), style),
                Span::styled(format!("{:10} ", intent.step.word()), self.styles.strong),
                Span::raw(format!("{}  ", intent.what)),
                Span::styled(words, self.styles.muted),
            ];
            let right = vec![Span::styled(format!("{time} "), self.styles.muted)];
            self.lines.push(text::between(left, right, self.width));
        }
    }

    fn rule(&mut self, title: Vec<Span<'a>>, end: &str) {
        let end = if end.is_empty() {
            Vec::new()
        } else {
            vec![Span::styled(format!("{end} "), self.styles.muted)]
        };
        self.lines.push(text::rule(title, end, self.width, self.styles.faint));
    }

    fn fact(&mut self, name: &str, value: &str) {
        for (row, words) in text::wrap(value, self.width.saturating_sub(16)).into_iter().enumerate() {
            let name = if row == 0 { name } else { "" };
            self.lines.push(Line::from(vec![
                Span::styled(format!("   {name:11} "), self.styles.muted),
                Span::raw(words),
            ]));
        }
    }

    fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.ui.zone.clone()).strftime("%F %T").to_string()
    }
}

/// How a run ended, by shape and word.
struct Outcome {
    shape: &'static str,
    word: String,
    style: Style,
}

impl Outcome {
    fn of(state: &State, past: &PastRun, styles: &Styles) -> Self {
        let (shape, word, style) = match &past.conclusion {
            Some((_, Ok(_))) => ("✔", "proven".to_owned(), styles.success),
            Some((_, Err(failure))) => match failure.kind {
                FailureKind::Refused => ("–", "refused".to_owned(), styles.muted),
                FailureKind::Unknown => ("?", "unknown".to_owned(), styles.warning),
                kind => ("✖", kind.word().to_owned(), styles.danger),
            },
            None if state.running().any(|running| running.run == past.run) => {
                ("▶", "under way".to_owned(), styles.running)
            }
            None => ("?", "end not seen".to_owned(), styles.warning),
        };
        Self { shape, word, style }
    }
}

/// How long it took, or has taken so far.
fn took(past: &PastRun, now: Timestamp) -> String {
    let until = past.conclusion.as_ref().map_or(now, |(at, _)| *at);
    text::clock(until.duration_since(past.began).unsigned_abs())
}
