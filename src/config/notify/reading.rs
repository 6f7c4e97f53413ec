//! The form of `[notify]` on disk, and everything that can be wrong with it. Something secret that stands there is never
//! repeated.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{
    DesktopSettings, EmailSettings, MailSecurity, NotifySettings, SecretPlace, Signal, SlackSettings,
};
use crate::config::file::placed;
use crate::domain::host;
use crate::domain::notification::{Occasion, Template};

/// The section as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct NotifyEntry {
    slack: Option<SlackEntry>,
    email: Option<Box<EmailEntry>>,
    desktop: Option<DesktopEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlackEntry {
    /// Written by whoever did not know that it is a secret.
    webhook: Option<Spanned<toml::Value>>,
    webhook_variable: Option<Spanned<String>>,
    webhook_secret: Option<Spanned<String>>,
    events: Option<Vec<Spanned<String>>>,
    template: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmailEntry {
    host: Spanned<String>,
    port: Option<u16>,
    security: Option<Spanned<String>>,
    ca_bundle: Option<PathBuf>,
    username: Option<Spanned<toml::Value>>,
    username_variable: Option<Spanned<String>>,
    username_secret: Option<Spanned<String>>,
    password: Option<Spanned<toml::Value>>,
    password_variable: Option<Spanned<String>>,
    password_secret: Option<Spanned<String>>,
    from: Spanned<String>,
    to: Vec<Spanned<String>>,
    events: Option<Vec<Spanned<String>>>,
    subject: Option<Spanned<String>>,
    template: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DesktopEntry {
    signal: Option<Spanned<String>>,
    events: Option<Vec<Spanned<String>>>,
}

/// Something secret as it may be said where it is: one of three, and one of those is wrong.
struct SecretEntry<'a> {
    name: &'static str,
    plain: Option<&'a Spanned<toml::Value>>,
    variable: Option<&'a Spanned<String>>,
    secret: Option<&'a Spanned<String>>,
}

/// Collects what is wrong, each with its line.
struct Problems<'a> {
    text: &'a str,
    found: &'a mut Vec<String>,
}

impl NotifyEntry {
    /// The section with its paths `beside` the file; what is wrong with it is added to `found`.
    pub(in crate::config) fn check(
        self,
        beside: &Path,
        text: &str,
        found: &mut Vec<String>,
    ) -> NotifySettings {
        let mut problems = Problems { text, found };
        NotifySettings {
            slack: self.slack.and_then(|slack| slack.check(&mut problems)),
            email: self.email.map(|email| email.check(beside, &mut problems)),
            desktop: self.desktop.map(|desktop| desktop.check(&mut problems)),
        }
    }
}

impl SlackEntry {
    fn check(self, problems: &mut Problems<'_>) -> Option<SlackSettings> {
        let webhook = SecretEntry {
            name: "webhook",
            plain: self.webhook.as_ref(),
            variable: self.webhook_variable.as_ref(),
            secret: self.webhook_secret.as_ref(),
        };
        let table = "[notify.slack]";
        let place = problems.place(table, &webhook);
        if place.is_none() && webhook.is_missing() {
            problems.found.push(format!("{table}: name the webhook with webhook_variable or webhook_secret"));
        }
        let occasions = problems.occasions(table, self.events);
        let template = problems.template(table, "template", self.template.as_ref());
        Some(SlackSettings { webhook: place?, occasions, template })
    }
}

impl EmailEntry {
    fn check(self, beside: &Path, problems: &mut Problems<'_>) -> EmailSettings {
        let table = "[notify.email]";
        let host = self.host.get_ref().trim().to_owned();
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
            problems.add(&self.host, format!("{table} host: `{host}` is no name of a host"));
        }
        let security = match self.security.as_ref().map(|it| it.get_ref().as_str()) {
            None | Some("starttls") => MailSecurity::StartTls,
            Some("tls") => MailSecurity::Tls,
            Some("none") => MailSecurity::Plain,
            Some(other) => {
                let words = format!("{table} security: `{other}` is not known; write starttls, tls or none");
                problems.found.extend(self.security.as_ref().map(|it| problems.placed(it, &words)));
                MailSecurity::StartTls
            }
        };
        if let (MailSecurity::Plain, Some(given)) = (security, &self.security)
            && !host::is_here(&host)
        {
            let words =
                format!("{table} security: none is for a server on this machine; write starttls or tls");
            problems.add(given, words);
        }
        let username = SecretEntry {
            name: "username",
            plain: self.username.as_ref(),
            variable: self.username_variable.as_ref(),
            secret: self.username_secret.as_ref(),
        };
        let password = SecretEntry {
            name: "password",
            plain: self.password.as_ref(),
            variable: self.password_variable.as_ref(),
            secret: self.password_secret.as_ref(),
        };
        let places = (problems.place(table, &username), problems.place(table, &password));
        if username.is_missing() != password.is_missing() {
            problems.found.push(format!("{table}: username and password go together"));
        }
        if self.to.is_empty() {
            problems.found.push(format!("{table} to: nobody gets the mail; name somebody"));
        }
        for (name, given) in self.to.iter().map(|it| ("to", it)).chain([("from", &self.from)]) {
            if !is_mailbox(given.get_ref()) {
                let words = format!("{table} {name}: `{}` is no address of mail", given.get_ref());
                problems.add(given, words);
            }
        }
        let occasions = problems.occasions(table, self.events);
        let subject = problems.template(table, "subject", self.subject.as_ref());
        let template = problems.template(table, "template", self.template.as_ref());
        let usual = match security {
            MailSecurity::StartTls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::Plain => 25,
        };
        EmailSettings {
            host,
            port: self.port.unwrap_or(usual),
            security,
            ca_bundle: self.ca_bundle.map(|path| beside.join(path)),
            login: places.0.zip(places.1),
            from: self.from.into_inner(),
            to: self.to.into_iter().map(Spanned::into_inner).collect(),
            occasions,
            subject,
            template,
        }
    }
}

