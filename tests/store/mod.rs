//! The Bagel Store over real HTTP and a real PostgreSQL, and the changelog it stands on.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should panic right there")]

mod changelog;
mod shop;

mod health;
mod ordering;
mod pages;
mod program;
mod releases;
