//! Archives that came from elsewhere, kept on disk by the digest of their bytes. An archive is there whole or not at all,
//! and what is read from here is held against its digest again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::adapters::archive;

/// A folder with archives. Several processes may use it at the same time.
#[derive(Clone)]
pub(super) struct Cache(PathBuf);

/// An archive, and where it came from.
pub(super) struct Kept {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Where it was fetched, for people.
    pub(super) place: String,
}

impl Cache {
    /// The cache in a folder, which need not be there yet.
    pub(super) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The archive with this digest.
    pub(super) fn by_digest(&self, digest: &str) -> Option<Vec<u8>> {
        let bytes = fs::read(self.archive(digest)).ok()?;
        // Somebody may have changed the file.
        (archive::digest(&bytes) == digest).then_some(bytes)
    }

    /// What was fetched under this name; `name` is another one whenever the bytes may be.
    pub(super) fn by_name(&self, name: &str) -> Option<Kept> {
        let note = fs::read_to_string(self.note(name)).ok()?;
        let (digest, place) = note.split_once('\n')?;
        Some(Kept { bytes: self.by_digest(digest)?, place: place.trim_end().to_owned() })
    }

    /// Keeps an archive under its digest, and notes the name that it was fetched under.
    pub(super) fn keep(&self, name: &str, kept: &Kept) -> io::Result<()> {
        let digest = archive::digest(&kept.bytes);
        fs::create_dir_all(self.0.join(NOTES))?;
        put(&self.archive(&digest), &kept.bytes)?;
        put(&self.note(name), format!("{digest}\n{}\n", kept.place).as_bytes())
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    fn archive(&self, digest: &str) -> PathBuf {
        self.0.join(format!("{digest}.zip"))
    }

    fn note(&self, name: &str) -> PathBuf {
        self.0.join(NOTES).join(archive::digest(name.as_bytes()))
    }
}

/// The folder with the notes.
const NOTES: &str = "names";

/// Writes a file under another name and then gives it its own, so that nobody ever sees half of it.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let half = path.with_extension(format!("{}.part", Uuid::new_v4().simple()));
    let written = fs::write(&half, bytes).and_then(|()| fs::rename(&half, path));
    if written.is_err() {
        // What cannot be removed is small, and says by its name what it is.
        fs::remove_file(&half).ok();
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(bytes: &[u8]) -> Kept {
        Kept { bytes: bytes.to_vec(), place: "s3://releases/a.zip?versionId=1".to_owned() }
    }

    #[test]
    fn what_was_kept_is_found_by_digest_and_by_name_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("not/there/yet"));
        assert!(cache.by_name("a 1").is_none());
        cache.keep("a 1", &kept(b"one")).unwrap();
        cache.keep("a 2", &kept(b"two")).unwrap();
        let one = cache.by_name("a 1").unwrap();
        assert_eq!(
            (one.bytes.as_slice(), one.place.as_str()),
            (&b"one"[..], "s3://releases/a.zip?versionId=1")
        );
        assert_eq!(cache.by_digest(&archive::digest(b"two")).as_deref(), Some(&b"two"[..]));
        assert!(cache.by_digest(&archive::digest(b"three")).is_none());
        assert!(cache.by_name("a 3").is_none());
    }

    #[test]
    fn a_file_that_somebody_changed_is_not_what_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().to_owned());
        cache.keep("a", &kept(b"one")).unwrap();
        fs::write(cache.archive(&archive::digest(b"one")), b"another").unwrap();
        assert!(cache.by_name("a").is_none() && cache.by_digest(&archive::digest(b"one")).is_none());
    }

    #[test]
    fn an_archive_that_finds_no_room_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().to_owned());
        // A folder stands where the file should go.
        fs::create_dir_all(cache.archive(&archive::digest(b"one")).join("inside")).unwrap();
        assert!(cache.keep("a", &kept(b"one")).is_err());
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().map(|it| it.file_name()).collect();
        assert!(names.iter().all(|name| !name.to_string_lossy().contains(".part")), "{names:?}");
        assert!(cache.by_name("a").is_none());
    }
}
