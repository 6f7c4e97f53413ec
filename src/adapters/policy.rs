//! Policies as they lie in files: settings of checks and waivers.

use std::fs;
use std::io;
use std::path::Path;

use crate::domain::changelog::Problem;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::policy::{Policy, Settings, Waivers};

/// Reads the policy that these files make; without settings it is what Liquibase does by itself. The problems are
/// what to know about it; a policy that cannot be used is a failure that names everything that is wrong.
pub fn read(settings: Option<&Path>, waivers: Option<&Path>) -> Result<(Policy, Vec<Problem>), Failure> {
    let mut policy = Policy::default();
    let mut problems = Vec::new();
    if let Some(path) = settings {
        let (read, found) = Settings::read(&name(path), &text(path, "settings of checks")?);
        policy.settings = read.unwrap_or_default();
        problems.extend(found);
    }
    if let Some(path) = waivers {
        let (read, found) = Waivers::read(&name(path), &text(path, "waivers")?);
        policy.waivers = read;
        problems.extend(found);
    }
    if problems.iter().any(|problem| problem.is_error) {
        let wrong = Failure::new(FailureKind::Configuration, "the policy cannot be used");
        let failure = problems.iter().fold(wrong, Failure::because);
        return Err(failure.hint("Correct the files; docs/policy.md describes them."));
    }
    Ok((policy, problems))
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn text(path: &Path, what: &str) -> Result<String, Failure> {
    let wrong = |error: io::Error| {
        let failure = Failure::new(
            FailureKind::Configuration,
            format!("the {what} in {} cannot be read", path.display()),
        );
        failure.because(error).hint("Name a file that is there.")
    };
    let bytes = fs::read(path).map_err(wrong)?;
    String::from_utf8(bytes).map_err(|error| wrong(io::Error::new(io::ErrorKind::InvalidData, error)))
}
