//! S3 through its own client: objects come back as they were put, and everything else is refused in AWS's words.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;

use super::support::Sandbox;

const BUCKET: &str = "bagel-store-demo1-operation-reports";

fn client(sandbox: &Sandbox) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&sandbox.config()).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

async fn put(client: &aws_sdk_s3::Client, key: &str, text: &str) {
    let body = ByteStream::from(text.as_bytes().to_vec());
    let putting = client.put_object().bucket(BUCKET).key(key).content_type("text/html; charset=utf-8");
    putting.body(body).send().await.expect("put");
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_put_and_survives_the_world_being_opened_again() {
    let sandbox = Sandbox::open(1_000).await;
    let key = "reports/r-1 ä/operation-report.html";
    put(&client(&sandbox), key, "<p>one</p>").await;
    put(&client(&sandbox), key, "<p>two</p>").await;
    let sandbox = sandbox.reopened().await;
    let client = client(&sandbox);
    client.head_bucket().bucket(BUCKET).send().await.expect("the bucket");
    let object = client.get_object().bucket(BUCKET).key(key).send().await.expect("an object");
    assert_eq!(object.content_type(), Some("text/html; charset=utf-8"));
    let etag = object.e_tag().map(str::to_owned);
    assert_eq!(object.body.collect().await.expect("a body").into_bytes(), "<p>two</p>");
    let head = client.head_object().bucket(BUCKET).key(key).send().await.expect("an object");
    assert_eq!((head.content_length(), head.e_tag().map(str::to_owned)), (Some(10), etag));
    sandbox.world.reset(sandbox.settings.seeds.clone()).await.expect("reset");
    let listed = client.list_objects_v2().bucket(BUCKET).send().await.expect("a list");
    assert_eq!(listed.key_count(), Some(0), "a reset empties the bucket");
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn keys_are_listed_in_order_in_pages_and_by_folder() {
    let sandbox = Sandbox::open(1_000).await;
    let client = client(&sandbox);
    for run in ["r-3", "r-1", "r-2"] {
        for name in ["operation-report.html", "operation-report.json"] {
            put(&client, &format!("reports/{run}/{name}"), run).await;
        }
    }
    put(&client, "other", "x").await;
    let mut keys = Vec::new();
    let mut token = None;
    loop {
        let asking = client.list_objects_v2().bucket(BUCKET).prefix("reports/").max_keys(4);
        let page = asking.set_continuation_token(token).send().await.expect("a page");
        keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        token = page.next_continuation_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert!(keys.is_sorted() && keys.len() == 6, "{keys:?}");
    let folders = client.list_objects_v2().bucket(BUCKET).prefix("reports/").delimiter("/").send().await;
    let folders = folders.expect("a list");
    let names: Vec<_> = folders.common_prefixes().iter().filter_map(|it| it.prefix()).collect();
    assert_eq!(
        (names.as_slice(), folders.contents().len()),
        (&["reports/r-1/", "reports/r-2/", "reports/r-3/"][..], 0)
    );
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn the_bucket_for_flows_keeps_versions_answers_everybody_and_sends_nothing_that_is_known() {
    let sandbox = Sandbox::open(1_000).await;
    let (client, flows) = (client(&sandbox), "bagel-store-demo1-liquibase-flows");
    sandbox.world.place_flows(&[("a.yaml", b"stages: {}")]).await.expect("placed");
    let ask = || client.get_object().bucket(flows).key("a.yaml");
    let first = ask().send().await.expect("an object");
    let (etag, version) = (first.e_tag().map(str::to_owned), first.version_id().map(str::to_owned));
    assert!(version.is_some());
    let known = ask().set_if_none_match(etag.clone()).send().await.expect_err("nothing is sent");
    assert_eq!(known.raw_response().map(|raw| raw.status().as_u16()), Some(304));
    // What somebody put there stays.
    let body = ByteStream::from_static(b"stages: {A: {}}");
    let put = client.put_object().bucket(flows).key("a.yaml").body(body).send().await.expect("put");
    assert_ne!(put.version_id().map(str::to_owned), version);
    sandbox.world.place_flows(&[("a.yaml", b"stages: {}")]).await.expect("placed");
    let second = ask().set_if_none_match(etag).send().await.expect("another object");
    assert_eq!(second.version_id(), put.version_id());
    let gone = ask().set_version_id(version).send().await.expect_err("only the newest is kept");
    assert_eq!(gone.code(), Some("NoSuchVersion"));
    let path = format!("/{flows}/a.yaml");
    let address = sandbox.endpoint.trim_start_matches("http://").parse().expect("an address");
    assert_eq!(super::support::get(address, &path).await.expect("an answer").0, 200, "it needs no signature");
    let reports = format!("/{BUCKET}/a.yaml");
    assert_eq!(super::support::get(address, &reports).await.expect("an answer").0, 403);
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_offered_is_refused_in_the_words_of_s3() {
    let sandbox = Sandbox::open(1_000).await;
    let client = client(&sandbox);
    let error = client.get_object().bucket(BUCKET).key("none").send().await.expect_err("missing");
    assert_eq!(error.code(), Some("NoSuchKey"), "{error:?}");
    let error = client.list_objects_v2().bucket("another").send().await.expect_err("missing");
    assert_eq!(error.code(), Some("NoSuchBucket"), "{error:?}");
    assert!(client.head_bucket().bucket("another").send().await.is_err());
    let error = client.delete_object().bucket(BUCKET).key("none").send().await.expect_err("not offered");
    assert!(error.message().is_some_and(|text| text.contains("PutObject, GetObject")), "{error:?}");
    sandbox.world.shutdown().await;
}
