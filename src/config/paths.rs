//! Where lockstep keeps things: sandboxes, journals, tools.

use std::env;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::domain::names::DemoId;

/// Replaces the platform's folder for everything that lockstep keeps.
pub const HOME_VARIABLE: &str = "LOCKSTEP_HOME";

/// Names the folder that `make setup` fills with PostgreSQL, Java and Liquibase.
pub const TOOLS_VARIABLE: &str = "LOCKSTEP_TOOLS";

/// The folder for everything that lockstep keeps. A database server does not run as root, and root's own home is
/// closed to the user that it runs as; so root's things are in `/var/lib/lockstep`.
pub fn home() -> PathBuf {
    if let Some(home) = env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
        return PathBuf::from(home);
    }
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/lockstep");
    }
    ProjectDirs::from("", "", "lockstep")
        .map_or_else(|| PathBuf::from(".lockstep"), |folders| folders.data_local_dir().to_owned())
}

/// The folder with the themes of whoever works here: in the platform's folder for configuration, or where everything is.
pub fn themes() -> Option<PathBuf> {
    if let Some(home) = env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
        return Some(PathBuf::from(home).join("themes"));
    }
    ProjectDirs::from("", "", "lockstep").map(|folders| folders.config_dir().join("themes"))
}

/// The folder of the journal of one instance.
pub fn journal(id: &DemoId) -> PathBuf {
    home().join("journal").join(id.as_str())
}

/// The user's own file: what holds in every project.
pub fn user_file() -> PathBuf {
    let folder = match env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home),
        None => ProjectDirs::from("", "", "lockstep")
            .map_or_else(|| PathBuf::from(".lockstep"), |folders| folders.config_dir().to_owned()),
    };
    folder.join("config.toml")
}

/// The file that says where the operator of one instance left the console.
pub fn remembered(id: &DemoId) -> PathBuf {
    let own = || ProjectDirs::from("", "", "lockstep")?.state_dir().map(Path::to_owned);
    let is_moved = env::var_os(HOME_VARIABLE).is_some_and(|home| !home.is_empty());
    let folder = if is_moved { None } else { own() };
    folder.unwrap_or_else(home).join("console").join(format!("{}.toml", id.as_str()))
}

/// The folder with what was copied and is too large for a terminal's clipboard.
pub fn copies(id: &DemoId) -> PathBuf {
    home().join("copies").join(id.as_str())
}

/// The folder with the changelog archives that came from elsewhere, by their digests.
pub fn archives() -> PathBuf {
    home().join("archives")
}

/// The folder of the reports of one instance.
pub fn reports(id: &DemoId) -> PathBuf {
    home().join("reports").join(id.as_str())
}

/// The folder with what shows which runs of one instance live on this machine.
pub fn leases(id: &DemoId) -> PathBuf {
    home().join("runs").join(id.as_str())
}

/// The folder with the tools that `make setup` fetched: named by the environment, else `.tools` here or in a
/// folder above, else `tools` in lockstep's own folder.
pub fn tools() -> Option<PathBuf> {
    if let Some(tools) = env::var_os(TOOLS_VARIABLE).filter(|tools| !tools.is_empty()) {
        return Some(PathBuf::from(tools));
    }
    let here = env::current_dir().ok()?;
    let beside = here.ancestors().map(|folder| folder.join(".tools"));
    beside.chain([home().join("tools")]).find(|folder| folder.is_dir())
}
