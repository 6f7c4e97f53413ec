//! An environment as it is configured, and what its gate asks of whoever promotes to it.

use crate::domain::changelog::Selection;
use crate::domain::names::EnvironmentName;

/// One place a release can run in: a database and a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// The environment that a release has to run in before, if any.
    pub after: Option<EnvironmentName>,
    /// What has to happen before a promotion may begin.
    pub gate: Gate,
    /// True for the environment that customers use: strictest confirmation, drawn apart.
    pub production: bool,
    /// The name of its service.
    pub service: String,
    /// The name of its database.
    pub database: String,
    /// The contexts and labels that Liquibase runs with there.
    pub selection: Selection,
}

/// How a promotion to an environment is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// A new release may be deployed without asking.
    Automatic,
    /// A person promotes by hand.
    Confirm,
    /// A person promotes by hand, after approval.
    Approve,
}

impl Gate {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Confirm => "confirm",
            Self::Approve => "approval",
        }
    }
}

/// How much a person must do to confirm, as the product's table of tiers says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// The plan is shown; `y` confirms.
    One,
    /// Cancel is focused; a capital letter confirms.
    Two,
    /// The environment's name has to be typed; the plan's short code is shown.
    Three,
}

impl Environment {
    /// The confirmation that a promotion to this environment asks for.
    pub fn tier(&self) -> Tier {
        match (self.production, self.gate) {
            (true, _) => Tier::Three,
            (false, Gate::Automatic) => Tier::One,
            (false, Gate::Confirm | Gate::Approve) => Tier::Two,
        }
    }
}

/// A condition that stands in the way, and how to meet it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// What is not so, as a short sentence without a full stop.
    pub what: String,
    /// How to meet it, as a full sentence.
    pub how: String,
}

impl Unmet {
    /// A condition that is not met.
    pub fn new(what: impl Into<String>, how: impl Into<String>) -> Self {
        Self { what: what.into(), how: how.into() }
    }
}
