//! How a promotion goes: its steps in the order in which they are taken, in stages, and the actions that a flow adds.
//!
//! Absent on purpose: what carries an action out, and how a flow file is read.

mod flow;

use crate::domain::failure::Failure;
use crate::domain::flow::Row;
use crate::domain::step::StepKind;
pub use flow::PromotionFlow;

/// The variables that a promotion gives its flow; a shell has `APP_URL` too.
pub const GIVEN: [&str; 4] = ["DEMO_ID", "ENV", "VERSION", "APP_URL"];

/// How releases are promoted to every environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Way {
    /// By the steps that lockstep takes of its own.
    #[default]
    Plain,
    /// By the flow in a file.
    Flow(Box<PromotionFlow>),
    /// By a flow that cannot be read.
    Unreadable(Failure),
}

impl Way {
    /// The steps of a promotion by it, where `known` are the variables that lockstep sets. The failure lists every
    /// problem of the flow.
    pub fn procedure(&self, known: Vec<(String, String)>) -> Result<Procedure, Failure> {
        match self {
            Self::Plain => Ok(Procedure::default()),
            Self::Flow(flow) => flow.procedure(known),
            Self::Unreadable(failure) => Err(failure.clone()),
        }
    }
}

/// The stages of a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure {
    /// The stages in order.
    pub stages: Vec<Stage>,
    /// What is carried out at the end, whatever happened before; empty when nothing is.
    pub closing: Vec<StepKind>,
    /// The actions that the flow adds; the numbers of [`StepKind`] count them from 1.
    pub actions: Vec<Action>,
}

/// A part of a promotion under a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The name.
    pub name: String,
    /// Its steps in order.
    pub steps: Vec<StepKind>,
}

/// Something that a flow adds to a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What it does, as text for people: `liquibase status`.
    pub words: String,
    /// Everything that it does, for the digest of the plan.
    pub canonical: String,
    /// True when it changes the world outside, or may.
    pub is_side_effect: bool,
    /// True when what comes after it is done although it failed.
    pub continues: bool,
    /// What is carried out, with the variables that count there.
    pub row: Row,
}

impl Procedure {
    /// The steps `steps` in one stage without actions.
    pub fn plain(steps: &[StepKind]) -> Self {
        let stage = Stage { name: "promotion".to_owned(), steps: steps.to_vec() };
        Self { stages: vec![stage], closing: Vec::new(), actions: Vec::new() }
    }

    /// The steps of all stages in order, without those at the end.
    pub fn steps(&self) -> impl Iterator<Item = StepKind> {
        self.stages.iter().flat_map(|stage| stage.steps.iter().copied())
    }

    /// True when a flow put its steps into stages.
    pub fn is_staged(&self) -> bool {
        self.stages.len() > 1
    }

    /// The action that this step is; `None` for a step of lockstep's own.
    pub fn action(&self, step: StepKind) -> Option<&Action> {
        self.actions.get(usize::from(step.number()?).checked_sub(1)?)
    }

    /// The stage that this step stands in; `None` for one at the end.
    pub fn stage(&self, step: StepKind) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.steps.contains(&step))
    }
}

impl Default for Procedure {
    /// The steps of a promotion to which nothing is added.
    fn default() -> Self {
        use StepKind::{Anchor, Evidence, Health, Lock, Recheck, Service, Update, Validate};
        Self::plain(&[Lock, Recheck, Validate, Anchor, Update, Service, Health, Evidence])
    }
}
