//! A real PostgreSQL server of this sandbox's own: found, made, started, stopped.
//!
//! Deliberately absent: what is in its databases.

mod binaries;
mod cluster;
mod orphan;
mod server;

pub(super) use binaries::Binaries;
pub(super) use cluster::{Cluster, USER};
pub(super) use orphan::claim;
pub(super) use server::Server;
