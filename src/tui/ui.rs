//! What only the console knows: which screen, what is selected, where it is scrolled to, what is being confirmed.

use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::tz::TimeZone;

use crate::domain::changelog::ChangesetId;
use crate::domain::journal::PastRun;
use crate::domain::names::EnvironmentName;
use crate::domain::plan::Direction;
use crate::domain::reconcile::{Next, Report};
use crate::domain::release::{ImageRef, Version};
use crate::domain::report::Filed;
use crate::engine::event::Intent;
use crate::engine::flow::FlowFile;
use crate::engine::planning::{Planning, Prepared, Request};
use crate::engine::{EnvironmentState, Message, State};
use crate::tui::checks::ChecksView;
use crate::tui::dialog::{Answer, Dialog};
use crate::tui::grid::GridView;
use crate::tui::keymap::{self, Action};
use crate::tui::log::LogView;
use crate::tui::picker::ThemePicker;
use crate::tui::question::{Question, Stop};

/// The view state of the console.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The screens, the one on top last. The board is always the first.
    screens: Vec<Screen>,
    /// The selected environment, by position.
    pub selected: usize,
    /// What is asked above all screens.
    pub dialog: Option<Dialog>,
    /// The pane of the board that keys go to.
    pub pane: Pane,
    /// The log, and where in it the operator is.
    pub log: LogView,
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
    /// True once the operator wants to leave as soon as the promotion is over.
    pub is_leaving: bool,
    /// The rows that the screen had when it was drawn last; half of them is a page.
    pub page: u16,
    /// The newest message when an intent was last asked for.
    told: Option<Message>,
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
    /// What policy finds in the release that comes next, or is planned.
    Checks,
    /// The finding under the cursor there, scrolled down by some lines.
    Finding(usize),
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
    /// The terminal is to take this into its clipboard.
    Copy(String),
    /// The operator leaves.
    Leave,
}

