//! What is wrong, or not to be trusted, in a changelog.

use std::fmt;

use super::ChangesetId;

/// Something wrong, or not understood, in a changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, relative to the search root.
    pub file: String,
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// The changeset it is about, if it is about one.
    pub changeset: Option<ChangesetId>,
    /// What is wrong, as a sentence without a full stop.
    pub text: String,
    /// How to mend it, as a full sentence.
    pub mend: String,
    /// True when the changelog cannot be trusted with it; false for a warning.
    pub is_error: bool,
}

impl Problem {
    /// Something that makes the changelog unusable.
    pub(in crate::domain) fn error(
        file: &str,
        line: Option<usize>,
        text: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            file: file.to_owned(),
            line,
            changeset: None,
            text: text.into(),
            mend: mend.into(),
            is_error: true,
        }
    }

    /// Something to know about.
    pub(in crate::domain) fn warning(
        file: &str,
        line: Option<usize>,
        text: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { is_error: false, ..Self::error(file, line, text, mend) }
    }

    /// The same, about one changeset.
    pub(super) fn about(self, id: &ChangesetId) -> Self {
        Self { changeset: Some(id.clone()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}. {}", self.file, self.text, self.mend),
            None => write!(out, "{}: {}. {}", self.file, self.text, self.mend),
        }
    }
}
