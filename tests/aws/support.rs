//! A world with its API on a loopback port, the AWS clients that talk to it, and a way to wait.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_apprunner::types::{Service, SourceConfiguration};
use aws_smithy_http_client::tls;
use axum::serve::ListenerExt as _;
use jiff::Timestamp;
use lockstep::sandbox::aws::{DatabaseAccess, ServiceSeed, Settings, World};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How long anything may take before a test gives up; generous, because the machine may be busy.
const DEADLINE: Duration = Duration::from_mins(1);

/// The images of the tests' world.
pub(crate) const REPOSITORY: &str = "public.ecr.aws/l1v5b6d6/demo1-bagel-store";

/// The database password of the tests' world.
pub(crate) const PASSWORD: &str = "a-word-no-log-may-hold";

/// An open world, its API and its folder.
pub(crate) struct Sandbox {
    pub(crate) world: World,
    pub(crate) endpoint: String,
    pub(crate) settings: Settings,
    pub(crate) folder: TempDir,
}

/// Settings for a world in `folder` with one service per environment, running `v1.0.0` after `v0.9.0`.
pub(crate) fn settings(folder: &Path, time_factor: u32, environments: &[&str]) -> Settings {
    let started: Timestamp = "2026-01-05T09:00:00Z".parse().expect("a moment");
    let seeds = environments.iter().map(|environment| ServiceSeed {
        environment: (*environment).to_owned(),
        database: format!("{environment}_database"),
        deployments: vec![
            ("v0.9.0".to_owned(), started),
            ("v1.0.0".to_owned(), started + Duration::from_hours(24)),
        ],
    });
    let versions = ["v0.9.0", "v1.0.0", "v1.1.0", "v1.2.0-unhealthy", "v1.3.0-crash", "v1.4.0-fragile"];
    Settings {
        demo_id: "demo1".to_owned(),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        time_factor,
        state_folder: folder.join("state"),
        store: stand_in_store().to_owned(),
        database: DatabaseAccess {
            host: "127.0.0.1".to_owned(),
            port: 1,
            username: "bagel".to_owned(),
            password: PASSWORD.to_owned(),
        },
        login: ("demo".to_owned(), "let me in".to_owned()),
        liquibase: None,
        known_versions: versions.map(str::to_owned).to_vec(),
        image_repository: REPOSITORY.to_owned(),
        seeds: seeds.collect(),
        ports: BTreeMap::new(),
        faults: lockstep::sandbox::faults::Board::default(),
    }
}

impl Sandbox {
    /// A world of one environment, `dev`.
    pub(crate) async fn open(time_factor: u32) -> Self {
        Self::of(time_factor, &["dev"]).await
    }

