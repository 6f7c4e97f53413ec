//! Witnesses that are not lockstep: PostgreSQL and the emulated AWS, asked directly.

use std::fs;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_apprunner::Client;
use aws_sdk_apprunner::types::Service;
use aws_smithy_http_client::tls;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

use super::place::{DEMO, Place};

impl Place {
    /// What the running sandbox says of itself.
    pub(crate) fn ready(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.sandbox().join("ready.json")).unwrap()).unwrap()
    }

    /// A session with the password of the pgpass file.
    pub(crate) async fn database(&self, environment: &str) -> tokio_postgres::Client {
        let line = fs::read_to_string(self.sandbox().join("pgpass")).unwrap();
        let [host, port, _, user, password] = line.trim().split(':').collect::<Vec<_>>()[..] else {
            panic!("pgpass has another form");
        };
        let mut config = tokio_postgres::Config::new();
        config.host(host).port(port.parse().unwrap()).user(user).password(password).dbname(environment);
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// The number that a query gives.
    pub(crate) async fn count(&self, environment: &str, query: &str) -> i64 {
        self.database(environment).await.query_one(query, &[]).await.unwrap().get(0)
    }

    /// The changesets that have their row, in the order they ran.
    pub(crate) async fn changesets(&self, environment: &str) -> Vec<String> {
        let query = "select id from databasechangelog order by orderexecuted";
        let rows = self.database(environment).await.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The version of the image that App Runner runs, and the status of the service.
    pub(crate) async fn service(&self, environment: &str) -> (String, String) {
        let client = Client::new(&self.cloud());
        let listed = client.list_services().send().await.unwrap();
        let name = format!("bagel-store-{DEMO}-{environment}");
        let mut services = listed.service_summary_list().iter();
        let arn =
            services.find(|service| service.service_name() == Some(&name)).unwrap().service_arn().unwrap();
        let service = client.describe_service().service_arn(arn).send().await.unwrap().service.unwrap();
        (version(&service), service.status().as_str().to_owned())
    }

    /// What the application of an environment answers, as JSON.
    pub(super) async fn asked(&self, environment: &str, path: &str) -> Value {
        let ready = self.ready();
        let address = ready["stores"][environment].as_str().unwrap().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    fn cloud(&self) -> SdkConfig {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(
                "test", "test", None,
            )))
            .endpoint_url(self.ready()["endpoint_url"].as_str().unwrap())
            .http_client(http)
            .build()
    }
}

fn version(service: &Service) -> String {
    let repository = service.source_configuration().and_then(|source| source.image_repository()).unwrap();
    repository.image_identifier().rsplit(':').next().unwrap().to_owned()
}
