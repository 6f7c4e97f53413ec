//! lockstep's own lock of an environment: a session-level advisory lock, which the server lets go by itself when
//! whoever holds it dies.

use sha2::{Digest as _, Sha256};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use super::{Databases, ledger, unanswered};
use crate::adapters::report::within;
use crate::config::EnvironmentSettings;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::{DemoId, EnvironmentName, RunId};

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
            let taken = session
                .run(|client| async move {
                    let row = client.query_one("select pg_try_advisory_lock($1)", &[&key]).await?;
                    if row.try_get(0)? { Ok(Ok(())) } else { Ok(Err(holder(client, key).await?)) }
                })
                .await
                .map_err(|error| unanswered(what(), &error, self.look()))?;
            taken.map_err(|holder| refused(name, holder.as_ref()))?;
            self.locks().insert(run.clone(), session);
            Ok(())
        })
        .await
    }

    /// Lets the lock of `run` go. Ending the session is what does it; asking first only makes it prompt.
    pub(in crate::adapters) async fn unlock(&self, run: &RunId) {
        let session = self.locks().remove(run);
        if let Some(mut session) = session {
            let asked = session.run(|client| client.batch_execute("select pg_advisory_unlock_all()"));
            // Whatever comes of it: the session ends here, and the lock with it.
            tokio::time::timeout(self.look(), asked).await.ok();
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

/// Who holds the lock with this key in the database that `client` is connected to.
pub(super) async fn holder(client: &Client, key: i64) -> Result<Option<Holder>, Error> {
    // A lock on one 64-bit key is listed as its two halves, with objsubid 1.
    let row = client
        .query_typed_opt(
            "select coalesce(nullif(a.application_name, ''), 'process ' || l.pid), \
             a.backend_start, host(a.client_addr) \
             from pg_locks l join pg_database d on d.oid = l.database \
             left join pg_stat_activity a on a.pid = l.pid \
             where l.locktype = 'advisory' and l.granted and l.objsubid = 1 \
             and d.datname = current_database() \
             and (l.classid::bigint << 32) | l.objid::bigint = $1 limit 1",
            &[(&key, Type::INT8)],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Holder { name: row.try_get(0)?, since: ledger::time(&row, 1)?, from: row.try_get(2)? }))
}

fn refused(environment: &EnvironmentName, holder: Option<&Holder>) -> Failure {
    let failure = Failure::new(FailureKind::Refused, format!("could not lock {environment}"));
    let failure = match holder {
        Some(holder) => {
            let since = holder.since.map_or_else(String::new, |at| format!(" since {at:.0}"));
            let from = holder.from.as_ref().map_or_else(String::new, |from| format!(", from {from}"));
            failure.because(format!("{} holds it{since}{from}", holder.name))
        }
        None => failure.because("somebody held it a moment ago"),
    };
    failure
        .hint("Wait until that run has ended. The database lets the lock go by itself when its holder dies.")
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
        let failure = refused(&EnvironmentName::parse("test").unwrap(), Some(&holder));
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(
            failure.because,
            ["r-20261121-140155000-test holds it since 2026-11-21T14:01:55Z, from 10.0.0.7"]
        );
    }
}
