//! People are told how a promotion ended: once, with its outcome, by whoever carried it out, and nobody sees where the
//! webhook is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::place::{FAST, Place, Said};

/// What nobody may see of the address of the webhook.
const TOKEN: &str = "xoxTheTokenOfTheHook";

/// The variable that the address is in.
const VARIABLE: &str = "TEAM_HOOK";

/// A stand-in for Slack: what was posted, and what it answers.
#[derive(Clone)]
struct Slack {
    url: String,
    status: Arc<Mutex<StatusCode>>,
    posted: Arc<Mutex<Vec<Value>>>,
}

impl Slack {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/services/T0/B0/{TOKEN}", listener.local_addr().unwrap());
        let slack = Self { url, status: Arc::new(Mutex::new(StatusCode::OK)), posted: Arc::default() };
        let router = Router::new().fallback(hear).with_state(slack.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        slack
    }

    /// What was posted since the last time, the fallback text of each.
    fn heard(&self) -> Vec<(String, String)> {
        let posted = std::mem::take(&mut *self.posted.lock().unwrap());
        posted.iter().map(|it| (it["text"].as_str().unwrap().to_owned(), it.to_string())).collect()
    }
}

async fn hear(State(slack): State<Slack>, body: Bytes) -> (StatusCode, &'static str) {
    slack.posted.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    let status = *slack.status.lock().unwrap();
    (status, if status == StatusCode::OK { "ok" } else { "no_service" })
}

/// Adds this to the configuration.
fn configure(place: &Place, more: &str) {
    let file = place.sandbox().join("lockstep.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n{more}")).unwrap();
}

/// Runs the program with the address of the webhook in its environment.
async fn run(place: &Place, slack: &Slack, words: &[&str]) -> Said {
    let output = place.command(words).env(VARIABLE, &slack.url).output().await.unwrap();
    let said = Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!format!("{said:?}").contains(TOKEN), "{words:?} said where the webhook is: {said:#?}");
    said
}

