//! A changelog archive: read with limits into memory, and laid out again where Liquibase can run on it.
//!
//! An archive comes from outside, so nothing in it is trusted: not its paths, not its sizes, not its links.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::domain::changelog::Files;

/// The root of every changelog, relative to the path root.
pub(super) const ROOT: &str = "changelog/changelog-master.yaml";

/// The most that an archive may unpack to, in bytes.
pub(super) const SIZE: u64 = 64 * 1024 * 1024;

/// The most entries that an archive may have.
const ENTRIES: usize = 10_000;

/// The file type bits of a Unix mode, and those of a regular file and a folder.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// Unpacks an archive. The paths are relative to the path root, which is the folder that holds `changelog/`. The
/// error says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Files, String> {
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|error| format!("it is not a zip archive: {error}"))?;
    if archive.len() > ENTRIES {
        return Err(format!("it has {} entries; {ENTRIES} at most", archive.len()));
    }
    // Of several entries with one name this reader shows the last; another one may take the first.
    if archive.has_duplicate_names() {
        return Err("an entry is in it twice".to_owned());
    }
    if archive.has_overlapping_entries().map_err(|error| format!("it is not a zip archive: {error}"))? {
        return Err("entries of it share their bytes".to_owned());
    }
    let mut files = Files::new();
    let mut left = SIZE;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
                "it is encrypted; build it without a password".to_owned()
            }
            error => format!("entry {index}: {error}"),
        })?;
        let name = entry.name().map_err(|error| format!("entry {index}: {error}"))?.into_owned();
        let path = safe(&name)?;
        let kind = entry.unix_mode().unwrap_or_default() & TYPE;
        if entry.is_dir() || kind == FOLDER {
            continue;
        }
        if kind != 0 && kind != REGULAR {
            return Err(format!("`{name}` is a link or a device, not a file"));
        }
        let mut content = Vec::new();
        // The size that an entry declares may be a lie; what is read is counted.
        let limit = left + 1;
        entry.take(limit).read_to_end(&mut content).map_err(|error| format!("`{name}`: {error}"))?;
        left = left
            .checked_sub(content.len() as u64)
            .ok_or_else(|| format!("it unpacks to more than {} MiB", SIZE / 1024 / 1024))?;
        if files.insert(path, content).is_some() {
            return Err(format!("`{name}` is in it twice"));
        }
    }
    // A file cannot be where another one has its folder.
    let is_folder = |path: &str| {
        let below = format!("{path}/");
        files.range(below.clone()..).next().is_some_and(|(other, _)| other.starts_with(&below))
    };
    if let Some(path) = files.keys().find(|path| is_folder(path)) {
        return Err(format!("`{path}` is a file in it, and a folder"));
    }
    rooted(files)
}

/// SHA-256 in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a `String` cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// The path of an entry as the changelog calls it, if nothing about it is odd.
fn safe(name: &str) -> Result<String, String> {
    let is_odd = name.contains(['\\', '\0']) || name.chars().any(char::is_control);
    let mut parts = Vec::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(format!("the path `{name}` leads out of it"));
            }
        }
    }
    if is_odd || parts.is_empty() {
        return Err(format!("the path {name:?} is not a plain relative path"));
    }
    Ok(parts.join("/"))
}

/// Cuts off what stands before `changelog/`; an archive of the inside of that folder gets it in front.
fn rooted(files: Files) -> Result<Files, String> {
    let prefix = files
        .keys()
        .filter_map(|path| path.strip_suffix(ROOT))
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('/'))
        .min_by_key(|prefix| prefix.len())
        .map(str::to_owned);
    if let Some(prefix) = prefix {
        let cut =
            |(path, content): (String, Vec<u8>)| Some((path.strip_prefix(&prefix)?.to_owned(), content));
        return Ok(files.into_iter().filter_map(cut).collect());
    }
    if files.contains_key("changelog-master.yaml") {
        return Ok(files.into_iter().map(|(path, content)| (format!("changelog/{path}"), content)).collect());
    }
    Err(format!("there is no {ROOT} in it"))
}

