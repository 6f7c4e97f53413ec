//! Policies as they lie in files: settings of checks and waivers.

use std::fs;
use std::io;
use std::path::Path;

use crate::domain::changelog::Problem;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::policy::{Policy, Settings, Waivers};

/// What the settings of a policy are called.
pub(super) const SETTINGS: &str = "settings of the policy checks";

/// What its waivers are called.
pub(super) const WAIVERS: &str = "waivers";

/// Reads the policy that these files make; without settings it is what Liquibase does by itself. The problems are
/// what to know about it; a policy that cannot be used is a failure that names everything that is wrong.
pub fn read(settings: Option<&Path>, waivers: Option<&Path>) -> Result<(Policy, Vec<Problem>), Failure> {
    let text = |path: Option<&Path>, what| path.map(|path| text(path, what)).transpose();
    let texts = (text(settings, SETTINGS)?, text(waivers, WAIVERS)?);
    understood(settings.zip(texts.0.as_deref()), waivers.zip(texts.1.as_deref()))
}

/// The policy that these texts make, each with the file that it comes from. Every problem of both is told at once.
pub(super) fn understood(
    settings: Option<(&Path, &str)>,
    waivers: Option<(&Path, &str)>,
) -> Result<(Policy, Vec<Problem>), Failure> {
    let mut policy = Policy::default();
    let mut problems = Vec::new();
    if let Some((path, text)) = settings {
        let (read, found) = Settings::read(&path.display().to_string(), text);
        policy.settings = read.unwrap_or_default();
        problems.extend(found);
    }
    if let Some((path, text)) = waivers {
        let (read, found) = Waivers::read(&path.display().to_string(), text);
        policy.waivers = read;
        problems.extend(found);
    }
    if problems.iter().any(|problem| problem.is_error) {
        let wrong = Failure::new(FailureKind::Configuration, "the policy cannot be used");
        let failure = problems.iter().fold(wrong, Failure::because);
        return Err(failure.hint("Correct the files; docs/policy.md tells what may stand there."));
    }
    Ok((policy, problems))
}

/// A file of a policy that cannot be read.
pub(super) fn unreadable(path: &Path, what: &str, error: &io::Error) -> Failure {
    Failure::new(FailureKind::Configuration, format!("the {what} cannot be read"))
        .because(format!("{}: {error}", path.display()))
        .hint("Put the file back, or name one that is there; in lockstep.toml [policy] does.")
}

fn text(path: &Path, what: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| unreadable(path, what, &error))
}
