//! A stand-in for AWS: just enough of five services, and every misbehaviour that a test asks for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The only service.
pub(crate) const SERVICE: &str = "store-test";
const ARN: &str = "arn:aws:apprunner:us-east-1:000000000000:service/store-test/0123";

/// What the stand-in knows and how it behaves.
pub(crate) struct Facts {
    /// Every operation that was asked for, in order.
    pub(crate) asked: Vec<String>,
    /// Answers to give first, by operation: a status and a code.
    pub(crate) errors: VecDeque<(&'static str, u16, &'static str)>,
    /// Operations whose answer never comes, though they are carried out.
    pub(crate) silent: Vec<&'static str>,
    /// The status of the service.
    pub(crate) status: &'static str,
    /// Its source configuration.
    pub(crate) source: Value,
    /// What the operation that an update starts goes through, one word per look.
    pub(crate) course: VecDeque<&'static str>,
    /// What happens to the source when the operation is final.
    pub(crate) outcome: fn(before: &Value, sent: &Value) -> Value,
    /// The lines of the log of App Runner and of the application.
    pub(crate) logs: [Vec<&'static str>; 2],
    /// Where the database is.
    pub(crate) database: u16,
    /// RDS manages the login itself, in the secret that Secrets Manager knows as `managed`.
    pub(crate) is_managed: bool,
    /// The images of the repository `team/store`: by what they are asked for, their digests.
    pub(crate) images: Vec<(Value, String)>,
    /// The user that Secrets Manager gives.
    pub(crate) username: String,
    /// The password that it gives.
    pub(crate) password: String,
    operations: VecDeque<Value>,
    before: Value,
}

/// A stand-in that serves on a loopback port.
#[derive(Clone)]
pub(crate) struct Cloud {
    facts: Arc<Mutex<Facts>>,
    /// Its address.
    pub(crate) url: String,
}

impl Cloud {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let facts = Facts {
            asked: Vec::new(),
            errors: VecDeque::new(),
            silent: Vec::new(),
            status: "RUNNING",
            source: json!({
                "ImageRepository": {
                    "ImageIdentifier": "registry.example/store:v1.0.0",
                    "ImageRepositoryType": "ECR_PUBLIC",
                    "ImageConfiguration": {"Port": "5000", "RuntimeEnvironmentVariables": {"ENVIRONMENT": "test"}},
                },
                "AutoDeploymentsEnabled": false,
            }),
            course: VecDeque::from(["IN_PROGRESS", "SUCCEEDED"]),
            outcome: |_, sent| sent.clone(),
            logs: [Vec::new(), Vec::new()],
            database: 1,
            is_managed: false,
            images: Vec::new(),
            username: crate::support::postgres::USERNAME.to_owned(),
            password: crate::support::postgres::PASSWORD.to_owned(),
            operations: VecDeque::from([operation("old", "SUCCEEDED")]),
            before: Value::Null,
        };
        let cloud = Self { facts: Arc::new(Mutex::new(facts)), url };
        let router = Router::new().fallback(answer).with_state(cloud.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        cloud
    }

    /// What it knows.
    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap()
    }

    /// How often an operation was asked for.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.facts().asked.iter().filter(|asked| *asked == operation).count()
    }
}

async fn answer(State(cloud): State<Cloud>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).map(str::to_owned);
    let body = String::from_utf8_lossy(&body).into_owned();
    let form =
        || body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or_default().to_owned();
    let is_json = target.is_some();
    let name = target.map_or_else(form, |target| target.rsplit('.').next().unwrap_or_default().to_owned());
    let (response, is_silent) = {
        let mut facts = cloud.facts();
        facts.asked.push(name.clone());
        let planned = facts.errors.iter().position(|(operation, ..)| *operation == name);
        let error = planned.and_then(|index| facts.errors.remove(index));
        let response = match error {
            Some((_, status, code)) if is_json => {
                respond(status, "application/x-amz-json-1.0", &json!({"__type": code, "Message": "told to"}))
            }
            Some((_, status, code)) => {
                let body = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
                text(status, "text/xml", body)
            }
            None => facts.carry_out(&name, &serde_json::from_str(&body).unwrap_or_default()),
        };
        (response, facts.silent.contains(&name.as_str()))
    };
    if is_silent {
        std::future::pending::<()>().await;
    }
    response
}

