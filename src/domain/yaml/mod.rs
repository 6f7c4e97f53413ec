//! YAML as Liquibase reads it: one document as a value with the line of every part, by the rules of SnakeYAML, which
//! are those of YAML 1.1. JSON is read by the same rules.
//!
//! Absent on purpose: what the values mean. Changelogs, flow files and settings of policy checks make their own of them.

mod composer;
mod moment;
mod resolution;
mod scalar;
mod strictness;

pub use composer::{Content, Fault, Key, Name, Value, compose};
pub use resolution::Resolved;
pub use scalar::Scalar;

/// The text that Java prints for a value where a text is asked for. A date alone is then one in the words of
/// `Date.toString`.
pub fn printed(value: &Scalar) -> String {
    match value {
        Scalar::Date(date) => moment::printed(date),
        value => value.text(),
    }
}
