//! What the sandbox's App Runner answers, held against AWS's own service model: every operation that it has, every refusal
//! that it knows.

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use super::moto;
use crate::aws::support::Sandbox;

/// Asks as a client would, and keeps every answer as it came.
struct Recorder {
    endpoint: String,
    client: reqwest::Client,
    records: Vec<Value>,
}

impl Recorder {
    fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), client: moto::client(), records: Vec::new() }
    }

    /// One call of App Runner.
    async fn ask(&mut self, operation: &str, body: &Value) -> Value {
        let signature = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/apprunner/aws4_request, SignedHeaders=host, Signature=0";
        self.ask_as(operation, body, Some(signature)).await
    }

    async fn ask_as(&mut self, operation: &str, body: &Value, signature: Option<&str>) -> Value {
        let request =
            self.client.post(&self.endpoint).header("x-amz-target", format!("AppRunner.{operation}"));
        let request = request.header("content-type", "application/x-amz-json-1.0").body(body.to_string());
        let request = match signature {
            Some(signature) => request.header("authorization", signature),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let record =
            json!({ "service": "apprunner", "operation": operation, "status": status, "body": body });
        self.records.push(record);
        body
    }

    /// The operations that were answered as asked, and the errors that came.
    fn seen(&self, is_good: bool) -> Vec<&str> {
        let key = |record: &Value| record["status"] == 200;
        let name = |record| -> &str {
            let record: &Value = record;
            if is_good {
                record["operation"].as_str().unwrap()
            } else {
                record["body"]["__type"].as_str().unwrap()
            }
        };
        let mut seen: Vec<_> =
            self.records.iter().filter(|record| key(record) == is_good).map(name).collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }
}

