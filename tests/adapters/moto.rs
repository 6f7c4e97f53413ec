//! Another AWS as a peer: moto, which others write. It takes every call that a task of Liquibase needs, or refuses it in AWS's
//! words; it runs nothing, so a task of its own has no exit code.

use lockstep::config::{RunnerKind, TaskSettings};
use lockstep::domain::failure::FailureKind;
use lockstep::engine::effect::{Effect, LiquibaseCall};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::migrating::release_of;
use super::{Rig, advanced, ended, perform, run, test};

/// An AWS made by others, asked without the SDK.
struct Moto {
    address: String,
    _process: crate::peers::moto::Moto,
}

impl Moto {
    /// Starts one; `None` where it is missing.
    async fn start() -> Option<Self> {
        let process = crate::peers::moto::Moto::start().await?;
        let address = process.url.trim_start_matches("http://").to_owned();
        Some(Self { address, _process: process })
    }

    /// Asks a service for something and gives the body of the answer.
    async fn ask(&self, service: &str, head: &str, body: &str) -> String {
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=test/20261128/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
        );
        let request = format!(
            "{head}host: {}\r\nconnection: close\r\nauthorization: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}")).1.to_owned()
    }

    async fn ecs(&self, operation: &str, request: &Value) -> Value {
        let head = format!(
            "POST / HTTP/1.1\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: AmazonEC2ContainerServiceV20141113.{operation}\r\n"
        );
        let answer = self.ask("ecs", &head, &request.to_string()).await;
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{operation}: {answer}"))
    }

    /// The first id of a kind of thing in the network, which moto makes by itself.
    async fn id(&self, action: &str, member: &str) -> String {
        let head = "POST / HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\n";
        let answer = self.ask("ec2", head, &format!("Action={action}&Version=2016-11-15")).await;
        let (_, rest) = answer.split_once(&format!("<{member}>")).unwrap_or_else(|| panic!("{answer}"));
        rest.split('<').next().unwrap().to_owned()
    }

    /// Makes a cluster, a bucket and a task definition; the subnet and the security group of the network.
    async fn ground(&self) -> (String, String) {
        let (subnet, group) = (
            self.id("DescribeSubnets", "subnetId").await,
            self.id("DescribeSecurityGroups", "groupId").await,
        );
        self.ecs("CreateCluster", &json!({"clusterName": "migrations"})).await;
        self.ask("s3", "PUT /team-releases HTTP/1.1\r\n", "").await;
        let log = json!({"logDriver": "awslogs", "options": {"awslogs-group": "/g", "awslogs-stream-prefix": "test"}});
        let container = |name: &str| json!({"name": name, "image": name, "cpu": 0, "memory": 128, "logConfiguration": log});
        let mut liquibase = container("liquibase");
        liquibase["environment"] =
            json!([{"name": "LIQUIBASE_COMMAND_URL", "value": "jdbc:postgresql://h:1/none?a=b"}]);
        liquibase["secrets"] =
            json!([{"name": "LIQUIBASE_COMMAND_PASSWORD", "valueFrom": "arn:aws:secretsmanager:x"}]);
        let definition = json!({
            "family": "liquibase-test", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
            "memory": "512", "containerDefinitions": [container("archive"), liquibase],
        });
        self.ecs("RegisterTaskDefinition", &definition).await;
        (subnet, group)
    }
}

#[tokio::test]
async fn moto_takes_every_call_of_a_task_as_aws_would() {
    let Some(moto) = Moto::start().await else { return };
    let (subnet, group) = moto.ground().await;
    let mut rig = Rig::without_database().await;
    let url = format!("http://{}", moto.address);
    rig.settings.aws.endpoint_url = Some(url);
    rig.settings.environments[0].aws = rig.settings.aws.clone();
    rig.settings.liquibase.runner = RunnerKind::Ecs;
    rig.settings.liquibase.task = Some(TaskSettings {
        cluster: "migrations".to_owned(),
        family: "liquibase-{environment}".to_owned(),
        container: "liquibase".to_owned(),
        archive_container: "archive".to_owned(),
        archive_path: "/release/changelog.zip".to_owned(),
        subnets: vec![subnet],
        security_groups: vec![group],
        has_public_address: true,
        bucket: "team-releases".to_owned(),
        prefix: "a".to_owned(),
    });
    let adapters = rig.adapters();
    let sql = "--liquibase formatted sql\n--changeset store:1\nselect 1;\n--rollback empty\n".to_owned();
    let release = release_of(&rig, &adapters, sql).await;
    let call = LiquibaseCall::Validate(run(1), release.clone());
    let events = perform(&adapters, Effect::Liquibase(test(), call)).await;
    // It went all the way to the end of the task, and a task without an exit code has never started.
    let failure = ended(&events).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure:?}");
    assert!(failure.because[0].contains("never started"), "{failure:?}");
    assert!(advanced(&events).contains(&"the task is stopped"), "{events:?}");

    let listed = moto.ecs("ListTasks", &json!({"cluster": "migrations", "family": "liquibase-test"})).await;
    let described =
        moto.ecs("DescribeTasks", &json!({"cluster": "migrations", "tasks": listed["taskArns"]})).await;
    let task = &described["tasks"][0];
    assert_eq!(
        (&task["startedBy"], &task["launchType"]),
        (&json!("lockstep/r-1-test/validate"), &json!("FARGATE"))
    );
    let overrides = task["overrides"]["containerOverrides"].as_array().unwrap();
    let object = format!("a/{}/{}", release.archive_digest, release.archive);
    assert_eq!(
        overrides[0],
        json!({"name": "archive", "command": ["s3", "cp", format!("s3://team-releases/{object}"), "/release/changelog.zip"]})
    );
    assert_eq!(overrides[1]["command"][2], "validate", "{task:#}");
    let url = overrides[1]["environment"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "LIQUIBASE_COMMAND_URL");
    assert_eq!(url.unwrap()["value"], "jdbc:postgresql://h:1/none?ApplicationName=r-1-test&a=b");
    let stored = moto.ask("s3", &format!("GET /team-releases/{object} HTTP/1.1\r\n"), "").await;
    assert!(stored.starts_with("PK"), "the archive is there: {stored}");
}
