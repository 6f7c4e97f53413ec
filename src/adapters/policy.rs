//! Policies as they lie in files: settings of checks and waivers.

use super::texts::Texts;
use crate::domain::changelog::Problem;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::location::Location;
use crate::domain::policy::{Policy, Settings, Waivers};

/// What the settings of a policy are called.
pub(super) const SETTINGS: &str = "settings of the policy checks";

/// What its waivers are called.
pub(super) const WAIVERS: &str = "waivers";

/// Reads the policy that these files make; without settings it is what Liquibase does by itself. The problems are
/// what to know about it; a policy that cannot be used is a failure that names everything that is wrong.
pub(super) async fn read(
    texts: &Texts,
    settings: Option<&Location>,
    waivers: Option<&Location>,
) -> Result<(Policy, Vec<Problem>), Failure> {
    let settings = match settings {
        Some(location) => Some((location, text(texts, location, SETTINGS).await?)),
        None => None,
    };
    let waivers = match waivers {
        Some(location) => Some((location, text(texts, location, WAIVERS).await?)),
        None => None,
    };
    let named =
        |given: &Option<(&Location, String)>| given.as_ref().map(|(at, text)| (at.to_string(), text.clone()));
    understood(named(&settings), named(&waivers))
}

/// The policy that these texts make, each with the file that it comes from. Every problem of both is told at once.
pub(super) fn understood(
    settings: Option<(String, String)>,
    waivers: Option<(String, String)>,
) -> Result<(Policy, Vec<Problem>), Failure> {
    let mut policy = Policy::default();
    let mut problems = Vec::new();
    if let Some((file, text)) = settings {
        let (read, found) = Settings::read(&file, &text);
        policy.settings = read.unwrap_or_default();
        problems.extend(found);
    }
    if let Some((file, text)) = waivers {
        let (read, found) = Waivers::read(&file, &text);
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

/// The text of a file of a policy; `what` is what it is called.
pub(super) async fn text(texts: &Texts, location: &Location, what: &str) -> Result<String, Failure> {
    texts.read(location).await.map(|text| text.to_string()).map_err(|unread| {
        let failure = Failure::new(unread.kind, format!("the {what} cannot be read"));
        let mut causes = unread.because.into_iter();
        let first = causes.next().unwrap_or(unread.what);
        let failure = causes.fold(failure.because(format!("{location}: {first}")), Failure::because);
        let usual = "Put the file back, or name one that is there; in lockstep.toml [policy] does.";
        failure.hint(unread.hint.unwrap_or_else(|| usual.to_owned()))
    })
}
