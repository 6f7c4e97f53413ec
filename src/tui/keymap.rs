//! Action, keys, words and the reason for being off: one table. Dispatch, footer and help read it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::domain::journal::VoteWord;
use crate::domain::plan::Direction;
use crate::domain::reconcile::Next;
use crate::engine::flow::FlowRun;
use crate::engine::planning::Planning;
use crate::engine::{EnvironmentState, State};
use crate::tui::ui::{Pane, Screen, Ui};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To the environment at the left, or the release before.
    Left,
    /// To the environment at the right, or the release after.
    Right,
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// Half a page up.
    PageUp,
    /// Half a page down.
    PageDown,
    /// To the beginning.
    First,
    /// To the end.
    Last,
    /// To the environment with this number, from 0.
    Environment(u8),
    /// To the next pane.
    NextPane,
    /// Into what is selected. Never confirms anything.
    DrillIn,
    /// One level back.
    Back,
    /// Makes the plan for the selected environment.
    Promote,
    /// Holds what would begin by itself.
    Hold,
    /// Makes the plan for the way back of the selected environment; on that plan, asks to carry it out.
    RollBack,
    /// The way back with the schema left as it is, and with it.
    AppOnly,
    /// Makes the plan of the run that failed in the selected environment once more.
    Retry,
    /// Asks to mark the failure that the selected environment shows as resolved.
    Resolve,
    /// Asks to abort what runs in the selected environment.
    Abort,
    /// What waits for approval.
    Approvals,
    /// Asks for a word about the plan on screen.
    Vote(VoteWord),
    /// Asks to carry the plan on screen out although its gate asks for more.
    Override,
    /// Asks to let the planned release go no further, or to let it again.
    Bar,
    /// Asks to stop the line, or to let it run again.
    Line,
    /// Finds out what became of runs that nobody saw end.
    Reconcile,
    /// Waits for a run that is still at work.
    Attach,
    /// Asks to put on record what was found out about a run.
    Settle,
    /// Asks to let go of the lock that a run left behind.
    ReleaseLock,
    /// Plans the rest of a run.
    Resume,
    /// The flow files there are, and the one that runs.
    Flows,
    /// Stops the flow that runs.
    StopFlow,
    /// Changesets by environments.
    Drift,
    /// What policy finds in the release that comes next, or is planned.
    Checks,
    /// Types a filter.
    Filter,
    /// To the next match, or the next difference.
    Next,
    /// To the one before.
    Previous,
    /// Only what differs, or is pending; or everything.
    Differences,
    /// Opens the report of what ran last in the selected environment.
    OpenReport,
    /// Copies where that report is.
    CopyReport,
    /// The log on the whole screen, and back.
    Logs,
    /// Follows the log.
    Follow,
    /// Long lines of the log go on in the next row, or are cut.
    Wrap,
    /// Times of the log as times of day, or since its run began.
    Times,
    /// Copies the full logs into a file.
    SaveLog,
    /// Only lines of the log that matter more.
    LogLevel,
    /// Only lines of one step.
    LogStep,
    /// Looks at everything again.
    Refresh,
    /// The themes to choose from.
    Theme,
    /// Every key that works here.
    Help,
    /// Leaves.
    Quit,
}

/// One row of the key map.
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys, the one to show first.
    pub keys: &'static [Key],
    /// The word in the footer; empty keeps it out of there.
    pub label: &'static str,
    /// The sentence in the help.
    pub about: &'static str,
    /// Where it works.
    pub place: Place,
    /// How important its hint is; lower survives longer on a narrow screen.
    pub rank: u8,
}

/// Where a binding works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere but in a text field.
    Anywhere,
    /// On the board.
    Board,
    /// On the plan, whichever way it leads.
    Plan,
    /// On a plan that leads forward.
    WayForward,
    /// On a plan that leads back.
    WayBack,
    /// On what waits for approval.
    Approvals,
    /// On what became of runs.
    Reconcile,
    /// On the list of flows.
    Flows,
    /// On the flow that runs, or ran last.
    Flow,
    /// On the grid.
    Grid,
    /// On the checks.
    Checks,
    /// On every screen above the board.
    Above,
    /// Wherever there is something to scroll.
    Scrolling,
    /// Wherever the log is.
    Log,
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(KeyCode, KeyModifiers);

const fn key(code: KeyCode) -> Key {
    Key(code, KeyModifiers::NONE)
}