/// Every file below a folder that holds the token.
fn holders(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            found.extend(holders(&path));
        } else if fs::read(&path).unwrap().windows(TOKEN.len()).any(|bytes| bytes == TOKEN.as_bytes()) {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn slack_is_told_once_how_each_promotion_ended_and_nobody_sees_where_it_is() {
    let place = Place::awake(FAST).await;
    let slack = Slack::start().await;
    configure(&place, &format!("[notify.slack]\nwebhook_variable = \"{VARIABLE}\"\n"));

    let said = run(&place, &slack, &["promote", "dev", "--release", "v1.3.0"]).await;
    assert_eq!(said.code, 4, "{said:#?}");
    let heard = slack.heard();
    let [(text, message)] = heard.as_slice() else { panic!("{heard:#?}") };
    assert_eq!(text, "✖ v1.3.0 to dev failed, and somebody has to act");
    assert!(message.contains("v1.2.0 → v1.3.0") && message.contains("rolled back"), "{message}");
    assert!(said.err.contains("Slack was told: v1.3.0 to dev failed"), "{}", said.err);

    let said = run(&place, &slack, &["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    let heard = slack.heard();
    let [(text, message)] = heard.as_slice() else { panic!("{heard:#?}") };
    assert_eq!(text, "✔ v1.4.0 is in dev, proven");
    let run_of = place.json(&["report", "list"]).await[0]["run"].as_str().unwrap().to_owned();
    let address = format!("s3://bagel-store-demo1-operation-reports/reports/{run_of}/operation-report.html");
    assert!(message.contains(&address), "{message}");

    // Looking at it afterwards tells nobody anything, and neither does what was refused.
    run(&place, &slack, &["status"]).await;
    assert_eq!(run(&place, &slack, &["promote", "dev", "--release", "v1.4.0"]).await.code, 2);
    assert_eq!(slack.heard(), []);

    let said = run(&place, &slack, &["request", "prod", "--note", "for the weekend"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    let heard = slack.heard();
    let [(text, message)] = heard.as_slice() else { panic!("{heard:#?}") };
    assert_eq!(text, "● v1.1.0 to prod waits for approval");
    assert!(message.contains("for the weekend") && message.contains("lockstep approve prod"), "{message}");

    let told: Vec<_> = place
        .journal()
        .into_iter()
        .filter(|it| it["record"] == "notified")
        .map(|it| (it["event"].clone(), it["environment"].clone(), it["run"].is_string()))
        .collect();
    let expected = [("failed", "dev", true), ("succeeded", "dev", true), ("approval", "prod", false)];
    assert_eq!(told, expected.map(|(event, place, has_run)| (json!(event), json!(place), has_run)));
    assert_eq!(place.json(&["journal", "verify"]).await["intact"], true);
    let shown = place.ok(&["journal", "show"]).await;
    assert!(shown.contains("told people (succeeded): Slack was told: v1.4.0 is in dev"), "{shown}");

    // Whatever inherits the environment may print it, and a flow is given no such value.
    let flow =
        "stages: {S: {actions: [{type: shell, command: 'echo it is ${TEAM_HOOK} and $TEAM_HOOK; env'}]}}\n";
    fs::write(place.work().join("leaky.yaml"), flow).unwrap();
    let said = run(&place, &slack, &["flow", "run", "leaky.yaml"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.out.contains("it is *** and ***"), "{}", said.out);
    place.ok(&["demo", "down"]).await;
    assert_eq!(holders(place.work().parent().unwrap()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn p09_a_slack_that_takes_nothing_changes_no_outcome_and_is_asked_once() {
    let place = Place::awake(FAST).await;
    let slack = Slack::start().await;
    configure(&place, &format!("[notify.slack]\nwebhook_variable = \"{VARIABLE}\"\n"));
    *slack.status.lock().unwrap() = StatusCode::NOT_FOUND;
    let said = run(&place, &slack, &["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert_eq!(slack.heard().len(), 1);
    assert!(said.err.contains("error: could not tell Slack: v1.4.0 is in dev, proven"), "{}", said.err);
    assert!(said.err.contains("Make a new webhook in Slack"), "{}", said.err);
    let records = place.journal();
    let told = records.iter().find(|it| it["record"] == "notified").unwrap();
    assert_eq!(told["result"]["failed"]["kind"], "configuration", "{told:#}");

    // Nor does a variable that nobody has set.
    let said = place.run(&["request", "prod"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.err.contains("the variable TEAM_HOOK is not set"), "{said:#?}");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn whoever_tries_their_channels_is_told_of_each() {
    let place = Place::awake(FAST).await;
    let said = place.run(&["notify", "test"]).await;
    assert_eq!(said.code, 65, "{said:#?}");
    assert!(said.err.contains("nobody is to be told anything"), "{said:#?}");

    let slack = Slack::start().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    configure(
        &place,
        &format!(
            "[notify.slack]\nwebhook_variable = \"{VARIABLE}\"\n[notify.email]\nhost = \"127.0.0.1\"\nport = {gone}\nsecurity = \"none\"\nfrom = \"l@example.com\"\nto = [\"a@example.com\"]\n[notify.desktop]\n"
        ),
    );
    let said = run(&place, &slack, &["notify", "test"]).await;
    assert_eq!(said.code, 69, "{said:#?}");
    let heard = slack.heard();
    assert_eq!(heard.len(), 1, "{heard:#?}");
    assert_eq!(heard[0].0, "· lockstep can tell you here about demo1");
    for words in ["✔ slack ", "✖ email ", "cannot be reached", "✔ desktop ", "here is none"] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    let said = run(&place, &slack, &["notify", "test", "--output", "json"]).await;
    let told: Value = serde_json::from_str(&said.out).unwrap();
    let rows = told["channels"].as_array().unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row["channel"].clone(), row["told"].clone())).collect();
    assert_eq!(
        rows,
        [(json!("slack"), json!(true)), (json!("email"), json!(false)), (json!("desktop"), json!(true))]
    );
    slack.heard();
    let said = run(&place, &slack, &["--read-only", "notify", "test"]).await;
    assert_eq!((said.code, slack.heard().len()), (2, 0), "{said:#?}");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_configuration_with_a_secret_or_a_misspelt_word_is_refused_before_anything_happens() {
    let place = Place::asleep_without_databases().await;
    configure(
        &place,
        &format!(
            "[notify.slack]\nwebhook = \"https://hooks.slack.com/{TOKEN}\"\ntemplate = \"{{verson}}\"\n"
        ),
    );
    let said = place.run(&["status"]).await;
    assert_eq!(said.code, 65, "{said:?}");
    assert!(!said.err.contains(TOKEN), "{}", said.err);
    assert!(said.err.contains("[notify.slack] webhook: it is a secret and does not belong into a file"));
    assert!(said.err.contains("there is no {verson}; did you mean {version}?"), "{}", said.err);
}
