//! What a key does, and the name that the configuration and the documentation know it by.

use crate::domain::journal::VoteWord;

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// The schema of the selected environment, held against another one.
    Schemas,
    /// Who holds which lock, in every environment.
    Locks,
    /// What policy finds in the release that comes next, or is planned.
    Checks,
    /// Types what to look for: lists show nothing else, texts show where it is.
    Find,
    /// To the next match, or the next difference.
    Next,
    /// To the one before.
    Previous,
    /// Only what differs, or is pending; or everything.
    Differences,
    /// Opens the report of what ran last in the selected environment.
    OpenReport,
    /// What can be copied here.
    Copy,
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
    /// What ran, newest first.
    History,
    /// What was said and done, newest last.
    Journal,
    /// Everything that can be done, found by a few of its letters.
    Palette,
    /// Gives the mouse to the terminal, and takes it again.
    Mouse,
    /// More room for what is below the columns.
    Grow,
    /// Less room for it.
    Shrink,
    /// The themes to choose from.
    Theme,
    /// Shows less, and that larger, for people who look from afar.
    StageMode,
    /// Covers names, accounts and addresses, and shows them again.
    Redact,
    /// Shows nothing until the next key.
    Blank,
    /// Every key that works here.
    Help,
    /// Leaves.
    Quit,
}

/// The name of each action: stable, since people's configuration has them.
const NAMES: [(Action, &str); 71] = [
    (Action::Promote, "promote"),
    (Action::RollBack, "roll-back"),
    (Action::AppOnly, "app-only"),
    (Action::Retry, "retry"),
    (Action::Resolve, "resolve"),
    (Action::Abort, "abort"),
    (Action::Hold, "hold"),
    (Action::Approvals, "approvals"),
    (Action::Vote(VoteWord::Approve), "approve"),
    (Action::Vote(VoteWord::Reject), "reject"),
    (Action::Vote(VoteWord::Request), "request"),
    (Action::Override, "override"),
    (Action::Bar, "bar"),
    (Action::Line, "line"),
    (Action::Reconcile, "reconcile"),
    (Action::Attach, "attach"),
    (Action::Settle, "settle"),
    (Action::ReleaseLock, "release-lock"),
    (Action::Resume, "resume"),
    (Action::Flows, "flows"),
    (Action::StopFlow, "stop-flow"),
    (Action::Drift, "drift"),
    (Action::Schemas, "schemas"),
    (Action::Locks, "locks"),
    (Action::Differences, "differences"),
    (Action::Checks, "checks"),
    (Action::History, "history"),
    (Action::Journal, "journal"),
    (Action::Logs, "logs"),
    (Action::Follow, "follow"),
    (Action::Wrap, "wrap"),
    (Action::Times, "times"),
    (Action::LogLevel, "log-level"),
    (Action::LogStep, "log-step"),
    (Action::SaveLog, "save-log"),
    (Action::OpenReport, "open-report"),
    (Action::Copy, "copy"),
    (Action::Find, "find"),
    (Action::Next, "next"),
    (Action::Previous, "previous"),
    (Action::Palette, "palette"),
    (Action::Help, "help"),
    (Action::Quit, "quit"),
    (Action::Back, "back"),
    (Action::DrillIn, "open"),
    (Action::NextPane, "next-pane"),
    (Action::Environment(0), "environment-1"),
    (Action::Environment(1), "environment-2"),
    (Action::Environment(2), "environment-3"),
    (Action::Environment(3), "environment-4"),
    (Action::Environment(4), "environment-5"),
    (Action::Environment(5), "environment-6"),
    (Action::Environment(6), "environment-7"),
    (Action::Environment(7), "environment-8"),
    (Action::Environment(8), "environment-9"),
    (Action::Left, "left"),
    (Action::Right, "right"),
    (Action::Up, "up"),
    (Action::Down, "down"),
    (Action::PageUp, "page-up"),
    (Action::PageDown, "page-down"),
    (Action::First, "first"),
    (Action::Last, "last"),
    (Action::Grow, "grow"),
    (Action::Shrink, "shrink"),
    (Action::Mouse, "mouse"),
    (Action::Theme, "theme"),
    (Action::StageMode, "stage-mode"),
    (Action::Redact, "redact"),
    (Action::Blank, "blank"),
    (Action::Refresh, "refresh"),
];

impl Action {
    /// The name that the configuration knows it by.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(action, _)| *action == self).map_or("", |(_, name)| name)
    }

    /// The action with this name.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(action, _)| *action)
    }

    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::tui::keymap::bindings;

    #[test]
    fn every_action_that_has_a_key_has_one_name_of_its_own() {
        for binding in bindings() {
            assert_eq!(Action::named(binding.action.name()), Some(binding.action), "{:?}", binding.action);
        }
        assert_eq!(Action::names().collect::<HashSet<_>>().len(), NAMES.len());
        for (action, name) in NAMES {
            assert!(bindings().any(|binding| binding.action == action), "{name} has no key");
        }
    }
}
