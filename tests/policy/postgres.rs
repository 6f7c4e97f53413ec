//! The parser against the real PostgreSQL: what the server can read we can read, and what it calls a syntax error we
//! call one.

use lockstep::domain::changelog::{Changelog, Files, ROOT, Surroundings};
use lockstep::domain::policy::{Judged, Policy, Settings};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::table;
use crate::support::postgres::Postgres;

/// More of what people write, each a whole text.
const MORE: &str = include_str!("syntax.txt");

/// Where the two do not agree, and why that is as it should be.
const KNOWN: [(&str, &str); 4] = [
    ("select 1_000;", "PostgreSQL 16 and later read it"),
    ("create policy p on a for select with check (true);", "the server refuses it while it carries it out"),
    ("do $$ begin insert into a values (1) returning id into b; end $$;", "the server knows no variable b"),
    ("update a set b[1] = default;", "the server calls it a feature that is not there"),
];

/// Whether we can read a text.
fn reads(sql: &str) -> Result<(), String> {
    let text = format!("--liquibase formatted sql\n--changeset a:1 splitStatements:false\n{sql}\n");
    let files = Files::from([("x.sql".to_owned(), text.into_bytes())]);
    let (changelog, _) = Changelog::read(&files, "x.sql", &Surroundings::default());
    let policy = Policy { settings: Settings { enabled: Vec::new() }, ..Policy::default() };
    let verdict = policy.judge(&changelog, Judged::All, "2026-01-01".parse().unwrap());
    verdict.findings.first().map_or(Ok(()), |finding| Err(finding.why.clone()))
}

/// Whether the server can read it. Nothing of it stays: it is run in a transaction that is rolled back, in a database of
/// its own, and whatever else it fails for is no syntax error.
async fn server_reads(client: &Client, sql: &str) -> Result<(), String> {
    client.batch_execute("begin; set local statement_timeout = '2s'").await.unwrap();
    let result = client.batch_execute(sql).await;
    client.batch_execute("rollback").await.unwrap();
    match result {
        Err(error) if error.code() == Some(&SqlState::SYNTAX_ERROR) => {
            Err(error.as_db_error().map_or_else(String::new, |error| error.message().to_owned()))
        }
        _ => Ok(()),
    }
}

#[tokio::test]
async fn what_postgresql_can_read_is_read_and_what_it_cannot_is_not() {
    let postgres = Postgres::shared();
    let client = postgres.connect(&postgres.create_database().await).await;
    let all = table::all();
    let cases = all.iter().flat_map(|cases| cases.lines.iter().filter_map(table::Case::sql));
    let more = MORE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let texts: Vec<_> = cases.map(str::to_owned).chain(more.map(|line| line.replace('⏎', "\n"))).collect();
    assert!(texts.len() > 300, "{}", texts.len());
    let mut wrong = Vec::new();
    for sql in &texts {
        let (ours, theirs) = (reads(sql), server_reads(&client, sql).await);
        let is_known = KNOWN.iter().any(|(known, _)| known == sql);
        if (ours.is_ok() != theirs.is_ok()) != is_known {
            wrong.push(format!("{sql}\n    ours:   {ours:?}\n    theirs: {theirs:?}"));
        }
    }
    for (known, why) in KNOWN {
        assert!(texts.iter().any(|text| text == known), "{known} is not asked any more: {why}");
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), texts.len(), wrong.join("\n"));
}

#[test]
fn the_changelog_of_the_demo_can_be_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("changelog");
    let mut files = Files::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(folder.parent().unwrap()).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(&entry).unwrap());
            }
        }
    }
    let (changelog, problems) = Changelog::read(&files, ROOT, &Surroundings::default());
    assert!(problems.iter().all(|problem| !problem.is_error), "{problems:?}");
    let text = include_str!("../../flows/liquibase.checks-settings.conf");
    let (settings, _) = Settings::read("flows/liquibase.checks-settings.conf", text);
    let policy = Policy { settings: settings.unwrap(), ..Policy::default() };
    let verdict = policy.judge(&changelog, Judged::All, "2026-01-01".parse().unwrap());
    let found = verdict.findings.iter().map(|it| {
        let place = it.place.as_ref().unwrap();
        let column = it.column.map_or_else(String::new, |column| format!(":{column}"));
        format!("{}:{}{column} {}", place.file, place.line, it.check)
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            "changelog/changesets/013-tidy-orders.sql:5:22 ChangeDropColumnWarn",
            "changelog/changesets/013-tidy-orders.sql:6:1 SqlGrantWarn",
            "changelog/changesets/013-tidy-orders.sql:3 RollbackRequired",
        ]
    );
    assert_eq!(verdict.highest().map(lockstep::domain::policy::Severity::code), Some(4));
}
