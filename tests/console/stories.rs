//! Real tasks, told by keys.

use lockstep::domain::step::StepKind;

use super::{Deploys, Script, Story};

#[tokio::test]
async fn a_release_is_promoted_with_three_keys_and_the_result_is_proven() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await.press("P").await;
    story.shows("✔ test runs v1.2.0, proven");
    story.shows("14 of 14 changesets have their row");
    assert_eq!(story.script.mutations(), 2);
}

#[tokio::test]
async fn the_steps_and_the_log_are_seen_while_a_promotion_runs() {
    let mut story = Story::begin(100, 30).await;
    story.script.hold_at(StepKind::Update);
    story.press("2p").await.wait(600).await.press("P").await;
    story.shows("promoting v1.2.0 to test");
    story.shows("1 of 3 changesets");
    story.shows("Running Changeset: changelog/changesets/009-allergens.sql");
    story.script.go_on();
    story.settle().await;
    story.shows("✔ test runs v1.2.0, proven");
}

#[tokio::test]
async fn production_asks_for_its_name_before_the_capital_letter() {
    let mut story = Story::begin(100, 30).await;
    story.press("4p").await.wait(600).await.press("P").await;
    assert_eq!(story.script.mutations(), 0);
    story.press("prox<bs>dP").await;
    story.shows("✔ prod runs v1.1.0, proven");
}

#[tokio::test]
async fn dev_needs_one_small_letter() {
    let mut story = Story::begin(100, 30).await;
    story.press("1p<left>").await.wait(600).await;
    story.shows("v1.3.0 to dev");
    story.press("y").await;
    story.shows("✔ dev runs v1.3.0, proven");
}

#[tokio::test]
async fn a_plan_that_moves_while_it_is_read_has_to_be_confirmed_anew() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await;
    story.script.runs(1, "v1.1.0", 12);
    story.wait(6_000).await;
    story.shows("the plan changed while you looked: confirm it anew");
    story.press("P").await;
    assert_eq!(story.script.mutations(), 0);
    story.wait(600).await.press("P").await;
    story.shows("✔ test runs v1.2.0, proven");
}

#[tokio::test]
async fn a_failed_deployment_stays_red_until_it_is_resolved() {
    let mut story = Story::begin(100, 30).await;
    story.script.deploys(Deploys::RollBack);
    story.press("1p<left>").await.wait(600).await.press("y").await;
    story.shows("✖ v1.3.0 did not reach dev");
    story.shows("Health check failed");
    story.shows("✖ v1.3.0 failed");
    story.shows("1 failure");
    story.press("c").await.wait(600).await.press("smoke test was wrong<tab>C").await.wait(6_000).await;
    story.hides("✖ v1.3.0 failed");
    story.shows("4 healthy");
}

#[tokio::test]
async fn what_stands_in_the_way_is_listed_with_the_way_to_meet_it() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p<right>").await;
    story.shows("it cannot be promoted now");
    story.shows("dev runs v1.2.0, not v1.3.0");
    story.shows("Promote v1.3.0 to dev first: `lockstep promote dev --release v1.3.0`.");
    story.wait(600).await.press("P").await;
    assert_eq!(story.script.mutations(), 0);
}

#[tokio::test]
async fn escape_puts_the_plan_away_and_nothing_has_happened() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await.press("<esc>").await;
    story.hides("confirm");
    assert_eq!(story.script.mutations(), 0);
}

#[tokio::test]
async fn a_second_promotion_to_the_same_environment_is_refused_and_one_elsewhere_is_not() {
    let mut story = Story::begin(100, 30).await;
    story.script.hold_at(StepKind::Service);
    story.press("2p").await.wait(600).await.press("P").await;
    story.press("2p").await;
    story.shows("v1.2.0 is being promoted to test");
    story.press("4p").await.wait(600).await.press("prodP").await;
    story.script.go_on();
    story.settle().await;
    story.shows("✔ prod runs v1.1.0, proven");
    story.press("2").await;
    story.shows("✔ test runs v1.2.0, proven");
}

#[tokio::test]
async fn leaving_during_a_promotion_waits_until_it_has_ended() {
    let mut story = Story::begin(100, 30).await;
    story.script.hold_at(StepKind::Service);
    story.press("2p").await.wait(600).await.press("Pq").await;
    assert!(!story.has_left);
    story.shows("lockstep leaves when the promotion has ended");
    story.script.go_on();
    story.settle().await;
    story.press("x").await;
    assert!(story.has_left);
}

