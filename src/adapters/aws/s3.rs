//! S3: puts one object, looks whether a bucket is there, lists the objects of a prefix, and fetches one. Deleting objects
//! is deliberately absent.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;

use super::Aws;
use super::failure::failure;
use super::grant::{Action, bucket_arn};
use crate::adapters::report::within;
use crate::domain::failure::{Failure, FailureKind};

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

/// What a look at a bucket found.
pub(in crate::adapters) enum BucketView {
    /// It is there.
    Listed,
    /// It is there, and says nothing more to this caller.
    Unlisted,
}

impl Aws {
    /// Puts an HTML page into a bucket, once.
    pub(in crate::adapters) async fn put_page(
        &self,
        bucket: &str,
        key: &str,
        page: Vec<u8>,
    ) -> Result<(), Failure> {
        self.put(bucket, key, "text/html; charset=utf-8", page).await
    }

    /// Puts a changelog archive into a bucket, once.
    pub(in crate::adapters) async fn put_archive(
        &self,
        bucket: &str,
        key: &str,
        archive: Vec<u8>,
    ) -> Result<(), Failure> {
        self.put(bucket, key, "application/zip", archive).await
    }

    async fn put(&self, bucket: &str, key: &str, kind: &str, bytes: Vec<u8>) -> Result<(), Failure> {
        self.assure_change().await?;
        let client = &self.clients().await.s3_once;
        let put = client.put_object().bucket(bucket).key(key).content_type(kind);
        let answer = put.body(ByteStream::from(bytes)).send().await;
        let what = format!("could not put {key} into the bucket {bucket}");
        answer.map(drop).map_err(|error| {
            // One permission for all reports, not for this one.
            let reports = match key.split_once('/') {
                Some((folder, _)) => format!("{bucket}/{folder}/*"),
                None => format!("{bucket}/*"),
            };
            let action = Action::on("s3:PutObject", bucket_arn(self.way(), &reports));
            failure(what, action, &error, self.way())
        })
    }

    /// Whether a bucket is there and may be listed, which whoever only puts objects need not be allowed to.
    pub(in crate::adapters) async fn bucket(&self, bucket: &str) -> Result<BucketView, Failure> {
        let what = format!("could not look at the bucket {bucket}");
        let answer = self.clients().await.s3_once.head_bucket().bucket(bucket).send().await;
        let Err(error) = answer else { return Ok(BucketView::Listed) };
        // The answer to such a question has no body, so that only its status tells.
        let told = error.raw_response().map(|answer| {
            (answer.status().as_u16(), answer.headers().get("x-amz-bucket-region").map(str::to_owned))
        });
        let region = &self.way().region;
        let wrong = Failure::new(FailureKind::Configuration, &what);
        match told {
            Some((_, Some(there))) if there != *region => Err(wrong
                .because(format!("the bucket is in {there}, and lockstep asks in {region}"))
                .hint("Correct [aws] region, or use a bucket that is there.")),
            Some((403, _)) => Ok(BucketView::Unlisted),
            Some((404, _)) => Err(wrong
                .because("there is no bucket of that name")
                .hint("Make the bucket, or correct [reports] bucket.")),
            Some((301, _)) => Err(wrong
                .because(format!("the bucket is not in {region}"))
                .hint("Correct [aws] region, or use a bucket that is there.")),
            _ => {
                let action = Action::on("s3:ListBucket", bucket_arn(self.way(), bucket));
                Err(failure(what, action, &error, self.way()))
            }
        }
    }

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
        let key = &object.key;
        let what = || format!("could not fetch s3://{bucket}/{key}");
        let too_large = || {
            Failure::new(FailureKind::Configuration, what())
                .because(format!("it has more than {} MiB", limit / 1024 / 1024))
        };
        if object.size > limit {
            return Err(too_large());
        }
        let client = &self.clients().await.s3;
        within(patience, what, async {
            let asking = client.get_object().bucket(bucket).key(key).if_match(&object.etag);
            let answer = asking.send().await;
            let mut answer = answer.map_err(|error| {
                failure(
                    what(),
                    Action::on("s3:GetObject", bucket_arn(self.way(), &format!("{bucket}/{key}"))),
                    &error,
                    self.way(),
                )
            })?;
            let version = answer.version_id().filter(|version| *version != "null").map(str::to_owned);
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.body.next().await {
                let chunk = chunk.map_err(|error| {
                    Failure::new(FailureKind::Unavailable, what())
                        .because_of(&error)
                        .hint("Check the network, and try again.")
                })?;
                bytes.extend_from_slice(&chunk);
                if bytes.len() as u64 > limit {
                    return Err(too_large());
                }
            }
            Ok((bytes, version))
        })
        .await
    }
}
