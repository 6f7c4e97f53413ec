//! Reading what a database really holds from PostgreSQL's catalogs: one read-only transaction, one question for
//! everything, and a cheap one before it that tells whether anything has changed since the last look.
//!
//! The questions are the files beside this one; what the answers mean is the domain's.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio_postgres::{Client, Error, Row, Statement};

use super::{Databases, Session, is_connection_lost, unanswered};
use crate::adapters::report::within;
use crate::config::EnvironmentSettings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::lock::LOOKER;
use crate::domain::schema::judgement::{LedgerStamp, SchemaView};
use crate::domain::schema::{CatalogRow, Schema};

/// What the parts of the question stand on, and the parts; each gives kind, schema, whole, name and facts.
const PRELUDE: &str = include_str!("prelude.sql");
const PARTS: [&str; 6] = [
    include_str!("relations.sql"),
    include_str!("columns.sql"),
    include_str!("constraints.sql"),
    include_str!("routines.sql"),
    include_str!("types.sql"),
    include_str!("grants.sql"),
];

const FINGERPRINT: &str = include_str!("fingerprint.sql");

/// PostgreSQL prints names and values as the session wants them: here always in the same way. Compiling a question
/// of many parts takes longer than answering it.
const PRINTING: &str = "set local search_path = pg_catalog; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; \
     set local intervalstyle = 'postgres'; set local bytea_output = 'hex'; set local extra_float_digits = 1; \
     set local quote_all_identifiers = off; set local jit = off";

/// Where Liquibase's tables are is a matter of the search path; they may be missing.
const TABLES: &str = "select to_regclass('databasechangelog') is not null, \
     to_regclass('databasechangeloglock') is not null";

/// A session that reads one database's catalogs again and again.
pub(super) struct Reading {
    session: Session,
    questions: Option<Questions>,
    last: Option<(String, Arc<Schema>)>,
}

/// The questions as the server has prepared them.
struct Questions {
    fingerprint: Statement,
    catalog: Statement,
}

/// What one look came to.
enum Look {
    /// Nothing has changed.
    Same,
    /// The fingerprint, the major version of the server, and all rows.
    New(String, u32, Vec<Row>),
}

/// A schema, unless its rows make no sense.
type Read = Result<SchemaView, String>;

impl Databases {
    /// The schema of an environment's database; the same one as before while nothing changes. A connection that
    /// turns out to be dead is replaced once.
    pub(in crate::adapters) async fn schema(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<SchemaView, Failure> {
        let name = &environment.environment.name;
        let what = || format!("could not read the schema of {name}");
        within(self.look(), what, async {
            let kept = self.reading().remove(name);
            if let Some(mut reading) = kept {
                match self.read_schema(&mut reading).await {
                    Ok(schema) => {
                        self.reading().insert(name.clone(), reading);
                        return schema.map_err(|problem| senseless(what(), &problem));
                    }
                    Err(error) if !is_connection_lost(&error) => {
                        return Err(unanswered(what(), &error, self.look()));
                    }
                    Err(_) => {}
                }
            }
            let session = self.connect(&environment.environment, LOOKER).await?;
            let mut reading = Reading { session, questions: None, last: None };
            let schema = self.read_schema(&mut reading).await;
            let schema = schema.map_err(|error| unanswered(what(), &error, self.look()))?;
            self.reading().insert(name.clone(), reading);
            schema.map_err(|problem| senseless(what(), &problem))
        })
        .await
    }

    async fn read_schema(&self, reading: &mut Reading) -> Result<Read, Error> {
        let begin = format!(
            "begin transaction isolation level repeatable read read only; set local statement_timeout = {}",
            self.look().as_millis().max(1)
        );
        let Reading { session, questions, last } = reading;
        let (stamp, look) = session
            .run(|client| async move {
                client.batch_execute(&begin).await?;
                let seen = ask(client, questions, last.as_ref().map(|(print, _)| print.as_str())).await;
                // Also after an error, so that the connection can be used again.
                let ended = client.batch_execute("rollback").await;
                let seen = seen?;
                ended.map(|()| seen)
            })
            .await?;
        let (print, server, rows) = match (look, &reading.last) {
            (Look::New(print, server, rows), _) => (print, server, rows),
            (Look::Same, Some((_, schema))) => return Ok(Ok(SchemaView { schema: schema.clone(), stamp })),
            (Look::Same, None) => return Ok(Err("there is no earlier look".to_owned())),
        };
        let rows = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        Ok(Schema::of(server, &rows).map(|schema| {
            let schema = Arc::new(schema);
            reading.last = Some((print, schema.clone()));
            SchemaView { schema, stamp }
        }))
    }
}

/// Everything in the one transaction: the ledger's stamp and the schema are of the same moment.
async fn ask(
    client: &Client,
    questions: &mut Option<Questions>,
    last: Option<&str>,
) -> Result<(LedgerStamp, Look), Error> {
    let stamp = stamp(client).await?;
    client.batch_execute(PRINTING).await?;
    let questions = match questions {
        Some(questions) => questions,
        None => questions.insert(prepare(client).await?),
    };
    Ok((stamp, look(client, questions, last).await?))
}

async fn stamp(client: &Client) -> Result<LedgerStamp, Error> {
    let exists = client.query_one(TABLES, &[]).await?;
    let mut stamp = LedgerStamp::default();
    if exists.try_get(0)? {
        let rows =
            client.query_one("select count(*), max(orderexecuted) from databasechangelog", &[]).await?;
        stamp.rows = usize::try_from(rows.try_get::<_, i64>(0)?).unwrap_or_default();
        stamp.newest = rows.try_get(1)?;
    }
    if exists.try_get(1)? {
        let locked = "select exists (select from databasechangeloglock where locked)";
        stamp.is_locked = client.query_one(locked, &[]).await?.try_get(0)?;
    }
    Ok(stamp)
}

async fn prepare(client: &Client) -> Result<Questions, Error> {
    let catalog = format!("{PRELUDE}{}", PARTS.join("union all\n"));
    let fingerprint = client.prepare(FINGERPRINT).await?;
    Ok(Questions { fingerprint, catalog: client.prepare(&catalog).await? })
}

async fn look(client: &Client, questions: &Questions, last: Option<&str>) -> Result<Look, Error> {
    let print: String = client.query_one(&questions.fingerprint, &[]).await?.try_get(0)?;
    if last == Some(print.as_str()) {
        return Ok(Look::Same);
    }
    let version = client.query_one("select current_setting('server_version_num')::int / 10000", &[]).await?;
    let rows = client.query(&questions.catalog, &[]).await?;
    Ok(Look::New(print, version.try_get::<_, i32>(0)?.unsigned_abs(), rows))
}

fn row(row: &Row) -> Result<CatalogRow, Error> {
    let facts: Value = row.try_get(4)?;
    let facts: BTreeMap<String, String> = facts
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(word, fact)| Some((word.clone(), fact.as_str()?.to_owned())))
        .collect();
    Ok(CatalogRow {
        kind: row.try_get(0)?,
        schema: row.try_get(1)?,
        of: row.try_get(2)?,
        name: row.try_get(3)?,
        facts,
    })
}

fn senseless(what: String, problem: &str) -> Failure {
    Failure::new(FailureKind::Failed, what)
        .because(problem)
        .hint("This is a bug: the catalogs of this server say what lockstep does not know.")
}
