//! Liquibase's checksums, version 9. Proven against sums that the real Liquibase 4.29 stored.

use std::fmt;
use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use unicode_normalization::UnicodeNormalization as _;

/// A checksum as `databasechangelog` holds it: `9:` and 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checksum(String);

impl Checksum {
    /// Takes what a row holds.
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when both were made by the same version of the algorithm, so that comparing them says something.
    pub fn is_comparable(&self, other: &Self) -> bool {
        let version = |sum: &Self| sum.0.split_once(':').map(|(version, _)| version.to_owned());
        version(self) == version(other)
    }

    /// The sum of a changeset with one SQL change: white space does not count, comments do.
    pub(super) fn of_sql(sql: &str) -> Self {
        let bytes: Vec<u8> =
            sql.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).collect();
        Self::of_changes(&[format!("9:{}", hex(&bytes))])
    }

    /// The sum of a changeset whose one change is `tagDatabase`.
    pub(super) fn of_tag(tag: &str) -> Self {
        Self::of_changes(&[Self::of_text(&format!("tagDatabase:[\n    tag=\"{tag}\"\n]"))])
    }

    /// The sum of a changeset without any change.
    pub(super) fn of_nothing() -> Self {
        Self::of_changes(&[])
    }

    fn of_changes(sums: &[String]) -> Self {
        let mut text = String::new();
        for sum in sums {
            text.push_str(sum);
            text.push(':');
        }
        Self(Self::of_text(&text))
    }

    fn of_text(text: &str) -> String {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\u{fffd}', "");
        format!("9:{}", hex(text.nfc().collect::<String>().as_bytes()))
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
    fn sums_equal_those_that_liquibase_stored() {
        assert_eq!(Checksum::of_tag("v1.0").as_str(), "9:38bb4793a6a4fbb48375b4027cd6f472");
        assert_eq!(Checksum::of_tag("x-tag").as_str(), "9:7a28145158fd03d00315b971cadb3b7e");
        assert_eq!(Checksum::of_nothing().as_str(), "9:d41d8cd98f00b204e9800998ecf8427e");
    }
}
