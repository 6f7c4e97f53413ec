//! Every view as a picture of its characters, at the sizes people use.

use lockstep::domain::step::StepKind;

use super::{Backend, Deploys, Script, Story};

pub(super) const SIZES: [(u16, u16); 3] = [(80, 24), (100, 30), (200, 50)];

pub(super) fn compare(name: &str, story: &mut Story) {
    insta::assert_snapshot!(name.to_owned(), story.screen());
}

#[tokio::test]
async fn every_view_at_every_size() {
    for (width, height) in SIZES {
        let size = format!("{width}x{height}");
        let mut story = Story::begin(width, height).await;
        compare(&format!("board-{size}"), &mut story);
        story.press("4").await;
        compare(&format!("board-prod-{size}"), &mut story);
        story.press("2p").await.wait(600).await;
        compare(&format!("plan-{size}"), &mut story);
        story.press("<esc><enter>").await;
        compare(&format!("detail-{size}"), &mut story);
        story.press("<esc>?").await;
        compare(&format!("help-{size}"), &mut story);
        story.press("<esc>4p").await.wait(600).await.press("pro").await;
        compare(&format!("plan-prod-{size}"), &mut story);
    }
}

#[tokio::test]
async fn a_promotion_from_its_middle_to_its_end_at_every_size() {
    for (width, height) in SIZES {
        let size = format!("{width}x{height}");
        let mut story = Story::begin(width, height).await;
        story.script.hold_at(StepKind::Update);
        story.press("2p").await.wait(600).await.press("P").await.wait(4_100).await;
        compare(&format!("running-{size}"), &mut story);
        story.script.go_on();
        story.settle().await;
        compare(&format!("proven-{size}"), &mut story);
    }
}

#[tokio::test]
async fn failures_and_what_is_not_known_at_every_size() {
    for (width, height) in SIZES {
        let size = format!("{width}x{height}");
        let mut story = Story::unopened(Script::new(), width, height, "dark");
        compare(&format!("loading-{size}"), &mut story);
        let mut story = Story::begin(width, height).await;
        story.script.deploys(Deploys::RollBack);
        story.press("1p<left>").await.wait(600).await.press("y").await;
        compare(&format!("failed-{size}"), &mut story);
        let mut story = Story::begin(width, height).await;
        story.press("2p<right>").await;
        compare(&format!("refused-{size}"), &mut story);
        let mut story = Story::begin(width, height).await;
        story.script.goes_down(Backend::Database);
        story.wait(90_000).await;
        compare(&format!("database-down-{size}"), &mut story);
    }
}

#[tokio::test]
async fn a_narrow_screen_shows_environments_as_rows() {
    let mut story = Story::begin(70, 20).await;
    compare("rows-70x20", &mut story);
}

#[tokio::test]
async fn a_schema_that_somebody_changed_at_every_size() {
    for (width, height) in SIZES {
        let size = format!("{width}x{height}");
        let mut story = Story::begin(width, height).await;
        story.script.adds_by_hand(2, "note");
        story.script.adds_by_hand(2, "gift");
        story.press("3").await.wait(6_000).await;
        compare(&format!("drifted-{size}"), &mut story);
        story.press("<enter>").await;
        compare(&format!("drifted-detail-{size}"), &mut story);
    }
}
