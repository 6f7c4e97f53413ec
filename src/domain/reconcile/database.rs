//! How far a run came in the database: its rows, its tag, and what may have been done without a row.
//!
//! Liquibase commits what a changeset does and then, in a transaction of its own, its row: killed in between, a
//! changeset has run and nothing says so. It lets its lock go whenever it ends by itself.

use super::{Looks, Seen, has_stale_lock, intent};
use crate::domain::changelog::{Change, Changeset, ChangesetId};
use crate::domain::drift::{ChangesetState, ran};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::{Aim, PastRun};
use crate::domain::ledger::Ledger;
use crate::domain::lock::{LockKind, Verdict};
use crate::domain::plan::Direction;
use crate::domain::step::StepKind;

/// By so much the server's clock and the journal's may differ, in seconds, for a changeset that runs every time.
const CLOCKS: i64 = 5;

/// How far a run came in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Database {
    /// It had nothing to do there.
    Spared,
    /// It changed nothing.
    Untouched,
    /// It set its tag, and changed nothing else.
    Tagged(String),
    /// So many of all changesets were run, or undone.
    Partly(usize, usize, Direction),
    /// All of them.
    Done(usize, Direction),
    /// It cannot be told, and why.
    Unclear(String),
}

impl Database {
    /// Why a person has to look.
    pub(super) fn doubt(&self) -> Option<String> {
        match self {
            Self::Unclear(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// True when the run changed something.
    pub(super) fn is_touched(&self) -> bool {
        matches!(self, Self::Tagged(_) | Self::Partly(..) | Self::Done(..))
    }

    /// True when nothing is left to do.
    pub(super) fn is_as_promised(&self) -> bool {
        matches!(self, Self::Spared | Self::Done(..))
    }

    /// A short sentence for people.
    pub(super) fn words(&self) -> String {
        let verb = |direction: &Direction| match direction {
            Direction::Forward => "applied",
            Direction::Back => "undone",
        };
        match self {
            Self::Spared => "the database was not to be changed".to_owned(),
            Self::Untouched => "the database is as it was before".to_owned(),
            Self::Tagged(tag) => format!("of the database only the tag {tag} was set, which is harmless"),
            Self::Partly(done, all, direction) => {
                format!("in the database {done} of {all} changesets were {}", verb(direction))
            }
            Self::Done(1, direction) => format!("in the database the one changeset was {}", verb(direction)),
            Self::Done(all, direction) => {
                format!("in the database all {all} changesets were {}", verb(direction))
            }
            Self::Unclear(why) => why.clone(),
        }
    }
}

/// Finds out how far `run` came, and adds what shows it to `evidence`.
pub(super) fn judge(run: &PastRun, looks: &Looks<'_>, evidence: &mut Vec<Seen>) -> Database {
    let ledger = match &looks.ledger {
        Ok(ledger) => *ledger,
        Err(why) => {
            evidence.push(Seen::new("rows", format!("not seen: {why}")));
            return match &run.aim {
                Some(aim) if aim.changesets.is_empty() => Database::Spared,
                _ => Database::Unclear(format!("the rows of the database were not seen: {why}")),
            };
        }
    };
    let aim = match &run.aim {
        Some(aim) if aim.changesets.is_empty() => {
            evidence.push(Seen::new("changesets", "the run was to run none"));
            return Database::Spared;
        }
        Some(aim) => aim,
        None => return without_aim(run, looks, ledger, evidence),
    };
    let left: Vec<&ChangesetId> =
        aim.changesets.iter().filter(|id| !is_done(run, aim, looks, ledger, id)).collect();
    let (all, done) = (aim.changesets.len(), aim.changesets.len() - left.len());
    let verb = if aim.direction == Direction::Back { "have lost their row" } else { "have their row" };
    let first = left.first().map_or_else(String::new, |id| format!("; the first that has not: {id}"));
    evidence.push(Seen::new("changesets", format!("{done} of {all} {verb}{first}")));
    if let Some(who) = at_work(run, looks) {
        return Database::Unclear(who);
    }
    let update = intent(run, |step| matches!(step, StepKind::Update | StepKind::Undo));
    let Some(update) = update else {
        return match done {
            0 => tagged(run, aim, ledger, evidence),
            _ => Database::Unclear(format!(
                "{done} of its {all} changesets {verb}, although it never let Liquibase begin"
            )),
        };
    };
    match (&update.result, left.first()) {
        (_, None) => Database::Done(all, aim.direction),
        (Some(Ok(_)), Some(id)) => Database::Unclear(format!(
            "it recorded that Liquibase did everything, and yet {id} is not as that says: somebody changed the ledger"
        )),
        (Some(Err(failure)), Some(_)) if failure.kind != FailureKind::Unknown => {
            partly(run, aim, ledger, done, evidence)
        }
        (result, Some(id)) => match unrecorded((run, result.as_ref()), aim, looks, id, evidence) {
            Some(doubt) => Database::Unclear(doubt),
            None => partly(run, aim, ledger, done, evidence),
        },
    }
}

fn partly(run: &PastRun, aim: &Aim, ledger: &Ledger, done: usize, evidence: &mut Vec<Seen>) -> Database {
    match done {
        0 => tagged(run, aim, ledger, evidence),
        done => Database::Partly(done, aim.changesets.len(), aim.direction),
    }
}

/// No changeset was run; the tag before them may have been set.
fn tagged(run: &PastRun, aim: &Aim, ledger: &Ledger, evidence: &mut Vec<Seen>) -> Database {
    let Some(tag) = &aim.anchor else { return Database::Untouched };
    if intent(run, |step| step == StepKind::Anchor).is_none() {
        return Database::Untouched;
    }
    let is_set = ledger.rows.iter().any(|row| row.tag.as_deref() == Some(tag.as_str()));
    evidence.push(Seen::new("tag", format!("{tag} {}", if is_set { "is set" } else { "is not set" })));
    if is_set { Database::Tagged(tag.clone()) } else { Database::Untouched }
}

/// True when a changeset was run, or undone.
fn is_done(run: &PastRun, aim: &Aim, looks: &Looks<'_>, ledger: &Ledger, id: &ChangesetId) -> bool {
    let key = id.key();
    let row = ledger.rows.iter().rev().find(|row| row.id.key() == key);
    let Some(row) = row else { return aim.direction == Direction::Back };
    if aim.direction == Direction::Back {
        return false;
    }
    match looks.release.and_then(|release| release.changelog.get(id)) {
        // It had a row before: only when that was written tells whether it ran again.
        Some(changeset) if changeset.runs_always => {
            row.executed_at.as_second() >= run.began.as_second() - CLOCKS
        }
        Some(changeset) if changeset.runs_on_change => ran(changeset, row).0 == ChangesetState::Applied,
        _ => true,
    }
}

/// Who else is at work in the database, so that what is seen there may change while it is looked at.
fn at_work(run: &PastRun, looks: &Looks<'_>) -> Option<String> {
    let sight = looks.locks.as_ref().ok()?;
    sight.locks().into_iter().find_map(|lock| {
        let holder = lock.holder.as_ref()?;
        let is_own = holder.run.as_ref() == Some(&run.run);
        let verb = match (&lock.verdict, lock.kind) {
            (Verdict::Free | Verdict::Stale(_), _) => return None,
            (Verdict::Alive(_), LockKind::Lockstep) => "is promoting there",
            (Verdict::Alive(_), LockKind::Liquibase) => "is at work in the database",
            (Verdict::Unclear(_), _) => "holds Liquibase's lock and may be at work in the database",
        };
        (!is_own).then(|| format!("{} {verb}", holder.name))
    })
}

/// Why it cannot be told whether the changeset that was next has run without its row. `None` when it has not.
fn unrecorded(
    (run, result): (&PastRun, Option<&Result<String, Failure>>),
    aim: &Aim,
    looks: &Looks<'_>,
    next: &ChangesetId,
    evidence: &mut Vec<Seen>,
) -> Option<String> {
    let trail = match &looks.trail {
        Ok(trail) => *trail,
        Err(why) => {
            evidence.push(Seen::new("catalog", format!("not seen: {why}")));
            return Some(format!("whether {next} ran without leaving its row was not seen: {why}"));
        }
    };
    if !trail.objects.is_empty() {
        let objects = trail.objects.join(", ");
        evidence.push(Seen::new("catalog", format!("changed after the newest row: {objects}")));
        return Some(format!(
            "{objects} changed after the newest row was written: {next} may have run without leaving its row"
        ));
    }
    evidence.push(Seen::new("catalog", "nothing in it changed after the newest row"));
    let changeset = looks.release.and_then(|release| release.changelog.get(next));
    if aim.direction == Direction::Forward && changeset.is_some_and(leaves_a_trace) {
        return None;
    }
    let is_stale = looks.locks.as_ref().is_ok_and(|sight| has_stale_lock(run, sight));
    // A Liquibase that ended by itself has let its lock go, and recorded all that it ran, unless it said otherwise.
    if is_stale || looks.was_freed || matches!(result, Some(Err(_))) {
        return Some(format!(
            "Liquibase was cut off, and nothing in the catalog would show whether {next} ran without leaving its row"
        ));
    }
    changeset.is_some_and(|changeset| !changeset.runs_in_transaction).then(|| {
        format!("{next} does not run in a transaction, and nothing in the catalog would show whether a part of it ran")
    })
}

/// True when running it changes something that the catalogs show, in the same transaction as all else that it does; where
/// each of its statements has one of its own, it must be the first.
fn leaves_a_trace(changeset: &Changeset) -> bool {
    let counts = if changeset.runs_in_transaction { usize::MAX } else { 1 };
    match &changeset.change {
        Change::Sql(sql) => {
            let statements = sql.split(';').filter(|statement| !statement.trim().is_empty());
            statements.take(counts).any(is_shown)
        }
        // Setting a tag once more changes nothing.
        Change::Tag(_) => true,
        Change::Modelled { kinds, .. } => {
            kinds.iter().take(counts).any(|kind| kind.starts_with("create") || kind.starts_with("add"))
        }
    }
}

/// True for a statement that writes a row of the catalogs. One that only removes rows, such as `drop table`, leaves
/// nothing behind that could be found.
fn is_shown(statement: &str) -> bool {
    let lines = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
    let words: Vec<String> =
        lines.flat_map(str::split_whitespace).take(60).map(str::to_ascii_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["create", what, ..] => !what.starts_with("temp"),
        ["grant" | "revoke", ..] => true,
        ["alter", "table", rest @ ..] => {
            rest.iter().any(|word| matches!(*word, "add" | "alter" | "rename"))
                || rest.windows(2).any(|two| two == ["drop", "column"])
        }
        _ => false,
    }
}

/// A journal of an older version does not say what was there before: only the whole can be told.
fn without_aim(run: &PastRun, looks: &Looks<'_>, ledger: &Ledger, evidence: &mut Vec<Seen>) -> Database {
    if run.intents.is_empty() {
        return Database::Untouched;
    }
    let Some(release) = looks.release else {
        return Database::Unclear("the journal does not say what the run set out to do".to_owned());
    };
    let all = release.changelog.changesets();
    let missing = all.iter().filter(|changeset| {
        let runs = changeset.filter.exclusions(looks.selection).is_empty();
        runs && !ledger.rows.iter().any(|row| row.id.key() == changeset.id.key())
    });
    match missing.count() {
        0 => {
            evidence
                .push(Seen::new("changesets", format!("all {} of the release have their row", all.len())));
            Database::Done(all.len(), Direction::Forward)
        }
        count => Database::Unclear(format!(
            "{count} changesets of {} have no row, and the journal does not say which had one before",
            run.version
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_shown, leaves_a_trace};
    use crate::domain::drift::tests::release;

    #[test]
    fn without_a_transaction_only_the_first_statement_is_relied_on_to_be_found() {
        let mut changeset = release(1).changelog.changesets()[0].clone();
        for (sql, in_one, in_parts) in [
            ("create table t (id int); insert into t values (1);", true, true),
            ("insert into t values (1); create table u (id int);", true, false),
            ("insert into t values (1)", false, false),
        ] {
            changeset.change = crate::domain::changelog::Change::Sql(sql.to_owned());
            for (is_atomic, expected) in [(true, in_one), (false, in_parts)] {
                changeset.runs_in_transaction = is_atomic;
                assert_eq!(leaves_a_trace(&changeset), expected, "{sql}, {is_atomic}");
            }
        }
    }

    #[test]
    fn only_what_writes_a_row_of_the_catalogs_is_relied_on_to_be_found_there() {
        for (statement, expected) in [
            ("create table t (id int)", true),
            ("-- why\nCREATE  INDEX i on t (id)", true),
            ("create temp table t (id int)", false),
            ("alter table t add column note text", true),
            ("alter table t drop column note", true),
            ("alter table t alter column note type text", true),
            ("alter table t drop constraint c", false),
            ("grant select on t to public", true),
            ("drop table t", false),
            ("insert into t select 1", false),
            ("update t set note = 'create'", false),
            ("", false),
        ] {
            assert_eq!(is_shown(statement), expected, "{statement}");
        }
    }
}