impl Ui {
    /// The board, with the first environment selected.
    pub fn new(zone: TimeZone, theme: &str) -> Self {
        Self {
            screens: vec![Screen::Board],
            selected: 0,
            dialog: None,
            pane: Pane::Columns,
            log: LogView::default(),
            grid: GridView::default(),
            checks: ChecksView::default(),
            notice: None,
            zone,
            theme: theme.to_owned(),
            themes: ThemePicker::default(),
            is_leaving: false,
            page: 24,
            told: None,
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
        self.log.watch(&state.log);
        let is_running =
            self.environment(state).is_some_and(|it| state.running_in(&it.environment.name).is_some());
        if let Some(Screen::Plan(dialog, _)) = self.screens.last_mut() {
            match state.planning {
                // What runs is seen on the board, wherever its plan was opened from.
                Planning::None if is_running => self.screens.truncate(1),
                Planning::None => drop(self.screens.pop()),
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
        self.notice = None;
        if self.themes.is_open() {
            self.theme = self.themes.press(event).unwrap_or_else(|| self.theme.clone());
            return Outcome::Redraw;
        }
        if let Some(dialog) = self.dialog.take() {
            return self.answer(dialog, event, state);
        }
        if let Some(outcome) = self.confirm(event, state) {
            return outcome;
        }
        let is_typing = matches!(self.screen(), Screen::Grid) && self.grid.is_typing;
        if is_typing && self.grid.type_key(event, self.page) {
            return Outcome::Redraw;
        }
        let is_typing = matches!(self.screen(), Screen::Checks) && self.checks.is_typing;
        if is_typing && self.checks.type_key(event, self.page) {
            return Outcome::Redraw;
        }
        match keymap::resolve(event, self, state) {
            Some(action) => self.act(action, state),
            None => Outcome::Redraw,
        }
    }

    /// Takes what was pasted into whatever is being typed; anywhere else it does nothing.
    pub fn paste(&mut self, text: &str, state: &State) {
        if let Some(dialog) = &mut self.dialog {
            dialog.paste(text, state.now);
        } else if matches!(self.screen(), Screen::Grid) && self.grid.is_typing {
            self.grid.paste(text, self.page);
        } else if matches!(self.screen(), Screen::Checks) && self.checks.is_typing {
            self.checks.paste(text, self.page);
        }
    }

    /// Asks something above what is on screen.
    fn ask(&mut self, question: Question, state: &State) {
        let dialog = Dialog::new(question, state);
        match dialog.question().asked(state) {
            Ok(_) => self.dialog = Some(dialog),
            Err(why) => self.notice = Some(why),
        }
    }

    /// Asks something about the selected environment.
    fn ask_here(&mut self, question: fn(EnvironmentName) -> Question, state: &State) {
        if let Some(environment) = self.environment(state) {
            self.ask(question(environment.environment.name.clone()), state);
        }
    }

    /// Handles a key while something is asked above the screen: all of them are for the dialog.
    fn answer(&mut self, mut dialog: Dialog, event: &KeyEvent, state: &State) -> Outcome {
        match dialog.press(event, state.now) {
            Answer::Cancelled => return Outcome::Redraw,
            Answer::Confirmed => {
                if let Some(intent) = dialog.intent() {
                    if matches!(intent, Intent::RunFlow(_)) {
                        self.open(Screen::Flow(0));
                    }
                    return Outcome::Intent(intent);
                }
            }
            Answer::Refused(why) => self.notice = Some(why),
            Answer::Foreign | Answer::Taken => {}
        }
        self.dialog = Some(dialog);
        Outcome::Redraw
    }

    /// Handles a key as part of confirming the plan on screen; `None` when it is none.
    fn confirm(&mut self, event: &KeyEvent, state: &State) -> Option<Outcome> {
        let Some(Screen::Plan(dialog, _)) = self.screens.last_mut() else { return None };
        match dialog.press(event, state.now) {
            // The way back from here is that of every screen.
            Answer::Foreign | Answer::Cancelled => None,
            Answer::Taken => Some(Outcome::Redraw),
            Answer::Refused(why) => {
                self.notice = Some(why);
                Some(Outcome::Redraw)
            }
            Answer::Confirmed => dialog.intent().map(Outcome::Intent),
        }
    }

    /// Does what an action does, or says why not.
    pub(super) fn act(&mut self, action: Action, state: &State) -> Outcome {
        if let Some(reason) = keymap::off(action, state, self) {
            self.notice = Some(reason);
            return Outcome::Redraw;
        }
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
            Action::Promote => return self.plan(Request::Forward(None), state),
            Action::RollBack if matches!(self.screen(), Screen::Plan(..)) => self.confirm_back(state),
            Action::RollBack if matches!(self.screen(), Screen::Reconcile(_)) => {
                return self.go_on(action, state);
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
            Action::OpenReport | Action::CopyReport => return self.report_file(action, state),
            Action::Logs => self.toggle_log(),
            Action::Follow => self.log.follow(),
            Action::SaveLog => return Outcome::Intent(Intent::SaveLog),
            Action::Wrap => self.log.is_wrapped = !self.log.is_wrapped,
            Action::Times => self.log.toggle_times(),
            Action::LogLevel => self.log.next_level(),
            Action::LogStep => self.log.next_step(&state.log),
            Action::Refresh => return Outcome::Intent(Intent::Refresh),
            Action::Theme => self.themes.open(&self.theme),
            Action::Help if !matches!(self.screen(), Screen::Help(_)) => self.open(Screen::Help(0)),
            Action::Help | Action::Back => return self.back(),
            Action::Quit => return self.quit(state),
            // Done before.
            Action::Checks => {}
        }
        Outcome::Redraw
    }

    /// Asks about the run that is on the screen, or about what is in the selected environment.
    fn ask_about(&mut self, action: Action, state: &State) {
        let reported = self.report(state).map(|report| report.environment.clone());
        match (action, reported) {
            (Action::Resolve, Some(environment)) => self.ask(Question::Resolve(environment), state),
            (Action::Resolve, None) => self.ask_here(Question::Resolve, state),
            (Action::ReleaseLock, Some(environment)) => self.ask(Question::ReleaseLock(environment), state),
            (Action::Abort, _) => self.ask_here(Question::Abort, state),
            _ => {}
        }
    }

    /// Opens the checks, or does what only they do; `None` for what is done elsewhere.
    fn check(&mut self, action: Action, state: &State) -> Option<Outcome> {
        let is_list = matches!(self.screen(), Screen::Checks);
        match action {
            Action::Checks => {
                self.open(Screen::Checks);
                return Some(self.inspect(state));
            }
            Action::Refresh if is_list || matches!(self.screen(), Screen::Finding(_)) => {
                return Some(self.inspect(state));
            }
            Action::Filter if is_list => self.checks.is_typing = true,
            Action::Next | Action::Previous if is_list => {
                self.checks.jump(action == Action::Next, self.page);
            }
            Action::Differences if is_list => self.checks.toggle_pending(self.page),
            _ => return None,
        }
        Some(Outcome::Redraw)
    }

    /// Moves, and changes nothing else.
    fn go(&mut self, action: Action, state: &State) -> Outcome {
        match action {
            Action::Left | Action::Right if matches!(self.screen(), Screen::Plan(..)) => {
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
            _ => {}
        }
        Outcome::Redraw
    }

    /// Asks policy once more about what the checks view shows.
    fn inspect(&mut self, state: &State) -> Outcome {
        self.watch_checks(state);
        match self.environment(state) {
            Some(environment) => Outcome::Intent(Intent::InspectPolicy(environment.environment.name.clone())),
            None => Outcome::Redraw,
        }
    }

    fn toggle_log(&mut self) {
        if matches!(self.screen(), Screen::Log) {
            self.screens.pop();
        } else {
            self.open(Screen::Log);
        }
    }

    fn drill_in(&mut self) {
        let screen = match (self.screen(), self.grid.id()) {
            (Screen::Grid, Some(id)) => Screen::Changeset(id.clone(), 0),
            (Screen::Grid, None) => return,
            (Screen::Checks, _) if self.checks.finding().is_none() => return,
            (Screen::Checks, _) => Screen::Finding(0),
            _ => Screen::Detail(0),
        };
        self.open(screen);
    }

    /// Opens the list of flows, from there the one that runs; or stops that.
    fn flows(&mut self, action: Action) -> Outcome {
        if action == Action::StopFlow {
            return Outcome::Intent(Intent::StopFlow);
        }
        if matches!(self.screen(), Screen::Flows(_)) {
            self.open(Screen::Flow(0));
            return Outcome::Redraw;
        }
        self.open(Screen::Flows(0));
        Outcome::Intent(Intent::ListFlows)
    }

    /// Runs the flow under the cursor against the selected environment; what changes something is asked about first.
    fn run_flow(&mut self, state: &State) -> Outcome {
        let (Some(file), Some(environment)) = (self.flow_file(state), self.environment(state)) else {
            return Outcome::Redraw;
        };
        let environment = environment.environment.name.clone();
        if let Some(error) = file.errors.first() {
            self.notice = Some(format!("it cannot be run: {}", error.text));
            return Outcome::Redraw;
        }
        let question = Question::Flow(file.path.clone(), environment);
        if !file.changes.is_empty() {
            self.ask(question, state);
            return Outcome::Redraw;
        }
        match question.asked(state) {
            Ok(asked) => {
                self.open(Screen::Flow(0));
                Outcome::Intent(question.intent(&asked, ""))
            }
            Err(why) => {
                self.notice = Some(why);
                Outcome::Redraw
            }
        }
    }

    /// The flow file under the cursor.
    pub fn flow_file<'a>(&self, state: &'a State) -> Option<&'a FlowFile> {
        let Screen::Flows(cursor) = self.screen() else { return None };
        state.flow_files.as_ref()?.as_ref().ok()?.get(*cursor)
    }

    fn select(&mut self, index: usize, state: &State) {
        if index < state.environments.len() {
            self.selected = index;
        }
    }

    fn plan(&mut self, request: Request, state: &State) -> Outcome {
        let Some(environment) = self.environment(state) else { return Outcome::Redraw };
        let environment = environment.environment.name.clone();
        // What is planned for another environment must not be confirmed by a dialog that opens now.
        let dialog = Dialog::unasked(Question::Promote, state.now);
        self.open(Screen::Plan(Box::new(dialog), 0));
        Outcome::Intent(Intent::Plan { environment, request })
    }

    /// The question that an action leads to here.
    pub(super) fn question(&self, action: Action, state: &State) -> Option<Question> {
        let stop = |stands: bool| if stands { Stop::End } else { Stop::Begin };
        match action {
            Action::Line => return Some(Question::Line(stop(state.history.line().is_some()))),
            Action::Settle => return Some(Question::Settle(self.report(state)?.run.clone())),
            _ => {}
        }
        let Planning::Ready(prepared) = &state.planning else { return None };
        let plan = &prepared.plan;
        match action {
            Action::Vote(word) => Some(Question::Vote(plan.environment.clone(), word, plan.digest().clone())),
            Action::Override => Some(Question::Override(plan.digest().clone())),
            Action::Bar => {
                let stands = state.history.bar(&plan.version).is_some();
                Some(Question::Bar(plan.version.clone(), stop(stands)))
            }
            _ => None,
        }
    }

    /// What was found out about the run under the cursor.
    pub fn report<'a>(&self, state: &'a State) -> Option<&'a Report> {
        let Screen::Reconcile(cursor) = self.screen() else { return None };
        let reports = open_reports(state);
        reports.get((*cursor).min(reports.len().saturating_sub(1))).copied()
    }

