//! One session of a database, as `pg_stat_activity` lists it.

use jiff::SignedDuration;

use super::{LOOKER, Since, run};
use crate::domain::Timestamp;
use crate::domain::age::age;
use crate::domain::names::RunId;

/// What PostgreSQL's JDBC driver calls its sessions unless it is told otherwise.
const JDBC: &str = "PostgreSQL JDBC Driver";

/// All time zones are whole quarters of an hour away from UTC, from -12:00 to +14:00.
const ZONES: std::ops::RangeInclusive<i64> = -48..=56;

/// A session. What only its own user and those who may read all statistics see is `None` for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The number of its server process.
    pub process: i32,
    /// Its `application_name`.
    pub name: String,
    /// Its user.
    pub user: Option<String>,
    /// Where it comes from, as the server sees it.
    pub address: Option<String>,
    /// Since when it is connected.
    pub began: Option<Timestamp>,
    /// The server's word for what it does: `active`, `idle`, `idle in transaction` …
    pub state: Option<String>,
    /// Since when it does that.
    pub changed: Option<Timestamp>,
    /// The first words of its statement, the running one or the last one.
    pub query: Option<String>,
    /// What it waits for, such as `Lock: transactionid`; `None` when it works, or waits for its client.
    pub waits_for: Option<String>,
    /// The processes that hold what it waits for.
    pub blocked_by: Vec<i32>,
}

impl Session {
    /// True when it belongs to `run`.
    pub fn is_of(&self, run: &RunId) -> bool {
        self.name.split(' ').next() == Some(run.as_str())
    }

    /// True when it is one of lockstep's own, or of a Liquibase that lockstep started.
    pub fn is_of_lockstep(&self) -> bool {
        self.name.split(' ').next() == Some(LOOKER) || run(&self.name).is_some()
    }

    /// True when it calls itself what a Liquibase does that nobody gave a name.
    pub fn is_liquibase(&self) -> bool {
        self.name == JDBC || self.name.to_ascii_lowercase().contains("liquibase")
    }

    /// How long its statement has been running at `now`; `None` when none runs.
    pub fn running_for(&self, now: Timestamp) -> Option<std::time::Duration> {
        let is_active = self.state.as_deref() == Some("active");
        self.changed.filter(|_| is_active).map(|changed| now.duration_since(changed).unsigned_abs())
    }

    /// All of it in one line, at `now`.
    pub fn words(&self, now: Timestamp) -> String {
        let name = if self.name.is_empty() { "without a name" } else { &self.name };
        let mut words = format!("process {}, {name}", self.process);
        let mut add = |part: String| words.push_str(&part);
        if let Some(address) = &self.address {
            add(format!(", from {address}"));
        }
        if let Some(state) = &self.state {
            add(format!(", {state}"));
        }
        if let Some(running) = self.running_for(now) {
            add(format!(" for {}", age(running)));
            if let Some(query) = &self.query {
                add(format!(": {query}"));
            }
        }
        if let Some(waits_for) = &self.waits_for {
            add(format!("; waits for {waits_for}"));
        }
        if !self.blocked_by.is_empty() {
            let processes: Vec<_> = self.blocked_by.iter().map(ToString::to_string).collect();
            add(format!(", held by process {}", processes.join(", ")));
        }
        words
    }

    /// True unless it is out of the question that this session did something at `since`: it must have been connected
    /// by then, and must not have been idle since before. Without a time zone, any that there is may be meant.
    pub(super) fn may_have_begun(&self, since: Since, now: Timestamp) -> bool {
        let is_idle = self.state.as_deref() == Some("idle");
        let last = self.changed.filter(|_| is_idle).unwrap_or(now);
        let fits = |at: Timestamp| self.began.is_none_or(|began| began <= at) && at <= last;
        match since {
            Since::At(at) => fits(at),
            Since::Wall(wall) => ZONES
                .filter_map(|quarters| wall.checked_sub(SignedDuration::from_mins(15 * quarters)).ok())
                .any(fits),
            Since::Unknown => true,
        }
    }
}

/// The first words of a statement, up to the first literal, which may be anything, a password too.
pub fn first_words(statement: &str) -> String {
    let end = statement.find(['\'', '"', '$', '\\']).unwrap_or(statement.len());
    let end = statement.find("--").unwrap_or(end).min(end);
    let end = statement.find("/*").unwrap_or(end).min(end);
    let mut words = String::new();
    let mut is_whole = end == statement.len();
    for word in statement[..end].split_whitespace() {
        if words.chars().count() + word.chars().count() > 60 {
            is_whole = false;
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    if !is_whole {
        words.push_str(if words.is_empty() { "…" } else { " …" });
    }
    words
}
