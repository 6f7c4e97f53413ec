//! Who logs in: where the secrets are, and a password that is changed while somebody is at work.

use std::sync::Arc;

use lockstep::config::LoginSettings;
use lockstep::domain::failure::FailureKind;
use lockstep::engine::effect::{DatabaseCall, Effect, LiquibaseCall};
use lockstep::engine::event::StepOutcome;

use super::ledgers::read;
use super::migrating::{ledger, release, update};
use super::{Rig, ended, perform, run, test};
use crate::support::postgres::{PASSWORD, Postgres, USERNAME};

/// The password after the first rotation. Every test looks for such a word wherever it must not be.
const ROTATED: &str = "s3cr3t/after=the&rotation";

/// A rig whose password can be changed without anybody else's noticing.
async fn alone() -> Rig {
    Rig::on(Arc::new(Postgres::start())).await
}

/// Changes the password in the server, and in Secrets Manager where `is_told`.
async fn rotate(rig: &Rig, password: &str, is_told: bool) {
    let owner = rig.owner().await;
    owner.batch_execute(&format!("alter role {USERNAME} password '{password}'")).await.unwrap();
    if is_told {
        password.clone_into(&mut rig.cloud.facts().password);
    }
}

#[tokio::test]
async fn one_secret_with_both_or_the_one_that_rds_manages_lets_in_like_a_secret_for_each() {
    let mut rig = Rig::new().await;
    rig.cloud.facts().is_managed = true;
    for login in [
        LoginSettings::Managed,
        LoginSettings::Secret("both".to_owned()),
        LoginSettings::Secrets { username: "both".to_owned(), password: "both".to_owned() },
    ] {
        rig.settings.database.login = login;
        read(&rig.adapters()).await.unwrap();
    }
}

#[tokio::test]
async fn a_login_that_cannot_be_is_told_by_what_it_lacks() {
    let mut rig = Rig::new().await;
    rig.settings.database.login = LoginSettings::Managed;
    let failure = read(&rig.adapters()).await.unwrap_err();
    assert_eq!(failure.because, ["RDS does not manage it: the instance has no MasterUserSecret"]);
    assert!(failure.hint.unwrap().contains("[database] secret"));

    rig.settings.database.login = LoginSettings::Secret("password".to_owned());
    let failure = read(&rig.adapters()).await.unwrap_err();
    assert_eq!(failure.what, "could not use the secret password");
    assert_eq!(failure.because, ["it is not a JSON object"]);
    assert_eq!(failure.kind, FailureKind::Configuration);
}

#[tokio::test]
async fn a_password_that_was_rotated_is_asked_for_again_once() {
    let mut rig = alone().await;
    rig.settings.database.login = LoginSettings::Secret("both".to_owned());
    let adapters = rig.adapters();
    read(&adapters).await.unwrap();
    rotate(&rig, ROTATED, true).await;
    assert_eq!(rig.cloud.count("GetSecretValue"), 1);
    // The trail opens a session of its own.
    let trail = || Effect::Database(test(), DatabaseCall::ReadTrail(1));
    let events = perform(&adapters, trail()).await;
    assert!(format!("{events:?}").contains("Trail(Ok"), "{events:?}");
    assert_eq!(rig.cloud.count("GetSecretValue"), 2);
    // From now on it is known.
    perform(&adapters, trail()).await;
    assert_eq!(rig.cloud.count("GetSecretValue"), 2);
}

#[tokio::test]
async fn a_password_that_secrets_manager_does_not_know_yet_is_told_as_that_and_tried_once() {
    let rig = alone().await;
    let adapters = rig.adapters();
    rotate(&rig, ROTATED, false).await;
    let failure = read(&adapters).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Configuration);
    assert!(failure.because[0].starts_with("password authentication failed"), "{failure}");
    assert_eq!(failure.because.last().unwrap(), "Secrets Manager was asked again, and says the same");
    assert!(
        failure
            .hint
            .as_deref()
            .unwrap()
            .ends_with("while a password is being rotated, try again in a minute.")
    );
    ROTATED.clone_into(&mut rig.cloud.facts().password);
    read(&adapters).await.unwrap();
}

#[tokio::test]
async fn a_rotation_between_two_steps_of_a_promotion_is_no_failure() {
    let rig = alone().await;
    let adapters = rig.adapters();
    let release = release(&rig, &adapters, &["create table a (id int)"]).await;
    let lock = perform(&adapters, Effect::Database(test(), DatabaseCall::Lock(run(1)))).await;
    assert!(ended(&lock).is_ok(), "{lock:?}");

    let steps = [
        Effect::Liquibase(test(), LiquibaseCall::Validate(run(1), release.clone())),
        update(&release),
        Effect::Liquibase(test(), LiquibaseCall::Tag(run(1), release.clone(), "v1".to_owned())),
    ];
    for (turn, step) in steps.into_iter().enumerate() {
        let password = if turn % 2 == 0 { ROTATED } else { PASSWORD };
        rotate(&rig, password, true).await;
        let events = perform(&adapters, step).await;
        assert!(ended(&events).is_ok(), "{events:?}");
    }
    assert_eq!(ledger(&adapters).await.last_tag(), Some("v1"));
    perform(&adapters, Effect::Database(test(), DatabaseCall::Unlock(run(1)))).await;
    let again = perform(&adapters, update(&release)).await;
    assert_eq!(ended(&again), Ok(StepOutcome::Done("nothing was pending".to_owned())));
}
