//! The chain: every line carries the digest of the line before it and its own. Pure; docs/journal.md has the rules.
//!
//! A digest covers the bytes of the line as they are, so nothing depends on how JSON is written or read.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The version of the form on disk. A lockstep that knows less writes nothing.
pub(super) const FORMAT: u32 = 1;

/// What stands between what is digested and the digest.
const SEAL: &str = ",\"hash\":\"";

/// SHA-256 in lower-case hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a `String` cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// What the first record of the journal of `instance` follows.
pub(super) fn genesis(instance: &str) -> String {
    digest(format!("lockstep journal, format {FORMAT}, instance {instance}").as_bytes())
}

/// Closes a JSON object with its digest as the last member. Returns the line, with its end, and the digest.
pub(super) fn seal(object: &str) -> (Vec<u8>, String) {
    let body = object.strip_suffix('}').unwrap_or(object);
    let hash = digest(body.as_bytes());
    (format!("{body}{SEAL}{hash}\"}}\n").into_bytes(), hash)
}

/// The digest that a line carries, and whether it is that of the line; `None` when the line carries none.
pub(super) fn open(line: &[u8]) -> Option<(&str, bool)> {
    let line = str::from_utf8(line).ok()?;
    let (body, rest) = line.rsplit_once(SEAL)?;
    let hash = rest.strip_suffix("\"}")?;
    let is_digest = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_digest.then(|| (hash, digest(body.as_bytes()) == hash))
}

/// True for bytes that a writer who died leaves behind: a record without its end, or with holes in it.
pub(super) fn is_unfinished(tail: &[u8]) -> bool {
    !tail.contains(&b'\n') || tail.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_line_is_covered_by_its_seal() {
        let (line, hash) = seal(r#"{"seq":1,"what":"x"}"#);
        let line = line.strip_suffix(b"\n").unwrap();
        assert_eq!(open(line), Some((hash.as_str(), true)));
        for place in 0..line.len() {
            let mut edited = line.to_vec();
            edited[place] ^= 1;
            assert!(!matches!(open(&edited), Some((_, true))), "byte {place}");
        }
    }

    #[test]
    fn a_seal_can_be_checked_with_nothing_but_sha256() {
        let (line, _) = seal(r#"{"seq":1}"#);
        assert_eq!(open(&line[..line.len() - 1]).unwrap().0, digest(br#"{"seq":1"#));
    }
}
