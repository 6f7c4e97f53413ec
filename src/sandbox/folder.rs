//! The state folder of one sandbox: where each file is, who may read it, how it is written.
//!
//! Every file is written under another name and renamed into place, so a reader never sees half of one.
//! Two locks tell what lives: `keeper.lock` is held by the keeper, `postgres.lock` by every PostgreSQL process
//! of this sandbox (the open file is their standard input). Deliberately absent: what the files mean.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SandboxError;
use super::settings::check_demo_id;

/// A sandbox's folder, `<root>/sandboxes/<demo_id>`.
#[derive(Clone, Debug)]
pub(super) struct StateFolder(PathBuf);

impl StateFolder {
    /// The folder of a sandbox, whether or not it is there.
    pub(super) fn of(root: &Path, demo_id: &str) -> Result<Self, SandboxError> {
        check_demo_id(demo_id)?;
        let root = std::path::absolute(root).map_err(SandboxError::file("find", root))?;
        Ok(Self(root.join("sandboxes").join(demo_id)))
    }

    /// The folder that a keeper was handed.
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the folder and its parents; PostgreSQL's user must be able to pass through when root starts it.
    pub(super) fn create(&self) -> Result<(), SandboxError> {
        let mode = if nix::unistd::geteuid().is_root() { 0o711 } else { 0o700 };
        let parents = self.0.parent().unwrap_or(&self.0);
        fs::create_dir_all(parents).map_err(SandboxError::file("make the folder", parents))?;
        create_folder(&self.0, mode)
    }

    pub(super) fn exists(&self) -> bool {
        self.launch().exists()
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The folder that holds all sandboxes and what they share.
    pub(super) fn root(&self) -> &Path {
        self.0.parent().and_then(Path::parent).unwrap_or(&self.0)
    }

    pub(super) fn launch(&self) -> PathBuf {
        self.0.join("launch.json")
    }

    /// Which keeper lives where: its process id and its port.
    pub(super) fn keeper(&self) -> PathBuf {
        self.0.join("keeper.json")
    }

    pub(super) fn token(&self) -> PathBuf {
        self.0.join("token")
    }

    pub(super) fn ready(&self) -> PathBuf {
        self.0.join("ready.json")
    }

    /// What outlives a stop: when the sandbox was made, and its ports.
    pub(super) fn record(&self) -> PathBuf {
        self.0.join("sandbox.json")
    }

    pub(super) fn password(&self) -> PathBuf {
        self.0.join("password")
    }

    pub(super) fn pgpass(&self) -> PathBuf {
        self.0.join("pgpass")
    }

    pub(super) fn config(&self) -> PathBuf {
        self.0.join("lockstep.toml")
    }

    pub(super) fn releases(&self) -> PathBuf {
        self.0.join("releases")
    }

    /// Belongs to the emulated AWS.
    pub(super) fn aws(&self) -> PathBuf {
        self.0.join("aws")
    }

    pub(super) fn keeper_log(&self) -> PathBuf {
        self.0.join("keeper.log")
    }

    pub(super) fn postgres_log(&self) -> PathBuf {
        self.0.join("postgres.log")
    }

    pub(super) fn liquibase_log(&self) -> PathBuf {
        self.0.join("liquibase.log")
    }

    pub(super) fn keeper_lock(&self) -> PathBuf {
        self.0.join("keeper.lock")
    }

    pub(super) fn postgres_lock(&self) -> PathBuf {
        self.0.join("postgres.lock")
    }

    /// True while a keeper of this sandbox lives.
    ///
    /// The probe holds the lock for an instant; a keeper that starts just then tries again.
    pub(super) fn is_kept(&self) -> bool {
        self.keeper_lock().exists() && matches!(try_lock(&self.keeper_lock()), Ok(None))
    }
}

/// Takes a lock file, or says with `None` that a living process holds it.
pub(super) fn try_lock(path: &Path) -> Result<Option<File>, SandboxError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true).mode(0o600);
    let file = options.open(path).map_err(SandboxError::file("open the lock", path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(source)) => {
            Err(SandboxError::File { action: "lock", path: path.to_path_buf(), source })
        }
    }
}

/// Writes a file that only its owner may read, whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), SandboxError> {
    let fresh = path.with_extension(format!("new-{}", uuid::Uuid::new_v4().simple()));
    let mut options = OpenOptions::new();
    let written = options
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&fresh, path));
    written.map_err(SandboxError::file("write", path))
}

/// Writes a value as JSON for its owner only.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), SandboxError> {
    let text = serde_json::to_vec_pretty(value).map_err(io::Error::other);
    write_private(path, &text.map_err(SandboxError::file("write", path))?)
}

/// Reads a JSON file; a file that is absent or not understood is an error with its path.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, SandboxError> {
    let bytes = fs::read(path).map_err(SandboxError::file("read", path))?;
    serde_json::from_slice(&bytes).map_err(io::Error::other).map_err(SandboxError::file("understand", path))
}

/// Makes a folder with exactly this mode, or gives an existing one that mode.
pub(super) fn create_folder(path: &Path, mode: u32) -> Result<(), SandboxError> {
    let folder = DirBuilder::new().recursive(true).mode(mode).create(path);
    folder
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
        .map_err(SandboxError::file("make the folder", path))
}

/// Removes a file or a whole folder; one that is not there is no error.
pub(super) fn remove(path: &Path) -> Result<(), SandboxError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(SandboxError::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Opens a log to append to; one that grew beyond a mebibyte begins anew.
pub(super) fn open_log(path: &Path) -> Result<File, SandboxError> {
    let big = fs::metadata(path).is_ok_and(|found| found.len() > 1 << 20);
    if big {
        remove(path)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600).open(path).map_err(SandboxError::file("open", path))
}

/// The last lines of a log from a byte position on that say something, joined to one sentence.
pub(super) fn last_words(log: &Path, from: u64, lines: usize, telling: impl Fn(&str) -> bool) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text =
        String::from_utf8_lossy(text.get(usize::try_from(from).unwrap_or(0)..).unwrap_or(&[])).into_owned();
    let said: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut told: Vec<&str> = said.iter().copied().filter(|line| telling(line)).collect();
    if told.is_empty() {
        told = said;
    }
    let skip = told.len().saturating_sub(lines);
    let words = told.split_off(skip).join("; ");
    if words.is_empty() { "it said nothing".to_owned() } else { words.trim_end_matches('.').to_owned() }
}

/// Sixteen random bytes as hexadecimal digits.
pub(super) fn random_word() -> Result<String, SandboxError> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 16];
    let read = File::open(source).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(SandboxError::file("read", source))?;
    Ok(bytes.iter().fold(String::new(), |word, byte| word + &format!("{byte:02x}")))
}
