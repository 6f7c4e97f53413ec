//! The pane below the columns: the promotions that run, beside each other when there are several; a failure with what
//! can be done about it; or what is next for the selected environment.
//!
//! ```text
//! ── promoting v1.2.0 to test ─────────── 00:14  ── promoting v1.2.0 to staging ── 00:11
//!  ✔ plan       8c41f0   3 changesets …   212 ms   ✔ plan       51fa02   3 chang…  198 ms
//!  ▶ database   1 of 3 changesets          4.1 s   ✔ database   3 of 3 changesets   2.9 s
//! ```

use ratatui::text::{Line, Span};

use crate::domain::Timestamp;
use crate::domain::names::EnvironmentName;
use crate::engine::promotion::Promotion;
use crate::engine::{OpenRun, State};
use crate::tui::keymap::{Action, Keymap};
use crate::tui::style::Styles;
use crate::tui::text;
use crate::tui::ui::Ui;
use crate::tui::views::{failing, next, run};

/// From this width on two promotions stand beside each other.
const BESIDE_FROM: usize = 96;

/// The pane, its title first.
#[derive(Default)]
pub(super) struct Pane<'a> {
    /// What is told; the end of it is left out when there is no room.
    pub(super) lines: Vec<Line<'a>>,
    /// What can be done; never left out.
    pub(super) foot: Vec<Line<'a>>,
    /// The same in fewer lines, where there is little room.
    pub(super) short_foot: Option<Line<'a>>,
}

impl<'a> Pane<'a> {
    /// What there is to show.
    pub(super) fn of(state: &'a State, ui: &Ui, width: usize, styles: &Styles) -> Self {
        let selected = ui.environment(state).map(|it| &it.environment.name);
        let shown = shown(state, ui);
        let (Some(large), others) = (shown.first(), shown.get(1..).unwrap_or_default()) else {
            return Self::at_rest(state, ui, width, styles);
        };
        let mut pane = match others {
            [other] if width >= BESIDE_FROM => Self::beside(state, large, other, width, styles),
            _ => Self { lines: run::lines(state, large, width, styles), ..Self::default() },
        };
        if others.len() > 1 || width < BESIDE_FROM {
            for other in others {
                pane.foot.extend(short_lines(state, other, width, styles));
            }
        }
        let is_selected = selected == Some(&large.plan.environment);
        if is_selected && large.is_over() && state.history.alarm(&large.plan.environment).is_some() {
            pane.offer_ways_on(state, &large.plan.environment, &ui.keymap, width, styles);
        }
        pane
    }

    /// All of it that fits.
    pub(super) fn cut(mut self, height: usize, styles: &Styles) -> Vec<Line<'a>> {
        if self.height() > height
            && let Some(short) = self.short_foot.take()
        {
            self.foot = vec![short];
        }
        let room = height.saturating_sub(self.foot.len());
        if self.lines.len() > room {
            self.lines.truncate(room.saturating_sub(1));
            self.lines.push(Line::styled("   …", styles.muted));
        }
        self.lines.extend(self.foot);
        self.lines
    }

    /// How many lines it would like to have.
    pub(super) fn height(&self) -> usize {
        self.lines.len() + self.foot.len()
    }

    fn offer_ways_on(
        &mut self,
        state: &State,
        environment: &EnvironmentName,
        keymap: &Keymap,
        width: usize,
        styles: &Styles,
    ) {
        if self.foot.is_empty() {
            self.short_foot = Some(failing::short_ways_on(state, environment, keymap, width, styles));
        }
        self.foot.extend(failing::ways_on(state, environment, keymap, width, styles));
    }

    fn at_rest(state: &'a State, ui: &Ui, width: usize, styles: &Styles) -> Self {
        let Some(environment) = ui.environment(state) else { return Self::default() };
        let name = &environment.environment.name;
        if let Some((past, failure)) = state.history.alarm(name) {
            let title = vec![Span::styled(failing::headline(past), styles.danger)];
            let mut lines = vec![text::rule(title, Vec::new(), width, styles.faint)];
            lines.extend(failing::failure_lines(failure, width, styles));
            let mut pane = Self { lines, ..Self::default() };
            pane.offer_ways_on(state, name, &ui.keymap, width, styles);
            return pane;
        }
        if let Some(open) = state.open_run(name) {
            return Self { lines: open_lines(open, ui, width, styles), ..Self::default() };
        }
        Self { lines: next::lines(state, environment, ui, width, styles), ..Self::default() }
    }

    /// The one that is selected gets more room.
    fn beside(
        state: &'a State,
        large: &'a Promotion,
        small: &'a Promotion,
        width: usize,
        styles: &Styles,
    ) -> Self {
        let is_left = place(state, large) < place(state, small);
        let wide = (width - 2) * 3 / 5;
        let narrow = width - 2 - wide;
        let large = run::lines(state, large, wide, styles);
        let small = run::lines(state, small, narrow, styles);
        let (left, left_width, right) = if is_left { (large, wide, small) } else { (small, narrow, large) };
        let rows = left.len().max(right.len());
        let (mut left, mut right) = (left.into_iter(), right.into_iter());
        let lines = (0..rows).map(|_| {
            let mut line = left.next().unwrap_or_default();
            let missing = left_width.saturating_sub(line.width());
            line.spans.push(Span::raw(" ".repeat(missing + 2)));
            line.spans.extend(right.next().unwrap_or_default().spans);
            line
        });
        Self { lines: lines.collect(), ..Self::default() }
    }
}

