//! Calling whoever looks elsewhere, through the terminal.

use lockstep::domain::gate::ApprovalRule;
use lockstep::domain::notification::Occasion;
use lockstep::engine::State;

use super::{Deploys, Story};

/// prod asks for the approval of somebody else.
fn one_approval(state: &mut State) {
    state.environments[3].environment.gate.approval = ApprovalRule::new(1);
}

#[tokio::test]
async fn a_promotion_that_ends_calls_whoever_looks_elsewhere_once() {
    let mut story = Story::begin(100, 30).await.alerting(&Occasion::ALL);
    story.press("2p").await.wait(600).await.press("P").await;
    let called = ["\u{1b}]9;lockstep demo1: ✔ v1.2.0 is in test, proven\u{7}"];
    assert_eq!(story.called(), called);
    story.wait(6_000).await.press("<f5>").await;
    assert_eq!(story.called(), called);
}

#[tokio::test]
async fn only_what_was_chosen_calls() {
    let mut story = Story::begin(100, 30).await.alerting(&[Occasion::Failed]);
    story.press("2p").await.wait(600).await.press("P").await;
    assert_eq!(story.called(), [""; 0]);
    story.script.deploys(Deploys::RollBack);
    story.press("1p<left>").await.wait(600).await.press("y").await;
    let [called] = story.called() else { panic!("{:?}", story.called()) };
    assert!(called.contains("✖ v1.3.0 to dev failed"), "{called:?}");
}

#[tokio::test]
async fn whoever_asks_for_approval_calls_and_whoever_reads_of_it_does_not() {
    let mut story = Story::gated(100, 40, one_approval).await.alerting(&Occasion::ALL);
    story.press("4p").await.wait(600).await;
    story.press("r").await.wait(600).await.press("<tab>y").await;
    let [called] = story.called() else { panic!("{}", story.screen()) };
    assert!(called.contains("● v1.1.0 to prod waits for approval"), "{called:?}");
}
