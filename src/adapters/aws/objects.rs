//! S3: texts that lie in buckets, read as they are now. Putting objects is `s3`'s; listing and deleting them is deliberately
//! absent.

use std::sync::Arc;

use aws_sdk_s3::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};

use super::Aws;
use super::failure::failure;
use super::grant::{Action, bucket_arn};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::location::ObjectName;

/// The most bytes of a text: what is longer is no flow, and no settings.
const TEXT: usize = 1024 * 1024;

/// The answer to whoever knows the object already.
const NOT_MODIFIED: u16 = 304;

/// A bucket that is elsewhere is told by one of these.
const ELSEWHERE: [&str; 3] =
    ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"];

/// An object as it was when it was read.
#[derive(Clone)]
pub(in crate::adapters) struct Seen {
    /// Its text.
    pub(in crate::adapters) text: Arc<str>,
    /// Which version of the object it was, where the bucket keeps versions.
    pub(in crate::adapters) version: Option<String>,
    etag: Option<String>,
}

impl Aws {
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
            (Err(error), _) => Err(self.unread(name, &error)),
        }
    }

    fn unread(&self, name: &ObjectName, error: &SdkError<GetObjectError>) -> Failure {
        let what = format!("could not read {name}");
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

/// Reads an answer to its end.
async fn whole(name: &ObjectName, mut answer: GetObjectOutput) -> Result<Seen, Failure> {
    let wrong = |why: String| {
        Failure::new(FailureKind::Configuration, format!("could not read {name}"))
            .because(why)
            .hint("Name a text file: a flow, settings of checks, or waivers.")
    };
    let mut bytes = Vec::new();
    loop {
        match answer.body.try_next().await {
            Ok(None) => break,
            Ok(Some(chunk)) if bytes.len() + chunk.len() > TEXT => {
                return Err(wrong(format!("it is longer than {} KiB", TEXT / 1024)));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(error) => {
                return Err(Failure::new(FailureKind::Unavailable, format!("could not read {name}"))
                    .because("S3 ended the answer before it was whole")
                    .because_of(&error)
                    .hint("Check the network, then try again."));
            }
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text in UTF-8".to_owned()))?;
    Ok(Seen { text: text.into(), version: answer.version_id, etag: answer.e_tag })
}

fn status(error: &SdkError<GetObjectError>) -> Option<u16> {
    error.raw_response().map(|raw| raw.status().as_u16())
}
