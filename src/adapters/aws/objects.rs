//! S3: what lies in buckets, listed and read. Putting objects is `s3`'s; deleting them is deliberately absent.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::primitives::ByteStream;

use super::Aws;
use super::failure::{ELSEWHERE, failure};
use super::grant::{Action, bucket_arn};
use crate::adapters::report::within;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::location::ObjectName;

/// The most bytes of a text: what is longer is no flow, and no settings.
const TEXT: u64 = 1024 * 1024;

/// The answer to whoever knows the object already.
const NOT_MODIFIED: u16 = 304;

/// An object as it was when it was read.
#[derive(Clone)]
pub(in crate::adapters) struct Seen {
    /// Its text.
    pub(in crate::adapters) text: Arc<str>,
    /// Which version of the object it was, where the bucket keeps versions.
    pub(in crate::adapters) version: Option<String>,
    etag: Option<String>,
}

/// An object as a listing tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapters) struct Object {
    /// Its key.
    pub(in crate::adapters) key: String,
    /// Another one whenever the bytes are others.
    pub(in crate::adapters) etag: String,
    /// Its size in bytes.
    pub(in crate::adapters) size: u64,
}

impl Object {
    /// The last part of its key.
    pub(in crate::adapters) fn name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or(&self.key)
    }
}

impl Aws {
    /// The objects right below a prefix, which is empty for the bucket itself.
    pub(in crate::adapters) async fn objects(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<Object>, Failure> {
        let folder = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let what = || format!("could not list s3://{bucket}/{folder}");
        let look = self.settings().deadlines.look;
        let client = &self.clients().await.s3;
        within(look, what, async {
            let asking = client.list_objects_v2().bucket(bucket).prefix(&folder).delimiter("/");
            let mut pages = asking.into_paginator().send();
            let mut objects = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| {
                    failure(
                        what(),
                        Action::on("s3:ListBucket", bucket_arn(self.way(), bucket)),
                        &error,
                        self.way(),
                    )
                })?;
                objects.extend(page.contents().iter().filter_map(|object| {
                    Some(Object {
                        key: object.key()?.to_owned(),
                        etag: object.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
                        size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                    })
                }));
            }
            Ok(objects)
        })
        .await
    }

    /// The bytes of an object as it was listed, `limit` of them at most, and the version that they are, where the bucket
    /// keeps versions.
    pub(in crate::adapters) async fn object(
        &self,
        bucket: &str,
        object: &Object,
        limit: u64,
        patience: Duration,
    ) -> Result<(Vec<u8>, Option<String>), Failure> {
        let name = ObjectName { bucket: bucket.to_owned(), key: object.key.clone() };
        let too_large = || {
            let words = format!("it has more than {} MiB", limit / 1024 / 1024);
            Failure::new(FailureKind::Configuration, unread(&name)).because(words)
        };
        if object.size > limit {
            return Err(too_large());
        }
        within(patience, || unread(&name), async {
            let asking = self.clients().await.s3.get_object().bucket(&name.bucket).key(&name.key);
            let answer = asking.if_match(&object.etag).send().await;
            let answer = answer.map_err(|error| self.denied(&name, &error))?;
            let version = answer.version_id().filter(|version| *version != "null").map(str::to_owned);
            let bytes = taken(&name, answer.body, limit).await?.ok_or_else(too_large)?;
            Ok((bytes, version))
        })
        .await
    }

    /// The text of an object as it is now. What is `known` of it is not sent again while it is the same.
    pub(in crate::adapters) async fn text(
        &self,
        name: &ObjectName,
        known: Option<&Seen>,
    ) -> Result<Seen, Failure> {
        let etag = known.and_then(|seen| seen.etag.clone());
        let asking = self.clients().await.s3.get_object().bucket(&name.bucket).key(&name.key);
        match (asking.set_if_none_match(etag).send().await, known) {
            (Ok(answer), _) => whole(name, answer).await,
            (Err(error), Some(seen)) if status(&error) == Some(NOT_MODIFIED) => Ok(seen.clone()),
            (Err(error), _) => Err(self.denied(name, &error)),
        }
    }

    /// What S3 means that does not give an object.
    fn denied(&self, name: &ObjectName, error: &SdkError<GetObjectError>) -> Failure {
        let what = unread(name);
        let ObjectName { bucket, key } = name;
        let region = &self.way().region;
        let code = error.code().unwrap_or_default();
        let (kind, because, hint) = match code {
            "NoSuchBucket" => (
                FailureKind::Configuration,
                format!("there is no bucket {bucket}"),
                "Correct the name of the bucket, or make it.".to_owned(),
            ),
            "NoSuchKey" => (
                FailureKind::Configuration,
                format!("there is no object {key} in the bucket {bucket}"),
                format!("Put it there, or correct the name; `aws s3 ls s3://{bucket}/` lists what is there."),
            ),
            "AccessDenied" => (
                FailureKind::Refused,
                format!("AWS does not let these credentials read it ({code})"),
                format!(
                    "Ask for the permission `s3:GetObject` on arn:aws:s3:::{bucket}/{key}. Where `s3:ListBucket` on the bucket is missing, an object that is not there is refused so, too."
                ),
            ),
            code if ELSEWHERE.contains(&code) => {
                let there = error.raw_response().and_then(|raw| raw.headers().get("x-amz-bucket-region"));
                let there = there.map_or_else(|| "another region".to_owned(), str::to_owned);
                (
                    FailureKind::Configuration,
                    format!("the bucket {bucket} is in {there}, and [aws] region is {region}"),
                    format!("Use a bucket in {region}, or correct [aws] region."),
                )
            }
            _ => {
                let action = Action::on("s3:GetObject", bucket_arn(self.way(), &format!("{bucket}/{key}")));
                return failure(what, action, error, self.way());
            }
        };
        Failure::new(kind, what).because(because).hint(hint)
    }
}

/// An answer as a text.
async fn whole(name: &ObjectName, answer: GetObjectOutput) -> Result<Seen, Failure> {
    let wrong = |why: String| {
        let hint = "Name a text file: a flow, settings of checks, or waivers.";
        Failure::new(FailureKind::Configuration, unread(name)).because(why).hint(hint)
    };
    let bytes = taken(name, answer.body, TEXT).await?;
    let bytes = bytes.ok_or_else(|| wrong(format!("it is longer than {} KiB", TEXT / 1024)))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text in UTF-8".to_owned()))?;
    Ok(Seen { text: text.into(), version: answer.version_id, etag: answer.e_tag })
}

/// Everything of an answer; `None` where that is more than `limit` bytes.
async fn taken(name: &ObjectName, mut body: ByteStream, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            Failure::new(FailureKind::Unavailable, unread(name))
                .because("S3 ended the answer before it was whole")
                .because_of(&error)
                .hint("Check the network, then try again.")
        })?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > limit {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

fn unread(name: &ObjectName) -> String {
    format!("could not read {name}")
}

fn status(error: &SdkError<GetObjectError>) -> Option<u16> {
    error.raw_response().map(|raw| raw.status().as_u16())
}
