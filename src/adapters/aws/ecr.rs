//! Elastic Container Registry: which digest stands under the name of an image. Images themselves are deliberately absent.

use aws_config::Region;
use aws_sdk_ecr::error::ProvideErrorMetadata as _;
use aws_sdk_ecr::types::ImageIdentifier;

use super::Aws;
use super::failure::failure;
use super::grant::Action;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::release::{ImageRef, ImageSeen};

/// What ECR says of a tag, or a repository, that is not there.
const MISSING: [&str; 2] = ["ImageNotFoundException", "RepositoryNotFoundException"];

impl Aws {
    /// Looks for an image in the registry of an account and a region.
    pub(in crate::adapters) async fn image(
        &self,
        image: &ImageRef,
        (account, region): (&str, &str),
    ) -> Result<ImageSeen, Failure> {
        let what = || format!("could not look for the image {image}");
        let (_, repository) = image.repository().split_once('/').unwrap_or(("", image.repository()));
        let wanted = ImageIdentifier::builder();
        let wanted = match image.digest() {
            Some(digest) => wanted.image_digest(digest),
            None => wanted.set_image_tag(image.tag().map(str::to_owned)),
        };
        let asking = self.clients().await.ecr.describe_images().registry_id(account);
        let asking = asking.repository_name(repository).image_ids(wanted.build());
        let there = aws_sdk_ecr::config::Builder::new().region(Region::new(region.to_owned()));
        match asking.customize().config_override(there).send().await {
            Ok(answer) => {
                let digest = answer.image_details().iter().find_map(|found| found.image_digest());
                digest.map(|digest| ImageSeen::There(digest.to_owned())).ok_or_else(|| {
                    Failure::new(FailureKind::Unavailable, what())
                        .because("ECR has it, and does not say with which digest")
                })
            }
            Err(error) if error.code().is_some_and(|code| MISSING.contains(&code)) => Ok(ImageSeen::Missing),
            Err(error) => {
                let there = format!("arn:aws:ecr:{region}:{account}:repository/{repository}");
                Err(failure(what(), Action::on("ecr:DescribeImages", there), &error, self.way()))
            }
        }
    }
}
