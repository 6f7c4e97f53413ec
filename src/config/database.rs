//! `[database]`: which server holds the databases, who logs in there, and how the way to it is encrypted.
//!
//! Absent on purpose: what a secret or a bundle of certificates holds. Both are read when a connection is made.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::file::placed;
use super::{DatabaseSettings, EncryptionSettings, LoginSettings, TrustSettings};

/// The word for the certificates of this machine, in the place of a file.
const SYSTEM: &str = "system";

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatabaseEntry {
    instance: String,
    managed: Option<bool>,
    secret: Option<String>,
    username_secret: Option<String>,
    password_secret: Option<String>,
    sslmode: Option<Spanned<String>>,
    ca_bundle: Option<Spanned<String>>,
}

impl DatabaseEntry {
    /// The section with its paths `beside` the file; what is wrong with it is added to `problems`. An emulated AWS has
    /// its database on this machine.
    pub(super) fn check(
        self,
        beside: &Path,
        is_emulated: bool,
        text: &str,
        problems: &mut Vec<String>,
    ) -> DatabaseSettings {
        let login = login(
            self.managed.unwrap_or_default(),
            self.secret,
            self.username_secret,
            self.password_secret,
            problems,
        );
        let encryption = encryption(self.sslmode, self.ca_bundle, beside, is_emulated, |at, words| {
            problems.push(placed(text, at, &format!("[database] {words}")));
        });
        DatabaseSettings { instance: self.instance, login, encryption }
    }
}

fn login(
    is_managed: bool,
    secret: Option<String>,
    username: Option<String>,
    password: Option<String>,
    problems: &mut Vec<String>,
) -> LoginSettings {
    match (is_managed, secret, username, password) {
        (true, None, None, None) => return LoginSettings::Managed,
        (false, Some(secret), None, None) => return LoginSettings::Secret(secret),
        (false, None, Some(username), Some(password)) => return LoginSettings::Secrets { username, password },
        (false, None, Some(_), None) => {
            problems.push("[database] username_secret needs a password_secret".to_owned());
        }
        (false, None, None, Some(_)) => {
            problems.push("[database] password_secret needs a username_secret".to_owned());
        }
        (false, None, None, None) => problems.push(
            "[database] says nobody who logs in: write `managed = true` where RDS keeps the password, or `secret`, \
             or `username_secret` and `password_secret`"
                .to_owned(),
        ),
        _ => problems.push(
            "[database] says more than once who logs in: keep one of `managed`, `secret`, and `username_secret` with \
             `password_secret`"
                .to_owned(),
        ),
    }
    LoginSettings::Managed
}

