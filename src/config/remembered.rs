//! Where the operator left the console: a small file for each instance, read before the first frame, written on the way
//! out.
//!
//! It is a convenience and nothing else: one that is missing or broken is as good as none, and one that cannot be
//! written changes nothing.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Longer ones were not written by lockstep.
const LIMIT: u64 = 64 * 1024;

/// Where the operator was. Everything may be missing, and a name may be of something that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// The name of the selected environment.
    pub environment: Option<String>,
    /// The word for the screen on top.
    pub screen: Option<String>,
    /// The name of the theme.
    pub theme: Option<String>,
    /// The rows of the log below the board.
    pub log_rows: Option<u16>,
    /// What was picked from the palette, the newest first.
    pub commands: Vec<String>,
}

impl Remembered {
    /// What the file at `path` says.
    pub fn read(path: &Path) -> Self {
        let is_small = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= LIMIT);
        let text = if is_small { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        toml::from_str(&text).unwrap_or_default()
    }

    /// Writes it beside the file and puts it in its place, so that there is never half of one.
    pub fn write(&self, path: &Path) -> Result<(), std::io::Error> {
        let text = toml::to_string(self).map_err(std::io::Error::other)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder)?;
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        fs::write(&beside, text)?;
        fs::rename(&beside, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_broken_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console").join("demo1.toml");
        assert_eq!(Remembered::read(&path), Remembered::default());
        let left = Remembered {
            environment: Some("test".to_owned()),
            log_rows: Some(7),
            commands: vec!["go to prod".to_owned()],
            ..Remembered::default()
        };
        left.write(&path).unwrap();
        assert_eq!(Remembered::read(&path), left);
        for broken in ["environment = 7", "{", "\u{0}", &"x".repeat(100_000)] {
            fs::write(&path, broken).unwrap();
            assert_eq!(Remembered::read(&path), Remembered::default(), "{broken:.20}");
        }
        left.write(&path).unwrap();
        assert_eq!(Remembered::read(&path), left, "a broken one is replaced");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }
}
