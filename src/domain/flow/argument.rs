//! The arguments of an action as they are given to a command: with their variables filled in and their proper names,
//! and without those whose value is the word `null`.

use super::Argument;
use super::command::{Command, Known, global};

/// An argument that is given to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its name, in lower case with hyphens.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A value that says: leave the argument out.
const OMITTED: &str = "null";

impl Given {
    /// What `command` is given.
    pub fn to(
        command: &Command,
        arguments: &[Argument],
        lookup: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Vec<Self> {
        Self::list(arguments, |name| command.argument(name), lookup)
    }

    /// What every command is given.
    pub fn globally(arguments: &[Argument], lookup: &mut dyn FnMut(&str) -> Option<String>) -> Vec<Self> {
        Self::list(arguments, global, lookup)
    }

    fn list(
        arguments: &[Argument],
        known: impl Fn(&str) -> Known,
        lookup: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Vec<Self> {
        let mut list = Vec::new();
        for argument in arguments {
            let value = argument.value.expand(lookup);
            if value == OMITTED {
                continue;
            }
            let name = match known(&argument.name) {
                Known::Yes(name) | Known::Licensed(name) => name.to_owned(),
                Known::No => argument.name.clone(),
            };
            list.push(Self { name, value });
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::flow::Template;
    use crate::domain::flow::command::find;

    #[test]
    fn arguments_get_their_proper_names_and_the_word_null_leaves_one_out() {
        let argument = |name: &str, value: &str| Argument {
            name: name.to_owned(),
            value: Template::read(value),
            line: 1,
        };
        let arguments = [
            argument("changelogFile", "${FILE}"),
            argument("labels", "${LABELS:-null}"),
            argument("contexts", "null"),
        ];
        let mut lookup = |name: &str| (name == "FILE").then(|| "a.yaml".to_owned());
        let given = Given::to(find("update").unwrap(), &arguments, &mut lookup);
        assert_eq!(given, [Given { name: "changelog-file".to_owned(), value: "a.yaml".to_owned() }]);
    }
}
