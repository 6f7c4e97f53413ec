//! The steps of a promotion. Their order is the plan's.

use std::fmt;

/// What the steps that a flow brings are called.
const ACTION: &str = "action";

/// What those at its end are called.
const CLOSING: &str = "closing";

/// One step of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    /// Take lockstep's own lock of the environment.
    Lock,
    /// Look again whether the plan still holds.
    Recheck,
    /// `liquibase validate`.
    Validate,
    /// Make sure that there is a tag to go back to.
    Anchor,
    /// `liquibase update`.
    Update,
    /// `liquibase rollback`, on the way back.
    Undo,
    /// Change the service's image and follow the platform's operation to its end.
    Service,
    /// Wait until the application itself says that it is well and which version it is.
    Health,
    /// Prove the result from evidence.
    Evidence,
    /// An action that the promotion flow brings, by its number in the procedure, from 1.
    Action(u16),
    /// The same at the end of the flow, where it is carried out whatever happened before.
    Closing(u16),
}

impl StepKind {
    /// All steps that are lockstep's own.
    pub const ALL: [Self; 9] = [
        Self::Lock,
        Self::Recheck,
        Self::Validate,
        Self::Anchor,
        Self::Update,
        Self::Undo,
        Self::Service,
        Self::Health,
        Self::Evidence,
    ];

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Recheck => "recheck",
            Self::Validate => "validate",
            Self::Anchor => "anchor",
            Self::Update => "update",
            Self::Undo => "undo",
            Self::Service => "service",
            Self::Health => "health",
            Self::Evidence => "evidence",
            Self::Action(_) => ACTION,
            Self::Closing(_) => CLOSING,
        }
    }

    /// Its number in the procedure, from 1, for a step that a flow brings.
    pub fn number(self) -> Option<u16> {
        match self {
            Self::Action(number) | Self::Closing(number) => Some(number),
            _ => None,
        }
    }

    /// The step that [`Display`](fmt::Display) writes so.
    pub fn from_text(text: &str) -> Option<Self> {
        let numbered = |name: &str| text.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        let own = || Self::ALL.into_iter().find(|step| step.word() == text);
        numbered(ACTION).map(Self::Action).or_else(|| numbered(CLOSING).map(Self::Closing)).or_else(own)
    }

    /// What it is for, as a short sentence without a full stop.
    pub fn about(self) -> &'static str {
        match self {
            Self::Lock => "take the lock of this environment",
            Self::Recheck => "look again whether the plan still holds",
            Self::Validate => "let Liquibase validate the changelog",
            Self::Anchor => "make sure there is a tag to go back to",
            Self::Update => "let Liquibase run the changesets",
            Self::Undo => "let Liquibase undo the changesets",
            Self::Service => "deploy the image and follow the operation",
            Self::Health => "wait for /health and /version",
            Self::Evidence => "prove operation, image, version and rows",
            Self::Action(_) => "carry out an action of the promotion flow",
            Self::Closing(_) => "carry out what stands at the end of the promotion flow",
        }
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(number) => write!(out, "{ACTION} {number}"),
            Self::Closing(number) => write!(out, "{CLOSING} {number}"),
            step => out.pad(step.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_read_as_it_is_written() {
        for step in StepKind::ALL.into_iter().chain([StepKind::Action(1), StepKind::Closing(12)]) {
            assert_eq!(StepKind::from_text(&step.to_string()), Some(step));
        }
        for text in ["", "action", "action1", "action -1", "closing x", "deploy"] {
            assert_eq!(StepKind::from_text(text), None, "{text}");
        }
    }
}
