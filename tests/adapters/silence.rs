//! Servers that take a connection and then say nothing, at every point where they can: each wait has an end, in words.

use std::time::Duration;

use lockstep::config::{EncryptionSettings, LoginSettings};
use lockstep::engine::effect::{CloudCall, DatabaseCall, Effect, HealthCall};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::{Rig, perform, run, test};

/// A listener that answers the first bytes of everybody with these, and nothing after that.
async fn silent(first: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let mut bytes = [0; 64];
            if !first.is_empty() && client.read(&mut bytes).await.is_ok_and(|count| count > 0) {
                client.write_all(first).await.unwrap();
            }
            kept.push(client);
        }
    });
    port
}

/// The failure in what was reported, as text.
async fn told(rig: &Rig, effect: Effect) -> String {
    let patience = rig.settings.deadlines.look * 10;
    let events = timeout(patience, perform(&rig.adapters(), effect)).await.expect("every wait has an end");
    format!("{events:?}")
}

#[tokio::test]
async fn a_database_that_falls_silent_before_or_in_the_middle_of_tls_or_of_logging_in_is_given_up() {
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.look = Duration::from_millis(900);
    for (encryption, first) in [
        (EncryptionSettings::Disable, &b""[..]),
        // It wants a password, gets it, and says no more.
        (EncryptionSettings::Disable, b"R\0\0\0\x08\0\0\0\x03"),
        (EncryptionSettings::Require, b""),
        // It agrees to TLS, and does not begin with it.
        (EncryptionSettings::Require, b"S"),
    ] {
        rig.settings.database.encryption = encryption;
        let port = silent(first).await;
        rig.cloud.facts().database = port;
        for call in [
            DatabaseCall::ReadLedger(1),
            DatabaseCall::ReadSchema(1),
            DatabaseCall::ReadTrail(1),
            DatabaseCall::ReadLocks(1),
            DatabaseCall::Lock(run(1)),
        ] {
            let told = told(&rig, Effect::Database(test(), call.clone())).await;
            let words = format!("127.0.0.1:{port}/none did not answer within 0.6 s");
            assert!(told.contains(&words), "{call:?}: {told}");
        }
    }
}

#[tokio::test]
async fn an_aws_that_says_nothing_is_given_up() {
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.look = Duration::from_millis(900);
    let nowhere = format!("http://127.0.0.1:{}", silent(b"").await);
    rig.settings.aws.endpoint_url = Some(nowhere.clone());
    rig.settings.environments[0].aws.endpoint_url = Some(nowhere);
    rig.settings.database.login = LoginSettings::Managed;
    for effect in [
        Effect::Identify,
        Effect::Cloud(test(), CloudCall::Describe(1)),
        Effect::Cloud(test(), CloudCall::ListUpdates(1)),
        Effect::Database(test(), DatabaseCall::ReadLedger(1)),
        Effect::Health(test(), HealthCall::Probe(1)),
    ] {
        let told = told(&rig, effect.clone()).await;
        assert!(
            told.contains("did not answer in time") || told.contains("no answer within"),
            "{effect:?}: {told}"
        );
    }
}

#[tokio::test]
async fn an_application_that_says_nothing_is_given_up() {
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.look = Duration::from_millis(900);
    for address in ["http", "https"] {
        rig.settings.environments[0].address = Some(format!("{address}://127.0.0.1:{}", silent(b"").await));
        let told = told(&rig, Effect::Health(test(), HealthCall::Probe(1))).await;
        assert!(told.contains("did not answer in time") || told.contains("no answer within"), "{told}");
    }
}
