//! `lockstep locks`: who holds what, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::age::age;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::lock::{Lock, LockSight, Session, Since, Verdict, local};
use crate::domain::names::{EnvironmentName, RunId};
use crate::engine::{EnvironmentState, State};
use crate::exit::Exit;
use crate::headless::json::failure;

/// 0 when every lock is free or its holder lives, 1 when one is stale, 5 when of one it cannot be told; a database that
/// could not be asked weighs more.
pub(super) fn outcome(state: &State, names: &[EnvironmentName]) -> (Exit, Option<Failure>) {
    let mut unseen = Failure::new(FailureKind::Unavailable, "not every lock could be looked at");
    let mut unclear =
        Failure::new(FailureKind::Unknown, "it cannot be told whether the holder of every lock is alive");
    let mut is_stale = false;
    for environment in chosen(state, names) {
        let name = &environment.environment.name;
        if let Some(failure) = environment.locks.failure() {
            unseen = unseen.because(format!("{name}: {}", failure.what));
            unseen.because.extend(failure.because.iter().cloned());
            unseen.hint.clone_from(&failure.hint);
        }
        for lock in locks(environment) {
            match &lock.verdict {
                Verdict::Unclear(why) => unclear = unclear.because(format!("{name}: {why}")),
                Verdict::Stale(_) => is_stale = true,
                Verdict::Free | Verdict::Alive(_) => {}
            }
        }
    }
    let is_missing =
        chosen(state, names).any(|it| it.locks.value().is_none() && it.locks.failure().is_none());
    if is_missing {
        let interrupted = Failure::new(FailureKind::Interrupted, "it was interrupted before all was seen");
        return (Exit::Interrupted, Some(interrupted));
    }
    if !unseen.because.is_empty() {
        return (Exit::from(&unseen), Some(unseen));
    }
    if is_stale {
        return (Exit::Differences, None);
    }
    match unclear.because.as_slice() {
        [] => (Exit::Proven, None),
        _ => (Exit::from(&unclear), Some(unclear)),
    }
}

/// For people: a table, then everything about every lock that is held.
pub(super) fn text(state: &State, names: &[EnvironmentName]) -> String {
    let mut text = format!("{:13} {:22} LOCKSTEP\n", "ENVIRONMENT", "LIQUIBASE");
    for environment in chosen(state, names) {
        let name = environment.environment.name.as_str();
        let cells = match environment.locks.value() {
            Some(sight) => sight.locks().map(|lock| words(&lock)),
            None => ["? not seen".to_owned(), "? not seen".to_owned()],
        };
        let line = format!("{name:13} {:22} {}", cells[0], cells[1]);
        writeln!(text, "{}", line.trim_end()).ok();
    }
    for environment in chosen(state, names) {
        let Some(sight) = environment.locks.value() else { continue };
        for lock in sight.locks() {
            details(&mut text, state, environment, sight, &lock);
        }
    }
    text
}

/// For programs; docs/json.md describes it.
pub(super) fn json(state: &State, names: &[EnvironmentName]) -> Value {
    let environments = chosen(state, names).map(|environment| {
        let facet = &environment.locks;
        json!({
            "name": environment.environment.name.as_str(),
            "database": environment.environment.database,
            "seen_at": facet.value().map(|sight| sight.at.to_string()),
            "locks": facet.value().map(|sight| {
                sight.locks().iter().map(|lock| lock_json(state, sight, lock)).collect::<Vec<_>>()
            }),
            "failure": failure(facet.failure()),
        })
    });
    json!({ "environments": environments.collect::<Vec<_>>() })
}

/// A moment, or else the time on the holder's own clock.
pub(super) fn since(since: Since) -> (Option<String>, Option<String>) {
    match since {
        Since::At(at) => (Some(at.to_string()), None),
        Since::Wall(wall) => (None, Some(local(wall))),
        Since::Unknown => (None, None),
    }
}

fn chosen<'a>(state: &'a State, names: &'a [EnvironmentName]) -> impl Iterator<Item = &'a EnvironmentState> {
    state.environments.iter().filter(|it| names.contains(&it.environment.name))
}

