//! Liquibase's checksums, versions 8 and 9: the forms of the text that is hashed. Proven against sums that the real
//! Liquibase 4.29 stored. What the text of each kind of change is, is said where that kind is read.

use std::fmt;
use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use unicode_normalization::UnicodeNormalization as _;

/// A checksum as `databasechangelog` holds it: the version, a colon and 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checksum(String);

/// The versions of the algorithm in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// Up to Liquibase 4.21.
    V8,
    /// Since Liquibase 4.22, and still in 5.0.
    V9,
}

impl Algorithm {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::V8, Self::V9];

    /// The number in front of a sum.
    pub fn number(self) -> u8 {
        match self {
            Self::V8 => 8,
            Self::V9 => 9,
        }
    }
}

/// The sum of a changeset, or why it cannot be worked out here.
pub type Sum = Result<Checksum, String>;

/// The sums of a changeset in both versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Version 8.
    pub v8: Sum,
    /// Version 9: what Liquibase stores today.
    pub v9: Sum,
}

impl Sums {
    /// Works a sum out in both versions.
    pub(super) fn of(sum: impl Fn(Algorithm) -> Sum) -> Self {
        Self { v8: sum(Algorithm::V8), v9: sum(Algorithm::V9) }
    }

    /// Neither can be worked out, for this reason.
    pub(super) fn open(reason: &str) -> Self {
        Self::of(|_| Err(reason.to_owned()))
    }

    /// Takes a sum in that was found out otherwise.
    pub(super) fn set(&mut self, algorithm: Algorithm, sum: Checksum) {
        match algorithm {
            Algorithm::V8 => self.v8 = Ok(sum),
            Algorithm::V9 => self.v9 = Ok(sum),
        }
    }

    /// The sum in one version.
    pub fn get(&self, algorithm: Algorithm) -> &Sum {
        match algorithm {
            Algorithm::V8 => &self.v8,
            Algorithm::V9 => &self.v9,
        }
    }
}

impl Checksum {
    /// Takes what a row holds.
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The algorithm that made it; `None` when it is not one that is known here.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self.0.split_once(':')?.0 {
            "8" => Some(Algorithm::V8),
            "9" => Some(Algorithm::V9),
            _ => None,
        }
    }

    /// The sum of a changeset from those of its changes, in order.
    pub(super) fn of_changes<'a>(algorithm: Algorithm, sums: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for sum in sums {
            text.push_str(sum);
            text.push(':');
        }
        Self(Self::of_text(algorithm, &text))
    }

    /// The sum of a text: line ends become LF, U+FFFD goes, and it is composed (NFC).
    pub(super) fn of_text(algorithm: Algorithm, text: &str) -> String {
        if text.is_ascii() && !text.contains('\r') {
            return Self::of_bytes(algorithm, text.as_bytes());
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\u{fffd}', "");
        Self::of_bytes(algorithm, text.nfc().collect::<String>().as_bytes())
    }

    /// The sum of bytes as they are.
    pub(super) fn of_bytes(algorithm: Algorithm, bytes: &[u8]) -> String {
        format!("{}:{}", algorithm.number(), hex(bytes))
    }

    /// The sum of one SQL change. Comments count in both versions. White space, which is the four characters below
    /// and no other, does not count in version 9; in version 8 a run of it counts as one space.
    pub(super) fn of_sql(algorithm: Algorithm, sql: &str, split: &Splitting) -> String {
        let is_white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        match algorithm {
            Algorithm::V9 => {
                let bytes: Vec<u8> = sql.bytes().filter(|byte| !is_white(byte)).collect();
                Self::of_bytes(algorithm, &bytes)
            }
            Algorithm::V8 => {
                let mut bytes = split.to_string().into_bytes();
                let words = sql.as_bytes().split(is_white).filter(|word| !word.is_empty());
                for (index, word) in words.enumerate() {
                    if index > 0 {
                        bytes.push(b' ');
                    }
                    bytes.extend_from_slice(word);
                }
                Self::of_bytes(algorithm, &bytes)
            }
        }
    }
}

/// How SQL is cut into statements: a part of its version 8 sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splitting {
    pub(super) end_delimiter: Option<String>,
    pub(super) splits_statements: bool,
    pub(super) strips_comments: bool,
}

impl fmt::Display for Splitting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delimiter = self.end_delimiter.as_deref().unwrap_or("null");
        write!(out, "{delimiter}:{}:{}:", self.splits_statements, self.strips_comments)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a `String` cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_no_change_equals_the_one_that_liquibase_stored() {
        let sum = Checksum::of_changes(Algorithm::V9, []);
        assert_eq!(sum.as_str(), "9:d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(sum.algorithm(), Some(Algorithm::V9));
        assert_eq!(Checksum::stored("7:d41d8cd98f00b204e9800998ecf8427e").algorithm(), None);
    }

    #[test]
    fn white_space_does_not_count_in_version_9_and_only_its_being_there_in_version_8() {
        let split = Splitting { end_delimiter: None, splits_statements: true, strips_comments: true };
        let sum = |algorithm, sql| Checksum::of_sql(algorithm, sql, &split);
        assert_eq!(sum(Algorithm::V9, "select 1;"), sum(Algorithm::V9, "sel\tect\r\n1 ;\n"));
        assert_ne!(sum(Algorithm::V8, "select 1;"), sum(Algorithm::V8, "sel ect 1;"));
        assert_eq!(sum(Algorithm::V8, "select 1;"), sum(Algorithm::V8, "\nselect\t \r\n1;  "));
        assert_ne!(sum(Algorithm::V9, "select 1;"), sum(Algorithm::V9, "select\u{a0}1;"));
    }
}
