//! Encrypted connections to a real server, with certificates that are made here: what is taken, what is not, and why.

use std::path::PathBuf;
use std::sync::Arc;

use lockstep::config::{EncryptionSettings, TrustSettings};
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::plan::Until;
use lockstep::engine::effect::{DatabaseCall, Effect, LiquibaseCall};
use lockstep::engine::event::StepOutcome;

use super::ledgers::{TABLES, read};
use super::migrating::{applied, ledger, release, release_of, update};
use super::{Rig, ended, perform, run, test};
use crate::support::certificates::Authority;
use crate::support::postgres::Postgres;

/// A server with a certificate that `authority` has signed for `name`, and that counts until the end of a year.
fn server(authority: &Authority, name: &str, until: i32) -> Arc<Postgres> {
    let (certificate, key) = authority.sign(name, until);
    Arc::new(Postgres::start_with(Some((&certificate, &key))))
}

/// The authority's own certificate as a file, whose name has what an address has to escape.
fn bundle(authority: &Authority, rig: &Rig, name: &str) -> PathBuf {
    let path = rig.releases.path().join(format!("{name} & co+.pem"));
    std::fs::write(&path, authority.pem()).unwrap();
    path
}

/// Looks at the ledger, encrypted like this, with adapters that have found nothing out yet.
async fn look(rig: &mut Rig, encryption: EncryptionSettings) -> Result<(), Failure> {
    rig.settings.database.encryption = encryption;
    read(&rig.adapters()).await.map(|_| ())
}