fn encryption(
    mode: Option<Spanned<String>>,
    bundle: Option<Spanned<String>>,
    beside: &Path,
    is_emulated: bool,
    mut wrong: impl FnMut(Option<usize>, &str),
) -> EncryptionSettings {
    let at = mode.as_ref().map(|mode| mode.span().start);
    let bundle_at = bundle.as_ref().map(|bundle| bundle.span().start);
    let trust = bundle.map(|bundle| match bundle.into_inner() {
        word if word == SYSTEM => TrustSettings::System,
        path => {
            let path = beside.join(path);
            // Liquibase works in another folder.
            TrustSettings::Bundle(std::path::absolute(&path).unwrap_or(path))
        }
    });
    let mode = mode.map(Spanned::into_inner);
    match (mode.as_deref(), trust) {
        (None | Some("verify-full"), Some(trust)) => return EncryptionSettings::VerifyFull(trust),
        (Some("verify-ca"), Some(trust)) => return EncryptionSettings::VerifyCa(trust),
        (Some("require"), None) => return EncryptionSettings::Require,
        (Some("disable"), None) => return EncryptionSettings::Disable,
        (None, None) if is_emulated => return EncryptionSettings::Disable,
        (None, None) => wrong(
            None,
            "does not say how connections are encrypted: set ca_bundle to the file of certificates that AWS publishes \
             for RDS, so that lockstep knows the server; or sslmode = \"require\", which encrypts and checks nothing",
        ),
        (Some(mode @ ("verify-ca" | "verify-full")), None) => wrong(
            at,
            &format!(
                "sslmode: {mode} needs a ca_bundle: a file of certificates to trust, or \"system\" for those of this \
                 machine"
            ),
        ),
        (Some(mode @ ("disable" | "require")), Some(_)) => wrong(
            bundle_at,
            &format!(
                "ca_bundle: {mode} checks no certificate; take one of the two out, or write verify-full"
            ),
        ),
        (Some(mode @ ("allow" | "prefer")), _) => wrong(
            at,
            &format!(
                "sslmode: {mode} would fall back to a connection that is not encrypted, and lockstep never does; \
                 write disable, require, verify-ca or verify-full"
            ),
        ),
        (Some(mode), _) => wrong(
            at,
            &format!("sslmode: `{mode}` is not known; write disable, require, verify-ca or verify-full"),
        ),
    }
    EncryptionSettings::Disable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, is_emulated: bool) -> (DatabaseSettings, Vec<String>) {
        let entry: DatabaseEntry = toml::from_str(text).unwrap();
        let mut problems = Vec::new();
        let settings = entry.check(Path::new("/project"), is_emulated, text, &mut problems);
        (settings, problems)
    }

    /// The section with a login and these lines.
    fn encrypted(lines: &str, is_emulated: bool) -> Result<EncryptionSettings, String> {
        let (settings, problems) =
            read(&format!("instance = \"rds\"\nmanaged = true\n{lines}\n"), is_emulated);
        if problems.is_empty() { Ok(settings.encryption) } else { Err(problems.join("; ")) }
    }

    #[test]
    fn a_bundle_means_that_the_server_is_known_by_its_name_unless_the_mode_says_less() {
        let bundle = || TrustSettings::Bundle("/project/rds.pem".into());
        for (lines, expected) in [
            ("ca_bundle = \"rds.pem\"", EncryptionSettings::VerifyFull(bundle())),
            ("sslmode = \"verify-full\"\nca_bundle = \"rds.pem\"", EncryptionSettings::VerifyFull(bundle())),
            ("sslmode = \"verify-ca\"\nca_bundle = \"rds.pem\"", EncryptionSettings::VerifyCa(bundle())),
            ("ca_bundle = \"system\"", EncryptionSettings::VerifyFull(TrustSettings::System)),
            ("sslmode = \"require\"", EncryptionSettings::Require),
            ("sslmode = \"disable\"", EncryptionSettings::Disable),
        ] {
            assert_eq!(encrypted(lines, false), Ok(expected), "{lines}");
        }
    }

    #[test]
    fn where_nothing_is_said_only_an_emulated_aws_has_its_database_in_the_clear() {
        assert_eq!(encrypted("", true), Ok(EncryptionSettings::Disable));
        let problem = encrypted("", false).unwrap_err();
        assert!(
            problem.starts_with("[database] does not say how connections are encrypted: set ca_bundle"),
            "{problem}"
        );
    }

    #[test]
    fn what_contradicts_itself_or_would_fall_back_is_named_with_its_line() {
        for (lines, expected) in [
            ("sslmode = \"verify-ca\"", "line 3: [database] sslmode: verify-ca needs a ca_bundle"),
            (
                "sslmode = \"require\"\nca_bundle = \"a\"",
                "line 4: [database] ca_bundle: require checks no certificate",
            ),
            (
                "sslmode = \"disable\"\nca_bundle = \"a\"",
                "line 4: [database] ca_bundle: disable checks no certificate",
            ),
            ("sslmode = \"prefer\"", "line 3: [database] sslmode: prefer would fall back"),
            ("sslmode = \"on\"", "line 3: [database] sslmode: `on` is not known"),
        ] {
            let problem = encrypted(lines, true).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn exactly_one_login_is_said() {
        let login = |lines: &str| {
            let (settings, problems) = read(&format!("instance = \"rds\"\n{lines}\n"), true);
            if problems.is_empty() { Ok(settings.login) } else { Err(problems.join("; ")) }
        };
        assert_eq!(login("managed = true"), Ok(LoginSettings::Managed));
        assert_eq!(login("secret = \"rds/login\""), Ok(LoginSettings::Secret("rds/login".to_owned())));
        assert_eq!(
            login("username_secret = \"u\"\npassword_secret = \"p\""),
            Ok(LoginSettings::Secrets { username: "u".to_owned(), password: "p".to_owned() })
        );
        for (lines, expected) in [
            ("", "[database] says nobody who logs in"),
            ("managed = false", "[database] says nobody who logs in"),
            ("username_secret = \"u\"", "[database] username_secret needs a password_secret"),
            ("password_secret = \"p\"", "[database] password_secret needs a username_secret"),
            ("managed = true\nsecret = \"s\"", "[database] says more than once who logs in"),
            ("secret = \"s\"\npassword_secret = \"p\"", "[database] says more than once who logs in"),
        ] {
            let problem = login(lines).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
