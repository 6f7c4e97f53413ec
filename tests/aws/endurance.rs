//! What outlives what: state the process, the API a store's death, nothing the shutdown.

use lockstep::sandbox::aws::{DatabaseAccess, ServiceSeed, World, WorldError};

use super::support::{
    self, PASSWORD, REPOSITORY, Sandbox, eventually, get, image_of, is_running, served_version,
};

#[tokio::test]
async fn a_store_gets_its_contract_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = support::settings(folder.path(), 1_000, &["dev"]);
    let sandbox = Sandbox::with(settings, folder).await;
    let (_, answer) = get(sandbox.address("dev"), "/version").await.expect("served");
    let expected = serde_json::json!({
        "BAGEL_VERSION": "v1.0.0", "BAGEL_IMAGE": format!("{REPOSITORY}:v1.0.0"), "ENVIRONMENT": "dev",
        "DEMO_ID": "demo1", "DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_NAME": "dev_database",
        "DB_USERNAME": "bagel", "DEMO_USERNAME": "demo", "EXTRA": null, "LD_PRELOAD": null,
    });
    assert_eq!(answer["environment"], expected);
    let names: Vec<&str> =
        answer["variables"].as_array().expect("names").iter().filter_map(serde_json::Value::as_str).collect();
    for own in ["HOME", "CARGO_MANIFEST_DIR", "PATH"] {
        assert!(!names.contains(&own), "{own} was handed on: {names:?}");
    }
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_variable_of_the_update_reaches_the_new_store_but_none_of_the_loaders() {
    let sandbox = Sandbox::open(1_000).await;
    let arn = sandbox.arn("dev").await;
    let mut source = sandbox.describe(&arn).await.source_configuration().expect("a source").clone();
    let container = source.image_repository.as_mut().and_then(|image| image.image_configuration.as_mut());
    let variables = container.expect("a container").runtime_environment_variables.get_or_insert_default();
    variables.insert("EXTRA".to_owned(), "cream cheese".to_owned());
    variables.insert("LD_PRELOAD".to_owned(), "/nonexistent.so".to_owned());
    let updating = sandbox.app_runner().update_service().service_arn(&arn).source_configuration(source);
    let operation = updating.send().await.expect("accepted").operation_id().to_owned();
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    let (_, answer) = get(sandbox.address("dev"), "/version").await.expect("served");
    assert_eq!(answer["environment"]["EXTRA"], "cream cheese");
    assert_eq!(answer["environment"]["LD_PRELOAD"], serde_json::Value::Null);
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_killed_store_is_replaced_with_a_line_in_the_log() {
    let sandbox = Sandbox::open(1_000).await;
    let address = sandbox.address("dev");
    let first = get(address, "/version").await.expect("served").1["pid"].as_i64().expect("a pid");
    let number = i32::try_from(first).expect("a process number");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), nix::sys::signal::Signal::SIGKILL)
        .expect("killed");
    let second = eventually("another store serves", async || {
        let (status, answer) = get(address, "/version").await.ok()?;
        (status == 200 && answer["pid"] != first).then(|| answer["version"].clone())
    });
    assert_eq!(second.await, "v1.0.0");
    let lines = sandbox.messages("dev", "service").await;
    assert!(lines.iter().any(|line| line.ends_with("Container exit code: 137")), "{lines:#?}");
    assert_eq!(sandbox.describe(&sandbox.arn("dev").await).await.status().as_str(), "RUNNING");
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn nothing_is_left_running_after_shutdown_even_in_the_middle_of_a_deployment() {
    let sandbox = Sandbox::of(20, &["dev", "prod"]).await;
    let arn = sandbox.arn("dev").await;
    sandbox.update_to(&arn, "v1.1.0").await;
    let processes = eventually("the new store starts", async || {
        let processes = sandbox.processes("dev").await;
        (processes.len() == 2).then_some(processes)
    });
    let processes: Vec<u32> = processes.await.into_iter().chain(sandbox.processes("prod").await).collect();
    assert_eq!(processes.len(), 3);
    assert!(processes.iter().all(|process| is_running(*process)), "{processes:?}");
    sandbox.world.shutdown().await;
    assert!(processes.iter().all(|process| !is_running(*process)), "{processes:?}");
    let error = sandbox.app_runner().pause_service().service_arn(sandbox.arn("prod").await).send().await;
    assert!(error.is_err(), "a closed world begins nothing");
}

