//! Locks on the screen of an environment's details.

use lockstep::domain::Timestamp;
use lockstep::domain::lock::{Grant, LockSight, Session};

use super::Story;

pub(super) const RUN: &str = "r-20261121-140155000-test";

fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}Z").parse().unwrap()
}

pub(super) fn session(process: i32, name: &str) -> Session {
    Session {
        process,
        name: name.to_owned(),
        user: Some("bagel".to_owned()),
        address: Some("10.0.0.2".to_owned()),
        began: Some(at("14:01:55")),
        state: Some("active".to_owned()),
        changed: Some(at("14:02:01")),
        query: Some("alter table orders add column discount".to_owned()),
        waits_for: Some("Lock: relation".to_owned()),
        blocked_by: vec![4_712],
    }
}

pub(super) fn held(sessions: Vec<Session>, promoting: Vec<i32>) -> LockSight {
    let by = format!("build-7#{RUN} (10.0.0.7)");
    LockSight {
        at: at("14:02:11"),
        liquibase: Some(Grant { by, wall: Some(at("14:01:58")) }),
        promoting,
        sessions,
    }
}

#[tokio::test]
async fn the_details_tell_who_holds_a_lock_and_what_it_waits_for() {
    let mut story = Story::begin(100, 50).await;
    story.script.locked(1, held(vec![session(4_711, RUN), session(4_713, RUN)], vec![4_713]));
    story.wait(6_000).await.press("2<enter>").await;
    story.shows("▶ Liquibase's lock is held, and its holder is alive");
    story.shows("active for 10 s: alter table");
    story.shows("Lock: relation, held by process 4712");
    story.shows("▶ lockstep's lock is held, and its holder is alive");
    story.hides("update databasechangeloglock");
}

#[tokio::test]
async fn one_screen_has_the_locks_of_every_environment() {
    let mut story = Story::begin(100, 30).await;
    story.press("K").await;
    story.shows("✔ nothing is held");
    story.script.locked(1, held(Vec::new(), Vec::new()));
    story.wait(6_000).await;
    story.shows("✖ 1 stale");
    story.shows("✖ held, stale");
    story.shows("holder");
    story.press("<esc>").await;
    story.shows("4 PROD");
}

#[tokio::test]
async fn locks_that_cannot_be_looked_at_are_not_called_free() {
    let mut story = Story::begin(100, 30).await;
    story.script.goes_down(super::Backend::Database);
    story.press("K").await.wait(90_000).await;
    story.shows("? old");
    story.hides("nothing is held");
}
