//! Tells people outside what happened, each message once: nothing here is ever sent again by itself.
//!
//! Every text of a message passes the redactor before it gets its form, and what is secret about a channel is learned by
//! it before it is used. Absent on purpose: what is told and to whom, which the engine decides, and the terminal, which is
//! the console's own.

mod email;
mod slack;

use std::env;
use std::sync::Arc;

use reqwest::Url;

use self::email::Email;
use self::slack::Slack;
use super::aws::Aws;
use super::redact::Redactor;
use super::report::within;
use crate::config::{SecretPlace, Settings};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::notification::{Channel, Notification};
use crate::domain::secret::Secret;

/// The fewest characters of a part of an address that is taken for a secret of its own.
const TOKEN: usize = 8;

/// The channels of an instance. Cheap to clone.
#[derive(Clone)]
pub(super) struct Channels {
    settings: Arc<Settings>,
    aws: Aws,
    redactor: Redactor,
}

impl Channels {
    /// Those that `settings` name. What is secret about them and is in the environment is known to `redactor` from now on.
    pub(super) fn new(settings: Arc<Settings>, aws: Aws, redactor: Redactor) -> Self {
        for value in settings.notify.variables().into_iter().filter_map(|name| env::var(name).ok()) {
            learn(&redactor, &Secret::new(value));
        }
        Self { settings, aws, redactor }
    }

    /// Tells something through a channel, once; says in words what came of it.
    pub(super) async fn tell(&self, channel: Channel, mut told: Notification) -> Result<String, Failure> {
        told.each_text(&mut |text| *text = self.redactor.block(text));
        let headline = told.headline.clone();
        let result = match channel {
            Channel::Slack => self.slack(&told).await,
            Channel::Email => self.email(&told).await,
        };
        let name = channel.name();
        result.map(|()| format!("{name} was told: {headline}")).map_err(|failure| {
            let what = format!("could not tell {name}: {headline}");
            self.redactor.failure(&Failure { what, ..failure })
        })
    }

    async fn slack(&self, told: &Notification) -> Result<(), Failure> {
        let settings = self.settings.notify.slack.as_ref().ok_or_else(|| unconfigured(Channel::Slack))?;
        let webhook = self.secret(&settings.webhook, "webhook").await?;
        let deadline = self.settings.deadlines.look;
        Slack { webhook: &webhook, deadline }.send(&slack::message(told, settings.template.as_ref())).await
    }

    async fn email(&self, told: &Notification) -> Result<(), Failure> {
        let settings = self.settings.notify.email.as_ref().ok_or_else(|| unconfigured(Channel::Email))?;
        let login = match &settings.login {
            Some((username, password)) => {
                Some((self.secret(username, "username").await?, self.secret(password, "password").await?))
            }
            None => None,
        };
        let deadline = self.settings.deadlines.look;
        Email { settings, login, deadline }.send(told).await
    }

    /// What is in this place; `member` is meant where it is JSON.
    async fn secret(&self, place: &SecretPlace, member: &str) -> Result<Secret, Failure> {
        let secret = match place {
            SecretPlace::Variable(name) => {
                let value = env::var(name).ok().filter(|value| !value.trim().is_empty());
                Secret::new(value.ok_or_else(|| {
                    failure(FailureKind::Configuration)
                        .because(format!("the variable {name} is not set"))
                        .hint(format!("Set {name} for the process that lockstep runs in."))
                })?)
            }
            SecretPlace::Secret(name) => {
                let what = || format!("could not read the secret {name}");
                let asked = Box::pin(self.aws.secret(name, member));
                within(self.settings.deadlines.look, what, asked).await.map_err(|unread| {
                    // What could not be done is to tell somebody; that the secret is not to be had is why.
                    let first = failure(unread.kind).because(unread.what);
                    let failure = unread.because.into_iter().fold(first, Failure::because);
                    Failure { hint: unread.hint, ..failure }
                })?
            }
        };
        learn(&self.redactor, &secret);
        Ok(Secret::new(secret.reveal().trim()))
    }
}

/// Remembers a secret; of an address also the parts that open the door by themselves.
fn learn(redactor: &Redactor, secret: &Secret) {
    redactor.learn(secret);
    let text = secret.reveal().trim();
    redactor.learn(&Secret::new(text));
    if let Ok(url) = Url::parse(text)
        && url.has_host()
    {
        redactor.learn(&Secret::new(url.path()));
        for part in url.path_segments().into_iter().flatten().filter(|part| part.len() >= TOKEN) {
            redactor.learn(&Secret::new(part));
        }
    }
}

/// A failure whose first words the channel has.
fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, String::new())
}

fn unconfigured(channel: Channel) -> Failure {
    failure(FailureKind::Configuration)
        .because(format!("there is no [notify.{}]", channel.word()))
        .hint("docs/notifications.md tells what to write.")
}
