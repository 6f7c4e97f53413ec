//! Policy on the screen: on the board, in the plan, and finding by finding.

use lockstep::domain::changelog::{ChangesetId, Place};
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::policy::{Finding, Severity, Subject, Verdict, Waiver};

use super::{Script, Story};

/// Twelve checks that looked at the eighteen changesets of v1.4.0 and found this.
pub(super) fn verdict(findings: Vec<Finding>) -> Verdict {
    let id = |number: usize| ChangesetId {
        path: "changelog/changelog-master.yaml".to_owned(),
        id: number.to_string(),
        author: "store".to_owned(),
    };
    let checks = (1..=12).map(|number| format!("Check{number}")).collect();
    Verdict { findings, changesets: (1..=18).map(id).collect(), checks, ..Verdict::default() }
}

fn finding(changeset: &str, check: &str, line: usize, statement: &str, why: &str, mend: &str) -> Finding {
    let path = format!("changelog/changesets/{changeset}.sql");
    let id = ChangesetId { path: path.clone(), id: changeset.to_owned(), author: "store".to_owned() };
    Finding {
        check: check.to_owned(),
        title: format!("Warn about {check}"),
        severity: Severity::Blocker,
        subject: Subject::Changeset(id),
        place: Some(Place { file: path, line }),
        column: Some(1),
        statement: statement.to_owned(),
        within: None,
        why: why.to_owned(),
        mend: mend.to_owned(),
        waiver: None,
    }
}

/// What is wrong with v1.4.0, and one thing with what ran long ago.
pub(super) fn wrong() -> Vec<Finding> {
    let earlier = Finding {
        severity: Severity::Major,
        ..finding(
            "005-indexes",
            "CreateIndexConcurrently",
            5,
            "create index idx_order_items_order_id on order_items (order_id);",
            "The index is built while writes to the table wait.",
            "Build it with CONCURRENTLY, in a changeset of its own with runInTransaction:false.",
        )
    };
    vec![
        earlier,
        finding(
            "013-tidy-orders",
            "ChangeDropColumnWarn",
            5,
            "alter table products drop column description;",
            "A column is dropped: its data is lost, and an older application may still read it.",
            "Release an application that does not read it first, and drop it in a later release.",
        ),
        finding(
            "013-tidy-orders",
            "SqlGrantWarn",
            6,
            "grant select on orders, order_items to public;",
            "A privilege is granted.",
            "Grant privileges where roles are managed, not in a changelog.",
        ),
        finding(
            "013-tidy-orders",
            "RollbackRequired",
            3,
            "alter table products drop column description;\ngrant select on orders, order_items to public;",
            "A changeset has no rollback, so a promotion that brings it cannot be taken back.",
            "Write `--rollback` and what undoes it; `--rollback empty` where nothing has to be undone.",
        ),
    ]
}

fn blocked() -> Script {
    let script = Script::new();
    script.judges(Ok(verdict(wrong())));
    script
}

pub(super) fn unreadable() -> Failure {
    Failure::new(FailureKind::Configuration, "the settings of the policy checks cannot be read")
        .because("flows/liquibase.checks-settings.conf: No such file or directory")
        .hint("Put the file back, or correct [policy] in lockstep.toml.")
}

#[tokio::test]
async fn a_release_that_breaks_policy_is_blocked_on_the_board_and_in_the_plan_and_nothing_is_touched() {
    let mut story = Story::policed(blocked(), 100, 40).await;
    story.shows("✖ policy C");
    story.shows("✖ 3 findings block it");
    story.press("1p").await.wait(600).await;
    story.shows("✖ 3 findings block it");
    story.shows("✖ BLOCKER   ChangeDropColumnWarn");
    story.shows("013-tidy-orders.sql:5:1");
    story.shows("→ Release an application that does not read it first");
    story.shows("policy: 3 findings stand in the way");
    story.hides("005-indexes");
    // Neither the key of its tier nor the capital one does anything.
    story.press("yP").await;
    story.shows("it cannot be promoted now");
    assert_eq!(story.script.mutations(), 0);
    // Mended outside, looked at again: the same keys promote.
    story.script.judges(Ok(verdict(Vec::new())));
    story.press("<esc>1p").await.wait(600).await;
    story.shows("✔ no findings, 12 checks");
    story.press("y").await;
    assert!(story.script.mutations() > 0);
}

