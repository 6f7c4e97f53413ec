//! Flow files: what is to be done in which order, written down once and run by everybody in the same way.
//!
//! The format is the one of `liquibase flow`. A [`Flow`] is one file as it is written; a [`Script`] is a flow together
//! with everything that it includes and every flow that it runs, with the variables worked out. Absent on purpose:
//! reading files, and doing anything; `engine::flow` goes through a script, and adapters carry actions out.

mod argument;
pub mod command;
pub mod condition;
mod reading;
mod scope;
mod script;
mod template;
mod validation;

use crate::domain::step::StepKind;

pub use crate::domain::changelog::Problem;
pub use argument::Given;
pub use condition::{Condition, Fact};
pub use scope::Scope;
pub use script::{Kind, Rank, Row, Script, Source};
pub use template::Template;
pub use validation::validate;

/// A flow file, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The file, as it was asked for.
    pub path: String,
    /// Files of variables, in order.
    pub includes: Vec<Include>,
    /// Variables of every stage, in order.
    pub globals: Vec<Variable>,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// The stage that runs whatever happened before it.
    pub end: Option<Stage>,
}

/// A file of variables, and what they are called by: `${NAMESPACE.NAME}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// The namespace.
    pub namespace: String,
    /// The file.
    pub file: Template,
    /// The line.
    pub line: usize,
}

/// A variable with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Template,
    /// The line.
    pub line: usize,
}

/// Actions that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The line.
    pub line: usize,
    /// When it runs; always when there is none.
    pub condition: Option<Condition>,
    /// Variables of this stage alone, in order.
    pub variables: Vec<Variable>,
    /// The actions, in order.
    pub actions: Vec<Action>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The line.
    pub line: usize,
    /// When it is done; always when there is none.
    pub condition: Option<Condition>,
    /// True when what comes after it is done although it failed.
    pub continues: bool,
    /// What is done.
    pub work: Work,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// `type: liquibase`
    Liquibase {
        /// The command as written, such as `checks run` or `updateSql`.
        command: String,
        /// The arguments of the command.
        arguments: Vec<Argument>,
        /// The arguments of every command.
        globals: Vec<Argument>,
    },
    /// `type: shell`
    Shell {
        /// What the shell reads.
        command: Template,
        /// Which shell; `None` for the usual one.
        interpreter: Option<Template>,
    },
    /// `type: control` with the command `exit`
    Exit {
        /// The exit code.
        code: Template,
        /// What is said about it.
        message: Option<Template>,
    },
    /// `type: lockstep`: a step of a promotion. Only a promotion flow has such.
    Lockstep {
        /// Which.
        step: StepKind,
    },
}

/// An argument of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name, as written.
    pub name: String,
    /// Its value.
    pub value: Template,
    /// The line.
    pub line: usize,
}

impl Flow {
    /// Reads the text of the file at `path`. The second part is everything that is wrong or strange in it; the first
    /// is there when it can be run in spite of that.
    pub fn read(path: &str, text: &str) -> (Option<Self>, Vec<Problem>) {
        reading::read(path, text)
    }
}

impl Work {
    /// The word for its type.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Liquibase { .. } => "liquibase",
            Self::Shell { .. } => "shell",
            Self::Exit { .. } => "control",
            Self::Lockstep { .. } => "lockstep",
        }
    }

    /// The command, as written.
    pub fn command(&self) -> &str {
        match self {
            Self::Liquibase { command, .. } => command,
            Self::Shell { command, .. } => command.as_written(),
            Self::Exit { .. } => "exit",
            Self::Lockstep { step } => step.word(),
        }
    }
}
