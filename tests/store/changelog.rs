//! The store's changelog, read just well enough to apply it in a test and to take it back.
//!
//! It follows the includes, splits formatted SQL into statements to run and statements to roll back, and writes the
//! ledger's rows as Liquibase would. Checksums, contexts and preconditions are deliberately absent.

use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use tokio_postgres::Client;

/// One changeset of the store.
#[derive(Clone, Debug)]
pub(crate) struct Changeset {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) comment: String,
    pub(crate) sql: String,
    /// Statements that undo it; empty for a tag, absent when nobody wrote any.
    pub(crate) rollback: Option<String>,
    pub(crate) tag: Option<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "databaseChangeLog")]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Entry {
    Include(Include),
    ChangeSet(TagChangeset),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Include {
    file: String,
    relative_to_changelog_file: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagChangeset {
    id: String,
    author: String,
    changes: Vec<TagChange>,
    rollback: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TagChange {
    tag_database: Tag,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    tag: String,
}

/// Returns the changesets of every release up to and including `release`, in order.
pub(crate) fn up_to(release: &str) -> Vec<Changeset> {
    let mut changesets = Vec::new();
    for entry in entries("changelog/changelog-master.yaml") {
        let Entry::Include(include) = entry else {
            panic!("the master file includes releases and nothing else")
        };
        let path = beside("changelog/changelog-master.yaml", &include);
        changesets.extend(entries(&path).into_iter().map(|entry| changeset(&path, entry)));
        if path == format!("changelog/releases/{release}.yaml") {
            return changesets;
        }
    }
    panic!("the master file includes no release {release}")
}

/// Applies everything up to `release` that is not applied yet, writing a row of the ledger for each changeset.
pub(crate) async fn update(client: &Client, release: &str) {
    client.batch_execute(LEDGER).await.unwrap();
    for changeset in up_to(release) {
        let Changeset { id, path, comment, sql, tag, .. } = changeset;
        let seen = "select from databasechangelog where id = $1 and author = 'store' and filename = $2";
        if client.query_opt(seen, &[&id, &path]).await.unwrap().is_some() {
            continue;
        }
        client.batch_execute(&sql).await.unwrap_or_else(|why| panic!("{path}: {why:?}"));
        let description = if tag.is_some() { "tagDatabase" } else { "sql" };
        client
            .execute(
                "insert into databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype,
                    description, comments, tag, liquibase, deployment_id)
                 select $1, 'store', $2, clock_timestamp(), coalesce(max(orderexecuted), 0) + 1, 'EXECUTED',
                    $3, $4, $5, '4.29.0', '0000000001' from databasechangelog",
                &[&id, &path, &description, &comment, &tag],
            )
            .await
            .unwrap();
    }
}

/// Takes back everything after `keep` changesets, newest first.
pub(crate) async fn roll_back(client: &Client, release: &str, keep: usize) {
    for changeset in up_to(release).split_off(keep).into_iter().rev() {
        let sql = changeset.rollback.unwrap_or_else(|| panic!("{} has no rollback", changeset.id));
        client.batch_execute(&sql).await.unwrap_or_else(|why| panic!("{}: {why:?}", changeset.path));
        let row = "delete from databasechangelog where id = $1 and filename = $2";
        assert_eq!(client.execute(row, &[&changeset.id, &changeset.path]).await.unwrap(), 1);
    }
}

fn changeset(release: &str, entry: Entry) -> Changeset {
    match entry {
        Entry::Include(include) => formatted_sql(beside(release, &include)),
        Entry::ChangeSet(mut tagged) => {
            assert_eq!((tagged.author.as_str(), tagged.rollback.as_str()), ("store", "empty"));
            let change = tagged.changes.pop().unwrap();
            Changeset {
                id: tagged.id,
                path: release.to_owned(),
                comment: String::new(),
                sql: String::new(),
                rollback: Some(String::new()),
                tag: Some(change.tag_database.tag),
            }
        }
    }
}

fn formatted_sql(path: String) -> Changeset {
    let text = fs::read_to_string(root().join(&path)).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("--liquibase formatted sql"), "{path}");
    let (mut id, mut comment, mut sql, mut rollback) = (None, String::new(), Vec::new(), Vec::new());
    for line in lines {
        if let Some(named) = line.strip_prefix("--changeset store:") {
            assert!(id.replace(named.to_owned()).is_none(), "{path} holds one changeset");
        } else if let Some(said) = line.strip_prefix("--comment ") {
            said.clone_into(&mut comment);
        } else if let Some(undoing) = line.strip_prefix("--rollback ") {
            rollback.push(undoing);
        } else {
            assert!(!line.starts_with("--"), "{path}: {line}");
            sql.push(line);
        }
    }
    Changeset {
        id: id.unwrap(),
        comment,
        sql: sql.join("\n"),
        rollback: (!rollback.is_empty()).then(|| rollback.join("\n")),
        tag: None,
        path,
    }
}

fn entries(path: &str) -> Vec<Entry> {
    let text = fs::read_to_string(root().join(path)).unwrap();
    serde_saphyr::from_str::<File>(&text).unwrap().entries
}

/// Resolves an include the way Liquibase does: beside the file that has it, without `..`.
fn beside(path: &str, include: &Include) -> String {
    assert!(include.relative_to_changelog_file, "{path}");
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in include.file.split('/') {
        match part {
            ".." => parts.truncate(parts.len().saturating_sub(1)),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

const LEDGER: &str = "create table if not exists databasechangelog (
    id varchar(255) not null, author varchar(255) not null, filename varchar(255) not null,
    dateexecuted timestamp not null, orderexecuted integer not null, exectype varchar(10) not null,
    md5sum varchar(35), description varchar(255), comments varchar(255), tag varchar(255),
    liquibase varchar(20), contexts varchar(255), labels varchar(255), deployment_id varchar(10))";
