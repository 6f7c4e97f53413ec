//! lockstep promotes an application and its database schema together.
//!
//! A pure engine takes events in and gives effects out; one runtime carries the effects out through
//! adapters; the console, the command line and the journal watch the same stream of events.
//! `ARCHITECTURE.md` tells the whole shape; `tests/layers` keeps it.

pub mod domain;
pub mod engine;

pub mod runtime;

pub mod adapters;
pub mod config;

pub mod cli;
pub mod exit;
pub mod headless;
pub mod report;
pub mod tui;

pub mod sandbox;
pub mod store;