    /// Looks what became of runs, everywhere.
    fn reconcile(&mut self) -> Outcome {
        if !matches!(self.screen(), Screen::Reconcile(_)) {
            self.open(Screen::Reconcile(0));
        }
        Outcome::Intent(Intent::Reconcile(Vec::new()))
    }

    /// Does one of the things that were found to be safe for the run under the cursor.
    fn go_on(&mut self, action: Action, state: &State) -> Outcome {
        let Some(report) = self.report(state) else { return Outcome::Redraw };
        let environment = report.environment.clone();
        let next = report.next.iter().find(|next| keymap::of_next(next) == action);
        let back = |version: &Version| Request::Back { release: Some(version.clone()), keep_schema: false };
        let request = match next {
            Some(Next::Attach) => return Outcome::Intent(Intent::Attach(vec![environment])),
            Some(Next::Resume(Direction::Forward, version)) => Request::Forward(Some(version.clone())),
            Some(Next::Resume(Direction::Back, version) | Next::RollBack(version)) => back(version),
            _ => return Outcome::Redraw,
        };
        self.plan_for(&environment, request, state)
    }

    /// Opens the plan that waits under the cursor.
    fn read(&mut self, state: &State) -> Outcome {
        let Screen::Approvals(cursor) = self.screen() else { return Outcome::Redraw };
        let Some(petition) = state.petitions.get(*cursor) else { return Outcome::Redraw };
        let request = Request::Forward(Some(petition.plan.version.clone()));
        self.plan_for(&petition.plan.environment, request, state)
    }