fn locks(environment: &EnvironmentState) -> impl Iterator<Item = Lock> {
    environment.locks.value().into_iter().flat_map(LockSight::locks)
}

fn words(lock: &Lock) -> String {
    let sign = sign(&lock.verdict);
    match lock.verdict {
        Verdict::Free => format!("{sign} free"),
        Verdict::Alive(_) | Verdict::Stale(_) | Verdict::Unclear(_) => {
            format!("{sign} held, {}", lock.verdict.word())
        }
    }
}

fn sign(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Free => "✔",
        Verdict::Alive(_) => "▶",
        Verdict::Stale(_) => "✖",
        Verdict::Unclear(_) => "?",
    }
}

fn details(text: &mut String, state: &State, environment: &EnvironmentState, sight: &LockSight, lock: &Lock) {
    let (Some(holder), Some(why)) = (&lock.holder, lock.verdict.why()) else { return };
    let name = &environment.environment.name;
    let whose = lock.kind.words();
    writeln!(text, "\n{} {name}: {whose} is {}", sign(&lock.verdict), lock.verdict.words()).ok();
    let mut fact = |name: &str, value: &str| {
        writeln!(text, "  {name:9} {value}").ok();
    };
    let from = match &holder.address {
        Some(address) if !holder.name.contains(address.as_str()) => format!(", from {address}"),
        _ => String::new(),
    };
    fact("holder", &format!("{}{from}", holder.name));
    if let Some(since) = holder.since.words() {
        let age = lock.held_for(sight.at).map_or_else(String::new, |held| format!(", for {}", age(held)));
        fact("since", &format!("{since}{age}"));
    }
    if let Some(run) = &holder.run {
        fact("run", &run_words(state, run));
    }
    fact("because", why);
    for session in &holder.sessions {
        fact("session", &session.words(sight.at));
    }
    if let Some(advice) = lock.advice() {
        fact("next", &advice);
    }
    if let Some(release) = &lock.release {
        fact("sql", release);
    }
}

fn run_words(state: &State, run: &RunId) -> String {
    state.history.run(run).map_or_else(
        || "the journal of this machine does not know it".to_owned(),
        |past| past.words(|at| format!("{at:.0}")),
    )
}

fn lock_json(state: &State, sight: &LockSight, lock: &Lock) -> Value {
    let holder = lock.holder.as_ref();
    let run = holder.and_then(|holder| holder.run.as_ref());
    let (since, local) = holder.map_or((None, None), |holder| since(holder.since));
    json!({
        "lock": lock.kind.word(),
        "state": lock.verdict.word(),
        "because": lock.verdict.why(),
        "holder": holder.map(|holder| holder.name.as_str()),
        "host": holder.and_then(|holder| holder.host.as_deref()),
        "address": holder.and_then(|holder| holder.address.as_deref()),
        "since": since,
        "since_local": local,
        "held_seconds": lock.held_for(sight.at).map(|held| held.as_secs_f64()),
        "run": run.map(|run| json!({
            "id": run.as_str(),
            "journal": state.history.run(run).map(|past| json!({
                "environment": past.environment.as_str(),
                "version": past.version.to_string(),
                "plan": past.plan,
                "by": past.by,
                "began": past.began.to_string(),
                "ended": past.conclusion.as_ref().map(|(at, _)| at.to_string()),
            })),
        })),
        "sessions": holder.map(|holder| {
            holder.sessions.iter().map(|session| session_json(session, sight)).collect::<Vec<_>>()
        }).unwrap_or_default(),
        "next": lock.advice(),
        "release_sql": lock.release,
    })
}

fn session_json(session: &Session, sight: &LockSight) -> Value {
    json!({
        "process": session.process,
        "name": session.name,
        "user": session.user,
        "address": session.address,
        "connected_since": session.began.map(|at| at.to_string()),
        "state": session.state,
        "state_since": session.changed.map(|at| at.to_string()),
        "running_seconds": session.running_for(sight.at).map(|running| running.as_secs_f64()),
        "query": session.query,
        "waits_for": session.waits_for,
        "blocked_by": session.blocked_by,
    })
}
