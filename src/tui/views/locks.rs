//! The locks of one environment, as its details show them: every one that is held, with whoever holds it.
//!
//! ```text
//!    lock        ✖ Liquibase's lock is stale: it is held, and its holder is gone
//!    holder      db-runner#r-20261121-140155000-test (10.0.0.7)
//!    since       2026-11-21 14:01:58, for 4 min
//!    run         v1.2.0 to test, begun by ana at 2026-11-21 14:01:55; it has not ended by the journal
//!    because     no session named r-20261121-140155000-test is connected, …
//!    next        See with `lockstep status` which changesets have their row; …
//!    sql         update databasechangeloglock set locked = false, …
//! ```

use ratatui::style::Style;

use crate::domain::Timestamp;
use crate::domain::age::age;
use crate::domain::lock::{Lock, Since, Verdict, local};
use crate::engine::{EnvironmentState, State};
use crate::tui::style::Styles;

/// A fact: its name, its words, its style.
pub(super) type Fact = (&'static str, String, Style);

/// Everything about the locks that are held; empty when the ledger says that none is. A time is shown by `time`.
pub(super) fn facts(
    state: &State,
    environment: &EnvironmentState,
    time: impl Fn(Timestamp) -> String,
    plain: Style,
    styles: &Styles,
) -> Vec<Fact> {
    let (Some(ledger), Some(sight)) = (environment.ledger.value(), environment.locks.value()) else {
        return Vec::new();
    };
    if !ledger.is_locked() {
        return Vec::new();
    }
    let mut facts = Vec::new();
    for lock in sight.locks() {
        let (Some(holder), Some(why)) = (&lock.holder, lock.verdict.why()) else { continue };
        let (sign, style) = sign(&lock.verdict, styles);
        facts.push(("lock", format!("{sign} {} is {}", lock.kind.words(), lock.verdict.words()), style));
        facts.push(("holder", holder.name.clone(), plain));
        if let Some(since) = since(&lock, sight.at, &time) {
            facts.push(("since", since, plain));
        }
        if let Some(past) = holder.run.as_ref().and_then(|run| state.history.run(run)) {
            facts.push(("run", past.words(&time), plain));
        }
        facts.push(("because", why.to_owned(), plain));
        facts.extend(holder.sessions.iter().map(|session| ("session", session.words(sight.at), plain)));
        if let (Some(advice), Verdict::Stale(_) | Verdict::Unclear(_)) = (lock.advice(), &lock.verdict) {
            facts.push(("next", advice, styles.accent));
        }
        facts.extend(lock.release.map(|sql| ("sql", sql, plain)));
    }
    facts
}

fn since(lock: &Lock, now: Timestamp, time: impl Fn(Timestamp) -> String) -> Option<String> {
    match lock.holder.as_ref()?.since {
        Since::At(at) => {
            let held = lock.held_for(now).map(age).unwrap_or_default();
            Some(format!("{}, for {held}", time(at)))
        }
        Since::Wall(wall) => Some(format!("{} by its own clock", local(wall))),
        Since::Unknown => None,
    }
}

fn sign(verdict: &Verdict, styles: &Styles) -> (&'static str, Style) {
    match verdict {
        Verdict::Free => ("✔", styles.success),
        Verdict::Alive(_) => ("▶", styles.running),
        Verdict::Stale(_) => ("✖", styles.danger),
        Verdict::Unclear(_) => ("?", styles.warning),
    }
}
