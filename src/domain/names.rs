//! Names with a format of their own: an environment, a demo instance, a run.

use std::fmt;

/// The longest `demo_id`: the service `bagel-store-<demo_id>-staging` may have 40 characters.
const DEMO_ID_LIMIT: usize = 20;

/// The name of an environment, such as `staging`: lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvironmentName(String);

impl EnvironmentName {
    /// Reads a name; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        check_label(text, 24).map_err(|reason| format!("`{text}` is not an environment name: {reason}"))?;
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Identifies one demo instance, such as `customer-abc`; part of every name in AWS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DemoId(String);

impl DemoId {
    /// Reads an id: 1 to 20 lower-case letters, digits and hyphens, no hyphen at either end.
    pub fn parse(text: &str) -> Result<Self, String> {
        check_label(text, DEMO_ID_LIMIT).map_err(|reason| format!("`{text}` is not a demo id: {reason}"))?;
        Ok(Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Identifies one run of a plan, such as `r-20261121-140155000-3fa2c-test`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// The id of a run that starts at `at` in the program with this mark, which may be empty. Two programs may begin a
    /// run in the same millisecond, and only one of them gets the lock: without a mark both would have one name.
    pub fn at(at: jiff::Timestamp, mark: &str, environment: &EnvironmentName) -> Self {
        let at = at.strftime("%Y%m%d-%H%M%S%.3f").to_string().replace('.', "");
        let dash = if mark.is_empty() { "" } else { "-" };
        Self(format!("r-{at}{dash}{mark}-{environment}"))
    }

    /// The id of something that only looks, such as `drift`, which belongs to no environment.
    pub fn of_look(at: jiff::Timestamp, mark: &str, word: &str) -> Self {
        let at = at.strftime("%Y%m%d-%H%M%S%.3f").to_string().replace('.', "");
        let dash = if mark.is_empty() { "" } else { "-" };
        Self(format!("{word}-{at}{dash}{mark}"))
    }

    /// Takes the text of a run id back, as a journal or a lock row has it.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The run that signs with `text`, if it is the id of one.
    pub fn recognise(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("r-")?;
        let is_id = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        is_id.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Display for DemoId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

fn check_label(text: &str, limit: usize) -> Result<(), String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.chars().count() > limit {
        return Err(format!("it has {} characters; {limit} at most", text.chars().count()));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err("it may not begin or end with a hyphen".to_owned());
    }
    match text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')) {
        Some(c) => Err(format!("`{c}` is not a lower-case letter, a digit or a hyphen")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_id_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "it is empty"),
            ("Demo", "`D` is not a lower-case letter, a digit or a hyphen"),
            ("-demo", "it may not begin or end with a hyphen"),
            ("demo-", "it may not begin or end with a hyphen"),
            ("a2345678901234567890x", "it has 21 characters; 20 at most"),
            ("de mo", "` ` is not a lower-case letter, a digit or a hyphen"),
        ] {
            assert_eq!(DemoId::parse(text), Err(format!("`{text}` is not a demo id: {reason}")));
        }
        for text in ["demo1", "customer-abc", "eval-2025", "a", "a2345678901234567890"] {
            assert_eq!(DemoId::parse(text).map(|id| id.to_string()), Ok(text.to_owned()));
        }
    }
}
