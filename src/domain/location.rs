//! Where a file lies: on this machine, or as an object in a bucket of S3.
//!
//! Absent on purpose: reading it, which adapters do.

use std::fmt;
use std::path::{Path, PathBuf};

/// How the name of an object begins.
const SCHEME: &str = "s3://";

/// The longest key that S3 takes, in bytes.
const KEY: usize = 1024;

/// Where a file lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// On this machine.
    File(PathBuf),
    /// In a bucket.
    Object(ObjectName),
}

/// The name of an object: `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The bucket.
    pub bucket: String,
    /// The key in it.
    pub key: String,
}

impl Location {
    /// Reads what somebody wrote: `s3://bucket/key`, else a path. The error says what is wrong with the name.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix(SCHEME) {
            None => Ok(Self::File(text.into())),
            Some(name) => ObjectName::parse(name).map(Self::Object),
        }
    }

    /// The same, where a relative path is meant from `folder`.
    #[must_use]
    pub fn from_folder(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            Self::Object(name) => Self::Object(name),
        }
    }
}

impl ObjectName {
    /// Reads `bucket/key`.
    fn parse(name: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("`{SCHEME}{name}` {why}; write s3://bucket/key"));
        let Some((bucket, key)) = name.split_once('/') else { return wrong("names no object") };
        if !is_bucket(bucket) {
            return wrong("begins with no name of a bucket");
        }
        if key.is_empty() || key.ends_with('/') {
            return wrong("names no object");
        }
        if key.len() > KEY || key.chars().any(char::is_control) {
            return wrong("has a key that S3 does not take");
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(out),
            Self::Object(name) => name.fmt(out),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{SCHEME}{}/{}", self.bucket, self.key)
    }
}

/// True for the name of an object, right or wrong, and false for a path.
pub fn is_object(text: &str) -> bool {
    text.starts_with(SCHEME)
}

/// True for what a bucket can be called, as far as a typing mistake breaks the rules of S3.
pub fn is_bucket(name: &str) -> bool {
    let is_taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (3..=63).contains(&name.len()) && name.chars().all(is_taken)
}

/// What `path` means when it stands in `file`: beside an object it is an object too, unless it says where it is itself.
/// In a file of this machine it means what it says.
pub fn named_in(file: &str, path: &str) -> String {
    let Some(name) = file.strip_prefix(SCHEME) else { return path.to_owned() };
    if is_object(path) || path.starts_with('/') {
        return path.to_owned();
    }
    let (bucket, key) = name.split_once('/').unwrap_or((name, ""));
    let mut folders: Vec<&str> = key.split('/').collect();
    folders.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            // Above the bucket there is nothing.
            ".." => drop(folders.pop()),
            part => folders.push(part),
        }
    }
    format!("{SCHEME}{bucket}/{}", folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_path_or_an_object_and_says_so_again() {
        let object = Location::parse("s3://team-flows/promotion/flow.yaml").unwrap();
        let name = ObjectName { bucket: "team-flows".to_owned(), key: "promotion/flow.yaml".to_owned() };
        assert_eq!(object, Location::Object(name));
        assert_eq!(object.to_string(), "s3://team-flows/promotion/flow.yaml");
        assert_eq!(object.clone().from_folder(Path::new("/work")), object);
        let file = Location::parse("flows/flow.yaml").unwrap().from_folder(Path::new("/work"));
        assert_eq!(file, Location::File("/work/flows/flow.yaml".into()));
    }

    #[test]
    fn a_name_that_is_none_is_told_with_what_to_write() {
        for (text, why) in [
            ("s3://team-flows", "names no object"),
            ("s3://team-flows/", "names no object"),
            ("s3://team-flows/folder/", "names no object"),
            ("s3://Team/flow.yaml", "begins with no name of a bucket"),
            ("s3:///flow.yaml", "begins with no name of a bucket"),
            ("s3://team-flows/a\nb", "has a key that S3 does not take"),
        ] {
            let error = Location::parse(text).unwrap_err();
            assert_eq!(error, format!("`{text}` {why}; write s3://bucket/key"));
        }
    }

    #[test]
    fn what_stands_in_an_object_is_meant_from_there() {
        let flow = "s3://team/flows/promotion.yaml";
        for (path, meant) in [
            ("dates.yaml", "s3://team/flows/dates.yaml"),
            ("./more/dates.yaml", "s3://team/flows/more/dates.yaml"),
            ("../dates.yaml", "s3://team/dates.yaml"),
            ("../../../dates.yaml", "s3://team/dates.yaml"),
            ("s3://other/dates.yaml", "s3://other/dates.yaml"),
            ("/etc/dates.yaml", "/etc/dates.yaml"),
        ] {
            assert_eq!(named_in(flow, path), meant, "{path}");
        }
        assert_eq!(named_in("flows/promotion.yaml", "dates.yaml"), "dates.yaml");
    }
}
