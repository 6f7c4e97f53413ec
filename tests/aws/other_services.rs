//! CloudWatch Logs, Secrets Manager, RDS and STS through their own clients, and what the wire itself says.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata as _;
use aws_sdk_cloudwatchlogs::types::OrderBy;
use lockstep::sandbox::aws::DatabaseAccess;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::support::{self, PASSWORD, Sandbox};

#[tokio::test]
async fn log_events_come_in_pages_that_neither_repeat_nor_miss_one() {
    let sandbox = Sandbox::open(1_000).await;
    let client = sandbox.logs();
    let group = group(&sandbox, "service").await;
    let whole = client.filter_log_events().log_group_name(&group).send().await.expect("events");
    let ids: Vec<&str> = whole.events().iter().filter_map(|event| event.event_id()).collect();
    assert!(ids.len() > 20, "two seeded deployments leave that many lines");
    let mut paged = Vec::new();
    let mut token = None;
    loop {
        let asking = client.filter_log_events().log_group_name(&group).limit(3).set_next_token(token);
        let page = asking.send().await.expect("a page");
        assert!(page.events().len() <= 3);
        paged.extend(page.events().iter().filter_map(|event| event.event_id().map(str::to_owned)));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(paged, ids);
    let times: Vec<i64> = whole
        .events()
        .iter()
        .filter_map(aws_sdk_cloudwatchlogs::types::FilteredLogEvent::timestamp)
        .collect();
    assert!(times.is_sorted());
    let middle = times[times.len() / 2];
    let late =
        client.filter_log_events().log_group_name(&group).start_time(middle).send().await.expect("events");
    assert_eq!(late.events().len(), times.iter().filter(|time| **time >= middle).count());
    let early =
        client.filter_log_events().log_group_name(&group).end_time(middle - 1).send().await.expect("events");
    assert_eq!(early.events().len() + late.events().len(), ids.len());
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn log_streams_are_those_of_app_runner_and_can_be_chosen() {
    let sandbox = Sandbox::open(1_000).await;
    let client = sandbox.logs();
    let arn = sandbox.arn("dev").await;
    let operation = sandbox.update_to(&arn, "v1.1.0").await;
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    let service = group(&sandbox, "service").await;
    let stream = format!("deployment/{operation}");
    let chosen = client.filter_log_events().log_group_name(&service).log_stream_names(&stream).send().await;
    let lines: Vec<String> = chosen
        .expect("events")
        .events()
        .iter()
        .filter_map(|event| event.message().map(str::to_owned))
        .collect();
    assert_eq!(
        lines.last().map(String::as_str),
        Some("[AppRunner] Service update completed successfully. New configuration is deployed.")
    );
    assert!(!lines.iter().any(|line| line.contains("Service status")), "that is not of one deployment");
    let newest = client
        .describe_log_streams()
        .log_group_name(&service)
        .order_by(OrderBy::LastEventTime)
        .descending(true);
    let newest = newest.limit(1).send().await.expect("streams");
    assert_eq!(newest.log_streams()[0].log_stream_name(), Some("events"));
    assert!(newest.next_token().is_some());
    let application = group(&sandbox, "application").await;
    let streams = client.describe_log_streams().log_group_name(&application).send().await.expect("streams");
    assert_eq!(streams.log_streams().len(), 2, "one per store that was started");
    for stream in streams.log_streams() {
        let id = stream.log_stream_name().and_then(|name| name.strip_prefix("instance/")).expect("a name");
        assert_eq!(id.len(), 32);
    }
    let groups =
        client.describe_log_groups().log_group_name_prefix("/aws/apprunner/bagel-store-demo1-dev/").send();
    let groups = groups.await.expect("groups");
    let names: Vec<_> = groups.log_groups().iter().filter_map(|group| group.log_group_name()).collect();
    assert_eq!(names, [application.as_str(), service.as_str()]);
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_log_group_that_is_not_there_is_not_an_empty_one() {
    let sandbox = Sandbox::open(1_000).await;
    let client = sandbox.logs();
    let error =
        client.filter_log_events().log_group_name("/aws/apprunner/none").send().await.expect_err("missing");
    assert_eq!(error.code(), Some("ResourceNotFoundException"), "{error:?}");
    assert_eq!(error.message(), Some("The specified log group does not exist."));
    let group = group(&sandbox, "service").await;
    let error = client.filter_log_events().log_group_name(group).filter_pattern("ERROR").send().await;
    assert_eq!(error.expect_err("no patterns").code(), Some("InvalidParameterException"));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn the_secrets_are_found_by_name_and_by_arn_and_follow_the_database() {
    let sandbox = Sandbox::open(1_000).await;
    let client = aws_sdk_secretsmanager::Client::new(&sandbox.config());
    let name = client.get_secret_value().secret_id("demo1/rds/username").send().await.expect("a secret");
    assert_eq!((name.secret_string(), name.name()), (Some("bagel"), Some("demo1/rds/username")));
    assert_eq!(name.version_stages(), ["AWSCURRENT"]);
    let by_name = client.get_secret_value().secret_id("demo1/rds/password").send().await.expect("a secret");
    let arn = by_name.arn().expect("an ARN");
    for id in [arn, arn.rsplit_once('-').expect("a suffix").0] {
        let by_arn = client.get_secret_value().secret_id(id).send().await.expect("a secret");
        assert_eq!(by_arn.secret_string(), Some(PASSWORD), "{id}");
    }
    let error = client.get_secret_value().secret_id("demo1/rds/other").send().await.expect_err("missing");
    assert_eq!(error.code(), Some("ResourceNotFoundException"), "{error:?}");
    let message = aws_sdk_secretsmanager::error::ProvideErrorMetadata::message(&error);
    assert_eq!(message, Some("Secrets Manager can't find the specified secret."));
    let listed = client.list_secrets().send().await.expect("a list");
    assert_eq!(listed.secret_list().len(), 3);
    let described = client.describe_secret().secret_id(arn).send().await.expect("described");
    assert_eq!(described.name(), Some("demo1/rds/password"));
    let moved = DatabaseAccess { password: "another".to_owned(), ..sandbox.settings.database.clone() };
    sandbox.world.database_moved(moved).await;
    let after = client.get_secret_value().secret_id(arn).send().await.expect("a secret");
    assert_eq!(after.secret_string(), Some("another"));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn the_rds_instance_is_the_server_on_loopback_and_its_status_is_real() {
    let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = server.local_addr().expect("an address").port();
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = support::settings(folder.path(), 1_000, &["dev"]);
    settings.database.port = port;
    let sandbox = Sandbox::with(settings, folder).await;
    let client = aws_sdk_rds::Client::new(&sandbox.config());
    let by_name = client.describe_db_instances().db_instance_identifier("bagel-store-demo1-rds");
    let described = by_name.clone().send().await.expect("described");
    let [instance] = described.db_instances() else { panic!("one instance expected: {described:?}") };
    assert_eq!((instance.db_instance_status(), instance.engine()), (Some("available"), Some("postgres")));
    let endpoint = instance.endpoint().expect("an endpoint");
    assert_eq!((endpoint.address(), endpoint.port()), (Some("127.0.0.1"), Some(i32::from(port))));
    assert_eq!((instance.db_instance_class(), instance.allocated_storage()), (Some("db.t3.micro"), Some(20)));
    assert!(
        instance.tag_list().iter().any(|tag| tag.key() == Some("demo_id") && tag.value() == Some("demo1"))
    );
    assert_eq!(client.describe_db_instances().send().await.expect("all").db_instances().len(), 1);
    drop(server);
    let stopped = by_name.send().await.expect("described");
    assert_eq!(stopped.db_instances()[0].db_instance_status(), Some("stopped"));
    let error =
        client.describe_db_instances().db_instance_identifier("other").send().await.expect_err("missing");
    assert_eq!(error.code(), Some("DBInstanceNotFound"), "{error:?}");
    assert_eq!(error.raw_response().map(|response| response.status().as_u16()), Some(404));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn the_caller_is_the_sandbox_user_of_the_account_until_a_role_is_taken_on() {
    let sandbox = Sandbox::open(1_000).await;
    let client = aws_sdk_sts::Client::new(&sandbox.config());
    let caller = client.get_caller_identity().send().await.expect("an identity");
    assert_eq!(
        (caller.account(), caller.arn()),
        (Some("000000000000"), Some("arn:aws:iam::000000000000:user/sandbox"))
    );
    let role =
        client.assume_role().role_arn("arn:aws:iam::222222222222:role/Release").role_session_name("ana");
    let taken_on = role.send().await.expect("a role");
    let user = taken_on.assumed_role_user().expect("a user").arn();
    assert_eq!(user, "arn:aws:sts::222222222222:assumed-role/Release/ana");
    let keys = taken_on.credentials().expect("credentials");
    let keys = Credentials::from_keys(
        keys.access_key_id(),
        keys.secret_access_key(),
        Some(keys.session_token().to_owned()),
    );
    let config =
        sandbox.config().into_builder().credentials_provider(SharedCredentialsProvider::new(keys)).build();
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.expect("an identity");
    assert_eq!(caller.account(), Some("222222222222"));
    let error = client.get_session_token().send().await.expect_err("not offered");
    let message = aws_sdk_sts::error::ProvideErrorMetadata::message(&error).expect("a message");
    assert!(message.contains("AssumeRole") && message.contains("GetCallerIdentity"), "{message}");
    let error = client.assume_role().role_arn("Release").role_session_name("ana").send().await;
    let error = error.expect_err("no such role");
    assert_eq!(aws_sdk_sts::error::ProvideErrorMetadata::code(&error), Some("ValidationError"));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_request_without_a_signature_is_refused_and_every_answer_has_a_request_id() {
    let sandbox = Sandbox::open(1_000).await;
    let signed = "authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00\r\n";
    let target = "x-amz-target: AppRunner.ListServices\r\ncontent-type: application/x-amz-json-1.0\r\n";
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let table = [
        (target.to_owned(), "{}", "400", "MissingAuthenticationToken"),
        (form.to_owned(), "Action=GetCallerIdentity&Version=2011-06-15", "403", "MissingAuthenticationToken"),
        (format!("{target}{signed}"), "{}", "200", "ServiceSummaryList"),
        (format!("{target}{signed}"), "{", "400", "SerializationException"),
        (format!("{form}{signed}"), "Action=GetCallerIdentity&Version=2011-06-15", "200", "sandbox</Arn>"),
        (format!("{form}{signed}"), "Action=Nothing&Version=2014-10-31", "400", "<Code>InvalidAction</Code>"),
        (
            format!("x-amz-target: DynamoDB_20120810.ListTables\r\n{signed}"),
            "{}",
            "400",
            "DynamoDB_20120810 ListTables",
        ),
    ];
    for (headers, body, status, words) in table {
        let answer = post(&sandbox.endpoint, &headers, body).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}{answer}");
        assert!(answer.contains(words), "{headers}{answer}");
        assert!(answer.to_lowercase().contains("x-amzn-requestid: "), "{answer}");
    }
    sandbox.world.shutdown().await;
}

async fn post(endpoint: &str, headers: &str, body: &str) -> String {
    let address = endpoint.strip_prefix("http://").expect("an http address");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    answer
}

async fn group(sandbox: &Sandbox, kind: &str) -> String {
    let arn = sandbox.arn("dev").await;
    format!("/aws/apprunner/bagel-store-demo1-dev/{}/{kind}", arn.rsplit('/').next().expect("an id"))
}
