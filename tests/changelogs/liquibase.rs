//! The real Liquibase on a real, empty database: what it stores for a changelog, and what it computes anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use lockstep::adapters::liquibase::find;
use lockstep::config::{RunnerKind, paths};
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::support::postgres::{PASSWORD, Postgres, USERNAME};

/// A variable of Liquibase's process: changelogs see it.
pub(super) const VARIABLE: (&str, &str) = ("FROM_OUTSIDE", "the machine");

/// How many edited changesets `validate` names.
const NAMED: usize = 25;

/// A changelog in a folder, with a database for it.
pub(super) struct Liquibase {
    folder: TempDir,
    server: Arc<Postgres>,
    database: String,
    client: Client,
}

/// A row of `databasechangelog`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) author: String,
    pub(super) sum: String,
    pub(super) comments: String,
    pub(super) contexts: String,
    pub(super) labels: String,
    pub(super) tag: String,
}

impl Row {
    /// Its identity as Liquibase prints it.
    pub(super) fn key(&self) -> String {
        format!("{}::{}::{}", self.path, self.id, self.author)
    }
}

impl Liquibase {
    /// Puts the files into a folder of their own.
    pub(super) async fn new(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let server = Postgres::shared();
        let database = server.create_database().await;
        let client = server.connect(&database).await;
        Self { folder, server, database, client }
    }

    /// Marks everything as run, and returns the rows in their order.
    pub(super) async fn rows(&self, root: &str) -> Vec<Row> {
        let (is_ok, output) = self.run("changelog-sync", root);
        assert!(is_ok, "{output}");
        let query = "select filename, id, author, md5sum, coalesce(comments, ''), coalesce(contexts, ''), \
            coalesce(labels, ''), coalesce(tag, '') from databasechangelog order by orderexecuted";
        let rows = self.client.query(query, &[]).await.unwrap();
        let row = |row: &tokio_postgres::Row| Row {
            path: row.get(0),
            id: row.get(1),
            author: row.get(2),
            sum: row.get(3),
            comments: row.get(4),
            contexts: row.get(5),
            labels: row.get(6),
            tag: row.get(7),
        };
        rows.iter().map(row).collect()
    }

    /// The sums of version 8 of some of the rows, as `validate` tells them when the stored ones are wrong.
    pub(super) async fn old_sums(&self, root: &str, rows: &[Row]) -> BTreeMap<String, String> {
        let mut sums = BTreeMap::new();
        for rows in rows.chunks(NAMED) {
            let update =
                "update databasechangelog set md5sum = $1 where filename = $2 and id = $3 and author = $4";
            for row in rows {
                let wrong = format!("8:{}", "0".repeat(32));
                self.client.execute(update, &[&wrong, &row.path, &row.id, &row.author]).await.unwrap();
            }
            let (_, output) = self.run("validate", root);
            for line in output.lines() {
                if let Some((key, rest)) = line.trim().split_once(" was: 8:")
                    && let Some((_, sum)) = rest.split_once("but is now: ")
                {
                    sums.insert(key.to_owned(), sum.trim().to_owned());
                }
            }
            for row in rows {
                self.client.execute(update, &[&row.sum, &row.path, &row.id, &row.author]).await.unwrap();
            }
        }
        sums
    }

    fn run(&self, command: &str, root: &str) -> (bool, String) {
        let runner = find(RunnerKind::Jvm, paths::tools().as_deref())
            .unwrap_or_else(|failure| panic!("this test runs the real Liquibase: {failure}"));
        let line = runner.command_line();
        let url = format!("jdbc:postgresql://127.0.0.1:{}/{}", self.server.port, self.database);
        let output = Command::new(&line.program)
            .args(&line.args)
            .args(["--show-banner=false", "--headless=true", command])
            .arg(format!("--changelog-file={root}"))
            .env_clear()
            .envs(line.env)
            .env(VARIABLE.0, VARIABLE.1)
            .env("LIQUIBASE_COMMAND_URL", url)
            .env("LIQUIBASE_COMMAND_USERNAME", USERNAME)
            .env("LIQUIBASE_COMMAND_PASSWORD", PASSWORD)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    }

    /// Where its files are, for somebody who wants to look at them.
    pub(super) fn keep(self) -> std::path::PathBuf {
        let path: &Path = self.folder.path();
        let path = path.to_owned();
        std::mem::forget(self.folder);
        path
    }
}
