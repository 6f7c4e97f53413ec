//! What a policy finds in a database as it is.

use std::collections::BTreeMap;

use super::checks::{Judge, Scope};
use super::judging::too_wide;
use super::{Finding, Policy, Subject, Verdict};
use crate::domain::schema::{Aspect, Kind, Schema};

/// What is known of one table.
#[derive(Default)]
struct Table {
    is_there: bool,
    columns: usize,
    has_index: bool,
}

/// What a policy finds in a schema, before waivers.
pub(super) fn judge(policy: &Policy, schema: &Schema) -> Verdict {
    let mut tables: BTreeMap<(&str, &str), Table> = BTreeMap::new();
    for object in schema.objects() {
        let name = &object.name;
        let table = tables.entry((&name.schema, &name.of)).or_default();
        match name.kind {
            Kind::Table => table.is_there = true,
            Kind::Column => table.columns += 1,
            Kind::Index => table.has_index = true,
            // A constraint of these kinds comes with an index.
            Kind::Constraint => {
                let definition =
                    object.canonical(Aspect::Definition).unwrap_or_default().to_ascii_lowercase();
                table.has_index |=
                    ["primary key", "unique", "exclude"].iter().any(|kind| definition.starts_with(kind));
            }
            _ => {}
        }
    }
    let mut verdict = Verdict::default();
    let enabled: Vec<_> = policy.enabled().filter(|it| it.check.scopes.contains(&Scope::Database)).collect();
    for ((schema, name), table) in tables.into_iter().filter(|(_, table)| table.is_there) {
        let subject = if schema == "public" { name.to_owned() } else { format!("{schema}.{name}") };
        for enabled in &enabled {
            let why = match enabled.check.judge {
                Judge::Indexes if !table.has_index => enabled.check.why.to_owned(),
                Judge::Columns if table.columns > enabled.max_columns => {
                    too_wide(enabled, &subject, table.columns)
                }
                _ => continue,
            };
            let finding = enabled.finding(Subject::Table(subject.clone()), None);
            let mend = finding.mend.replace("the table", &subject);
            verdict.findings.push(Finding { why, mend, ..finding });
        }
        verdict.tables.push(subject);
    }
    verdict.checks = enabled.iter().map(|it| it.short_name.clone()).collect();
    verdict
}
