//! lockstep, the emulated RDS and Secrets Manager, and a real server whose password RDS rotates.

use std::sync::Arc;

use lockstep::adapters::Adapters;
use lockstep::config::file::load;
use lockstep::domain::names::EnvironmentName;
use lockstep::domain::observation::Observation;
use lockstep::engine::effect::{DatabaseCall, Effect};
use lockstep::engine::event::EventKind;
use lockstep::runtime::{Clock, Perform as _, Sink};
use lockstep::sandbox::aws::DatabaseAccess;

use super::support::{Sandbox, settings};
use crate::support::postgres::{PASSWORD, Postgres, USERNAME};

/// The password after the rotation.
const ROTATED: &str = "s3cr3t/after=the&rotation";

#[tokio::test]
async fn a_password_that_rds_rotates_during_a_session_is_read_again_from_the_secret_that_it_manages() {
    let server = Postgres::start();
    let database = server.create_database().await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path(), 1_000, &["dev"]);
    settings.database.port = server.port;
    USERNAME.clone_into(&mut settings.database.username);
    PASSWORD.clone_into(&mut settings.database.password);
    let access = settings.database.clone();
    let sandbox = Sandbox::with(settings, folder).await;
    let file = sandbox.folder.path().join("lockstep.toml");
    let text = format!(
        "instance = {{ id = \"demo1\" }}\n\
         aws = {{ region = \"us-east-1\", endpoint_url = \"{}\", access_key_id = \"test\", secret_access_key = \"test\" }}\n\
         database = {{ instance = \"bagel-store-demo1-rds\", managed = true }}\n\
         releases = {{ source = \"dist\", image = \"store\" }}\n\
         [[environment]]\nname = \"dev\"\nservice = \"bagel-store-demo1-dev\"\ndatabase = \"{database}\"\ngate = \"automatic\"\n",
        sandbox.endpoint
    );
    std::fs::write(&file, text).unwrap();
    let adapters = Adapters::new(Arc::new(load(&file).unwrap()), None);
    let look = async || {
        let (sink, mut events) = Sink::queue(Clock::system());
        // Each opens a session of its own.
        let call = DatabaseCall::ReadTrail(1);
        adapters.perform(Effect::Database(EnvironmentName::parse("dev").unwrap(), call), sink).await;
        match events.recv().await.unwrap().kind {
            EventKind::Observed(_, _, Observation::Trail(trail)) => trail.map(drop),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(look().await, Ok(()));

    let owner = server.connect("postgres").await;
    owner.batch_execute(&format!("alter role {USERNAME} password '{ROTATED}'")).await.unwrap();
    let failure = look().await.unwrap_err();
    assert!(failure.because.iter().any(|cause| cause.ends_with("says the same")), "{failure}");
    sandbox.world.database_moved(DatabaseAccess { password: ROTATED.to_owned(), ..access }).await;
    assert_eq!(look().await, Ok(()));
    sandbox.world.shutdown().await;
}
