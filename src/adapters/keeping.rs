//! Texts that a terminal's clipboard cannot take, written into files of their own.

use std::path::Path;

use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};

/// Writes `text`, which is called `what`, into a new file in `folder`; says where.
pub(super) async fn keep(folder: &Path, what: &str, text: &str, at: Timestamp) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(FailureKind::Failed, format!("{what} could not be written into {}", folder.display()))
            .because(error)
    };
    tokio::fs::create_dir_all(folder).await.map_err(failed)?;
    let name: String = what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let path = folder.join(format!("{}-{name}.txt", at.strftime("%Y%m%d-%H%M%S%3f")));
    tokio::fs::write(&path, text).await.map_err(failed)?;
    Ok(format!("too much for a terminal's clipboard: {what} is in {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_text_is_kept_whole_and_it_is_said_where() {
        let folder = tempfile::tempdir().unwrap();
        let at = "2026-11-21T14:02:11.5Z".parse().unwrap();
        let said =
            keep(&folder.path().join("demo1"), "SQL of all changesets", "select 1;\n", at).await.unwrap();
        let path = said.rsplit(" is in ").next().unwrap();
        assert!(path.ends_with("/demo1/20261121-140211500-SQL-of-all-changesets.txt"), "{path}");
        assert_eq!(std::fs::read_to_string(path).unwrap(), "select 1;\n");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let failure = keep(file.path(), "log", "", Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert!(failure.what.starts_with("log could not be written into /"), "{failure:?}");
    }
}
