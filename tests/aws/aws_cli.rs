//! The AWS command line as an outside judge: its own service models read every answer.
//!
//! It runs where it is installed, at `LOCKSTEP_AWSCLI` or `.tools/awscli/bin/aws`, and says so where not.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use super::support::{PASSWORD, REPOSITORY, Sandbox};

/// The program and the folder its modules are in.
fn installed() -> Option<(PathBuf, PathBuf)> {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/awscli/bin/aws");
    let program = std::env::var_os("LOCKSTEP_AWSCLI").map_or(usual, PathBuf::from);
    let modules = program.parent()?.parent()?.to_owned();
    program.is_file().then_some((program, modules))
}

struct Cli<'sandbox> {
    sandbox: &'sandbox Sandbox,
    program: PathBuf,
    modules: PathBuf,
}

impl Cli<'_> {
    /// A configuration of our own, in which times are read and not just passed on.
    fn configuration(&self) -> PathBuf {
        let path = self.sandbox.folder.path().join("aws-config");
        std::fs::write(&path, "[default]\ncli_timestamp_format = iso8601\n").expect("written");
        path
    }

    /// Runs a command; its JSON output, or the error it prints.
    async fn run(&self, arguments: &[&str]) -> Result<Value, String> {
        let output = Command::new("python3")
            .arg(&self.program)
            .args(["--endpoint-url", &self.sandbox.endpoint, "--output", "json"])
            .args(arguments)
            .env("PYTHONPATH", &self.modules)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_CONFIG_FILE", self.configuration())
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_PAGER", "")
            .output()
            .await
            .expect("python3 runs");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        // `aws s3` is for people and writes lines.
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

#[tokio::test]
async fn the_aws_command_line_understands_every_answer() {
    let Some((program, modules)) = installed() else {
        println!(
            "skipped: no AWS command line at LOCKSTEP_AWSCLI or .tools/awscli/bin/aws \
             (python3 -m pip install --target .tools/awscli awscli)"
        );
        return;
    };
    let sandbox = Sandbox::open(60).await;
    let cli = Cli { sandbox: &sandbox, program, modules };
    let arn = sandbox.arn("dev").await;

    let listed = cli.run(&["apprunner", "list-services"]).await.expect("services");
    assert_eq!(listed["ServiceSummaryList"][0]["ServiceName"], "bagel-store-demo1-dev");
    let described =
        cli.run(&["apprunner", "describe-service", "--service-arn", &arn]).await.expect("a service");
    assert_eq!(described["Service"]["Status"], "RUNNING");

    let mut source = described["Service"]["SourceConfiguration"].clone();
    source["ImageRepository"]["ImageIdentifier"] = format!("{REPOSITORY}:v1.1.0").into();
    let source = source.to_string();
    let update = ["apprunner", "update-service", "--service-arn", &arn, "--source-configuration", &source];
    let updated = cli.run(&update).await.expect("accepted");
    assert_eq!(updated["Service"]["Status"], "OPERATION_IN_PROGRESS");
    let operation = updated["OperationId"].as_str().expect("an operation").to_owned();
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    let unchanged = cli.run(&update).await.expect("accepted");
    assert_eq!(unchanged.get("OperationId"), None, "nothing changed, nothing began");
    let operations =
        cli.run(&["apprunner", "list-operations", "--service-arn", &arn]).await.expect("operations");
    let newest = &operations["OperationSummaryList"][0];
    assert_eq!((&newest["Id"], &newest["Status"]), (&operation.as_str().into(), &"SUCCEEDED".into()));
    assert!(newest["EndedAt"].is_string(), "a time AWS's own model can read: {newest}");

    let unknown = arn.replace("demo1-dev", "demo1-qa");
    let error =
        cli.run(&["apprunner", "describe-service", "--service-arn", &unknown]).await.expect_err("unknown");
    assert!(
        error.contains("(ResourceNotFoundException) when calling the DescribeService operation"),
        "{error}"
    );
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn the_aws_command_line_reads_secrets_databases_logs_and_identity() {
    let Some((program, modules)) = installed() else {
        println!("skipped: no AWS command line at LOCKSTEP_AWSCLI or .tools/awscli/bin/aws");
        return;
    };
    let sandbox = Sandbox::open(60).await;
    let cli = Cli { sandbox: &sandbox, program, modules };
    let arn = sandbox.arn("dev").await;
    let secret = ["secretsmanager", "get-secret-value", "--secret-id", "demo1/rds/password"];
    assert_eq!(cli.run(&secret).await.expect("a secret")["SecretString"], PASSWORD);
    let missing = ["secretsmanager", "get-secret-value", "--secret-id", "none"];
    let error = cli.run(&missing).await.expect_err("missing");
    assert!(error.contains("(ResourceNotFoundException)"), "{error}");
    assert!(error.contains("Secrets Manager can't find the specified secret."), "{error}");

    let databases = cli.run(&["rds", "describe-db-instances"]).await.expect("databases");
    assert_eq!(databases["DBInstances"][0]["Endpoint"]["Address"], "127.0.0.1");
    assert_eq!(databases["DBInstances"][0]["TagList"].as_array().map(Vec::len), Some(4));
    let error = cli.run(&["rds", "describe-db-instances", "--db-instance-identifier", "x"]).await;
    let error = error.expect_err("missing");
    assert!(error.contains("(DBInstanceNotFound)") && error.contains("DBInstance x not found."), "{error}");

    let id = arn.rsplit('/').next().expect("an id");
    let group = format!("/aws/apprunner/bagel-store-demo1-dev/{id}/service");
    let filter =
        ["logs", "filter-log-events", "--log-group-name", &group, "--log-stream-name-prefix", "events"];
    let events = cli.run(&filter).await.expect("events");
    let lines: Vec<&str> = events["events"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|event| event["message"].as_str())
        .collect();
    assert_eq!(lines.last(), Some(&"[AppRunner] Service status is set to RUNNING."));
    let caller = cli.run(&["sts", "get-caller-identity"]).await.expect("an identity");
    assert_eq!(caller["Arn"], "arn:aws:iam::000000000000:user/sandbox");
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn the_aws_command_line_copies_reports_out_of_the_bucket_and_into_it() {
    let Some((program, modules)) = installed() else {
        println!("skipped: no AWS command line at LOCKSTEP_AWSCLI or .tools/awscli/bin/aws");
        return;
    };
    let sandbox = Sandbox::open(60).await;
    let cli = Cli { sandbox: &sandbox, program, modules };
    let file = sandbox.folder.path().join("operation-report.html");
    let page = "<p>proven \u{2714}</p>".repeat(20_000);
    std::fs::write(&file, &page).expect("written");
    let file = file.to_str().expect("a path");
    let bucket = "bagel-store-demo1-operation-reports";
    let address = format!("s3://{bucket}/reports/r-1/operation-report.html");
    cli.run(&["s3", "cp", file, &address]).await.expect("copied there");
    let listed = cli.run(&["s3", "ls", &format!("s3://{bucket}/reports/")]).await.expect("listed");
    assert_eq!(listed.as_str().map(str::trim), Some("PRE r-1/"));
    let objects = ["s3api", "list-objects-v2", "--bucket", bucket, "--prefix", "reports/"];
    let objects = cli.run(&objects).await.expect("objects");
    assert_eq!(objects["Contents"][0]["Size"], page.len());
    let back = sandbox.folder.path().join("back.html");
    cli.run(&["s3", "cp", &address, back.to_str().expect("a path")]).await.expect("copied back");
    assert_eq!(std::fs::read_to_string(back).expect("read"), page);
    let head = ["s3api", "head-object", "--bucket", bucket, "--key", "reports/r-1/operation-report.html"];
    assert_eq!(cli.run(&head).await.expect("an object")["ContentType"], "text/html");
    let error = cli.run(&["s3api", "head-bucket", "--bucket", "another"]).await.expect_err("missing");
    assert!(error.contains("(404)"), "{error}");
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn the_aws_command_line_registers_runs_lists_describes_and_stops_tasks() {
    let Some((program, modules)) = installed() else {
        println!("skipped: no AWS command line at LOCKSTEP_AWSCLI or .tools/awscli/bin/aws");
        return;
    };
    let sandbox = Sandbox::open(600).await;
    let cli = Cli { sandbox: &sandbox, program, modules };
    let cluster = "bagel-store-demo1-migrations";
    let family = "bagel-store-demo1-liquibase-dev";
    let described = cli
        .run(&["ecs", "describe-task-definition", "--task-definition", family])
        .await
        .expect("a definition");
    let definition = &described["taskDefinition"];
    assert_eq!((&definition["revision"], &definition["status"]), (&1.into(), &"ACTIVE".into()));
    let containers = definition["containerDefinitions"].to_string();
    assert!(!containers.contains(PASSWORD), "a definition shows no password");
    let register =
        ["ecs", "register-task-definition", "--family", family, "--container-definitions", &containers];
    let registered = cli.run(&register).await.expect("registered");
    assert_eq!(registered["taskDefinition"]["revision"], 2);

    let network = "awsvpcConfiguration={subnets=[subnet-1],securityGroups=[sg-1],assignPublicIp=ENABLED}";
    let run = ["ecs", "run-task", "--cluster", cluster, "--launch-type", "FARGATE", "--started-by", "ana"];
    let named = ["--task-definition", family, "--client-token", "once", "--network-configuration", network];
    let run = [&run[..], &named].concat();
    let started = cli.run(&run).await.expect("started");
    let arn = started["tasks"][0]["taskArn"].as_str().expect("a task").to_owned();
    assert_eq!(
        cli.run(&run).await.expect("the same")["tasks"][0]["taskArn"],
        arn.as_str(),
        "a token is for one task"
    );
    let describe = ["ecs", "describe-tasks", "--cluster", cluster, "--tasks", &arn, "nobody"];
    let ended = super::support::eventually("the task ends", async || {
        let described = cli.run(&describe).await.expect("described");
        (described["tasks"][0]["lastStatus"] == "STOPPED").then_some(described)
    })
    .await;
    // The archive is not there, so Liquibase was never started.
    let task = &ended["tasks"][0];
    assert_eq!(
        (&task["stopCode"], &task["startedBy"]),
        (&"TaskFailedToStart".into(), &"ana".into()),
        "{task:#}"
    );
    assert_eq!(
        (&task["containers"][0]["exitCode"], task["containers"][1].get("exitCode")),
        (&1.into(), None)
    );
    assert!(task["stoppedAt"].is_string(), "a time AWS's own model can read: {task}");
    assert_eq!(ended["failures"][0]["reason"], "MISSING");
    let listed = ["ecs", "list-tasks", "--cluster", cluster, "--family", family];
    assert_eq!(cli.run(&listed).await.expect("listed")["taskArns"].as_array().map(Vec::len), Some(0));
    let stopped = [&listed[..], &["--desired-status", "STOPPED"]].concat();
    assert_eq!(cli.run(&stopped).await.expect("listed")["taskArns"][0], arn.as_str());
    let stop = ["ecs", "stop-task", "--cluster", cluster, "--task", &arn, "--reason", "over"];
    assert_eq!(cli.run(&stop).await.expect("stopped")["task"]["desiredStatus"], "STOPPED");
    let error = cli.run(&["ecs", "list-tasks", "--cluster", "other"]).await.expect_err("unknown");
    assert!(error.contains("(ClusterNotFoundException)"), "{error}");
    let error = cli.run(&["ecs", "describe-task-definition", "--task-definition", "other"]).await;
    assert!(error.expect_err("unknown").contains("Unable to describe task definition."));
    sandbox.world.shutdown().await;
}
