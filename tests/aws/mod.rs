//! The emulated AWS, seen through the real AWS clients and from outside.
//!
//! The store behind it is a small stand-in (`stand_in_store.py`) that honours the store's contract and can
//! fail on demand. Only a rotation needs a real PostgreSQL.

mod app_runner;
mod aws_cli;
mod endurance;
mod objects;
mod other_services;
mod rotation;
pub(crate) mod support;
