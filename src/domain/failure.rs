//! What went wrong, as data: the same words in the console, on the command line and in the journal.

use std::fmt;

/// Something that did not work, why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What could not be done, as a sentence without a full stop: “could not reach the database of test”.
    pub what: String,
    /// Why, the nearest cause first. Never holds a secret.
    pub because: Vec<String>,
    /// What to do next, as a full sentence.
    pub hint: Option<String>,
    /// What it means for whoever waits for the outcome.
    pub kind: FailureKind,
}

/// What a failure means for the operation it ended; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// A policy, a gate or a missing confirmation stood in the way. Nothing was done.
    Refused,
    /// It failed, and nothing is left half-done.
    Failed,
    /// It failed half-way: somebody has to act.
    ActionNeeded,
    /// Nobody knows how it ended; the truth has to be looked up.
    Unknown,
    /// The words of the request were wrong.
    Usage,
    /// A configuration file or a changelog is wrong.
    Configuration,
    /// A service or a tool that is needed is missing or does not answer.
    Unavailable,
    /// Somebody interrupted it.
    Interrupted,
}

impl FailureKind {
    const WORDS: [(Self, &'static str); 8] = [
        (Self::Refused, "refused"),
        (Self::Failed, "failed"),
        (Self::ActionNeeded, "action needed"),
        (Self::Unknown, "unknown"),
        (Self::Usage, "usage"),
        (Self::Configuration, "configuration"),
        (Self::Unavailable, "unavailable"),
        (Self::Interrupted, "interrupted"),
    ];

    /// The word for people and for machines.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(kind, _)| *kind == self).map_or("unknown", |(_, word)| word)
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, text)| *text == word).map(|(kind, _)| kind)
    }
}

impl Failure {
    /// A failure of `kind` with no cause and no hint yet.
    pub fn new(kind: FailureKind, what: impl Into<String>) -> Self {
        Self { what: what.into(), because: Vec::new(), hint: None, kind }
    }

    /// Adds a cause, further away than those already named.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.because.push(cause.to_string());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure, meaning something else for the whole operation.
    #[must_use]
    pub fn with_kind(mut self, kind: FailureKind) -> Self {
        self.kind = kind;
        self
    }

    /// Adds an error and everything that it says caused it, leaving out repetitions.
    #[must_use]
    pub fn because_of(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            let text = cause.to_string();
            if !self.because.iter().any(|earlier| earlier.contains(&text)) {
                self.because.push(text);
            }
            next = cause.source();
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.what)?;
        for cause in &self.because {
            write!(out, "\n  because {cause}")?;
        }
        if let Some(hint) = &self.hint {
            write!(out, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_why_and_what_to_do() {
        let failure = Failure::new(FailureKind::Unavailable, "could not read the ledger of test")
            .because("connection refused")
            .hint("Start the sandbox with `lockstep demo up`.");
        insta::assert_snapshot!(failure, @r"
        could not read the ledger of test
          because connection refused
          hint: Start the sandbox with `lockstep demo up`.
        ");
    }

    #[test]
    fn a_cause_that_repeats_an_earlier_one_is_left_out() {
        let inner = Failure::new(FailureKind::Failed, "refused");
        let failure = Failure::new(FailureKind::Failed, "no").because("tcp: refused").because_of(&inner);
        assert_eq!(failure.because, ["tcp: refused"]);
    }
}
