//! Between `lockstep.toml` and `terraform/`: what Terraform made goes into the one, what it is to make comes out of it.
//!
//! Texts in, texts out. Absent on purpose: running Terraform, and reading or writing files.

mod import;
mod variables;

pub use import::{Imported, import};
pub use variables::{Variables, variables};
