//! `lockstep drift`: a release held against every environment, for people and for programs.
//!
//! ```text
//! v1.4.0 in 3 environments: 18 changesets, 2 not applied everywhere
//!
//!                 dev           test          prod          PATH
//! runs            v1.2.0        v1.1.0        v1.0.0
//! 008-categories  ✎ edited      ✎ edited      · pending     changelog/changesets/008-categories.sql (store)
//! ```

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::domain::changelog::{Checksum, Sum};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::grid::{Column, Grid, Mark, Sight};
use crate::domain::ledger::{Ledger, LockState};
use crate::domain::names::EnvironmentName;
use crate::domain::release::{Catalog, Version};
use crate::engine::{EnvironmentState, State};
use crate::exit::Exit;
use crate::headless::json::failure;

/// The widest name that is not cut.
const NAME: usize = 40;

/// 0 when every database is what it should be, 1 when one is not, 5 when one could not be judged because a promotion
/// is at work there; what could not be looked at weighs more.
pub(super) fn outcome(
    state: &State,
    names: &[EnvironmentName],
    version: Option<&Version>,
) -> (Exit, Option<Failure>) {
    if let Some(failure) = unseen(state, names) {
        return (Exit::from(&failure), Some(failure));
    }
    let Some(grid) = state.grid(version, names) else {
        let failure = no_release(state, version);
        return (Exit::from(&failure), Some(failure));
    };
    if grid.columns().iter().any(Column::is_drifted) {
        return (Exit::Differences, None);
    }
    let mut failure = Failure::new(FailureKind::Unknown, "not every environment was judged")
        .hint("Look again when that has ended.");
    for column in grid.columns() {
        if let Sight::Promoting(run) = &column.sight {
            failure = failure.because(format!("{run} is promoting to {}", column.name));
        }
    }
    match failure.because.as_slice() {
        [] => (Exit::Proven, None),
        _ => (Exit::from(&failure), Some(failure)),
    }
}

/// For people: the rows that differ, what the marks mean, one line for every environment.
pub(super) fn text(state: &State, names: &[EnvironmentName], version: Option<&Version>) -> String {
    let Some(grid) = state.grid(version, names) else { return String::new() };
    let mut text = format!(
        "{} in {}: {}, {}\n",
        grid.version,
        counted(grid.columns().len(), "environment"),
        counted(grid.changesets(), "changeset"),
        match grid.differences() {
            0 => "all applied everywhere".to_owned(),
            1 => "1 not applied everywhere".to_owned(),
            rows => format!("{rows} not applied everywhere"),
        }
    );
    if grid.differences() > 0 {
        table(&mut text, state, &grid);
        legend(&mut text, &grid);
    }
    text.push('\n');
    let width = names.iter().map(|name| name.as_str().len()).max().unwrap_or(0);
    for column in grid.columns() {
        let line = format!("{:width$}  {}", column.name.as_str(), summary(state, &grid, column));
        writeln!(text, "{line}").ok();
    }
    text
}

/// For programs; docs/json.md describes it.
pub(super) fn json(
    state: &State,
    names: &[EnvironmentName],
    version: Option<&Version>,
    why: Option<&Failure>,
) -> Value {
    let grid = state.grid(version, names);
    let chosen = state.environments.iter().filter(|it| names.contains(&it.environment.name));
    let environments: Vec<Value> = chosen
        .map(|environment| {
            let name = &environment.environment.name;
            let column = grid
                .as_ref()
                .and_then(|grid| Some((grid, grid.columns().iter().find(|column| column.name == *name)?)));
            environment_json(state, environment, column)
        })
        .collect();
    json!({
        "release": grid.as_ref().map(|grid| grid.version.to_string()),
        "drift": grid.as_ref().map(|grid| grid.columns().iter().any(Column::is_drifted)),
        "environments": environments,
        "changesets": grid.as_ref().map(|grid| {
            let differing = (0..grid.len()).filter(|row| grid.differs(*row));
            differing.map(|row| row_json(state, grid, row)).collect::<Vec<_>>()
        }),
        "failure": failure(why),
    })
}

