//! Opens a file with whatever the desktop opens it with.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::domain::failure::{Failure, FailureKind};

/// Hands `path` to the desktop and does not wait for what it shows; `false` when there is no desktop.
pub fn open(path: &Path) -> Result<bool, Failure> {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if is_set("WAYLAND_DISPLAY") || is_set("DISPLAY") {
        "xdg-open"
    } else {
        return Ok(false);
    };
    let mut command = Command::new(program);
    command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(_) => Ok(true),
        Err(error) => Err(Failure::new(FailureKind::Unavailable, format!("{program} could not be started"))
            .because(error)
            .hint(format!("Open {} by hand.", path.display()))),
    }
}
