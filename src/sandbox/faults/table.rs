//! The rows. A new fault is a row here, its effect where it strikes, and its test in `tests/faults`.

use super::{Effect, Fault, Harm, Moment, Scope};

/// An hour, in seconds.
const HOUR: i64 = 3600;

/// Every fault there is.
pub const TABLE: &[Fault] = &[
    Fault {
        name: "cut-before",
        does: "the connection ends before AWS has carried the call out",
        shows: "a look is repeated; an update is not: its operation is looked for, is not there, and so it is unknown",
        ..call(Effect::CutBefore)
    },
    Fault {
        name: "cut-during",
        does: "AWS carries the call out, and its answer ends half-way",
        shows: "a look is repeated; an update is not: its operation is looked for and followed, else unknown",
        ..call(Effect::CutDuring)
    },
    Fault {
        name: "cut-after",
        does: "AWS carries the call out, and no byte of its answer arrives",
        shows: "a look is repeated; an update is not: its operation is looked for and followed, else unknown",
        ..call(Effect::CutAfter)
    },
    Fault {
        name: "throttling",
        does: "AWS refuses the call with ThrottlingException: Rate exceeded",
        shows: "a look is repeated twice; an update is refused once and for all, and nothing was changed by it",
        ..call(Effect::Refuse("ThrottlingException", "Rate exceeded"))
    },
    Fault {
        name: "expired-credentials",
        does: "AWS refuses the call with ExpiredTokenException",
        shows: "nothing is repeated; the hint is to log in again",
        ..call(Effect::Refuse(
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ))
    },
    Fault {
        name: "slow-api",
        does: "AWS carries the call out, and its answer comes late",
        shows: "slower looks; past [deadlines] look a look is a failure, and an update is looked for and followed",
        seconds: Some(2.0),
        ..call(Effect::Slow)
    },
    Fault {
        name: "clock-ahead",
        does: "AWS's clock is an hour ahead: every time in its answers, and their Date",
        shows: "nothing: which operation is whose is told by ids",
        ..fault(Scope::Clock, Effect::Clock(HOUR))
    },
    Fault {
        name: "clock-behind",
        does: "AWS's clock is an hour behind: every time in its answers, and their Date",
        shows: "nothing: which operation is whose is told by ids",
        ..fault(Scope::Clock, Effect::Clock(-HOUR))
    },
    Fault {
        name: "failing-check",
        does: "no health check of the new store passes, though the store is well; App Runner rolls back",
        shows: "the operation ends as ROLLBACK_SUCCEEDED: the deployment failed and was rolled back",
        ..fault(Scope::Deployments, Effect::CheckFails)
    },
    Fault {
        name: "silent-rollback",
        does: "the deployment is taken back without a word in any log; its operation says ROLLBACK_SUCCEEDED",
        shows: "RUNNING with the old image: the deployment failed and was rolled back",
        ..fault(Scope::Deployments, Effect::TakenBack)
    },
    Fault {
        name: "lying-rollback",
        does: "the deployment is taken back without a word in any log; its operation says SUCCEEDED",
        shows: "RUNNING with the old image: the service is not what it was told to be",
        ..fault(Scope::Deployments, Effect::TakenBackUnsaid)
    },
    Fault {
        name: "stuck-operation",
        does: "the operation does not go on until the fault is cleared",
        shows: "past [deadlines] deployment unknown: it was still running in AWS",
        ..fault(Scope::Deployments, Effect::Stuck)
    },
    Fault {
        name: "task-never-starts",
        does: "ECS cannot pull the image of the task: it stops without an exit code",
        shows: "with `[liquibase] runner = \"ecs\"`: the task never started, in ECS's own words; nothing was done",
        ..fault(Scope::Tasks, Effect::TaskNever)
    },
    Fault {
        name: "slow-task",
        does: "the task waits before its first container is started",
        shows: "with `[liquibase] runner = \"ecs\"`: a step that takes longer; past [deadlines] liquibase the task is stopped",
        seconds: Some(5.0),
        ..fault(Scope::Tasks, Effect::TaskSlow)
    },
    Fault {
        name: "unhealthy",
        does: "/health at the public address says 503 though the schema is right; App Runner's own check passes",
        shows: "the deployment succeeds; past [deadlines] health the application did not become healthy",
        ..fault(Scope::Application, Effect::Unwell)
    },
    Fault {
        name: "slow-sql",
        does: "every statement that changes the schema first waits",
        shows: "an update that takes longer; past [deadlines] liquibase it is cancelled",
        seconds: Some(2.0),
        ..fault(Scope::Statements, Effect::Harm(Harm::Slow, Moment::Statement))
    },
    Fault {
        name: "slow-unrecorded",
        does: "a changeset is committed, and its row waits before it is written",
        shows: "an update that takes longer; past [deadlines] liquibase it is killed, which is unknown: a row is never cancelled",
        seconds: Some(2.0),
        ..fault(Scope::Statements, Effect::Harm(Harm::Slow, Moment::Row))
    },
    Fault {
        name: "full-disk",
        does: "every statement that changes the schema fails with SQLSTATE 53100, No space left on device",
        shows: "the changeset fails with PostgreSQL's own words; Liquibase lets its lock go",
        ..fault(Scope::Statements, Effect::Harm(Harm::DiskFull, Moment::Statement))
    },
    Fault {
        name: "full-disk-unrecorded",
        does: "a changeset is committed, and its row fails with SQLSTATE 53100, No space left on device",
        shows: "unknown; Liquibase lets its lock go, and a changeset is there that the ledger does not know",
        ..fault(Scope::Statements, Effect::Harm(Harm::DiskFull, Moment::Row))
    },
    Fault {
        name: "killed-liquibase",
        does: "Liquibase is killed (kill -9) in the middle of a changeset, while it holds its lock",
        shows: "unknown; the lock stays, stale, and what the changeset began is rolled back",
        times: Some(1),
        ..fault(Scope::Statements, Effect::Harm(Harm::Kill, Moment::Statement))
    },
    Fault {
        name: "killed-unrecorded",
        does: "Liquibase is killed (kill -9) after a changeset was committed and before its row is",
        shows: "unknown; the lock stays, stale, and a changeset is there that the ledger does not know",
        times: Some(1),
        ..fault(Scope::Statements, Effect::Harm(Harm::Kill, Moment::Row))
    },
    Fault {
        name: "dropped-sessions",
        does: "every session of the run is ended (pg_terminate_backend) in the middle of a changeset",
        shows: "unknown; the lock stays, stale, and what the changeset began is rolled back",
        times: Some(1),
        ..fault(Scope::Statements, Effect::Harm(Harm::Drop, Moment::Statement))
    },
    Fault {
        name: "dropped-unrecorded",
        does: "every session of the run is ended after a changeset was committed and before its row is",
        shows: "unknown; the lock stays, stale, and a changeset is there that the ledger does not know",
        times: Some(1),
        ..fault(Scope::Statements, Effect::Harm(Harm::Drop, Moment::Row))
    },
    Fault {
        name: "foreign-lock",
        does: "Liquibase's lock is held in the name of another machine, which is not connected",
        shows: "refused, with the holder's name; `lockstep locks` judges it",
        ..fault(Scope::Lock, Effect::LockWithoutSession)
    },
    Fault {
        name: "foreign-session",
        does: "Liquibase's lock is held by a Liquibase of somebody else, which is connected",
        shows: "refused, with the holder's name; `lockstep locks` says that it is alive",
        ..fault(Scope::Lock, Effect::LockWithSession)
    },
    Fault {
        name: "database-down",
        does: "PostgreSQL is stopped, and started again when the fault is cleared",
        shows: "nothing begins; an update that was under way fails, and what it left is not known",
        ..fault(Scope::Server, Effect::ServerDown)
    },
];

const fn call(effect: Effect) -> Fault {
    fault(Scope::Calls, effect)
}

const fn fault(scope: Scope, effect: Effect) -> Fault {
    Fault { name: "", scope, does: "", shows: "", seconds: None, times: None, effect }
}
