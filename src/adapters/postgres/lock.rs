//! lockstep's own lock of an environment: a session-level advisory lock, which the server lets go by itself when
//! whoever holds it dies.
//!
//! A promotion holds it alone. Whoever must not see a promotion half-way holds it together with others of that kind,
//! for one look: a promotion waits for them a little, and they never wait for a promotion.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::{sleep, timeout};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use super::{Databases, Held, ledger, unanswered};
use crate::adapters::report::within;
use crate::config::EnvironmentSettings;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::ledger::Ledger;
use crate::domain::names::{DemoId, EnvironmentName, RunId};

/// What a session that holds the lock for a look is called.
const SHARER: &str = "lockstep drift";

/// Between two attempts while only looks are in the way. They last some milliseconds.
const PAUSE: Duration = Duration::from_millis(20);

/// Who holds the lock, as the server names the session.
pub(super) struct Holder {
    /// Its application name: the run. Else its process number.
    pub(super) name: String,
    since: Option<Timestamp>,
    from: Option<String>,
}

impl Databases {
    /// Takes the lock of an environment for `run` and keeps it until it is unlocked or this process ends.
    pub(in crate::adapters) async fn lock(
        &self,
        environment: &EnvironmentSettings,
        run: &RunId,
    ) -> Result<(), Failure> {
        let name = &environment.environment.name;
        let key = key(&self.0.settings.id, name);
        let what = || format!("could not lock {name}");
        within(self.look(), what, async {
            let mut session = self.connect(&environment.environment, run.as_str()).await?;
            self.assure_own(&environment.environment, &mut session, what).await?;
            let taken = session
                .run(|client| async move {
                    match timeout(self.look() / 2, take(client, key)).await {
                        Ok(taken) => taken.map(Ok),
                        Err(_) => Ok(Err(())),
                    }
                })
                .await
                .map_err(|error| unanswered(what(), &error, self.look()))?;
            match taken {
                Ok(None) => {}
                Ok(Some(holder)) => return Err(refused(name, &holder)),
                Err(()) => return Err(looked_at_too_long(name)),
            }
            self.locks().insert(run.clone(), Held::new(session.into()));
            Ok(())
        })
        .await
    }

    /// Fails when this process has taken the lock for `run` and its session has ended since: the server has let the
    /// lock go, and somebody else may be at work.
    pub(in crate::adapters) async fn assure(
        &self,
        environment: &EnvironmentName,
        run: &RunId,
    ) -> Result<(), Failure> {
        let Some(held) = self.locks().get(run).cloned() else { return Ok(()) };
        let asked = async { held.lock().await.run(|client| client.batch_execute("select 1")).await };
        let answer = timeout(self.look(), asked).await;
        let lost = Failure::new(FailureKind::Failed, format!("lockstep's lock of {environment} was lost"));
        let lost = match answer {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => super::because_of(lost, &error),
            Err(_) => lost.because("the session that holds it does not answer"),
        };
        Err(lost.hint(
            "Somebody else may be at work there. Look with `lockstep locks` and `lockstep status`, then plan it again.",
        ))
    }

