//! Flows, settings and waivers that lie in a bucket: read anew each time, and refused with a mend when they are not there.

use std::fs;

use aws_sdk_s3::config::{Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;

use super::place::{FAST, Place};

const BUCKET: &str = "bagel-store-demo1-liquibase-flows";

/// An object of the bucket for flows.
fn object(name: &str) -> String {
    format!("s3://{BUCKET}/{name}")
}

/// The configuration with other files of flows and policy.
fn configure(place: &Place, table: &str, key: &str, value: &str) {
    let file = place.sandbox().join("lockstep.toml");
    let mut config: toml::Table = fs::read_to_string(&file).unwrap().parse().unwrap();
    config[table][key] = toml::Value::String(value.to_owned());
    fs::write(&file, config.to_string()).unwrap();
}

/// A client of the sandbox's S3.
fn client(place: &Place) -> aws_sdk_s3::Client {
    let ready: Value =
        serde_json::from_slice(&fs::read(place.sandbox().join("ready.json")).unwrap()).unwrap();
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(ready["endpoint_url"].as_str().unwrap())
        .http_client(http)
        .force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// Puts a text into the bucket.
async fn put(place: &Place, key: &str, text: &str) {
    let body = ByteStream::from(text.as_bytes().to_vec());
    client(place).put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
}

#[tokio::test]
async fn a_flow_in_a_bucket_runs_with_what_is_beside_it() {
    let place = Place::awake(FAST).await;
    let flow = object("pr-validation-flow.yaml");
    let settings = format!("CHECKS_SETTINGS={}", object("liquibase.checks-settings.conf"));
    let said = place.run(&["flow", "run", &flow, "--release", "v1.2.0", "--set", &settings]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.out.contains("✔ PolicyChecks"), "{}", said.out);
    assert!(said.err.contains(&format!("running {flow}, version ")), "{}", said.err);

    put(&place, "more/outer.yaml", "include: {NAMES: names.yaml}\nstages: {One: {actions: [{type: liquibase, command: flow, cmdArgs: {flow-file: ../inner.yaml}}]}}\n").await;
    put(&place, "more/names.yaml", "WHO: everybody\n").await;
    put(
        &place,
        "inner.yaml",
        "stages: {Two: {actions: [{type: shell, command: 'echo hello ${NAMES.WHO}'}]}}\n",
    )
    .await;
    let outer = object("more/outer.yaml");
    let said = place.run(&["flow", "run", &outer]).await;
    assert!(said.code == 0 && said.out.contains("hello everybody"), "{said:#?}");
    let checked = place.ok(&["flow", "validate", &outer]).await;
    assert!(checked.ends_with("can be run: 1 action, 0 warnings\n"), "{checked}");

    let gone = object("gone.yaml");
    for words in [&["flow", "run", &gone][..], &["flow", "validate", &gone]] {
        let said = place.run(words).await;
        assert_eq!(said.code, 65, "{said:#?}");
        let told = said.out + &said.err;
        assert!(told.contains(&format!("there is no object gone.yaml in the bucket {BUCKET}")), "{told}");
    }
    put(&place, "more/names.yaml", "WHO: [nobody]\n").await;
    let said = place.run(&["flow", "validate", &outer]).await;
    assert!(said.code == 65 && said.out.contains(&object("more/names.yaml")), "{said:#?}");
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_promotion_goes_by_the_flow_and_the_policy_of_a_bucket_and_an_edit_is_another_plan() {
    let place = Place::awake(FAST).await;
    let local = place.plan("test", "v1.2.0").await;
    configure(&place, "promotion", "flow", &object("promotion-flow.yaml"));
    configure(&place, "policy", "settings", &object("liquibase.checks-settings.conf"));
    assert_eq!(place.plan("test", "v1.2.0").await, local, "what it does is the same, wherever it is written");
    let flow = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/flows/promotion-flow.yaml")).unwrap();
    put(
        &place,
        "promotion-flow.yaml",
        &(flow + "\n    - {type: shell, command: 'echo ${VERSION} from the bucket'}\n"),
    )
    .await;
    let edited = place.plan("test", "v1.2.0").await;
    assert_ne!(edited, local);
    let arguments = ["promote", "test", "--release", "v1.2.0", "--confirm", "test", "--plan"];
    let outdated = place.run(&[&arguments[..], &[&local]].concat()).await;
    assert_eq!(outdated.code, 2, "{outdated:?}");
    let said = place.run(&[&arguments[..], &[&edited]].concat()).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.err.contains("v1.2.0 from the bucket"), "{}", said.err);

    // Waivers from the bucket count like any other, and settings are read there by `check` too.
    put(&place, "waivers.toml", "").await;
    configure(&place, "policy", "waivers", &object("waivers.toml"));
    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert!(said.code == 2 && said.err.contains("SqlGrantWarn"), "{said:#?}");
    let settings = object("liquibase.checks-settings.conf");
    let said = place.run(&["check", "--release", "v1.4.0", "--settings", &settings]).await;
    assert!(said.code == 4 && said.out.contains(&settings), "{said:#?}");

    // What cannot be read is never taken for nothing.
    configure(&place, "policy", "waivers", &object("gone.toml"));
    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(said.err.contains("there is no object gone.toml in the bucket"), "{}", said.err);
    configure(&place, "promotion", "flow", "s3://another-bucket/promotion-flow.yaml");
    let said = place.run(&["plan", "test", "--release", "v1.2.0"]).await;
    assert_eq!(said.code, 65, "{said:#?}");
    assert!(said.err.contains("there is no bucket another-bucket"), "{}", said.err);
    assert!(said.err.contains("Correct the name of the bucket, or make it."), "{}", said.err);
    configure(&place, "promotion", "flow", "s3://Wrong/flow.yaml");
    let said = place.run(&["status"]).await;
    assert!(said.code == 65 && said.err.contains("[promotion] flow: `s3://Wrong/flow.yaml`"), "{said:#?}");

    place.ok(&["demo", "reset"]).await;
    configure(&place, "promotion", "flow", &object("promotion-flow.yaml"));
    assert_eq!(place.plan("test", "v1.2.0").await, local, "a reset brings the bucket back");
    place.ok(&["demo", "down"]).await;
}