/// Why the answer would be a guess, if it would be one.
fn unseen(state: &State, names: &[EnvironmentName]) -> Option<Failure> {
    let mut unseen = Failure::new(FailureKind::Unavailable, "not everything could be looked at");
    let mut add = |whose: &str, failure: &Failure| {
        unseen.because.push(format!("{whose}: {}", failure.what));
        unseen.because.extend(failure.because.iter().cloned());
        unseen.hint.clone_from(&failure.hint);
    };
    if let Some(failure) = state.catalog.failure() {
        add("releases", failure);
    }
    let mut is_missing = state.catalog.value().is_none() && state.catalog.failure().is_none();
    for environment in state.environments.iter().filter(|it| names.contains(&it.environment.name)) {
        let name = environment.environment.name.as_str();
        let (service, ledger) = (environment.service.failure(), environment.ledger.failure());
        // A database that cannot be reached says so once.
        for failure in service.into_iter().chain(ledger.or(environment.schema.failure())) {
            add(name, failure);
        }
        is_missing |= environment.ledger.value().is_none() && environment.ledger.failure().is_none();
    }
    if !unseen.because.is_empty() {
        return Some(unseen);
    }
    is_missing.then(|| Failure::new(FailureKind::Interrupted, "it was interrupted before all was seen"))
}

fn no_release(state: &State, version: Option<&Version>) -> Failure {
    let releases = state.catalog.value().map(Catalog::releases).unwrap_or_default();
    let known: Vec<_> = releases.iter().map(|release| release.version.to_string()).collect();
    match version {
        Some(version) => Failure::new(FailureKind::Usage, format!("there is no release {version}"))
            .because(format!("the releases are: {}", known.join(", "))),
        None => Failure::new(FailureKind::Unavailable, "there is no release to compare with")
            .hint("Build one with `lockstep release build`."),
    }
}

fn table(text: &mut String, state: &State, grid: &Grid) {
    let rows: Vec<usize> = (0..grid.len()).filter(|row| grid.differs(*row)).collect();
    let name = |row: usize| grid.id(row).map(|id| cut(&id.id)).unwrap_or_default();
    let width = rows.iter().map(|row| name(*row).chars().count()).max().unwrap_or(0).max(9);
    let cell = |text: String| format!("  {text:14}");
    let columns = grid.columns();
    let heads: String = columns.iter().map(|column| cell(column.name.to_string())).collect();
    writeln!(text, "\n{:width$}{heads}  PATH (AUTHOR)", "CHANGESET").ok();
    let runs: String = columns
        .iter()
        .map(|column| {
            let running = state.environment(&column.name).and_then(EnvironmentState::version);
            cell(running.map_or_else(|| "?".to_owned(), |version| version.to_string()))
        })
        .collect();
    writeln!(text, "{}", format!("{:width$}{runs}", "runs").trim_end()).ok();
    for row in rows {
        let Some(id) = grid.id(row) else { continue };
        let cells: String = grid.marks(row).map(|(_, mark)| cell(sign(mark))).collect();
        writeln!(text, "{:width$}{cells}  {} ({})", name(row), id.path, id.author).ok();
    }
}

fn legend(text: &mut String, grid: &Grid) {
    let seen: BTreeSet<&str> = (0..grid.len())
        .filter(|row| grid.differs(*row))
        .flat_map(|row| grid.marks(row).map(|(_, mark)| mark.word()))
        .collect();
    text.push('\n');
    for mark in Mark::BY_WEIGHT.into_iter().filter(|mark| seen.contains(mark.word())) {
        writeln!(text, "{:14}  {}", sign(mark), mark.about()).ok();
    }
}

fn summary(state: &State, grid: &Grid, column: &Column) -> String {
    let environment = state.environment(&column.name);
    let lock = match environment.and_then(|it| it.ledger.value()).map(|ledger| &ledger.lock) {
        Some(LockState::Held { by, .. }) => format!("; {by} holds Liquibase's lock"),
        Some(LockState::Free) | None => String::new(),
    };
    match &column.sight {
        Sight::Promoting(run) => format!("… promoting {run}: not judged"),
        Sight::Unseen => "? its database could not be read".to_owned(),
        Sight::Judged if column.is_drifted() => {
            let breaks = breaking(state, grid, column).into_iter().next();
            let breaks = breaks.map_or_else(String::new, |(row, version)| {
                let name = grid.id(row).map(|id| id.id.as_str()).unwrap_or_default();
                format!("; {version} breaks here next, at {name}")
            });
            format!("✖ {}{breaks}{lock}", column.words())
        }
        Sight::Judged => format!("✔ {}{lock}", column.words()),
    }
}

