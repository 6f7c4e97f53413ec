//! `/health` and `/version` in every situation an environment can be in.

use super::shop::{Environment, RunningStore, settings};
use crate::support::postgres::Postgres;
use reqwest::StatusCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Long enough for a loaded machine, short enough that a store which waits for its database fails.
const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_store_on_its_own_schema_is_healthy() {
    for version in ["v1.0.0", "v1.1.0", "v1.2.0", "v1.4.0"] {
        let environment = Environment::at(version).await;
        let reply = environment.store(version).await.guest().get("/health").await;
        assert_eq!(reply.status, StatusCode::OK, "{version}: {}", reply.body);
        assert_eq!(reply.json()["status"], "healthy");
    }
}

#[tokio::test]
async fn a_store_ahead_of_its_schema_names_the_changeset_it_needs() {
    let environment = Environment::at("v1.0.0").await;
    for (version, path, id) in [
        ("v1.1.0", "changelog/changesets/008-categories.sql", "008-categories"),
        ("v1.2.0", "changelog/changesets/010-loyalty-points.sql", "010-loyalty-points"),
        ("v1.4.0", "changelog/changesets/013-tidy-orders.sql", "013-tidy-orders"),
    ] {
        let reply = environment.store(version).await.guest().get("/health").await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(reply.json()["status"], "unhealthy");
        assert_eq!(reply.json()["reason"], format!("schema is behind: needs changeset {path}::{id}::store"));
    }
}

#[tokio::test]
async fn the_release_that_forgot_a_changeset_is_never_healthy() {
    let environment = Environment::at("v1.3.0").await;
    let reply = environment.store("v1.3.0").await.guest().get("/health").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        reply.json()["reason"],
        "schema is behind: needs changeset changelog/changesets/012-gift-card-codes.sql::012-gift-card-codes::store"
    );
}

#[tokio::test]
async fn a_changeset_of_the_same_name_from_elsewhere_does_not_count() {
    for (column, other) in
        [("id", "008-more"), ("author", "somebody"), ("filename", "changesets/008-categories.sql")]
    {
        let environment = Environment::at("v1.1.0").await;
        let change = format!("update databasechangelog set {column} = '{other}' where id = '008-categories'");
        environment.run(&change).await;
        let reply = environment.store("v1.1.0").await.guest().get("/health").await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{column}");
    }
}

#[tokio::test]
async fn an_older_store_stays_healthy_on_a_newer_schema() {
    let environment = Environment::at("v1.2.0").await;
    let reply = environment.store("v1.0.0").await.guest().get("/health").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
}

#[tokio::test]
async fn a_store_becomes_healthy_as_soon_as_its_schema_arrives() {
    let environment = Environment::empty().await;
    let store = environment.store("v1.1.0").await;
    let mut guest = store.guest();
    let before = guest.get("/health").await;
    assert_eq!(before.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(before.body.contains("needs changeset"), "{}", before.body);
    environment.update("v1.1.0").await;
    let after = guest.get("/health").await;
    assert_eq!(after.status, StatusCode::OK, "{}", after.body);
}

#[tokio::test]
async fn a_store_that_started_before_its_database_finds_it_later() {
    let postgres = Postgres::shared();
    let database = postgres.free_name();
    let environment = Environment::named(postgres, database);
    let Environment { postgres, database, .. } = &environment;
    let mut guest = environment.store("v1.0.0").await.guest();
    let before = guest.get("/health").await;
    assert_eq!(before.status, StatusCode::SERVICE_UNAVAILABLE);
    let reason = format!("database does not answer: database \"{database}\" does not exist");
    assert_eq!(before.json()["reason"], reason);
    postgres.create(database).await;
    environment.update("v1.0.0").await;
    let after = guest.get("/health").await;
    assert_eq!(after.status, StatusCode::OK, "{}", after.body);
}

#[tokio::test]
async fn a_database_that_is_down_is_reported_and_takes_nothing_else_with_it() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let store = RunningStore::start(&settings("v1.0.0", free, "gone")).await;
    let mut guest = store.guest();
    let health = guest.get("/health").await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    let reason = health.json()["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("database does not answer: ") && reason.contains("refused"), "{reason}");
    assert_eq!(guest.get("/version").await.json()["newest_changeset"], serde_json::Value::Null);
    let page = guest.get("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        page.body.contains("The shelves are out of reach") && page.body.contains("STAGING"),
        "{}",
        page.body
    );
    assert_eq!(guest.get("/login").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_database_that_never_answers_does_not_hold_up_the_health_check() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let held = tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((connection, _)) = silent.accept().await {
            connections.push(connection);
        }
    });
    let store = RunningStore::start(&settings("v1.0.0", port, "silent")).await;
    let (mut first, mut second) = (store.guest(), store.guest());
    // Without its limits the store would wait for ever, so the deadline can be generous.
    let asked = async { tokio::join!(first.get("/health"), second.get("/version")) };
    let (health, version) = timeout(DEADLINE, asked).await.expect("the health check answers by itself");
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(health.json()["reason"], "database does not answer: it took too long to connect");
    assert_eq!(version.status, StatusCode::OK);
    held.abort();
}

#[tokio::test]
async fn a_store_reconnects_after_the_database_dropped_its_sessions() {
    let environment = Environment::at("v1.0.0").await;
    let store = environment.store("v1.0.0").await;
    let mut guest = store.guest();
    assert_eq!(guest.get("/health").await.status, StatusCode::OK);
    assert_eq!(guest.get("/").await.status, StatusCode::OK);
    let dropped = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and application_name = 'bagel-store'";
    assert_eq!(environment.count(dropped).await, 2);
    let recovered = async {
        while guest.get("/health").await.status != StatusCode::OK
            || guest.get("/").await.status != StatusCode::OK
        {}
    };
    timeout(DEADLINE, recovered).await.expect("new connections are made");
}

#[tokio::test]
async fn shoppers_who_wait_for_the_database_do_not_make_the_store_look_dead() {
    let environment = Environment::at("v1.0.0").await;
    let store = environment.store("v1.0.0").await;
    let blocker = environment.connect().await;
    blocker.batch_execute("begin; lock table products in access exclusive mode").await.unwrap();
    let shoppers: Vec<_> = (0..8)
        .map(|_| {
            let mut guest = store.guest();
            tokio::spawn(async move { guest.get("/").await.status })
        })
        .collect();
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let all_waiting = async { while environment.count(waiting).await < 4 {} };
    timeout(DEADLINE, all_waiting).await.expect("every connection of the shop waits");
    assert_eq!(store.guest().get("/health").await.status, StatusCode::OK);
    blocker.batch_execute("rollback").await.unwrap();
    for shopper in shoppers {
        assert_eq!(shopper.await.unwrap(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_store_says_what_it_is_and_the_newest_changeset_it_sees() {
    let environment = Environment::at("v1.1.0").await;
    let reply = environment.store("v1.0.0").await.guest().get("/version").await;
    let wanted = serde_json::json!({
        "version": "v1.0.0",
        "environment": "staging",
        "demo_id": "demo1",
        "image": "registry.example/demo1-bagel-store:v1.0.0",
        "newest_changeset": "changelog/releases/v1.1.0.yaml::tag-v1.1.0::store",
    });
    assert_eq!((reply.status, reply.json()), (StatusCode::OK, wanted));
}
