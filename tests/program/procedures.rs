//! Promotions that go by a flow: whoever edits the file changes what the next promotion does, and nothing else.

use std::fs;

use serde_json::{Value, json};

use super::place::{FAST, Place};

/// The flow of the sandbox, changed by `edit`, which has to change something.
fn edit(place: &Place, edit: impl Fn(&str) -> String) {
    let path = place.sandbox().join("flows/promotion-flow.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let edited = edit(&text);
    assert_ne!(edited, text);
    fs::write(path, edited).unwrap();
}

/// The flow with an action at the beginning of this stage.
fn with(stage: &str, action: &str, text: &str) -> String {
    let place = format!("  {stage}:\n    actions:\n");
    text.replace(&place, &format!("{place}      - {action}\n\n"))
}

/// One more action for the stage at the end, which always runs.
const END: &str = "
    - type: shell
      command: echo \"That promotion of ${VERSION} to ${ENV} has ended\"
";

/// What the steps of a promotion did, those that were skipped left out.
fn done(promotion: &Value) -> Vec<(&str, &str)> {
    let steps = promotion["steps"].as_array().unwrap().iter();
    let steps = steps.filter(|step| step["status"] != "skipped");
    steps.map(|step| (step["does"].as_str().unwrap(), step["status"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn an_edited_flow_is_another_plan_and_its_actions_run_where_they_stand() {
    let place = Place::awake(FAST).await;
    let before = place.plan("test", "v1.2.0").await;
    let work = place.sandbox().join("smoke.txt");
    let smoke = format!("{{type: shell, command: 'echo $ENV $VERSION $APP_URL > {}'}}", work.display());
    edit(&place, |text| with("Validation", &smoke, text) + END);
    let plan = place.plan("test", "v1.2.0").await;
    assert_ne!(plan, before, "an approval of the other one does not hold");
    let outdated =
        place.run(&["promote", "test", "--release", "v1.2.0", "--confirm", "test", "--plan", &before]).await;
    assert_eq!(outdated.code, 2, "{outdated:?}");
    assert!(!work.exists());

    let arguments = ["promote", "test", "--release", "v1.2.0", "--confirm", "test", "--plan", &plan];
    let said = place.run(&[&arguments[..], &["--output", "json"]].concat()).await;
    assert_eq!(said.code, 0, "{said:?}");
    let promotion: Value = serde_json::from_str(&said.out).unwrap();
    let steps = done(&promotion);
    let words: Vec<_> =
        steps.iter().map(|(does, _)| does.split_once(" echo").map_or(*does, |(kind, _)| kind)).collect();
    let order = [
        "lock",
        "recheck",
        "connect",
        "validate",
        "checks run",
        "update",
        "service",
        "shell",
        "health",
        "evidence",
        "status",
        "shell",
    ];
    assert_eq!(words, order, "{promotion:#}");
    assert!(steps.iter().all(|(_, status)| *status == "done"), "{promotion:#}");
    let stage = |does: &str| {
        let steps = promotion["steps"].as_array().unwrap();
        steps.iter().find(|step| step["does"] == does).unwrap()["stage"].clone()
    };
    assert_eq!((stage("connect"), stage("service")), (json!("Verify"), json!("Deploy")));
    let smoke = fs::read_to_string(&work).unwrap();
    assert!(smoke.starts_with("test v1.2.0 http://127.0.0.1:"), "{smoke}");
    assert!(said.err.contains("That promotion of v1.2.0 to test has ended"), "{}", said.err);
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn what_fails_before_the_update_changes_nothing_and_the_end_of_the_flow_runs_all_the_same() {
    let place = Place::awake(FAST).await;
    let before = place.changesets("test").await;
    edit(&place, |text| with("PolicyChecks", "{type: shell, command: 'echo no room; exit 7'}", text) + END);
    let plan = place.plan("test", "v1.2.0").await;
    let said =
        place.run(&["promote", "test", "--release", "v1.2.0", "--confirm", "test", "--plan", &plan]).await;
    assert_eq!(said.code, 3, "{said:?}");
    for words in [
        "error: `shell echo no room; exit 7` failed\n  because the shell ended with 7\n",
        "  because its last line was: no room\n  because it is written in ",
        "flows/promotion-flow.yaml:",
        "That promotion of v1.2.0 to test has ended",
    ] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    assert_eq!(place.changesets("test").await, before);
    assert_eq!(place.service("test").await, ("v1.1.0".to_owned(), "RUNNING".to_owned()));
    let intended: Vec<_> = place.journal().into_iter().filter(|it| it["record"] == "intended").collect();
    let steps: Vec<_> = intended.iter().map(|it| it["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["action 2", "closing 5"], "{intended:#?}");

    // What it waits for can be mended, and then it goes on as if nothing had been.
    edit(&place, |text| text.replace("exit 7", "exit 0"));
    let plan = place.plan("test", "v1.2.0").await;
    place.ok(&["promote", "test", "--release", "v1.2.0", "--confirm", "test", "--plan", &plan]).await;
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_flow_that_keeps_no_promise_is_refused_with_its_line_and_one_without_a_gate_ends_with_4() {
    let place = Place::awake(FAST).await;
    edit(&place, |text| text.replace("      - type: lockstep\n        command: evidence\n", ""));
    let said = place.run(&["plan", "test", "--release", "v1.2.0"]).await;
    assert_eq!(said.code, 65, "{said:?}");
    assert!(said.err.contains("the step `evidence` is missing"), "{}", said.err);
    place.ok(&["status"]).await;

    place.ok(&["demo", "reset"]).await;
    // Nobody asks at the gate any more: then the flow itself is what stops it.
    let config = place.sandbox().join("lockstep.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (head, tail) = text.split_once("[policy]").unwrap();
    let tail = &tail[tail.find("\n[").unwrap()..];
    fs::write(&config, format!("{head}{tail}")).unwrap();
    let settings = place.sandbox().join("flows/liquibase.checks-settings.conf");
    let settings = format!("cmdArgs:\n          checks-settings-file: {}\n", settings.display());
    edit(&place, |text| text.replacen("cmdArgs:\n", &settings, 1));
    let before = place.changesets("dev").await;
    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("policy checks found 3 findings, the highest BLOCKER"), "{}", said.err);
    assert_eq!(place.changesets("dev").await, before);
    assert_eq!(place.service("dev").await, ("v1.2.0".to_owned(), "RUNNING".to_owned()));
    place.ok(&["demo", "down"]).await;
}
