//! P15: `lockstep demo reset` gives the same state twice in a row, from any state, in under ten seconds.

use std::fs;
use std::time::{Duration, Instant};

use lockstep::sandbox::story;

use crate::sandbox::start_state::{databases, ledger};
use crate::sandbox::tools::Place;

#[tokio::test]
async fn p15_two_resets_from_any_state_give_the_same_rows_ports_and_password() {
    let place = Place::seeded().await;
    let before = place.up().await;
    let password = place.password();
    let mut rows = Vec::new();
    for round in 0..2 {
        let busy = place.connect(&before, "dev").await;
        busy.batch_execute("drop table databasechangelog; create table mess (n integer)").await.unwrap();
        let client = place.connect(&before, "postgres").await;
        client.batch_execute("drop database prod with (force)").await.unwrap();
        client.batch_execute("create database rehearsal").await.unwrap();
        client.batch_execute("create role visitor login").await.unwrap();
        client.batch_execute("alter system set work_mem = '1MB'").await.unwrap();
        let begun = Instant::now();
        let after = place.reset().await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert_eq!(
            (&after.postgres, &after.stores, &after.endpoint_url),
            (&before.postgres, &before.stores, &before.endpoint_url)
        );
        assert_eq!(place.password(), password);
        let mut all = databases(&place, &after).await;
        for environment in story::ENVIRONMENTS {
            all.extend(ledger(&place, &after, environment.name).await);
        }
        assert_eq!(all.len(), 10 + 14 + 11 + 11 + 9, "round {round}");
        let client = place.connect(&after, "postgres").await;
        let visitors = "select count(*) from pg_roles where rolname = 'visitor'";
        assert_eq!(client.query_one(visitors, &[]).await.unwrap().get::<_, i64>(0), 0);
        rows.push(all);
    }
    assert_eq!(rows[0], rows[1]);
    place.down().await;
}

#[tokio::test]
async fn p15_a_reset_of_a_stopped_and_ruined_sandbox_makes_it_anew() {
    let place = Place::seeded().await;
    let before = place.up().await;
    place.down().await;
    let data = fs::read_dir(place.state()).unwrap().flatten().map(|entry| entry.path().join("data/global"));
    for folder in data.filter(|folder| folder.exists()) {
        fs::remove_dir_all(folder).unwrap();
    }
    let after = place.reset().await;
    assert_eq!(after.ports(), before.ports());
    assert_eq!(ledger(&place, &after, "dev").await.len(), 14);
    place.down().await;
}
