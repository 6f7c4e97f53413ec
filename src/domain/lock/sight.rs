//! The judgement: who of those that are connected holds a lock, or can hold it.

use super::{Holder, Lock, LockKind, LockSight, Session, Since, Verdict, run};
use crate::domain::names::RunId;

impl LockSight {
    /// Both locks, Liquibase's first.
    pub fn locks(&self) -> [Lock; 2] {
        [self.liquibase_lock(), self.lockstep_lock()]
    }

    fn liquibase_lock(&self) -> Lock {
        let Some(grant) = &self.liquibase else { return Lock::free(LockKind::Liquibase) };
        let mut holder = grant.holder();
        let (sessions, verdict) = match &holder.run {
            Some(run) => self.of_run(run),
            None => self.of_a_stranger(&holder),
        };
        holder.sessions = sessions;
        let release = matches!(verdict, Verdict::Stale(_)).then(|| grant.release_statement());
        Lock { kind: LockKind::Liquibase, holder: Some(holder), verdict, release }
    }

    /// A run signs its lock and names every session after itself, so that none with its name means that it is gone.
    fn of_run(&self, run: &RunId) -> (Vec<Session>, Verdict) {
        let own: Vec<_> = self.sessions.iter().filter(|session| session.is_of(run)).cloned().collect();
        let is_liquibase =
            |session: &&Session| session.name == run.as_str() && !self.promoting.contains(&session.process);
        let verdict = match (own.iter().find(is_liquibase), own.first()) {
            (Some(session), _) => {
                Verdict::Alive(format!("Liquibase of this run is connected as process {}", session.process))
            }
            (None, Some(session)) => Verdict::Alive(format!(
                "its Liquibase is not connected, but the run itself is, as process {}",
                session.process
            )),
            (None, None) => Verdict::Stale(format!(
                "no session named {run} is connected, and Liquibase stays connected for as long as it holds its lock"
            )),
        };
        (own, verdict)
    }

    /// Somebody else's Liquibase signs with its machine only: its session has to be found among all others.
    fn of_a_stranger(&self, holder: &Holder) -> (Vec<Session>, Verdict) {
        let others: Vec<_> = self.sessions.iter().filter(|session| !session.is_of_lockstep()).collect();
        let possible: Vec<_> =
            others.iter().copied().filter(|session| session.may_have_begun(holder.since, self.at)).collect();
        let is_it = |session: &&&Session| {
            session.is_liquibase() && session.address.is_some() && session.address == holder.address
        };
        if let Some(session) = possible.iter().find(is_it) {
            let why = format!("a Liquibase is connected from its address, as process {}", session.process);
            return (vec![(*session).clone()], Verdict::Alive(why));
        }
        let verdict = match (possible.len(), others.len()) {
            (0, 0) => Verdict::Stale(
                "nobody but lockstep is connected to this database, and Liquibase stays connected for as long as it \
                 holds its lock"
                    .to_owned(),
            ),
            (0, count) => Verdict::Stale(format!(
                "{} connected now, and none of them can have taken the lock: they came after it, or did nothing since \
                 before it",
                sessions(count, "is", "are")
            )),
            (count, _) => Verdict::Unclear(format!(
                "lockstep did not take it, and {} that may be its holder",
                sessions(count, "is connected", "are connected")
            )),
        };
        (possible.into_iter().cloned().collect(), verdict)
    }

    fn lockstep_lock(&self) -> Lock {
        let Some(process) = self.promoting.first() else { return Lock::free(LockKind::Lockstep) };
        let session = self.sessions.iter().find(|session| session.process == *process);
        let name = session.map(|session| session.name.clone()).filter(|name| !name.is_empty());
        let holder = Holder {
            run: name.as_deref().and_then(run),
            name: name.unwrap_or_else(|| format!("process {process}")),
            host: None,
            address: session.and_then(|session| session.address.clone()),
            // The session is opened for the lock.
            since: session.and_then(|session| session.began).map_or(Since::Unknown, Since::At),
            sessions: session.into_iter().cloned().collect(),
        };
        let why =
            format!("process {process} is connected; the server lets this lock go by itself when it is not");
        Lock { kind: LockKind::Lockstep, holder: Some(holder), verdict: Verdict::Alive(why), release: None }
    }
}

fn sessions(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 session {one}") } else { format!("{count} sessions {more}") }
}
