//! The palette: everything by a few letters, with reasons for what cannot be done; and the menu of what can be copied.

use crossterm::event::Event as Input;

use super::{Script, Story};

#[tokio::test]
async fn a_release_is_planned_by_a_few_letters_and_still_has_to_be_confirmed() {
    let mut story = Story::begin(100, 30).await;
    story.press(":protest12").await;
    story.shows("▸ promote test v1.2.0");
    story.press("<enter>").await.wait(600).await;
    story.shows("v1.2.0 to test");
    assert_eq!(story.script.mutations(), 0);
    story.press("<enter>").await;
    assert_eq!(story.script.mutations(), 0, "enter puts a plan away");
    story.press(":protest12<enter>").await.wait(600).await.press("P").await;
    story.shows("✔ test runs v1.2.0, proven");
}

#[tokio::test]
async fn what_cannot_be_done_stays_with_its_reason() {
    let mut story = Story::begin(100, 30).await;
    story.press("1<c-p>abort").await;
    story.shows("▸ abort");
    story.shows("– nothing is being promoted to dev");
    story.press("<enter>").await;
    story.shows("▸ abort");
    story.press("<bs><bs><bs><bs><bs>try again").await;
    story.shows("– dev shows no failure");
}

#[tokio::test]
async fn environments_views_and_themes_are_reached_by_their_names() {
    let mut story = Story::begin(100, 30).await;
    story.press(":go to prod<enter>").await;
    story.shows("▸4 PROD");
    story.press(":drift<enter>").await;
    story.shows("held against every environment");
    story.press(":theme proj<enter>").await;
    story.shows("theme projector");
    story.press(":go to dev<enter>").await;
    story.shows("▸1 dev");
    story.hides("held against every environment");
}

#[tokio::test]
async fn what_was_picked_lately_stands_first() {
    let mut story = Story::begin(100, 30).await;
    story.press(":").await;
    story.shows("▸ promote");
    story.press("theme light<enter>:").await;
    story.shows("▸ theme light");
    story.press("<esc>").await;
    story.hides("a few letters find it");
}

#[tokio::test]
async fn keys_stand_beside_and_nothing_that_is_pasted_picks() {
    let mut story = Story::begin(100, 30).await;
    story.press(":").await;
    story.input(Input::Paste("checks\n".to_owned())).await;
    story.shows("▸ checks");
    story.shows("C ");
    story.press("zzz").await;
    story.shows("Nothing is called so");
    story.press("<enter>").await;
    story.shows("Nothing is called so");
    story.press("<c-c>").await;
    story.hides("Nothing is called so");
    assert!(!story.has_left);
}

#[tokio::test]
async fn what_is_asked_below_the_palette_has_to_be_read_anew() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await;
    story.press(":<esc>P").await;
    assert_eq!(story.script.mutations(), 0, "it was covered a moment ago");
    story.wait(600).await.press("P").await;
    assert_eq!(story.script.mutations(), 2);
}

#[tokio::test]
async fn the_sql_of_a_changeset_the_code_of_a_plan_and_the_command_can_be_copied() {
    let mut story = Story::begin(100, 30).await;
    story.press("dy").await;
    story.shows(" copy ");
    story.press("sql<enter>").await;
    let copied = story.copied().last().unwrap().clone();
    assert!(copied.to_lowercase().contains("products"), "{copied}");
    story.shows("sent to the terminal: ");
    story.press("<esc>2p").await.wait(600).await.press("Ycode of<enter>").await;
    let code = story.copied().last().unwrap().clone();
    assert_eq!(code.len(), 6, "{code}");
    story.shows(&format!("plan {code}"));
    story.press("Ycommand<enter>").await;
    let command = story.copied().last().unwrap().clone();
    assert!(command.ends_with(&format!("--confirm test --plan {code}")), "{command}");
}

#[tokio::test]
async fn on_a_plan_the_small_y_confirms_and_copies_nothing() {
    let mut story = Story::begin(100, 30).await;
    story.press("1p<left>").await.wait(600).await.press("y").await;
    assert_eq!(story.copied(), [] as [String; 0]);
    story.shows("✔ dev runs v1.3.0, proven");
}

#[tokio::test]
async fn what_is_too_much_for_a_terminal_goes_into_a_file_and_it_is_said_where() {
    let script = Script::new();
    script.fill(10);
    script.fill_in_front(10, 7_000);
    let mut story = Story::with(script, 100, 30, "dark").await;
    story.press("1p").await.wait(600).await;
    story.press("YSQL of all<enter>").await;
    assert_eq!(story.copied(), [] as [String; 0]);
    story.shows("SQL of all changesets is in /var/lib/lockstep/copies/demo1");
}
