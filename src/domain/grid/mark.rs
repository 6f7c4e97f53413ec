//! What a changeset comes to in an environment, as one word.

use crate::domain::drift::{ChangesetState, Standing};

/// What a changeset comes to in an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// It ran as the release has it.
    Applied,
    /// It is still to come.
    Pending,
    /// It is still to come, and the version that runs needs it.
    Missing,
    /// It ran and will run again, as it asks for.
    Rerun,
    /// Its text was changed after it ran: a promotion fails.
    Edited,
    /// It ran under another path: a promotion would run it again.
    Moved,
    /// It ran, or would run, in another order than the release has it.
    OutOfOrder,
    /// It belongs to other runs.
    Filtered,
    /// Whether it is what ran cannot be told here.
    Unknown,
    /// It ran and is not in the release.
    Unexpected,
    /// An unexpected row of another environment that this one does not have.
    Absent,
    /// Nothing is known, or a promotion is at work.
    NotJudged,
}

impl Mark {
    /// Every mark, in the order in which they are counted.
    pub const ALL: [Self; 12] = [
        Self::Applied,
        Self::Pending,
        Self::Missing,
        Self::Rerun,
        Self::Edited,
        Self::Moved,
        Self::OutOfOrder,
        Self::Filtered,
        Self::Unknown,
        Self::Unexpected,
        Self::Absent,
        Self::NotJudged,
    ];

    /// Those that say something of an environment, what to look at first in front.
    pub const BY_WEIGHT: [Self; 10] = [
        Self::Edited,
        Self::Moved,
        Self::Missing,
        Self::Unexpected,
        Self::OutOfOrder,
        Self::Unknown,
        Self::Rerun,
        Self::Pending,
        Self::Filtered,
        Self::Applied,
    ];

    /// What a standing comes to; `is_missing` when the version that runs needs the changeset.
    pub(super) fn of(standing: &Standing, is_missing: bool) -> Self {
        match standing.state {
            ChangesetState::Edited => Self::Edited,
            ChangesetState::Unknown => Self::Unknown,
            ChangesetState::Pending if standing.ran_as.is_some() => Self::Moved,
            ChangesetState::Pending if is_missing => Self::Missing,
            ChangesetState::Applied | ChangesetState::Pending if standing.is_out_of_order => Self::OutOfOrder,
            ChangesetState::Applied => Self::Applied,
            ChangesetState::Pending => Self::Pending,
            ChangesetState::Rerun => Self::Rerun,
            ChangesetState::Filtered => Self::Filtered,
        }
    }

    /// The word for people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Missing => "missing",
            Self::Rerun => "will rerun",
            Self::Edited => "edited",
            Self::Moved => "moved",
            Self::OutOfOrder => "out of order",
            Self::Filtered => "filtered",
            Self::Unknown => "unknown",
            Self::Unexpected => "unexpected",
            Self::Absent => "absent",
            Self::NotJudged => "not judged",
        }
    }

    /// A shape and a letter, for places that have no room for the word.
    pub fn sign(self) -> (&'static str, char) {
        match self {
            Self::Applied => ("✔", 'A'),
            Self::Pending => ("·", 'P'),
            Self::Missing => ("▲", 'M'),
            Self::Rerun => ("↻", 'R'),
            Self::Edited => ("✎", 'E'),
            Self::Moved => ("»", 'V'),
            Self::OutOfOrder => ("⇅", 'O'),
            Self::Filtered => ("–", 'F'),
            Self::Unknown => ("?", 'K'),
            Self::Unexpected => ("◆", 'U'),
            Self::Absent => (" ", ' '),
            Self::NotJudged => ("…", ' '),
        }
    }

    /// What it means for whoever promotes the release, as part of a sentence that begins with the word.
    pub fn about(self) -> &'static str {
        match self {
            Self::Applied => "it ran as the release has it",
            Self::Pending => "it is still to come",
            Self::Missing => "the version that runs needs it and it has not run",
            Self::Rerun => "it ran and will run again, as it asks for",
            Self::Edited => "its text was changed after it ran, so a promotion fails",
            Self::Moved => "it ran under another path, so a promotion would run it again",
            Self::OutOfOrder => "it ran, or would run, in another order than the release has it",
            Self::Filtered => "its contexts, labels or databases leave it out",
            Self::Unknown => "whether its text is what ran cannot be told here",
            Self::Unexpected => "it ran and is not in the release",
            Self::Absent => "it is not in the release and did not run",
            Self::NotJudged => "it was not looked at, or a promotion is at work",
        }
    }

    /// True for what makes a row worth a look: everything but applied, left out on purpose, and nothing at all.
    pub fn is_difference(self) -> bool {
        !matches!(self, Self::Applied | Self::Filtered | Self::Absent | Self::NotJudged)
    }

    /// True when the database is not what it should be. What is pending is to come.
    pub fn is_drift(self) -> bool {
        matches!(
            self,
            Self::Missing | Self::Edited | Self::Moved | Self::OutOfOrder | Self::Unknown | Self::Unexpected
        )
    }

    /// True when a promotion of the release fails on it, or repeats what was done.
    pub fn breaks(self) -> bool {
        matches!(self, Self::Edited | Self::Moved)
    }
}
