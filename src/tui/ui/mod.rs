//! What only the console knows: which screen, what is selected, where it is scrolled to, what is being confirmed.

mod asking;
mod commands;
mod comparing;
mod copying;
mod leaving;
mod lists;
mod moving;
mod planning;
mod pointing;
mod remembering;
mod screens;
mod searching;
mod showing;

use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::tz::TimeZone;

use crate::domain::changelog::ChangesetId;
use crate::domain::names::RunId;
use crate::engine::event::Intent;
use crate::engine::planning::{Planning, Request};
use crate::engine::{EnvironmentState, Message, State};
use crate::tui::audience::Audience;
use crate::tui::checks::ChecksView;
use crate::tui::dialog::Dialog;
use crate::tui::grid::GridView;
use crate::tui::keymap::{self, Action, Key, Keymap};
use crate::tui::log::LogView;
use crate::tui::menu::Menu;
use crate::tui::picker::ThemePicker;
use crate::tui::search::Search;
use crate::tui::seen::Seen;

pub use comparing::HeldAgainst;
pub use lists::open_reports;
pub(in crate::tui) use lists::unseen_petitions;

/// The view state of the console.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The screens, the one on top last. The board is always the first.
    layers: Vec<Layer>,
    /// The selected environment, by position.
    pub selected: usize,
    /// What is asked above all screens.
    pub dialog: Option<Dialog>,
    /// What is being picked from, above all screens.
    pub menu: Option<Menu>,
    /// The pane of the board that keys go to.
    pub pane: Pane,
    /// The log, and where in it the operator is.
    pub log: LogView,
    /// The rows of the log below the board, where somebody chose them.
    pub split: Option<u16>,
    /// The grid, and where in it the operator is.
    pub grid: GridView,
    /// What policy found, and where in it the operator is.
    pub checks: ChecksView,
    /// A short notice, such as why a key did nothing.
    pub notice: Option<String>,
    /// The time zone that times are shown in.
    pub zone: TimeZone,
    /// The name of the theme.
    pub theme: String,
    /// The themes there are, and whether one is being chosen.
    pub themes: ThemePicker,
    /// The keys.
    pub keymap: Keymap,
    /// What is done for people who look on.
    pub audience: Audience,
    /// What the mouse does.
    pointer: Pointer,
    /// True once the operator wants to leave as soon as the promotion is over.
    pub is_leaving: bool,
    /// What was drawn where, by the newest frame.
    pub seen: Seen,
    /// The rows that the screen had when it was drawn last; half of them is a page.
    pub page: u16,
    /// What was picked from the palette, the newest first.
    recent: Vec<String>,
    /// True while another window has the keyboard.
    is_away: bool,
    /// The newest message when an intent was last asked for.
    told: Option<Message>,
}

/// What the mouse does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pointer {
    /// It points.
    Free,
    /// It draws the rule above the log.
    Drawing,
    /// It is the terminal's.
    Elsewhere,
}

/// A screen, and what is looked for on it.
#[derive(Debug, Clone)]
struct Layer {
    screen: Screen,
    search: Search,
}

/// A screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// Home.
    Board,
    /// The plan, with what it takes to confirm it, scrolled down by some lines.
    Plan(Box<Dialog>, usize),
    /// What waits for approval, with the cursor on this one.
    Approvals(usize),
    /// What became of runs that nobody saw end, with the cursor on this one.
    Reconcile(usize),
    /// Everything about the selected environment, scrolled down by some lines.
    Detail(usize),
    /// The flow files there are, with the cursor on this one.
    Flows(usize),
    /// The flow that runs, or ran last, its stages scrolled down by some lines.
    Flow(usize),
    /// Changesets by environments.
    Grid,
    /// One changeset in every environment, scrolled down by some lines.
    Changeset(ChangesetId, usize),
    /// The schema of the selected environment, held against another one.
    Schemas(HeldAgainst),
    /// Who holds which lock, scrolled down by some lines.
    Locks(usize),
    /// What policy finds in the release that comes next, or is planned.
    Checks,
    /// The finding under the cursor there, scrolled down by some lines.
    Finding(usize),
    /// What ran, with the cursor on this one.
    History(usize),
    /// One of it, scrolled down by some lines.
    Past(RunId, usize),
    /// What was said and done, scrolled down by some lines.
    Journal(usize),
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

