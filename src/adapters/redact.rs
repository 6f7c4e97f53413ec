//! The one place that every text passes on its way from the outside to an event: secrets and control characters
//! stay behind.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use regex::Regex;

use crate::domain::failure::Failure;
use crate::domain::plain;
use crate::domain::secret::Secret;

/// What stands where a secret stood.
const MASK: &str = "***";

/// `user:password@` in an address.
static USERINFO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/?#\s@]+:[^/?#\s]*@")
        .expect("the expression is constant and was tried")
});

/// `password=…` in an address or an option.
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(password|passwd|pwd|secret|token|secret_access_key)=[^&;\s"']+"#)
        .expect("the expression is constant and was tried")
});

/// Knows the secrets that were used so far and keeps them out of texts. Cheap to clone; clones share what they know.
#[derive(Clone, Default)]
pub(super) struct Redactor {
    secrets: Arc<Mutex<Vec<String>>>,
}

impl Redactor {
    /// Remembers a secret, as it is and as an address would write it.
    pub(super) fn learn(&self, secret: &Secret) {
        let known = plain::line(secret.reveal());
        if known.trim().is_empty() {
            return;
        }
        let mut secrets = self.secrets();
        for form in [percent_encoded(&known), known] {
            if !secrets.contains(&form) {
                secrets.push(form);
            }
        }
        // A secret that contains another one has to be found first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// One line, without secrets and without anything that a terminal would obey.
    pub(super) fn line(&self, text: &str) -> String {
        let mut text = plain::line(text);
        for secret in self.secrets().iter() {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        if text.contains("://") {
            text = USERINFO.replace_all(&text, "${1}***@").into_owned();
        }
        if text.contains('=') {
            text = PARAMETER.replace_all(&text, "${1}=***").into_owned();
        }
        text
    }

    /// The same for a text of several lines.
    pub(super) fn block(&self, text: &str) -> String {
        let lines: Vec<String> = text.replace("\r\n", "\n").split('\n').map(|line| self.line(line)).collect();
        lines.join("\n")
    }

    /// A failure with every text of it redacted.
    pub(super) fn failure(&self, failure: &Failure) -> Failure {
        Failure {
            what: self.line(&failure.what),
            because: failure.because.iter().map(|cause| self.line(cause)).collect(),
            hint: failure.hint.as_deref().map(|hint| self.block(hint)),
            kind: failure.kind,
        }
    }

    fn secrets(&self) -> MutexGuard<'_, Vec<String>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text as an address writes it.
pub(super) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            write!(encoded, "%{byte:02X}").ok();
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::FailureKind;

    fn redactor(secrets: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        for secret in secrets {
            redactor.learn(&Secret::new(*secret));
        }
        redactor
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands_and_however_an_address_writes_it() {
        let redactor = redactor(&["p@ss/word", "p@ss"]);
        assert_eq!(redactor.line("login p@ss/word, then p@ss"), "login ***, then ***");
        assert_eq!(redactor.line("jdbc:postgresql://h/d?x=p%40ss%2Fword"), "jdbc:postgresql://h/d?x=***");
    }

    #[test]
    fn credentials_in_an_address_are_masked_even_when_nobody_knew_them() {
        let redactor = redactor(&[]);
        assert_eq!(
            redactor.line("open postgres://app:hunter2@db:5432/dev now"),
            "open postgres://***@db:5432/dev now"
        );
        assert_eq!(
            redactor.line("url jdbc:postgresql://db/dev?user=app&password=hunter2&ssl=true"),
            "url jdbc:postgresql://db/dev?user=app&password=***&ssl=true"
        );
        assert_eq!(redactor.line("see https://example.org/a@b"), "see https://example.org/a@b");
    }

    #[test]
    fn nothing_that_a_terminal_would_obey_passes() {
        let redactor = redactor(&["hunter2"]);
        assert_eq!(redactor.line("\u{1b}[31mhun\u{1b}[0mter2\u{1b}[0m"), "***");
        assert_eq!(redactor.line("a\tb\rc\u{7}d\u{9b}e\u{202e}f"), "a b\u{240d}c\u{2407}d\u{fffd}e\u{fffd}f");
        assert_eq!(redactor.line("\u{1b}]52;c;aGk=\u{7}copied"), "copied");
        assert_eq!(redactor.line("cut \u{1b}[3"), "cut \u{241b}[3");
    }

    #[test]
    fn an_empty_secret_masks_nothing() {
        assert_eq!(redactor(&["", " "]).line("a b"), "a b");
    }

    #[test]
    fn a_failure_is_redacted_in_all_its_parts() {
        let failure = Failure::new(FailureKind::Failed, "could not use hunter2")
            .because("hunter2 is wrong")
            .hint("Change hunter2.");
        let redacted = redactor(&["hunter2"]).failure(&failure);
        assert!(!redacted.to_string().contains("hunter2"), "{redacted}");
        assert_eq!(redacted.because, ["*** is wrong"]);
    }
}
