//! `lockstep check --list`: every check there is, and whether it looks by these settings.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::policy::{Check, Policy, Severity, checks};

/// For people: a line per check.
pub fn text(policy: &Policy) -> String {
    let mut text = format!(
        "{:30} {:20} {:8} {:9} {:37} {}\n",
        "SHORT NAME", "SCOPE", "STATUS", "SEVERITY", "ID", "TITLE"
    );
    for check in checks::all().chain([checks::SYNTAX]) {
        let (status, severity) = standing(policy, check);
        let scopes: Vec<_> = check.scopes.iter().map(|scope| scope.word()).collect();
        writeln!(
            text,
            "{:30} {:20} {:8} {:9} {:37} {}",
            check.short_name,
            scopes.join(", "),
            status,
            severity,
            check.id,
            check.title
        )
        .ok();
    }
    text
}

/// For programs; docs/json.md describes it.
pub fn json(policy: &Policy) -> Value {
    let all = checks::all().chain([checks::SYNTAX]).map(|check| {
        let enabled: Vec<_> = policy.enabled().filter(|it| it.check.id == check.id).collect();
        json!({
            "short_name": check.short_name,
            "id": check.id,
            "title": check.title,
            "scopes": check.scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>(),
            "on_by_default": check.is_on_by_default,
            "enabled": enabled.iter().map(|it| json!({
                "short_name": it.short_name,
                "severity": it.severity.word(),
            })).collect::<Vec<_>>(),
            "why": check.why,
            "mend": check.mend,
        })
    });
    Value::from(all.collect::<Vec<_>>())
}

/// Whether a check looks, and how much it matters what it finds.
fn standing(policy: &Policy, check: &Check) -> (&'static str, &'static str) {
    let enabled = policy.enabled().find(|it| it.check.id == check.id);
    if check.id == checks::SYNTAX.id {
        let severity = policy.unread_sql.or(enabled.map(|it| it.severity));
        return ("on", severity.map_or("highest", Severity::word));
    }
    enabled.map_or(("off", "-"), |it| ("on", it.severity.word()))
}
