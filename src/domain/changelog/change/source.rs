//! Files that a change is made of: those of `sqlFile`, `loadData`, `createView` and `createProcedure`.

use super::attribute::{self, Read, Refusal};
use crate::domain::changelog::checksum::{Checksum, Splitting};
use crate::domain::changelog::node::Node;
use crate::domain::changelog::tree::Standing;
use crate::domain::changelog::{Algorithm, path};

/// A file that a change names.
pub(super) struct Source<'a> {
    /// Its path from the search root.
    pub(super) path: String,
    /// What is in it; `None` when there is no such file.
    pub(super) bytes: Option<&'a [u8]>,
}

impl<'a> Source<'a> {
    /// The file that the attribute `name` of a change names.
    pub(super) fn named(change: &Node, name: &str, at: &Standing<'a>) -> Read<Option<Self>> {
        let Some(file) = attribute::text(change, name)? else { return Ok(None) };
        let is_relative = attribute::boolean(change, "relativeToChangelogFile")?.unwrap_or(false);
        let path = path::resolve(at.file, &file, is_relative);
        Ok(Some(Self { bytes: at.files.get(&path).map(Vec::as_slice), path }))
    }

    /// Its bytes, or that there is none: Liquibase stops there.
    pub(super) fn bytes(&self, line: usize) -> Read<&'a [u8]> {
        self.bytes.ok_or_else(|| {
            Refusal::new(
                line,
                format!("the file {} does not exist", self.path),
                "Add it, or correct its path.",
            )
        })
    }

    /// Its text, without a byte order mark, in the encoding that is asked for. The error says why it is not known.
    pub(super) fn text(&self, bytes: &[u8], encoding: Option<&str>) -> Result<String, String> {
        let bytes = match bytes {
            [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
            [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => return Err(self.unreadable("UTF-16 or UTF-32")),
            bytes => bytes,
        };
        match encoding.map(|name| name.trim().to_ascii_lowercase()).as_deref() {
            None | Some("utf-8" | "utf8" | "unicode-1-1-utf-8" | "") => {
                let text =
                    std::str::from_utf8(bytes).map_err(|_| self.unreadable("something other than UTF-8"))?;
                Ok(text.to_owned())
            }
            Some("iso-8859-1" | "iso8859_1" | "iso8859-1" | "latin1" | "l1") => {
                Ok(bytes.iter().copied().map(char::from).collect())
            }
            Some("us-ascii" | "ascii") if bytes.is_ascii() => {
                Ok(bytes.iter().copied().map(char::from).collect())
            }
            Some(other) => Err(self.unreadable(other)),
        }
    }

    fn unreadable(&self, encoding: &str) -> String {
        format!("{} is in {encoding}, which is not read here", self.path)
    }
}

/// The sum of a file in version 8, whose bytes are taken as they are, a byte order mark with them.
pub(super) fn old_sum(bytes: &[u8], splitting: &Splitting) -> Result<String, String> {
    if bytes.contains(&0xFF) {
        return Err("in version 8 Liquibase takes a byte of its file for the end".to_owned());
    }
    let words =
        bytes.split(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).filter(|word| !word.is_empty());
    let words = words.collect::<Vec<_>>().join(&b' ');
    let header = splitting.to_string();
    Ok(Checksum::of_bytes(Algorithm::V8, &[header.as_bytes(), &words].concat()))
}
