//! What is done for people who look on: the stage, what is covered, and an empty screen.

use super::Story;
use super::people::two_approvals;

#[tokio::test]
async fn on_stage_there_is_no_log_and_the_keys_are_told() {
    let mut story = Story::begin(100, 30).await;
    story.shows("recent promotions");
    story.press("<f9>2p").await.wait(600).await;
    story.shows("2 · p promote");
    story.press("P").await;
    story.hides("Running Changeset");
    story.shows("2 · p promote · P");
    story.shows("✔ test runs v1.2.0, proven");
    story.wait(7_000).await;
    story.hides("p promote · P");
    story.press("<f9>").await;
    story.shows("Running Changeset");
}

#[tokio::test]
async fn names_and_addresses_are_covered_on_every_screen_and_in_what_is_copied() {
    let mut story = Story::begin(100, 40).await;
    story.press("2p").await.wait(600).await.press("P").await;
    story.press("2<enter>").await;
    story.shows("http://");
    let address = story.state().environments[1].service.value().unwrap().address.clone();
    let host = address.split("//").nth(1).unwrap().split('/').next().unwrap().to_owned();
    story.shows(&host);
    story.press("<esc>H<enter>").await;
    story.shows("begun by    ana");
    story.press("<f10>").await;
    story.shows("begun by    ▒▒▒");
    story.shows("covered");
    for keys in ["<esc><esc>", "<enter>", "<esc>J", "<esc>L", "<esc>d"] {
        story.press(keys).await;
        story.hides(" ana ");
        story.hides(&host);
    }
    story.press("<esc>2yaddress<enter>").await;
    let copied = story.copied().last().unwrap().clone();
    assert!(copied.starts_with("http://▒"), "{copied}");
    story.press("<f10>H").await;
    story.shows(" ana ");
}

#[tokio::test]
async fn an_empty_screen_shows_nothing_and_the_key_that_brings_it_back_does_nothing_else() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await;
    let before = story.script.mutations();
    story.press("<f12>").await;
    assert!(story.screen().chars().all(|cell| [' ', '\n', '"'].contains(&cell)), "{}", story.screen());
    story.press("P").await;
    story.shows("v1.2.0");
    assert_eq!(story.script.mutations(), before);
    // What is asked was not to be seen, so it has to be read anew.
    story.press("P").await;
    assert_eq!(story.script.mutations(), before);
    story.wait(600).await.press("P").await;
    assert!(story.script.mutations() > before);
}

#[tokio::test]
async fn what_one_column_has_no_room_for_stands_in_none() {
    let mut story = Story::gated(200, 50, two_approvals).await;
    story.press("<f9>").await;
    for _ in 0..4 {
        story.wait(6_000).await;
    }
    let place = |story: &mut Story, words: &str| {
        let screen = story.screen();
        let rows = screen.lines().enumerate().filter(|(_, row)| row.contains(words));
        rows.map(|(number, row)| (number, row.matches(words).count())).collect::<Vec<_>>()
    };
    let changesets = place(&mut story, "changesets ");
    assert_eq!(changesets.len(), 1, "{}", story.screen());
    assert_eq!(changesets[0].1, 4, "{}", story.screen());
}
