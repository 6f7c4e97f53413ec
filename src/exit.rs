//! Every exit code, in one place.

use std::process::ExitCode;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::policy::Severity;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything that was asked for is proven.
    Proven,
    /// 1: differences were found.
    Differences,
    /// 2: refused by policy, gate or approval. Nothing was done.
    Refused,
    /// 3: failed, nothing is left half-done.
    Failed,
    /// 4: failed, and somebody has to act.
    ActionNeeded,
    /// 5: nobody knows how it ended; reconcile.
    Unknown,
    /// 0 to 4: policy checks looked, and this is the highest severity of what they found.
    Judged(Severity),
    /// 64: the command line is wrong.
    Usage,
    /// 65: a configuration file or a changelog is wrong.
    Configuration,
    /// 69: a service or a tool that is needed is missing or does not answer.
    Unavailable,
    /// 130: interrupted.
    Interrupted,
    /// What a flow ended with: the highest severity of its checks, or what it says itself.
    Flow(u8),
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Proven => 0,
            Self::Differences => 1,
            Self::Refused => 2,
            Self::Failed => 3,
            Self::ActionNeeded => 4,
            Self::Unknown => 5,
            Self::Judged(severity) => severity.code(),
            Self::Usage => 64,
            Self::Configuration => 65,
            Self::Unavailable => 69,
            Self::Interrupted => 130,
            Self::Flow(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match failure.kind {
            FailureKind::Refused => Self::Refused,
            FailureKind::Failed => Self::Failed,
            FailureKind::ActionNeeded => Self::ActionNeeded,
            FailureKind::Unknown => Self::Unknown,
            FailureKind::Usage => Self::Usage,
            FailureKind::Configuration => Self::Configuration,
            FailureKind::Unavailable => Self::Unavailable,
            FailureKind::Interrupted => Self::Interrupted,
        }
    }
}
