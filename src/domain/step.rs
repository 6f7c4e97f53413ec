//! The steps of a promotion. Their order is the plan's.

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
}

impl StepKind {
    /// All steps.
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

    /// The word for people and for machines.
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
        }
    }

    /// The step with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }

    /// True when it changes the world outside.
    pub fn is_side_effect(self) -> bool {
        match self {
            Self::Anchor | Self::Update | Self::Undo | Self::Service => true,
            Self::Lock | Self::Recheck | Self::Validate | Self::Health | Self::Evidence => false,
        }
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
        }
    }
}
