//! P4: one operation for each environment of an instance. A second one is refused with the holder's name, and never
//! stands in a queue.
//!
//! Races go through the real engine, journal, adapters and leases, and the real lock in a real PostgreSQL; the
//! platform is in memory, because what is claimed is decided before anything is asked of it. Then races against the
//! sandbox, with nothing scripted. `make races` runs a thousand of each.

use std::fs;

use lockstep::config::file;
use lockstep::domain::gate::{Admission, Gate};
use lockstep::domain::names::EnvironmentName;
use lockstep::domain::release::{ImageRef, Version};
use lockstep::engine::effect::{Effect, LiquibaseCall};
use lockstep::runtime::journal::verify;
use tokio::time::Instant;

use super::platform::Platform;
use super::races::{Course, to_and_fro};
use crate::adapters::migrating::release;
use crate::adapters::{Rig, ended, perform, run, test};
use crate::faults::Scene;
use crate::program::place::Place;

/// How often to race; `make races` says more than is done without it.
const RACES: &str = "LOCKSTEP_RACES";

/// So much faster than AWS that a deployment takes no longer than the store takes to start.
const AT_ONCE: &str = "5000";

fn races(few: usize) -> usize {
    std::env::var(RACES).map_or(few, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p04_of_two_consoles_and_a_command_line_one_wins_and_the_others_name_it_every_time() {
    let rig = Rig::new().await;
    let mut settings = rig.settings.clone();
    ready(&rig).await;
    settings.environments[0].environment.gate = Gate::new(Admission::Automatic);
    let image = ImageRef::of_release(&settings.releases.image, &Version::parse("v1.0.0").unwrap());
    let platform = Platform::running(image);
    let mut course = Course::open(settings, &test(), Some(platform.clone())).await;
    for race in 1..=races(200) {
        course.race(&to_and_fro("v1.1.0", "v1.0.0", race)).await;
        assert_eq!(platform.updates(), race, "the service was changed once in each race");
    }
    assert!(course.won.iter().all(|won| *won > 0), "nobody wins them all: {:?}", course.won);
    let held = "select count(*) from pg_locks where locktype = 'advisory'
                and database = (select oid from pg_database where datname = current_database())";
    assert_eq!(rig.client().await.query_one(held, &[]).await.unwrap().get::<_, i64>(0), 0);
    let journal = verify(&course.journal()).unwrap();
    assert!(journal.is_intact(), "{journal:#?}");
}

/// Two releases with the same changelog, which has run.
async fn ready(rig: &Rig) {
    let adapters = rig.adapters();
    let first = release(rig, &adapters, &["create table a (id int)"]).await;
    let update = Effect::Liquibase(test(), LiquibaseCall::Update(run(1), first));
    ended(&perform(&adapters, update).await).unwrap();
    let archive = |version: &str| rig.releases.path().join(format!("store-demo1-changelog-{version}.zip"));
    fs::copy(archive("v1.0.0"), archive("v1.1.0")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p04_with_nothing_scripted_the_sandbox_counts_one_update_for_each_race() {
    let races = races(10);
    let scene = Scene { place: Place::behind(AT_ONCE).await };
    let settings = file::load(&scene.place.sandbox().join("lockstep.toml")).unwrap();
    let dev = EnvironmentName::parse("dev").unwrap();
    let begun = Instant::now();
    let mut course = Course::open(settings, &dev, None).await;
    for race in 1..=races {
        course.race(&to_and_fro("v1.2.0", "v1.1.0", race)).await;
        // Asking is a program of its own; in the end nothing is forgotten.
        if race % 10 == 0 || race == races {
            let updates = u64::try_from(race).unwrap();
            assert_eq!(scene.updates().await, (updates, updates));
        }
    }
    println!("{races} races in {:.0?}, won by {:?}", begun.elapsed(), course.won);
    assert!(verify(&course.journal()).unwrap().is_intact());
    scene.end().await;
}
