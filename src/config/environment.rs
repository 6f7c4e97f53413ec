//! The `[[environment]]` tables of `lockstep.toml`: their form on disk, and the way to environments with their gates.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;

use super::aws::Otherwise;
use super::file::placed;
use super::{AwsSettings, EnvironmentSettings};
use crate::domain::changelog::Selection;
use crate::domain::environment::Environment;
use crate::domain::gate::{Admission, ApprovalRule, Before, Freeze, Gate, is_role};
use crate::domain::names::EnvironmentName;

/// One table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub(super) struct EnvironmentEntry {
    name: String,
    service: String,
    database: String,
    address: Option<String>,
    gate: GateWord,
    #[serde(default)]
    production: bool,
    after: Option<Spanned<OneOrMore>>,
    #[serde(default)]
    contexts: Vec<String>,
    label_filter: Option<String>,
    approvals: Option<Spanned<usize>>,
    approvers: Option<Spanned<Vec<String>>>,
    requester_may_approve: Option<Spanned<bool>>,
    soak: Option<Spanned<String>>,
    verified_before: Option<Spanned<bool>>,
    freeze: Option<Vec<Spanned<String>>>,
    time_zone: Option<Spanned<String>>,
    #[serde(default)]
    drift_blocks: bool,
    #[serde(default, rename = "override")]
    can_be_overridden: bool,
    #[serde(default)]
    rollback_on_failure: bool,
    region: Option<String>,
    profile: Option<String>,
    account: Option<Spanned<String>>,
    role_arn: Option<Spanned<String>>,
    external_id: Option<Spanned<String>>,
}

/// One name, or a list of them.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a name or a list of names")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum GateWord {
    Automatic,
    Confirm,
    Approve,
}

/// Collects what is wrong, each with its line.
struct Problems<'a> {
    text: &'a str,
    found: &'a mut Vec<String>,
}

impl Problems<'_> {
    fn add<T>(&mut self, at: &Spanned<T>, what: impl AsRef<str>) {
        self.found.push(placed(self.text, Some(at.span().start), what.as_ref()));
    }
}

/// Checks every table of the file with this text.
pub(super) fn environments(
    entries: Vec<Spanned<EnvironmentEntry>>,
    aws: &AwsSettings,
    text: &str,
    found: &mut Vec<String>,
) -> Vec<EnvironmentSettings> {
    let mut problems = Problems { text, found };
    if entries.is_empty() {
        problems.found.push("there is no [[environment]]".to_owned());
    }
    let mut seen: BTreeSet<EnvironmentName> = BTreeSet::new();
    let mut before: Option<EnvironmentName> = None;
    let mut environments = Vec::new();
    for entry in entries {
        let name = match EnvironmentName::parse(&entry.get_ref().name) {
            Ok(name) => name,
            Err(error) => {
                problems.add(&entry, format!("[[environment]] name: {error}"));
                continue;
            }
        };
        let after = after(&name, entry.get_ref(), before.as_ref(), &seen, &mut problems);
        if !seen.insert(name.clone()) {
            problems.add(&entry, format!("[[environment]] {name} stands there twice"));
        }
        before = Some(name.clone());
        let entry = entry.into_inner();
        let gate = gate(&name, &entry, !after.is_empty(), &mut problems);
        let otherwise = Otherwise {
            region: entry.region,
            profile: entry.profile,
            account: entry.account,
            role_arn: entry.role_arn,
            external_id: entry.external_id,
        };
        let table = format!("[[environment]] {name}");
        let aws = otherwise.check(&table, aws, |at, words| problems.found.push(placed(text, at, &words)));
        environments.push(EnvironmentSettings {
            environment: Environment {
                name,
                after,
                gate,
                production: entry.production,
                service: entry.service,
                database: entry.database,
                selection: Selection { contexts: entry.contexts, label_filter: entry.label_filter },
            },
            address: entry.address.map(|address| address.trim_end_matches('/').to_owned()),
            aws,
        });
    }
    environments
}

/// The environments that `name` follows; by default the one that is written before it.
fn after(
    name: &EnvironmentName,
    entry: &EnvironmentEntry,
    before: Option<&EnvironmentName>,
    seen: &BTreeSet<EnvironmentName>,
    problems: &mut Problems<'_>,
) -> Vec<EnvironmentName> {
    let Some(written) = &entry.after else { return before.cloned().into_iter().collect() };
    let names = match written.get_ref() {
        OneOrMore::One(name) => std::slice::from_ref(name),
        OneOrMore::More(names) => names.as_slice(),
    };
    let mut after = Vec::new();
    for text in names {
        match EnvironmentName::parse(text) {
            Err(error) => problems.add(written, format!("[[environment]] {name}: after: {error}")),
            Ok(other) if !seen.contains(&other) => problems.add(
                written,
                format!("[[environment]] {name}: it follows {other}, which is not written before it"),
            ),
            Ok(other) if after.contains(&other) => {
                problems.add(written, format!("[[environment]] {name}: it follows {other} twice"));
            }
            Ok(other) => after.push(other),
        }
    }
    after
}

