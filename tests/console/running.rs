//! What runs: beside each other, aborted, failed with the ways on.

use lockstep::domain::step::StepKind;

use super::{Deploys, Story};

/// test and staging are on their way to v1.2.0 and v1.1.0, and stand still in the middle of this step.
async fn two(width: u16, height: u16, step: StepKind) -> Story {
    let mut story = Story::begin(width, height).await;
    story.script.runs(2, "v1.0.0", 9);
    story.wait(6_000).await;
    story.script.hold_at(step);
    story.press("2p").await.wait(600).await.press("P").await.wait(1_100).await;
    story.press("3p<esc>3p").await.wait(600).await.press("P").await.wait(2_100).await;
    story
}

#[tokio::test]
async fn two_promotions_are_seen_beside_each_other_and_every_line_says_whose_it_is() {
    let mut story = two(100, 30, StepKind::Update).await;
    story.shows("promoting v1.2.0 to test");
    story.shows("promoting v1.1.0 to staging");
    story.shows("1 of 3 changesets");
    story.shows("1 of 2 changesets");
    story.shows("test    liquibase Running Changeset: changelog/changesets/009-allergens.sql");
    story.shows("staging liquibase Running Changeset: changelog/changesets/008-categories.sql");
    story.script.go_on();
    story.settle().await;
    story.shows("✔ staging runs v1.1.0, proven");
    story.shows("✔ test runs v1.2.0, proven");
}

#[tokio::test]
async fn the_selected_one_of_two_is_large_on_a_narrow_screen_and_the_other_keeps_its_steps() {
    let mut story = two(80, 24, StepKind::Update).await;
    story.shows("1 of 2 changesets");
    story.hides("1 of 3 changesets");
    story.shows("promoting v1.2.0 to test");
    story.shows("▶ database");
    story.press("2").await;
    story.shows("1 of 3 changesets");
    story.hides("1 of 2 changesets");
    story.shows("promoting v1.1.0 to staging");
}

#[tokio::test]
async fn aborting_during_liquibase_says_that_the_statement_is_cancelled_and_what_stays() {
    let mut story = Story::begin(100, 30).await;
    story.script.hold_at(StepKind::Update);
    story.press("2p").await.wait(600).await.press("P").await;
    story.press("X").await;
    story.shows("abort the promotion of v1.2.0 to test");
    story.shows("asked to cancel the statement");
    story.shows("1 of 3 changesets");
    story.shows("has run and stays.");
    story.press("XXX").await;
    story.shows("abort the promotion");
    story.wait(600).await.press("<enter>").await;
    story.hides("abort the promotion");
    story.shows("promoting v1.2.0 to test");
    story.press("X").await.wait(600).await.press("X").await;
    story.shows("✖ v1.2.0 did not reach test");
    story.shows("canceling statement due to user request (57014)");
    assert_eq!(story.script.mutations(), 1);
}

#[tokio::test]
async fn aborting_during_the_platforms_operation_says_that_it_cannot_be_cancelled() {
    let mut story = Story::begin(100, 30).await;
    story.script.hold_at(StepKind::Service);
    story.press("2p").await.wait(600).await.press("P").await;
    story.press("X").await.wait(600).await;
    story.shows("cannot be cancelled");
    story.shows("of 3 changesets have run and stay.");
    story.press("X").await;
    story.shows("nobody watches the deployment any more");
    story.script.go_on();
    story.settle().await;
}

#[tokio::test]
async fn an_abort_is_asked_anew_when_the_promotion_goes_on_and_puts_itself_away_at_its_end() {
    let mut story = Story::begin(100, 30).await;
    story.script.hold_at(StepKind::Update);
    story.press("2p").await.wait(600).await.press("PX").await.wait(600).await;
    story.shows("asked to cancel the statement");
    story.script.hold_at(StepKind::Service);
    story.script.release();
    story.settle().await;
    story.shows("It changed while you looked: read it anew.");
    story.shows("cannot be cancelled");
    story.press("X").await;
    story.shows("cannot be cancelled");
    story.script.go_on();
    story.settle().await;
    story.shows("✔ test runs v1.2.0, proven");
    story.hides("abort the promotion");
}

#[tokio::test]
async fn without_a_promotion_there_is_nothing_to_abort() {
    let mut story = Story::begin(100, 30).await;
    story.press("2X").await;
    story.shows("nothing is being promoted to test");
}

#[tokio::test]
async fn a_failed_run_offers_the_ways_on_and_each_key_does_what_it_says() {
    let mut story = Story::begin(120, 40).await;
    story.script.deploys(Deploys::RollBack);
    story.press("2p").await.wait(600).await.press("P").await;
    story.shows("✖ v1.2.0 did not reach test");
    story.shows("3 changesets were applied before and stay: the schema is ahead of the app");
    story.shows("r  try it again: v1.2.0 is planned once more, and what is done is skipped");
    story.shows("c  mark it resolved, with a reason");
    story.press("L").await;
    story.shows("following");
    story.press("L<enter>").await;
    story.shows("bagel-store:v1.1.0");
    story.press("<esc>R").await;
    story.shows("test back to v1.1.0");
    story.shows("undo the newest 3 changesets");
    story.press("<esc>r").await.wait(600).await;
    story.shows("v1.2.0 to test");
    story.shows("0 changesets to run, 14 applied");
    story.script.deploys(Deploys::Well);
    story.press("P").await;
    story.shows("✔ test runs v1.2.0, proven");
    story.hides("try it again");
}

#[tokio::test]
async fn a_failure_is_resolved_with_a_reason_and_the_next_release_is_shown_again() {
    let mut story = Story::begin(100, 40).await;
    story.script.deploys(Deploys::RollBack);
    story.press("1p<left>").await.wait(600).await.press("y").await;
    story.press("c").await.wait(600).await;
    story.shows("mark the failure of dev as resolved");
    story.press("<tab>C").await;
    story.shows("say why first");
    story.press("the check was wrong<tab>C").await;
    story.shows("the failure of dev is resolved");
    story.hides("did not reach");
    story.press("c").await;
    story.shows("dev shows no failure");
}