    /// Plans something for an environment that need not be the selected one, and selects it.
    fn plan_for(&mut self, environment: &EnvironmentName, request: Request, state: &State) -> Outcome {
        let place = state.environments.iter().position(|it| it.environment.name == *environment);
        self.selected = place.unwrap_or(self.selected);
        self.plan(request, state)
    }

    /// Plans once more what failed: a new run, in which what is done is skipped.
    fn retry(&mut self, state: &State) -> Outcome {
        let name = self.environment(state).map(|it| &it.environment.name);
        let Some((past, _)) = name.and_then(|name| state.history.alarm(name)) else {
            return Outcome::Redraw;
        };
        let own = state.promotion(&past.environment).filter(|promotion| promotion.run == past.run);
        let request = match (own, past.direction()) {
            (Some(promotion), _) => Request::of(&promotion.plan),
            (None, Direction::Forward) => Request::Forward(Some(past.version.clone())),
            (None, Direction::Back) => {
                Request::Back { release: Some(past.version.clone()), keep_schema: false }
            }
        };
        self.plan(request, state)
    }

    fn other_release(&mut self, later: bool, state: &State) -> Outcome {
        let Planning::Ready(prepared) = &state.planning else { return Outcome::Redraw };
        let Some(version) = neighbour(state, prepared, later) else {
            let end = match (prepared.plan.direction(), later) {
                (Direction::Forward, true) => "the newest release",
                (Direction::Back, true) => "the newest that there is a way back to",
                (_, false) => "the oldest release",
            };
            self.notice = Some(format!("{} is {end}", prepared.plan.version));
            return Outcome::Redraw;
        };
        let environment = prepared.plan.environment.clone();
        let request = match prepared.plan.way_back() {
            None => Request::Forward(Some(version)),
            Some(way) => Request::Back { release: Some(version), keep_schema: way.keeps_schema },
        };
        Outcome::Intent(Intent::Plan { environment, request })
    }

    fn confirm_back(&mut self, state: &State) {
        if let Planning::Ready(prepared) = &state.planning {
            self.ask(Question::RollBack(prepared.plan.digest().clone()), state);
        }
    }

