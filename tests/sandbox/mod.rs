//! The sandbox's life, with real processes, a real PostgreSQL and the real Liquibase.

mod changelogs;
mod life;
mod running;
pub(crate) mod start_state;
pub(crate) mod tools;
