//! Generated changelogs against the real Liquibase: every row that it stores, in order, and what it computes in
//! version 8.
//!
//! The changelogs follow from a seed, so that a disagreement can be looked at again: set `LOCKSTEP_SEED` to run another.

mod changes;
mod fuzzing;
mod generator;
mod item;
mod liquibase;
mod random;

use std::collections::BTreeMap;

use lockstep::domain::changelog::{Algorithm, Changelog, Changeset, Selection, Surroundings};

use liquibase::{Liquibase, Row};

/// The usual changelog.
const SEED: u64 = 7;

/// How many rows are asked for in version 8 too; every 25 cost a run of Liquibase.
const OLD: usize = 75;

fn surroundings() -> Surroundings {
    let (name, value) = liquibase::VARIABLE;
    Surroundings { variables: [(name.to_owned(), value.to_owned())].into(), ..Surroundings::default() }
}

/// The row that Liquibase would store, and the sum of version 8.
fn expected(changeset: &Changeset) -> (Row, String) {
    let sum = |algorithm| match changeset.sums.get(algorithm) {
        Ok(sum) => sum.to_string(),
        Err(reason) => reason.clone(),
    };
    let row = Row {
        path: changeset.id.path.clone(),
        id: changeset.id.id.clone(),
        author: changeset.id.author.clone(),
        sum: sum(Algorithm::V9),
        comments: changeset.comment.clone(),
        contexts: contexts(&changeset.filter.contexts),
        labels: changeset.filter.labels.join(","),
        tag: changeset.tag().unwrap_or_default().to_owned(),
    };
    (row, sum(Algorithm::V8))
}

/// Several expressions are joined; one that is more than a word is put in parentheses.
fn contexts(expressions: &[String]) -> String {
    let wrap = |it: &String| if it.contains([',', ' ']) { format!("({it})") } else { it.clone() };
    expressions.iter().map(wrap).collect::<Vec<_>>().join(" AND ")
}

async fn compare(seed: u64) -> usize {
    let files = generator::files(seed);
    let (changelog, problems) = Changelog::read(&files, generator::ROOT, &surroundings());
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.is_error).map(ToString::to_string).collect();
    assert_eq!(errors, Vec::<String>::new(), "seed {seed}");
    let selection = Selection::default();
    let belongs = |changeset: &&Changeset| changeset.filter.exclusions(&selection).is_empty();
    let expected: Vec<_> = changelog.changesets().iter().filter(belongs).map(expected).collect();

    let liquibase = Liquibase::new(&files).await;
    let rows = liquibase.rows(generator::ROOT).await;
    let mut wrong = Vec::new();
    for index in 0..rows.len().max(expected.len()) {
        let (row, expected) = (rows.get(index), expected.get(index).map(|(row, _)| row));
        if row != expected {
            wrong.push(format!("Liquibase: {row:#?}\nhere: {expected:#?}"));
        }
    }
    // Changesets that may run again are never told as edited.
    let reruns: BTreeMap<String, bool> = changelog
        .changesets()
        .iter()
        .map(|changeset| (changeset.id.to_string(), changeset.runs_always || changeset.runs_on_change))
        .collect();
    let asked: Vec<Row> =
        rows.iter().filter(|row| reruns.get(&row.key()) == Some(&false)).take(OLD).cloned().collect();
    let old = liquibase.old_sums(generator::ROOT, &asked).await;
    for row in &asked {
        let here = expected.iter().find(|(expected, _)| expected.key() == row.key()).map(|(_, sum)| sum);
        if old.get(&row.key()) != here {
            wrong.push(format!(
                "{} in version 8: Liquibase has {:?}, here is {here:?}",
                row.key(),
                old.get(&row.key())
            ));
        }
    }
    if !wrong.is_empty() {
        let folder = liquibase.keep();
        let shown = wrong.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
        panic!(
            "seed {seed}, files in {}: {} of {} rows differ\n{shown}",
            folder.display(),
            wrong.len(),
            rows.len()
        );
    }
    rows.len()
}

#[tokio::test]
async fn generated_changelogs_are_read_as_liquibase_reads_them() {
    let seed = std::env::var("LOCKSTEP_SEED").ok().map(|seed| seed.parse().unwrap());
    let rows = compare(seed.unwrap_or(SEED)).await;
    assert!(seed.is_some() || rows >= 300, "only {rows} changesets were compared");
}
