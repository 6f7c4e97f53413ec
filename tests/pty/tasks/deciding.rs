//! What people decide together: to stop, to let go on, to approve; and what policy and flows tell them.

use std::fs;

use super::{armed, back_to_board, leave, opened, press};
use crate::program::place::{FAST, Place};
use crate::pty::console::Console;

#[tokio::test]
async fn the_line_is_stopped_and_runs_again_and_somebody_else_approves_in_the_inbox() {
    let place = Place::awake(FAST).await;
    let mut console = opened(&place).await;
    stop_the_line_and_let_it_run_again(&mut console, &place).await;
    leave(console).await;
    configure(&place, "requester_may_approve = true", "requester_may_approve = false");
    let asking = opened(&place).await;
    // Whoever opens a console from now on has taken a role.
    configure(&place, "[aws]\n", "[aws]\nrole_arn = \"arn:aws:iam::000000000000:role/lockstep\"\n");
    let approving = opened(&place).await;
    ask_and_be_approved_by_somebody_else(asking, approving).await;
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_release_that_breaks_policy_is_read_finding_by_finding_and_its_flow_says_the_same() {
    let place = Place::asleep().await;
    place.waive(None);
    place.check_out();
    place.ok(&["demo", "up", "--time-factor", FAST]).await;
    let mut console = opened(&place).await;
    see_what_policy_finds_and_why_it_is_refused(&mut console, &place).await;
    run_a_flow_and_read_its_result(&mut console, &place).await;
    leave(console).await;
    place.ok(&["demo", "down"]).await;
}

/// What the sandbox's file says, changed for those who start from now on.
fn configure(place: &Place, from: &str, to: &str) {
    let file = place.sandbox().join("lockstep.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
}

async fn stop_the_line_and_let_it_run_again(console: &mut Console, place: &Place) {
    console.send("s");
    armed(console, "stop the line").await;
    console.send("\tS");
    console.until("it wants to know why", |screen| screen.contains("say why first")).await;
    press(console, "payment alarms\tS", "■ LINE STOPPED by sandbox").await;
    let refused = place.run(&["promote", "dev"]).await;
    assert!(refused.code == 2 && refused.err.contains("the line is stopped"), "{refused:?}");
    press(console, "2p", "the line is stopped by sandbox").await;
    back_to_board(console).await;
    console.send("s");
    armed(console, "let the line run again").await;
    console.send("payments are well\tS");
    console.until("the line runs", |screen| !screen.contains("LINE STOPPED")).await;
    assert_eq!(place.ok(&["line", "status"]).await, "the line runs\n");
    console.send("2p");
    armed(console, "P promotes v1.2.0 to test").await;
    back_to_board(console).await;
}

async fn ask_and_be_approved_by_somebody_else(mut asking: Console, mut approving: Console) {
    press(&mut asking, "4p", "has 0 of 1 approval").await;
    asking.send("r");
    armed(&asking, "ask for approval of v1.1.0").await;
    press(&mut asking, "after the smoke test\ty", "sandbox asks for v1.1.0 to prod").await;
    press(&mut asking, "a", "somebody else has to approve it").await;

    press(&mut approving, "a", "after the smoke test").await;
    assert!(approving.text().contains("1 waits for you"), "{}", approving.text());
    press(&mut approving, "\r", "has 0 of 1 approval").await;
    approving.send("a");
    armed(&approving, "approve v1.1.0 to prod").await;
    press(&mut approving, "read it twice\tA", "approves v1.1.0 to prod").await;
    back_to_board(&mut approving).await;
    leave(approving).await;

    asking.until("the approval has come", |screen| screen.contains("“read it twice”")).await;
    armed(&asking, "type prod to go on").await;
    press(&mut asking, "prodP", "✔ prod runs v1.1.0, proven").await;
    leave(asking).await;
}

async fn see_what_policy_finds_and_why_it_is_refused(console: &mut Console, place: &Place) {
    press(console, "1", "✖ 3 findings block it").await;
    press(console, "p", "policy: 3 findings stand in the way").await;
    press(console, "P", "it cannot be promoted now").await;
    press(console, "C", "checks of v1.4.0 for dev").await;
    press(console, "/DropColumn\r", "1 of 1").await;
    press(console, "\r", "stands in the way of a promotion").await;
    for words in ["013-tidy-orders", "drop column description", "check = \"ChangeDropColumnWarn\""] {
        assert!(console.text().contains(words), "{words}:\n{}", console.text());
    }
    back_to_board(console).await;
    let refused = place.run(&["promote", "dev"]).await;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(place.journal().iter().all(|record| record["record"] != "began"), "nothing was begun");
}

async fn run_a_flow_and_read_its_result(console: &mut Console, place: &Place) {
    press(console, "F", "flows/pr-validation-flow.yaml").await;
    press(console, "/pr-val\r", "▸ · flows/pr-validation-flow.yaml").await;
    press(console, "\r", "running flows/pr-validation-flow.yaml against dev").await;
    press(console, "", "✖ flows/pr-validation-flow.yaml against dev ended with 4").await;
    for words in ["✔ Verify", "✖ PolicyChecks", "the highest BLOCKER"] {
        assert!(console.text().contains(words), "{words}:\n{}", console.text());
    }
    press(console, "G", "✔ endStage").await;
    let page = fs::read_to_string(place.work().join("reports").join("policy-checks.html")).unwrap();
    assert!(page.contains("ChangeDropColumnWarn"));
    back_to_board(console).await;
}
