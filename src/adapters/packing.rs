//! Writes release archives: the same bytes for the same changelog, on every machine and every run.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::domain::changelog::{self, Files, Problem};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::DemoId;
use crate::domain::release::Version;

static BAGEL_STORE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/changelog");

/// The changelog of the Bagel Store, as it is compiled in.
pub fn bagel_store() -> Files {
    let mut files = Files::new();
    collect(&BAGEL_STORE, &mut files);
    files
}

/// The changelog in `folder`, whose own name does not matter: inside an archive it is always `changelog`.
pub fn folder(folder: &Path) -> Result<Files, Failure> {
    let mut files = Files::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let read = fs::read_dir(&next).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        for entry in read.map_err(|error| unreadable(&next, &error))? {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            let relative = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.insert(format!("changelog/{relative}"), bytes);
        }
    }
    Ok(files)
}

/// The name of the archive of one version.
pub fn archive_name(id: &DemoId, version: &Version) -> String {
    format!("bagel-store-{id}-changelog-{version}.zip")
}

/// Writes the archive of `version` into `folder` and returns its path. An archive that is there already with the
/// same bytes is left alone.
pub fn build(files: &Files, id: &DemoId, version: &Version, folder: &Path) -> Result<PathBuf, Failure> {
    let release = cut(files, version)?;
    let path = folder.join(archive_name(id, version));
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Failed, format!("{} could not be written", path.display())).because(error)
    };
    let bytes = pack(&release).map_err(|error| failed(&error))?;
    if fs::read(&path).is_ok_and(|there| there == bytes) {
        return Ok(path);
    }
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    // Under another name first: whoever reads the folder never sees half an archive.
    let half = path.with_extension("zip.part");
    fs::write(&half, bytes).and_then(|()| fs::rename(&half, &path)).map_err(|error| failed(&error))?;
    Ok(path)
}

/// Unpacks what the archive of `version` would hold into `folder`, which becomes the path root.
pub fn unpack(files: &Files, version: &Version, folder: &Path) -> Result<(), Failure> {
    for (path, bytes) in cut(files, version)? {
        let path = folder.join(path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        written.map_err(|error| {
            Failure::new(FailureKind::Failed, format!("{} could not be written", path.display()))
                .because(error)
        })?;
    }
    Ok(())
}

fn cut(files: &Files, version: &Version) -> Result<Files, Failure> {
    changelog::cut(files, version).map_err(|problems| {
        let failure = Failure::new(FailureKind::Configuration, format!("release {version} cannot be built"));
        problems
            .iter()
            .filter(|problem| problem.is_error)
            .map(Problem::to_string)
            .fold(failure, Failure::because)
    })
}

fn pack(files: &Files) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    // Nothing of the machine or the moment gets in: no time of its own, fixed rights, sorted names.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (path, bytes) in files {
        writer.start_file(path.as_str(), options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn collect(folder: &Dir<'_>, files: &mut Files) {
    for file in folder.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        files.insert(format!("changelog/{path}"), file.contents().to_vec());
    }
    for inner in folder.dirs() {
        collect(inner, files);
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(FailureKind::Configuration, format!("{} could not be read", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::changelog::{Change, Changelog, ROOT, Rollback, Surroundings};

    #[test]
    fn the_same_changelog_gives_the_same_bytes() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (id, version) = (DemoId::parse("demo1").unwrap(), Version::parse("v1.2.0").unwrap());
        let disk = folder(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/changelog"))).unwrap();
        let one = build(&bagel_store(), &id, &version, first.path()).unwrap();
        let other = build(&disk, &id, &version, second.path()).unwrap();
        assert_eq!(one.file_name().unwrap(), "bagel-store-demo1-changelog-v1.2.0.zip");
        assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap());
    }

    #[test]
    fn the_bagel_store_has_five_releases_and_each_holds_the_one_before() {
        let files = bagel_store();
        let mut before: Vec<String> = Vec::new();
        let mut counts = Vec::new();
        for version in changelog::releases(&files) {
            let (changelog, problems) =
                Changelog::read(&cut(&files, &version).unwrap(), ROOT, &Surroundings::default());
            assert_eq!(problems, [], "{version}");
            let ids: Vec<_> =
                changelog.changesets().iter().map(|changeset| changeset.id.to_string()).collect();
            assert!(ids.starts_with(&before), "{version}");
            assert!(changelog.changesets().iter().all(|changeset| changeset.checksum().is_some()));
            counts.push((version.to_string(), ids.len()));
            before = ids;
        }
        let counts: Vec<_> = counts.iter().map(|(version, count)| (version.as_str(), *count)).collect();
        assert_eq!(counts, [("v1.0.0", 9), ("v1.1.0", 11), ("v1.2.0", 14), ("v1.3.0", 16), ("v1.4.0", 18)]);
    }

    #[test]
    fn every_changeset_of_a_good_release_can_be_undone_and_that_of_the_bad_one_cannot() {
        let files = bagel_store();
        let changesets = |text| {
            let version = Version::parse(text).unwrap();
            Changelog::read(&cut(&files, &version).unwrap(), ROOT, &Surroundings::default())
                .0
                .changesets()
                .to_vec()
        };
        assert!(changesets("v1.3.0").iter().all(|changeset| changeset.rollback != Rollback::Missing));
        let bad = changesets("v1.4.0");
        let sql =
            bad.iter().find(|changeset| changeset.rollback == Rollback::Missing).expect("it breaks policy");
        assert!(matches!(&sql.change, Change::Sql(text) if text.to_lowercase().contains("drop column")));
    }
}
