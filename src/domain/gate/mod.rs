//! A gate: everything that an environment asks for before a promotion to it may begin.

/// What has to be so before a promotion to an environment may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// How a promotion is let in.
    pub admission: Admission,
}

impl Gate {
    /// A gate that asks for nothing but what `admission` says.
    pub fn new(admission: Admission) -> Self {
        Self { admission }
    }
}

/// How a promotion to an environment is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// A new release may be deployed without asking.
    Automatic,
    /// A person promotes by hand.
    Confirm,
    /// A person promotes by hand, after approval.
    Approve,
}

impl Admission {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Confirm => "confirm",
            Self::Approve => "approval",
        }
    }
}
