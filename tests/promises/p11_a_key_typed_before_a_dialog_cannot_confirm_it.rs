//! P11: a key that was typed before a dialog appeared cannot confirm it, whatever the dialog asks.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use lockstep::domain::step::StepKind;

use crate::console::Story;

/// Keys that open a dialog, and the letters that confirm it.
const PLANS: [(&str, &str); 3] = [("1p<left>", "y"), ("2p", "P"), ("4p", "prodP")];

#[tokio::test]
async fn p11_what_was_typed_before_a_plan_could_be_read_confirms_nothing() {
    for (opens, letters) in PLANS {
        let mut story = Story::begin(100, 30).await;
        story.press(&format!("{opens}{letters}{letters}")).await;
        story.shows("read it first");
        assert_eq!(story.script.mutations(), 0, "{opens}{letters}");
        story.wait(600).await.press(letters).await;
        assert_eq!(story.script.mutations(), 2, "{opens}{letters}");
    }
}

#[tokio::test]
async fn p11_a_letter_that_is_held_down_or_typed_again_and_again_confirms_nothing() {
    for (opens, letters) in PLANS {
        let mut story = Story::begin(100, 30).await;
        story.press(opens).await;
        for _ in 0..20 {
            story.press(letters).await.wait(100).await;
        }
        story.shows("read it first");
        assert_eq!(story.script.mutations(), 0, "{opens}{letters}");
    }
}

#[tokio::test]
async fn p11_a_paste_enter_and_a_key_that_repeats_confirm_nothing_at_any_time() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await.press("<enter>").await.press("p").await;
    story.input(Input::Paste("P\n".to_owned())).await;
    let held = KeyEvent::new_with_kind(KeyCode::Char('P'), KeyModifiers::NONE, KeyEventKind::Repeat);
    story.input(Input::Key(held)).await;
    story.shows("P promotes v1.2.0 to test");
    assert_eq!(story.script.mutations(), 0);
}

#[tokio::test]
async fn p11_what_was_typed_before_an_abort_was_asked_for_aborts_nothing() {
    let mut story = Story::begin(100, 30).await;
    story.script.hold_at(StepKind::Update);
    story.press("2p").await.wait(600).await.press("P").await;
    story.press("XXXX").await;
    story.shows("abort the promotion of v1.2.0 to test");
    story.press("<esc>").await;
    story.script.go_on();
    story.settle().await;
    story.shows("✔ test runs v1.2.0, proven");
}

#[tokio::test]
async fn p11_what_was_typed_before_the_line_was_to_stop_does_not_stop_it_and_is_no_reason() {
    let mut story = Story::begin(100, 30).await;
    story.press("sS<tab>S").await;
    story.wait(600).await;
    story.shows("stop the line");
    story.press("orders fail").await;
    story.shows("orders fail");
    story.hides("SS");
    assert!(story.state().history.line().is_none());
    story.press("<tab>S").await;
    assert_eq!(story.state().history.line().unwrap().1.reason, "orders fail");
}
