//! What lockstep promises, each promise a file named after it. docs/promises.md lists them.

mod liar;
mod p01_no_side_effect_without_its_record;
mod p02_no_change_is_sent_twice;
mod p03_after_any_crash_reconcile_tells_the_truth;
mod p04_one_operation_at_a_time;
mod p05_a_lock_goes_only_with_proof;
mod p06_green_means_proven;
mod p07_every_fact_of_a_plan_counts;
mod p07_what_runs_is_what_was_approved;
mod p08_zero_means_proven;
mod p09_only_a_journal_that_fails_stops;
mod p10_the_terminal_is_given_back;
mod p11_a_key_typed_before_a_dialog_cannot_confirm_it;
mod p12_the_screen_never_blocks;
mod p13_stale_data_looks_stale;
mod p14_the_journal_shows_what_was_done_to_it;
mod p15_a_reset_gives_the_same_state;
mod p16_no_secret_is_anywhere;
mod platform;
mod races;
mod witness;

pub(crate) use p10_the_terminal_is_given_back::with_nobody_to_ask;
pub(crate) use p14_the_journal_shows_what_was_done_to_it::kept;
