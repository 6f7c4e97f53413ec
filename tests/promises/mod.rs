//! The promises of docs/promises.md, one file each, named after its number.

mod p07_what_runs_is_what_was_approved;
