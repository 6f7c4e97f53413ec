//! An environment as it is configured, and how much it takes to confirm a promotion to it.

use crate::domain::changelog::Selection;
use crate::domain::gate::{Admission, Gate};
use crate::domain::names::EnvironmentName;

/// One place a release can run in: a database and a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// The environments that a release has to run in before, all of them; empty for the first.
    pub after: Vec<EnvironmentName>,
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
        match (self.production, self.gate.admission) {
            (true, _) => Tier::Three,
            (false, Admission::Automatic) => Tier::One,
            (false, Admission::Confirm | Admission::Approve) => Tier::Two,
        }
    }
}
