//! The built program: what it prints, how it ends, what it leaves behind. Real sandboxes, real Liquibase.

mod accounts;
mod buckets;
mod changelogs;
mod checks;
mod crashing;
pub(crate) mod drift;
mod failing;
mod flows;
mod gates;
mod journal;
pub(crate) mod life;
mod locks;
mod newcomer;
mod notifying;
mod pictures;
pub(crate) mod place;
mod policy;
mod procedures;
mod releases;
mod reports;
mod rivals;
mod schemas;
pub(crate) mod usage;
mod witnesses;