const fn letter(c: char) -> Key {
    Key(KeyCode::Char(c), KeyModifiers::NONE)
}

const fn control(c: char) -> Key {
    Key(KeyCode::Char(c), KeyModifiers::CONTROL)
}

const fn row(
    action: Action,
    keys: &'static [Key],
    label: &'static str,
    about: &'static str,
    place: Place,
    rank: u8,
) -> Binding {
    Binding { action, keys, label, about, place, rank }
}

/// Every binding. The order is that of help and footer.
pub const BINDINGS: &[Binding] = &[
    row(
        Action::Promote,
        &[letter('p')],
        "promote",
        "Make the plan for the selected environment",
        Place::Board,
        2,
    ),
    row(
        Action::RollBack,
        &[letter('R')],
        "roll back",
        "Make the plan for the way back of the selected environment",
        Place::Board,
        4,
    ),
    row(
        Action::RollBack,
        &[letter('R')],
        "roll back",
        "Carry this plan out: asks for the name of the environment and for a reason",
        Place::WayBack,
        1,
    ),
    row(
        Action::AppOnly,
        &[letter('o')],
        "app only",
        "Leave the schema as it is, or let it go back too",
        Place::WayBack,
        3,
    ),
    row(
        Action::Vote(VoteWord::Approve),
        &[letter('a')],
        "approve",
        "Approve exactly this plan",
        Place::WayForward,
        1,
    ),
    row(
        Action::Vote(VoteWord::Reject),
        &[letter('x')],
        "reject",
        "Reject this plan, with a reason",
        Place::WayForward,
        1,
    ),
    row(
        Action::Vote(VoteWord::Request),
        &[letter('r')],
        "ask for approval",
        "Ask for this plan to be approved; after a rejection, ask anew",
        Place::WayForward,
        2,
    ),
    row(
        Action::Override,
        &[letter('O')],
        "override",
        "Promote all the same, where the gate lets itself be overridden; takes the name and a reason",
        Place::WayForward,
        3,
    ),
    row(
        Action::Bar,
        &[letter('B')],
        "bar release",
        "Let this release go no further, or let it again, with a reason",
        Place::WayForward,
        6,
    ),
    row(
        Action::DrillIn,
        &[key(KeyCode::Enter)],
        "read the plan",
        "The plan that waits: approve or reject it there",
        Place::Approvals,
        1,
    ),
    row(
        Action::Reconcile,
        &[letter('u')],
        "look again",
        "Look again at everything that the runs could have touched",
        Place::Reconcile,
        2,
    ),
    row(
        Action::Attach,
        &[letter('w')],
        "wait for it",
        "Wait until what still runs has ended, then look again",
        Place::Reconcile,
        1,
    ),
    row(
        Action::ReleaseLock,
        &[letter('K')],
        "let the lock go",
        "Let Liquibase's lock go, whose holder is proven to be gone",
        Place::Reconcile,
        1,
    ),
    row(
        Action::Settle,
        &[letter('S')],
        "put on record",
        "Put on record what was found out, so that something new may begin",
        Place::Reconcile,
        1,
    ),
    row(
        Action::Resume,
        &[letter('p')],
        "plan the rest",
        "Plan once more where the run was going; what is done is not done again",
        Place::Reconcile,
        2,
    ),
    row(
        Action::RollBack,
        &[letter('R')],
        "roll back",
        "Plan the way back to what ran before",
        Place::Reconcile,
        2,
    ),
    row(
        Action::Resolve,
        &[letter('c')],
        "mark resolved",
        "Say by hand that it is settled, with a reason",
        Place::Reconcile,
        2,
    ),
    row(
        Action::DrillIn,
        &[key(KeyCode::Enter)],
        "details",
        "Everything about the selected environment",
        Place::Board,
        4,
    ),
    row(
        Action::Drift,
        &[letter('d')],
        "drift",
        "Changesets by environments: what is pending, edited, unexpected, out of order",
        Place::Board,
        4,
    ),
    row(
        Action::Checks,
        &[letter('C')],
        "checks",
        "What policy finds in the release that comes next for the selected environment",
        Place::Board,
        6,
    ),
    row(
        Action::Checks,
        &[letter('C')],
        "checks",
        "What policy finds in the planned release, finding by finding",
        Place::WayForward,
        4,
    ),
    row(
        Action::Flows,
        &[letter('F')],
        "flows",
        "The flow files of the folder; enter runs one against the selected environment",
        Place::Board,
        8,
    ),
    row(
        Action::DrillIn,
        &[key(KeyCode::Enter)],
        "run",
        "Run it against the selected environment; what changes something is asked about first",
        Place::Flows,
        2,
    ),
    row(Action::Flows, &[letter('F')], "what runs", "The flow that runs, or ran last", Place::Flows, 3),
    row(
        Action::StopFlow,
        &[letter('X')],
        "stop",
        "Stop the action that runs; the end stage still runs, until it is pressed once more",
        Place::Flow,
        1,
    ),
    row(
        Action::Retry,
        &[letter('r')],
        "try again",
        "Plan once more what failed in the selected environment; what is done is skipped",
        Place::Board,
        2,
    ),
    row(
        Action::Resolve,
        &[letter('c')],
        "mark resolved",
        "Mark the failure that an environment shows as resolved, with a reason",
        Place::Board,
        3,
    ),
    row(
        Action::Reconcile,
        &[letter('u')],
        "what became of it",
        "Find out what became of runs that nobody saw end",
        Place::Board,
        1,
    ),
    row(
        Action::Approvals,
        &[letter('a')],
        "approvals",
        "What waits for approval, for whom, and what has lapsed",
        Place::Board,
        5,
    ),
    row(
        Action::Line,
        &[letter('s')],
        "stop the line",
        "Let nothing new begin anywhere, or let it again; takes a reason",
        Place::Board,
        6,
    ),
    row(
        Action::Abort,
        &[letter('X')],
        "abort",
        "Stop what runs in the selected environment; says first what exactly that would do",
        Place::Board,
        1,
    ),
    row(
        Action::OpenReport,
        &[letter('o')],
        "open report",
        "Open the report of what ran last in the selected environment, where there is a desktop",
        Place::Board,
        6,
    ),
    row(
        Action::CopyReport,
        &[letter('y')],
        "copy its path",
        "Let the terminal copy where that report is",
        Place::Board,
        7,
    ),
    row(
        Action::Left,
        &[key(KeyCode::Left), letter('h')],
        "",
        "Select the environment at the left",
        Place::Board,
        9,
    ),
    row(
        Action::Right,
        &[key(KeyCode::Right), letter('l')],
        "",
        "Select the environment at the right",
        Place::Board,
        9,
    ),
    row(
        Action::Left,
        &[key(KeyCode::Left), letter('h')],
        "earlier release",
        "Plan the release before this one",
        Place::Plan,
        5,
    ),
    row(
        Action::Right,
        &[key(KeyCode::Right), letter('l')],
        "later release",
        "Plan the release after this one",
        Place::Plan,
        5,
    ),
    row(Action::DrillIn, &[key(KeyCode::Enter)], "details", "Everything about the changeset", Place::Grid, 3),
    row(
        Action::Filter,
        &[letter('/')],
        "filter",
        "Only rows with these words in path, id, author or state; esc puts it away",
        Place::Grid,
        3,
    ),
    row(
        Action::Differences,
        &[letter('o')],
        "only differences",
        "Leave out what is applied everywhere, and back",
        Place::Grid,
        4,
    ),
    row(
        Action::Next,
        &[letter('n')],
        "next",
        "To the next match; without a filter to the next difference",
        Place::Grid,
        5,
    ),
    row(Action::Previous, &[letter('N')], "", "To the one before", Place::Grid, 9),
    row(
        Action::Left,
        &[key(KeyCode::Left), letter('h')],
        "",
        "Environments at the left, when not all fit",
        Place::Grid,
        9,
    ),
    row(
        Action::Right,
        &[key(KeyCode::Right), letter('l')],
        "",
        "Environments at the right, when not all fit",
        Place::Grid,
        9,
    ),
    row(
        Action::DrillIn,
        &[key(KeyCode::Enter)],
        "the whole finding",
        "The finding with its statement, why it matters, how to mend it, how to waive it",
        Place::Checks,
        3,
    ),
    row(
        Action::Filter,
        &[letter('/')],
        "filter",
        "Only findings with these words in check, severity, changeset or statement; esc puts it away",
        Place::Checks,
        3,
    ),
    row(
        Action::Differences,
        &[letter('o')],
        "only pending",
        "Leave out what has run in the environment already, and back",
        Place::Checks,
        4,
    ),
    row(Action::Next, &[letter('n')], "next", "To the next finding", Place::Checks, 5),
    row(Action::Previous, &[letter('N')], "", "To the one before", Place::Checks, 9),
    row(
        Action::Environment(0),
        &[letter('1')],
        "",
        "Select the first environment; 2, 3 … the others",
        Place::Board,
        9,
    ),
    row(Action::Environment(1), &[letter('2')], "", "", Place::Board, 9),
    row(Action::Environment(2), &[letter('3')], "", "", Place::Board, 9),
    row(Action::Environment(3), &[letter('4')], "", "", Place::Board, 9),
    row(Action::Environment(4), &[letter('5')], "", "", Place::Board, 9),
    row(Action::Environment(5), &[letter('6')], "", "", Place::Board, 9),
    row(Action::Environment(6), &[letter('7')], "", "", Place::Board, 9),
    row(Action::Environment(7), &[letter('8')], "", "", Place::Board, 9),
    row(Action::Environment(8), &[letter('9')], "", "", Place::Board, 9),
    row(Action::NextPane, &[key(KeyCode::Tab)], "", "Move between the board and the log", Place::Board, 8),
    row(Action::Logs, &[letter('L')], "logs", "The log on the whole screen, and back", Place::Anywhere, 5),
    row(Action::Follow, &[letter('f')], "follow", "Follow the end of the log", Place::Log, 6),
    row(
        Action::Wrap,
        &[letter('w')],
        "wrap",
        "Let long lines go on in the next row, or cut them",
        Place::Log,
        7,
    ),
    row(
        Action::LogLevel,
        &[letter('e')],
        "level",
        "Only warnings and errors, only errors, everything",
        Place::Log,
        6,
    ),
    row(
        Action::LogStep,
        &[letter('i')],
        "step",
        "Only the lines of one step after the other, or all",
        Place::Log,
        8,
    ),
    row(
        Action::SaveLog,
        &[letter('S')],
        "save",
        "Copy the full logs of what ran here into a file in the folder that lockstep was started in",
        Place::Log,
        8,
    ),
    row(Action::Times, &[letter('t')], "times", "Times of day, or since the run began", Place::Log, 8),
    row(Action::Up, &[key(KeyCode::Up), letter('k')], "", "One line up", Place::Scrolling, 9),
    row(Action::Down, &[key(KeyCode::Down), letter('j')], "", "One line down", Place::Scrolling, 9),
    row(Action::PageUp, &[key(KeyCode::PageUp), control('u')], "", "Half a page up", Place::Scrolling, 9),
    row(
        Action::PageDown,
        &[key(KeyCode::PageDown), control('d')],
        "",
        "Half a page down",
        Place::Scrolling,
        9,
    ),
    row(Action::First, &[key(KeyCode::Home), letter('g')], "", "To the beginning", Place::Scrolling, 9),
    row(Action::Last, &[key(KeyCode::End), letter('G')], "", "To the end", Place::Scrolling, 9),
    row(Action::Back, &[key(KeyCode::Esc)], "back", "One level back", Place::Above, 1),
    row(
        Action::Back,
        &[key(KeyCode::Esc)],
        "",
        "Back to the columns, and to the end of the log",
        Place::Board,
        9,
    ),
    row(
        Action::Hold,
        &[letter('A')],
        "hold",
        "Do not begin by itself what is being counted down to",
        Place::Anywhere,
        1,
    ),
    row(Action::Refresh, &[key(KeyCode::F(5))], "", "Look at everything again", Place::Anywhere, 8),
    row(
        Action::Theme,
        &[letter('T')],
        "theme",
        "Choose a theme: the one under the cursor is shown at once",
        Place::Anywhere,
        7,
    ),
    row(Action::Help, &[letter('?')], "help", "Every key that works here", Place::Anywhere, 0),
    row(
        Action::Quit,
        &[letter('q'), control('c')],
        "quit",
        "Leave; from another view go back to the board",
        Place::Anywhere,
        0,
    ),
];

