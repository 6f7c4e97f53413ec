//! Security Token Service: who is asking.

use super::Aws;
use super::failure::{failure, is_without_credentials, login};
use crate::domain::failure::{Failure, FailureKind};
use crate::engine::event::Identity;

impl Aws {
    /// Makes sure, right before something is changed, that it may be: nothing is where lockstep only reads, and
    /// nothing in another account than the one that was configured; where none is, any will do. Asked anew each
    /// time, because whoever logs in elsewhere is another caller.
    pub(in crate::adapters) async fn assure_change(&self) -> Result<(), Failure> {
        if self.settings().is_read_only {
            return Err(Failure::new(FailureKind::Refused, "lockstep only reads here")
                .because("it was started with --read-only")
                .hint("Start it without --read-only to change anything."));
        }
        self.assure_account().await
    }

    /// Makes sure that the caller is in the configured account; where none is, any will do.
    pub(in crate::adapters) async fn assure_account(&self) -> Result<(), Failure> {
        let Some(expected) = &self.way().account else { return Ok(()) };
        let what = "nothing is changed in an account that is not known to be the right one";
        let Some(caller) = self.identity().await? else {
            return Err(Failure::new(FailureKind::Configuration, what)
                .because("there are no AWS credentials to ask with")
                .hint(login(self.way())));
        };
        let account = caller.account.unwrap_or_default();
        if account == *expected {
            return Ok(());
        }
        Err(Failure::new(FailureKind::Configuration, what)
            .because(format!("the credentials of {} are for the account {account}", caller.name))
            .because(format!("{} names the account {expected}", self.settings().origin.display()))
            .hint("Set `profile` or `role_arn` to one of that account, or correct `account`."))
    }

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
                self.way(),
            )),
        }
    }
}
