//! What a store is told when it starts: environment variables in, typed settings or every problem at once out.
//!
//! Reading the variables is the caller's: this file gets a function that looks one up, so that tests need no
//! process of their own. Flags are deliberately not here; a container is configured by its environment alone.

use super::tls::Encryption;
use super::version::Version;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

/// Everything one running store is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `BAGEL_VERSION`: the release to play.
    pub version: Version,
    /// `BAGEL_IMAGE`: the full reference of the image it runs from, if somebody said.
    pub image: Option<String>,
    /// `ENVIRONMENT`: where it runs (`dev`, `test`, `staging`, `prod` or another name).
    pub environment: String,
    /// `DEMO_ID`: the demo instance it belongs to.
    pub demo_id: String,
    /// `BIND`: the address to listen on, every one unless told otherwise.
    pub bind: IpAddr,
    /// `PORT`: the port to listen on, 5000 unless told otherwise; 0 takes any free one.
    pub port: u16,
    /// `DB_*`: where the database is.
    pub database: DatabaseSettings,
    /// `DEMO_USERNAME`: the one user who can sign in.
    pub username: String,
    /// `DEMO_PASSWORD`: that user's password; session cookies are signed with a key made from it.
    pub password: Password,
}

/// Where the database is and how to sign in there.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `DB_HOST`.
    pub host: String,
    /// `DB_PORT`, 5432 unless told otherwise.
    pub port: u16,
    /// `DB_NAME`.
    pub name: String,
    /// `DB_USERNAME`.
    pub username: String,
    /// `DB_PASSWORD`.
    pub password: Password,
    /// `DB_SSLMODE` and `DB_SSLROOTCERT`: whether the connection is encrypted and whom it trusts.
    pub encryption: Encryption,
}

/// A password: it can be used, but never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// One setting that can't be used, in words for whoever starts the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {what}")]
pub struct SettingProblem {
    /// The variable's name.
    pub name: &'static str,
    /// What is wrong with it and how to mend it; never the value of a password.
    pub what: String,
}

impl Settings {
    /// Reads every setting through `look_up`, which returns a variable's value; an empty one counts as absent.
    ///
    /// **Errors:** all problems at once, in the order of the fields.
    pub fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<SettingProblem>> {
        let mut reader = Reader { look_up, problems: Vec::new() };
        let version = reader.needed("BAGEL_VERSION").map(|text| reader.parsed("BAGEL_VERSION", &text));
        let image = reader.optional("BAGEL_IMAGE");
        let environment = reader.word("ENVIRONMENT");
        let demo_id = reader.word("DEMO_ID");
        let bind = reader.or("BIND", IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let port = reader.or("PORT", 5000);
        let database = reader.database();
        let username = reader.needed("DEMO_USERNAME");
        let password = reader.needed("DEMO_PASSWORD");
        match (version.flatten(), environment, demo_id, bind, port, database, username, password) {
            (
                Some(version),
                Some(environment),
                Some(demo_id),
                Some(bind),
                Some(port),
                Some(database),
                Some(username),
                Some(password),
            ) => Ok(Self {
                version,
                image,
                environment,
                demo_id,
                bind,
                port,
                database,
                username,
                password: Password(password),
            }),
            _ => Err(reader.problems),
        }
    }
}

impl Password {
    /// Wraps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the password itself, for the one place that must send or compare it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

struct Reader<F> {
    look_up: F,
    problems: Vec<SettingProblem>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn database(&mut self) -> Option<DatabaseSettings> {
        let host = self.needed("DB_HOST");
        let port = self.or("DB_PORT", 5432);
        let name = self.needed("DB_NAME");
        let username = self.needed("DB_USERNAME");
        let password = self.needed("DB_PASSWORD");
        let encryption = match Encryption::read(
            self.optional("DB_SSLMODE").as_deref(),
            self.optional("DB_SSLROOTCERT").as_deref(),
        ) {
            Ok(encryption) => Some(encryption),
            Err(what) => self.refuse("DB_SSLMODE", what),
        };
        Some(DatabaseSettings {
            host: host?,
            port: port?,
            name: name?,
            username: username?,
            password: Password(password?),
            encryption: encryption?,
        })
    }

    fn optional(&self, name: &str) -> Option<String> {
        (self.look_up)(name).filter(|text| !text.is_empty())
    }

    fn needed(&mut self, name: &'static str) -> Option<String> {
        let found = self.optional(name);
        if found.is_none() {
            self.refuse(name, "is not set; set it and start again".to_owned())
        } else {
            found
        }
    }

    fn or<T: FromStr<Err: fmt::Display>>(&mut self, name: &'static str, otherwise: T) -> Option<T> {
        match self.optional(name) {
            Some(text) => self.parsed(name, &text),
            None => Some(otherwise),
        }
    }

    fn parsed<T: FromStr<Err: fmt::Display>>(&mut self, name: &'static str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(why) => self.refuse(name, format!("can't be used: {why} (it is {text:?})")),
        }
    }

    /// Reads a name that becomes part of a cookie's name and of addresses.
    fn word(&mut self, name: &'static str) -> Option<String> {
        let text = self.needed(name)?;
        let fits =
            text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits && text.len() <= 24 && !text.starts_with('-') && !text.ends_with('-') {
            Some(text)
        } else {
            self.refuse(
                name,
                format!(
                    "is {text:?}; use 1 to 24 lower-case letters, digits and hyphens, no hyphen at either end"
                ),
            )
        }
    }

    fn refuse<T>(&mut self, name: &'static str, what: String) -> Option<T> {
        self.problems.push(SettingProblem { name, what });
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 9] = [
        ("BAGEL_VERSION", "v1.1.0"),
        ("ENVIRONMENT", "staging"),
        ("DEMO_ID", "demo1"),
        ("DB_HOST", "127.0.0.1"),
        ("DB_NAME", "staging"),
        ("DB_USERNAME", "bagel"),
        ("DB_PASSWORD", "hush-database"),
        ("DEMO_USERNAME", "demo"),
        ("DEMO_PASSWORD", "hush-demo"),
    ];

    fn read(changed: &[(&str, &str)]) -> Result<Settings, Vec<SettingProblem>> {
        Settings::read(|name| {
            let found = changed.iter().chain(&COMPLETE).find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_not_said_has_the_defaults_of_the_image() {
        let settings = read(&[]).unwrap();
        assert_eq!((settings.bind.to_string().as_str(), settings.port), ("0.0.0.0", 5000));
        assert_eq!((settings.database.port, settings.image), (5432, None));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let problems = read(&[
            ("BAGEL_VERSION", "v7"),
            ("ENVIRONMENT", "Pre Prod"),
            ("PORT", "70000"),
            ("DB_HOST", ""),
            ("DB_SSLMODE", "maybe"),
        ])
        .unwrap_err();
        let names: Vec<_> = problems.iter().map(|problem| problem.name).collect();
        assert_eq!(names, ["BAGEL_VERSION", "ENVIRONMENT", "PORT", "DB_HOST", "DB_SSLMODE"]);
    }

    #[test]
    fn settings_can_be_printed_without_a_password() {
        let printed = format!("{:?}", read(&[]).unwrap());
        assert!(printed.contains("staging") && !printed.contains("hush"), "{printed}");
    }
}
