//! Words that somebody chose for a notification: text with `{placeholders}` from a small set.

use std::fmt;

use crate::domain::spelling;

/// Something that a template can leave a place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// A shape for how it went.
    Shape,
    /// What there is to tell, in a sentence.
    Headline,
    /// The word of the occasion.
    Event,
    /// The id of the instance.
    Instance,
    /// What the application is called.
    Title,
    /// How real it is.
    Mode,
    /// The environment.
    Environment,
    /// The release that was asked for.
    Version,
    /// The release before.
    From,
    /// Who asked for it.
    By,
    /// Why they did.
    Reason,
    /// What went wrong.
    Why,
    /// What to do next.
    Next,
    /// The run.
    Run,
    /// The short digest of the plan.
    Plan,
    /// How long it took.
    Took,
    /// Where its report is.
    Report,
}

/// A text with places left in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Placeholder),
}

impl Placeholder {
    const WORDS: [(&'static str, Self); 17] = [
        ("shape", Self::Shape),
        ("headline", Self::Headline),
        ("event", Self::Event),
        ("instance", Self::Instance),
        ("title", Self::Title),
        ("mode", Self::Mode),
        ("environment", Self::Environment),
        ("version", Self::Version),
        ("from", Self::From),
        ("by", Self::By),
        ("reason", Self::Reason),
        ("why", Self::Why),
        ("next", Self::Next),
        ("run", Self::Run),
        ("plan", Self::Plan),
        ("took", Self::Took),
        ("report", Self::Report),
    ];

    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, placeholder)| placeholder)
    }
}

impl Template {
    /// Reads a text in which `{name}` is a placeholder, and `{{` and `}}` are braces. Every problem in it is told.
    pub fn read(text: &str) -> Result<Self, Vec<Wrong>> {
        let (mut parts, mut wrong) = (Vec::new(), Vec::new());
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some((name, after)) = from.strip_prefix('{').and_then(|it| it.split_once('}')) {
                match Placeholder::from_word(name) {
                    Some(placeholder) => {
                        parts.push(Part::Text(std::mem::take(&mut literal)));
                        parts.push(Part::Place(placeholder));
                    }
                    None => wrong.push(Wrong::Unknown(name.to_owned())),
                }
                rest = after;
            } else {
                wrong.push(Wrong::Brace);
                rest = &from[1..];
            }
        }
        literal.push_str(rest);
        parts.push(Part::Text(literal));
        if wrong.is_empty() { Ok(Self(parts)) } else { Err(wrong) }
    }

    /// The text with what `value` says in the places.
    pub fn fill(&self, value: impl Fn(Placeholder) -> String) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Place(placeholder) => value(*placeholder),
        });
        parts.collect()
    }
}

/// What is wrong in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// There is no placeholder of this name.
    Unknown(String),
    /// A brace stands alone.
    Brace,
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Brace => write!(out, "a brace stands alone; write {{{{ or }}}} for a brace"),
            Self::Unknown(name) => {
                let words = Placeholder::WORDS.map(|(word, _)| word);
                match spelling::nearest(name, words.into_iter()) {
                    Some(word) => write!(out, "there is no {{{name}}}; did you mean {{{word}}}?"),
                    None => write!(out, "there is no {{{name}}}; there are {{{}}}", words.join("}, {")),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_braces_can_be_written() {
        let template = Template::read("{shape} {{{version}}} to {environment}").unwrap();
        let filled = template.fill(|placeholder| format!("{placeholder:?}").to_lowercase());
        assert_eq!(filled, "shape {version} to environment");
        assert_eq!(Template::read("").unwrap().fill(|_| String::new()), "");
    }

    #[test]
    fn every_placeholder_that_is_none_is_told_with_what_was_meant() {
        let told =
            |text: &str| Template::read(text).unwrap_err().iter().map(Wrong::to_string).collect::<Vec<_>>();
        assert_eq!(
            told("{verson} {headline} }"),
            [
                "there is no {verson}; did you mean {version}?",
                "a brace stands alone; write {{ or }} for a brace"
            ]
        );
        assert!(told("{xyzzy}")[0].starts_with("there is no {xyzzy}; there are {shape}, {headline}, "));
        assert_eq!(told("{open").len(), 1);
    }

    #[test]
    fn what_is_filled_in_is_never_read_as_a_template() {
        let template = Template::read("{by}").unwrap();
        assert_eq!(template.fill(|_| "{report}".to_owned()), "{report}");
    }
}
