//! Up, held, down: who starts a sandbox, who keeps it, and that nothing is left of it.

use std::time::{Duration, Instant};

use lockstep::sandbox::{self, SandboxError};

use super::tools::{DEMO, Place, is_alive, until};

#[tokio::test]
async fn down_leaves_no_process_and_a_second_start_is_quick_and_keeps_the_data() {
    let place = Place::seeded().await;
    let first = place.up().await;
    place.connect(&first, "dev").await.batch_execute("create table kept (n integer)").await.unwrap();
    let processes = place.processes();
    assert!(processes.len() > 3, "the keeper and PostgreSQL's processes: {processes:?}");
    let begun = Instant::now();
    assert!(place.down().await);
    println!("down: {:?}", begun.elapsed());
    assert!(processes.into_iter().all(|pid| !is_alive(pid)));
    assert!(!place.down().await, "nothing is left to take down");

    let begun = Instant::now();
    let second = place.up().await;
    println!("second up: {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(second.ports(), first.ports());
    place.connect(&second, "dev").await.batch_execute("select n from kept").await.unwrap();
    place.down().await;
}

#[tokio::test]
async fn two_starts_at_once_share_one_keeper() {
    let place = Place::seeded().await;
    let (one, other) = tokio::join!(place.up(), place.up());
    assert_eq!(one, other);
    let joined = place.up().await;
    assert_eq!(joined.keeper, one.keeper);
    place.down().await;
}

#[tokio::test]
async fn an_unkept_sandbox_ends_after_its_last_hold_is_gone() {
    let mut place = Place::seeded().await;
    place.settings.keep = false;
    let sandbox = place.up().await;
    let keeper = i32::try_from(sandbox.keeper).unwrap();
    let first = sandbox::hold(place.root(), DEMO).await.unwrap();
    let second = sandbox::hold(place.root(), DEMO).await.unwrap();
    drop(first);
    let held = Instant::now();
    until("the remaining hold has lasted longer than the linger", async || {
        assert!(is_alive(keeper), "one hold is left");
        held.elapsed() > Duration::from_secs(3)
    })
    .await;
    drop(second);
    until("the keeper has ended", async || !is_alive(keeper)).await;
    until("nothing is left", async || place.processes().is_empty()).await;
    assert!(matches!(sandbox::hold(place.root(), DEMO).await, Err(SandboxError::NotRunning(_))));
}

#[tokio::test]
async fn a_start_that_keeps_makes_a_running_sandbox_kept() {
    let mut place = Place::seeded().await;
    place.settings.keep = false;
    let unkept = place.up().await;
    let hold = sandbox::hold(place.root(), DEMO).await.unwrap();
    assert!(!sandbox::list(place.root())[0].kept);
    place.settings.keep = true;
    let kept = place.up().await;
    assert!(kept.kept && kept.keeper == unkept.keeper);
    drop(hold);
    let left = Instant::now();
    until("the linger is over", async || left.elapsed() > Duration::from_secs(3)).await;
    let listed = sandbox::list(place.root());
    assert!(listed[0].running && listed[0].kept);
    assert_eq!(listed[0].addresses["aws"], kept.endpoint_url);
    assert_eq!(listed[0].addresses.len(), 6);
    place.down().await;
    let listed = sandbox::list(place.root());
    assert!(!listed[0].running && listed[0].addresses.is_empty() && listed[0].created.is_some());
}

#[tokio::test]
async fn a_sandbox_that_is_taken_down_while_it_starts_leaves_nothing() {
    let place = Place::fresh();
    let mut seen = Vec::new();
    let starting = async {
        let mut told = |word: &str| seen.push(word.to_owned());
        sandbox::up(place.root(), &place.settings, &mut told).await
    };
    let ending = async {
        until("Liquibase runs", async || place.log("keeper.log").contains("applying")).await;
        place.down().await
    };
    tokio::select! {
        up = starting => panic!("it started although it was taken down: {up:?}"),
        was_running = ending => assert!(was_running),
    }
    // The start that was asked for may have begun a new keeper before it was dropped.
    place.down().await;
    until("nothing is left", async || place.processes().is_empty()).await;
}

#[tokio::test]
async fn an_id_that_is_no_folder_name_is_refused_with_the_rule() {
    let mut place = Place::fresh();
    for id in ["", "../prod", "Demo", "-demo", "a-very-long-name-of-a-demo"] {
        place.settings.demo_id = id.to_owned();
        let refused = sandbox::up(place.root(), &place.settings, &mut |_| ()).await.unwrap_err();
        assert!(refused.to_string().contains("1 to 20 lower-case letters"), "{refused}");
    }
    assert!(matches!(
        sandbox::reset(place.root(), "other", &mut |_| ()).await,
        Err(SandboxError::Absent { .. })
    ));
}
