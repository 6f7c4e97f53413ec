//! What a policy finds in a real database.

use lockstep::domain::policy::{Policy, Subject};

use super::{Rig, test};

#[tokio::test]
async fn tables_without_an_index_and_those_with_too_many_columns_are_found_where_they_are() {
    let rig = Rig::new().await;
    let columns: Vec<_> = (0..51).map(|number| format!("c{number} int")).collect();
    let sql = format!(
        "create schema shop; create table keyed (id int primary key); create table bare (id int); \
         create table shop.bare (id int); create table indexed (id int); create index on indexed (id); \
         create table one_of (id int unique); create table wide ({}); create index on wide (c0); \
         create table apart (id int, during tsrange, exclude using gist (during with &&)); \
         create table checked (id int check (id > 0)); create view seen as select 1 as a; \
         create table parted (id int) partition by range (id)",
        columns.join(", ")
    );
    rig.client().await.batch_execute(&sql).await.unwrap();
    let schema = rig.adapters().schema(&test()).await.unwrap();
    let verdict = Policy::default().judge_database(&schema, "2026-01-01".parse().unwrap());
    let found: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| match &finding.subject {
            Subject::Table(table) => format!("{table} {}", finding.check),
            Subject::Changeset(id) => panic!("{id}"),
        })
        .collect();
    assert_eq!(
        found,
        [
            "bare CheckTablesForIndex",
            "checked CheckTablesForIndex",
            "parted CheckTablesForIndex",
            "wide TableColumnLimit",
            "shop.bare CheckTablesForIndex",
        ]
    );
    assert!(
        verdict.findings[3].why.starts_with("wide has 51 columns, and 50 are allowed."),
        "{:?}",
        verdict.findings[3]
    );
    assert_eq!(verdict.tables.len(), 9, "{:?}", verdict.tables);
    assert_eq!(verdict.checks, ["CheckTablesForIndex", "TableColumnLimit"]);
}
