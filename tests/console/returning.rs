//! The second start: the console opens where the operator left, and what is gone is left out.

use lockstep::config::remembered::Remembered;
use lockstep::tui::keymap::Keymap;

use super::Story;

#[tokio::test]
async fn the_console_opens_where_it_was_left() {
    let mut story = Story::begin(100, 30).await;
    story.press("3++:theme light<enter>d").await;
    let left = story.remembered();
    assert_eq!(left.environment.as_deref(), Some("staging"));
    assert_eq!(left.screen.as_deref(), Some("drift"));
    assert_eq!(left.theme.as_deref(), Some("light"));
    let mut story = Story::returning(Keymap::default(), left, 100, 30).await;
    story.shows("held against every environment");
    story.shows("✔ applied");
    story.press("<esc>").await;
    story.shows("▸3 staging");
    story.press(":").await;
    story.shows("▸ theme light");
}

#[tokio::test]
async fn a_screen_that_asks_for_something_asks_for_it_again() {
    let mut story = Story::begin(100, 30).await;
    story.press("F").await;
    let left = story.remembered();
    let mut story = Story::returning(Keymap::default(), left, 100, 30).await;
    story.shows("enter runs one against dev");
    story.hides("Looking into the folder");
}

#[tokio::test]
async fn a_plan_is_not_come_back_to() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await;
    let left = story.remembered();
    assert_eq!(left.screen, None);
    let mut story = Story::returning(Keymap::default(), left, 100, 30).await;
    story.shows("▸2 test");
}

#[tokio::test]
async fn what_is_gone_is_left_out() {
    let left = Remembered {
        environment: Some("gone".to_owned()),
        screen: Some("nowhere".to_owned()),
        theme: Some("pink".to_owned()),
        log_rows: Some(9_999),
        commands: vec!["fly".to_owned()],
    };
    let mut story = Story::returning(Keymap::default(), left, 100, 30).await;
    story.shows("▸1 dev");
    story.shows("4 PROD");
    story.press(":").await;
    story.shows("▸ promote");
}