    /// The ledger of an environment while no promotion is at work there; when one is, its name is in `promoting`.
    pub(in crate::adapters) async fn ledger_at_rest(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<Ledger, Failure> {
        let name = &environment.environment.name;
        let key = key(&self.0.settings.id, name);
        let what = || format!("could not look whether a promotion is at work in {name}");
        let on_error = |error: Error| unanswered(what(), &error, self.look());
        within(self.look() * 2, what, async {
            let mut session = self.connect(&environment.environment, SHARER).await?;
            self.assure_own(&environment.environment, &mut session, what).await?;
            let shared = session
                .run(|client| async move {
                    let sql = "select pg_try_advisory_lock_shared($1)";
                    if client.query_one(sql, &[&key]).await?.try_get(0)? {
                        return Ok(Ok(()));
                    }
                    // Who holds it may let go at this moment, and whoever waits for it has no name yet.
                    let holder = holder(client, key).await?.map(|holder| holder.name);
                    Ok(Err(holder.unwrap_or_else(|| "a promotion".to_owned())))
                })
                .await
                .map_err(on_error)?;
            // Its snapshot is younger than the lock.
            let mut ledger = Box::pin(self.ledger(environment)).await?;
            if let Err(holder) = shared {
                ledger.promoting = Some(holder);
            } else {
                let sql = "select pg_advisory_unlock_all()";
                session.run(|client| client.batch_execute(sql)).await.map_err(on_error)?;
            }
            Ok(ledger)
        })
        .await
    }

    /// Lets the lock of `run` go. Ending the session is what does it; asking first only makes it prompt.
    pub(in crate::adapters) async fn unlock(&self, run: &RunId) {
        let held = self.locks().remove(run);
        if let Some(held) = held {
            let sql = "select pg_advisory_unlock_all()";
            let asked = async { held.lock().await.run(|client| client.batch_execute(sql)).await };
            // Whatever comes of it: the session ends here, or with whoever is asking it, and the lock with it.
            timeout(self.look(), asked).await.ok();
        }
    }
}

/// The key of an environment's lock: the same for everyone who promotes to it.
pub(super) fn key(id: &DemoId, environment: &EnvironmentName) -> i64 {
    let digest = Sha256::digest(format!("lockstep/{id}/{environment}").as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(bytes)
}

/// Takes the lock, or says which promotion holds it. Looks are waited for; no queue is joined, so that no promotion
/// begins by itself when another one ends.
async fn take(client: &Client, key: i64) -> Result<Option<Holder>, Error> {
    loop {
        let row = client.query_one("select pg_try_advisory_lock($1)", &[&key]).await?;
        if row.try_get(0)? {
            return Ok(None);
        }
        if let Some(holder) = holder(client, key).await? {
            return Ok(Some(holder));
        }
        sleep(PAUSE).await;
    }
}

/// Which promotion holds the lock with this key in the database that `client` is connected to.
pub(super) async fn holder(client: &Client, key: i64) -> Result<Option<Holder>, Error> {
    // A lock on one 64-bit key is listed as its two halves, with objsubid 1.
    let row = client
        .query_typed_opt(
            "select coalesce(nullif(a.application_name, ''), 'process ' || l.pid), \
             a.backend_start, host(a.client_addr) \
             from pg_locks l join pg_database d on d.oid = l.database \
             left join pg_stat_activity a on a.pid = l.pid \
             where l.locktype = 'advisory' and l.granted and l.mode = 'ExclusiveLock' and l.objsubid = 1 \
             and d.datname = current_database() \
             and (l.classid::bigint << 32) | l.objid::bigint = $1 limit 1",
            &[(&key, Type::INT8)],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Holder { name: row.try_get(0)?, since: ledger::time(&row, 1)?, from: row.try_get(2)? }))
}

fn refused(environment: &EnvironmentName, holder: &Holder) -> Failure {
    let since = holder.since.map_or_else(String::new, |at| format!(" since {at:.0}"));
    let from = holder.from.as_ref().map_or_else(String::new, |from| format!(", from {from}"));
    Failure::new(FailureKind::Refused, format!("could not lock {environment}"))
        .because(format!("{} holds it{since}{from}", holder.name))
        .hint("Wait until that run has ended. The database lets the lock go by itself when its holder dies.")
}

fn looked_at_too_long(environment: &EnvironmentName) -> Failure {
    Failure::new(FailureKind::Refused, format!("could not lock {environment}"))
        .because(format!("a session called `{SHARER}` holds it for a look and does not let go"))
        .hint("Try again; if it stays so, look with `lockstep locks` who is connected and end that session.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_environment_of_every_instance_has_a_key_of_its_own() {
        let key =
            |id, environment| key(&DemoId::parse(id).unwrap(), &EnvironmentName::parse(environment).unwrap());
        assert_eq!(key("demo1", "test"), key("demo1", "test"));
        assert_ne!(key("demo1", "test"), key("demo1", "prod"));
        assert_ne!(key("demo1", "test"), key("demo2", "test"));
        // The key is part of the protocol between versions of lockstep: it must never change.
        assert_eq!(key("demo1", "test").to_be_bytes(), [0xd6, 0x3b, 0x9b, 0xd0, 0xa2, 0x6b, 0x4f, 0x09]);
    }

    #[test]
    fn a_refusal_names_the_holder_since_when_and_from_where() {
        let holder = Holder {
            name: "r-20261121-140155000-test".to_owned(),
            since: Timestamp::from_second(1_795_269_715).ok(),
            from: Some("10.0.0.7".to_owned()),
        };
        let failure = refused(&EnvironmentName::parse("test").unwrap(), &holder);
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(
            failure.because,
            ["r-20261121-140155000-test holds it since 2026-11-21T14:01:55Z, from 10.0.0.7"]
        );
    }
}
