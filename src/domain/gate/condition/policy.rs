//! What no changelog may do: every finding that blocks, or why nobody can tell whether there is one.

use std::fmt::Write as _;

use super::{Finding, Surroundings, one};
use crate::domain::policy::{Finding as PolicyFinding, Subject};

/// Characters of a statement that a condition shows.
const STATEMENT: usize = 72;

pub(super) fn policy(all: &Surroundings<'_>) -> Vec<Finding> {
    let version = &all.plan.version;
    let inspection = match &all.policy {
        None => return Vec::new(),
        Some(Err(failure)) => {
            let causes = failure.because.iter().fold(String::new(), |text, cause| format!("{text}; {cause}"));
            let how = failure.hint.clone();
            let how = how.unwrap_or_else(|| format!("`lockstep check --release {version}` tells more."));
            return one(format!("policy cannot be checked: {}{causes}", failure.what), how);
        }
        Some(Ok(inspection)) => inspection,
    };
    let mut findings: Vec<Finding> =
        inspection.blocking().map(|finding| (words(finding), finding.mend.clone())).collect();
    if let Some((_, how)) = findings.last_mut() {
        // Writing to a `String` cannot fail.
        write!(
            how,
            "\n`lockstep check --release {version}` tells everything about it; what may pass nevertheless is written \
             into the file that `[policy] waivers` in lockstep.toml names, in a sandbox flows/policy-waivers.toml in its \
             folder."
        )
        .ok();
    }
    findings
}

/// `013-tidy-orders.sql:5: SqlGrantWarn (BLOCKER): grant select on orders to public`.
fn words(finding: &PolicyFinding) -> String {
    let file = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let place = match (&finding.place, &finding.subject) {
        (Some(place), _) => format!("{}:{}", file(&place.file), place.line),
        (None, Subject::Changeset(id)) => file(&id.path),
        (None, Subject::Table(name)) => name.clone(),
    };
    let within = finding.within.as_ref().map_or_else(String::new, |within| format!(", in {within}"));
    let statement: Vec<&str> = finding.statement.split_whitespace().collect();
    let statement = statement.join(" ");
    let statement = if statement.chars().count() > STATEMENT {
        let start: String = statement.chars().take(STATEMENT).collect();
        format!("{}…", start.trim_end())
    } else {
        statement
    };
    let (check, severity) = (&finding.check, finding.severity);
    format!("{place}: {check} ({severity}{within}): {statement}")
}
