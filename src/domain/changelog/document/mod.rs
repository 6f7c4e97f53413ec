//! Documents: the text of a YAML, JSON or XML changelog as a tree of nodes, as Liquibase's own parsers make it.
//!
//! Absent on purpose: what the nodes mean, and the values of parameters; the reader fills those in.

mod schema;
mod xml;
mod yaml;

use super::node::Node;
use super::{Problem, path};

/// The one element, or key, that a changelog is.
const ROOT: &str = "databaseChangeLog";

/// How to mend a file that is no changelog.
const NO_CHANGELOG: &str = "A changelog begins with `databaseChangeLog`.";

/// Reads the text of the file at `path` by the end of its name. The root is `databaseChangeLog`, its children are in
/// the order of the document. Without one the problems say why; with one they may still.
pub(super) fn read(path: &str, text: &str) -> (Option<Node>, Vec<Problem>) {
    match path::extension(path).as_deref() {
        Some("xml") => xml::read(path, text),
        Some("json") => yaml::read(path, text, "JSON"),
        _ => yaml::read(path, text, "YAML"),
    }
}

#[cfg(test)]
mod tests;