impl DesktopEntry {
    fn check(self, problems: &mut Problems<'_>) -> DesktopSettings {
        let table = "[notify.desktop]";
        let signal = match self.signal.as_ref().map(|it| it.get_ref().as_str()) {
            None | Some("auto") => Signal::Auto,
            Some("bell") => Signal::Bell,
            Some("osc9") => Signal::Osc9,
            Some("osc777") => Signal::Osc777,
            Some("osc99") => Signal::Osc99,
            Some(other) => {
                let mend = "write auto, bell, osc9, osc777 or osc99";
                let words = format!("{table} signal: `{other}` is not known; {mend}");
                problems.found.extend(self.signal.as_ref().map(|it| problems.placed(it, &words)));
                Signal::Auto
            }
        };
        DesktopSettings { signal, occasions: problems.occasions(table, self.events) }
    }
}

impl SecretEntry<'_> {
    fn is_missing(&self) -> bool {
        self.plain.is_none() && self.variable.is_none() && self.secret.is_none()
    }
}

impl Problems<'_> {
    fn placed<T>(&self, given: &Spanned<T>, words: &str) -> String {
        placed(self.text, Some(given.span().start), words)
    }

    fn add<T>(&mut self, given: &Spanned<T>, words: impl AsRef<str>) {
        let words = self.placed(given, words.as_ref());
        self.found.push(words);
    }

    /// Where something secret is. What stands in the file in its place is never repeated.
    fn place(&mut self, table: &str, entry: &SecretEntry<'_>) -> Option<SecretPlace> {
        let name = entry.name;
        if let Some(plain) = entry.plain {
            self.add(
                plain,
                format!(
                    "{table} {name}: it is a secret and does not belong into a file; put it into a variable of the environment and name that with {name}_variable, or into Secrets Manager with {name}_secret"
                ),
            );
        }
        match (entry.variable, entry.secret) {
            (Some(given), Some(_)) => {
                let words = format!("{table}: {name}_variable and {name}_secret say the same; keep one");
                self.add(given, words);
                None
            }
            (Some(given), None) if !is_variable(given.get_ref()) => {
                let words = format!(
                    "{table} {name}_variable: that is no name of a variable, such as LOCKSTEP_{}",
                    name.to_uppercase()
                );
                self.add(given, words);
                None
            }
            (None, Some(given)) if !is_secret(given.get_ref()) => {
                let words = format!(
                    "{table} {name}_secret: that is no name in Secrets Manager, such as demo1/{name}"
                );
                self.add(given, words);
                None
            }
            (Some(given), None) => Some(SecretPlace::Variable(given.get_ref().clone())),
            (None, Some(given)) => Some(SecretPlace::Secret(given.get_ref().clone())),
            (None, None) => None,
        }
    }

    /// What a channel tells of; by default of everything.
    fn occasions(&mut self, table: &str, given: Option<Vec<Spanned<String>>>) -> Vec<Occasion> {
        let Some(given) = given else { return Occasion::ALL.to_vec() };
        let mut occasions = Vec::new();
        for word in given {
            let known = Occasion::from_word(word.get_ref()).filter(|it| Occasion::ALL.contains(it));
            if known.is_none() {
                let all = Occasion::ALL.map(Occasion::word).join(", ");
                let words = format!("{table} events: `{}` is not known; there are {all}", word.get_ref());
                self.add(&word, words);
            }
            occasions.extend(known);
        }
        occasions
    }

    fn template(&mut self, table: &str, name: &str, given: Option<&Spanned<String>>) -> Option<Template> {
        let given = given?;
        match Template::read(given.get_ref()) {
            Ok(template) => Some(template),
            Err(wrong) => {
                for wrong in wrong {
                    self.add(given, format!("{table} {name}: {wrong}"));
                }
                None
            }
        }
    }
}

