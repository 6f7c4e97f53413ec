//! The start state: what every sandbox begins with, and what a reset brings back.

use std::fs;

use jiff::Zoned;
use lockstep::sandbox::{Sandbox, story};

use super::tools::Place;

/// Every row of an environment's ledger, as text.
pub(crate) async fn ledger(place: &Place, sandbox: &Sandbox, environment: &str) -> Vec<String> {
    let client = place.connect(sandbox, environment).await;
    let rows =
        client.query("select c::text from databasechangelog c order by orderexecuted", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

pub(crate) async fn databases(place: &Place, sandbox: &Sandbox) -> Vec<String> {
    let client = place.connect(sandbox, "postgres").await;
    let rows = client.query("select datname from pg_database order by 1", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn the_first_start_tells_the_story_in_four_databases() {
    let place = Place::fresh();
    let now = Zoned::now();
    let sandbox = place.up().await;
    for (environment, rows) in [("dev", 14), ("test", 11), ("staging", 11), ("prod", 9)] {
        assert_eq!(ledger(&place, &sandbox, environment).await.len(), rows, "{environment}");
        let client = place.connect(&sandbox, environment).await;
        let told = client
            .query(
                "select deployment_id, extract(epoch from min(dateexecuted))::bigint from databasechangelog
                 group by 1 order by min(orderexecuted)",
                &[],
            )
            .await
            .unwrap();
        let expected = story::deployments(environment, &now);
        assert_eq!(told.len(), expected.len(), "{environment}");
        for (row, (version, at)) in told.iter().zip(&expected) {
            let (id, first): (String, i64) = (row.get(0), row.get(1));
            assert_eq!(id, format!("{}", at.as_millisecond())[3..], "{environment} {version}");
            assert!((0..10).contains(&(first - at.as_second())), "{environment} {version}: {first} {at}");
        }
        let order = "select bool_and(d >= before) from (select dateexecuted d,
            lag(dateexecuted) over (order by orderexecuted) before from databasechangelog) t";
        assert!(
            client.query_one(order, &[]).await.unwrap().get::<_, bool>(0),
            "{environment} keeps its order"
        );
        let open = "select count(*) from databasechangeloglock where locked";
        assert_eq!(client.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0);
    }
    let kept = ["seed_v1_0_0", "seed_v1_1_0", "seed_v1_2_0"];
    let expected = [["dev", "postgres", "prod"], kept, ["staging", "template0", "template1"]].concat();
    let found = databases(&place, &sandbox).await;
    assert_eq!(found, [expected, vec!["test"]].concat());
    assert!(place.down().await);
}

#[tokio::test]
async fn the_instance_file_names_everything_the_console_needs() {
    let place = Place::seeded().await;
    let sandbox = place.up().await;
    let text = fs::read_to_string(&sandbox.config).unwrap();
    let config: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(config["instance"]["mode"].as_str(), Some("SANDBOX ×20"));
    assert_eq!(config["aws"]["endpoint_url"].as_str(), Some(sandbox.endpoint_url.as_str()));
    assert_eq!(config["database"]["password_secret"].as_str(), Some("demo1/rds/password"));
    assert_eq!(config["releases"]["folder"].as_str(), sandbox.releases.to_str());
    assert!(sandbox.releases.is_dir());
    assert_eq!(config["polling"]["operation"].as_float(), Some(0.25));
    let environments = config["environment"].as_array().unwrap();
    let told: Vec<_> = environments
        .iter()
        .map(|environment| {
            assert_eq!(
                environment["address"].as_str(),
                Some(sandbox.stores[environment["name"].as_str().unwrap()].as_str())
            );
            (
                environment["service"].as_str().unwrap(),
                environment["gate"].as_str().unwrap(),
                environment["production"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("bagel-store-demo1-dev", "automatic", false),
            ("bagel-store-demo1-test", "confirm", false),
            ("bagel-store-demo1-staging", "confirm", false),
            ("bagel-store-demo1-prod", "approve", true),
        ]
    );
    place.down().await;
}

#[tokio::test]
async fn a_reset_after_a_changelog_was_cut_anew_applies_the_new_one() {
    let place = Place::seeded().await;
    place.up().await;
    let file = place.settings.releases[2].path_root.join("changelog/009-reviews.sql");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("stars integer", "stars integer, words text")).unwrap();
    let after = place.reset().await;
    place.connect(&after, "dev").await.batch_execute("select words from reviews").await.unwrap();
    place.down().await;
}

#[tokio::test]
async fn a_start_without_a_release_of_the_story_says_which_is_missing() {
    let mut place = Place::fresh();
    place.settings.releases.remove(1);
    let refused = lockstep::sandbox::up(place.root(), &place.settings, &mut |_| ()).await.unwrap_err();
    assert!(refused.to_string().contains("release v1.1.0"), "{refused}");
    assert!(place.processes().is_empty());
}

#[tokio::test]
async fn a_changelog_that_liquibase_refuses_ends_the_start_with_its_words() {
    let place = Place::fresh();
    let file = place.settings.releases[0].path_root.join("changelog/003-orders.sql");
    fs::write(&file, "--liquibase formatted sql\n--changeset demo:003-orders\ncreate tabel orders ();\n")
        .unwrap();
    let refused =
        lockstep::sandbox::up(place.root(), &place.settings, &mut |_| ()).await.unwrap_err().to_string();
    assert!(refused.contains("could not apply v1.0.0") && refused.contains("tabel"), "{refused}");
    assert!(place.processes().is_empty());
}
