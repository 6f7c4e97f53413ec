//! A sandbox whose server encrypts: a promotion goes by its certificate, and by no other.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tokio_postgres::{Client, Config, NoTls};

use super::place::{FAST, Place};
use crate::support::certificates::Authority;
use crate::support::postgres::keep_private;

/// A session with the sandbox's server.
async fn session(place: &Place) -> Client {
    let ready: Value =
        serde_json::from_slice(&fs::read(place.sandbox().join("ready.json")).unwrap()).unwrap();
    let server = &ready["postgres"];
    let mut config = Config::new();
    config.host("127.0.0.1").port(u16::try_from(server["port"].as_u64().unwrap()).unwrap());
    config.user(server["user"].as_str().unwrap()).password(place.password().unwrap()).dbname("postgres");
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Lets the server encrypt, and nobody into the database of dev who does not.
async fn encrypt(place: &Place, authority: &Authority) {
    let owner = session(place).await;
    let shown = async |what: &str| -> String { owner.query_one(what, &[]).await.unwrap().get(0) };
    let data = shown("show data_directory").await;
    let (certificate, key) = authority.sign("127.0.0.1", 2099);
    for (name, text) in [("server.crt", certificate.as_str()), ("server.key", key.as_str())] {
        keep_private(&Path::new(&data).join(name), text);
    }
    let rules = shown("show hba_file").await;
    let before = fs::read_to_string(&rules).unwrap();
    let only = "hostssl dev all all scram-sha-256\nhost dev all all reject\n";
    fs::write(&rules, format!("{only}{before}")).unwrap();
    owner.batch_execute("alter system set ssl = on").await.unwrap();
    owner.batch_execute("select pg_reload_conf()").await.unwrap();
    // The server reads its files a moment after it was told to.
    while session(place).await.query_one("show ssl", &[]).await.unwrap().get::<_, String>(0) != "on" {}
}

/// Puts lines into `[database]` of the sandbox's file, in the place of those that were put there before.
fn configure(place: &Place, lines: &str) {
    let file = place.sandbox().join("lockstep.toml");
    let text = fs::read_to_string(&file).unwrap();
    let kept = text.lines().filter(|line| !line.starts_with("ca_bundle")).collect::<Vec<_>>().join("\n");
    fs::write(&file, kept.replacen("[database]", &format!("[database]\n{lines}"), 1)).unwrap();
}

#[tokio::test]
async fn a_promotion_is_proven_over_a_connection_whose_certificate_is_checked_in_full() {
    let place = Place::awake(FAST).await;
    let (own, other) = (Authority::new("own"), Authority::new("other"));
    encrypt(&place, &own).await;
    fs::write(place.sandbox().join("own.pem"), own.pem()).unwrap();
    fs::write(place.sandbox().join("other.pem"), other.pem()).unwrap();

    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert!(said.code != 0 && said.err.contains("Set [database] ca_bundle"), "in the clear: {said:?}");
    configure(&place, "ca_bundle = \"other.pem\"");
    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert!(said.code != 0 && said.err.contains("is signed by nobody in"), "{said:?}");
    // What this machine trusts may be said by a variable; Java, which has a list of its own, is given the same.
    configure(&place, "ca_bundle = \"system\"");
    let trusted = place.sandbox().join("own.pem");
    let said = |words: &[&str]| {
        let output = place.command(words).env("SSL_CERT_FILE", &trusted).output();
        async move { String::from_utf8(output.await.unwrap().stdout).unwrap() }
    };
    let plan: Value =
        serde_json::from_str(&said(&["plan", "test", "--release", "v1.2.0", "--output", "json"]).await)
            .unwrap();
    let short = plan["plan"]["short"].as_str().unwrap();
    let flags = ["--release", "v1.2.0", "--confirm", "test", "--plan", short];
    said(&[&["promote", "test"], &flags[..]].concat()).await;

    configure(&place, "ca_bundle = \"own.pem\"");
    place.ok(&["promote", "dev", "--release", "v1.4.0"]).await;
    let status = place.json(&["status"]).await;
    let versions = [0, 1].map(|index| status["environments"][index]["version"].clone());
    assert_eq!(versions, ["v1.4.0", "v1.2.0"]);
    place.ok(&["demo", "down"]).await;
}
