//! S3: puts one object, and looks whether a bucket is there. Reading is in `objects`; deleting is deliberately absent.

use aws_sdk_s3::primitives::ByteStream;

use super::Aws;
use super::failure::failure;
use super::grant::{Action, bucket_arn};
use crate::domain::failure::{Failure, FailureKind};

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
        // One permission for all reports, not for this one.
        let folder = key.split_once('/').map_or_else(|| "*".to_owned(), |(folder, _)| format!("{folder}/*"));
        self.put((bucket, key), "text/html; charset=utf-8", page, &folder).await
    }

    /// Puts a changelog archive into a bucket, once.
    pub(in crate::adapters) async fn put_archive(
        &self,
        bucket: &str,
        key: &str,
        archive: Vec<u8>,
    ) -> Result<(), Failure> {
        self.put((bucket, key), "application/zip", archive, "*").await
    }

    /// Puts an object. `scope` is what a permission to put such objects is given for.
    async fn put(
        &self,
        (bucket, key): (&str, &str),
        kind: &str,
        bytes: Vec<u8>,
        scope: &str,
    ) -> Result<(), Failure> {
        self.assure_change().await?;
        let client = &self.clients().await.s3_once;
        let put = client.put_object().bucket(bucket).key(key).content_type(kind);
        let answer = put.body(ByteStream::from(bytes)).send().await;
        let what = format!("could not put {key} into the bucket {bucket}");
        answer.map(drop).map_err(|error| {
            let action = Action::on("s3:PutObject", bucket_arn(self.way(), &format!("{bucket}/{scope}")));
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
}
