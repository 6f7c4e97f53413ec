//! A promotion of dev from v1.2.0 to v1.4.0, stopped at a record of its journal, and the ways to cut it off there.

use std::fs;
use std::time::Duration;

use nix::sys::signal::{Signal, kill as signal};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::Child;
use tokio::time::{Instant, timeout};

use crate::program::place::{FAST, Place};
use crate::sandbox::tools::{glance, kill, until};

/// Longer than a promotion takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Processes of the sandbox, by their command line. Liquibase's own names a driver for PostgreSQL.
const SANDBOX: [&str; 5] = ["__sandbox", "__exec", "bagel-store", "/bin/postgres ", "postgres: "];

/// A record after which a promotion is cut off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Record {
    Planned,
    Began,
    Ended(&'static str),
    Intended(&'static str),
    Operated,
    Concluded,
}

/// A sandbox with a promotion in it.
pub(super) struct Scene {
    pub(super) place: Place,
    promotion: Option<Child>,
}

impl Record {
    fn is(self, record: &Value) -> bool {
        let (word, step) = match self {
            Self::Planned => ("planned", None),
            Self::Began => ("began", None),
            Self::Ended(step) => ("ended", Some(step)),
            Self::Intended(step) => ("intended", Some(step)),
            Self::Operated => ("operated", None),
            Self::Concluded => ("concluded", None),
        };
        record["record"] == word && step.is_none_or(|step| record["step"] == step)
    }
}

impl Scene {
    /// With a running sandbox. Whoever loses it does not wait for long.
    pub(super) async fn begin() -> Self {
        let place = Place::awake(FAST).await;
        let path = place.sandbox().join("lockstep.toml");
        let mut table: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let deadlines = [("look", 8), ("health", 10), ("liquibase", 60)];
        let deadlines = deadlines.map(|(name, seconds)| (name.to_owned(), toml::Value::Integer(seconds)));
        table.insert("deadlines".to_owned(), toml::Value::Table(deadlines.into_iter().collect()));
        fs::write(&path, table.to_string()).unwrap();
        Self { place, promotion: None }
    }

    /// Starts the promotion.
    pub(super) fn promote(&mut self) {
        let log = |name: &str| fs::File::create(self.place.work().join(name)).unwrap();
        let mut command = self.place.command(&["promote", "dev", "--release", "v1.4.0"]);
        self.promotion = Some(command.stdout(log("out")).stderr(log("err")).spawn().unwrap());
    }

    /// Waits until the journal has this record, or what else is to be waited for is there.
    fn seen(&self, what: &str, condition: impl Fn() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}: {}", self.said());
            glance();
        }
    }

    /// Stops the promotion the moment it has written this record, and says which record is the last.
    pub(super) fn stop_after(&self, record: Record) -> String {
        let path = self.place.journal_folder().join("journal-000001.jsonl");
        let pid = self.pid();
        let length = std::cell::Cell::new(0);
        self.seen(&format!("{record:?}"), || {
            let now = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            now != length.replace(now) && self.records().iter().any(|it| record.is(it))
        });
        signal(pid, Signal::SIGSTOP).unwrap();
        self.last_record()
    }

    /// Lets the promotion write this record, and nothing after it: it waits for the journal's lock, for as long as
    /// the file that is returned is held.
    pub(super) fn hold_after(&self, record: Record) -> fs::File {
        self.seen(&format!("{record:?}"), || self.records().iter().any(|it| record.is(it)));
        let lock = fs::File::open(self.place.journal_folder().join("journal.lock")).unwrap();
        self.seen("the journal's lock", || lock.try_lock().is_ok());
        lock
    }

    /// Lets a promotion that was stopped go on.
    pub(super) fn go_on(&self) {
        signal(self.pid(), Signal::SIGCONT).unwrap();
    }

    /// The promotion's process dies.
    pub(super) async fn kill_program(&mut self) {
        let mut promotion = self.promotion.take().unwrap();
        promotion.kill().await.unwrap();
    }

    /// Everything that a promotion may have started, apart from itself.
    pub(super) fn java(&self) -> Vec<i32> {
        let own = self.promotion.as_ref().and_then(Child::id).and_then(|id| i32::try_from(id).ok());
        // A process that is just ending has no command line any more.
        let foreign = |line: &String| line.is_empty() || SANDBOX.iter().any(|word| line.contains(word));
        let processes = self.place.processes().into_iter();
        processes.filter(|(pid, line)| Some(*pid) != own && !foreign(line)).map(|(pid, _)| pid).collect()
    }

    /// Waits until there is a Liquibase.
    pub(super) fn liquibase_runs(&self) {
        self.seen("Liquibase", || !self.java().is_empty());
    }

    /// PostgreSQL dies; the sandbox starts it again.
    pub(super) fn kill_postgres(&self) {
        let processes = self.place.processes();
        let (pid, _) = processes.iter().find(|(_, line)| line.contains("/bin/postgres ")).unwrap();
        kill(*pid);
    }

    /// Everything dies at once, as in a power cut; then the sandbox is started again.
    pub(super) async fn cut_power(&mut self) {
        let begun = Instant::now();
        loop {
            let left = self.place.processes();
            if left.is_empty() {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "something does not die: {left:?}");
            for (pid, _) in left {
                kill(pid);
            }
            if let Some(promotion) = &mut self.promotion {
                promotion.try_wait().unwrap();
            }
            glance();
        }
        self.promotion = None;
        self.wake().await;
    }

    /// The sandbox's keeper dies, and everything that it keeps with it.
    pub(super) fn kill_sandbox(&self) {
        kill(i32::try_from(self.place.ready()["keeper"].as_i64().unwrap()).unwrap());
    }

    /// Starts the sandbox again.
    pub(super) async fn wake(&self) {
        self.place.ok(&["demo", "up", "--time-factor", FAST]).await;
    }

    /// Waits for a promotion that lives to come to its own end.
    pub(super) async fn end(&mut self) {
        if let Some(mut promotion) = self.promotion.take() {
            let ended = timeout(PATIENCE, promotion.wait()).await;
            ended.unwrap_or_else(|_| panic!("it does not end: {}", self.said())).unwrap();
        }
    }

    /// Waits until the database of dev answers the question with yes.
    pub(super) async fn database(&self, what: &str, question: &str) {
        until(what, async || {
            let path = self.place.sandbox().join("pgpass");
            let line = fs::read_to_string(path).unwrap();
            let [host, port, _, user, password] = line.trim().split(':').collect::<Vec<_>>()[..] else {
                panic!("pgpass has another form");
            };
            let mut config = tokio_postgres::Config::new();
            config.host(host).port(port.parse().unwrap()).user(user).password(password).dbname("dev");
            let Ok((client, connection)) = config.connect(tokio_postgres::NoTls).await else { return false };
            let driven = tokio::spawn(connection);
            let row = client.query_one(question, &[]).await;
            drop(client);
            driven.await.ok();
            row.is_ok_and(|row| row.get(0))
        })
        .await;
    }

    /// What the promotion said.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(self.place.work().join("err")).unwrap_or_default()
    }

    /// The record that the journal ends with, in words.
    pub(super) fn last_record(&self) -> String {
        let records = self.records();
        let Some(last) = records.last() else { return "none".to_owned() };
        let word = |name: &str| last[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}", word("record"), word("step")).trim_end().to_owned()
    }

    fn pid(&self) -> Pid {
        let id = self.promotion.as_ref().and_then(Child::id).expect("the promotion lives");
        Pid::from_raw(i32::try_from(id).unwrap())
    }

    /// The whole records so far; one that is being written is left out.
    fn records(&self) -> Vec<Value> {
        let path = self.place.journal_folder().join("journal-000001.jsonl");
        let text = fs::read_to_string(path).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