    /// A world of these environments.
    pub(crate) async fn of(time_factor: u32, environments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path(), time_factor, environments);
        Self::with(settings, folder).await
    }

    /// A world with these settings.
    pub(crate) async fn with(settings: Settings, folder: TempDir) -> Self {
        let world = World::open(settings.clone()).await.expect("the world opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a socket"));
        let router = world.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { world, endpoint, settings, folder }
    }

    /// The same folder opened again, after the world was shut down.
    pub(crate) async fn reopened(self) -> Self {
        self.world.shutdown().await;
        Self::with(self.settings, self.folder).await
    }

    pub(crate) fn app_runner(&self) -> aws_sdk_apprunner::Client {
        aws_sdk_apprunner::Client::new(&self.config())
    }

    pub(crate) fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config())
    }

    /// Everything an AWS client needs, none of it from the machine's own configuration.
    pub(crate) fn config(&self) -> SdkConfig {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(
                "test", "test", None,
            )))
            .endpoint_url(&self.endpoint)
            .http_client(http)
            .build()
    }

    /// The ARN of an environment's service.
    pub(crate) async fn arn(&self, environment: &str) -> String {
        let listed = self.app_runner().list_services().send().await.expect("services");
        let name = format!("bagel-store-demo1-{environment}");
        let service =
            listed.service_summary_list().iter().find(|service| service.service_name() == Some(&name));
        service.and_then(|service| service.service_arn()).expect("the service").to_owned()
    }

    pub(crate) async fn describe(&self, arn: &str) -> Service {
        let described = self.app_runner().describe_service().service_arn(arn).send().await;
        described.expect("described").service.expect("a service")
    }

    /// Asks for another version of the image and nothing else; returns the operation's id.
    pub(crate) async fn update_to(&self, arn: &str, version: &str) -> String {
        let service = self.describe(arn).await;
        let source = with_image(&service, &format!("{REPOSITORY}:{version}"));
        let updating = self.app_runner().update_service().service_arn(arn).source_configuration(source);
        updating.send().await.expect("accepted").operation_id().to_owned()
    }

    /// The status of an operation.
    pub(crate) async fn operation(&self, arn: &str, id: &str) -> String {
        let listed = self.app_runner().list_operations().service_arn(arn).send().await.expect("operations");
        let row = listed.operation_summary_list().iter().find(|operation| operation.id() == Some(id));
        row.and_then(|row| row.status()).expect("the operation").as_str().to_owned()
    }

    /// Waits until an operation has ended and returns its status.
    pub(crate) async fn ended(&self, arn: &str, id: &str) -> String {
        eventually("the operation ends", async || {
            let status = self.operation(arn, id).await;
            (!matches!(status.as_str(), "IN_PROGRESS" | "PENDING" | "ROLLBACK_IN_PROGRESS")).then_some(status)
        })
        .await
    }

    /// The messages of one kind of log group of the service of an environment.
    pub(crate) async fn messages(&self, environment: &str, kind: &str) -> Vec<String> {
        let arn = self.arn(environment).await;
        let id = arn.rsplit('/').next().expect("an id");
        let group = format!("/aws/apprunner/bagel-store-demo1-{environment}/{id}/{kind}");
        let found = self.logs().filter_log_events().log_group_name(group).send().await.expect("events");
        found.events().iter().filter_map(|event| event.message().map(str::to_owned)).collect()
    }

    /// The public address of an environment.
    pub(crate) fn address(&self, environment: &str) -> SocketAddr {
        self.world.addresses()[environment]
    }

    /// The process numbers of every store that ever printed something in an environment.
    pub(crate) async fn processes(&self, environment: &str) -> Vec<u32> {
        let messages = self.messages(environment, "application").await;
        let numbers =
            messages.iter().filter_map(|line| line.strip_prefix("pid ")?.split(' ').next()?.parse().ok());
        numbers.collect()
    }
}

/// The source of a service with another image and everything else as it is.
pub(crate) fn with_image(service: &Service, image: &str) -> SourceConfiguration {
    let mut source = service.source_configuration().expect("a source").clone();
    let repository = source.image_repository.as_mut().expect("an image repository");
    image.clone_into(&mut repository.image_identifier);
    source
}

/// The image a service shows.
pub(crate) fn image_of(service: &Service) -> &str {
    let repository = service.source_configuration().and_then(|source| source.image_repository());
    repository.map_or("", |repository| repository.image_identifier())
}

/// Repeats a look until it gives a value; fails the test after a minute.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, looking).await.unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

/// Status and JSON body of a GET over a connection of its own.
pub(crate) async fn get(address: SocketAddr, path: &str) -> std::io::Result<(u16, serde_json::Value)> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let status = status.ok_or_else(|| std::io::Error::other(format!("no status in {answer:?}")))?;
    Ok((status, serde_json::from_str(body).unwrap_or_default()))
}

/// The version an environment's public address serves; `None` while it serves none.
pub(crate) async fn served_version(address: SocketAddr) -> Option<String> {
    let (status, body) = get(address, "/version").await.ok()?;
    (status == 200).then(|| body["version"].as_str().expect("a version").to_owned())
}

/// Whether a process is there.
pub(crate) fn is_running(process: u32) -> bool {
    let number = i32::try_from(process).expect("a process number");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), None).is_ok()
}

/// A program that starts the stand-in store with a Python found before the environment is cleared.
fn stand_in_store() -> &'static Path {
    static STORE: OnceLock<(PathBuf, TempDir)> = OnceLock::new();
    &STORE.get_or_init(make_stand_in_store).0
}

fn make_stand_in_store() -> (PathBuf, TempDir) {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    let python = asked.expect("these tests need python3 on the path").stdout;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/stand_in_store.py");
    let lines =
        format!("exec '{}' -I '{}' \"$@\"", String::from_utf8_lossy(&python).trim(), script.display());
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("stand-in-store");
    // Another process writes it: were it open for writing here, a test that forks at this moment would
    // inherit it open, and the system would refuse to run it ("text file busy").
    let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\" && chmod 755 \"$2\"";
    let made = Command::new("/bin/sh").args(["-c", write, "sh", &lines]).arg(&store).status();
    assert!(made.expect("a shell").success());
    (store, folder)
}
