//! A moto of one test's own, with what it holds made by the AWS SDK; and in front of it whoever answers for App Runner.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use regex::Regex;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::adapters::cloud::Cloud;

/// The account that moto pretends to be.
pub(super) const ACCOUNT: &str = "123456789012";

/// Where its Python modules are, if they are there.
pub(super) fn modules() -> Option<PathBuf> {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/moto");
    let folder = std::env::var_os("LOCKSTEP_MOTO").map_or(usual, PathBuf::from);
    if folder.join("moto").is_dir() {
        return Some(folder);
    }
    println!("skipped: no moto at LOCKSTEP_MOTO or .tools/moto (make setup-tests)");
    None
}

/// One that serves on a loopback port; gone with this.
pub(crate) struct Moto {
    _process: Child,
    /// Where it answers.
    pub(crate) url: String,
    /// Where App Runner answers as well.
    pub(super) front: String,
}

/// Where requests are passed on to.
#[derive(Clone)]
struct Front {
    app_runner: String,
    moto: String,
    client: reqwest::Client,
}

impl Moto {
    /// Starts one; `None` where it is missing.
    pub(crate) async fn start() -> Option<Self> {
        let mut process = Command::new("python3")
            .args(["-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONPATH", modules()?)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python3 starts");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let running = Regex::new(r"Running on (http://127\.0\.0\.1:\d+)").unwrap();
        let url = async {
            let mut said = Vec::new();
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(hit) = running.captures(&line) {
                    return hit[1].to_owned();
                }
                said.push(line);
            }
            panic!("moto did not start: {said:#?}")
        };
        let url = timeout(Duration::from_mins(1), url).await.expect("moto starts in time");
        // It says something of every request, and must not wait for somebody who reads that.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let cloud = Cloud::start().await;
        let front = Front { app_runner: cloud.url.clone(), moto: url.clone(), client: client() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass_on).with_state(front);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Some(Self { _process: process, url, front: address })
    }

    /// What a client of the SDK needs to call it.
    pub(super) fn config(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(
                "test", "test", None,
            )))
            .endpoint_url(&self.url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }

    /// A client for objects.
    pub(super) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config()).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Makes what a demo has on AWS: the server, its two secrets, the bucket for reports, the log of the service.
    pub(super) async fn furnish(&self) {
        let config = self.config();
        let secrets = aws_sdk_secretsmanager::Client::new(&config);
        for (name, text) in [("demo9/rds/username", "bagel"), ("demo9/rds/password", PASSWORD)] {
            secrets.create_secret().name(name).secret_string(text).send().await.unwrap();
        }
        let servers = aws_sdk_rds::Client::new(&config);
        let server = servers.create_db_instance().db_instance_identifier("bagel-store-demo9-rds");
        let server = server.db_instance_class("db.t3.micro").engine("postgres").allocated_storage(20);
        server.master_username("bagel").master_user_password(PASSWORD).send().await.unwrap();
        self.s3().create_bucket().bucket("demo9-reports").send().await.unwrap();
        let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
        let group = "/aws/apprunner/store-test/0123/service";
        logs.create_log_group().log_group_name(group).send().await.unwrap();
        logs.create_log_stream().log_group_name(group).log_stream_name("events").send().await.unwrap();
    }
}

/// The password of the database, which nobody may tell.
pub(super) const PASSWORD: &str = "a-password-of-nobody";

/// A client that goes nowhere but to this machine.
pub(super) fn client() -> reqwest::Client {
    // An error means that a provider is installed already.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

async fn pass_on(
    State(front): State<Front>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let to = if target.starts_with("AppRunner.") { &front.app_runner } else { &front.moto };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = front.client.request(method, format!("{to}{path}")).headers(headers).body(body);
    let answer = request.send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}