#[tokio::test]
async fn a_column_that_was_added_by_hand_shows_within_one_refresh_with_the_list_in_the_details() {
    let mut story = Story::begin(100, 30).await;
    story.hides("drifted");
    story.script.adds_by_hand(2, "note");
    story.script.adds_by_hand(2, "gift");
    story.press("3").await.wait(6_000).await;
    story.shows("◆ drifted");
    story.shows("◆ + orders.gift");
    story.shows("schema changed by hand since 14:02: + column orders.gift, and 1 more");
    story.press("<enter>").await;
    story.shows("◆ schema changed by hand since 2026-11-21 14:02:11");
    story.shows("◆ schema differs from test");
    story.shows("+ column orders.note  text");
}

#[tokio::test]
async fn the_first_frame_needs_no_answer_from_anyone() {
    let mut story = Story::unopened(Script::new(), 100, 30, "dark");
    story.shows("1 dev");
    story.shows("4 PROD");
    story.shows("looking");
}

#[tokio::test]
async fn the_details_show_every_changeset_with_its_state() {
    let mut story = Story::begin(100, 40).await;
    story.press("2<enter>").await;
    story.shows("bagel-store:v1.1.0");
    story.shows("009-allergens");
    story.shows("pending");
    story.shows("001-products");
    story.press("<esc>").await;
    story.shows("4 PROD");
}

#[tokio::test]
async fn the_log_follows_until_it_is_scrolled_and_again_at_its_end() {
    let mut story = Story::begin(80, 24).await;
    story.press("2p").await.wait(600).await.press("P").await;
    story.press("L").await;
    story.shows("following");
    story.press("<up>").await;
    story.shows("f follows");
    story.press("f").await;
    story.shows("following");
}

#[tokio::test]
async fn help_lists_the_keys_and_any_theme_can_be_chosen() {
    let mut story = Story::begin(100, 60).await;
    story.press("?").await;
    story.shows("Make the plan for the selected environment");
    story.shows("Promotes to production");
    story.press("<esc>T").await;
    story.shows("high-contrast");
}

#[tokio::test]
async fn no_size_breaks_the_frame() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await;
    for keys in ["", "<esc>", "<enter>", "<esc>?", "<esc>L", "<esc>d", "<enter>"] {
        story.press(keys).await;
        for (width, height) in
            [(300, 80), (200, 50), (80, 24), (79, 24), (60, 16), (59, 16), (60, 15), (20, 5), (1, 1)]
        {
            story.resize(width, height);
        }
        story.resize(100, 30);
    }
    story.press("<esc><esc>").await;
    story.resize(59, 16).shows("lockstep needs 60 × 16 characters");
    story.resize(70, 20).shows("PROD");
}

#[tokio::test]
async fn a_release_goes_to_dev_by_itself_unless_it_is_held() {
    let mut story = Story::automatic(100, 30).await;
    story.wait(1_000).await;
    story.shows("v1.4.0 goes to dev by itself in 10 s   A holds it");
    story.press("L").await;
    story.shows("A holds it");
    story.press("A").await;
    for _ in 0..15 {
        story.wait(1_000).await;
    }
    story.hides("A holds it");
    assert_eq!(story.script.mutations(), 0);
    let mut story = Story::automatic(100, 30).await;
    for _ in 0..12 {
        story.wait(1_000).await;
    }
    assert_eq!(story.script.mutations(), 2);
    story.shows("v1.4.0");
}

#[tokio::test]
async fn what_ran_last_says_where_its_report_is_and_a_key_copies_that() {
    let mut story = Story::begin(100, 30).await;
    story.press("2o").await;
    story.shows("nothing that ran here in test has left a report");
    story.press("p").await.wait(600).await.press("P").await;
    story.shows("▤ report");
    story.press("y<enter>").await;
    story.shows("sent to the terminal: /var/lib/lockstep/reports/demo1/r-");
    let copied = story.copied().to_vec();
    assert!(copied.len() == 1 && copied[0].ends_with("-test/operation-report.html"), "{copied:?}");
    story.press("o").await;
    story.shows("there is no desktop here to open it with");
    story.press("1y").await;
    story.hides("path of the report");
}
