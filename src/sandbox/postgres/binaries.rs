//! Finds the PostgreSQL programs to run, and proves that they run.
//!
//! Order: what was named; what `make setup` fetched; PATH; the places where packages put it, newest first. A candidate
//! counts when `initdb` and `postgres` are there and `postgres --version` succeeds *as the user who will run it*;
//! programs that root has in a private folder are copied to where that user can reach them.
//! Deliberately absent: installing anything.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::sandbox::launcher::Launcher;
use crate::sandbox::shim::NOT_ALLOWED;
use crate::sandbox::{SandboxError, folder};

/// The oldest major version that has all that the sandbox uses (`DROP DATABASE … WITH (FORCE)`, SCRAM).
const OLDEST: u32 = 14;

/// Each is a folder whose children are searched for a `bin`, and where in the child that is.
const USUAL: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/opt/local/lib", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A folder with working PostgreSQL programs.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    folder: PathBuf,
    version: String,
    major: u32,
}

enum Probe {
    Works(Binaries),
    NotAllowed,
    Broken(String),
}

impl Binaries {
    /// Finds programs that run under the launcher's account; `shared` is where unreachable ones are copied to.
    pub(crate) async fn find(
        named: Option<&Path>,
        tools: Option<&Path>,
        launcher: &Launcher,
        shared: &Path,
    ) -> Result<Self, SandboxError> {
        let candidates = named.map_or_else(|| candidates(tools), |folder| vec![folder.to_path_buf()]);
        let mut tried = Vec::new();
        for candidate in candidates {
            let probe = match probe(&candidate, launcher).await {
                Probe::NotAllowed => probe(&copied(&candidate, shared)?, launcher).await,
                other => other,
            };
            match probe {
                Probe::Works(binaries) => return Ok(binaries),
                Probe::NotAllowed => tried.push(format!("{}: may not be executed", candidate.display())),
                Probe::Broken(because) => tried.push(format!("{}: {because}", candidate.display())),
            }
        }
        let tried = if tried.is_empty() { "none is installed".to_owned() } else { tried.join("; ") };
        Err(SandboxError::NoPostgres { tried })
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// For people, for example `15.18`.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Data of one major version can't be read by another.
    pub(crate) fn major(&self) -> u32 {
        self.major
    }
}

/// Runs `postgres --version` the way the server would run.
async fn probe(candidate: &Path, launcher: &Launcher) -> Probe {
    if !candidate.join("initdb").exists() || !candidate.join("postgres").exists() {
        // A folder that root alone may enter still shows its files to root.
        return Probe::Broken("it does not hold both postgres and initdb".to_owned());
    }
    let mut command = launcher.postgres(&candidate.join("postgres"), Path::new("/"));
    let output = match command.arg("--version").output().await {
        Ok(output) => output,
        Err(error) => return Probe::Broken(error.to_string()),
    };
    if output.status.code() == Some(i32::from(NOT_ALLOWED)) {
        return Probe::NotAllowed;
    }
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Probe::Broken(said.lines().next().unwrap_or("postgres --version fails").trim().to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let version = version.unwrap_or_default().to_owned();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    match digits.parse::<u32>() {
        Ok(major) if major >= OLDEST => {
            Probe::Works(Binaries { folder: candidate.to_path_buf(), version, major })
        }
        _ => Probe::Broken(format!("version {version} is older than {OLDEST}")),
    }
}

/// Every folder with an `initdb`, best first, each once.
fn candidates(tools: Option<&Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if let Some(tools) = tools {
        fetched(&tools.join("postgres"), 4, &mut found);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path));
    for (parent, prefix, inside) in USUAL {
        let mut children = children(Path::new(parent));
        children
            .retain(|child| child.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
        children.sort_by_key(|child| std::cmp::Reverse(number_in(child)));
        found.extend(children.into_iter().map(|child| child.join(inside)));
    }
    found.retain(|folder| folder.join("initdb").exists());
    let mut seen = Vec::new();
    found.retain(|folder| {
        let real = fs::canonicalize(folder.join("initdb")).unwrap_or_else(|_| folder.clone());
        let fresh = !seen.contains(&real);
        seen.push(real);
        fresh
    });
    found
}

/// Looks for `bin/initdb` a few levels down: the fetched package keeps its own layout.
fn fetched(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if folder.join("bin/initdb").exists() {
        found.push(folder.join("bin"));
    } else if depth > 0 {
        children(folder)
            .iter()
            .filter(|child| child.is_dir())
            .for_each(|child| fetched(child, depth - 1, found));
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn number_in(path: &Path) -> u32 {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

/// Copies the programs and what they need to a folder that every user can reach; once per source.
///
/// The layout around `bin` is kept two levels up: a packaged initdb finds libpq relative to itself.
fn copied(bin: &Path, shared: &Path) -> Result<PathBuf, SandboxError> {
    let bin = fs::canonicalize(bin).map_err(SandboxError::file("find", bin))?;
    let stamp = fs::metadata(bin.join("postgres")).and_then(|found| found.modified()).ok();
    let digest = Sha256::digest(format!("{} {stamp:?}", bin.display()));
    let name = digest.iter().take(6).fold(String::new(), |name, byte| name + &format!("{byte:02x}"));
    let prefix = bin.parent().unwrap_or(&bin);
    let package = prefix.parent().unwrap_or(prefix);
    let base = |path: &Path| path.file_name().map(PathBuf::from).unwrap_or_default();
    let inside = base(package).join(base(prefix));
    let done = shared.join("programs").join(&name);
    if !done.exists() {
        let fresh = shared.join("programs").join(format!("{name}.new-{}", std::process::id()));
        folder::remove(&fresh)?;
        folder::create_folder(&fresh.join(&inside).join("bin"), 0o755)?;
        for program in ["postgres", "initdb"] {
            copy(&bin.join(program), &fresh.join(&inside).join("bin").join(program))?;
        }
        for part in ["lib", "share"] {
            copy(&prefix.join(part), &fresh.join(&inside).join(part))?;
        }
        let libraries = PathBuf::from(format!("{}.libs", base(package).display()));
        copy(&package.with_file_name(&libraries), &fresh.join(&libraries))?;
        copy(&package.join(".dylibs"), &fresh.join(base(package)).join(".dylibs"))?;
        match fs::rename(&fresh, &done) {
            // Another keeper copied the same thing meanwhile.
            Err(_) if done.exists() => folder::remove(&fresh)?,
            other => other.map_err(SandboxError::file("write", &done))?,
        }
    }
    Ok(done.join(inside).join("bin"))
}

/// Copies a file or folder with its modes, following links; what is not there is left out.
fn copy(from: &Path, to: &Path) -> Result<(), SandboxError> {
    if from.is_dir() {
        folder::create_folder(to, 0o755)?;
        return children(from)
            .iter()
            .try_for_each(|child| copy(child, &to.join(child.file_name().unwrap_or_default())));
    }
    if !from.exists() {
        return Ok(());
    }
    fs::copy(from, to).map(drop).map_err(SandboxError::file("copy", from))
}
