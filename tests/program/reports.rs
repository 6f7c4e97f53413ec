//! `lockstep report`, and where the report of a promotion goes.

use std::fs;

use aws_sdk_s3::config::{Credentials, Region};
use serde_json::{Value, json};

use super::place::{FAST, Place};

#[tokio::test]
async fn a_promotion_leaves_a_report_in_its_folder_and_in_the_bucket_and_the_command_finds_it() {
    let place = Place::awake(FAST).await;
    assert!(place.ok(&["report", "list"]).await.starts_with("no report in "));
    let said = place.run(&["report", "open"]).await;
    assert_eq!(said.code, 64, "{said:#?}");
    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 0, "{said:#?}");

    let listed = place.json(&["report", "list"]).await;
    let [row] = listed.as_array().unwrap().as_slice() else { panic!("{listed:#}") };
    let run = row["run"].as_str().unwrap();
    let path = row["path"].as_str().unwrap();
    let expected = place.home().join("reports/demo1").join(run).join("operation-report.html");
    assert_eq!(path, expected.display().to_string());
    assert_eq!(
        (&row["kind"], &row["outcome"], &row["place"]),
        (&json!("promotion"), &json!("proven"), &json!("dev"))
    );
    assert_eq!(place.ok(&["report", "open", run, "--path"]).await, format!("{path}\n"));
    let address = format!("s3://bagel-store-demo1-operation-reports/reports/{run}/operation-report.html");
    assert!(said.err.contains(&format!("report: {path}\nreport: {address}\n")), "{said:#?}");

    let page = fs::read_to_string(path).unwrap();
    assert_eq!(object(&place, run).await, page, "what is in the bucket is what is in the folder");
    let shown = place.json(&["report", "show", run]).await;
    agrees_with_the_journal(&place, &shown);
    let log = fs::read_to_string(place.journal_folder().join("logs").join(format!("{run}.log"))).unwrap();
    assert_eq!(shown["log"]["lines"].as_array().unwrap().len(), log.lines().count());
    let text = place.ok(&["report", "show", run]).await;
    assert!(text.starts_with("Proven: promotion, dev\n  dev runs v1.4.0\n"), "{text}");
    assert_eq!(place.ok(&["report", "show"]).await, text, "the newest, where none is named");
    for strange in ["../../journal/demo1", "nothing"] {
        let said = place.run(&["report", "show", strange]).await;
        assert_eq!(said.code, 64, "{said:#?}");
        assert!(said.err.starts_with(&format!("error: there is no report of {strange}\n")), "{said:#?}");
    }
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_look_for_drift_is_reported_when_it_is_asked_for() {
    let place = Place::awake(FAST).await;
    let plan = place.plan("test", "v1.2.0").await;
    let dev = place.run(&["drift", "test", "--report"]).await;
    assert_eq!(dev.code, 0, "{dev:#?}");
    let staging = place.database("test").await;
    staging.batch_execute("alter table orders add column note text").await.unwrap();
    let said = place.run(&["drift", "--report", "--output", "json"]).await;
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &found["drift"]), (1, &json!(true)), "{said:#?}");
    let words = ["promote", "test", "--release", "v1.2.0", "--confirm", "test", "--plan", &plan];
    assert_eq!(place.run(&words).await.code, 0);
    let outcomes: Vec<Value> = place.json(&["report", "list"]).await.as_array().unwrap().clone();
    let outcomes: Vec<_> = outcomes.iter().map(|row| row["verdict"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["Proven", "Drift found", "No drift"]);
    place.ok(&["demo", "down"]).await;
}

/// Every record of the run is in the report, with its digest.
fn agrees_with_the_journal(place: &Place, shown: &Value) {
    let run = &shown["run"];
    let hashes = |records: &[Value]| records.iter().map(|it| it["hash"].clone()).collect::<Vec<_>>();
    let (plan, all) = (&shown["plan"]["digest"], place.journal());
    let own: Vec<Value> = all.into_iter().filter(|it| it["run"] == *run || it["plan"] == *plan).collect();
    assert!(own.len() > 5, "{own:#?}");
    assert_eq!(hashes(shown["records"].as_array().unwrap()), hashes(&own));
    let last = shown["records"].as_array().unwrap().last().unwrap();
    assert_eq!(last["said"], "ended: dev runs v1.4.0, proven");
}

/// The page that is in the bucket.
async fn object(place: &Place, run: &str) -> String {
    let ready: Value =
        serde_json::from_slice(&fs::read(place.sandbox().join("ready.json")).unwrap()).unwrap();
    let word = |name: &str| ready[name].as_str().unwrap().to_owned();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new(word("region")))
        .endpoint_url(word("endpoint_url"))
        .credentials_provider(Credentials::from_keys(word("access_key_id"), word("secret_access_key"), None))
        .force_path_style(true)
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let key = format!("reports/{run}/operation-report.html");
    let asked = client.get_object().bucket("bagel-store-demo1-operation-reports").key(key);
    let object = asked.send().await.unwrap();
    assert_eq!(object.content_type(), Some("text/html; charset=utf-8"));
    String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()
}
