//! How much a finding matters, with the words and numbers of Liquibase's settings files.

use std::fmt;

/// How much a finding matters. Its number is the exit code of a run in which nothing worse was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// 0: to know about.
    Info,
    /// 1
    Minor,
    /// 2
    Major,
    /// 3
    Critical,
    /// 4: a promotion must not go on.
    Blocker,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Minor, Self::Major, Self::Critical, Self::Blocker];

    /// The word, in capitals as Liquibase writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Minor => "MINOR",
            Self::Major => "MAJOR",
            Self::Critical => "CRITICAL",
            Self::Blocker => "BLOCKER",
        }
    }

    /// 0 to 4.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The severity with this word, in whatever case, or this number.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::ALL.into_iter().find(|severity| {
            severity.word().eq_ignore_ascii_case(text) || severity.code().to_string() == text
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severity_is_read_by_its_word_or_its_number() {
        for severity in Severity::ALL {
            assert_eq!(Severity::parse(severity.word()), Some(severity));
            assert_eq!(Severity::parse(&severity.word().to_lowercase()), Some(severity));
            assert_eq!(Severity::parse(&severity.code().to_string()), Some(severity));
        }
        assert_eq!(Severity::parse("5"), None);
        assert_eq!(Severity::parse(""), None);
        assert!(Severity::Blocker > Severity::Critical);
    }
}
