//! What only the console knows: which screen, what is selected, where it is scrolled to, what is being confirmed.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use jiff::tz::TimeZone;

use crate::config::theme;
use crate::domain::Timestamp;
use crate::domain::changelog::ChangesetId;
use crate::domain::environment::Tier;
use crate::domain::journal::PastRun;
use crate::domain::log::LogBook;
use crate::domain::names::RunId;
use crate::domain::plan::PlanDigest;
use crate::domain::release::Version;
use crate::engine::event::Intent;
use crate::engine::planning::{Planning, Prepared, Request};
use crate::engine::{EnvironmentState, State};
use crate::tui::grid::GridView;
use crate::tui::keymap::{self, Action};

/// A key may confirm only this long after its dialog appeared; what was typed before is dropped.
pub const ARMING: jiff::SignedDuration = jiff::SignedDuration::from_millis(500);

/// The view state of the console.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The screens, the one on top last. The board is always the first.
    screens: Vec<Screen>,
    /// The selected environment, by position.
    pub selected: usize,
    /// The pane of the board that keys go to.
    pub pane: Pane,
    /// Where the log is scrolled to.
    pub log: LogScroll,
    /// The grid, and where in it the operator is.
    pub grid: GridView,
    /// A short notice, such as why a key did nothing.
    pub notice: Option<String>,
    /// The time zone that times are shown in.
    pub zone: TimeZone,
    /// The name of the theme.
    pub theme: String,
    /// True once the operator wants to leave as soon as the promotion is over.
    pub is_leaving: bool,
    /// The rows that the screen had when it was drawn last; half of them is a page.
    pub page: u16,
}

/// A screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// Home.
    Board,
    /// The plan, with its confirmation.
    Plan(Confirmation),
    /// Everything about the selected environment, scrolled down by some lines.
    Detail(usize),
    /// Changesets by environments.
    Grid,
    /// One changeset in every environment, scrolled down by some lines.
    Changeset(ChangesetId, usize),
    /// What became of runs that nobody saw end, scrolled down by some lines.
    Reconcile(usize),
    /// The log alone.
    Log,
    /// The keys, scrolled down by some lines.
    Help(usize),
}

/// A pane of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The columns.
    Columns,
    /// The log below them.
    Log,
}

/// Where a log is scrolled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogScroll {
    /// At its end, whatever comes.
    Following,
    /// This line, by its running number, is the last one shown.
    At(u64),
}

/// A confirmation in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The plan that is on screen, and since when; keys count only for this one.
    pub plan: Option<(PlanDigest, Timestamp)>,
    /// What was typed of the environment's name.
    pub typed: String,
    /// Lines scrolled down.
    pub scroll: usize,
    /// True when the plan was replaced while it was on screen.
    pub has_moved: bool,
}

/// What a key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Something for the engine.
    Intent(Intent),
    /// Only the view changed.
    Redraw,
    /// The operator leaves.
    Leave,
}

impl Ui {
    /// The board, with the first environment selected.
    pub fn new(zone: TimeZone, theme: &str) -> Self {
        Self {
            screens: vec![Screen::Board],
            selected: 0,
            pane: Pane::Columns,
            log: LogScroll::Following,
            grid: GridView::default(),
            notice: None,
            zone,
            theme: theme.to_owned(),
            is_leaving: false,
            page: 24,
        }
    }

    /// The screen on top.
    pub fn screen(&self) -> &Screen {
        self.screens.last().unwrap_or(&Screen::Board)
    }

