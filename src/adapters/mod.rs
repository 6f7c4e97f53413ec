//! To be filled.
pub mod packing;
