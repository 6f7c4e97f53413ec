//! Looking for words: in lists, texts and the log, by one way.

use super::Story;

#[tokio::test]
async fn a_text_says_how_often_it_has_a_word_and_goes_to_each() {
    let mut story = Story::begin(100, 30).await;
    story.press("?/scroll").await;
    story.shows("/scroll▏");
    story.press("<enter>").await;
    story.shows("1 of 1");
    story.press("<esc>g/plan<enter>").await;
    story.shows("1 of ");
    story.press("n").await;
    story.shows("2 of ");
    story.press("N").await;
    story.shows("1 of ");
    story.press("<esc>").await;
    story.hides("/plan");
    story.shows("everywhere");
    story.press("<esc>").await;
    story.shows("4 PROD");
}

#[tokio::test]
async fn the_plan_is_searched_without_confirming_anything() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await;
    story.press("/P<enter>P").await;
    assert_eq!(story.script.mutations(), 0, "letters that come with the words confirm nothing");
    story.shows("/P");
    story.press("<esc>").await.wait(600).await.press("P").await;
    assert_eq!(story.script.mutations(), 2);
}

#[tokio::test]
async fn the_log_is_searched_from_its_end_and_hits_are_counted() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await.press("P").await;
    story.press("L/changeset").await;
    story.shows("3 of 3");
    story.press("<enter>N").await;
    story.shows("2 of 3");
    story.press("n").await;
    story.shows("3 of 3");
    story.press("<esc>/no such word<enter>").await;
    story.shows("nothing has it");
}

#[tokio::test]
async fn a_list_shows_only_what_has_the_words() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await.press("P").await;
    story.script.deploys(super::Deploys::RollBack);
    story.press("1p<left>").await.wait(600).await.press("y").await;
    story.press("H/proven<enter>").await;
    story.shows("1 of 1");
    story.shows("test");
    story.hides("v1.3.0");
    story.press("<esc>").await;
    story.shows("v1.3.0");
    story.press("/nowhere").await;
    story.shows("Nothing matches. Esc shows all of it.");
}

#[tokio::test]
async fn the_end_of_a_text_is_left_with_one_key() {
    let mut story = Story::begin(80, 24).await;
    story.press("?<end>").await;
    let end = story.screen();
    story.press("<up>").await;
    assert_ne!(story.screen(), end);
    story.press("<down>").await;
    assert_eq!(story.screen(), end);
}

#[tokio::test]
async fn without_words_n_says_how_to_look_for_some() {
    let mut story = Story::begin(100, 30).await;
    story.press("?n").await;
    story.shows("/ says what to look for first");
}
