//! `GET /health` and `GET /version`: what an image says about itself and about the schema it finds.
//!
//! Health is 200 only when the database answers and its ledger holds the changeset this release needs. Both answer
//! within about two seconds whatever the database does, over a connection that shoppers can't take.

use super::Store;
use super::pool::{DatabaseError, Pool, within};
use super::version::Version;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::time::Duration;

/// How long the database has for its answer, a new connection included.
const LIMIT: Duration = Duration::from_millis(1800);

/// The body of `GET /health`.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    version: &'static str,
    environment: String,
}

/// The body of `GET /version`.
#[derive(Debug, Serialize)]
pub(super) struct About {
    version: &'static str,
    environment: String,
    demo_id: String,
    image: Option<String>,
    newest_changeset: Option<String>,
}

/// Answers 200 when the schema is what this release needs, else 503 with the reason.
pub(super) async fn health(State(store): State<Store>) -> (StatusCode, Json<Health>) {
    let version = store.settings.version;
    let reason = match within(LIMIT, has_needed_changeset(&store.probe, version)).await {
        Ok(true) => None,
        Ok(false) => Some(format!("schema is behind: needs changeset {}", version.needs())),
        Err(error) => Some(error.to_string()),
    };
    let (code, status) = match reason {
        None => (StatusCode::OK, "healthy"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
    };
    let environment = store.settings.environment.clone();
    (code, Json(Health { status, reason, version: version.name(), environment }))
}

/// Answers what runs here and the newest changeset it sees; `null` when there is none or the database is silent.
pub(super) async fn version(State(store): State<Store>) -> Json<About> {
    let newest_changeset = within(LIMIT, newest_changeset(&store.probe)).await.ok().flatten();
    Json(About {
        version: store.settings.version.name(),
        environment: store.settings.environment.clone(),
        demo_id: store.settings.demo_id.clone(),
        image: store.settings.image.clone(),
        newest_changeset,
    })
}

async fn has_needed_changeset(pool: &Pool, version: Version) -> Result<bool, DatabaseError> {
    let needed = version.needs();
    let lease = pool.borrow().await?;
    let asked = lease
        .query_one(
            "select exists (select from databasechangelog where id = $1 and author = $2 and filename = $3)",
            &[&needed.id, &needed.author, &needed.path],
        )
        .await
        .map_err(DatabaseError::from);
    match asked {
        Ok(row) => {
            lease.give_back();
            Ok(row.get(0))
        }
        // Liquibase has never been here.
        Err(DatabaseError::Refused { schema: true, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn newest_changeset(pool: &Pool) -> Result<Option<String>, DatabaseError> {
    let lease = pool.borrow().await?;
    let row = lease
        .query_opt(
            "select filename || '::' || id || '::' || author from databasechangelog
             order by orderexecuted desc, dateexecuted desc limit 1",
            &[],
        )
        .await?;
    lease.give_back();
    Ok(row.map(|row| row.get(0)))
}
