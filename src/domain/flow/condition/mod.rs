//! The conditions of stages and actions: `"${ENV} == dev && (exitCode != 0 || exists('x.txt', true))"`.
//!
//! What is compared are texts. A condition that is one text alone holds when that text is `true`. Absent on purpose:
//! looking for files; whoever evaluates says which exist.

mod parser;
#[cfg(test)]
mod tests;

use std::fmt;

use super::template::Template;

/// A condition, as its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `a || b`
    Any(Vec<Self>),
    /// `a && b`
    All(Vec<Self>),
    /// `a == b`, or `a != b`
    Compared {
        /// What stands on the left.
        left: Operand,
        /// What stands on the right.
        right: Operand,
        /// True for `==`.
        equal: bool,
    },
    /// `exists('file', true)`: whether the file exists is what stands behind it.
    Exists {
        /// The file.
        file: Operand,
        /// False asks for a file that is not there.
        expected: bool,
    },
    /// One text alone: it must say `true`.
    Says(Operand),
}

/// Something to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A text, in these quotes or in none.
    Text(Option<char>, Template),
    /// What the actions before left behind.
    Fact(Fact),
}

/// What the actions before left behind, by the names that a condition has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// `exitCode`: how the action before ended.
    ExitCode,
    /// `statusCode`: the same under another name.
    StatusCode,
    /// `status.changesetCount`: how many changesets the last `status` action found pending.
    ChangesetCount,
}

impl Fact {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::ExitCode, Self::StatusCode, Self::ChangesetCount];

    /// The name.
    pub fn word(self) -> &'static str {
        match self {
            Self::ExitCode => "exitCode",
            Self::StatusCode => "statusCode",
            Self::ChangesetCount => "status.changesetCount",
        }
    }
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The character at which it is wrong, counted from 1.
    pub column: usize,
    /// What is wrong, as a sentence without a full stop.
    pub text: String,
    /// How to mend it, as a full sentence.
    pub mend: String,
}

/// What a condition may ask for.
pub trait Surroundings {
    /// The value of a variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// What an action before left behind.
    fn fact(&self, fact: Fact) -> Option<String>;
    /// True when a file exists.
    fn exists(&self, file: &str) -> bool;
}

impl Condition {
    /// Reads a condition.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        parser::read(text)
    }

    /// Whether it holds.
    pub fn holds(&self, around: &dyn Surroundings) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(around)),
            Self::All(parts) => parts.iter().all(|part| part.holds(around)),
            Self::Compared { left, right, equal } => (left.value(around) == right.value(around)) == *equal,
            Self::Exists { file, expected } => around.exists(&file.value(around)) == *expected,
            Self::Says(operand) => operand.value(around).trim().eq_ignore_ascii_case("true"),
        }
    }

    /// The condition with its variables filled in, for whoever asks why it did not hold.
    pub fn shown(&self, around: &dyn Surroundings) -> String {
        let mut text = String::new();
        // Writing into a text cannot fail.
        self.write(&mut text, &|operand| operand.shown(around)).ok();
        text
    }

    /// The files that it asks for, with their variables filled in.
    pub fn files(&self, around: &dyn Surroundings) -> Vec<String> {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().flat_map(|part| part.files(around)).collect(),
            Self::Exists { file, .. } => vec![file.value(around)],
            Self::Compared { .. } | Self::Says(_) => Vec::new(),
        }
    }

    /// True when it can be judged before anything has run: it asks neither for files nor for what actions left behind.
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().all(Self::is_settled),
            Self::Exists { .. } => false,
            Self::Compared { left, right, .. } => left.is_settled() && right.is_settled(),
            Self::Says(operand) => operand.is_settled(),
        }
    }

    /// True when it asks for the values of variables alone.
    pub fn is_of_variables(&self) -> bool {
        let is_text = |operand: &Operand| matches!(operand, Operand::Text(..));
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().all(Self::is_of_variables),
            Self::Compared { left, right, .. } => is_text(left) && is_text(right),
            Self::Exists { .. } => false,
            Self::Says(operand) => is_text(operand),
        }
    }

    /// Everything that is compared in it.
    pub fn operands(&self) -> Vec<&Operand> {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().flat_map(Self::operands).collect(),
            Self::Compared { left, right, .. } => vec![left, right],
            Self::Exists { file, .. } => vec![file],
            Self::Says(operand) => vec![operand],
        }
    }

    fn write(&self, out: &mut dyn fmt::Write, print: &dyn Fn(&Operand) -> String) -> fmt::Result {
        let joined = |out: &mut dyn fmt::Write, parts: &[Self], word: &str| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(out, " {word} ")?;
                }
                // What binds no more tightly than what it stands in needs parentheses to stay a part of its own.
                let is_loose = matches!(part, Self::Any(_)) || (word == "&&" && matches!(part, Self::All(_)));
                if is_loose {
                    out.write_char('(')?;
                    part.write(out, print)?;
                    out.write_char(')')?;
                } else {
                    part.write(out, print)?;
                }
            }
            Ok(())
        };
        match self {
            Self::Any(parts) => joined(out, parts, "||"),
            Self::All(parts) => joined(out, parts, "&&"),
            Self::Compared { left, right, equal } => {
                write!(out, "{} {} {}", print(left), if *equal { "==" } else { "!=" }, print(right))
            }
            Self::Exists { file, expected } => write!(out, "exists({}, {expected})", print(file)),
            Self::Says(operand) => out.write_str(&print(operand)),
        }
    }
}

impl Operand {
    fn value(&self, around: &dyn Surroundings) -> String {
        match self {
            Self::Text(_, template) => template.expand(&mut |name| around.variable(name)),
            Self::Fact(fact) => around.fact(*fact).unwrap_or_default(),
        }
    }

    fn is_settled(&self) -> bool {
        match self {
            Self::Text(_, template) => {
                let names = template.needed();
                !Fact::ALL.into_iter().any(|fact| names.contains(&fact.word()))
            }
            Self::Fact(_) => false,
        }
    }

    fn shown(&self, around: &dyn Surroundings) -> String {
        let value = self.value(around);
        match self {
            Self::Text(Some(quote), _) => format!("{quote}{value}{quote}"),
            Self::Text(None, _) | Self::Fact(_) => value,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(out, &ToString::to_string)
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(Some(quote), template) => write!(out, "{quote}{template}{quote}"),
            Self::Text(None, template) => write!(out, "{template}"),
            Self::Fact(fact) => out.write_str(fact.word()),
        }
    }
}