/// What `event` does where the operator is now.
pub(super) fn resolve(event: &KeyEvent, ui: &Ui, state: &State) -> Option<Action> {
    let binding = BINDINGS.iter().find(|binding| {
        works(binding.place, ui, state) && binding.keys.iter().any(|key| key.matches(event))
    })?;
    Some(binding.action)
}

/// The bindings that work where the operator is now.
pub(super) fn active(ui: &Ui, state: &State) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(|binding| works(binding.place, ui, state))
}

/// Why an action cannot be done now; `None` when it can.
pub(super) fn off(action: Action, state: &State, ui: &Ui) -> Option<String> {
    let environment = ui.environment(state)?;
    let name = &environment.environment.name;
    let is_board = matches!(ui.screen(), Screen::Board);
    match action {
        Action::Promote | Action::RollBack | Action::Retry if is_board => {
            let running = state.running_in(name);
            let busy = running.map(|promotion| match promotion.plan.direction() {
                Direction::Forward => {
                    format!("{} is being promoted to {}", promotion.plan.version, promotion.plan.environment)
                }
                Direction::Back => format!("{name} is being rolled back to {}", promotion.plan.version),
            });
            let is_well = action == Action::Retry && state.history.alarm(name).is_none();
            busy.or_else(|| is_well.then(|| format!("{name} shows no failure")))
        }
        Action::SaveLog if state.logged_runs().is_empty() => Some("nothing has run here yet".to_owned()),
        Action::LogStep if state.log.steps().is_empty() => Some("no line belongs to a step".to_owned()),
        Action::Hold if state.automatic.is_none() => Some("nothing begins by itself".to_owned()),
        Action::Resolve if is_board && state.history.alarm(name).is_none() => {
            Some(format!("{name} shows no failure"))
        }
        Action::Abort if state.running_in(name).is_none() => {
            Some(format!("nothing is being promoted to {name}"))
        }
        Action::Flows if !is_board && state.flow.is_none() => Some("no flow has run yet".to_owned()),
        Action::StopFlow if state.flow.as_ref().is_none_or(FlowRun::is_over) => {
            Some("no flow runs".to_owned())
        }
        Action::OpenReport | Action::CopyReport if ui.filed(state).is_none() => {
            Some(format!("nothing that ran here in {name} has left a report"))
        }
        Action::Approvals if state.petitions.is_empty() => Some("nothing waits for approval".to_owned()),
        Action::DrillIn | Action::Filter | Action::Differences | Action::Next
            if matches!(ui.screen(), Screen::Checks) && ui.checks.findings().is_empty() =>
        {
            Some("nothing was found".to_owned())
        }
        Action::Checks if state.policy.is_none() => {
            Some("no policy is configured, so nothing is checked".to_owned())
        }
        Action::Reconcile if is_board && !state.environments.iter().any(|it| is_unknown(state, it)) => {
            Some("every run was seen to its end".to_owned())
        }
        Action::Vote(_) | Action::Override => ui.question(action, state)?.asked(state).err(),
        Action::Attach | Action::Settle | Action::ReleaseLock | Action::Resume => {
            off_for_run(action, state, ui)
        }
        Action::RollBack | Action::Resolve if matches!(ui.screen(), Screen::Reconcile(_)) => {
            off_for_run(action, state, ui)
        }
        _ => None,
    }
}

