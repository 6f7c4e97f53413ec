//! `[notify]` of a `lockstep.toml`: who is told of what, through which channel, in which words.
//!
//! Nothing secret stands in the file: it names a variable of the environment, or a secret in Secrets Manager. What is
//! in those is read when somebody is told. `reading` is the way from the file to here.

mod reading;

use std::path::PathBuf;

pub(super) use self::reading::NotifyEntry;
use crate::domain::notification::{Channel, Listener, Occasion, Template};

/// Who is told of what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotifySettings {
    /// Through a webhook of Slack.
    pub slack: Option<SlackSettings>,
    /// By mail.
    pub email: Option<EmailSettings>,
    /// By the terminal that the console is in.
    pub desktop: Option<DesktopSettings>,
}

/// Where something secret is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In this variable of the environment.
    Variable(String),
    /// In Secrets Manager, under this name.
    Secret(String),
}

/// A webhook of Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackSettings {
    /// Its address.
    pub webhook: SecretPlace,
    /// What it tells of.
    pub occasions: Vec<Occasion>,
    /// Other words than lockstep's own.
    pub template: Option<Template>,
}

/// A mail server, and who gets mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSettings {
    /// The host.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// How what is sent is kept from others.
    pub security: MailSecurity,
    /// Certificates (PEM) to trust besides those that the system trusts.
    pub ca_bundle: Option<PathBuf>,
    /// Name and password, where the server wants them.
    pub login: Option<(SecretPlace, SecretPlace)>,
    /// Whom the mail is from.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
    /// What it tells of.
    pub occasions: Vec<Occasion>,
    /// Another subject than lockstep's own.
    pub subject: Option<Template>,
    /// Other words than lockstep's own.
    pub template: Option<Template>,
}

/// How what is sent to a mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// The connection changes over to TLS before anything is sent, or nothing is.
    StartTls,
    /// The connection is TLS from its beginning.
    Tls,
    /// Nothing; for a server on this machine only.
    Plain,
}

/// The terminal that the console is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesktopSettings {
    /// What the terminal is asked with.
    pub signal: Signal,
    /// What it tells of.
    pub occasions: Vec<Occasion>,
}

/// What a terminal is asked with to show a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Whatever it understands, as far as its variables say which terminal it is.
    Auto,
    /// The bell.
    Bell,
    /// OSC 9.
    Osc9,
    /// OSC 777.
    Osc777,
    /// OSC 99.
    Osc99,
}

impl NotifySettings {
    /// The variables of the environment that something secret is in.
    pub fn variables(&self) -> Vec<&str> {
        let webhook = self.slack.iter().map(|slack| &slack.webhook);
        let login = self.email.iter().filter_map(|email| email.login.as_ref());
        let places = webhook.chain(login.flat_map(|(username, password)| [username, password]));
        let variables = places.filter_map(|place| match place {
            SecretPlace::Variable(name) => Some(name.as_str()),
            SecretPlace::Secret(_) => None,
        });
        variables.collect()
    }

    /// The channels that lockstep itself tells through.
    pub fn listeners(&self) -> Vec<Listener> {
        let slack = self.slack.as_ref().map(|it| (Channel::Slack, &it.occasions));
        let email = self.email.as_ref().map(|it| (Channel::Email, &it.occasions));
        let told = slack.into_iter().chain(email);
        told.map(|(channel, occasions)| Listener { channel, occasions: occasions.clone() }).collect()
    }
}
