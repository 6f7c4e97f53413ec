//! AWS: one configuration, one client per service, and one client more that never repeats what it sends.
//!
//! Credentials come from exactly one place: fixed keys (an emulated AWS), the named profile, or AWS's own chain.
//! A named profile is asked itself, because the chain would prefer keys that happen to be in the environment.

mod apprunner;
mod chain;
mod clock;
mod definition;
mod ecr;
mod ecs;
mod failure;
mod grant;
mod logs;
mod objects;
mod rds;
mod repeats;
mod s3;
mod secrets;
mod stray;
mod sts;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::sync::OnceCell;

use self::clock::Dated;
use crate::config::{AwsSettings, Settings};
use crate::domain::skew::Skew;

pub(super) use apprunner::Deployment;
pub(super) use definition::{ContainerView, Definition};
#[cfg(test)]
pub(super) use ecs::ContainerEnd;
pub(super) use ecs::{TaskOrder, TaskView};
pub(super) use logs::Tail;
pub(super) use objects::{Object, Seen};
pub(super) use rds::DatabaseServer;
pub(super) use s3::BucketView;

/// How often a look is tried in all.
const LOOK_ATTEMPTS: u32 = 3;

/// AWS as the instance reaches it, and as each of its environments does. Cheap to clone.
#[derive(Clone)]
pub(super) struct Clouds {
    own: Aws,
    /// One for each different way, whoever takes it.
    others: Arc<[Aws]>,
}

/// AWS reached in one way: one account, role and region. Cheap to clone; clones share clients and what was found out.
#[derive(Clone)]
pub(super) struct Aws(Arc<Parts>);

struct Parts {
    settings: Arc<Settings>,
    way: AwsSettings,
    clients: OnceCell<Clients>,
    dated: Dated,
    /// The ARNs of services, by name.
    arns: Mutex<HashMap<String, String>>,
    /// Where services answer, by name.
    addresses: Mutex<HashMap<String, String>>,
}

/// The clients of all services that are used.
struct Clients {
    apprunner: aws_sdk_apprunner::Client,
    /// For changes: sends everything exactly once.
    apprunner_once: aws_sdk_apprunner::Client,
    ecr: aws_sdk_ecr::Client,
    ecs: aws_sdk_ecs::Client,
    /// For tasks: sends everything exactly once.
    ecs_once: aws_sdk_ecs::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    rds: aws_sdk_rds::Client,
    /// For reading objects.
    s3: aws_sdk_s3::Client,
    /// For putting objects: sends everything exactly once.
    s3_once: aws_sdk_s3::Client,
    secrets: aws_sdk_secretsmanager::Client,
    sts: aws_sdk_sts::Client,
}

impl Clouds {
    /// AWS as `settings` describe it. Nothing is asked, and no file is read, before the first call.
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        let own = Aws::new(settings.clone(), settings.aws.clone());
        let mut others: Vec<Aws> = Vec::new();
        for environment in &settings.environments {
            let is_known = |aws: &Aws| *aws.way() == environment.aws;
            if !is_known(&own) && !others.iter().any(is_known) {
                others.push(Aws::new(settings.clone(), environment.aws.clone()));
            }
        }
        Self { own, others: others.into() }
    }

    /// As the instance reaches it.
    pub(super) fn own(&self) -> &Aws {
        &self.own
    }

    /// As whoever has these settings reaches it.
    pub(super) fn by(&self, way: &AwsSettings) -> &Aws {
        self.others.iter().find(|aws| aws.way() == way).unwrap_or(&self.own)
    }
}

impl Aws {
    fn new(settings: Arc<Settings>, way: AwsSettings) -> Self {
        Self(Arc::new(Parts {
            settings,
            way,
            clients: OnceCell::new(),
            dated: Dated::default(),
            arns: Mutex::default(),
            addresses: Mutex::default(),
        }))
    }

    /// The settings of the instance.
    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How it is reached.
    pub(super) fn way(&self) -> &AwsSettings {
        &self.0.way
    }

    /// How far AWS's clock was ahead of this machine's by its last answer.
    pub(super) fn skew(&self) -> Option<Skew> {
        self.0.dated.skew()
    }

    /// Variables of the environment that lead calls elsewhere, each with where it leads and how it is got rid of.
    pub(super) fn strays(&self) -> Vec<(String, String)> {
        stray::endpoints(self.way()).iter().map(|stray| (stray.words(), stray.mend())).collect()
    }

    async fn clients(&self) -> &Clients {
        let look = self.0.settings.deadlines.look;
        self.0.clients.get_or_init(|| Clients::open(&self.0.way, look, &self.0.dated)).await
    }

