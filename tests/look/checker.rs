//! The Nu Html Checker of the W3C as an outside judge of pages.
//!
//! It runs where `make test` has fetched it, at `.tools/vnu` or `LOCKSTEP_VNU`, and says so where not.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

/// What it says that is not about pages of ours: CSS that browsers know and it does not (what opens `<details>` on paper),
/// and the language that it takes what a report quotes for.
const FOREIGN: &str = ".*(details-content|appears to be written in).*";

/// The program, if it is there.
pub(super) fn installed() -> Option<PathBuf> {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/vnu/vnu.jar");
    let program = std::env::var_os("LOCKSTEP_VNU").map_or(usual, PathBuf::from);
    program.is_file().then_some(program)
}

/// Everything that it finds wrong, or doubtful, in these files.
pub(super) async fn complaints(program: &Path, files: &[PathBuf]) -> Vec<String> {
    let java = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/java/bin/java");
    let java = if java.is_file() { java } else { PathBuf::from("java") };
    let output = Command::new(java)
        .args(["-Xss4m", "-jar"])
        .arg(program)
        .args(["--format", "json", "--exit-zero-always", "--filterpattern", FOREIGN])
        .args(files)
        .output()
        .await
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stderr)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let messages = told["messages"].as_array().unwrap().iter();
    messages.map(|it| format!("{} line {}: {}", it["url"], it["lastLine"], it["message"])).collect()
}
