//! What SnakeYAML, which Liquibase reads YAML and JSON with, refuses although YAML of today allows it: tabs between
//! tokens, some escapes, and the ends of line of YAML 1.1.

use std::ops::Range;

use super::composer::Fault;

/// The characters that are an end of line in YAML 1.1 and a character like any other today.
const OLD_ENDS_OF_LINE: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// A scalar in the text, by bytes.
pub(super) struct Place {
    pub(super) range: Range<usize>,
    /// True when it has no quotes and is no block.
    pub(super) is_plain: bool,
}

/// Looks for an end of line that only Liquibase takes for one.
pub(super) fn check_ends_of_line(text: &str) -> Result<(), Fault> {
    let Some((position, found)) = text.char_indices().find(|(_, c)| OLD_ENDS_OF_LINE.contains(c)) else {
        return Ok(());
    };
    let code = u32::from(found);
    Err(Fault {
        line: line(text, position),
        text: format!(
            "the character U+{code:04X} is an end of line to Liquibase, and to hardly anybody else"
        ),
        mend: "Write it in double quotes as \\N, \\L or \\P, or take it out.",
    })
}

/// Looks for an escape of a text in double quotes that SnakeYAML does not know.
pub(super) fn check_escapes(raw: &str, line: usize) -> Result<(), Fault> {
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            continue;
        }
        let fault = |text: &str, mend| Err(Fault { line, text: text.to_owned(), mend });
        match characters.next() {
            Some('/') => return fault("Liquibase does not know the escape `\\/`", "Write the slash alone."),
            Some('\t') => return fault("Liquibase does not know a backslash before a tab", "Write `\\t`."),
            _ => {}
        }
    }
    Ok(())
}

/// Looks for a tab where Liquibase takes none: everywhere but in a scalar, behind an unquoted one and in a comment.
pub(super) fn check_tabs(text: &str, scalars: &[Place]) -> Result<(), Fault> {
    if !text.contains('\t') {
        return Ok(());
    }
    let fault = |position: usize| {
        Err(Fault {
            line: line(text, position),
            text: "a tab stands where Liquibase takes none".to_owned(),
            mend: "Use spaces.",
        })
    };
    let mut at = 0;
    for scalar in scalars {
        if let Some(position) = stray(text, at..scalar.range.start.max(at)) {
            return fault(position);
        }
        at = scalar.range.end.max(at);
        if scalar.is_plain {
            if let Some(position) = in_continuation(text, &scalar.range) {
                return fault(position);
            }
            let rest = text.get(at..).unwrap_or_default();
            at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
        }
    }
    match stray(text, at..text.len()) {
        Some(position) => fault(position),
        None => Ok(()),
    }
}

/// The first tab in a part of the text that holds no scalar.
fn stray(text: &str, part: Range<usize>) -> Option<usize> {
    let mut is_comment = false;
    let mut before = part.start.checked_sub(1).map_or(b'\n', |index| text.as_bytes()[index]);
    for (offset, byte) in text.as_bytes().get(part.clone())?.iter().enumerate() {
        match byte {
            b'\n' | b'\r' => is_comment = false,
            b'#' if matches!(before, b' ' | b'\t' | b'\n' | b'\r') => is_comment = true,
            b'\t' if !is_comment => return Some(part.start + offset),
            _ => {}
        }
        before = *byte;
    }
    None
}

/// A tab at the beginning of a further line of an unquoted scalar.
fn in_continuation(text: &str, range: &Range<usize>) -> Option<usize> {
    let mut is_indent = false;
    for (offset, byte) in text.as_bytes().get(range.clone())?.iter().enumerate() {
        match byte {
            b'\n' | b'\r' => is_indent = true,
            b' ' => {}
            b'\t' if is_indent => return Some(range.start + offset),
            _ => is_indent = false,
        }
    }
    None
}

fn line(text: &str, position: usize) -> usize {
    text.as_bytes()[..position].split(|byte| *byte == b'\n').count()
}