/// A run that somebody else carries out, or of which nobody knows what became.
fn open_lines<'a>(open: OpenRun<'_>, ui: &Ui, width: usize, styles: &Styles) -> Vec<Line<'a>> {
    let past = open.run();
    let time = past.began.to_zoned(ui.zone.clone()).strftime("%F %R");
    let began = format!(" Begun by {} at {time}, run {}.", past.by, past.run);
    let (title, style, words) = match open {
        OpenRun::Elsewhere(past) => (
            format!("▶ {} is on its way to {} elsewhere", past.version, past.environment),
            styles.running,
            " It is not this console's run.".to_owned(),
        ),
        OpenRun::Unknown(past) => (
            format!("? what became of {} in {} is unknown", past.version, past.environment),
            styles.danger,
            format!(
                " {} finds it out from journal, rows, locks, sessions, operation and image.",
                ui.keymap.key_of(Action::Reconcile)
            ),
        ),
    };
    let rule = text::rule(vec![Span::styled(title, style)], Vec::new(), width, styles.faint);
    let mut lines = vec![rule];
    for words in [began, words] {
        lines.push(Line::from(text::cut(vec![Span::raw(words)], width)));
    }
    lines
}

/// A promotion in two lines.
fn short_lines<'a>(state: &State, promotion: &Promotion, width: usize, styles: &Styles) -> [Line<'a>; 2] {
    let (words, style) = run::headline(promotion, styles);
    let times = vec![Span::styled(format!("{} ", run::times(state, promotion)), styles.muted)];
    let steps = text::cut(run::short_steps(state, promotion, styles), width);
    [text::rule(vec![Span::styled(words, style)], times, width, styles.faint), Line::from(steps)]
}

/// The promotions to show, the large one first: that of the selected environment until somebody has settled it, those
/// that run, and those that ran beside them.
fn shown<'a>(state: &'a State, ui: &Ui) -> Vec<&'a Promotion> {
    let selected = ui.environment(state).map(|it| &it.environment.name);
    let is_settled =
        |promotion: &&Promotion| state.history.run(&promotion.run).is_some_and(|past| past.is_acknowledged);
    let own = selected.and_then(|name| state.promotion(name)).filter(|own| !is_settled(own));
    let running: Vec<_> = state.running().collect();
    let anchors = if running.is_empty() { own.into_iter().collect() } else { running };
    let is_beside = |one: &Promotion, other: &Promotion| {
        let end = |it: &Promotion| it.ended().unwrap_or(Timestamp::MAX);
        one.began <= end(other) && other.began <= end(one)
    };
    let mut shown: Vec<_> = own.into_iter().collect();
    for promotion in &state.promotions {
        let is_shown = anchors.iter().any(|anchor| is_beside(anchor, promotion));
        if is_shown && !is_settled(&promotion) && shown.iter().all(|it| it.run != promotion.run) {
            shown.push(promotion);
        }
    }
    shown
}

/// The place of its environment among all.
fn place(state: &State, promotion: &Promotion) -> Option<usize> {
    state.environments.iter().position(|it| it.environment.name == promotion.plan.environment)
}