fn gate(
    name: &EnvironmentName,
    entry: &EnvironmentEntry,
    follows: bool,
    problems: &mut Problems<'_>,
) -> Gate {
    let admission = match entry.gate {
        GateWord::Automatic => Admission::Automatic,
        GateWord::Confirm => Admission::Confirm,
        GateWord::Approve => Admission::Approve,
    };
    let wrong = |what: &str| format!("[[environment]] {name}: {what}");
    if !follows {
        if let Some(soak) = &entry.soak {
            problems
                .add(soak, wrong("soak: it follows no environment that a release could soak in; remove it"));
        }
        if let Some(verified) = entry.verified_before.as_ref().filter(|verified| *verified.get_ref()) {
            problems.add(verified, wrong("verified_before: it follows no environment; remove it"));
        }
    }
    let before = Before {
        soak: entry.soak.as_ref().map_or(Duration::ZERO, |soak| {
            let time: Option<SignedDuration> = soak.get_ref().parse().ok();
            time.and_then(|time| Duration::try_from(time).ok()).unwrap_or_else(|| {
                let what = format!("soak: `{}` is not a time such as 30m, 24h or 1h 30m", soak.get_ref());
                problems.add(soak, wrong(&what));
                Duration::ZERO
            })
        }),
        is_verified: entry.verified_before.as_ref().is_some_and(|verified| *verified.get_ref()),
    };
    Gate {
        approval: approval(name, entry, problems),
        before,
        freezes: freezes(name, entry, problems),
        drift_blocks: entry.drift_blocks,
        can_be_overridden: entry.can_be_overridden,
        rolls_back: entry.rollback_on_failure,
        ..Gate::new(admission)
    }
}

fn approval(name: &EnvironmentName, entry: &EnvironmentEntry, problems: &mut Problems<'_>) -> ApprovalRule {
    let wrong = |what: &str| format!("[[environment]] {name}: {what}");
    if !matches!(entry.gate, GateWord::Approve) {
        let without = "it counts only with gate = \"approve\"; change the gate or remove it";
        if let Some(approvals) = &entry.approvals {
            problems.add(approvals, wrong(&format!("approvals: {without}")));
        }
        if let Some(approvers) = &entry.approvers {
            problems.add(approvers, wrong(&format!("approvers: {without}")));
        }
        if let Some(requester) = &entry.requester_may_approve {
            problems.add(requester, wrong(&format!("requester_may_approve: {without}")));
        }
        return ApprovalRule::new(0);
    }
    let needed = entry.approvals.as_ref().map_or(1, |approvals| *approvals.get_ref());
    if let Some(approvals) = entry.approvals.as_ref().filter(|_| needed == 0) {
        problems.add(approvals, wrong("approvals: 0 is no approval; use gate = \"confirm\""));
    }
    let mut approvers: Vec<String> =
        entry.approvers.as_ref().map(|it| it.get_ref().clone()).unwrap_or_default();
    approvers.sort();
    approvers.dedup();
    if let Some(written) = &entry.approvers {
        if approvers.iter().any(|approver| approver.trim().is_empty()) {
            problems.add(written, wrong("approvers: a name is empty"));
        }
        let can_be_many = approvers.is_empty() || approvers.iter().any(|approver| is_role(approver));
        if !can_be_many && approvers.len() < needed {
            let what = format!("approvers: {needed} have to approve, and {} can; name more", approvers.len());
            problems.add(written, wrong(&what));
        }
    }
    ApprovalRule {
        needed,
        approvers,
        requester_may_approve: entry.requester_may_approve.as_ref().is_some_and(|may| *may.get_ref()),
    }
}

