//! The one integration-test binary.

// The attribute tells clippy that helper functions are test code too.
#[cfg(test)]
mod sandbox;
