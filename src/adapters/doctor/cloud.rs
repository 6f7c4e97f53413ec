//! One way to AWS: who asks, whether that is right, and what all environments behind it have in common.

use futures_util::future::join_all;

use super::environment::NAMES;
use super::{told, unasked, words};
use crate::adapters::Parts;
use crate::adapters::aws::{Aws, BucketView};
use crate::adapters::report::within;
use crate::config::{AwsSettings, EnvironmentSettings};
use crate::domain::doctor::{Found, Need, Place, judgement};
use crate::domain::failure::{Failure, FailureKind};
use crate::engine::event::Identity;
use crate::runtime::Clock;

impl Parts {
    /// Every way to AWS: that of the instance, and those that environments have of their own.
    pub(super) fn ways(&self) -> Vec<AwsSettings> {
        let mut ways = vec![self.settings.aws.clone()];
        for environment in &self.settings.environments {
            if !ways.contains(&environment.aws) {
                ways.push(environment.aws.clone());
            }
        }
        // That of the instance reads nothing where every environment has one of its own.
        let is_used = |way: &AwsSettings| self.settings.environments.iter().any(|it| it.aws == *way);
        let has_bucket = self.settings.reports.bucket.is_some();
        ways.retain(|way| is_used(way) || (*way == self.settings.aws && has_bucket));
        ways
    }

    /// What was found about a way, and about the environments behind it.
    pub(super) async fn examine_way(&self, way: AwsSettings, clock: &Clock) -> (Vec<Need>, Vec<Need>) {
        let aws = self.clouds.by(&way);
        let place = Place::Cloud(words(&way));
        let environments: Vec<_> = self.settings.environments.iter().filter(|it| it.aws == way).collect();
        let look = self.settings.deadlines.look;
        let what = || "could not find out who is asking AWS".to_owned();
        let identity = within(look, what, Box::pin(aws.identity())).await;
        let mut needs = strays(aws, &place);
        let caller = match caller(identity, &way) {
            Ok(caller) => caller,
            Err(failure) => {
                needs.push(Found::failed(failure).need(place.clone(), "credentials"));
                needs.extend(unasked(&place, &["account", "clock", "database server", "database sign-in"]));
                let unseen =
                    environments.iter().flat_map(|it| unasked(&super::of(&it.environment.name), &NAMES));
                return (needs, unseen.collect());
            }
        };
        let who = caller.arn.clone().unwrap_or_else(|| caller.name.clone());
        let account = caller.account.unwrap_or_default();
        needs.push(Found::well(who).need(place.clone(), "credentials"));
        needs.push(judgement::account(way.account.as_deref(), &account).need(place.clone(), "account"));
        needs.push(judgement::clock(aws.skew()).need(place.clone(), "clock"));
        let shared = Box::pin(self.examine_shared(aws, &place, environments.first().copied()));
        let each = environments.into_iter().map(|it| Box::pin(self.examine_environment(aws, it, clock)));
        let (shared, each) = tokio::join!(shared, join_all(each));
        needs.extend(shared);
        (needs, each.into_iter().flatten().collect())
    }

    /// What is asked once for all environments behind a way.
    async fn examine_shared(
        &self,
        aws: &Aws,
        place: &Place,
        environment: Option<&EnvironmentSettings>,
    ) -> Vec<Need> {
        let look = self.settings.deadlines.look;
        let server = async {
            let what = || format!("could not find the database server {}", self.settings.database.instance);
            let found = within(look, what, Box::pin(aws.database_server())).await;
            told(found.map(|at| format!("{} at {}:{}", self.settings.database.instance, at.host, at.port)))
        };
        let sign_in = async {
            let what = || "could not read the secrets of the database".to_owned();
            told(within(look, what, Box::pin(self.databases.sign_in(aws))).await)
        };
        let bucket = async {
            let bucket = self.settings.reports.bucket.as_ref().filter(|_| *aws.way() == self.settings.aws)?;
            let what = || format!("could not look at the bucket {bucket}");
            let found = within(look, what, Box::pin(aws.bucket(bucket))).await;
            Some(Found::of(found, |view| {
                Found::well(match view {
                    BucketView::Listed => format!("{bucket} is there"),
                    BucketView::Unlisted => {
                        format!("{bucket} is there; whether reports may be put there, the first one shows")
                    }
                })
            }))
        };
        let (server, sign_in, bucket) = tokio::join!(server, sign_in, bucket);
        let mut needs = Vec::new();
        if environment.is_some() {
            needs.push(server.need(place.clone(), "database server"));
            needs.push(sign_in.need(place.clone(), "database sign-in"));
        }
        needs.extend(bucket.map(|found| found.need(place.clone(), "reports bucket")));
        needs
    }
}

/// Who asks. Whoever has no credentials at all is nobody.
fn caller(identity: Result<Option<Identity>, Failure>, way: &AwsSettings) -> Result<Identity, Failure> {
    identity?.ok_or_else(|| {
        let login = match &way.profile {
            Some(profile) => format!("Log in with `aws sso login --profile {profile}`."),
            None => "Set [aws] profile, or log in with `aws sso login` or `aws configure`.".to_owned(),
        };
        Failure::new(FailureKind::Unavailable, "there are no AWS credentials to ask with").hint(login)
    })
}

/// Variables that lead calls elsewhere.
fn strays(aws: &Aws, place: &Place) -> Vec<Need> {
    let strays = aws.strays().into_iter();
    let found = strays.map(|(words, mend)| Found::doubtful(format!("calls go to {words}, not to AWS"), mend));
    found.map(|found| found.need(place.clone(), "address")).collect()
}