fn freezes(name: &EnvironmentName, entry: &EnvironmentEntry, problems: &mut Problems<'_>) -> Vec<Freeze> {
    let wrong = |what: &str| format!("[[environment]] {name}: {what}");
    let zone = entry.time_zone.as_ref().map(|zone| {
        TimeZone::get(zone.get_ref()).unwrap_or_else(|_| {
            let what = format!(
                "time_zone: `{}` is no time zone that this machine knows, such as Europe/Berlin or UTC",
                zone.get_ref()
            );
            problems.add(zone, wrong(&what));
            TimeZone::UTC
        })
    });
    let windows = entry.freeze.as_deref().unwrap_or_default();
    if let (Some(first), None) = (windows.first(), &zone) {
        problems.add(first, wrong("freeze: a window needs a time_zone, such as \"Europe/Berlin\""));
    }
    if let (Some(zone), []) = (&entry.time_zone, windows) {
        problems.add(zone, wrong("time_zone: it counts only for freeze; remove it"));
    }
    let zone = zone.unwrap_or(TimeZone::UTC);
    let mut freezes = Vec::new();
    for window in windows {
        match Freeze::parse(window.get_ref(), &zone) {
            Ok(freeze) => freezes.push(freeze),
            Err(error) => problems.add(window, wrong(&format!("freeze: {error}"))),
        }
    }
    freezes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[derive(Deserialize)]
    struct File {
        environment: Vec<Spanned<EnvironmentEntry>>,
    }

    /// Reads environments that have a service and a database each.
    fn read(text: &str) -> (Vec<Environment>, Vec<String>) {
        let lines = text.lines().map(|line| match line {
            "[[environment]]" => "[[environment]]\nservice = \"s\"\ndatabase = \"d\"\n".to_owned(),
            other => format!("{other}\n"),
        });
        let text: String = lines.collect();
        let file: File = toml::from_str(&text).unwrap();
        let mut problems = Vec::new();
        let settings =
            environments(file.environment, &Settings::without_instance().aws, &text, &mut problems);
        (settings.into_iter().map(|it| it.environment).collect(), problems)
    }

    const DEV: &str = "[[environment]]\nname = \"dev\"\ngate = \"automatic\"\n";

    #[test]
    fn an_environment_follows_the_one_before_it_or_those_that_it_names() {
        let parallel = format!(
            "{DEV}[[environment]]\nname = \"test\"\ngate = \"confirm\"\n[[environment]]\nname = \"staging\"\ngate = \"confirm\"\nafter = \"dev\"\n[[environment]]\nname = \"prod\"\ngate = \"confirm\"\nafter = [\"test\", \"staging\"]\n[[environment]]\nname = \"lab\"\ngate = \"confirm\"\nafter = []\n"
        );
        let (environments, problems) = read(&parallel);
        assert_eq!(problems, Vec::<String>::new());
        let after: Vec<Vec<&str>> =
            environments.iter().map(|it| it.after.iter().map(EnvironmentName::as_str).collect()).collect();
        assert_eq!(after, [vec![], vec!["dev"], vec!["dev"], vec!["test", "staging"], vec![]]);
    }

    #[test]
    fn a_gate_takes_everything_that_it_is_told() {
        let (environments, problems) = read(&format!(
            "{DEV}[[environment]]\nname = \"prod\"\ngate = \"approve\"\napprovals = 2\napprovers = [\"ana\", \"bob\", \"ana\"]\nrequester_may_approve = true\nsoak = \"1h 30m\"\nverified_before = true\nfreeze = [\"Fri 16:00 - Mon 08:00\"]\ntime_zone = \"Europe/Berlin\"\ndrift_blocks = true\noverride = true\nrollback_on_failure = true\n"
        ));
        assert_eq!(problems, Vec::<String>::new());
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let expected = Gate {
            admission: Admission::Approve,
            approval: ApprovalRule {
                needed: 2,
                approvers: vec!["ana".to_owned(), "bob".to_owned()],
                requester_may_approve: true,
            },
            before: Before { soak: Duration::from_mins(90), is_verified: true },
            freezes: vec![Freeze::parse("Fri 16:00 - Mon 08:00", &zone).unwrap()],
            drift_blocks: true,
            can_be_overridden: true,
            rolls_back: true,
        };
        assert_eq!(environments[1].gate, expected);
        assert_eq!(environments[0].gate, Gate::new(Admission::Automatic));
    }

    #[test]
    fn an_approval_is_by_one_other_person_unless_the_file_says_otherwise() {
        let (environments, _) = read("[[environment]]\nname = \"prod\"\ngate = \"approve\"\n");
        assert_eq!(environments[0].gate, Gate::new(Admission::Approve));
        assert_eq!(environments[0].gate.approval, ApprovalRule::new(1));
    }

    #[test]
    fn every_contradiction_is_told_at_once_with_its_line_and_its_mend() {
        let (_, problems) = read(
            "[[environment]]\nname = \"dev\"\ngate = \"automatic\"\napprovals = 1\nsoak = \"1h\"\nverified_before = true\ntime_zone = \"UTC\"\n[[environment]]\nname = \"prod\"\ngate = \"approve\"\nafter = [\"dev\", \"dev\", \"qa\"]\napprovals = 3\napprovers = [\"ana\"]\nsoak = \"soon\"\nfreeze = [\"Fri\"]\n",
        );
        assert_eq!(
            problems,
            [
                "line 7: [[environment]] dev: soak: it follows no environment that a release could soak in; remove it",
                "line 8: [[environment]] dev: verified_before: it follows no environment; remove it",
                "line 6: [[environment]] dev: approvals: it counts only with gate = \"approve\"; change the gate or remove it",
                "line 9: [[environment]] dev: time_zone: it counts only for freeze; remove it",
                "line 15: [[environment]] prod: it follows dev twice",
                "line 15: [[environment]] prod: it follows qa, which is not written before it",
                "line 18: [[environment]] prod: soak: `soon` is not a time such as 30m, 24h or 1h 30m",
                "line 17: [[environment]] prod: approvers: 3 have to approve, and 1 can; name more",
                "line 19: [[environment]] prod: freeze: a window needs a time_zone, such as \"Europe/Berlin\"",
                "line 19: [[environment]] prod: freeze: `Fri` is not a window such as `Fri 16:00 - Mon 08:00` or `2026-12-20 - 2027-01-05`: ` - ` stands between its two ends",
            ]
        );
    }
}
