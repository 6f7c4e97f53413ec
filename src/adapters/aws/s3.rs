//! S3: puts one object. Reading, listing and deleting objects is deliberately absent.

use aws_sdk_s3::primitives::ByteStream;

use super::Aws;
use super::failure::failure;
use crate::domain::failure::Failure;

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
        answer.map(drop).map_err(|error| failure(what, "s3:PutObject", &error, self.way()))
    }
}