/// A private folder that goes away with this value.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes a folder that only this user can enter, and puts `files` into it.
    pub(super) fn with(files: &Files) -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("lockstep-{}", uuid::Uuid::new_v4()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        // From here on a failure takes the folder away again.
        let folder = Self(path);
        for (name, content) in files {
            let path = folder.0.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, content)?;
        }
        Ok(folder)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the system's folder for temporary things.
        fs::remove_dir_all(&self.0).ok();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A zip archive with these files.
    pub(in crate::adapters) fn zipped(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn paths(entries: &[(&str, &str)]) -> Result<Vec<String>, String> {
        read(&zipped(entries)).map(|files| files.into_keys().collect())
    }

    #[test]
    fn the_path_root_is_the_folder_that_holds_the_changelog() {
        let expected = vec!["changelog/a.sql".to_owned(), ROOT.to_owned()];
        assert_eq!(paths(&[(ROOT, ""), ("changelog/a.sql", "")]).as_ref(), Ok(&expected));
        let nested = [
            ("store-v1/changelog/changelog-master.yaml", ""),
            ("store-v1/changelog/a.sql", ""),
            ("README.md", ""),
        ];
        assert_eq!(paths(&nested).as_ref(), Ok(&expected));
        assert_eq!(paths(&[("changelog-master.yaml", ""), ("a.sql", "")]).as_ref(), Ok(&expected));
        assert_eq!(
            paths(&[("a.sql", "")]),
            Err("there is no changelog/changelog-master.yaml in it".to_owned())
        );
    }

    #[test]
    fn a_path_that_leads_out_of_the_archive_is_refused() {
        for name in ["../evil.sql", "/etc/evil", "changelog/../../evil", "a\\..\\evil", "a\nb"] {
            let error = paths(&[(ROOT, ""), (name, "")]).unwrap_err();
            assert!(error.contains("path"), "{name}: {error}");
        }
        assert!(read(b"no zip at all").unwrap_err().starts_with("it is not a zip archive"));
    }

    #[test]
    fn a_link_is_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("changelog/a.sql", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert_eq!(read(&bytes).unwrap_err(), "`changelog/a.sql` is a link or a device, not a file");
    }

    #[test]
    fn an_entry_that_is_in_it_twice_is_refused_however_that_is_done() {
        assert_eq!(
            paths(&[(ROOT, ""), ("changelog/a.sql", "1"), ("./changelog/a.sql", "2")]),
            Err("`./changelog/a.sql` is in it twice".to_owned())
        );
        // No writer does this: of two names of the same length one is made the other.
        let mut bytes = zipped(&[(ROOT, ""), ("changelog/a.sql", "1"), ("changelog/b.sql", "2")]);
        let (from, to) = (b"changelog/b.sql", b"changelog/a.sql");
        while let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
        assert_eq!(read(&bytes).unwrap_err(), "an entry is in it twice");
    }

    #[test]
    fn a_file_that_is_a_folder_as_well_is_refused() {
        assert_eq!(
            paths(&[(ROOT, ""), ("changelog/a-b", ""), ("changelog/a", ""), ("changelog/a/b.sql", "")]),
            Err("`changelog/a` is a file in it, and a folder".to_owned())
        );
    }

    #[test]
    fn an_encrypted_archive_is_refused_as_that() {
        let mut bytes = zipped(&[(ROOT, "databaseChangeLog: []")]);
        // Bit 0 of the flags, in the entry's own header and in the list at the end.
        for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
            let at = bytes.windows(4).position(|window| window == signature).unwrap();
            bytes[at + flags] |= 1;
        }
        assert_eq!(read(&bytes).unwrap_err(), "it is encrypted; build it without a password");
    }

    #[test]
    fn an_archive_of_archives_or_one_that_is_cut_off_is_none() {
        let whole = zipped(&[(ROOT, "databaseChangeLog: []")]);
        assert!(read(&whole[..whole.len() - 1]).is_err());
        assert!(read(&whole[..30]).is_err());
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("release.zip", SimpleFileOptions::default()).unwrap();
        writer.write_all(&whole).unwrap();
        let nested = writer.finish().unwrap().into_inner();
        assert_eq!(read(&nested).unwrap_err(), "there is no changelog/changelog-master.yaml in it");
    }

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_refused_by_what_it_holds_not_by_what_it_says() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("changelog/big.sql", SimpleFileOptions::default()).unwrap();
        let block = vec![b' '; 1024 * 1024];
        for _ in 0..65 {
            writer.write_all(&block).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        assert!(bytes.len() < 1024 * 1024);
        assert_eq!(read(&bytes).unwrap_err(), "it unpacks to more than 64 MiB");
    }

    #[test]
    fn too_many_entries_are_refused() {
        let names: Vec<String> = (0..=ENTRIES).map(|number| format!("changelog/{number}.sql")).collect();
        let entries: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert_eq!(paths(&entries), Err("it has 10001 entries; 10000 at most".to_owned()));
    }

    #[test]
    fn a_folder_is_private_and_goes_away_with_its_value() {
        use std::os::unix::fs::PermissionsExt as _;
        let files = Files::from([(ROOT.to_owned(), b"databaseChangeLog: []".to_vec())]);
        let folder = Folder::with(&files).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read(path.join(ROOT)).unwrap(), b"databaseChangeLog: []");
        drop(folder);
        assert!(!path.exists());
    }
}
