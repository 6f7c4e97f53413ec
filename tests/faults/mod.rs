//! Every row of the fault table, run against the real program: what it says, how it ends, what it leaves behind.
//!
//! Here a promotion ends, and what is true afterwards is looked up; `ways_out` stops promotions, and goes back, on top of a
//! fault.

pub(crate) mod calls;
mod databases;
mod deployments;
mod table;
mod tasks;
mod ways_out;

use std::fs;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use crate::program::place::{FAST, Place, Said};

/// A sandbox in which something goes wrong.
pub(crate) struct Scene {
    pub(crate) place: Place,
}

impl Scene {
    /// With a running sandbox, and these deadlines instead of the usual ones.
    pub(crate) async fn begin(deadlines: &[(&str, f64)]) -> Self {
        let scene = Self { place: Place::awake(FAST).await };
        scene.deadlines(deadlines);
        scene
    }

    /// The same where the app of dev stayed at v1.1.0 while its schema went on.
    pub(crate) async fn behind(deadlines: &[(&str, f64)]) -> Self {
        let scene = Self { place: Place::behind(FAST).await };
        scene.deadlines(deadlines);
        scene
    }

    /// Waits shorter from now on than anybody would in earnest.
    pub(crate) fn deadlines(&self, deadlines: &[(&str, f64)]) {
        let path = self.place.sandbox().join("lockstep.toml");
        let mut table: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let section = table.entry("deadlines").or_insert_with(|| toml::Value::Table(toml::Table::new()));
        for (name, seconds) in deadlines {
            section.as_table_mut().unwrap().insert((*name).to_owned(), toml::Value::Float(*seconds));
        }
        fs::write(&path, table.to_string()).unwrap();
    }

    /// Sets a fault.
    pub(crate) async fn set(&self, fault: &str, options: &[&str]) {
        self.place.ok(&[&["demo", "fault", "set", fault], options].concat()).await;
    }

    /// Clears every fault.
    pub(crate) async fn clear(&self) {
        let said = self.place.ok(&["demo", "fault", "clear"]).await;
        assert!(said.starts_with("no fault is set\n"), "{said}");
    }

    /// How often a fault that is set struck.
    pub(crate) async fn struck(&self, fault: &str) -> u64 {
        let report = self.place.json(&["demo", "fault", "list"]).await;
        let set = report["set"].as_array().unwrap();
        let found = set.iter().find(|row| row["name"] == fault);
        found.unwrap_or_else(|| panic!("{fault} is not set: {report:#}"))["struck"].as_u64().unwrap()
    }

    /// How often AWS was asked to update the service of dev, and how often it did.
    pub(crate) async fn updates(&self) -> (u64, u64) {
        let report = self.place.json(&["demo", "fault", "list"]).await;
        let calls = report["calls"].as_array().unwrap();
        let found = calls.iter().find(|row| row["action"] == "UpdateService" && row["environment"] == "dev");
        found.map_or((0, 0), |row| (row["received"].as_u64().unwrap(), row["carried_out"].as_u64().unwrap()))
    }

    /// Promotes to dev, which needs nobody's word. Where its app is behind v1.2.0 is another image only; v1.4.0 brings
    /// changesets.
    pub(crate) async fn promote(&self, version: &str) -> Said {
        self.place.run(&["promote", "dev", "--release", version]).await
    }

    /// Finds out what became of the promotion that nobody saw end, and puts it on record where that is decided.
    async fn settles(&self, finding: &str, code: i32) {
        let said = self.place.run(&["reconcile", "dev", "--settle"]).await;
        assert!(said.code == code && said.out.starts_with(finding), "{finding}, {code}: {said:#?}");
    }

