//! What people say: approvals, rejections, overrides, the line, releases that go no further.

use lockstep::domain::gate::ApprovalRule;
use lockstep::domain::journal::{Entry, Vote, VoteWord};
use lockstep::engine::State;

use super::{Script, Story};

/// prod asks for the approval of two people, anybody's, and lets itself be overridden.
pub(super) fn two_approvals(state: &mut State) {
    let gate = &mut state.environments[3].environment.gate;
    gate.approval = ApprovalRule { requester_may_approve: true, ..ApprovalRule::new(2) };
    gate.can_be_overridden = true;
}

/// ben says something about the plan that waits for prod.
pub(super) fn ben_says(story: &Story, word: VoteWord, note: &str) {
    let plan = &story.state().petitions[0].plan;
    let vote = Vote {
        environment: plan.environment.clone(),
        version: plan.version.clone(),
        plan: plan.digest().to_string(),
        by: "ben".to_owned(),
        arn: None,
        word,
        note: note.to_owned(),
    };
    let planned = Entry::Planned {
        plan: plan.digest().to_string(),
        environment: plan.environment.clone(),
        version: plan.version.clone(),
        text: plan.canonical(),
    };
    story.writes(&[planned, Entry::Voted(vote)]);
}

#[tokio::test]
async fn a_plan_is_read_in_the_inbox_and_approved_by_two_before_it_runs() {
    let mut story = Story::gated(100, 40, two_approvals).await;
    story.shows("0 of 2 a");
    story.press("a").await;
    story.shows("1 waits for you");
    story.shows("v1.1.0 to PROD");
    story.press("<enter>").await.wait(600).await;
    story.shows("has 0 of 2 approvals");
    story.shows("it may be overridden, with a reason");
    story.press("P").await;
    assert_eq!(story.script.mutations(), 0);
    story.press("a").await.wait(600).await;
    story.shows("approve v1.1.0 to prod");
    story.press("read it twice<tab>A").await;
    story.shows("ana approves v1.1.0 to prod");
    story.shows("has 1 of 2 approvals");
    story.press("a").await;
    story.shows("ana has approved it already");
    ben_says(&story, VoteWord::Approve, "");
    story.wait(6_000).await;
    story.shows("type prod to go on");
    story.shows("approved   by ana, “read it twice”; ben");
    story.wait(600).await.press("prodP").await;
    story.shows("✔ prod runs v1.1.0, proven");
}

#[tokio::test]
async fn a_rejection_needs_a_reason_and_is_told_until_somebody_asks_again() {
    let mut story = Story::gated(100, 40, two_approvals).await;
    story.press("4p").await.wait(600).await.press("x").await.wait(600).await;
    story.press("<tab>X").await;
    story.shows("say why first");
    story.press("not before the sale<tab>X").await;
    story.shows("not before the sale");
    story.press("<esc>a").await;
    story.shows("rejected by ana");
    story.shows("rejected: whoever asks anew begins anew");
    story.press("<enter>").await.wait(600).await.press("r").await.wait(600).await.press("<tab>y").await;
    story.shows("ana asks for v1.1.0 to prod");
    story.press("<esc>").await;
    story.shows("asked for by ana");
    story.hides("rejected by ana");
}

#[tokio::test]
async fn an_approval_that_lapsed_shows_the_lines_that_differ() {
    let mut story = Story::gated(100, 40, two_approvals).await;
    ben_says(&story, VoteWord::Approve, "");
    story.wait(6_000).await;
    story.press("a").await;
    story.shows("1 of 2 approvals");
    story.script.runs(3, "v1.0.0", 10);
    story.wait(6_000).await;
    story.shows("0 of 2 approvals");
    story.shows("by ben has lapsed; since then:");
    story.shows("· ");
}

#[tokio::test]
async fn what_the_gate_asks_for_is_overridden_only_with_the_name_and_a_reason() {
    let mut story = Story::gated(100, 40, two_approvals).await;
    story.press("4p").await.wait(600).await.press("O").await;
    story.shows("promote v1.1.0 to prod all the same");
    story.shows("Overridden: ");
    story.wait(600).await.press("the shop is down<tab>O").await;
    story.shows("type prod first");
    assert_eq!(story.script.mutations(), 0);
    story.press("prodO").await;
    story.shows("✔ prod runs v1.1.0, proven");
}

#[tokio::test]
async fn where_the_gate_does_not_let_itself_be_overridden_it_says_so() {
    let mut story = Story::gated(100, 40, |state| {
        two_approvals(state);
        state.environments[3].environment.gate.can_be_overridden = false;
    })
    .await;
    story.press("4p").await.wait(600).await;
    story.hides("O override");
    story.press("O").await;
    story.shows("this cannot be overridden");
    story.press("<esc>2p").await.wait(600).await.press("a").await;
    story.shows("test asks for no approval");
}

#[tokio::test]
async fn a_stopped_line_is_red_on_every_screen_and_holds_everything_back_until_it_runs_again() {
    let mut story = Story::begin(100, 30).await;
    story.press("s").await.wait(600).await.press("<tab>S").await;
    story.shows("say why first");
    story.press("orders fail<tab>S").await;
    story.shows("■ LINE STOPPED by ana");
    story.press("2p").await.wait(600).await;
    story.shows("■ LINE STOPPED by ana");
    story.shows("the line is stopped by ana");
    story.press("P").await;
    assert_eq!(story.script.mutations(), 0);
    story.press("<esc>s").await.wait(600).await;
    story.shows("let the line run again");
    story.press("mended<tab>S").await;
    story.hides("LINE STOPPED");
    story.press("2p").await.wait(600).await.press("P").await;
    story.shows("✔ test runs v1.2.0, proven");
}

#[tokio::test]
async fn a_barred_release_goes_no_further_until_it_is_let_go_on() {
    let mut story = Story::begin(100, 40).await;
    story.press("2p").await.wait(600).await.press("B").await.wait(600).await;
    story.press("loses points<tab>B").await;
    story.shows("v1.2.0 goes no further, says ana: loses points");
    story.shows("it cannot be promoted now");
    story.press("B").await.wait(600).await.press("mended<tab>B").await.wait(600).await.press("P").await;
    story.shows("✔ test runs v1.2.0, proven");
}

#[tokio::test]
async fn a_narrow_screen_keeps_the_stopped_line_in_its_header() {
    let mut story = Story::with(Script::new(), 60, 16, "projector").await;
    story.press("s").await.wait(600).await.press("orders fail<tab>S").await;
    story.shows("■ LINE STOPPED");
}
