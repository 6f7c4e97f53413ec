//! What lockstep promises, each promise a file named after it. docs/promises.md lists them.

mod p01_no_side_effect_without_its_record;
mod p04_one_operation_at_a_time;
mod p07_what_runs_is_what_was_approved;
mod p09_only_a_journal_that_fails_stops;
mod p14_the_journal_shows_what_was_done_to_it;
mod platform;
mod races;
mod witness;

pub(crate) use p14_the_journal_shows_what_was_done_to_it::kept;
