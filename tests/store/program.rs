//! The built program: how it starts, what it prints, how it ends.

use super::shop::{DEMO_PASSWORD, Environment, Guest, settings};
use crate::support::postgres::PASSWORD;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::StatusCode;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(30);

struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Program {
    async fn start(variables: &[(&'static str, String)], flags: &[&str]) -> Self {
        let mut child = command(variables, flags).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        timeout(DEADLINE, stdout.read_line(&mut line))
            .await
            .expect("the store says where it listens")
            .unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap().parse().unwrap();
        Self { child, stdout, address }
    }

    fn terminate(&self) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    }

    async fn ended(&mut self) -> ExitStatus {
        timeout(DEADLINE, self.child.wait()).await.expect("the store ends").unwrap()
    }
}

fn command(variables: &[(&'static str, String)], flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bagel-store"));
    command.env_clear().envs(variables.iter().cloned()).args(flags).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn an_unknown_release_is_refused_at_the_start() {
    let output = command(&settings("v9.9.9", 1, "x"), &[]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(65));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(
        complaint.contains("v9.9.9 is not a release this store can play; use one of v1.0.0"),
        "{complaint}"
    );
    assert!(output.stdout.is_empty());
}

#[tokio::test]
async fn every_missing_setting_is_named_at_once() {
    let output = command(&[], &[]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(65));
    let complaint = String::from_utf8(output.stderr).unwrap();
    for name in ["BAGEL_VERSION", "ENVIRONMENT", "DEMO_ID", "DB_HOST", "DB_PASSWORD", "DEMO_PASSWORD"] {
        assert!(complaint.contains(&format!("bagel-store: {name} is not set")), "{name}: {complaint}");
    }
}

#[tokio::test]
async fn a_taken_port_is_reported_with_its_address() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let mut variables = settings("v1.0.0", 1, "x");
    variables.retain(|(name, _)| *name != "PORT");
    variables.push(("PORT", address.port().to_string()));
    let output = command(&variables, &[]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(69));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains(&format!("could not listen on {address}")), "{complaint}");
}

#[tokio::test]
async fn the_store_starts_without_its_database_and_ends_with_its_parent() {
    let variables = settings("v1.0.0", closed_port().await, "gone");
    let mut program = Program::start(&variables, &["--exit-with-parent"]).await;
    let health = Guest::of(program.address).get("/health").await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    drop(program.child.stdin.take());
    assert!(program.ended().await.success());
}

#[tokio::test]
async fn the_store_outlives_standard_input_unless_told_otherwise() {
    let mut program = Program::start(&settings("v1.0.0", closed_port().await, "gone"), &[]).await;
    drop(program.child.stdin.take());
    assert_eq!(Guest::of(program.address).get("/login").await.status, StatusCode::OK);
    program.terminate();
    assert!(program.ended().await.success());
}

#[tokio::test]
async fn an_order_under_way_is_finished_before_the_store_ends() {
    let environment = Environment::at("v1.0.0").await;
    let mut program =
        Program::start(&settings("v1.0.0", environment.postgres.port, &environment.database), &[]).await;
    let mut guest = Guest::of(program.address);
    guest.sign_in().await;
    guest.put_into_cart(1, 1).await;
    let blocker = environment.connect().await;
    blocker.batch_execute("begin; lock table inventory in access exclusive mode").await.unwrap();
    let order = tokio::spawn(async move { guest.post("/checkout", "").await.status });
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    let under_way = async { while environment.count(waiting).await == 0 {} };
    timeout(DEADLINE, under_way).await.expect("the order waits for the inventory");
    program.terminate();
    let address = program.address;
    let refusing = async { while tokio::net::TcpStream::connect(address).await.is_ok() {} };
    timeout(DEADLINE, refusing).await.expect("no new guest is let in");
    blocker.batch_execute("rollback").await.unwrap();
    assert_eq!(order.await.unwrap(), StatusCode::SEE_OTHER);
    assert!(program.ended().await.success());
    assert_eq!(environment.count("select count(*) from orders").await, 1);
}

#[tokio::test]
async fn no_password_is_ever_printed() {
    let environment = Environment::at("v1.0.0").await;
    let mut variables = settings("v1.0.0", environment.postgres.port, &environment.database);
    variables.retain(|(name, _)| *name != "DB_PASSWORD");
    variables.push(("DB_PASSWORD", format!("wrong-{PASSWORD}")));
    let mut program = Program::start(&variables, &[]).await;
    let mut guest = Guest::of(program.address);
    let health = guest.get("/health").await;
    assert!(health.body.contains("password authentication failed"), "{}", health.body);
    guest.sign_in().await;
    guest.post("/login", "username=demo&password=typed-wrongly").await;
    let page = guest.get("/").await;
    program.terminate();
    program.ended().await;
    let (mut printed, mut complained) = (String::new(), String::new());
    program.stdout.read_to_string(&mut printed).await.unwrap();
    program.child.stderr.take().unwrap().read_to_string(&mut complained).await.unwrap();
    assert!(printed.contains("POST /login 303") && printed.contains("POST /login 401"), "{printed}");
    for secret in [PASSWORD, DEMO_PASSWORD, "typed-wrongly"] {
        for text in [&health.body, &page.body, &printed, &complained] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
