//! What the catalogs hold that was written after the newest row of the ledger: the trace of a changeset that Liquibase
//! committed and did not live to record.
//!
//! Every row of every table carries the number of the transaction that wrote it (`xmin`), the catalogs' rows too, and
//! `age` tells which of two numbers is the newer one. So no clock is asked, and nothing has to be remembered.

use super::{Databases, unanswered};
use crate::adapters::report::within;
use crate::config::EnvironmentSettings;
use crate::domain::failure::Failure;
use crate::domain::lock::LOOKER;
use crate::domain::reconcile::Trail;

/// The most objects that are named.
const OBJECTS: usize = 8;

/// Liquibase's lock counts while it is held, because whoever holds it has done nothing before it took it; without
/// any row, it counts in any case. Liquibase makes its own tables while it holds the lock.
const TRAIL: &str = "with ledger as (select age(xmin) as age from databasechangelog), \
     locks as (select age(xmin) as age, locked from databasechangeloglock), \
     newest as (select coalesce( \
       (select min(age) from (select age from ledger union all select age from locks where locked) it), \
       (select min(age) from locks)) as age), \
     places as (select oid, nspname from pg_namespace where nspname <> 'information_schema' \
       and nspname !~ '^pg_'), \
     relations as (select c.oid, c.xmin, c.relname, case c.relkind when 'i' then 'index' when 'I' then 'index' \
       when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' \
       else 'table' end as kind from pg_class c join places p on p.oid = c.relnamespace \
       where c.relkind in ('r', 'p', 'i', 'I', 'S', 'v', 'm', 'f') and c.relname !~ '^databasechangelog'), \
     parts as ( \
       select 1 as rank, r.kind || ' ' || r.relname as name, r.xmin from relations r \
       union all select 2, 'table ' || r.relname, a.xmin from pg_attribute a join relations r on r.oid = a.attrelid \
         where a.attnum > 0 and r.kind = 'table' \
       union all select 2, 'table ' || r.relname, d.xmin from pg_attrdef d join relations r on r.oid = d.adrelid \
       union all select 2, 'table ' || r.relname, t.xmin from pg_trigger t join relations r on r.oid = t.tgrelid \
       union all select 2, 'table ' || r.relname, k.xmin from pg_constraint k join relations r on r.oid = k.conrelid \
       union all select 2, r.kind || ' ' || r.relname, w.xmin from pg_rewrite w join relations r on r.oid = w.ev_class \
       union all select 3, 'function ' || f.proname, f.xmin from pg_proc f join places p on p.oid = f.pronamespace \
       union all select 3, 'type ' || t.typname, t.xmin from pg_type t join places p on p.oid = t.typnamespace \
         where t.typtype in ('e', 'd') \
       union all select 3, 'type ' || t.typname, e.xmin from pg_enum e join pg_type t on t.oid = e.enumtypid \
       union all select 4, 'schema ' || n.nspname, n.xmin from pg_namespace n join places p on p.oid = n.oid) \
     select name from parts, newest where age(parts.xmin) < newest.age group by name order by min(rank), name limit $1";

impl Databases {
    /// What was changed in the catalogs of an environment after the newest row.
    pub(in crate::adapters) async fn trail(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<Trail, Failure> {
        let name = &environment.environment.name;
        let what = || format!("could not look for what was done in {name} without a row");
        within(self.look(), what, async {
            let settings = format!(
                "set session characteristics as transaction read only; set statement_timeout = {}",
                self.look().as_millis().max(1)
            );
            let mut session = self.connect(&environment.environment, LOOKER).await?;
            let objects = session.run(|client| async move {
                client.batch_execute(&settings).await?;
                let sql = "select to_regclass('databasechangelog') is not null \
                           and to_regclass('databasechangeloglock') is not null";
                if !client.query_one(sql, &[]).await?.try_get::<_, bool>(0)? {
                    return Ok(Vec::new());
                }
                let limit = i64::try_from(OBJECTS).unwrap_or(i64::MAX);
                let rows = client.query(TRAIL, &[&limit]).await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            });
            let objects = objects.await.map_err(|error| unanswered(what(), &error, self.look()))?;
            Ok(Trail { objects })
        })
        .await
    }
}
