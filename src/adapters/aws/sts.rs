//! Security Token Service: who is asking.

use super::Aws;
use super::failure::{failure, is_without_credentials};
use crate::domain::failure::Failure;
use crate::engine::event::Identity;

impl Aws {
    /// The caller as AWS knows it; `None` when there are no credentials to ask with.
    pub(in crate::adapters) async fn identity(&self) -> Result<Option<Identity>, Failure> {
        let answer = self.clients().await.sts.get_caller_identity().send().await;
        match answer {
            Ok(caller) => {
                let arn = caller.arn.unwrap_or_default();
                let name = arn.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
                Ok(Some(Identity { name, account: caller.account, arn: Some(arn) }))
            }
            Err(error) if is_without_credentials(&error) => Ok(None),
            Err(error) => Err(failure(
                "could not find out who is asking AWS",
                "sts:GetCallerIdentity",
                &error,
                &self.settings().aws,
            )),
        }
    }
}
