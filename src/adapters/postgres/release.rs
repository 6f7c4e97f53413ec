//! Letting a stale lock of Liquibase go: this very one, with proof, and while no promotion can begin.

use tokio::time::timeout;
use tokio_postgres::Error;

use super::locks::sight;
use super::{Databases, lock, unanswered};
use crate::adapters::report::seconds;
use crate::config::EnvironmentSettings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::lock::{Grant, LockSight};

/// What the session is called. Its first word says that it is lockstep's.
const NAME: &str = "lockstep release";

/// Why nothing was let go.
enum Kept {
    /// Somebody promotes, who may be about to take the lock.
    Promoted(String),
    /// It is not the lock that was meant, or its holder may live.
    Refused(String),
    /// The database refused, or it is not known what it did.
    Failed(Error, FailureKind),
}

impl Databases {
    /// Lets the lock `grant` of an environment go, if the proof that its holder is gone still stands, and returns the
    /// proof. lockstep's own lock is held meanwhile.
    pub(in crate::adapters) async fn release_lock(
        &self,
        environment: &EnvironmentSettings,
        grant: &Grant,
    ) -> Result<String, Failure> {
        let name = &environment.environment.name;
        let what = || format!("could not let Liquibase's lock on {name} go");
        let key = lock::key(&self.0.settings.id, name);
        let letting_go = async {
            let mut session = self.connect(&environment.environment, NAME).await?;
            self.assure_own(&environment.environment, &mut session, what).await?;
            let released = session.run(|client| async move { Ok(release(client, key, grant).await) });
            let refused = |why: String| Failure::new(FailureKind::Refused, what()).because(why);
            match released.await.map_err(|error| unanswered(what(), &error, self.look()))? {
                Ok(proof) => Ok(proof),
                Err(Kept::Promoted(holder)) => Err(refused(format!("{holder} is promoting to {name}"))
                    .hint("Wait until it has ended, then look again.")),
                Err(Kept::Refused(why)) => {
                    Err(refused(why).hint("Look again with `lockstep locks`; nothing was changed."))
                }
                Err(Kept::Failed(error, kind)) => {
                    Err(unanswered(what(), &error, self.look()).with_kind(kind))
                }
            }
        };
        timeout(self.look(), letting_go).await.unwrap_or_else(|_| {
            // The server may still do what it was told.
            Err(Failure::new(FailureKind::Unknown, what())
                .because(format!("there was no answer within {}", seconds(self.look())))
                .hint("Look again with `lockstep locks` whether it was let go."))
        })
    }
}

async fn release(client: &tokio_postgres::Client, key: i64, grant: &Grant) -> Result<String, Kept> {
    let unseen = |error| Kept::Failed(error, FailureKind::Unavailable);
    let row = client.query_one("select pg_try_advisory_lock($1)", &[&key]).await.map_err(unseen)?;
    if !row.try_get::<_, bool>(0).map_err(unseen)? {
        let holder = lock::holder(client, key).await.map_err(unseen)?;
        return Err(Kept::Promoted(holder.map_or_else(|| "somebody".to_owned(), |holder| holder.name)));
    }
    let sight = sight(client, key).await.map_err(unseen)?;
    let (proof, sql) = stale(&sight, grant).map_err(Kept::Refused)?;
    let changed = client.execute(&sql, &[]).await.map_err(|error| {
        let is_refused = error.as_db_error().is_some();
        Kept::Failed(error, if is_refused { FailureKind::Failed } else { FailureKind::Unknown })
    })?;
    match changed {
        0 => Err(Kept::Refused("it was let go or taken anew at this moment".to_owned())),
        _ => Ok(proof),
    }
}

/// The proof that the holder of this very lock is gone, and the statement that lets it go; else why not.
fn stale(sight: &LockSight, grant: &Grant) -> Result<(String, String), String> {
    match &sight.liquibase {
        None => return Err("nobody holds it any more".to_owned()),
        Some(now) if now != grant => return Err(format!("{} holds it now", now.holder().name)),
        Some(_) => {}
    }
    let [liquibase, _] = sight.locks();
    let why = liquibase.verdict.why().unwrap_or_default().to_owned();
    liquibase.release.map(|sql| (why.clone(), sql)).ok_or(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::lock::Session;

    const BY: &str = "vm#r-20261121-140155000-test (10.0.0.2)";

    fn grant(by: &str) -> Grant {
        Grant { by: by.to_owned(), wall: Some(Timestamp::UNIX_EPOCH) }
    }

    fn sight(by: Option<&str>, names: &[&str]) -> LockSight {
        let session = |name: &&str| Session {
            process: 7,
            name: (*name).to_owned(),
            user: None,
            address: None,
            began: None,
            state: None,
            changed: None,
            query: None,
            waits_for: None,
            blocked_by: Vec::new(),
        };
        LockSight {
            at: Timestamp::UNIX_EPOCH,
            liquibase: by.map(grant),
            promoting: Vec::new(),
            sessions: names.iter().map(session).collect(),
        }
    }

    #[test]
    fn only_the_lock_that_was_meant_is_let_go_and_only_with_proof() {
        assert!(stale(&sight(Some(BY), &[]), &grant(BY)).is_ok());
        for (case, sight) in [
            ("it is free", sight(None, &[])),
            ("somebody else took it", sight(Some("build-7 (10.0.0.7)"), &[])),
            ("its Liquibase lives", sight(Some(BY), &["r-20261121-140155000-test"])),
            ("its run lives", sight(Some(BY), &["r-20261121-140155000-test watch"])),
        ] {
            assert!(stale(&sight, &grant(BY)).is_err(), "{case}");
        }
        let later = Grant { wall: Timestamp::from_second(1).ok(), ..grant(BY) };
        assert!(stale(&sight(Some(BY), &[]), &later).is_err(), "it was taken anew");
    }
}
