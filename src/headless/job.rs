//! What the frontend without a screen can be asked for.

use crate::domain::journal::VoteWord;
use crate::domain::names::EnvironmentName;
use crate::domain::plan::PlanDigest;
use crate::domain::release::Version;
use crate::engine::event::Intent;
use crate::engine::planning::Request;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Show every environment.
    Status,
    /// Show who holds the locks of these environments.
    Locks(Vec<EnvironmentName>),
    /// Hold a release against these environments, and say where one is not what it should be.
    Drift {
        /// Where.
        environments: Vec<EnvironmentName>,
        /// Which release; `None` for the newest.
        release: Option<Version>,
        /// True to leave a report of it.
        report: bool,
    },
    /// Show what a promotion would do.
    Plan {
        /// Where.
        environment: EnvironmentName,
        /// What is asked for.
        request: Request,
    },
    /// Carry it out, or a rollback.
    Promote {
        /// Where.
        environment: EnvironmentName,
        /// What is asked for.
        request: Request,
        /// The environment's name, said again.
        confirm: Option<String>,
        /// The digest of the plan that is meant.
        plan: Option<PlanDigest>,
        /// Why: for a rollback, or for overriding what the gate asks for.
        reason: Option<String>,
    },
    /// Ask for a plan to be approved, approve it or reject it.
    Vote {
        /// Where.
        environment: EnvironmentName,
        /// Which release; `None` for the default.
        release: Option<Version>,
        /// What is said.
        word: VoteWord,
        /// The digest of the plan that is meant; a request may do without.
        plan: Option<PlanDigest>,
        /// What is written beside it.
        note: String,
    },
    /// Show what waits for approval.
    Approvals,
    /// Stop the line, resume it, keep a release back or let it go on; `None` shows what is stopped.
    Line(Option<LineWord>),
}

/// What is said about the line or a release, each with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineWord {
    /// Nothing new may begin.
    Stop(String),
    /// It may again.
    Resume(String),
    /// This release goes no further.
    Bar(Version, String),
    /// It may again.
    Unbar(Version, String),
}

impl Job {
    /// What has to be known before anything else.
    pub(super) fn first(&self) -> Intent {
        match self {
            Self::Locks(names) => Intent::InspectLocks(names.clone()),
            Self::Drift { environments, .. } => Intent::InspectDrift(environments.clone()),
            Self::Line(_) => Intent::InspectLine,
            Self::Status | Self::Plan { .. } | Self::Promote { .. } | Self::Vote { .. } | Self::Approvals => {
                Intent::Begin
            }
        }
    }

    /// The plan that it is about, if it is about one.
    pub(super) fn target(&self) -> Option<(&EnvironmentName, Request)> {
        match self {
            Self::Plan { environment, request } | Self::Promote { environment, request, .. } => {
                Some((environment, request.clone()))
            }
            Self::Vote { environment, release, .. } => Some((environment, Request::Forward(release.clone()))),
            Self::Status | Self::Locks(_) | Self::Drift { .. } | Self::Approvals | Self::Line(_) => None,
        }
    }
}

impl LineWord {
    /// What it asks the engine for.
    pub(super) fn intent(&self) -> Intent {
        match self.clone() {
            Self::Stop(reason) => Intent::StopLine { reason },
            Self::Resume(reason) => Intent::ResumeLine { reason },
            Self::Bar(version, reason) => Intent::Bar { version, reason },
            Self::Unbar(version, reason) => Intent::Unbar { version, reason },
        }
    }
}
