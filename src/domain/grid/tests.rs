//! Marks as a table, and a release against three databases.

use super::*;
use crate::domain::changelog::{Checksum, Selection};
use crate::domain::drift::tests::{ledger, release};
use crate::domain::ledger::Ledger;

fn input(name: &str, ledger: &Ledger, running: Option<&Comparison>) -> Input {
    let comparison = Comparison::of(&release(3).changelog, ledger, &Selection::default());
    Input {
        name: EnvironmentName::parse(name).unwrap(),
        comparison: Some(Arc::new(comparison)),
        running: running.cloned().map(Arc::new),
        promoting: None,
        schema: None,
    }
}

fn words(grid: &Grid) -> Vec<String> {
    let cells = |row| grid.marks(row).map(|(_, mark)| mark.word()).collect::<Vec<_>>().join(" | ");
    (0..grid.len()).map(|row| format!("{}: {}", grid.id(row).unwrap().id, cells(row))).collect()
}

#[test]
fn every_environment_has_its_column_and_what_is_not_in_the_release_comes_last() {
    let mut edited = ledger(2);
    edited.rows[0].checksum = Some(Checksum::stored("9:00000000000000000000000000000000"));
    let mut strange = ledger(3);
    let mut by_hand = strange.rows[0].clone();
    by_hand.id = Arc::new(ChangesetId { id: "by hand".to_owned(), ..(*by_hand.id).clone() });
    strange.rows.push(by_hand);
    let running = Comparison::of(&release(2).changelog, &ledger(1), &Selection::default());
    let grid = Grid::of(
        &release(3),
        vec![
            input("dev", &strange, None),
            input("test", &edited, None),
            input("prod", &ledger(1), Some(&running)),
        ],
    );
    assert_eq!(
        words(&grid),
        [
            "1: applied | edited | applied",
            "2: applied | applied | missing",
            "3: applied | pending | pending",
            "by hand: unexpected | absent | absent",
        ]
    );
    let columns = grid.columns();
    assert_eq!(columns.iter().map(Column::is_drifted).collect::<Vec<_>>(), [true, true, true]);
    assert_eq!(columns.iter().map(Column::breaks).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(columns[1].words(), "1 edited, 1 pending, 1 applied");
    let id = grid.id(3).unwrap();
    assert_eq!((grid.position(id), grid.changesets(), grid.differences()), (Some(3), 3, 4));
}

#[test]
fn what_is_only_pending_is_no_drift() {
    let grid = Grid::of(&release(3), vec![input("dev", &ledger(3), None), input("test", &ledger(0), None)]);
    assert!(!grid.columns().iter().any(Column::is_drifted));
    assert_eq!(grid.differences(), 3);
}

#[test]
fn a_schema_that_is_not_what_its_changesets_make_is_drift_although_every_changeset_stands_well() {
    let schema = Some("schema differs from dev: + column orders.note".to_owned());
    let test = || Input { schema: schema.clone(), ..input("test", &ledger(3), None) };
    let grid = Grid::of(&release(3), vec![input("dev", &ledger(3), None), test()]);
    let [dev, drifted] = grid.columns() else { panic!() };
    assert_eq!((dev.is_drifted(), drifted.is_drifted()), (false, true));
    assert_eq!(drifted.words(), "schema differs from dev: + column orders.note, 3 applied");
    assert!(!drifted.breaks());
    // While a promotion is at work its half-way schema says nothing.
    let promoting = Input { promoting: Some("r-7-test".to_owned()), ..test() };
    assert!(!Grid::of(&release(3), vec![promoting]).columns()[0].is_drifted());
}

#[test]
fn an_environment_that_is_being_promoted_is_not_judged() {
    let mut promoting = input("dev", &ledger(1), None);
    promoting.promoting = Some("r-7-dev".to_owned());
    let unseen = Input { comparison: None, ..input("test", &ledger(0), None) };
    let grid = Grid::of(&release(3), vec![promoting, unseen]);
    assert_eq!(grid.columns()[0].sight, Sight::Promoting("r-7-dev".to_owned()));
    assert_eq!(grid.columns()[1].sight, Sight::Unseen);
    assert!(!grid.columns().iter().any(Column::is_drifted));
    assert_eq!(words(&grid)[0], "1: not judged | not judged");
    assert_eq!(grid.differences(), 0);
}

#[test]
fn what_the_running_version_needs_counts_even_when_a_later_release_has_dropped_it() {
    let running = Comparison::of(&release(3).changelog, &ledger(1), &Selection::default());
    let comparison = Comparison::of(&release(2).changelog, &ledger(1), &Selection::default());
    let input = Input { comparison: Some(Arc::new(comparison)), ..input("dev", &ledger(1), Some(&running)) };
    let grid = Grid::of(&release(2), vec![input]);
    let column = &grid.columns()[0];
    assert_eq!((column.needed(), column.is_drifted()), (2, true));
    assert_eq!(column.words(), "1 missing that this release does not have, 1 missing, 1 applied");
}

#[test]
fn every_mark_has_a_word_a_shape_and_a_letter_of_its_own() {
    let marks = Mark::BY_WEIGHT;
    let count = |of: fn(Mark) -> String| marks.into_iter().map(of).collect::<BTreeSet<_>>().len();
    assert_eq!(count(|mark| mark.word().to_owned()), marks.len());
    assert_eq!(count(|mark| mark.sign().0.to_owned()), marks.len());
    assert_eq!(count(|mark| mark.sign().1.to_string()), marks.len());
    for (index, mark) in Mark::ALL.into_iter().enumerate() {
        assert_eq!(mark as usize, index, "{mark:?} is counted in its own place");
    }
}

#[test]
fn a_grid_is_made_again_only_when_something_it_was_made_from_is_another() {
    let release = release(3);
    let inputs = vec![input("dev", &ledger(3), None), input("test", &ledger(1), None)];
    let grid = Grid::of(&release, inputs.clone());
    assert!(grid.is_made_from(&release, &inputs));
    let mut promoting = inputs.clone();
    promoting[0].promoting = Some("r-7-dev".to_owned());
    assert!(!grid.is_made_from(&release, &promoting));
    let mut read_again = inputs;
    read_again[1] = input("test", &ledger(1), None);
    assert!(!grid.is_made_from(&release, &read_again));
}
