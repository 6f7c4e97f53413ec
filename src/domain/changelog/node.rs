//! The tree that YAML, JSON and XML changelogs become before anything is made of them, like Liquibase's own
//! `ParsedNode`: a name, a value and children, whatever the format.

use crate::domain::yaml::Scalar;

/// A node of a changelog.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// The key in YAML and JSON, the local name of an element or attribute in XML.
    pub(super) name: String,
    /// The line it begins in, counted from 1.
    pub(super) line: usize,
    /// Its own value. In XML the text of an element.
    pub(super) value: Option<Scalar>,
    /// Its children in document order; in XML attributes come before elements.
    pub(super) children: Vec<Self>,
}