    fn arns(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.arns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clients {
    async fn open(way: &AwsSettings, look: Duration, dated: &Dated) -> Self {
        let config = Box::pin(configuration(way, look)).await;
        let config = Box::pin(in_role(config, way)).await;
        let apprunner = aws_sdk_apprunner::config::Builder::from(&config).interceptor(dated.clone());
        let once = apprunner
            .clone()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(look, look))
            .build();
        let images = aws_sdk_ecr::config::Builder::from(&config).interceptor(dated.clone());
        let containers = aws_sdk_ecs::config::Builder::from(&config).interceptor(dated.clone());
        let tasks =
            containers.clone().retry_config(RetryConfig::disabled()).timeout_config(timeouts(look, look));
        // An address that is not AWS's own has no name for each bucket.
        let objects = aws_sdk_s3::config::Builder::from(&config)
            .interceptor(dated.clone())
            .force_path_style(way.endpoint_url.is_some());
        let objects_once =
            objects.clone().retry_config(RetryConfig::disabled()).timeout_config(timeouts(look, look));
        let logs = aws_sdk_cloudwatchlogs::config::Builder::from(&config).interceptor(dated.clone());
        let rds = aws_sdk_rds::config::Builder::from(&config).interceptor(dated.clone());
        let secrets = aws_sdk_secretsmanager::config::Builder::from(&config).interceptor(dated.clone());
        let sts = aws_sdk_sts::config::Builder::from(&config).interceptor(dated.clone());
        Self {
            apprunner: aws_sdk_apprunner::Client::from_conf(apprunner.build()),
            apprunner_once: aws_sdk_apprunner::Client::from_conf(once),
            ecr: aws_sdk_ecr::Client::from_conf(images.build()),
            ecs: aws_sdk_ecs::Client::from_conf(containers.build()),
            ecs_once: aws_sdk_ecs::Client::from_conf(tasks.build()),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(logs.build()),
            rds: aws_sdk_rds::Client::from_conf(rds.build()),
            s3: aws_sdk_s3::Client::from_conf(objects.build()),
            s3_once: aws_sdk_s3::Client::from_conf(objects_once.build()),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets.build()),
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
        }
    }
}

async fn configuration(settings: &AwsSettings, look: Duration) -> SdkConfig {
    super::tls::install();
    // An emulated AWS on plain HTTP needs no certificates, and loading them takes time.
    let is_plain = settings.endpoint_url.as_deref().is_some_and(|url| url.starts_with("http://"));
    let http = if is_plain {
        Builder::new().build_http()
    } else {
        Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
    };
    let version = BehaviorVersion::v2026_01_12();
    let region = Region::new(settings.region.clone());
    let retries = RetryConfig::standard()
        .with_max_attempts(LOOK_ATTEMPTS)
        .with_initial_backoff((look / 10).min(Duration::from_secs(1)));
    let timeouts = timeouts(look, look / 2);

    // With fixed keys nothing of the user's own AWS configuration may have a say.
    if let Some((id, secret)) = &settings.keys {
        let keys = Credentials::from_keys(id, secret.reveal(), None);
        let mut config = SdkConfig::builder()
            .behavior_version(version)
            .http_client(http)
            .region(region)
            .retry_config(retries)
            .timeout_config(timeouts)
            // Taking a role on needs to know the time.
            .time_source(SystemTimeSource::new())
            .credentials_provider(SharedCredentialsProvider::new(keys));
        config.set_endpoint_url(settings.endpoint_url.clone());
        return config.build();
    }
    let mut loader = aws_config::defaults(version)
        .http_client(http.clone())
        .region(region.clone())
        .retry_config(retries)
        .timeout_config(timeouts);
    if let Some(profile) = &settings.profile {
        let provider = ProviderConfig::without_region().with_region(Some(region)).with_http_client(http);
        loader = loader.profile_name(profile).credentials_provider(
            ProfileFileCredentialsProvider::builder().configure(&provider).profile_name(profile).build(),
        );
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

/// The same with the credentials of the role that is to be taken on, if one is.
async fn in_role(base: SdkConfig, way: &AwsSettings) -> SdkConfig {
    let Some(role) = &way.role else { return base };
    // Who did it stands in CloudTrail under this name.
    let session: String = format!("lockstep-{}", super::machine_user())
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "=,.@-_".contains(c) { c } else { '-' })
        .take(64)
        .collect();
    let mut role_of = AssumeRoleProvider::builder(&role.arn).session_name(session).configure(&base);
    if let Some(id) = &role.external_id {
        role_of = role_of.external_id(id);
    }
    let provider = role_of.build().await;
    base.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

/// The longest that reads may fail in a row before something counts as out of sight.
fn patience(look: Duration) -> Duration {
    look * 6
}

fn timeouts(operation: Duration, attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(attempt.min(Duration::from_millis(3100)))
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}