    /// The selected environment.
    pub fn environment<'a>(&self, state: &'a State) -> Option<&'a EnvironmentState> {
        state.environments.get(self.selected)
    }

    /// Opens a screen above the others.
    pub fn open(&mut self, screen: Screen) {
        self.screens.push(screen);
    }

    /// Takes note of a new state: a plan that appears starts its arming delay, one that moved starts it again, and
    /// a plan that is being carried out, or was put away, leaves the screen.
    pub fn watch(&mut self, state: &State) {
        if matches!(self.screen(), Screen::Grid | Screen::Changeset(..)) {
            self.grid.watch(state, self.page);
        }
        let Some(Screen::Plan(confirmation)) = self.screens.last_mut() else { return };
        match &state.planning {
            Planning::Ready(prepared) => {
                let digest = prepared.plan.digest();
                let shown = confirmation.plan.as_ref().map(|(shown, _)| shown);
                if shown != Some(digest) {
                    confirmation.has_moved = shown.is_some();
                    confirmation.plan = Some((digest.clone(), state.now));
                    confirmation.typed.clear();
                }
            }
            Planning::Looking { .. } | Planning::Failed(..) => {
                confirmation.plan = None;
                confirmation.typed.clear();
            }
            Planning::None => {
                self.screens.pop();
            }
        }
    }

    /// Handles a key.
    pub fn press(&mut self, event: &KeyEvent, state: &State) -> Outcome {
        // A key that is held down confirms nothing and leaves nothing.
        if event.kind != KeyEventKind::Press {
            return Outcome::Redraw;
        }
        self.notice = None;
        if let Some(outcome) = self.confirm(event, state) {
            return outcome;
        }
        let is_typing = matches!(self.screen(), Screen::Grid) && self.grid.is_typing;
        if is_typing && self.grid.type_key(event, self.page) {
            return Outcome::Redraw;
        }
        match keymap::resolve(event, self) {
            Some(action) => self.act(action, state),
            None => Outcome::Redraw,
        }
    }

    /// Handles a key as part of a confirmation; `None` when it is none.
    fn confirm(&mut self, event: &KeyEvent, state: &State) -> Option<Outcome> {
        let tier = state.environment(state.planning.environment()?)?.environment.tier();
        let Some(Screen::Plan(confirmation)) = self.screens.last_mut() else { return None };
        let Planning::Ready(prepared) = &state.planning else { return None };
        let KeyCode::Char(c) = event.code else {
            if event.code == KeyCode::Backspace && confirmation.typed.pop().is_some() {
                return Some(Outcome::Redraw);
            }
            return None;
        };
        if !(event.modifiers - crossterm::event::KeyModifiers::SHIFT).is_empty() || !prepared.unmet.is_empty()
        {
            return None;
        }
        let name = prepared.plan.environment.as_str();
        if tier == Tier::Three && (c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            if confirmation.is_armed(state.now) && confirmation.typed.len() < name.len() {
                confirmation.typed.push(c);
            }
            return Some(Outcome::Redraw);
        }
        let confirms = match tier {
            Tier::One => c == 'y',
            Tier::Two => c == 'P',
            Tier::Three => c == 'P' && confirmation.typed == name,
        };
        if !confirms {
            return None;
        }
        if !confirmation.is_armed(state.now) {
            return Some(Outcome::Redraw);
        }
        Some(Outcome::Intent(Intent::Promote { plan: prepared.plan.digest().clone(), reason: None }))
    }

    fn act(&mut self, action: Action, state: &State) -> Outcome {
        if let Some(reason) = keymap::off(action, state, self) {
            self.notice = Some(reason);
            return Outcome::Redraw;
        }
        match action {
            Action::Left | Action::Right if matches!(self.screen(), Screen::Plan(_)) => {
                return self.other_release(action == Action::Right, state);
            }
            Action::Left if matches!(self.screen(), Screen::Grid) => {
                self.grid.first_column = self.grid.first_column.saturating_sub(1);
            }
            Action::Right if matches!(self.screen(), Screen::Grid) => {
                let last = state.environments.len().saturating_sub(1);
                self.grid.first_column = (self.grid.first_column + 1).min(last);
            }
            Action::Left => self.selected = self.selected.saturating_sub(1),
            Action::Right => self.select(self.selected + 1, state),
            Action::Environment(number) => self.select(usize::from(number), state),
            Action::NextPane => {
                self.pane = if self.pane == Pane::Columns { Pane::Log } else { Pane::Columns };
            }
            Action::Up => self.scroll(state, -1),
            Action::Down => self.scroll(state, 1),
            Action::PageUp => self.scroll(state, -i64::from(self.page / 2)),
            Action::PageDown => self.scroll(state, i64::from(self.page / 2)),
            Action::First => self.scroll(state, i64::MIN),
            Action::Last => self.scroll(state, i64::MAX),
            Action::DrillIn => self.drill_in(),
            Action::Drift => {
                self.open(Screen::Grid);
                self.grid.watch(state, self.page);
            }
            Action::Filter => self.grid.is_typing = true,
            Action::Next | Action::Previous => {
                if !self.grid.jump(action == Action::Next, self.page) {
                    self.notice = Some("no row differs".to_owned());
                }
            }
            Action::Differences => self.grid.toggle_differences(self.page),
            Action::Promote => return self.plan(state),
            Action::Reconcile => return self.reconcile(),
            Action::Settle => {
                let settled = settleable(state).map(Intent::Settle).map(Outcome::Intent);
                return settled.unwrap_or(Outcome::Redraw);
            }
            Action::Hold => return Outcome::Intent(Intent::HoldAutomatic),
            Action::Acknowledge => {
                if let Some(environment) = self.environment(state) {
                    return Outcome::Intent(Intent::Acknowledge(environment.environment.name.clone()));
                }
            }
            Action::Logs => match self.screen() {
                Screen::Log => {
                    self.screens.pop();
                }
                _ => self.open(Screen::Log),
            },
            Action::Follow => self.log = LogScroll::Following,
            Action::Refresh => return Outcome::Intent(Intent::Refresh),
            Action::Theme => self.next_theme(),
            Action::Help if !matches!(self.screen(), Screen::Help(_)) => self.open(Screen::Help(0)),
            Action::Help | Action::Back => return self.back(),
            Action::Quit => return self.quit(state),
        }
        Outcome::Redraw
    }

    fn drill_in(&mut self) {
        let screen = match (self.screen(), self.grid.id()) {
            (Screen::Grid, Some(id)) => Screen::Changeset(id.clone(), 0),
            (Screen::Grid, None) => return,
            _ => Screen::Detail(0),
        };
        self.open(screen);
    }

    fn select(&mut self, index: usize, state: &State) {
        if index < state.environments.len() {
            self.selected = index;
        }
    }

    fn plan(&mut self, state: &State) -> Outcome {
        let Some(environment) = self.environment(state) else { return Outcome::Redraw };
        let environment = environment.environment.name.clone();
        self.open(Screen::Plan(Confirmation {
            plan: None,
            typed: String::new(),
            scroll: 0,
            has_moved: false,
        }));
        Outcome::Intent(Intent::Plan { environment, request: Request::Forward(None) })
    }

    /// Opens the screen, or looks again; what still runs is watched as long as it does.
    fn reconcile(&mut self) -> Outcome {
        if !matches!(self.screen(), Screen::Reconcile(_)) {
            self.open(Screen::Reconcile(0));
        }
        Outcome::Intent(Intent::Attach(Vec::new()))
    }

    fn other_release(&mut self, later: bool, state: &State) -> Outcome {
        let Planning::Ready(prepared) = &state.planning else { return Outcome::Redraw };
        let Some(version) = neighbour(state, prepared, later) else {
            let end = if later { "newest" } else { "oldest" };
            self.notice = Some(format!("{} is the {end} release", prepared.plan.version));
            return Outcome::Redraw;
        };
        let environment = prepared.plan.environment.clone();
        Outcome::Intent(Intent::Plan { environment, request: Request::Forward(Some(version)) })
    }

    fn scroll(&mut self, state: &State, by: i64) {
        let moved = |from: usize| {
            let from = i64::try_from(from).unwrap_or(i64::MAX);
            usize::try_from(from.saturating_add(by).max(0)).unwrap_or(usize::MAX)
        };
        if matches!(self.screen(), Screen::Log | Screen::Board) {
            self.log = self.log.moved(&state.log, by);
            return;
        }
        if matches!(self.screen(), Screen::Grid) {
            self.grid.scroll(by, self.page);
            return;
        }
        if let Some(
            Screen::Plan(Confirmation { scroll, .. })
            | Screen::Detail(scroll)
            | Screen::Changeset(_, scroll)
            | Screen::Reconcile(scroll)
            | Screen::Help(scroll),
        ) = self.screens.last_mut()
        {
            *scroll = moved(*scroll);
        }
    }

    fn next_theme(&mut self) {
        let names = theme::names();
        let index = names.iter().position(|name| *name == self.theme).map_or(0, |index| index + 1);
        if let Some(name) = names.get(index % names.len().max(1)) {
            self.theme.clone_from(name);
            self.notice = Some(format!("theme {name}"));
        }
    }

    fn back(&mut self) -> Outcome {
        if matches!(self.screen(), Screen::Grid) && self.grid.clear_filter(self.page) {
            return Outcome::Redraw;
        }
        match self.screens.len() {
            1 => {
                self.pane = Pane::Columns;
                self.log = LogScroll::Following;
                Outcome::Redraw
            }
            _ => match self.screens.pop() {
                Some(Screen::Plan(_)) => Outcome::Intent(Intent::Dismiss),
                _ => Outcome::Redraw,
            },
        }
    }

    fn quit(&mut self, state: &State) -> Outcome {
        if self.screens.len() > 1 {
            return self.back();
        }
        if state.running().next().is_some() {
            self.is_leaving = true;
            self.notice = Some("a promotion is running; lockstep leaves when it has ended".to_owned());
            return Outcome::Redraw;
        }
        Outcome::Leave
    }
}