#[tokio::test]
async fn the_checks_are_grouped_filtered_and_read_one_by_one() {
    let mut story = Story::policed(blocked(), 100, 30).await;
    story.press("C").await;
    story.shows("checks of v1.4.0 for dev");
    story.shows("✖ 3 block · 12 checks · 18 changesets");
    story.shows("▸   ▲ MAJOR     CreateIndexConcurrently");
    story.shows("✔ applied");
    story.shows("· pending");
    story.press("o").await;
    story.hides("005-indexes");
    story.shows("only pending");
    story.shows("▸   ✖ BLOCKER   ChangeDropColumnWarn");
    story.press("/grant").await;
    story.shows("/grant▏");
    // The statement without a rollback has the word in it too.
    story.shows("1 of 2");
    story.press("<enter><down><enter>").await;
    story.shows("✖ stands in the way of a promotion");
    story.shows("no rollback, so a promotion that brings it cannot be taken back");
    story.shows("changeset = \"013-tidy-orders\"");
    story.press("<esc><esc>").await;
    story.shows("▸   ✖ BLOCKER   RollbackRequired");
    story.shows("checks of v1.4.0");
    story.press("<esc>").await;
    story.shows("next for");
}

#[tokio::test]
async fn the_cursor_stays_on_its_finding_when_policy_speaks_again() {
    let mut story = Story::policed(blocked(), 100, 30).await;
    story.press("C<end>").await;
    story.shows("▸   ✖ BLOCKER   RollbackRequired");
    let mut findings = wrong();
    findings.remove(0);
    story.script.judges(Ok(verdict(findings)));
    story.wait(6_000).await;
    story.hides("005-indexes");
    story.shows("▸   ✖ BLOCKER   RollbackRequired");
    story.shows("3 of 3");
}

#[tokio::test]
async fn a_waiver_lets_the_plan_be_made_and_is_shown_to_whoever_reads_it() {
    let mut findings = wrong();
    for found in &mut findings {
        let (reason, owner) = ("the descriptions moved to the shop".to_owned(), "ana".to_owned());
        found.waiver = Some(Waiver { reason, owner, expires: "2026-11-21".parse().unwrap() });
    }
    let script = Script::new();
    script.judges(Ok(verdict(findings)));
    let mut story = Story::policed(script, 100, 40).await;
    story.hides("✖ policy");
    story.press("1p").await.wait(600).await;
    story.shows("✔ 3 findings, none blocks");
    story.shows("○ waived    ChangeDropColumnWarn");
    story.shows("until 2026-11-21 by ana: the descriptions moved to the shop");
    // Its last day ends while the plan is read.
    story.wait(10 * 3_600_000).await;
    story.shows("policy: 3 findings stand in the way");
    story.press("y").await;
    assert_eq!(story.script.mutations(), 0);
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_told_and_lets_nothing_pass() {
    let mut story = Story::policed(blocked(), 100, 40).await;
    story.script.judges(Err(unreadable()));
    story.press("1p").await.wait(600).await;
    story.shows("? cannot be checked");
    story.shows("policy cannot be checked: the settings of the policy checks cannot be read");
    story.press("y").await;
    assert_eq!(story.script.mutations(), 0);
    story.press("<esc>").await;
    story.shows("? policy C");
    story.shows("it cannot be read, so nothing passes");
    // What was found before stays, and looks old.
    story.press("C").await;
    story.shows("? old: policy cannot be read now");
    story.shows("ChangeDropColumnWarn");
}

#[tokio::test]
async fn without_a_policy_the_key_says_why_it_does_nothing() {
    let mut story = Story::begin(100, 30).await;
    story.hides("C checks");
    story.press("C").await;
    story.shows("no policy is configured, so nothing is checked");
    story.shows("next for dev");
}
