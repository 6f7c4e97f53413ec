//! Liquibase's own policy checks, for those who have a licence: what it says, and whether it has checked anything at all.
//!
//! Without a licence `checks run` skips every check and ends with 0, and the open source edition does not know the
//! command. Neither is ever taken for a policy that holds.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::timeout;

use super::command::CommandLine;
use super::discover;
use crate::adapters::process::{Launch, Process};
use crate::config::RunnerKind;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::policy::Severity;

/// Longer than it takes for any changelog.
const PATIENCE: Duration = Duration::from_mins(5);

/// The variable in which Liquibase takes its licence.
const LICENCE: &str = "LIQUIBASE_LICENSE_KEY";

/// What Liquibase said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its lines, of both streams.
    pub lines: Vec<String>,
    /// What they amount to.
    pub outcome: Outcome,
}

/// What Liquibase has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has checked, and this is the highest severity of what it found.
    Checked(Severity),
    /// It has checked nothing, for this reason, as a sentence without a full stop.
    Nothing(String),
}

/// Lets the Liquibase that is found in `tools` or on this machine check the changelog `root` in the folder
/// `search_path` by the settings in a file.
pub async fn check(
    tools: Option<&Path>,
    search_path: &Path,
    root: &str,
    settings: &Path,
) -> Result<Told, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(FailureKind::Unavailable, "Liquibase could not be asked for its policy checks")
            .because(error)
    };
    let runner = discover::find(RunnerKind::Auto, tools)?;
    let CommandLine { program, mut args, env } = runner.command_line();
    let settings = settings.canonicalize().map_err(failed)?;
    let mut file = OsString::from("--checks-settings-file=");
    file.push(settings);
    let changelog = format!("--changelog-file={root}");
    let words =
        ["--show-banner=false", "--headless=true", "checks", "run", &changelog, "--checks-scope=changelog"];
    args.extend(words.map(OsString::from));
    args.extend([file, "--url=offline:postgresql".into()]);
    let licence = std::env::var_os(LICENCE).map(|key| (LICENCE.into(), key));
    let env = env.into_iter().map(|(name, value)| (name.into(), value.into())).chain(licence).collect();
    let launch = Launch { program, args, env, folder: search_path.to_owned(), lease: None };
    let mut process = Process::start(launch).map_err(failed)?;
    let mut lines = Vec::new();
    let running = async {
        while let Some(more) = process.lines().await {
            lines.extend(more);
        }
        process.end().await
    };
    let status = timeout(PATIENCE, running).await;
    let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "it had not ended in time");
    let status = status.map_err(late).and_then(|status| status).map_err(failed)?;
    let outcome = outcome(&lines, status.code()).ok_or_else(|| unclear(&lines, status))?;
    Ok(Told { lines, outcome })
}

/// What lines and an exit code amount to; `None` when they say neither that it checked nor that it did not.
fn outcome(lines: &[String], code: Option<i32>) -> Option<Outcome> {
    let says = |text: &str| lines.iter().any(|line| line.contains(text));
    if says("No Pro License Found")
        || says("No valid Liquibase license key")
        || says("Due to Missing License")
    {
        return Some(Outcome::Nothing(
            "this Liquibase has no valid licence key and skipped every check".to_owned(),
        ));
    }
    if says("Unexpected argument(s): checks") {
        return Some(Outcome::Nothing(
            "this Liquibase is the open source edition, which has no policy checks".to_owned(),
        ));
    }
    // Its exit code is a severity only when it says that it looked.
    if !says("Checks completed") && !says("Changesets Validated") {
        return None;
    }
    let code = u8::try_from(code?).ok()?;
    Severity::ALL.into_iter().find(|severity| severity.code() == code).map(Outcome::Checked)
}

fn unclear(lines: &[String], status: ExitStatus) -> Failure {
    let failure = Failure::new(FailureKind::Failed, "Liquibase did not say what its policy checks found");
    let last: Vec<_> = lines.iter().filter(|line| !line.trim().is_empty()).rev().take(3).collect();
    let failure = last.into_iter().rev().fold(failure.because(status), Failure::because);
    failure.hint("Run `liquibase checks run` by hand.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_liquibase_without_a_licence_has_checked_nothing_although_it_ends_with_0() {
        let skipped =
            lines("Checks-settings File: a\nChangelog Checks Skipped, No Pro License Found:\n  x\n");
        assert!(matches!(outcome(&skipped, Some(0)), Some(Outcome::Nothing(why)) if why.contains("licence")));
        let unknown = lines("Unexpected argument(s): checks, run\n");
        assert!(
            matches!(outcome(&unknown, Some(1)), Some(Outcome::Nothing(why)) if why.contains("open source"))
        );
        assert_eq!(outcome(&lines("something else"), Some(0)), None, "0 alone is no proof");
    }

    #[test]
    fn what_it_found_is_told_by_its_exit_code() {
        let found = lines("Checks completed validation of the changelog and found the following issues:\n");
        assert_eq!(outcome(&found, Some(3)), Some(Outcome::Checked(Severity::Critical)));
        assert_eq!(outcome(&found, Some(9)), None);
    }
}
