//! Both locks of an environment, and every session that might hold them. Nothing is created and nothing is let go.

use tokio_postgres::{Client, Error, Row};

use super::ledger::time;
use super::{Databases, lock, unanswered};
use crate::adapters::report::within;
use crate::config::EnvironmentSettings;
use crate::domain::Timestamp;
use crate::domain::failure::Failure;
use crate::domain::lock::{Grant, LOOKER, LockSight, Session, first_words};
use crate::domain::plain;

const GRANT: &str =
    "select coalesce(lockedby, ''), lockgranted from databasechangeloglock where locked limit 1";

/// Every session but this one. What others run is left out where this user may not see it. Only the exclusive form of
/// the advisory lock is a promotion's.
const SESSIONS: &str = "select a.pid, coalesce(a.application_name, ''), a.usename::text, host(a.client_addr), \
     a.backend_start, a.state, a.state_change, left(a.query, 400), \
     case when a.wait_event_type <> 'Client' then a.wait_event_type || ': ' || a.wait_event end, \
     case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) else '{}' end, \
     exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory' and l.granted \
       and l.mode = 'ExclusiveLock' and l.objsubid = 1 and l.database = a.datid \
       and (l.classid::bigint << 32) | l.objid::bigint = $1) \
     from pg_stat_activity a where a.datname = current_database() \
     and a.backend_type = 'client backend' and a.pid <> pg_backend_pid() order by a.pid";

impl Databases {
    /// Who holds the locks of an environment, and who is connected to it.
    pub(in crate::adapters) async fn lock_sight(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<LockSight, Failure> {
        let name = &environment.environment.name;
        let what = || format!("could not look at the locks of {name}");
        within(self.look(), what, async {
            let key = lock::key(&self.0.settings.id, name);
            let settings = format!(
                "set session characteristics as transaction read only; set statement_timeout = {}",
                self.look().as_millis().max(1)
            );
            let mut session = self.connect(&environment.environment, LOOKER).await?;
            let seen = session.run(|client| async move {
                client.batch_execute(&settings).await?;
                sight(client, key).await
            });
            let mut seen = seen.await.map_err(|error| unanswered(what(), &error, self.look()))?;
            for session in &mut seen.sessions {
                session.query = session.query.as_deref().map(|query| self.0.redactor.line(query));
            }
            Ok(seen)
        })
        .await
    }
}

/// Looks until the row was the same before and after the sessions: one that was granted, or let go, in between would
/// make a living holder look dead.
pub(super) async fn sight(client: &Client, key: i64) -> Result<LockSight, Error> {
    let mut before = grant(client).await?;
    loop {
        let rows = client.query(SESSIONS, &[&key]).await?;
        let after = grant(client).await?;
        if before != after {
            before = after;
            continue;
        }
        let at = client.query_one("select clock_timestamp()", &[]).await?;
        let mut promoting = Vec::new();
        for row in &rows {
            if row.try_get(10)? {
                promoting.push(row.try_get(0)?);
            }
        }
        return Ok(LockSight {
            at: time(&at, 0)?.unwrap_or(Timestamp::UNIX_EPOCH),
            liquibase: after,
            promoting,
            sessions: rows.iter().map(session).collect::<Result<_, _>>()?,
        });
    }
}

async fn grant(client: &Client) -> Result<Option<Grant>, Error> {
    let exists = client.query_one("select to_regclass('databasechangeloglock') is not null", &[]).await?;
    if !exists.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let Some(row) = client.query_opt(GRANT, &[]).await? else { return Ok(None) };
    // A name is what a lock is recognised by: nothing in it is taken for a secret.
    Ok(Some(Grant { by: plain::line(row.try_get(0)?), wall: time(&row, 1)? }))
}

fn session(row: &Row) -> Result<Session, Error> {
    // The server's own words for what this user may not see, and for a session that has run nothing yet.
    let is_seen = |query: &&str| !query.is_empty() && *query != "<insufficient privilege>";
    Ok(Session {
        process: row.try_get(0)?,
        name: plain::line(row.try_get(1)?),
        user: row.try_get(2)?,
        address: row.try_get(3)?,
        began: time(row, 4)?,
        state: row.try_get(5)?,
        changed: time(row, 6)?,
        query: row.try_get::<_, Option<&str>>(7)?.filter(is_seen).map(first_words),
        waits_for: row.try_get(8)?,
        blocked_by: row.try_get(9)?,
    })
}
