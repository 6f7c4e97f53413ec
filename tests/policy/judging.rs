//! Which changesets are judged, and what is new to them.

use std::collections::BTreeSet;

use lockstep::domain::changelog::{Changelog, Files, Surroundings};
use lockstep::domain::policy::{Judged, Policy, Settings, Severity, Verdict};

const TEXT: &str = "--liquibase formatted sql
--changeset a:table
create table t (id int);
--rollback drop table t;
--changeset a:index
create index i on t (id);
--rollback drop index i;
--changeset a:elsewhere dbms:oracle
drop table t;
--changeset a:ignored ignore:true
drop table t;
--changeset a:other
create index j on u (id);
";

const RULES: &str = "rules:
- {enabled: true, shortName: PgCreateIndexConcurrently, severity: 3}
- {enabled: true, shortName: ChangeDropTableWarn, severity: 4}
- {enabled: true, shortName: RollbackRequired, severity: 1}
";

/// What is found when only these are pending; all are judged when there are none.
fn judge(pending: &[&str]) -> (Verdict, Vec<String>) {
    let files = Files::from([("x.sql".to_owned(), TEXT.as_bytes().to_vec())]);
    let (changelog, problems) = Changelog::read(&files, "x.sql", &Surroundings::default());
    assert_eq!(problems, []);
    let (settings, _) = Settings::read("rules", RULES);
    let policy = Policy { settings: settings.unwrap(), ..Policy::default() };
    let all = changelog.changesets().iter().map(|changeset| changeset.id.clone());
    let pending: BTreeSet<_> = all.filter(|id| pending.contains(&id.id.as_str())).collect();
    let judged = if pending.is_empty() { Judged::All } else { Judged::Only(&pending) };
    let verdict = policy.judge(&changelog, judged, "2026-01-01".parse().unwrap());
    let found = verdict.findings.iter().map(|finding| {
        let line = finding.place.as_ref().unwrap().line;
        format!("{line} {}", finding.check)
    });
    let found = found.collect();
    (verdict, found)
}

#[test]
fn a_table_is_new_to_what_is_pending_together_with_it_and_to_nothing_else() {
    let index = "6 PgCreateIndexConcurrently";
    let others = ["13 PgCreateIndexConcurrently", "12 RollbackRequired"];
    assert_eq!(judge(&[]).1, [&[index][..], &others].concat());
    assert_eq!(judge(&["table", "index"]).1, Vec::<String>::new());
    assert_eq!(judge(&["index"]).1, [index], "the table is there already");
    assert_eq!(judge(&["table", "other"]).1, others);
}

#[test]
fn what_liquibase_never_runs_on_postgresql_is_not_judged() {
    let (verdict, _) = judge(&[]);
    let judged: Vec<_> = verdict.changesets.iter().map(|id| id.id.as_str()).collect();
    assert_eq!(judged, ["table", "index", "other"]);
    let pending = judge(&["index", "ignored"]).0;
    assert_eq!(pending.changesets.len(), 1);
    assert_eq!(pending.of(&pending.changesets[0]).count(), 1);
}

#[test]
fn what_cannot_be_read_matters_as_much_as_was_asked_for_else_as_the_settings_say_else_as_the_worst_check() {
    let files = Files::from([(
        "x.sql".to_owned(),
        b"--liquibase formatted sql\n--changeset a:1\nselec 1;\n".to_vec(),
    )]);
    let (changelog, _) = Changelog::read(&files, "x.sql", &Surroundings::default());
    let own = format!("{RULES}- {{enabled: true, shortName: SqlParseFailure, severity: 2}}\n");
    for (rules, flag, expected) in [
        (RULES, None, Severity::Blocker),
        (own.as_str(), None, Severity::Major),
        (own.as_str(), Some(Severity::Info), Severity::Info),
    ] {
        let (settings, problems) = Settings::read("rules", rules);
        assert_eq!(problems, []);
        let policy = Policy { settings: settings.unwrap(), unread_sql: flag, ..Policy::default() };
        let verdict = policy.judge(&changelog, Judged::All, "2026-01-01".parse().unwrap());
        let unread = verdict.findings.iter().find(|finding| finding.check == "SqlParseFailure").unwrap();
        assert_eq!(unread.severity, expected);
        assert_eq!(verdict.checks.iter().filter(|name| *name == "SqlParseFailure").count(), 1);
    }
}
