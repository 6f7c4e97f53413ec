//! A changelog as it lies in a folder: the files that its root leads to, and no others.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::liquibase;
use crate::config::RunnerKind;
use crate::domain::changelog::{Changelog, Files, Problem};
use crate::domain::failure::{Failure, FailureKind};

/// Reads the changelog whose root is `root`, a path relative to the folder `search_path`, as Liquibase would see it
/// on this machine.
pub fn read(search_path: &Path, root: &str) -> Result<(Changelog, Vec<Problem>), Failure> {
    let mut files = Files::new();
    let mut tried = BTreeSet::new();
    loop {
        let wanted: Vec<_> =
            Changelog::wanted(&files, root).into_iter().filter(|path| tried.insert(path.clone())).collect();
        if wanted.is_empty() {
            break;
        }
        for path in wanted {
            fetch(search_path, &path, &mut files).map_err(|error| {
                let place = search_path.join(&path);
                Failure::new(FailureKind::Configuration, format!("{} could not be read", place.display()))
                    .because(error)
            })?;
        }
    }
    Ok(Changelog::read(&files, root, &liquibase::surroundings(RunnerKind::Auto)))
}

/// Adds a file, or everything in a folder. What is not there is left to the changelog to complain about.
fn fetch(search_path: &Path, path: &str, files: &mut Files) -> io::Result<()> {
    let place = search_path.join(path);
    let folder = path.strip_suffix('/');
    if folder.is_none() {
        return match fs::read(&place) {
            Ok(bytes) => {
                files.insert(path.to_owned(), bytes);
                Ok(())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) => {
                Ok(())
            }
            Err(error) => Err(error),
        };
    }
    if !place.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(&place)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // What a link leads to counts, but only inside the folder itself: no circles.
        let end = if entry.file_type()?.is_dir() { "/" } else { "" };
        let inner = format!("{path}{name}{end}");
        fetch(search_path, inner.trim_start_matches('/'), files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_root_leads_to_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("root.yaml", "databaseChangeLog:\n  - include: {file: db/more.yaml}\n");
        write(
            "db/more.yaml",
            "databaseChangeLog:\n  - includeAll: {path: sets, relativeToChangelogFile: true}\n",
        );
        write("db/sets/1.sql", "--liquibase formatted sql\n--changeset a:1\nselect 1;\n");
        write("db/sets/deep/2.sql", "--liquibase formatted sql\n--changeset a:2\nselect 2;\n");
        write("db/other/3.sql", "--liquibase formatted sql\n--changeset a:3\nselect 3;\n");
        let (changelog, problems) = read(folder.path(), "root.yaml").unwrap();
        assert_eq!(problems, []);
        let ids: Vec<_> = changelog.changesets().iter().map(|changeset| changeset.id.to_string()).collect();
        assert_eq!(ids, ["db/sets/1.sql::1::a", "db/sets/deep/2.sql::2::a"]);
        let (_, problems) = read(folder.path(), "nope.yaml").unwrap();
        assert!(problems[0].text.contains("does not exist"), "{problems:?}");
    }
}