/// The rows on which a promotion fails, with the version it fails with.
fn breaking(state: &State, grid: &Grid, column: &Column) -> Vec<(usize, Version)> {
    if !column.breaks() {
        return Vec::new();
    }
    let Some(environment) = state.environment(&column.name) else { return Vec::new() };
    let rows = (0..grid.changesets()).filter(|row| column.mark(*row).breaks());
    let with = |row| {
        let version = state.breaks_with(environment, column.standing(row)?, grid.id(row)?, &grid.version);
        Some((row, version))
    };
    rows.filter_map(with).collect()
}

fn environment_json(state: &State, environment: &EnvironmentState, found: Option<(&Grid, &Column)>) -> Value {
    let column = found.map(|(_, column)| column).filter(|column| column.sight == Sight::Judged);
    let ledger = environment.ledger.value();
    let counts: Option<Map<String, Value>> = column.map(|column| {
        Mark::BY_WEIGHT.into_iter().map(|mark| (key(mark), json!(column.count(mark)))).collect()
    });
    json!({
        "name": environment.environment.name.as_str(),
        "version": environment.version().map(|version| version.to_string()),
        "judged": column.is_some(),
        "promoting": ledger.and_then(|ledger| ledger.promoting.as_deref()),
        "drift": column.map(Column::is_drifted),
        "schema": column.and_then(|column| column.schema.as_deref()),
        "needed": column.map(Column::needed),
        "counts": counts,
        "breaks": found.map(|(grid, column)| {
            let breaking = breaking(state, grid, column).into_iter();
            breaking.map(|(row, version)| json!({
                "changeset": grid.id(row).map(ToString::to_string),
                "version": version.to_string(),
            })).collect::<Vec<_>>()
        }),
        "locked_by": ledger.and_then(holder),
        "failure": failure(environment.ledger.failure().or(environment.service.failure())),
    })
}

fn holder(ledger: &Ledger) -> Option<&str> {
    match &ledger.lock {
        LockState::Held { by, .. } => Some(by),
        LockState::Free => None,
    }
}

fn row_json(state: &State, grid: &Grid, row: usize) -> Value {
    let id = grid.id(row);
    let changeset = grid.changeset(row);
    let sum = |sum: &Sum| sum.as_ref().ok().map(|sum| sum.as_str().to_owned());
    let cells: Map<String, Value> = grid
        .marks(row)
        .map(|(column, mark)| (column.name.to_string(), cell_json(state, grid, row, column, mark)))
        .collect();
    json!({
        "path": id.map(|id| id.path.as_str()),
        "id": id.map(|id| id.id.as_str()),
        "author": id.map(|id| id.author.as_str()),
        "in_release": changeset.is_some(),
        "v8": changeset.and_then(|changeset| sum(&changeset.sums.v8)),
        "v9": changeset.and_then(|changeset| sum(&changeset.sums.v9)),
        "environments": cells,
    })
}

fn cell_json(state: &State, grid: &Grid, row: usize, column: &Column, mark: Mark) -> Value {
    let standing = column.standing(row);
    let environment = state.environment(&column.name).filter(|_| column.sight == Sight::Judged);
    let ran = environment.zip(grid.id(row)).and_then(|(environment, id)| environment.row(standing, id));
    json!({
        "state": mark.word(),
        "out_of_order": standing.is_some_and(|standing| standing.is_out_of_order),
        "breaks": mark.breaks(),
        "reason": standing.and_then(|standing| standing.reason.as_deref()),
        "excluded": standing.map(|standing| {
            standing.exclusions.iter().map(ToString::to_string).collect::<Vec<_>>()
        }).unwrap_or_default(),
        "ran_as": standing.and_then(|standing| standing.ran_as.as_ref()).map(ToString::to_string),
        "row": ran.map(|row| json!({
            "executed_at": row.executed_at.to_string(),
            "order": row.order,
            "checksum": row.checksum.as_ref().map(Checksum::as_str),
            "tag": row.tag.as_deref(),
            "deployment": row.deployment.as_deref(),
        })),
    })
}

fn sign(mark: Mark) -> String {
    match mark {
        Mark::Absent => String::new(),
        Mark::NotJudged => "… not judged".to_owned(),
        mark => format!("{} {}", mark.sign().0, mark.word()),
    }
}

fn key(mark: Mark) -> String {
    mark.word().replace(' ', "_")
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
