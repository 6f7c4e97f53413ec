//! Gates as the command line has them: the line, bars, votes, overrides, and what a configuration may ask for.

use std::fs;

use serde_json::{Value, json};

use super::place::{FAST, Place};

#[tokio::test]
async fn nothing_begins_while_the_line_is_stopped_or_the_release_is_barred() {
    let place = Place::awake(FAST).await;
    assert_eq!(place.ok(&["line", "status"]).await, "the line runs\n");
    let said = place.ok(&["line", "stop", "--reason", "payment alarms"]).await;
    assert_eq!(said, "the line is stopped, says sandbox: payment alarms\n");
    let again = place.run(&["line", "stop", "--reason", "again"]).await;
    assert_eq!((again.code, again.out.as_str()), (2, ""));
    assert!(again.err.contains("the line is stopped already, by sandbox: payment alarms"), "{}", again.err);

    let said = place.run(&["promote", "dev"]).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("because the line is stopped by sandbox since "), "{}", said.err);
    assert!(said.err.contains("`lockstep line resume --reason REASON`"), "{}", said.err);
    let status = place.json(&["line", "status"]).await;
    assert_eq!(status["line"]["reason"], "payment alarms");
    assert_eq!(place.json(&["status"]).await["line"], status["line"]);
    place.ok(&["line", "resume", "--reason", "settled"]).await;

    place.ok(&["bar", "v1.4.0", "--reason", "it leaks"]).await;
    let plan = place.run(&["plan", "dev", "--output", "json"]).await;
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    assert_eq!(
        plan["unmet"],
        json!([{
            "condition": "barred",
            "what": "v1.4.0 goes no further, says sandbox: it leaks",
            "how": "Promote another release, or lift it: `lockstep unbar v1.4.0 --reason REASON`.",
            "can_override": false,
        }])
    );
    assert_eq!(place.run(&["promote", "dev"]).await.code, 2);
    assert_eq!(place.run(&["bar", "v9.9.9", "--reason", "a slip"]).await.code, 2);
    place.ok(&["unbar", "v1.4.0", "--reason", "it does not"]).await;
    assert_eq!(place.json(&["line", "status"]).await, json!({ "line": null, "barred": [], "failure": null }));
    let plan = place.json(&["plan", "dev"]).await;
    assert_eq!(plan["unmet"], json!([]));
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn what_a_gate_asks_for_is_overridden_with_a_reason_that_goes_on_record() {
    let place = Place::awake(FAST).await;
    let plan = place.plan_with_unmet("prod").await;
    let promote = ["promote", "prod", "--release", "v1.1.0"];
    let reason = ["--override", "the shop is down"];
    let flags = format!(
        "Confirm it with: lockstep promote prod --release v1.1.0 --confirm prod --plan {plan} --override REASON\n"
    );
    let said = place.run(&[&promote[..], &reason].concat()).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains(&flags), "{}", said.err);
    // Without an override the way there is told.
    let confirmed = [&promote[..], &["--confirm", "prod", "--plan", &plan]].concat();
    let said = place.run(&confirmed).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("Or override it: `lockstep promote prod "), "{}", said.err);

    let result = place.json(&[&confirmed[..], &reason].concat()).await;
    assert_eq!(result["proven"], json!(true), "{result:#}");
    assert_eq!(result["overridden"]["reason"], "the shop is down");
    let journal = place.journal();
    let began = journal.iter().find(|record| record["record"] == "began").unwrap();
    let conditions = began["overridden"]["conditions"].as_array().unwrap();
    assert_eq!(conditions.len(), 1);
    assert!(conditions[0].as_str().unwrap().ends_with("has 0 of 1 approval"), "{began:#}");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_rejection_stands_until_somebody_asks_again() {
    let place = Place::awake(FAST).await;
    let plan = place.plan_with_unmet("prod").await;
    let said = place.ok(&["request", "prod", "--note", "for the weekend"]).await;
    assert_eq!(said, format!("sandbox asks for v1.1.0 to prod, plan {plan}\n"));
    place.ok(&["approve", "prod", "--plan", &plan]).await;
    let rejected = place.json(&["reject", "prod", "--plan", &plan, "--reason", "not this weekend"]).await;
    assert_eq!(rejected["approval"]["state"], "rejected");
    assert_eq!(rejected["approval"]["rejections"][0]["note"], "not this weekend");
    let said = place.run(&["promote", "prod", "--confirm", "prod", "--plan", &plan]).await;
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains(&format!("sandbox rejected the plan {plan}: not this weekend")),
        "{}",
        said.err
    );

    place.ok(&["request", "prod", "--note", "next week then"]).await;
    let inbox = place.ok(&["approvals"]).await;
    assert!(inbox.starts_with(&format!("v1.1.0 to prod, plan {plan}: 0 of 1 approval\n")), "{inbox}");
    assert!(inbox.contains(": next week then\n") && !inbox.contains("this weekend"), "{inbox}");
    assert!(
        inbox.ends_with(&format!("  → lockstep approve prod --release v1.1.0 --plan {plan}\n")),
        "{inbox}"
    );
    // Only where approval is asked for.
    let test = place.plan("test", "v1.2.0").await;
    let said = place.run(&["approve", "test", "--plan", &test]).await;
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("test asks for no approval"), "{}", said.err);
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn every_contradiction_of_a_gate_is_told_at_once() {
    let place = Place::asleep_without_databases().await;
    let config = place.sandbox().join("lockstep.toml");
    let text = fs::read_to_string(&config).unwrap();
    let wrong = text.replace("name = \"dev\"\n", "name = \"dev\"\nsoak = \"1h\"\napprovals = 2\n").replace(
        "approvals = 1\n",
        "approvals = 2\napprovers = [\"ana\"]\nfreeze = [\"Fri 16:00 - Mon 08:00\"]\n",
    );
    fs::write(&config, wrong).unwrap();
    let said = place.run(&["status"]).await;
    assert_eq!(said.code, 65, "{said:?}");
    for problem in [
        "[[environment]] dev: soak: it follows no environment that a release could soak in; remove it",
        "[[environment]] dev: approvals: it counts only with gate = \"approve\"; change the gate or remove it",
        "[[environment]] prod: approvers: 2 have to approve, and 1 can; name more",
        "[[environment]] prod: freeze: a window needs a time_zone, such as \"Europe/Berlin\"",
    ] {
        assert!(said.err.contains(problem), "{}", said.err);
    }
    assert_eq!(said.err.matches("because line ").count(), 4, "{}", said.err);
}

#[tokio::test]
async fn nothing_begins_by_itself_where_nobody_can_see_and_hold_it() {
    let place = Place::fresh();
    let said = place.run(&["--auto", "status"]).await;
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.err.contains("`--auto` is for the console"), "{}", said.err);
}

impl Place {
    /// The short digest of the plan for an environment, although something stands in its way.
    async fn plan_with_unmet(&self, environment: &str) -> String {
        let said = self.run(&["plan", environment, "--output", "json"]).await;
        assert_eq!(said.code, 2, "{said:?}");
        let plan: Value = serde_json::from_str(&said.out).unwrap();
        plan["plan"]["short"].as_str().unwrap().to_owned()
    }
}