impl Confirmation {
    /// True once the plan has been on screen for long enough.
    pub fn is_armed(&self, now: Timestamp) -> bool {
        self.plan.as_ref().is_some_and(|(_, since)| now.duration_since(*since) >= ARMING)
    }
}

impl LogScroll {
    /// Moved by some lines; at the end it follows again.
    fn moved(self, log: &LogBook, by: i64) -> Self {
        let end = log.end();
        let from = match self {
            Self::Following => end,
            Self::At(line) => line,
        };
        let to = from.saturating_add_signed(by).max(log.first() + 1);
        if to >= end { Self::Following } else { Self::At(to) }
    }
}

/// The first run on the screen of which it is decided what became of it, and that is not on record yet.
pub(super) fn settleable(state: &State) -> Option<RunId> {
    let is_open = |run: &RunId| state.history.run(run).is_some_and(PastRun::is_open);
    let mut reports = state.reconciliation.reports().iter();
    let found = reports.find(|report| report.finding.is_conclusive() && is_open(&report.run));
    found.map(|report| report.run.clone())
}

/// The release before or after the planned one.
fn neighbour(state: &State, prepared: &Prepared, later: bool) -> Option<Version> {
    let releases = state.catalog.value()?.releases();
    let index = releases.iter().position(|release| release.version == prepared.plan.version)?;
    let index = if later { index + 1 } else { index.checked_sub(1)? };
    releases.get(index).map(|release| release.version.clone())
}