    /// Promotes to dev and does something else once a line holds these words.
    pub(crate) async fn promote_and(&self, version: &str, words: &str, then: impl AsyncFnOnce()) -> Said {
        let mut promotion = self.place.command(&["promote", "dev", "--release", version]).spawn().unwrap();
        let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
        let mut err = String::new();
        while !err.lines().last().unwrap_or_default().contains(words) {
            let line = lines.next_line().await.unwrap();
            err.push_str(&line.unwrap_or_else(|| panic!("it ended before `{words}`:\n{err}")));
            err.push('\n');
        }
        let rest = async {
            let mut rest = String::new();
            lines.into_inner().read_to_string(&mut rest).await.unwrap();
            rest
        };
        // What it still says has to be read meanwhile, or it stands still.
        let (rest, ()) = tokio::join!(rest, then());
        let status = promotion.wait().await.unwrap();
        Said { code: status.code().unwrap_or(-1), out: String::new(), err: err + &rest }
    }

    /// The service of dev.
    pub(crate) async fn service(&self) -> (String, String) {
        self.place.service("dev").await
    }

    /// How many changesets dev has.
    pub(crate) async fn rows(&self) -> usize {
        self.place.changesets("dev").await.len()
    }

    /// Whether a table is in the database of dev.
    pub(crate) async fn has_table(&self, name: &str) -> bool {
        let tables = format!("select count(*) from pg_tables where tablename = '{name}'");
        self.place.count("dev", &tables).await == 1
    }

    /// The state of Liquibase's lock of dev and of lockstep's.
    pub(crate) async fn locks(&self) -> [String; 2] {
        let said = self.place.run(&["locks", "dev", "--output", "json"]).await;
        let found: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:#?}"));
        let state = |index: usize| {
            found["environments"][0]["locks"][index]["state"].as_str().unwrap_or("not seen").to_owned()
        };
        [state(0), state(1)]
    }

    /// What the journal says of the last step of the newest run that was tried, and of the run itself.
    pub(crate) fn ending(&self) -> (String, String, String) {
        let journal = self.place.journal();
        // What stands at the end of the flow runs whatever happened before.
        let is_closing =
            |entry: &Value| entry["step"].as_str().is_some_and(|step| step.starts_with("closing"));
        let last = |record: &str| {
            let found = journal.iter().rev().find(|entry| entry["record"] == record && !is_closing(entry));
            found.unwrap_or_else(|| panic!("no {record} in {journal:#?}")).clone()
        };
        let outcome = |entry: &Value| {
            let result = &entry["result"];
            if result["ok"].is_string() { "ok".to_owned() } else { kind(result) }
        };
        let (step, run) = (last("ended"), last("concluded"));
        (step["step"].as_str().unwrap().to_owned(), outcome(&step), outcome(&run))
    }

    /// Ends the scene: with every fault cleared nothing of any is left.
    pub(crate) async fn end(self) {
        self.clear().await;
        let left = "select (select count(*) from pg_event_trigger) + \
                    (select count(*) from pg_proc where proname like 'sandbox_fault%') + \
                    (select count(*) from pg_class where relname like 'sandbox_fault%') + \
                    (select count(*) from pg_locks where locktype = 'advisory')";
        assert_eq!(self.place.count("dev", left).await, 0);
        self.place.ok(&["demo", "down"]).await;
    }
}

/// The kind of failure in a result of the journal.
fn kind(result: &Value) -> String {
    let failure = result.as_object().and_then(|members| members.values().next());
    failure.and_then(|failure| failure["kind"].as_str()).unwrap_or_else(|| panic!("{result:#}")).to_owned()
}

pub(crate) fn running(version: &str) -> (String, String) {
    (version.to_owned(), "RUNNING".to_owned())
}

pub(crate) fn ending(step: &str, outcome: &str, run: &str) -> (String, String, String) {
    (step.to_owned(), outcome.to_owned(), run.to_owned())
}

/// Fails unless everything is there, line by line.
pub(crate) fn has(said: &Said, lines: &[&str]) {
    for line in lines {
        assert!(said.err.contains(line), "{line}\nis not in\n{}", said.err);
    }
}
