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