/// What a key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Something for the engine.
    Intent(Intent),
    /// Only the view changed.
    Redraw,
    /// The terminal is to take a text into its clipboard.
    Copy {
        /// What it is, in a few words.
        what: String,
        /// The text.
        text: String,
    },
    /// The mouse is to be had, or given to the terminal.
    Mouse(bool),
    /// The operator leaves.
    Leave,
}

impl Ui {
    /// The board, with the first environment selected.
    pub fn new(zone: TimeZone, theme: &str) -> Self {
        Self {
            layers: vec![Layer::of(Screen::Board)],
            selected: 0,
            dialog: None,
            menu: None,
            pane: Pane::Columns,
            log: LogView::default(),
            split: None,
            grid: GridView::default(),
            checks: ChecksView::default(),
            notice: None,
            zone,
            theme: theme.to_owned(),
            themes: ThemePicker::default(),
            keymap: Keymap::default(),
            audience: Audience::default(),
            pointer: Pointer::Free,
            is_leaving: false,
            seen: Seen::default(),
            page: 24,
            recent: Vec::new(),
            is_away: false,
            told: None,
        }
    }

    /// The screen on top.
    pub fn screen(&self) -> &Screen {
        self.layers.last().map_or(&Screen::Board, |layer| &layer.screen)
    }

    fn screen_mut(&mut self) -> Option<&mut Screen> {
        self.layers.last_mut().map(|layer| &mut layer.screen)
    }