    /// The same way back, with the schema left as it is, or not.
    fn scroll(&mut self, state: &State, by: i64) {
        let moved = |from: usize| {
            let from = i64::try_from(from).unwrap_or(i64::MAX);
            usize::try_from(from.saturating_add(by).max(0)).unwrap_or(usize::MAX)
        };
        if matches!(self.screen(), Screen::Log | Screen::Board) {
            self.log.move_by(&state.log, by);
            return;
        }
        if matches!(self.screen(), Screen::Grid) {
            self.grid.scroll(by, self.page);
            return;
        }
        if matches!(self.screen(), Screen::Checks) {
            self.checks.scroll(by, self.page);
            return;
        }
        let last = match self.screen() {
            Screen::Approvals(_) => state.petitions.len(),
            Screen::Reconcile(_) => open_reports(state).len(),
            Screen::Flows(_) => {
                state.flow_files.as_ref().and_then(|files| files.as_ref().ok()).map_or(0, Vec::len)
            }
            _ => usize::MAX,
        };
        if let Some(Screen::Approvals(cursor) | Screen::Reconcile(cursor) | Screen::Flows(cursor)) =
            self.screens.last_mut()
        {
            *cursor = moved(*cursor).min(last.saturating_sub(1));
            return;
        }
        if let Some(
            Screen::Plan(_, scroll)
            | Screen::Detail(scroll)
            | Screen::Flow(scroll)
            | Screen::Changeset(_, scroll)
            | Screen::Finding(scroll)
            | Screen::Help(scroll),
        ) = self.screens.last_mut()
        {
            *scroll = moved(*scroll);
        }
    }

    fn back(&mut self) -> Outcome {
        if matches!(self.screen(), Screen::Grid) && self.grid.clear_filter(self.page) {
            return Outcome::Redraw;
        }
        if matches!(self.screen(), Screen::Checks) && self.checks.clear_filter(self.page) {
            return Outcome::Redraw;
        }
        match self.screens.len() {
            1 => {
                self.pane = Pane::Columns;
                self.log.follow();
                Outcome::Redraw
            }
            _ => match self.screens.pop() {
                Some(Screen::Plan(..)) => Outcome::Intent(Intent::Dismiss),
                _ => Outcome::Redraw,
            },
        }
    }

    /// Opens the report of the selected environment, or copies where it is.
    fn report_file(&mut self, action: Action, state: &State) -> Outcome {
        let Some((environment, filed)) = self.filed(state) else { return Outcome::Redraw };
        if action == Action::OpenReport {
            return Outcome::Intent(Intent::OpenReport(environment.clone()));
        }
        self.notice = Some(format!("sent to the terminal: {}", filed.path));
        Outcome::Copy(filed.path.clone())
    }

    /// The report of the promotion that ran last in the selected environment.
    pub(super) fn filed<'a>(&self, state: &'a State) -> Option<(&'a EnvironmentName, &'a Filed)> {
        let name = &self.environment(state)?.environment.name;
        Some((name, state.filed(name)?))
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
        if state.flow.as_ref().is_some_and(|flow| !flow.is_over()) {
            self.is_leaving = true;
            self.notice = Some("a flow is running; lockstep leaves when it has ended".to_owned());
            return Outcome::Redraw;
        }
        if state.is_reporting() && !self.is_leaving {
            self.is_leaving = true;
            self.notice = Some("its report is being written; lockstep leaves when it is there".to_owned());
            return Outcome::Redraw;
        }
        Outcome::Leave
    }
}

/// What was found out about runs that are not settled since.
pub fn open_reports(state: &State) -> Vec<&Report> {
    let is_open = |report: &&Report| state.history.run(&report.run).is_some_and(PastRun::is_open);
    state.reconciliation.reports().iter().filter(is_open).collect()
}

/// The release before or after the planned one. There is no way back to what is newer than what runs.
fn neighbour(state: &State, prepared: &Prepared, later: bool) -> Option<Version> {
    let plan = &prepared.plan;
    let releases = state.catalog.value()?.releases();
    let index = releases.iter().position(|release| release.version == plan.version)?;
    let index = if later { index + 1 } else { index.checked_sub(1)? };
    let version = &releases.get(index)?.version;
    let running = plan.image_from.as_ref().and_then(ImageRef::version);
    let is_ahead = plan.direction() == Direction::Back && running.is_some_and(|running| *version > running);
    (!is_ahead).then(|| version.clone())
}

/// Asks for the same way back with the schema left as it is, or with it going back too.
fn toggle_app_only(state: &State) -> Outcome {
    let Planning::Ready(prepared) = &state.planning else { return Outcome::Redraw };
    let Some(way) = prepared.plan.way_back() else { return Outcome::Redraw };
    let release = Some(prepared.plan.version.clone());
    let request = Request::Back { release, keep_schema: !way.keeps_schema };
    Outcome::Intent(Intent::Plan { environment: prepared.plan.environment.clone(), request })
}