#[tokio::test]
async fn what_happened_is_still_there_after_the_world_is_opened_again() {
    let sandbox = Sandbox::open(1_000).await;
    let arn = sandbox.arn("dev").await;
    let operation = sandbox.update_to(&arn, "v1.1.0").await;
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    let lines = sandbox.messages("dev", "service").await;
    let sandbox = sandbox.reopened().await;
    assert_eq!(sandbox.arn("dev").await, arn);
    assert_eq!(sandbox.operation(&arn, &operation).await, "SUCCEEDED");
    assert_eq!(image_of(&sandbox.describe(&arn).await), format!("{REPOSITORY}:v1.1.0"));
    assert_eq!(served_version(sandbox.address("dev")).await.as_deref(), Some("v1.1.0"));
    assert_eq!(sandbox.messages("dev", "service").await, lines);
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn an_update_under_way_at_the_shutdown_is_finished_after_the_next_opening() {
    let sandbox = Sandbox::open(20).await;
    let arn = sandbox.arn("dev").await;
    let operation = sandbox.update_to(&arn, "v1.1.0").await;
    let sandbox = sandbox.reopened().await;
    assert_eq!(sandbox.operation(&arn, &operation).await, "IN_PROGRESS");
    assert_eq!(sandbox.describe(&arn).await.status().as_str(), "OPERATION_IN_PROGRESS");
    assert_eq!(served_version(sandbox.address("dev")).await.as_deref(), Some("v1.0.0"));
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    assert_eq!(served_version(sandbox.address("dev")).await.as_deref(), Some("v1.1.0"));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_rollback_under_way_at_the_shutdown_is_finished_after_the_next_opening() {
    // The rollback itself takes two seconds here: time enough to see it and to close.
    let sandbox = Sandbox::open(30).await;
    let arn = sandbox.arn("dev").await;
    let operation = sandbox.update_to(&arn, "v9.9.9").await;
    eventually("the rollback begins", async || {
        (sandbox.operation(&arn, &operation).await == "ROLLBACK_IN_PROGRESS").then_some(())
    })
    .await;
    assert_eq!(image_of(&sandbox.describe(&arn).await), format!("{REPOSITORY}:v1.0.0"));
    let sandbox = sandbox.reopened().await;
    assert_eq!(sandbox.ended(&arn, &operation).await, "ROLLBACK_SUCCEEDED");
    let service = sandbox.describe(&arn).await;
    assert_eq!(
        (service.status().as_str(), image_of(&service)),
        ("RUNNING", &*format!("{REPOSITORY}:v1.0.0"))
    );
    sandbox.world.shutdown().await;
}

#[test]
fn an_update_survives_a_keeper_that_dies_without_a_word() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let dying = runtime();
    let (settings, folder, arn, operation) = dying.block_on(async {
        let sandbox = Sandbox::open(60).await;
        let arn = sandbox.arn("dev").await;
        let operation = sandbox.update_to(&arn, "v1.1.0").await;
        (sandbox.settings, sandbox.folder, arn, operation)
    });
    // Everything of the first world is dropped where it stands: no shutdown, no last write.
    drop(dying);
    runtime().block_on(async {
        let sandbox = Sandbox::with(settings, folder).await;
        assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
        assert_eq!(served_version(sandbox.address("dev")).await.as_deref(), Some("v1.1.0"));
        sandbox.world.shutdown().await;
    });
}

#[tokio::test]
async fn a_reset_gives_the_same_state_twice_whatever_was_under_way() {
    let sandbox = Sandbox::open(20).await;
    let address = sandbox.address("dev");
    let arn = sandbox.arn("dev").await;
    let file = sandbox.settings.state_folder.join("aws.json");
    let seeds = sandbox.settings.seeds.clone();
    sandbox.world.reset(seeds.clone()).await.expect("reset");
    let first = std::fs::read_to_string(&file).expect("readable");
    let lines = sandbox.messages("dev", "service").await;
    sandbox.update_to(&arn, "v1.1.0").await;
    assert_ne!(std::fs::read_to_string(&file).expect("readable"), first);
    sandbox.world.reset(seeds).await.expect("reset");
    assert_eq!(std::fs::read_to_string(&file).expect("readable"), first);
    assert_eq!(sandbox.messages("dev", "service").await, lines);
    assert_eq!(sandbox.address("dev"), address);
    assert_eq!(served_version(address).await.as_deref(), Some("v1.0.0"));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_reset_to_other_environments_is_refused_and_changes_nothing() {
    let sandbox = Sandbox::open(20).await;
    let mut seeds = sandbox.settings.seeds.clone();
    "qa".clone_into(&mut seeds[0].environment);
    let error = sandbox.world.reset(seeds).await.expect_err("refused").to_string();
    assert!(error.contains("qa was not there"), "{error}");
    let error = sandbox.world.reset(Vec::<ServiceSeed>::new()).await.expect_err("refused").to_string();
    assert!(error.contains("dev is missing"), "{error}");
    assert_eq!(served_version(sandbox.address("dev")).await.as_deref(), Some("v1.0.0"));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn stores_are_started_again_against_a_database_that_moved_and_an_update_goes_on() {
    let sandbox = Sandbox::open(20).await;
    let arn = sandbox.arn("dev").await;
    let operation = sandbox.update_to(&arn, "v1.1.0").await;
    let moved = DatabaseAccess { port: 2, ..sandbox.settings.database.clone() };
    sandbox.world.database_moved(moved).await;
    let (_, answer) = get(sandbox.address("dev"), "/version").await.expect("served");
    assert_eq!((&answer["version"], &answer["environment"]["DB_PORT"]), (&"v1.0.0".into(), &"2".into()));
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    let (_, answer) = get(sandbox.address("dev"), "/version").await.expect("served");
    assert_eq!((&answer["version"], &answer["environment"]["DB_PORT"]), (&"v1.1.0".into(), &"2".into()));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn no_file_of_the_state_folder_holds_the_database_password() {
    let sandbox = Sandbox::open(1_000).await;
    let lines = sandbox.messages("dev", "application").await;
    assert!(lines.iter().any(|line| line == "password is ***"), "{lines:?}");
    sandbox.world.shutdown().await;
    for file in ["aws.json", "logs/events.ndjson"] {
        let text = std::fs::read_to_string(sandbox.settings.state_folder.join(file)).expect("readable");
        assert!(text.contains("bagel-store-demo1-dev"), "{file} says nothing");
        assert!(!text.contains(PASSWORD), "{file} holds the password");
    }
}

#[tokio::test]
async fn a_world_without_its_store_program_or_with_a_damaged_file_does_not_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = support::settings(folder.path(), 1, &["dev"]);
    let store = std::mem::replace(&mut settings.store, folder.path().join("missing"));
    let error = World::open(settings.clone()).await.err().expect("refused");
    assert!(matches!(error, WorldError::StoreMissing { .. }), "{error}");
    settings.store = store;
    std::fs::create_dir_all(&settings.state_folder).expect("made");
    std::fs::write(settings.state_folder.join("aws.json"), "{").expect("written");
    let error = World::open(settings).await.err().expect("refused");
    assert!(matches!(error, WorldError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_wanted_port_is_used_when_it_is_free() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = support::settings(folder.path(), 1_000, &["dev"]);
    settings.ports.insert("dev".to_owned(), port);
    let sandbox = Sandbox::with(settings, folder).await;
    assert_ne!(sandbox.address("dev").port(), port, "it is taken");
    drop(listener);
    let sandbox = sandbox.reopened().await;
    assert_eq!(sandbox.address("dev").port(), port);
    let service = sandbox.describe(&sandbox.arn("dev").await).await;
    assert_eq!(service.service_url(), Some(format!("127.0.0.1:{port}").as_str()));
    sandbox.world.shutdown().await;
}
