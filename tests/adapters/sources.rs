//! Releases that come from elsewhere: from servers that speak as S3 and as GitHub do, and from those that do not.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use lockstep::config::SourceSettings;
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::release::Catalog;
use lockstep::engine::effect::{Effect, LiquibaseCall};
use lockstep::engine::event::EventKind;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Rig, ended, logged, perform, run, test};

/// The variable that it is in.
const VARIABLE: &str = "LOCKSTEP_TEST_GITHUB_TOKEN";

/// What a server has and was asked.
#[derive(Default)]
struct Facts {
    /// What is there, by path.
    files: BTreeMap<String, Vec<u8>>,
    /// Every question: its path with what was asked for, and its `Authorization`.
    asked: Vec<(String, Option<String>)>,
    /// What is answered instead: a status and headers.
    refusal: Option<(u16, Vec<(&'static str, String)>)>,
    /// The address that assets are said to be at.
    elsewhere: Option<String>,
    /// The digest that an asset is said to have, when it is not its own.
    digest: Option<Value>,
}

#[derive(Clone)]
struct Server {
    facts: Arc<Mutex<Facts>>,
    url: String,
}

impl Server {
    async fn start(answer: fn(&mut Facts, &Request) -> Response<Body>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { facts: Arc::default(), url };
        let respond = async move |State(facts): State<Arc<Mutex<Facts>>>, request: Request| {
            let mut facts = facts.lock().unwrap();
            let authorization = text(request.headers(), header::AUTHORIZATION.as_str());
            facts.asked.push((request.uri().to_string(), authorization));
            match facts.refusal.clone() {
                Some((status, headers)) => {
                    let response = Response::builder().status(status);
                    let add = |response: axum::http::response::Builder, (name, value): (&str, String)| {
                        response.header(name, value)
                    };
                    headers.into_iter().fold(response, add).body(Body::empty()).unwrap()
                }
                None => answer(&mut facts, &request),
            }
        };
        let router = Router::new().fallback(respond).with_state(server.facts.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    fn put(&self, path: &str, bytes: Vec<u8>) {
        self.facts.lock().unwrap().files.insert(path.to_owned(), bytes);
    }

    /// How often something was asked for that has these words in its path.
    fn count(&self, words: &str) -> usize {
        self.facts.lock().unwrap().asked.iter().filter(|(path, _)| path.contains(words)).count()
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}

fn answer(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).body(body.into()).unwrap()
}

/// A release archive whose one changeset says this.
fn archive(word: &str) -> Vec<u8> {
    let master = "databaseChangeLog:\n  - include: {file: all.sql, relativeToChangelogFile: true}\n";
    let sql = format!("--liquibase formatted sql\n--changeset store:1\nselect '{word}';\n--rollback empty\n");
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("changelog/changelog-master.yaml", master), ("changelog/all.sql", &sql)] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The releases of a source, and what was said of those that were left out.
async fn read(rig: &Rig) -> (Result<Catalog, Failure>, Vec<String>) {
    let events = perform(&rig.adapters(), Effect::ReadReleases).await;
    let said = logged(&events).into_iter().map(str::to_owned).collect();
    match events.into_iter().last() {
        Some(EventKind::Releases(result)) => (result, said),
        other => panic!("{other:?}"),
    }
}

async fn versions(rig: &Rig) -> Vec<String> {
    let (catalog, said) = read(rig).await;
    assert_eq!(said, Vec::<String>::new());
    catalog.unwrap().releases().iter().map(|release| release.version.to_string()).collect()
}

/// As S3 answers: a bucket in the path, a listing in XML, objects with a tag and a version.
fn s3(facts: &mut Facts, request: &Request) -> Response<Body> {
    let path = request.uri().path().trim_start_matches("/releases").trim_start_matches('/').to_owned();
    if path.is_empty() {
        assert!(request.uri().query().unwrap().contains("prefix=stores%2Fdemo1%2F"), "{}", request.uri());
        let contents = facts.files.iter().map(|(key, bytes)| {
            let (tag, size) = (digest(bytes), bytes.len());
            format!("<Contents><Key>{key}</Key><ETag>&quot;{tag}&quot;</ETag><Size>{size}</Size></Contents>")
        });
        let contents: String = contents.collect();
        let listing =
            format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
        return answer(StatusCode::OK, listing);
    }
    let bytes = facts.files[&path].clone();
    let tag = format!("\"{}\"", digest(&bytes));
    if text(request.headers(), "if-match")
        .is_some_and(|wanted| wanted.trim_matches('"') != tag.trim_matches('"'))
    {
        return answer(StatusCode::PRECONDITION_FAILED, "");
    }
    let version = format!("version-of-{}", bytes.len());
    let response = Response::builder().header("etag", tag).header("x-amz-version-id", version);
    response.body(Body::from(bytes)).unwrap()
}

async fn bucket() -> (Rig, Server, TempDir) {
    let mut rig = Rig::without_database().await;
    let server = Server::start(s3).await;
    let cache = tempfile::tempdir().unwrap();
    rig.settings.aws.endpoint_url = Some(server.url.clone());
    let (bucket, prefix) = ("releases".to_owned(), "stores/demo1".to_owned());
    rig.settings.releases.source = SourceSettings::Bucket { bucket, prefix };
    rig.settings.releases.cache = Some(cache.path().to_owned());
    (rig, server, cache)
}

#[tokio::test]
async fn archives_of_a_bucket_are_fetched_once_and_say_which_version_they_are() {
    let (rig, server, _cache) = bucket().await;
    let one = archive("one");
    server.put("stores/demo1/store-changelog-v1.0.0.zip", one.clone());
    server.put("stores/demo1/store-changelog-v1.1.0.zip", archive("two"));
    server.put("stores/demo1/notes.txt", b"no archive".to_vec());
    assert_eq!(versions(&rig).await, ["v1.0.0", "v1.1.0"]);
    let (catalog, _) = read(&rig).await;
    let catalog = catalog.unwrap();
    let release = &catalog.releases()[0];
    let place =
        format!("s3://releases/stores/demo1/store-changelog-v1.0.0.zip?versionId=version-of-{}", one.len());
    assert_eq!((&release.archive, &release.archive_digest), (&place, &digest(&one)));
    assert_eq!(server.count(".zip"), 2, "the second look found both in the cache");

    server.put("stores/demo1/store-changelog-v1.1.0.zip", archive("another"));
    let (catalog, _) = read(&rig).await;
    assert_eq!(catalog.unwrap().releases()[1].archive_digest, digest(&archive("another")));
    assert_eq!(server.count(".zip"), 3, "only what has changed is fetched again");
}

#[tokio::test]
async fn what_the_plan_was_made_with_is_run_from_the_cache_even_when_the_bucket_is_gone() {
    let (mut rig, server, cache) = bucket().await;
    server.put("stores/demo1/store-changelog-v1.0.0.zip", archive("one"));
    let adapters = rig.adapters();
    let events = perform(&adapters, Effect::ReadReleases).await;
    let Some(EventKind::Releases(Ok(catalog))) = events.last() else { panic!("{events:?}") };
    let release = Arc::new(catalog.newest().unwrap().clone());
    server.facts.lock().unwrap().refusal = Some((503, Vec::new()));
    let told = perform(&adapters, Effect::AskChecksums(release.clone())).await;
    assert!(matches!(&told[..], [EventKind::Checksums(_, Ok(_))]), "{told:?}");

    // Without the cache the bucket is asked again, and what it says is told.
    rig.settings.deadlines.look = std::time::Duration::from_secs(2);
    for file in std::fs::read_dir(cache.path()).unwrap().flatten().filter(|file| file.path().is_file()) {
        std::fs::write(file.path(), "somebody wrote here").unwrap();
    }
    let validate = Effect::Liquibase(test(), LiquibaseCall::Validate(run(1), release));
    let failure = ended(&perform(&rig.adapters(), validate).await).unwrap_err();
    assert_eq!(failure.what, "could not list s3://releases/stores/demo1/");
}

/// As GitHub answers: releases with their assets, and an asset by its number, which is somewhere else.
fn github(facts: &mut Facts, request: &Request) -> Response<Body> {
    let path = request.uri().path();
    assert_eq!(text(request.headers(), "x-github-api-version").as_deref(), Some("2022-11-28"));
    assert!(text(request.headers(), "user-agent").is_some_and(|agent| agent.starts_with("lockstep/")));
    if path == "/repos/bagels/store/releases" {
        let assets: Vec<Value> = facts
            .files
            .iter()
            .enumerate()
            .map(|(id, (name, bytes))| {
                let own = json!(format!("sha256:{}", digest(bytes)));
                let digest = facts.digest.clone().unwrap_or(own);
                json!({"id": id, "name": name, "size": bytes.len(), "updated_at": "2026-11-20", "digest": digest})
            })
            .collect();
        let releases = json!([
            {"tag_name": "v1", "draft": false, "assets": assets},
            {"tag_name": "v2", "draft": true, "assets": [
                {"id": 77, "name": "store-changelog-v9.9.9.zip", "size": 1, "updated_at": "", "digest": null}]},
        ]);
        return answer(StatusCode::OK, releases.to_string());
    }
    let id: usize = path.strip_prefix("/repos/bagels/store/releases/assets/").unwrap().parse().unwrap();
    assert_eq!(text(request.headers(), "accept").as_deref(), Some("application/octet-stream"));
    let (name, bytes) = facts.files.iter().nth(id).unwrap();
    match &facts.elsewhere {
        Some(elsewhere) => Response::builder()
            .status(StatusCode::FOUND)
            .header("location", format!("{elsewhere}/{name}?signature=abc"))
            .body(Body::empty())
            .unwrap(),
        None => answer(StatusCode::OK, bytes.clone()),
    }
}

/// Where GitHub keeps what is attached to releases.
fn store(facts: &mut Facts, request: &Request) -> Response<Body> {
    answer(StatusCode::OK, facts.files[request.uri().path().trim_start_matches('/')].clone())
}

async fn repository() -> (Rig, Server, TempDir) {
    let mut rig = Rig::without_database().await;
    let server = Server::start(github).await;
    let cache = tempfile::tempdir().unwrap();
    rig.settings.releases.source = SourceSettings::GitHub {
        owner: "bagels".to_owned(),
        repository: "store".to_owned(),
        token_variable: VARIABLE.to_owned(),
        api: server.url.clone(),
    };
    rig.settings.releases.cache = Some(cache.path().to_owned());
    (rig, server, cache)
}

#[tokio::test]
async fn what_is_attached_to_releases_is_fetched_from_elsewhere_without_the_token() {
    let (mut rig, server, _cache) = repository().await;
    let store = Server::start(store).await;
    for name in ["store-changelog-v1.0.0.zip", "store-changelog-v1.1.0.zip", "store.tar.gz"] {
        server.put(name, archive(name));
        store.put(name, archive(name));
    }
    server.facts.lock().unwrap().elsewhere = Some(store.url.clone());
    // The environment of a test process is its own only where nothing else runs in it, so the token stands in a
    // variable that is there already.
    let (variable, value) = std::env::vars().find(|(name, _)| name == "CARGO_MANIFEST_DIR").unwrap();
    if let SourceSettings::GitHub { token_variable, .. } = &mut rig.settings.releases.source {
        *token_variable = variable;
    }
    assert_eq!(versions(&rig).await, ["v1.0.0", "v1.1.0"]);
    let bearer = Some(format!("Bearer {value}"));
    assert!(server.facts.lock().unwrap().asked.iter().all(|(_, authorization)| *authorization == bearer));
    let asked = store.facts.lock().unwrap().asked.clone();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|(_, authorization)| authorization.is_none()), "{asked:?}");
    assert_eq!(versions(&rig).await.len(), 2);
    assert_eq!(store.count(".zip"), 2, "what is known by its digest is not fetched again");
}

#[tokio::test]
async fn an_archive_that_is_not_what_github_says_it_is_is_left_out() {
    let (rig, server, cache) = repository().await;
    server.put("store-changelog-v1.0.0.zip", archive("one"));
    server.facts.lock().unwrap().digest = Some(json!(format!("sha256:{}", "0".repeat(64))));
    let (catalog, said) = read(&rig).await;
    assert_eq!(catalog.unwrap().releases().len(), 0);
    assert!(said[0].contains("what came has another digest than sha256:000000"), "{said:?}");
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0, "nothing of it is kept");
    // An old asset has no digest; then what came is what counts.
    server.facts.lock().unwrap().digest = Some(Value::Null);
    assert_eq!(versions(&rig).await, ["v1.0.0"]);
}

#[tokio::test]
async fn an_archive_is_never_fetched_in_the_clear_from_another_machine() {
    let (rig, server, _cache) = repository().await;
    server.put("store-changelog-v1.0.0.zip", archive("one"));
    server.facts.lock().unwrap().elsewhere = Some("http://192.0.2.1".to_owned());
    let (_, said) = read(&rig).await;
    assert!(said[0].contains("GitHub sent lockstep to 192.0.2.1, where it is not encrypted"), "{said:?}");
}

#[tokio::test]
async fn every_refusal_of_github_has_its_mend() {
    let (rig, server, _cache) = repository().await;
    let limit = || vec![("x-ratelimit-remaining", "0".to_owned()), ("retry-after", "60".to_owned())];
    for (status, headers, kind, mend) in [
        (401, Vec::new(), FailureKind::Unavailable, format!("Renew the token in {VARIABLE}.")),
        (403, limit(), FailureKind::Unavailable, format!("Put a token into {VARIABLE}: without one")),
        (429, Vec::new(), FailureKind::Unavailable, format!("Put a token into {VARIABLE}: without one")),
        (403, Vec::new(), FailureKind::Unavailable, format!("Let the token in {VARIABLE} read")),
        (404, Vec::new(), FailureKind::Configuration, "Correct [releases] source; a private".to_owned()),
        (502, Vec::new(), FailureKind::Unavailable, "Try again in a minute.".to_owned()),
    ] {
        server.facts.lock().unwrap().refusal = Some((status, headers));
        let (catalog, _) = read(&rig).await;
        let failure = catalog.unwrap_err();
        assert_eq!(
            (failure.what.as_str(), failure.kind),
            ("could not read the releases of bagels/store on GitHub", kind)
        );
        assert!(failure.hint.as_deref().unwrap().starts_with(&mend), "{failure}");
    }
}
