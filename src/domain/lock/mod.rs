//! Who holds the two locks of an environment, and whether the holder still lives: judged from one look at the
//! server's sessions.
//!
//! A lock is called stale only with proof that its holder is gone. Letting one go is deliberately absent.

mod session;
mod sight;
#[cfg(test)]
mod tests;

use crate::domain::Timestamp;
use crate::domain::names::RunId;

pub use session::{Session, first_words};

/// What a session of lockstep that only looks is called in the server's own lists.
pub const LOOKER: &str = "lockstep";

/// What one look at a database found of its locks and its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockSight {
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The row of `databasechangeloglock`, while it is held.
    pub liquibase: Option<Grant>,
    /// The processes that hold lockstep's lock for a promotion; at most one.
    pub promoting: Vec<i32>,
    /// Every session of the database but the one that looked.
    pub sessions: Vec<Session>,
}

/// Liquibase's lock as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// LOCKEDBY; empty when the column is.
    pub by: String,
    /// LOCKGRANTED, taken as if it were UTC. The column has no time zone: Liquibase writes the server's `now()` in the
    /// time zone of its own JVM.
    pub wall: Option<Timestamp>,
}

/// One lock as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Whose lock it is.
    pub kind: LockKind,
    /// Who holds it; `None` when it is free.
    pub holder: Option<Holder>,
    /// What that means.
    pub verdict: Verdict,
    /// For a stale lock: the SQL that lets this very lock go, and no other that somebody has taken since.
    pub release: Option<String>,
}

/// The locks of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// The row of `databasechangeloglock`; it outlives its holder.
    Liquibase,
    /// lockstep's advisory lock; the server lets it go with the session.
    Lockstep,
}

/// Whoever holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The name it gave itself.
    pub name: String,
    /// The run it belongs to, when the name says so.
    pub run: Option<RunId>,
    /// Its machine, as it calls itself.
    pub host: Option<String>,
    /// Its address: for Liquibase's lock what its machine took for it, else what the server sees.
    pub address: Option<String>,
    /// Since when.
    pub since: Since,
    /// Its sessions; when it cannot be told which they are, those that may be.
    pub sessions: Vec<Session>,
}

/// Since when a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// This moment.
    At(Timestamp),
    /// This time on the holder's own clock, written as if it were UTC; its time zone is not known.
    Wall(Timestamp),
    /// Nobody noted it.
    Unknown,
}

/// Whether a lock's holder lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody holds it.
    Free,
    /// Its holder lives, with how that is seen.
    Alive(String),
    /// Its holder is gone, with the proof.
    Stale(String),
    /// It cannot be told, and why.
    Unclear(String),
}

impl LockKind {
    /// The word for people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Liquibase => "liquibase",
            Self::Lockstep => "lockstep",
        }
    }

    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Liquibase => "Liquibase's lock",
            Self::Lockstep => "lockstep's lock",
        }
    }
}

impl Verdict {
    /// The word for people and programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Alive(_) => "alive",
            Self::Stale(_) => "stale",
            Self::Unclear(_) => "cannot tell",
        }
    }

    /// What to say of a lock.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Alive(_) => "held, and its holder is alive",
            Self::Stale(_) => "stale: it is held, and its holder is gone",
            Self::Unclear(_) => "held, and it cannot be told whether its holder is alive",
        }
    }

    /// How it is known; `None` for a free lock.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Free => None,
            Self::Alive(why) | Self::Stale(why) | Self::Unclear(why) => Some(why),
        }
    }
}

impl Grant {
    /// Reads LOCKEDBY, which is `host (address)`, or `host#run (address)` when it is ours.
    pub fn holder(&self) -> Holder {
        let (name, address) = match self.by.trim_end().strip_suffix(')').and_then(|by| by.rsplit_once(" (")) {
            // An IPv6 address comes with the name of its interface.
            Some((name, address)) => (name, address.split('%').next().map(str::to_owned)),
            None => (self.by.trim_end(), None),
        };
        let (host, run) = match name.split_once('#') {
            Some((host, description)) => (host, run(description)),
            None => (name, None),
        };
        Holder {
            name: if self.by.is_empty() { "somebody".to_owned() } else { self.by.clone() },
            host: Some(host.to_owned()).filter(|host| !host.is_empty()),
            address,
            since: self.since(run.is_some()),
            run,
            sessions: Vec::new(),
        }
    }

    fn release_statement(&self) -> String {
        let by = if self.by.is_empty() {
            "lockedby is null".to_owned()
        } else {
            format!("lockedby = '{}'", self.by.replace('\'', "''"))
        };
        let granted = match self.wall {
            Some(wall) => format!("lockgranted = '{}'", wall.strftime("%Y-%m-%d %H:%M:%S%.f")),
            None => "lockgranted is null".to_owned(),
        };
        format!(
            "update databasechangeloglock set locked = false, lockgranted = null, lockedby = null \
             where id = 1 and {by} and {granted};"
        )
    }

    /// lockstep starts Liquibase with UTC as its time zone; whoever else started one may have used any.
    fn since(&self, is_ours: bool) -> Since {
        match self.wall {
            Some(at) if is_ours => Since::At(at),
            Some(wall) => Since::Wall(wall),
            None => Since::Unknown,
        }
    }
}

impl Lock {
    /// What to do about it, as full sentences; `None` when nothing has to be done.
    pub fn advice(&self) -> Option<String> {
        let holder = self.holder.as_ref()?;
        Some(match (&self.verdict, &holder.host) {
            (Verdict::Free, _) => return None,
            (Verdict::Alive(_), _) => "Wait until it has ended.".to_owned(),
            (Verdict::Stale(_), _) => {
                "See with `lockstep status` which changesets have their row; one that runs outside \
                 of a transaction may be half done. Then let this very lock go with the SQL."
                    .to_owned()
            }
            (Verdict::Unclear(_), Some(host)) => {
                format!(
                    "Ask on {host} whether a Liquibase still runs; leave the lock alone until that is known."
                )
            }
            (Verdict::Unclear(_), None) => {
                "Find out whose Liquibase it is; leave the lock alone until that is known.".to_owned()
            }
        })
    }

    /// How long it has been held at `now`, where that is known.
    pub fn held_for(&self, now: Timestamp) -> Option<std::time::Duration> {
        match self.holder.as_ref()?.since {
            Since::At(at) => Some(now.duration_since(at).unsigned_abs()),
            Since::Wall(_) | Since::Unknown => None,
        }
    }

    fn free(kind: LockKind) -> Self {
        Self { kind, holder: None, verdict: Verdict::Free, release: None }
    }
}

impl Since {
    /// The words for people; `None` when nobody noted it.
    pub fn words(self) -> Option<String> {
        match self {
            Self::At(at) => Some(format!("{at:.0}")),
            Self::Wall(wall) => Some(format!("{} by its own clock", local(wall))),
            Self::Unknown => None,
        }
    }
}

/// A time whose zone is not known, as it was written.
pub fn local(wall: Timestamp) -> String {
    wall.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The run that a name is, or that it begins with.
fn run(name: &str) -> Option<RunId> {
    let first = name.split(' ').next()?;
    RunId::recognise(first)
}
