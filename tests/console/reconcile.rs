//! Runs that nobody saw end: on the board, in the way of the next one, and on a screen of their own.

use lockstep::domain::Timestamp;
use lockstep::domain::journal::Entry;
use lockstep::domain::names::{EnvironmentName, RunId};
use lockstep::domain::release::Version;

use super::Story;
use super::views::{SIZES, compare};

const RUN: &str = "r-20261121-130000000-test";

/// A console beside a journal in which somebody else began to promote v1.2.0 to test, an hour ago.
async fn begun(width: u16, height: u16) -> Story {
    let mut story = Story::begin(width, height).await;
    let at: Timestamp = "2026-11-21T13:00:00Z".parse().unwrap();
    let entry = Entry::Began {
        run: RunId::from_text(RUN),
        environment: EnvironmentName::parse("test").unwrap(),
        version: Version::parse("v1.2.0").unwrap(),
        plan: "8c41f0".to_owned(),
        by: "ben".to_owned(),
        aim: None,
        reason: None,
        overridden: None,
    };
    story.written(at, &[entry]);
    story.wait(6_000).await;
    story
}

#[tokio::test]
async fn a_run_that_nobody_saw_end_is_in_the_way_until_it_is_on_record_what_became_of_it() {
    let mut story = begun(100, 30).await;
    story.shows("? v1.2.0: unknown");
    story.press("2p").await.wait(600).await;
    story.shows("is unknown: v1.2.0 to test, begun by ben");
    story.press("P").await;
    story.shows("is unknown: v1.2.0 to test, begun by ben");
    story.press("<esc>u").await;
    story.shows("○ test: v1.2.0, not started");
    story.shows("$ lockstep reconcile test --settle");
    story.press("S").await;
    story.shows("put there now");
    story.press("S").await;
    story.shows("nothing is decided that is not on record");
    story.press("<esc>").await;
    story.hides("? v1.2.0: unknown");
    story.press("2p").await.wait(600).await;
    story.hides("is unknown");
}

#[tokio::test]
async fn without_such_a_run_the_screen_says_so() {
    let mut story = Story::begin(100, 30).await;
    story.press("u").await;
    story.shows("Every run was seen to its end; there is nothing to reconcile.");
}

#[tokio::test]
async fn what_became_of_it_at_every_size() {
    for (width, height) in SIZES {
        let mut story = begun(width, height).await;
        compare(&format!("unknown-{width}x{height}"), &mut story);
        story.press("u").await;
        compare(&format!("reconcile-{width}x{height}"), &mut story);
    }
}