impl Facts {
    fn carry_out(&mut self, name: &str, body: &Value) -> Response<Body> {
        match name {
            "GetCallerIdentity" => text(200, "text/xml", IDENTITY.to_owned()),
            "DescribeDBInstances" => {
                let managed = if self.is_managed { MANAGED } else { "" };
                let instance = INSTANCE.replace("PORT", &self.database.to_string());
                text(200, "text/xml", instance.replace("MANAGED", managed))
            }
            "GetSecretValue" => {
                let secret = match body["SecretId"].as_str().unwrap_or_default() {
                    "username" => self.username.clone(),
                    "password" | "demo1/webhook" => self.password.clone(),
                    "both" | "managed" => {
                        json!({"username": self.username, "password": self.password}).to_string()
                    }
                    _ => {
                        return respond(
                            400,
                            "application/x-amz-json-1.1",
                            &json!({"__type": "ResourceNotFoundException"}),
                        );
                    }
                };
                json_response(&json!({"Name": body["SecretId"], "SecretString": secret}))
            }
            "DescribeImages" => self.described_image(body),
            "ListServices" => json_response(&json!({"ServiceSummaryList": [
                {"ServiceName": "another", "ServiceArn": "arn:other", "Status": "RUNNING"},
                {"ServiceName": SERVICE, "ServiceArn": ARN, "Status": "RUNNING"},
            ]})),
            "DescribeService" => json_response(&json!({"Service": self.service()})),
            "ListOperations" => {
                let list = json!({"OperationSummaryList": self.operations});
                self.go_on();
                json_response(&list)
            }
            "UpdateService" => {
                self.before = self.source.clone();
                self.source = body["SourceConfiguration"].clone();
                self.status = "OPERATION_IN_PROGRESS";
                self.operations.push_front(operation("new", "PENDING"));
                json_response(&json!({"Service": self.service(), "OperationId": "new"}))
            }
            "FilterLogEvents" => {
                let group = body["logGroupName"].as_str().unwrap_or_default();
                let lines = &self.logs[usize::from(!group.ends_with("/service"))];
                if lines.is_empty() {
                    return respond(
                        400,
                        "application/x-amz-json-1.1",
                        &json!({"__type": "ResourceNotFoundException"}),
                    );
                }
                let events = lines.iter().enumerate().map(|(index, line)| {
                    json!({"eventId": index.to_string(), "timestamp": now().as_secs() * 1000, "message": line})
                });
                json_response(&json!({"events": events.collect::<Vec<_>>()}))
            }
            other => text(400, "text/plain", format!("no {other} here")),
        }
    }

    fn described_image(&self, body: &Value) -> Response<Body> {
        let asked = (&body["registryId"], &body["repositoryName"]);
        assert_eq!(asked, (&json!("123456789012"), &json!("team/store")));
        match self.images.iter().find(|(asked, _)| *asked == body["imageIds"][0]) {
            Some((_, digest)) => json_response(&json!({"imageDetails": [{"imageDigest": digest}]})),
            None => respond(400, "application/x-amz-json-1.1", &json!({"__type": "ImageNotFoundException"})),
        }
    }

    /// Every look at the operations moves the newest one on.
    fn go_on(&mut self) {
        if self.operations[0]["Id"] != "new" {
            return;
        }
        if let Some(word) = self.course.pop_front() {
            self.operations[0]["Status"] = word.into();
            let is_final = !word.ends_with("IN_PROGRESS") && word != "PENDING";
            if is_final {
                self.status = "RUNNING";
                self.source = (self.outcome)(&self.before, &self.source);
            }
        }
    }

    fn service(&self) -> Value {
        json!({
            "ServiceName": SERVICE, "ServiceId": "0123", "ServiceArn": ARN, "ServiceUrl": "store.example",
            "CreatedAt": 1.0, "UpdatedAt": 1.5, "Status": self.status, "SourceConfiguration": self.source,
            "InstanceConfiguration": {"Cpu": "1024", "Memory": "2048"}, "NetworkConfiguration": {},
            "AutoScalingConfigurationSummary": {},
        })
    }
}

fn operation(id: &str, status: &str) -> Value {
    json!({"Id": id, "Type": "UPDATE_SERVICE", "Status": status, "StartedAt": now().as_secs_f64()})
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn json_response(body: &Value) -> Response<Body> {
    respond(200, "application/x-amz-json-1.0", body)
}

fn respond(status: u16, kind: &str, body: &Value) -> Response<Body> {
    text(status, kind, body.to_string())
}

fn text(status: u16, kind: &str, body: String) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap();
    Response::builder().status(status).header("content-type", kind).body(Body::from(body)).unwrap()
}

const IDENTITY: &str = r"<GetCallerIdentityResponse><GetCallerIdentityResult>
<Arn>arn:aws:sts::000000000000:assumed-role/Demo/ana</Arn><UserId>A</UserId><Account>000000000000</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>";

const INSTANCE: &str = r"<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>
<DBInstanceIdentifier>rds</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus>
<Endpoint><Address>127.0.0.1</Address><Port>PORT</Port></Endpoint>MANAGED
</DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>";

const MANAGED: &str =
    "<MasterUserSecret><SecretArn>managed</SecretArn><SecretStatus>active</SecretStatus></MasterUserSecret>";