fn is_unknown(state: &State, environment: &EnvironmentState) -> bool {
    state.open_run(&environment.environment.name).is_some()
}

/// Only what is safe after what was found out is offered.
fn off_for_run(action: Action, state: &State, ui: &Ui) -> Option<String> {
    let Some(report) = ui.report(state) else { return Some("nothing was found out yet".to_owned()) };
    let is_offered = report.next.iter().any(|next| of_next(next) == action);
    (!is_offered).then(|| format!("not after this: {} is {}", report.version, report.finding.word()))
}

/// The action that does what may be done about a run.
pub(super) fn of_next(next: &Next) -> Action {
    match next {
        Next::Attach => Action::Attach,
        Next::LookAgain => Action::Reconcile,
        Next::ReleaseLock => Action::ReleaseLock,
        Next::Settle => Action::Settle,
        Next::Resume(..) => Action::Resume,
        Next::RollBack(_) => Action::RollBack,
        Next::Resolve => Action::Resolve,
    }
}

/// The key to show for an action.
pub(super) fn key_of(action: Action) -> String {
    let binding = BINDINGS.iter().find(|binding| binding.action == action);
    binding.and_then(|binding| binding.keys.first()).map(|key| key.name()).unwrap_or_default()
}

fn works(place: Place, ui: &Ui, state: &State) -> bool {
    let is_log = matches!((ui.screen(), ui.pane), (Screen::Log, _) | (Screen::Board, Pane::Log));
    match place {
        Place::Anywhere => true,
        Place::Board => matches!(ui.screen(), Screen::Board),
        Place::Plan => matches!(ui.screen(), Screen::Plan(..)),
        Place::WayForward => matches!(ui.screen(), Screen::Plan(..)) && leads(state, Direction::Forward),
        Place::WayBack => matches!(ui.screen(), Screen::Plan(..)) && leads(state, Direction::Back),
        Place::Approvals => matches!(ui.screen(), Screen::Approvals(_)),
        Place::Reconcile => matches!(ui.screen(), Screen::Reconcile(_)),
        Place::Flows => matches!(ui.screen(), Screen::Flows(_)),
        Place::Flow => matches!(ui.screen(), Screen::Flow(_)),
        Place::Grid => matches!(ui.screen(), Screen::Grid),
        Place::Checks => matches!(ui.screen(), Screen::Checks),
        Place::Above => !matches!(ui.screen(), Screen::Board),
        Place::Log => is_log,
        Place::Scrolling => is_log || !matches!(ui.screen(), Screen::Board),
    }
}

