//! The fault table: everything that can be made to go wrong in a sandbox, one row each.
//!
//! `lockstep demo fault list`, its help, docs/faults.md and the tests are made from the rows. A fault is set by hand, and
//! survives neither a reset nor the end of the sandbox. Deliberately absent: how a fault is carried out; the emulated
//! AWS asks the [`Board`] what is set, and the keeper sees to the databases.

mod board;
pub(in crate::sandbox) mod gate;
mod order;
pub(in crate::sandbox) mod statements;
mod table;

pub(in crate::sandbox) use board::Setting;
pub use board::{Board, CallCount, Report, SetFault};
pub use order::{After, Order, Wish};
pub use table::TABLE;

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What people call it, in kebab case.
    pub name: &'static str,
    /// What it strikes.
    pub scope: Scope,
    /// What it does, as the rest of a sentence without a full stop.
    pub does: &'static str,
    /// What a promotion that meets it looks like.
    pub shows: &'static str,
    /// How long it lasts each time, in seconds, where that can be said.
    pub seconds: Option<f64>,
    /// How often it strikes unless that is said; `None`: until it is cleared.
    pub times: Option<u32>,
    pub(in crate::sandbox) effect: Effect,
}

/// What a fault strikes; decides what can be said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Calls of the AWS API.
    Calls,
    /// The clock of AWS.
    Clock,
    /// Deployments by App Runner.
    Deployments,
    /// One-off tasks.
    Tasks,
    /// The application at its public address.
    Application,
    /// What a promotion does in a database.
    Statements,
    /// Liquibase's lock.
    Lock,
    /// The database server.
    Server,
}

/// What happens, for whoever carries it out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::sandbox) enum Effect {
    /// The connection ends, and nothing is carried out.
    CutBefore,
    /// The call is carried out, and its answer ends half-way.
    CutDuring,
    /// The call is carried out, and no byte of its answer arrives.
    CutAfter,
    /// The call is carried out, and its answer comes late.
    Slow,
    /// The call is refused: the code of AWS and its message.
    Refuse(&'static str, &'static str),
    /// The clock is that many seconds off.
    Clock(i64),
    /// No health check of a new store passes.
    CheckFails,
    /// A deployment is taken back without a word; its operation says so.
    TakenBack,
    /// The same, and its operation says that it succeeded.
    TakenBackUnsaid,
    /// An operation does not go on.
    Stuck,
    /// A one-off task never starts.
    TaskNever,
    /// A one-off task takes longer to start.
    TaskSlow,
    /// `/health` says 503.
    Unwell,
    /// This happens to what is done in a database, at this moment.
    Harm(Harm, Moment),
    /// The lock is held in the name of a machine that is not connected.
    LockWithoutSession,
    /// The lock is held by somebody who is connected.
    LockWithSession,
    /// The server is stopped.
    ServerDown,
}

/// What happens to what is done in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Harm {
    /// It takes its time.
    Slow,
    /// It finds no room.
    DiskFull,
    /// Liquibase is killed.
    Kill,
    /// The sessions of the run are ended.
    Drop,
}

/// When something happens to what is done in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Moment {
    /// At a statement that changes the schema.
    Statement,
    /// Between a changeset, which is committed, and its row.
    Row,
}

impl Fault {
    /// The row with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|fault| fault.name == name)
    }

    /// The options that `demo fault set` takes for it.
    pub fn options(&self) -> Vec<&'static str> {
        let all = [
            ("--env", self.scope.has_environments()),
            ("--action", self.scope == Scope::Calls),
            ("--times", self.scope.is_counted()),
            ("--after", self.scope.is_counted()),
            ("--seconds", self.seconds.is_some()),
        ];
        all.into_iter().filter(|(_, is_taken)| *is_taken).map(|(option, _)| option).collect()
    }
}

impl Scope {
    /// Every scope, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Calls,
        Self::Clock,
        Self::Deployments,
        Self::Tasks,
        Self::Application,
        Self::Statements,
        Self::Lock,
        Self::Server,
    ];

    /// The heading of its rows.
    pub fn title(self) -> &'static str {
        match self {
            Self::Calls => "AWS API calls",
            Self::Clock => "AWS clock",
            Self::Deployments => "App Runner deployments",
            Self::Tasks => "One-off tasks in ECS",
            Self::Application => "Application",
            Self::Statements => "SQL statements",
            Self::Lock => "Liquibase's lock",
            Self::Server => "Database server",
        }
    }

    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Clock => "clock",
            Self::Deployments => "deployments",
            Self::Tasks => "tasks",
            Self::Application => "application",
            Self::Statements => "statements",
            Self::Lock => "lock",
            Self::Server => "server",
        }
    }

    /// True when a fault can be set for one environment alone.
    pub(in crate::sandbox) fn has_environments(self) -> bool {
        !matches!(self, Self::Clock | Self::Server)
    }

    /// True when a fault strikes one by one, and can be limited to a number.
    pub(in crate::sandbox) fn is_counted(self) -> bool {
        matches!(self, Self::Calls | Self::Deployments | Self::Tasks | Self::Application | Self::Statements)
    }

    /// True when a fault leaves something in a database, which has to be taken away again.
    pub(in crate::sandbox) fn is_in_databases(self) -> bool {
        matches!(self, Self::Statements | Self::Lock)
    }
}
