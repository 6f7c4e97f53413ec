//! The mouse: what a click selects, what the wheel scrolls, what is drawn, and what no click ever does.

use crossterm::event::{Event as Input, MouseButton, MouseEventKind};

use super::Story;

#[tokio::test]
async fn a_click_selects_an_environment_and_a_second_one_goes_into_it() {
    let mut story = Story::begin(100, 30).await;
    story.click("4 PROD").await;
    story.shows("▸4 PROD");
    story.click("4 PROD").await;
    story.shows("gate by name");
}

#[tokio::test]
async fn a_click_on_a_hint_is_its_key() {
    let mut story = Story::begin(100, 30).await;
    story.click("d drift").await;
    story.shows("held against every environment");
    story.click("q quit").await;
    story.shows("4 PROD");
}

#[tokio::test]
async fn while_a_theme_is_chosen_a_click_does_nothing_behind_it() {
    let mut story = Story::begin(100, 30).await;
    story.press("T").await;
    story.shows("keeps it");
    story.click("4 PROD").await;
    story.shows("keeps it");
    story.press("<esc>").await;
    story.hides("▸4 PROD");
}

#[tokio::test]
async fn a_click_puts_the_cursor_on_a_row_and_the_wheel_scrolls_it() {
    let mut story = Story::begin(100, 30).await;
    story.press("d").await;
    story.click("003-").await;
    story.shows("▸ 003-");
    let (column, row) = story.place("003-");
    story.mouse(MouseEventKind::ScrollDown, column, row).await;
    story.hides("▸ 003-");
    story.mouse(MouseEventKind::ScrollUp, column, row).await;
    story.shows("▸ 003-");
    story.click("003-").await;
    story.shows("what it does");
}

#[tokio::test]
async fn the_wheel_scrolls_the_log_below_the_pointer() {
    let mut story = Story::begin(80, 24).await;
    story.press("2p").await.wait(600).await.press("P").await;
    let (column, row) = story.place("── log");
    story.mouse(MouseEventKind::ScrollUp, column, row).await;
    story.shows("f follows");
    story.mouse(MouseEventKind::ScrollDown, column, row).await;
    story.shows("following");
}

#[tokio::test]
async fn the_rule_above_the_log_can_be_drawn_and_keys_do_the_same() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await.press("P").await;
    let (column, before) = story.place("── log");
    story.mouse(MouseEventKind::Down(MouseButton::Left), column, before).await;
    story.mouse(MouseEventKind::Drag(MouseButton::Left), column, before - 3).await;
    assert_eq!(story.place("── log").1, before - 3);
    story.mouse(MouseEventKind::Up(MouseButton::Left), column, before - 3).await;
    story.mouse(MouseEventKind::Drag(MouseButton::Left), column, before).await;
    assert_eq!(story.place("── log").1, before - 3, "the button is up");
    story.press("_").await;
    assert_eq!(story.place("── log").1, before - 2);
    story.press("+").await;
    assert_eq!(story.place("── log").1, before - 3);
    for _ in 0..60 {
        story.press("+").await;
    }
    story.shows("4 PROD");
}

#[tokio::test]
async fn no_click_confirms_whatever_it_is_on() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await;
    for words in ["P promotes v1.2.0", "[ esc cancels ]", "confirm", "plan "] {
        story.click(words).await;
    }
    for row in 0..30 {
        for column in (0..100).step_by(3) {
            story.mouse(MouseEventKind::Down(MouseButton::Left), column, row).await;
        }
    }
    assert_eq!(story.script.mutations(), 0);
}

#[tokio::test]
async fn the_mouse_can_be_left_to_the_terminal() {
    let mut story = Story::begin(100, 30).await;
    story.press("m").await;
    story.shows("the mouse is the terminal's");
    story.shows("mouse off");
    story.press("m").await;
    story.hides("mouse off");
}

#[tokio::test]
async fn while_another_window_has_the_keyboard_nothing_can_be_confirmed() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await;
    story.input(Input::FocusLost).await;
    story.wait(5_000).await;
    story.shows("read it first");
    // The key that shows that the window is back confirms nothing, nor does the click.
    story.press("P").await;
    story.click("P promotes").await;
    assert_eq!(story.script.mutations(), 0);
    story.input(Input::FocusLost).await;
    story.wait(5_000).await;
    story.input(Input::FocusGained).await;
    story.press("P").await;
    assert_eq!(story.script.mutations(), 0);
    story.wait(1_000).await.press("P").await;
    assert_eq!(story.script.mutations(), 2);
}

#[tokio::test]
async fn the_click_that_brings_the_window_to_the_front_does_nothing_else() {
    let mut story = Story::begin(100, 30).await;
    story.input(Input::FocusLost).await;
    story.click("d drift").await;
    story.hides("held against every environment");
    story.click("d drift").await;
    story.shows("held against every environment");
}
