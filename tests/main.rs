//! The one integration-test binary: real PostgreSQL, real Liquibase, real processes, nothing beyond loopback.

// The attribute tells clippy that helper functions are test code too.
#[cfg(test)]
mod adapters;
#[cfg(test)]
mod aws;
#[cfg(test)]
mod changelogs;
#[cfg(test)]
mod console;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod look;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod program;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod pty;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod store;

#[cfg(test)]
mod support {
    //! What several tests stand on.

    pub(crate) mod certificates;
    pub(crate) mod postgres;
}