/// What the script says of these answers.
async fn judged(records: &[Value]) -> Option<Vec<String>> {
    let modules = moto::modules()?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers.json");
    std::fs::write(&file, serde_json::to_vec(records).unwrap()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/conformance.py");
    let output =
        Command::new("python3").arg(script).arg(&file).env("PYTHONPATH", modules).output().await.unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(err.contains(&format!("{} answers", records.len())), "{err}");
    assert_eq!(output.status.success(), out.is_empty(), "{out}{err}");
    Some(out.lines().map(str::to_owned).collect())
}

#[tokio::test]
async fn every_answer_of_the_sandboxs_app_runner_is_one_that_aws_could_give() {
    let sandbox = Sandbox::of(1_000, &["dev", "test"]).await;
    let arn = sandbox.arn("dev").await;
    let mut recorder = Recorder::new(&sandbox.endpoint);
    let service = json!({ "ServiceArn": arn });

    recorder.ask("ListServices", &json!({})).await;
    let page = recorder.ask("ListServices", &json!({ "MaxResults": 1 })).await;
    recorder.ask("ListServices", &json!({ "MaxResults": 1, "NextToken": page["NextToken"] })).await;
    let described = recorder.ask("DescribeService", &service).await;
    let mut source = described["Service"]["SourceConfiguration"].clone();
    let unchanged = json!({ "ServiceArn": arn, "SourceConfiguration": source });
    recorder.ask("UpdateService", &unchanged).await;
    for version in ["v1.1.0", "v1.2.0-unhealthy"] {
        let image = format!("{}:{version}", crate::aws::support::REPOSITORY);
        source["ImageRepository"]["ImageIdentifier"] = image.into();
        let body = json!({ "ServiceArn": arn, "SourceConfiguration": source });
        let updated = recorder.ask("UpdateService", &body).await;
        // While it is under way: shown as such, and nothing else may begin.
        recorder.ask("DescribeService", &service).await;
        recorder.ask("ListOperations", &service).await;
        recorder.ask("UpdateService", &body).await;
        recorder.ask("PauseService", &service).await;
        recorder.ask("StartDeployment", &service).await;
        sandbox.ended(&arn, updated["OperationId"].as_str().unwrap()).await;
        recorder.ask("ListOperations", &service).await;
    }
    let page = recorder.ask("ListOperations", &json!({ "ServiceArn": arn, "MaxResults": 1 })).await;
    let next = json!({ "ServiceArn": arn, "MaxResults": 1, "NextToken": page["NextToken"] });
    recorder.ask("ListOperations", &next).await;
    for operation in ["PauseService", "ResumeService", "StartDeployment"] {
        let begun = recorder.ask(operation, &service).await;
        sandbox
            .ended(&arn, begun["OperationId"].as_str().unwrap_or_else(|| panic!("{operation}: {begun}")))
            .await;
        recorder.ask("DescribeService", &service).await;
    }
    recorder.ask("ResumeService", &service).await;
    recorder.ask("ListOperations", &service).await;

    // What is refused.
    let nowhere = json!({ "ServiceArn": arn.replace("demo1-dev", "demo1-qa") });
    for operation in [
        "DescribeService",
        "ListOperations",
        "UpdateService",
        "PauseService",
        "ResumeService",
        "StartDeployment",
    ] {
        recorder.ask(operation, &nowhere).await;
        recorder.ask(operation, &json!({})).await;
    }
    recorder.ask("ListServices", &json!({ "NextToken": "nonsense" })).await;
    recorder.ask("ListServices", &json!({ "MaxResults": 21 })).await;
    recorder.ask("ListServices", &json!("nonsense")).await;
    recorder.ask("CreateService", &json!({})).await;
    recorder.ask_as("ListServices", &json!({}), None).await;
    recorder.ask_as("ListServices", &json!({}), Some("nonsense")).await;
    sandbox.world.shutdown().await;

    // Nothing that it has is left out: it says itself what that is.
    let told = recorder.records.iter().find(|record| record["operation"] == "CreateService").unwrap();
    let told = told["body"]["Message"].as_str().unwrap();
    let offered = told.split_once("which offers ").unwrap().1.trim_end_matches('.');
    let mut offered: Vec<_> = offered.split(", ").collect();
    offered.sort_unstable();
    assert_eq!(recorder.seen(true), offered);
    let refused = recorder.seen(false);
    for error in ["InvalidRequestException", "InvalidStateException", "ResourceNotFoundException"] {
        assert!(refused.contains(&error), "{error}: {refused:?}");
    }
    let Some(problems) = judged(&recorder.records).await else { return };
    assert!(problems.is_empty(), "{problems:#?}");
}

#[tokio::test]
async fn an_answer_that_aws_would_not_give_is_found_out() {
    let answer = |operation: &str, status: u16, body: Value| json!({ "service": "apprunner", "operation": operation, "status": status, "body": body });
    let summary = json!({ "Id": "0123", "Type": "UPDATE_SERVICE", "Status": "SUCCEEDED", "TargetArn": 7, "StartedAt": "yesterday" });
    let records = [
        answer("ListOperations", 200, json!({ "OperationSummaryList": [summary] })),
        answer(
            "ListOperations",
            200,
            json!({ "OperationSummaryList": [{ "Status": "DONE", "Reason": "x" }] }),
        ),
        answer("UpdateService", 200, json!({ "OperationId": "0123" })),
        answer("DescribeService", 400, json!({ "__type": "InvalidStateException", "Message": "busy" })),
        answer(
            "DescribeService",
            400,
            json!({ "__type": "InternalServiceErrorException", "Message": "broken" }),
        ),
    ];
    let Some(problems) = judged(&records).await else { return };
    for words in [
        ".OperationSummaryList[0].TargetArn is no str: 7",
        ".OperationSummaryList[0].StartedAt is no number of seconds",
        ".OperationSummaryList[0].Status is 'DONE', and may be",
        ".OperationSummaryList[0].Reason is not in the model",
        ".Service is required and missing",
        "the operation has no error 'InvalidStateException'",
        "InternalServiceErrorException comes with status 500",
    ] {
        assert!(problems.iter().any(|problem| problem.contains(words)), "{words}: {problems:#?}");
    }
}
