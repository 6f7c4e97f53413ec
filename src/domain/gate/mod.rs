//! A gate: everything that an environment asks for before a promotion to it may begin.
//!
//! Here is how a gate is configured; `condition` is the table of what it can ask for, `approval` counts votes,
//! `freeze` knows the calendar, `inspection` holds policy against a plan, `difference` tells two plans apart.

mod approval;
mod condition;
mod difference;
mod freeze;
mod inspection;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use approval::{ApprovalRule, Ballot, Lapse, Person, Tally, is_role};
pub use condition::{Condition, Look, Nature, Surroundings, Unmet, Waiver, unmet};
use difference::actions;
pub use difference::differences;
pub use freeze::Freeze;
pub use inspection::{Inspection, is_blocking, on};

/// What has to be so before a promotion to an environment may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// How a promotion is let in.
    pub admission: Admission,
    /// Whose approval it takes, where it takes one.
    pub approval: ApprovalRule,
    /// What is asked of the environments before.
    pub before: Before,
    /// When nothing may begin.
    pub freezes: Vec<Freeze>,
    /// True when drift, here or in an environment before, stands in the way.
    pub drift_blocks: bool,
    /// True when a person may override what the gate asks for, with a reason.
    pub can_be_overridden: bool,
    /// True when a promotion that fails after it changed something is rolled back by itself.
    pub rolls_back: bool,
}

/// What is asked of the environments before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Before {
    /// How long the version must have run there.
    pub soak: Duration,
    /// True when lockstep must have proven the version there.
    pub is_verified: bool,
}

impl Gate {
    /// A gate that asks for nothing but what `admission` says; for approval that is one, by anybody else.
    pub fn new(admission: Admission) -> Self {
        Self {
            admission,
            approval: ApprovalRule::new(usize::from(admission == Admission::Approve)),
            before: Before::default(),
            freezes: Vec::new(),
            drift_blocks: false,
            can_be_overridden: false,
            rolls_back: false,
        }
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
