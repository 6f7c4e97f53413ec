//! `lockstep flow`: the project's own flow files on a sandbox, as from a clean checkout, and flows of the shapes that
//! people write: stages with conditions, flows in flows, things that fail.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::place::{Place, Said};

const PR: &str = "flows/pr-validation-flow.yaml";
const MAIN: &str = "flows/main-deployment-flow.yaml";

/// What the end stages of the project's flows say.
const END: &str = "The exit code of the flow is the verdict";

impl Place {
    /// Puts the project's flows and changelog into the folder that commands are started in.
    pub(crate) fn check_out(&self) {
        for folder in ["flows", "changelog"] {
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &self.work().join(folder));
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    async fn flow(&self, arguments: &[&str]) -> Said {
        self.run(&[&["flow", "run"], arguments].concat()).await
    }
}

/// A page that an action of a flow left.
fn page(place: &Place, name: &str) -> String {
    fs::read_to_string(place.work().join("reports").join(format!("{name}.html"))).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[tokio::test]
async fn the_flows_of_the_project_run_on_a_clean_checkout_and_end_with_their_verdict() {
    let place = Place::awake("600").await;
    place.check_out();
    for (flow, stage) in [(PR, "PolicyChecks"), (MAIN, "CreateArtifact")] {
        let said = place.flow(&[flow, "--release", "v1.2.0"]).await;
        assert_eq!(said.code, 0, "{said:#?}");
        assert!(said.out.contains(&format!("✔ {stage}")), "{}", said.out);
        assert!(said.out.contains(END), "{}", said.out);
        assert!(said.out.contains("Connected to PostgreSQL"), "{}", said.out);
        assert!(said.err.contains("against the database of dev, which is only looked at"), "{}", said.err);
    }
    for page in ["connect.html", "validate.html", "status.html", "policy-checks.html"] {
        let text = fs::read_to_string(place.work().join("reports").join(page)).unwrap();
        assert!(text.contains("</html>"), "{page}: {text}");
    }
    assert!(
        page(&place, "connect").contains("Connected to PostgreSQL"),
        "what an action said is in its report"
    );
    assert!(page(&place, "policy-checks").contains("No findings"), "{}", page(&place, "policy-checks"));
    assert!(place.work().join("dist").read_dir().unwrap().count() == 1, "the archive was built");

    // The whole changelog holds a release that breaks policy, and here nobody answers for it.
    place.waive(None);
    for flow in [PR, MAIN] {
        let said = place.flow(&[flow, "--set", "VERSION=v1.4.0"]).await;
        assert_eq!(said.code, 4, "{said:#?}");
        assert!(said.out.contains("✖ PolicyChecks") && said.out.contains(END), "{}", said.out);
        assert!(!said.out.contains("✔ CreateArtifact"), "{}", said.out);
    }
    assert!(page(&place, "policy-checks").contains("changelog/changesets/013-tidy-orders.sql:5:22"));
    // Each of them left a report of itself.
    let listed = place.json(&["report", "list"]).await;
    let rows = listed.as_array().unwrap();
    let outcomes: Vec<_> = rows.iter().map(|row| (row["kind"].clone(), row["outcome"].clone())).collect();
    let [passed, failed] = ["clean", "failed"].map(|outcome| (json!("flow"), json!(outcome)));
    assert_eq!(outcomes, [&failed, &failed, &passed, &passed].map(Clone::clone));
    let shown = place.json(&["report", "show", rows[0]["run"].as_str().unwrap()]).await;
    assert!(
        shown["findings"].as_array().unwrap().iter().any(|it| it["check"] == "SqlGrantWarn"),
        "{shown:#}"
    );
    let steps = shown["steps"].as_array().unwrap();
    let step = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap();
    let checks = step("liquibase checks run");
    assert_eq!(
        (&checks["group"], &checks["status"], &checks["code"]),
        (&json!("PolicyChecks"), &json!("failed"), &json!(4))
    );
    assert_eq!(steps.last().unwrap()["group"], "endStage");
    let log = shown["log"]["lines"].as_array().unwrap();
    assert!(log.iter().any(|line| line["text"].as_str().unwrap().contains(END)), "{log:#?}");
    // Looking is all that they did.
    assert_eq!(place.journal(), Vec::<Value>::new());
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn whichever_stage_fails_the_end_stage_runs_and_the_code_is_that_of_the_failure() {
    let place = Place::awake("600").await;
    place.check_out();
    // In the first stage: the version is none. In Liquibase: the changelog is none. In the last stage: no archive.
    for (arguments, code, failed) in [
        (&[MAIN][..], 1, "✖ Verify"),
        (&[PR, "--set", "CHANGELOG=nope.yaml"], 1, "✖ Verify"),
        (&[PR, "--set", "CHECKS_SETTINGS=nope.conf"], 1, "✖ PolicyChecks"),
        (&[MAIN, "--release", "v1.2.0", "--set", "ARTIFACTS_PATH=/dev/null/x"], 3, "✖ CreateArtifact"),
    ] {
        let said = place.flow(arguments).await;
        assert_eq!(said.code, code, "{said:#?}");
        assert!(said.out.contains(failed) && said.out.contains(END), "{}", said.out);
        assert!(said.err.contains("error: "), "{}", said.err);
    }
    place.ok(&["demo", "down"]).await;
}

/// The shape of a public sample: variables with defaults, stages and actions with conditions, a check that may be left
/// out, an update for one environment only.
const CONDITIONS: &str = r#"
include: {DATES: flows/dates.yaml}
globalVariables:
  BASE: "${BASE:-.}"
  ENVIRONMENT: "${ENVIRONMENT:-DEV}"
  LABELS: "${LABELS:-null}"
  TEST_CHECKS: "${TEST_CHECKS:-F}"
  FILE: "${BASE}/out-${ENVIRONMENT}.txt"
stages:
  Checks:
    if: "${TEST_CHECKS} == T"
    actions:
      - {type: liquibase, command: checks show}
  Build:
    stageVariables: {VERBOSE: true}
    actions:
      - type: liquibase
        command: status
        cmdArgs: {changelogFile: changelog/changelog-master.yaml, label-filter: "${LABELS}", verbose: "${VERBOSE}"}
        globalArgs: {outputFile: "${FILE}"}
      - {type: shell, if: "exists('${FILE}', true) && status.changesetCount == 0", command: 'echo "current on ${DATES.TODAY}"'}
      - {type: shell, if: "exists('${FILE}', false) || ${ENVIRONMENT} == PROD", command: echo never}
      - {type: shell, command: 'exit 5', continueOnError: true}
      - {type: shell, if: "exitCode == 5", command: 'echo "it was $exitCode, in $ENVIRONMENT"; lockstep --version'}
endStage:
  actions: [{type: liquibase, command: history}]
"#;

#[tokio::test]
async fn stages_and_actions_with_conditions_are_gone_through_as_they_say() {
    let place = Place::awake("600").await;
    place.check_out();
    place.write("conditions.yaml", CONDITIONS);
    place.write("flows/dates.yaml", "TODAY: monday\n");
    let said = place.flow(&["conditions.yaml", "--environment", "dev", "--release", "v1.2.0"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    for line in [
        "Skipping stage: 'Checks' because condition 'F == T' evaluated to false.",
        "current on monday",
        "Skipping action: 'shell' echo never because condition 'exists('./out-DEV.txt', false) || DEV == PROD' evaluated to false.",
        "ERROR: `shell exit 5` failed, exit code 5, and the flow goes on",
        "it was 5, in DEV",
        "* Executing 'liquibase' history",
    ] {
        assert!(said.out.lines().any(|it| it == line), "{line}\n{}", said.out);
    }
    assert!(said.out.contains("\nlockstep "), "the shell finds this program: {}", said.out);
    let written = fs::read_to_string(place.work().join("out-DEV.txt")).unwrap();
    assert!(written.contains("is up to date"), "{written}");

    let checked = place.run(&["flow", "validate", "conditions.yaml"]).await;
    assert_eq!((checked.code, checked.err.as_str()), (0, ""), "{checked:#?}");
    // What a promotion gives its flow is nothing to warn of, and what cannot be run by itself leaves nothing behind.
    let promotion = "flows/promotion-flow.yaml";
    let checked = place.ok(&["flow", "validate", promotion]).await;
    assert!(checked.starts_with("flows/promotion-flow.yaml can be run: "), "{checked}");
    assert!(checked.ends_with(" actions, 0 warnings\n"), "{checked}");
    let reports = place.ok(&["report", "list"]).await;
    let refused = place.flow(&[promotion]).await;
    assert!(refused.code == 64 && !refused.err.contains("report: "), "{refused:#?}");
    assert_eq!(place.ok(&["report", "list"]).await, reports);
    place.ok(&["demo", "down"]).await;
}

/// The shape of another public sample: a flow that is nothing but flows.
const NESTED: &str = "
globalVariables: {WHO: outer, SHARED: both}
stages:
  Parts:
    actions:
      - {type: liquibase, command: flow, cmdArgs: {flow-file: parts/first.yaml}}
      - {type: liquibase, command: flow, cmdArgs: {flow-file: parts/second.yaml}}
      - {type: shell, command: echo never}
endStage: {actions: [{type: shell, command: 'echo end of ${WHO}'}]}
";

const FIRST: &str = "
globalVariables: {WHO: first}
stages:
  Part:
    actions:
      - {type: shell, command: 'echo ${WHO} and ${SHARED}'}
      - {type: control, command: exit, cmdArgs: {exitCode: 9, exitMessage: enough}}
      - {type: shell, command: echo never}
endStage: {actions: [{type: shell, command: 'echo end of ${WHO}'}]}
";

const SECOND: &str = "
stages: {Part: {actions: [{type: shell, command: 'echo ${WHO}; exit 6'}]}}
endStage: {actions: [{type: shell, command: 'echo end of second'}]}
";

#[tokio::test]
async fn flows_in_flows_share_variables_and_their_failures_and_keep_their_exits() {
    let place = Place::fresh();
    place.write("nested.yaml", NESTED);
    place.write("parts/first.yaml", FIRST);
    place.write("parts/second.yaml", SECOND);
    let said = place.flow(&["nested.yaml", "--output", "json"]).await;
    assert_eq!(said.code, 6, "{said:#?}");
    let lines: Vec<_> =
        said.err.lines().filter(|line| !line.contains('*') && !line.contains("yaml")).collect();
    let expected = ["first and both", "end of first", "outer", "end of second", "end of outer"];
    assert!(expected.iter().all(|line| lines.contains(line)), "{}", said.err);
    assert!(!lines.contains(&"never"), "{}", said.err);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&found["code"], &found["exit"]), (&json!(6), &json!(6)));
    let rows = found["rows"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap().clone();
    assert_eq!(row("liquibase flow parts/first.yaml")["status"], "done");
    assert_eq!(row("liquibase flow parts/second.yaml")["code"], 6);
    assert_eq!(row("shell echo never")["status"], "skipped");
    assert_eq!(found["failure"]["what"], "`shell echo outer; exit 6` failed");
    let because: Vec<_> = found["failure"]["because"].as_array().unwrap().iter().collect();
    assert_eq!(
        because,
        ["the shell ended with 6", "its last line was: outer", "it is written in parts/second.yaml:2"]
    );

    place.write("parts/second.yaml", &NESTED.replace("parts/first.yaml", "nested.yaml"));
    let said = place.flow(&["nested.yaml"]).await;
    assert_eq!(said.code, 65, "{said:#?}");
    assert!(said.err.contains("parts/second.yaml:6: the flow nested.yaml runs itself"), "{}", said.err);
}

#[tokio::test]
async fn a_flow_that_changes_a_database_is_on_record_and_asks_before_it_may() {
    let place = Place::awake("600").await;
    place.check_out();
    let flow = |command: &str, more: &str| {
        format!(
            "stages: {{Deploy: {{actions: [{{type: liquibase, command: {command}, cmdArgs: {{{more}}}}}]}}}}"
        )
    };
    place.write("update.yaml", &flow("update", "changelog-file: changelog/changelog-master.yaml"));
    place.write("drop.yaml", &flow("dropAll", ""));
    for (arguments, refusal) in [
        (&["update.yaml"][..], "Say which environment is meant: `--environment ENV`"),
        (
            &["update.yaml", "--environment", "test", "--release", "v1.2.0"],
            "Confirm it with `--confirm test`",
        ),
        (&["update.yaml", "--environment", "prod", "--confirm", "prod"], "it is a production environment"),
        (&["drop.yaml", "--environment", "test", "--confirm", "test"], "add `--force`"),
        (
            &["drop.yaml", "--environment", "prod", "--confirm", "prod", "--force"],
            "it is a production environment",
        ),
    ] {
        let said = place.flow(arguments).await;
        assert_eq!(said.code, 2, "{said:#?}");
        assert!(said.err.contains(refusal), "{}", said.err);
    }
    assert_eq!(place.journal(), Vec::<Value>::new(), "nothing was done");

    let update = ["update.yaml", "--environment", "test", "--confirm", "test", "--release", "v1.2.0"];
    let said = place.flow(&update).await;
    assert_eq!(said.code, 0, "{said:#?}");
    let records: Vec<Value> = place.journal().iter().map(|record| record["record"].clone()).collect();
    assert_eq!(records, ["flow_began", "flow_intended", "flow_ended", "flow_concluded"].map(Value::from));
    let tables = place.database("test").await;
    let row = tables.query_one("select count(*) from databasechangelog where tag = 'v1.2.0'", &[]).await;
    assert_eq!(row.unwrap().get::<_, i64>(0), 1);

    // Liquibase's lock of somebody else is not even tried.
    tables
        .batch_execute(
            "update databasechangeloglock set locked = true, lockedby = 'build-7', lockgranted = now()",
        )
        .await
        .unwrap();
    let said = place.flow(&update).await;
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.err.contains("build-7 holds Liquibase's lock"), "{}", said.err);
    let verified = place.run(&["journal", "verify"]).await;
    assert_eq!(verified.code, 0, "{verified:#?}");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn an_interrupt_ends_the_action_that_runs_and_not_the_end_stage() {
    let place = Place::fresh();
    place.write(
        "slow.yaml",
        "stages: {S: {actions: [{type: shell, command: 'echo begun; sleep 1000'}, {type: shell, command: echo never}]}}\n\
         endStage: {actions: [{type: shell, command: echo the end}]}\n",
    );
    let mut flow = place.command(&["flow", "run", "slow.yaml"]).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(flow.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line == "begun" {
            let pid = Pid::from_raw(i32::try_from(flow.id().unwrap()).unwrap());
            kill(pid, Signal::SIGINT).unwrap();
        }
        said.push(line);
    }
    assert_eq!(flow.wait().await.unwrap().code(), Some(130), "{said:#?}");
    assert!(said.contains(&"the end".to_owned()) && !said.contains(&"never".to_owned()), "{said:#?}");
}

#[tokio::test]
async fn a_flow_that_is_wrong_is_refused_with_every_problem_and_nothing_runs() {
    let place = Place::fresh();
    place.write(
        "wrong.yaml",
        "stages:\n  S:\n    actions:\n      - {type: shell, command: 'touch ran'}\n      - {type: liquibase, command: updat}\n      - {type: liquibase, command: status, cmdArgs: {changelog-file: nope.yaml, verbos: true}}\n",
    );
    let said = place.run(&["flow", "validate", "wrong.yaml"]).await;
    assert_eq!(said.code, 65, "{said:#?}");
    for problem in [
        "error: wrong.yaml:5: Liquibase has no command `updat`. Did you mean `update`?",
        "error: wrong.yaml:6: `status` has no argument `verbos`. Did you mean `verbose`?",
        "error: wrong.yaml:6: there is no file nope.yaml (changelog-file).",
        "wrong.yaml cannot be run: 3 errors, 0 warnings",
    ] {
        assert!(said.out.contains(problem), "{problem}\n{}", said.out);
    }
    let said = place.flow(&["wrong.yaml"]).await;
    assert_eq!(said.code, 65, "{said:#?}");
    assert!(said.err.contains("Liquibase has no command `updat`"), "{}", said.err);
    assert!(!place.work().join("ran").exists());
    let found = place.run(&["flow", "validate", "wrong.yaml", "--output", "json"]).await;
    let found: Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!((&found["valid"], &found["problems"][0]["line"]), (&json!(false), &json!(5)));
}

#[tokio::test]
async fn a_report_of_an_action_that_cannot_be_written_is_told_and_changes_nothing() {
    let place = Place::fresh();
    place.write("reports", "in the way");
    place.write("checks.conf", "rules: []\n");
    place.write("changelog.yaml", "databaseChangeLog: []\n");
    place.write(
        "a.yaml",
        "stages: {S: {actions: [{type: liquibase, command: checks run, cmdArgs: {changelog-file: changelog.yaml, \
         checks-settings-file: checks.conf}, globalArgs: {reports-enabled: true, reports-path: reports, \
         reports-name: a.html}}]}}\n",
    );
    let said = place.flow(&["a.yaml"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.out.contains("the report reports/a.html could not be written"), "{said:#?}");
    fs::remove_file(place.work().join("reports")).unwrap();
    let said = place.flow(&["a.yaml"]).await;
    assert!(said.code == 0 && said.out.contains("Report: reports/a.html"), "{said:#?}");
    assert!(page(&place, "a").contains("No findings"), "{}", page(&place, "a"));
}

#[tokio::test]
async fn no_secret_of_the_environment_is_filled_in_or_shown() {
    let place = Place::awake("600").await;
    place.write(
        "secret.yaml",
        "stages: {S: {actions: [{type: shell, command: 'echo \"${LIQUIBASE_COMMAND_PASSWORD}\"; tr \"\\\\0\" \" \" < /proc/$$/cmdline'}]}}\n",
    );
    // Every answer is searched for the database's password as well.
    let said = place.flow(&["secret.yaml", "--environment", "dev"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.out.lines().any(|line| line == "***"), "{}", said.out);
    assert!(
        said.out.contains("${LIQUIBASE_COMMAND_PASSWORD}"),
        "its name stays in the command: {}",
        said.out
    );
    let path = said.err.lines().find_map(|line| line.strip_prefix("report: ")).unwrap();
    let page = fs::read_to_string(path).unwrap();
    assert!(page.contains("***") && !page.contains(&place.password().unwrap()), "{page}");
    place.ok(&["demo", "down"]).await;
}