    /// The selected environment.
    pub fn environment<'a>(&self, state: &'a State) -> Option<&'a EnvironmentState> {
        state.environments.get(self.selected)
    }

    /// Opens a screen above the others.
    pub fn open(&mut self, screen: Screen) {
        self.layers.push(Layer::of(screen));
    }

    /// Takes note of a new state: what is asked is asked about that one, and a plan that is being carried out, or was
    /// put away, leaves the screen.
    pub fn watch(&mut self, state: &State) {
        if let Some(dialog) = &mut self.dialog
            && let Err(why) = dialog.watch(state)
        {
            self.notice = Some(format!("nothing was done: {why}"));
            self.dialog = None;
        }
        if matches!(self.screen(), Screen::Grid | Screen::Changeset(..)) {
            self.grid.watch(state, self.page);
        }
        self.watch_checks(state);
        let is_running =
            self.environment(state).is_some_and(|it| state.running_in(&it.environment.name).is_some());
        self.watch_log(state);
        self.renew_menu(state);
        if self.is_away {
            self.read_anew(state);
        }
        if let Some(Screen::Plan(dialog, _)) = self.screen_mut() {
            match state.planning {
                // What runs is seen on the board, wherever its plan was opened from.
                Planning::None if is_running => self.layers.truncate(1),
                Planning::None => drop(self.layers.pop()),
                // A plan that cannot be confirmed says itself why.
                _ => drop(dialog.watch(state)),
            }
        }
    }

    fn watch_checks(&mut self, state: &State) {
        let environment = state.environments.get(self.selected).map(|it| &it.environment.name);
        if let (Screen::Checks | Screen::Finding(_), Some(environment)) = (self.screen(), environment) {
            self.checks.watch(state, environment, self.page);
        }
    }

    /// Tells what came of an intent, when that was worth a word.
    pub fn tell(&mut self, state: &State) {
        let newest = state.messages.back();
        if newest != self.told.as_ref() {
            self.told = newest.cloned();
            self.notice = newest.map(|message| match &message.text {
                Ok(text) => text.clone(),
                Err(failure) => failure.what.clone(),
            });
        }
    }

    /// Takes note of a message that is shown elsewhere.
    pub fn pass_over(&mut self, state: &State) {
        self.told = state.messages.back().cloned();
    }

    /// Handles a key.
    pub fn press(&mut self, event: &KeyEvent, state: &State) -> Outcome {
        // A key that is held down confirms nothing and leaves nothing.
        if event.kind != KeyEventKind::Press {
            return Outcome::Redraw;
        }
        if std::mem::take(&mut self.audience.blank) {
            // The key that brings the screen back means nothing else, and what is asked has to be read anew.
            self.read_anew(state);
            return Outcome::Redraw;
        }
        self.notice = None;
        // Not every terminal says that the keyboard is back, but a key does. It confirms nothing.
        self.come_back(state);
        if self.themes.is_open() {
            self.theme = self.themes.press(event).unwrap_or_else(|| self.theme.clone());
            return Outcome::Redraw;
        }
        if let Some(menu) = self.menu.take() {
            return self.pick(menu, event, state);
        }
        if let Some(dialog) = self.dialog.take() {
            return self.answer(dialog, event, state);
        }
        if self.search().is_typing {
            if self.type_words(event, state) {
                return Outcome::Redraw;
            }
        } else if let Some(outcome) = self.confirm(event, state) {
            self.audience.heard(Key::of(event).name(), state.now);
            return outcome;
        }
        let Some(binding) = self.keymap.resolve(event, self, state) else { return Outcome::Redraw };
        let heard = format!("{} {}", Key::of(event).name(), binding.label);
        self.audience.heard(heard.trim_end().to_owned(), state.now);
        self.act(binding.action, state)
    }

    /// Takes what was pasted into whatever is being typed; anywhere else it does nothing.
    pub fn paste(&mut self, text: &str, state: &State) {
        self.come_back(state);
        if self.audience.blank {
            return;
        }
        if let Some(menu) = &mut self.menu {
            menu.paste(text);
        } else if let Some(dialog) = &mut self.dialog {
            dialog.paste(text, state.now);
        } else if self.search().is_typing {
            self.search_mut().paste(text);
            self.look_for_it(state);
        }
    }

    /// Another window has the keyboard now, or this one has it again. What is asked has to be read anew then.
    pub fn focus(&mut self, is_here: bool, state: &State) {
        if is_here {
            self.come_back(state);
        } else {
            self.is_away = true;
            self.let_go();
            self.read_anew(state);
        }
    }

    fn come_back(&mut self, state: &State) {
        if std::mem::take(&mut self.is_away) {
            self.read_anew(state);
        }
    }

    /// What can be confirmed is only so once it was on screen for long enough from now on.
    fn read_anew(&mut self, state: &State) {
        if let Some(dialog) = &mut self.dialog {
            dialog.read_anew(state.now);
        }
        if let Some(Screen::Plan(dialog, _)) = self.screen_mut() {
            dialog.read_anew(state.now);
        }
    }

    /// Does something, unless it cannot be done here.
    pub(in crate::tui) fn act(&mut self, action: Action, state: &State) -> Outcome {
        if let Some(reason) = keymap::off(action, state, self) {
            self.notice = Some(reason);
            return Outcome::Redraw;
        }
        self.carry_out(action, state)
    }

    fn carry_out(&mut self, action: Action, state: &State) -> Outcome {
        if let Some(outcome) = self.check(action, state) {
            return outcome;
        }
        match action {
            Action::Left
            | Action::Right
            | Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last
            | Action::Environment(_)
            | Action::NextPane => return self.go(action, state),
            Action::DrillIn if matches!(self.screen(), Screen::Approvals(_)) => return self.read(state),
            Action::DrillIn if matches!(self.screen(), Screen::Flows(_)) => return self.run_flow(state),
            Action::Flows | Action::StopFlow => return self.flows(action),
            Action::DrillIn => self.drill_in(state),
            Action::Drift | Action::Schemas | Action::Locks => self.compare(action, state),
            Action::Find => self.find(state),
            Action::Next | Action::Previous => self.go_to_hit(action == Action::Next, state),
            Action::History => self.toggle(Screen::History(0)),
            // From its end on.
            Action::Journal => self.toggle(Screen::Journal(usize::MAX)),
            Action::Palette => self.open_palette(state),
            Action::Copy => self.open_copies(state),
            Action::Mouse => return self.toggle_mouse(),
            Action::Grow => self.draw_log(1),
            Action::Shrink => self.draw_log(-1),
            Action::Differences if matches!(self.screen(), Screen::Schemas(_)) => self.toggle_cosmetic(),
            Action::Differences => self.grid.toggle_differences(self.page),
            Action::Promote => return self.plan(Request::Forward(None), state),
            Action::RollBack if matches!(self.screen(), Screen::Plan(..)) => self.confirm_back(state),
            Action::RollBack if matches!(self.screen(), Screen::Reconcile(_)) => {
                return self.go_on(action, state);
            }
            Action::RollBack | Action::Retry
                if matches!(self.screen(), Screen::History(_) | Screen::Past(..)) =>
            {
                return self.plan_past(action, state);
            }
            Action::RollBack => {
                return self.plan(Request::Back { release: None, keep_schema: false }, state);
            }
            Action::AppOnly => return toggle_app_only(state),
            Action::Hold => return Outcome::Intent(Intent::HoldAutomatic),
            Action::Retry => return self.retry(state),
            Action::Resolve | Action::Abort | Action::ReleaseLock => self.ask_about(action, state),
            Action::Approvals => self.open(Screen::Approvals(0)),
            Action::Vote(_) | Action::Override | Action::Bar | Action::Line | Action::Settle => {
                if let Some(question) = self.question(action, state) {
                    self.ask(question, state);
                }
            }
            Action::Reconcile => return self.reconcile(),
            Action::Attach | Action::Resume => return self.go_on(action, state),
            Action::OpenReport => return self.open_report(state),
            Action::Logs => self.toggle(Screen::Log),
            Action::Follow | Action::Wrap | Action::Times | Action::LogLevel | Action::LogStep => {
                self.read_log(action, state);
            }
            Action::SaveLog => return Outcome::Intent(Intent::SaveLog),
            Action::Refresh => return Outcome::Intent(Intent::Refresh),
            Action::Theme => self.themes.open(&self.theme),
            Action::StageMode | Action::Redact | Action::Blank => self.show_to_people(action),
            Action::Help if !matches!(self.screen(), Screen::Help(_)) => self.open(Screen::Help(0)),
            Action::Help | Action::Back => return self.back(state),
            Action::Quit => return self.quit(state),
            // Done before.
            Action::Checks => {}
        }
        Outcome::Redraw
    }
}

impl Ui {
    /// How the log is read.
    fn read_log(&mut self, action: Action, state: &State) {
        match action {
            Action::Wrap => self.log.toggle_wrap(),
            Action::Times => self.log.toggle_times(),
            Action::LogLevel => self.log.next_level(),
            Action::LogStep => self.log.next_step(&state.log),
            _ => self.log.follow(),
        }
    }
}

impl Layer {
    fn of(screen: Screen) -> Self {
        Self { screen, search: Search::default() }
    }
}

/// Asks for the same way back with the schema left as it is, or with it going back too.
fn toggle_app_only(state: &State) -> Outcome {
    let Planning::Ready(prepared) = &state.planning else { return Outcome::Redraw };
    let Some(way) = prepared.plan.way_back() else { return Outcome::Redraw };
    let release = Some(prepared.plan.version.clone());
    let request = Request::Back { release, keep_schema: !way.keeps_schema };
    Outcome::Intent(Intent::Plan { environment: prepared.plan.environment.clone(), request })
}
