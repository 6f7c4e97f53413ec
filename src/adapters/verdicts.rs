//! Holds releases against the policy of the instance: reads its files anew each time, and checks only what has not been
//! checked with exactly these texts.
//!
//! Absent on purpose: what a check looks for, and what a finding means for a promotion.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use tokio::sync::Mutex;

use super::policy::{SETTINGS, WAIVERS, text, understood};
use super::texts::Texts as Files;
use crate::config::{PolicySettings, Settings};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::policy::{Judged, Verdict};
use crate::domain::release::Release;
use crate::runtime::compute;

/// What is checked against what.
#[derive(Clone)]
pub(super) struct Verdicts(Arc<Parts>);

struct Parts {
    settings: Arc<Settings>,
    files: Files,
    /// What was found with the newest texts. Held while something is checked: who asks for the same waits for it.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    texts: Texts,
    /// By the digest of the release's archive.
    verdicts: HashMap<String, Result<Arc<Verdict>, Failure>>,
}

/// All that a verdict depends on besides the release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Texts {
    settings: String,
    waivers: Option<String>,
    /// Waivers end with a day.
    today: Date,
}

impl Verdicts {
    /// The policy of the instance that `settings` describe, in `files`.
    pub(super) fn new(settings: Arc<Settings>, files: Files) -> Self {
        Self(Arc::new(Parts { settings, files, known: Mutex::default() }))
    }

    /// What policy says about a release on the day `today`.
    pub(super) async fn judge(&self, release: &Arc<Release>, today: Date) -> Result<Arc<Verdict>, Failure> {
        let Some(policy) = self.0.settings.policy.clone() else {
            return Err(Failure::new(FailureKind::Configuration, "no policy is configured")
                .hint("Name the settings of the checks under [policy]; docs/configuration.md tells how."));
        };
        let settings = text(&self.0.files, &policy.settings, SETTINGS).await?;
        let waivers = match &policy.waivers {
            Some(waivers) => Some(text(&self.0.files, waivers, WAIVERS).await?),
            None => None,
        };
        let texts = Texts { settings, waivers, today };
        let mut known = self.0.known.lock().await;
        if known.texts != texts {
            *known = Known { texts: texts.clone(), verdicts: HashMap::new() };
        }
        if let Some(verdict) = known.verdicts.get(&release.archive_digest) {
            return verdict.clone();
        }
        let checked = Arc::clone(release);
        let verdict = compute(move || judge(&policy, &texts, &checked).map(Arc::new)).await;
        known.verdicts.insert(release.archive_digest.clone(), verdict.clone());
        verdict
    }
}

/// What the policy that these texts make finds in a release.
fn judge(policy: &PolicySettings, texts: &Texts, release: &Release) -> Result<Verdict, Failure> {
    let settings = (policy.settings.to_string(), texts.settings.clone());
    let waivers = policy.waivers.as_ref().map(ToString::to_string).zip(texts.waivers.clone());
    let (policy, warnings) = understood(Some(settings), waivers)?;
    let mut verdict = policy.judge(&release.changelog, Judged::All, texts.today);
    verdict.notes.splice(0..0, warnings);
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::adapters::aws::Clouds;
    use crate::adapters::tests::settings;
    use crate::config::PolicyEngine;
    use crate::domain::drift::tests::release;
    use crate::domain::location::Location;
    use crate::domain::policy::Severity;

    const CHECKS: &str = "rules:\n- {shortName: RollbackRequired, id: d517b518-8a6f-3084-a5be-97e7d89c6860, name: r, severity: '4', enabled: true}\n";

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn verdicts(folder: &Path) -> Verdicts {
        let policy = PolicySettings {
            settings: Location::File(folder.join("checks.conf")),
            waivers: Some(Location::File(folder.join("waivers.toml"))),
            blocks_at: Severity::Blocker,
            engine: PolicyEngine::Lockstep,
        };
        let settings = Arc::new(Settings { policy: Some(policy), ..settings() });
        let files = Files::new(Clouds::new(&settings).own().clone(), settings.deadlines.look);
        Verdicts::new(settings, files)
    }

    #[tokio::test]
    async fn a_release_is_checked_once_until_settings_waivers_or_the_day_are_others() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("checks.conf"), CHECKS).unwrap();
        fs::write(folder.path().join("waivers.toml"), "").unwrap();
        let (verdicts, release) = (verdicts(folder.path()), Arc::new(release(2)));
        let today = day("2026-11-21");
        let first = verdicts.judge(&release, today).await.unwrap();
        assert_eq!((first.findings.len(), first.changesets.len()), (0, 2));
        assert!(Arc::ptr_eq(&first, &verdicts.judge(&release, today).await.unwrap()));
        assert!(!Arc::ptr_eq(&first, &verdicts.judge(&release, day("2026-11-22")).await.unwrap()));
        let again = verdicts.judge(&release, today).await.unwrap();
        fs::write(folder.path().join("waivers.toml"), "# nothing\n").unwrap();
        assert!(!Arc::ptr_eq(&again, &verdicts.judge(&release, today).await.unwrap()));
    }

    #[tokio::test]
    async fn what_is_missing_or_wrong_is_a_failure_that_names_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let (verdicts, release) = (verdicts(folder.path()), Arc::new(release(2)));
        let today = day("2026-11-21");
        let failure = verdicts.judge(&release, today).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Configuration);
        assert!(failure.because[0].contains("checks.conf: "), "{failure}");
        fs::write(folder.path().join("checks.conf"), "rules: 7\n").unwrap();
        fs::write(folder.path().join("waivers.toml"), "[[waiver]]\ncheck = \"RollbackRequired\"\n").unwrap();
        let failure = verdicts.judge(&release, today).await.unwrap_err();
        let told = failure.because.join("\n");
        assert!(told.contains("checks.conf:1: ") && told.contains("waivers.toml:1: "), "{told}");
    }
}
