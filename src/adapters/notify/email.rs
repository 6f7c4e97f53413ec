//! Mail: one message to a mail server, and what that says to it. Plain text, because every reader shows it.
//!
//! Absent on purpose: queues and second attempts, which are the mail server's.

use std::error::Error;
use std::io;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::failure;
use crate::adapters::report::seconds;
use crate::config::{EmailSettings, MailSecurity};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::notification::{Notification, Template};
use crate::domain::plain;
use crate::domain::secret::Secret;

/// The most characters of what a server says that are told.
const ANSWER: usize = 200;

/// A mail server, and who gets mail.
pub(super) struct Email<'a> {
    /// How it is reached.
    pub(super) settings: &'a EmailSettings,
    /// Name and password, where it wants them.
    pub(super) login: Option<(Secret, Secret)>,
    /// How long to wait for all of it.
    pub(super) deadline: Duration,
}

impl Email<'_> {
    /// Sends a message, once.
    pub(super) async fn send(&self, told: &Notification) -> Result<(), Failure> {
        let message = self.message(told)?;
        let transport = self.transport().await?;
        match tokio::time::timeout(self.deadline, transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.refused(&error)),
            Err(_) => Err(failure(FailureKind::Unknown)
                .because(format!("{} did not answer within {}", self.place(), seconds(self.deadline)))
                .hint("Look whether it arrived: it is not sent again.")),
        }
    }

    fn message(&self, told: &Notification) -> Result<Message, Failure> {
        let from = mailbox(&self.settings.from)?;
        let fill = |template: &Template| template.fill(|it| told.value(it));
        let subject = self.settings.subject.as_ref().map_or_else(|| told.subject(), fill);
        let text = self.settings.template.as_ref().map_or_else(|| told.text(), fill);
        // The same message has the same name, whoever passes it on.
        let id = format!("<{}.{}@{}>", told.at.as_nanosecond(), told.occasion.word(), from.email.domain());
        let mut builder: MessageBuilder = Message::builder()
            .message_id(Some(id))
            .from(from)
            .subject(plain::line(&subject.replace(['\r', '\n'], " ")))
            .header(ContentType::TEXT_PLAIN)
            .raw_header(HeaderValue::new(
                // So that no absence note answers it (RFC 3834).
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for to in &self.settings.to {
            builder = builder.to(mailbox(to)?);
        }
        builder.body(text).map_err(|error| {
            failure(FailureKind::Configuration)
                .because(error)
                .hint("Look at [notify.email] from, to and template.")
        })
    }

    async fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, Failure> {
        let EmailSettings { host, port, security, .. } = self.settings;
        let tls = match security {
            MailSecurity::Plain => Tls::None,
            MailSecurity::StartTls => Tls::Required(self.certificates().await?),
            MailSecurity::Tls => Tls::Wrapper(self.certificates().await?),
        };
        let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        let name = name.filter(|name| !name.is_empty() && name.bytes().all(is_of_host));
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(*port)
            .tls(tls)
            .timeout(Some(self.deadline))
            .hello_name(ClientId::Domain(name.unwrap_or_else(|| "localhost".to_owned())));
        if let Some((username, password)) = &self.login {
            let login = Credentials::new(username.reveal().to_owned(), password.reveal().to_owned());
            builder = builder.credentials(login);
        }
        Ok(builder.build())
    }

    /// What a server of this name has to show.
    async fn certificates(&self) -> Result<TlsParameters, Failure> {
        crate::adapters::tls::install();
        let wrong = |path: &std::path::Path| {
            failure(FailureKind::Configuration)
                .because(format!("could not use the certificates in {}", path.display()))
        };
        let hint = "Correct [notify.email] ca_bundle; without it the certificates of the system count.";
        let mut builder = TlsParameters::builder(self.settings.host.clone());
        if let Some(path) = &self.settings.ca_bundle {
            let pem = tokio::fs::read(path).await;
            let pem = pem.map_err(|error| wrong(path).because(error).hint(hint))?;
            let certificate = Certificate::from_pem(&pem);
            let certificate = certificate.map_err(|error| wrong(path).because_of(&error).hint(hint))?;
            builder = builder.add_root_certificate(certificate);
        }
        builder
            .build_rustls()
            .map_err(|error| failure(FailureKind::Configuration).because_of(&error).hint(hint))
    }

    fn refused(&self, error: &smtp::Error) -> Failure {
        let place = self.place();
        if let Some(code) = error.status() {
            let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            let said = plain::beginning(&said, ANSWER);
            let failure = |kind| failure(kind).because(format!("{place} answered {code}: {said}"));
            return match u16::from(code) {
                454 | 530 | 534 | 535 | 538 => failure(FailureKind::Configuration)
                    .because("it does not take the login, or wants one")
                    .hint(
                        "Correct the user's name and the password, where [notify.email] says that they are.",
                    ),
                550..=553 => failure(FailureKind::Configuration)
                    .because("it takes no mail from this sender or for this receiver")
                    .hint("Correct [notify.email] from and to."),
                400..=499 => failure(FailureKind::Unavailable)
                    .because("it wants to be asked later")
                    .hint("It is not sent again."),
                _ => failure(FailureKind::Failed).hint("Ask whoever looks after the mail server."),
            };
        }
        if is_of_tls(error) {
            return failure(FailureKind::Unavailable)
                .because(format!("{place} does not prove who it is"))
                .because(cause(error))
                .hint("Correct [notify.email] host, or name the certificate of its authority as ca_bundle.");
        }
        if error.is_client() {
            return failure(FailureKind::Configuration).because(cause(error)).hint(
                "Correct [notify.email] security, or the login: the server does not offer what is asked for.",
            );
        }
        if error.is_timeout() {
            return failure(FailureKind::Unknown)
                .because(format!("{place} did not answer in time"))
                .hint("Look whether it arrived: it is not sent again.");
        }
        // Which kind of error it is, is the crate's own; the words that it begins with say so.
        if error.to_string().starts_with("Connection error") {
            return failure(FailureKind::Unavailable)
                .because(format!("{place} cannot be reached"))
                .because(cause(error))
                .hint(
                    "Check the network, a firewall, and [notify.email] host and port. It is not sent again.",
                );
        }
        failure(FailureKind::Unknown)
            .because(format!("{place} ended the connection before it had answered"))
            .because(cause(error))
            .hint("Look whether it arrived: it is not sent again.")
    }

    fn place(&self) -> String {
        format!("{}:{}", self.settings.host, self.settings.port)
    }
}

fn mailbox(text: &str) -> Result<Mailbox, Failure> {
    text.parse::<Mailbox>().or_else(|error| {
        let bare = text.parse::<Address>().map(|address| Mailbox::new(None, address));
        bare.map_err(|_| {
            failure(FailureKind::Configuration)
                .because(format!("`{text}` is no address of mail: {error}"))
                .hint("Correct [notify.email] from and to.")
        })
    })
}

/// An error and everything that caused it, the nearest first.
fn chain(error: &smtp::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source())
}

/// True when it was not TLS, or not with whom it should have been.
fn is_of_tls(error: &smtp::Error) -> bool {
    let is_tls = |cause: &(dyn Error + 'static)| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some()
    };
    error.is_tls() || chain(error).any(is_tls)
}

/// What is behind an error. Those in front of it only repeat it.
fn cause(error: &smtp::Error) -> String {
    chain(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.'
}
