//! Floods: hundreds of keys, pastes and clicks into everything that asks something. Nothing is ever confirmed by them.
//!
//! What counts as confirmed is what was done to the world and what stands in the journal.

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};
use lockstep::domain::gate::ApprovalRule;
use lockstep::engine::State;

use super::{Deploys, Story};

/// Every letter that confirms something somewhere.
const LETTERS: [char; 10] = ['y', 'P', 'R', 'A', 'X', 'S', 'C', 'B', 'O', 'K'];

/// A key that is held down comes this often in a second.
const REPEATS: usize = 20;

fn asking(state: &mut State) {
    let gate = &mut state.environments[1].environment.gate;
    gate.approval = ApprovalRule { requester_may_approve: true, ..ApprovalRule::new(1) };
    gate.can_be_overridden = true;
}

/// Opens everything that asks something, by name, and how it is reached.
async fn dialogs() -> Vec<(&'static str, Story)> {
    let mut all = Vec::new();
    for (name, keys) in [
        ("a plan of the first tier", "1p<left>"),
        ("a plan of the second tier", "2p"),
        ("a plan of the third tier", "4p"),
        ("stopping the line", "s"),
        ("barring a release", "2pB"),
    ] {
        let mut story = Story::begin(80, 24).await;
        story.press(keys).await;
        all.push((name, story));
    }
    let mut story = Story::begin(80, 24).await;
    story.press("2p").await.wait(600).await.press("P").await;
    story.press("R").await.wait(600).await.press("R").await;
    all.push(("a rollback", story));
    let mut story = Story::begin(80, 24).await;
    story.script.deploys(Deploys::RollBack);
    story.press("1p<left>").await.wait(600).await.press("yc").await;
    all.push(("resolving a failure", story));
    for (name, key) in [("an approval", "a"), ("a rejection", "x"), ("an override", "O")] {
        let mut story = Story::gated(80, 24, asking).await;
        story.press("2p").await;
        story.press(key).await;
        all.push((name, story));
    }
    all
}

/// What was done and what was recorded.
fn done(story: &Story) -> (usize, usize, usize, bool) {
    let history = &story.state().history;
    let acknowledged = history.runs().iter().filter(|past| past.is_acknowledged).count();
    (
        story.script.mutations(),
        history.runs().len() + acknowledged,
        history.votes().len(),
        history.line().is_some(),
    )
}

#[tokio::test]
async fn letters_that_come_like_those_of_a_held_key_confirm_nothing() {
    for (name, mut story) in Box::pin(dialogs()).await {
        let before = done(&story);
        for letter in LETTERS {
            for _ in 0..REPEATS {
                story.input(Input::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE))).await;
            }
            // Time goes by, but never half a second without a letter.
            story.wait(400).await;
        }
        assert_eq!(done(&story), before, "{name}:\n{}", story.screen());
    }
}

#[tokio::test]
async fn enter_confirms_nothing_however_often_and_however_late() {
    for (name, mut story) in Box::pin(dialogs()).await {
        let before = done(&story);
        story.wait(2_000).await;
        for _ in 0..5 * REPEATS {
            story.press("<enter>").await;
        }
        assert_eq!(done(&story), before, "{name}:\n{}", story.screen());
    }
}

#[tokio::test]
async fn what_repeats_by_itself_confirms_nothing() {
    for (name, mut story) in Box::pin(dialogs()).await {
        let before = done(&story);
        story.wait(2_000).await;
        for letter in LETTERS {
            for _ in 0..REPEATS / 2 {
                let code = KeyCode::Char(letter);
                let repeat = KeyEvent::new_with_kind(code, KeyModifiers::NONE, KeyEventKind::Repeat);
                story.input(Input::Key(repeat)).await;
            }
        }
        assert_eq!(done(&story), before, "{name}:\n{}", story.screen());
    }
}

#[tokio::test]
async fn pastes_confirm_nothing_whatever_is_in_them() {
    for (name, mut story) in Box::pin(dialogs()).await {
        let before = done(&story);
        story.wait(2_000).await;
        for text in ["y\n", "P\n", "prod\nP\n", "\n\n\n", "test R\r\n", "because\n\tR\n", "\u{1b}[200~P"] {
            for _ in 0..REPEATS / 2 {
                story.input(Input::Paste(text.to_owned())).await;
            }
        }
        assert_eq!(done(&story), before, "{name}:\n{}", story.screen());
    }
}

#[tokio::test]
async fn clicks_and_the_wheel_confirm_nothing_wherever_they_are() {
    for (name, mut story) in Box::pin(dialogs()).await {
        let before = done(&story);
        story.wait(2_000).await;
        for row in (0..24).step_by(2) {
            for column in (0..80).step_by(13) {
                for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollDown] {
                    story.mouse(kind, column, row).await;
                }
            }
        }
        assert_eq!(done(&story), before, "{name}:\n{}", story.screen());
    }
}

#[tokio::test]
async fn losing_and_gaining_the_keyboard_between_letters_confirms_nothing() {
    for (name, mut story) in Box::pin(dialogs()).await {
        let before = done(&story);
        for letter in LETTERS {
            story.wait(2_000).await;
            story.input(Input::FocusLost).await;
            story.wait(2_000).await;
            story.input(Input::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE))).await;
            story.input(Input::FocusGained).await;
        }
        assert_eq!(done(&story), before, "{name}:\n{}", story.screen());
    }
}
