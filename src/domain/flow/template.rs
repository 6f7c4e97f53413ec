//! Texts with `${…}` in them, as a flow file has them nearly everywhere.
//!
//! `${NAME}` is the value of a variable, `${NAME:-text}` has a text for a variable that is not set or empty,
//! `${NAME::text}` one for a variable that is not set. What is not set and has no such text stays as it is written, so
//! that a shell can still make something of it.

use std::fmt;

/// How deep the texts beside variables may hold variables themselves.
const DEEPEST: usize = 16;

/// A text, as written, with the variables in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable { name: String, otherwise: Option<Otherwise>, written: String },
}

/// What stands for a variable that has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Otherwise {
    template: Template,
    /// True for `:-`, which stands for an empty variable too.
    is_for_empty: bool,
}

impl Template {
    /// Reads a text. Every text is a template; what is no variable is a text.
    pub fn read(text: &str) -> Self {
        Self::read_within(text, 0)
    }

    fn read_within(text: &str, depth: usize) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, from) = rest.split_at(start);
            literal.push_str(before);
            if let Some(written) = reference(from)
                && depth < DEEPEST
                && let Some(part) = variable(written, depth)
            {
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(part);
                rest = &from[written.len()..];
            } else {
                literal.push_str("${");
                rest = &from[2..];
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Self { text: text.to_owned(), parts }
    }

    /// The text as written.
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// The text with the values that `lookup` knows.
    pub fn expand(&self, lookup: &mut dyn FnMut(&str) -> Option<String>) -> String {
        let mut text = String::with_capacity(self.text.len());
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable { name, otherwise, written } => match (lookup(name), otherwise) {
                    (Some(value), Some(otherwise)) if value.is_empty() && otherwise.is_for_empty => {
                        text.push_str(&otherwise.template.expand(lookup));
                    }
                    (Some(value), _) => text.push_str(&value),
                    (None, Some(otherwise)) => text.push_str(&otherwise.template.expand(lookup)),
                    (None, None) => text.push_str(written),
                },
            }
        }
        text
    }

    /// The names of the variables that must have a value: nothing stands for them.
    pub fn needed(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for part in &self.parts {
            match part {
                Part::Variable { name, otherwise: None, .. } => names.push(name.as_str()),
                Part::Variable { otherwise: Some(otherwise), .. } => {
                    names.extend(otherwise.template.needed());
                }
                Part::Text(_) => {}
            }
        }
        names
    }
}

impl fmt::Display for Template {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.text)
    }
}

/// The `${…}` that a text begins with, braces in it counted.
pub(super) fn reference(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (index, character) in text.char_indices() {
        match character {
            '{' if before == '$' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(&text[..=index]);
                }
            }
            _ => {}
        }
        before = character;
    }
    None
}

/// The variable that `${…}` names; `None` when it names none, such as `${x%.txt}` of a shell.
fn variable(written: &str, depth: usize) -> Option<Part> {
    let inner = written.strip_prefix("${")?.strip_suffix('}')?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let end = inner.find(|c| !is_part(c)).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    let otherwise = |text: &str, is_for_empty| {
        Some(Otherwise { template: Template::read_within(text, depth + 1), is_for_empty })
    };
    let otherwise = match rest {
        "" => None,
        _ => match (rest.strip_prefix(":-"), rest.strip_prefix("::")) {
            (Some(text), _) => otherwise(text, true),
            (None, Some(text)) => otherwise(text, false),
            (None, None) => return None,
        },
    };
    Some(Part::Variable { name: name.to_owned(), otherwise, written: written.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expanded(text: &str) -> String {
        Template::read(text).expand(&mut |name| match name {
            "ENV" => Some("dev".to_owned()),
            "EMPTY" => Some(String::new()),
            "NS.NAME" => Some("${ENV}".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn variables_are_filled_in_and_what_is_not_set_stays() {
        for (text, expected) in [
            ("in ${ENV}, again ${ENV}", "in dev, again dev"),
            ("${NS.NAME}", "${ENV}"),
            ("${NONE}", "${NONE}"),
            ("${NONE:-here}", "here"),
            ("${NONE::null}", "null"),
            ("${EMPTY:-here}", "here"),
            ("${EMPTY::here}", ""),
            ("${NONE:-}", ""),
            ("${NONE:-${ENV}/${NONE:-x}}", "dev/x"),
            ("${NONE:-a:-b}", "a:-b"),
            ("$ENV {ENV} $${ENV}", "$ENV {ENV} $dev"),
            ("${f%.txt} ${#f} ${1}", "${f%.txt} ${#f} ${1}"),
            ("${", "${"),
            ("a${ENV", "a${ENV"),
            ("${ENV:dev}", "${ENV:dev}"),
        ] {
            assert_eq!(expanded(text), expected, "{text}");
        }
    }

    #[test]
    fn what_must_be_set_is_known() {
        let template = Template::read("${A} ${B:-${C}} ${D::x} ${f%.y}");
        assert_eq!(template.needed(), ["A", "C"]);
    }

    proptest! {
        #[test]
        fn every_text_is_a_template_and_stays_as_it_is_when_nothing_is_set(text in "[${}:a-c_.-]{0,40}") {
            let template = Template::read(&text);
            prop_assert_eq!(template.as_written(), &text);
            if template.needed().len() == template.parts.iter().filter(|part| matches!(part, Part::Variable { .. })).count()
                && !text.contains(":-") && !text.contains("::")
            {
                prop_assert_eq!(template.expand(&mut |_| None), text);
            }
        }

        #[test]
        fn no_text_is_too_much(text in any::<String>()) {
            Template::read(&text).expand(&mut |name| Some(name.to_owned()));
        }
    }
}