fn mend(failure: &Failure) -> &str {
    failure.hint.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn a_server_is_taken_by_as_much_of_its_certificate_as_was_asked_for_and_refused_with_the_reason() {
    let (own, other) = (Authority::new("own"), Authority::new("other"));
    let mut rig = Rig::on(server(&own, "127.0.0.1", 2099)).await;
    rig.client().await.batch_execute(TABLES).await.unwrap();
    let (good, wrong) = (bundle(&own, &rig, "own"), bundle(&other, &rig, "other"));
    let full = |path: &PathBuf| EncryptionSettings::VerifyFull(TrustSettings::Bundle(path.clone()));
    let by_authority = |path: &PathBuf| EncryptionSettings::VerifyCa(TrustSettings::Bundle(path.clone()));

    for encryption in [full(&good), by_authority(&good), EncryptionSettings::Require] {
        look(&mut rig, encryption).await.unwrap();
    }
    for encryption in [full(&wrong), by_authority(&wrong)] {
        let failure = look(&mut rig, encryption).await.unwrap_err();
        assert_eq!(failure.what, "could not connect to the database of test");
        let reason = format!("the certificate of 127.0.0.1 is signed by nobody in {}", wrong.display());
        assert_eq!((failure.kind, &failure.because), (FailureKind::Configuration, &vec![reason]));
        assert!(
            mend(&failure).starts_with("Set [database] ca_bundle to the authority of this server"),
            "{failure}"
        );
    }
    let failure = look(&mut rig, EncryptionSettings::VerifyFull(TrustSettings::System)).await.unwrap_err();
    assert_eq!(
        failure.because,
        ["the certificate of 127.0.0.1 is signed by nobody in what this machine trusts"]
    );
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_by_its_names_and_taken_where_only_the_authority_counts() {
    let own = Authority::new("own");
    let mut rig = Rig::on(server(&own, "db.example", 2099)).await;
    rig.client().await.batch_execute(TABLES).await.unwrap();
    let trust = || TrustSettings::Bundle(bundle(&own, &rig, "own"));
    let (full, by_authority) =
        (EncryptionSettings::VerifyFull(trust()), EncryptionSettings::VerifyCa(trust()));
    let failure = look(&mut rig, full).await.unwrap_err();
    assert_eq!(failure.because, ["the certificate is not for 127.0.0.1, but for db.example"]);
    assert!(mend(&failure).starts_with("Reach the server by a name that its certificate has."), "{failure}");
    look(&mut rig, by_authority).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_refused_with_the_day() {
    let own = Authority::new("own");
    let mut rig = Rig::on(server(&own, "127.0.0.1", 2024)).await;
    let trust = || TrustSettings::Bundle(bundle(&own, &rig, "own"));
    for encryption in [EncryptionSettings::VerifyFull(trust()), EncryptionSettings::VerifyCa(trust())] {
        let failure = look(&mut rig, encryption).await.unwrap_err();
        assert_eq!(failure.because, ["the certificate of 127.0.0.1 has expired, at 2024-12-31T00:00:00Z"]);
        assert!(mend(&failure).starts_with("Renew it"), "{failure}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_never_asked_in_the_clear() {
    let own = Authority::new("own");
    let mut rig = Rig::new().await;
    let trust = TrustSettings::Bundle(bundle(&own, &rig, "own"));
    for encryption in [EncryptionSettings::Require, EncryptionSettings::VerifyFull(trust)] {
        let failure = look(&mut rig, encryption).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Configuration);
        let place = format!("127.0.0.1:{}/{}", rig.server.as_ref().unwrap().port, rig.database);
        assert_eq!(failure.because, [format!("the server at {place} offers no TLS")]);
        assert!(
            mend(&failure).contains("does not fall back to a connection that is not encrypted"),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_server_that_takes_encrypted_sessions_only_says_so_to_whoever_comes_in_the_clear() {
    let own = Authority::new("own");
    let mut rig = Rig::on(server(&own, "127.0.0.1", 2099)).await;
    let server = rig.server.clone().unwrap();
    let owner = server.connect("postgres").await;
    let file: String = owner.query_one("show hba_file", &[]).await.unwrap().get(0);
    std::fs::write(file, "hostssl all all all scram-sha-256\n").unwrap();
    owner.batch_execute("select pg_reload_conf()").await.unwrap();
    let fault = "select count(*) from pg_hba_file_rules where type <> 'hostssl'";
    assert_eq!(owner.query_one(fault, &[]).await.unwrap().get::<_, i64>(0), 0);
    // The server reads its file a moment after it was told to.
    let failure = loop {
        if let Err(failure) = look(&mut rig, EncryptionSettings::Disable).await
            && failure.kind == FailureKind::Configuration
        {
            break failure;
        }
    };
    assert!(failure.because[1].ends_with("takes encrypted connections only"), "{failure}");
    assert!(mend(&failure).starts_with("Set [database] ca_bundle"), "{failure}");
    let trust = TrustSettings::Bundle(bundle(&own, &rig, "own"));
    rig.settings.database.encryption = EncryptionSettings::VerifyFull(trust);
    let greeted = perform(&rig.adapters(), Effect::Database(test(), DatabaseCall::ReadLedger(1))).await;
    assert!(format!("{greeted:?}").contains("Ledger(Ok"), "{greeted:?}");
}

/// Every session of Liquibase is encrypted, or it cannot run: its changesets ask the server.
const ENCRYPTED: &str = "do $$ begin if not (select ssl from pg_stat_ssl where pid = pg_backend_pid()) \
     then raise exception 'in the clear'; end if; end $$";

#[tokio::test]
async fn liquibase_connects_in_every_mode_as_lockstep_does() {
    let own = Authority::new("own");
    let server = server(&own, "127.0.0.1", 2099);
    for mode in ["require", "verify-ca", "verify-full"] {
        let mut rig = Rig::on(server.clone()).await;
        let trust = TrustSettings::Bundle(bundle(&own, &rig, "own"));
        rig.settings.database.encryption = match mode {
            "require" => EncryptionSettings::Require,
            "verify-ca" => EncryptionSettings::VerifyCa(trust),
            _ => EncryptionSettings::VerifyFull(trust),
        };
        let adapters = rig.adapters();
        let changeset =
            format!("--changeset store:1 splitStatements:false\n{ENCRYPTED};\n--rollback empty\n");
        let sql = format!("--liquibase formatted sql\n{changeset}");
        let release = release_of(&rig, &adapters, sql).await;
        let events = perform(&adapters, update(&release)).await;
        let done = StepOutcome::Done("1 changeset was applied".to_owned());
        assert_eq!(ended(&events), Ok(done), "{mode}: {events:?}");
        assert_eq!(applied(&events), ["1"]);
    }
}

#[tokio::test]
async fn a_whole_migration_goes_by_a_certificate_that_is_checked_in_full() {
    let own = Authority::new("own");
    let mut rig = Rig::on(server(&own, "127.0.0.1", 2099)).await;
    let trust = TrustSettings::Bundle(bundle(&own, &rig, "own"));
    rig.settings.database.encryption = EncryptionSettings::VerifyFull(trust);
    let adapters = rig.adapters();
    let release = release(&rig, &adapters, &["create table a (id int)", "create table b (id int)"]).await;
    let steps = [
        Effect::Database(test(), DatabaseCall::Lock(run(1))),
        Effect::Liquibase(test(), LiquibaseCall::Validate(run(1), release.clone())),
        update(&release),
        Effect::Liquibase(test(), LiquibaseCall::Tag(run(1), release.clone(), "v1".to_owned())),
        Effect::Liquibase(test(), LiquibaseCall::Rollback(run(1), release.clone(), Until::Count(1))),
    ];
    for step in steps {
        let events = perform(&adapters, step).await;
        assert!(ended(&events).is_ok(), "{events:?}");
    }
    perform(&adapters, Effect::Database(test(), DatabaseCall::Unlock(run(1)))).await;
    assert_eq!(ledger(&adapters).await.rows.len(), 1);
}

#[tokio::test]
async fn liquibase_is_not_started_towards_a_server_that_lockstep_does_not_take() {
    let (own, other) = (Authority::new("own"), Authority::new("other"));
    let mut rig = Rig::on(server(&own, "127.0.0.1", 2099)).await;
    let adapters = rig.adapters();
    let release = release(&rig, &adapters, &["select 1"]).await;
    let trust = TrustSettings::Bundle(bundle(&other, &rig, "other"));
    rig.settings.database.encryption = EncryptionSettings::VerifyFull(trust);
    let validate = Effect::Liquibase(test(), LiquibaseCall::Validate(run(1), release));
    let events = perform(&rig.adapters(), validate).await;
    let failure = ended(&events).unwrap_err();
    assert!(failure.because[0].contains("is signed by nobody in"), "{failure}");
    assert_eq!(super::logged(&events), Vec::<&str>::new(), "Liquibase said nothing");
}