fn leads(state: &State, direction: Direction) -> bool {
    matches!(&state.planning, Planning::Ready(prepared) if prepared.plan.direction() == direction)
}

impl Key {
    fn matches(self, event: &KeyEvent) -> bool {
        // A capital letter may arrive with or without Shift, depending on the terminal.
        let modifiers = match event.code {
            KeyCode::Char(_) => event.modifiers.difference(KeyModifiers::SHIFT),
            _ => event.modifiers,
        };
        self.0 == event.code && self.1 == modifiers
    }

    /// The key as people write it.
    pub fn name(self) -> String {
        let name = match self.0 {
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Enter => "enter".to_owned(),
            KeyCode::Esc => "esc".to_owned(),
            KeyCode::Tab => "tab".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::PageUp => "pgup".to_owned(),
            KeyCode::PageDown => "pgdn".to_owned(),
            KeyCode::Home => "home".to_owned(),
            KeyCode::End => "end".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
            other => format!("{other:?}"),
        };
        if self.1.contains(KeyModifiers::CONTROL) { format!("ctrl-{name}") } else { name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        // Where a place can be active together with another one.
        let screen = |place: Place| match place {
            Place::Board => Some("board"),
            Place::Plan | Place::WayForward | Place::WayBack => Some("plan"),
            Place::Grid => Some("grid"),
            Place::Checks => Some("checks"),
            Place::Approvals => Some("approvals"),
            Place::Reconcile => Some("reconcile"),
            Place::Flows => Some("flows"),
            Place::Flow => Some("flow"),
            Place::Anywhere | Place::Above | Place::Scrolling | Place::Log => None,
        };
        let is_bare = |place: Place| screen(place).is_none() || place == Place::Board;
        let meets = |one: Place, other: Place| match (one, other) {
            (Place::Board, Place::Above)
            | (Place::Above, Place::Board)
            | (Place::WayForward, Place::WayBack)
            | (Place::WayBack, Place::WayForward) => false,
            // The log is on the board, or alone.
            (Place::Log, other) | (other, Place::Log) => is_bare(other),
            (one, other) => screen(one).zip(screen(other)).is_none_or(|(one, other)| one == other),
        };
        for (index, one) in BINDINGS.iter().enumerate() {
            for other in &BINDINGS[index + 1..] {
                let shared = one.keys.iter().find(|key| other.keys.contains(key));
                assert!(
                    shared.is_none() || !meets(one.place, other.place),
                    "{} means {:?} and {:?}",
                    shared.map(|key| key.name()).unwrap_or_default(),
                    one.action,
                    other.action
                );
            }
        }
    }

    fn nothing() -> State {
        let id = crate::domain::names::DemoId::parse("demo1").unwrap();
        State::new(id, "", "", Vec::new(), std::time::Duration::ZERO)
    }

    #[test]
    fn a_capital_letter_is_the_same_with_and_without_shift() {
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let event = KeyEvent::new(KeyCode::Char('L'), modifiers);
            let ui = Ui::new(jiff::tz::TimeZone::UTC, "dark");
            assert_eq!(resolve(&event, &ui, &nothing()), Some(Action::Logs));
        }
    }
}