fn is_variable(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The characters that Secrets Manager takes, and those of an ARN; an address has others.
fn is_secret(name: &str) -> bool {
    let is_taken = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-:!".contains(c);
    (1..=512).contains(&name.len()) && name.chars().all(is_taken) && !name.contains("//")
}

/// As far as a typing mistake breaks an address: `ana@example.com`, or `Ana <ana@example.com>`.
fn is_mailbox(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or(""),
        None => text,
    };
    let parts = address.split_once('@');
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "@<>,".contains(c))
    };
    parts.is_some_and(|(name, host)| is_part(name) && is_part(host)) && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notification::Channel;

    #[derive(Deserialize)]
    struct File {
        notify: NotifyEntry,
    }

    fn read(text: &str) -> (NotifySettings, Vec<String>) {
        let file: File = toml::from_str(text).unwrap();
        let mut found = Vec::new();
        let settings = file.notify.check(Path::new("/work"), text, &mut found);
        (settings, found)
    }

    const MAIL: &str = "[notify.email]\nhost = \"smtp.example.com\"\nfrom = \"lockstep <l@example.com>\"\nto = [\"ana@example.com\"]\n";

    #[test]
    fn a_channel_tells_of_everything_unless_it_says_otherwise() {
        let (settings, found) = read(&format!(
            "[notify.slack]\nwebhook_variable = \"HOOK\"\nevents = [\"failed\", \"unknown\"]\n{MAIL}[notify.desktop]\n"
        ));
        assert_eq!(found, [""; 0]);
        let slack = settings.slack.as_ref().unwrap();
        assert_eq!(slack.webhook, SecretPlace::Variable("HOOK".to_owned()));
        assert_eq!(slack.occasions, [Occasion::Failed, Occasion::Unknown]);
        let email = settings.email.as_ref().unwrap();
        assert_eq!((email.port, email.security, &email.login), (587, MailSecurity::StartTls, &None));
        assert_eq!(email.occasions, Occasion::ALL);
        assert_eq!(settings.desktop.as_ref().unwrap().signal, Signal::Auto);
        let channels: Vec<_> = settings.listeners().iter().map(|it| it.channel).collect();
        assert_eq!(channels, [Channel::Slack, Channel::Email]);
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_not_repeated() {
        let url = "https://hooks.slack.com/services/T0/B0/hunter2";
        for text in [
            format!("[notify.slack]\nwebhook = \"{url}\"\n"),
            format!("[notify.slack]\nwebhook_variable = \"{url}\"\n"),
            format!("[notify.slack]\nwebhook_secret = \"{url}\"\n"),
            format!("{MAIL}username_variable = \"U\"\npassword = \"hunter2\"\n"),
        ] {
            let (_, found) = read(&text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(!found[0].contains("hunter2") && found[0].starts_with("line "), "{found:?}");
        }
        let (_, found) = read(&format!("[notify.slack]\nwebhook = \"{url}\"\n"));
        assert!(found[0].contains("name that with webhook_variable"), "{found:?}");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_with_its_line() {
        let (_, found) = read(
            "[notify.slack]\nevents = [\"succeded\"]\ntemplate = \"{verson}\"\n[notify.email]\nhost = \"a b\"\nsecurity = \"ssl\"\nfrom = \"nobody\"\nto = []\npassword_secret = \"p\"\nsubject = \"}\"\n[notify.desktop]\nsignal = \"loud\"\n",
        );
        assert_eq!(
            found,
            [
                "[notify.slack]: name the webhook with webhook_variable or webhook_secret",
                "line 2: [notify.slack] events: `succeded` is not known; there are succeeded, failed, unknown, approval, rolled_back",
                "line 3: [notify.slack] template: there is no {verson}; did you mean {version}?",
                "line 5: [notify.email] host: `a b` is no name of a host",
                "line 6: [notify.email] security: `ssl` is not known; write starttls, tls or none",
                "[notify.email]: username and password go together",
                "[notify.email] to: nobody gets the mail; name somebody",
                "line 7: [notify.email] from: `nobody` is no address of mail",
                "line 10: [notify.email] subject: a brace stands alone; write {{ or }} for a brace",
                "line 12: [notify.desktop] signal: `loud` is not known; write auto, bell, osc9, osc777 or osc99",
            ]
        );
    }

    #[test]
    fn mail_goes_unprotected_to_this_machine_only() {
        let (_, found) = read(&format!("{MAIL}security = \"none\"\n"));
        assert_eq!(
            found,
            ["line 5: [notify.email] security: none is for a server on this machine; write starttls or tls"]
        );
        let (settings, found) =
            read(&format!("{MAIL}security = \"none\"\n").replace("smtp.example.com", "127.0.0.1"));
        assert_eq!((found, settings.email.unwrap().port), (vec![], 25));
    }
}
