//! How long the truth takes: reading a changelog, holding it against a ledger, refreshing a board of a hundred
//! environments in memory, and looking at a ledger on a real PostgreSQL. Whole commands are timed by scripts/bench.py.
//!
//! Nothing here passes or fails by a time.

#![expect(clippy::unwrap_used, reason = "a benchmark whose world cannot be made has nothing to measure")]

#[path = "../tests/adapters/cloud.rs"]
#[expect(dead_code, reason = "only what a look at a database needs is used of it")]
mod cloud;
mod world;

#[path = "../tests/support"]
mod support {
    //! What the tests stand on, too.

    pub(crate) mod postgres;
}

use std::sync::Arc;

use divan::{Bencher, black_box};
use lockstep::domain::changelog::{Changelog, ROOT, Selection, Surroundings};
use lockstep::domain::drift::Comparison;
use lockstep::domain::ledger::Ledger;
use lockstep::domain::observation::Observation;
use lockstep::engine::event::EventKind;

use world::{Board, Looking};

fn main() {
    divan::main();
}

/// Ten thousand changesets in two hundred files of formatted SQL.
#[divan::bench(sample_count = 20)]
fn read_a_changelog(bencher: Bencher<'_, '_>) {
    let files = world::files();
    bencher.bench_local(|| {
        let (changelog, problems) = Changelog::read(&files, ROOT, &Surroundings::default());
        assert!(problems.is_empty());
        black_box(changelog)
    });
}

/// The same changelog against ten thousand rows.
#[divan::bench(sample_count = 50)]
fn compare_with_a_ledger(bencher: Bencher<'_, '_>) {
    let changelog = world::changelog();
    let ledger = world::ledger(&changelog);
    bencher.bench_local(|| Comparison::of(black_box(&changelog), &ledger, &Selection::default()));
}

/// Every ledger of the board is answered, and all of them are the same in memory as before.
#[divan::bench(sample_count = 20)]
fn refresh_a_hundred_unchanged_ledgers(bencher: Bencher<'_, '_>) {
    let mut board = Board::new();
    board.answer(Clone::clone);
    bencher.bench_local(|| board.answer(Clone::clone));
}

/// Every ledger of the board is answered, and all of them are new.
#[divan::bench(sample_count = 5)]
fn refresh_a_hundred_changed_ledgers(bencher: Bencher<'_, '_>) {
    let mut board = Board::new();
    bencher.bench_local(|| {
        board.answer(|ledger| {
            let mut changed = ledger.clone();
            let last = changed.rows.len() - 1;
            changed.rows[last].order += 1;
            changed
        });
    });
}

/// A look of a new process: ten thousand rows come over the wire.
#[divan::bench(sample_count = 10)]
fn look_at_a_ledger_for_the_first_time(bencher: Bencher<'_, '_>) {
    let looking = Looking::new();
    bencher.with_inputs(|| looking.adapters()).bench_local_values(|adapters| looking.look(&adapters));
}

/// A look at ten thousand rows that are known.
#[divan::bench(sample_count = 50)]
fn look_at_an_unchanged_ledger(bencher: Bencher<'_, '_>) {
    let looking = Looking::new();
    let adapters = looking.adapters();
    looking.look(&adapters);
    bencher.bench_local(|| looking.look(&adapters));
}

/// A look at ten thousand rows, one of which is new.
#[divan::bench(sample_count = 50)]
fn look_at_a_ledger_with_a_new_row(bencher: Bencher<'_, '_>) {
    let looking = Looking::new();
    let adapters = looking.adapters();
    looking.look(&adapters);
    bencher.with_inputs(|| looking.add_row()).bench_local_values(|()| looking.look(&adapters));
}

/// The ledger that an event brings.
fn seen(event: &EventKind) -> Option<&Ledger> {
    match event {
        EventKind::Observed(_, _, Observation::Ledger(Ok(ledger))) => Some(ledger),
        _ => None,
    }
}

/// A changelog that several may hold.
type Shared = Arc<Changelog>;
