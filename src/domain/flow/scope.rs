//! The variables that count at one place of a flow, and what they are.
//!
//! What is defined nearer wins: what the caller said on the command line, then the stage, then the globals and includes
//! of the file, then those of the flow that runs this one, then the environment. A variable may use others of its
//! own level; its own name in it means the one further out, so `ENV: "${ENV:-dev}"` is the caller's or `dev`.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::{Fact, Surroundings};
use super::{Problem, Variable};

/// Words in the names of variables whose values are nobody's business: they are never filled in. A shell reads them
/// from its environment by itself.
const SECRET: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "LICENSE_KEY", "WEBHOOK"];

/// The variables that count at one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    values: BTreeMap<String, String>,
    /// What the caller said: nothing in a file wins over it.
    fixed: BTreeSet<String>,
    /// Variables whose values are not told, and which are there.
    hidden: BTreeSet<String>,
    /// What the flow itself defines, or the caller: what a shell is given on top of its environment.
    own: BTreeSet<String>,
}

impl Scope {
    /// The variables before a flow has any: those of the environment, of whose secrets only the names are kept, what
    /// is known about the environment that it runs for, and what the caller said.
    pub fn outermost(
        environment: impl IntoIterator<Item = (String, String)>,
        known: impl IntoIterator<Item = (String, String)>,
        said: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut scope = Self::default();
        for (name, value) in environment {
            if Self::is_secret(&name) {
                scope.hidden.insert(name);
            } else {
                scope.values.insert(name, value);
            }
        }
        for (name, value) in known {
            scope.own.insert(name.clone());
            scope.values.insert(name, value);
        }
        for (name, value) in said {
            scope.own.insert(name.clone());
            scope.fixed.insert(name.clone());
            scope.hidden.remove(&name);
            scope.values.insert(name, value);
        }
        scope
    }

    /// This scope, outside of any flow, with what is known about the environment that it runs for.
    #[must_use]
    pub fn knowing(&self, known: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut scope = self.clone();
        for (name, value) in known {
            scope.own.insert(name.clone());
            scope.values.insert(name, value);
        }
        scope
    }

    /// The same without the values of these: they are there, for whoever reads the environment.
    #[must_use]
    pub fn hiding(mut self, names: &[&str]) -> Self {
        for name in names {
            self.values.remove(*name);
            self.hidden.insert((*name).to_owned());
        }
        self
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// True when the value of a variable with this name is nobody's business.
    pub fn is_secret(name: &str) -> bool {
        let name = name.to_ascii_uppercase();
        SECRET.iter().any(|word| name.contains(word))
    }

    /// True when a variable has a value, told or not.
    pub fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.hidden.contains(name)
    }

    /// What a shell is given on top of its environment: names that a shell can have, with their values.
    pub fn exported(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.own.iter().filter(|name| !name.contains(['.', '-']));
        names.filter_map(|name| Some((name.as_str(), self.get(name)?)))
    }

    /// This scope with further variables, of the file at `path`, in it.
    #[must_use]
    pub(super) fn with(&self, path: &str, variables: &[Variable], problems: &mut Vec<Problem>) -> Self {
        let mut level =
            Level { outer: self, path, variables, known: BTreeMap::new(), open: Vec::new(), problems };
        for variable in variables {
            level.value(&variable.name);
        }
        let known = level.known;
        let mut inner = self.clone();
        for (name, value) in known {
            inner.own.insert(name.clone());
            inner.hidden.remove(&name);
            inner.values.insert(name, value);
        }
        inner
    }
}

/// What a condition can see before anything has run.
impl Surroundings for Scope {
    fn variable(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    fn fact(&self, _: Fact) -> Option<String> {
        None
    }

    fn exists(&self, _: &str) -> bool {
        false
    }
}

/// The variables of one level while their values are worked out.
struct Level<'a> {
    outer: &'a Scope,
    path: &'a str,
    variables: &'a [Variable],
    known: BTreeMap<String, String>,
    /// What is being worked out, the outermost first.
    open: Vec<String>,
    problems: &'a mut Vec<Problem>,
}

impl Level<'_> {
    fn value(&mut self, name: &str) -> Option<String> {
        let outer = || self.outer.get(name).map(str::to_owned);
        if self.outer.fixed.contains(name) {
            return outer();
        }
        if let Some(value) = self.known.get(name) {
            return Some(value.clone());
        }
        let Some(variable) = self.variables.iter().rfind(|variable| variable.name == name) else {
            return outer();
        };
        if self.open.iter().any(|open| open == name) {
            if self.open.last().is_some_and(|last| last != name) {
                let circle = self.open.join("`, `");
                let text = format!("the variables `{circle}` stand for one another");
                let mend = "Give one of them a value of its own.";
                self.problems.push(Problem::error(self.path, Some(variable.line), text, mend));
            }
            return outer();
        }
        self.open.push(name.to_owned());
        let value = variable.value.expand(&mut |name| self.value(name));
        self.open.pop();
        self.known.insert(name.to_owned(), value.clone());
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::flow::Template;

    fn variables(list: &[(&str, &str)]) -> Vec<Variable> {
        let variable = |(name, value): &(&str, &str)| Variable {
            name: (*name).to_owned(),
            value: Template::read(value),
            line: 1,
        };
        list.iter().map(variable).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn within(outer: &Scope, list: &[(&str, &str)]) -> (Scope, Vec<Problem>) {
        let mut problems = Vec::new();
        (outer.with("f.yaml", &variables(list), &mut problems), problems)
    }

    #[test]
    fn what_is_nearer_wins_and_a_name_in_its_own_value_is_the_one_further_out() {
        let outer = Scope::outermost(
            pairs(&[("ENV", "shell"), ("HOME", "/root"), ("A", "environment")]),
            pairs(&[("VERSION", "v1.0.0")]),
            pairs(&[("SAID", "caller")]),
        );
        let (globals, problems) = within(
            &outer,
            &[
                ("USES", "${LATER}/${HOME}"),
                ("LATER", "${ENV}"),
                ("ENV", "${ENV:-main}"),
                ("NEW", "${NEW:-fresh}"),
                ("SAID", "file"),
                ("A", "global"),
            ],
        );
        assert_eq!(problems, []);
        let get = |scope: &Scope, name: &str| scope.get(name).map(str::to_owned);
        assert_eq!(get(&globals, "USES").as_deref(), Some("shell//root"));
        assert_eq!(get(&globals, "NEW").as_deref(), Some("fresh"));
        assert_eq!(get(&globals, "SAID").as_deref(), Some("caller"));
        let (stage, _) = within(&globals, &[("A", "${A}, then stage")]);
        assert_eq!(get(&stage, "A").as_deref(), Some("global, then stage"));
        assert_eq!(get(&globals, "A").as_deref(), Some("global"), "a stage keeps its variables to itself");
        let exported: Vec<_> = stage.exported().map(|(name, _)| name.to_owned()).collect();
        assert!(exported.contains(&"VERSION".to_owned()) && !exported.contains(&"HOME".to_owned()));
    }

    #[test]
    fn variables_that_stand_for_one_another_are_a_problem() {
        let (scope, problems) = within(&Scope::default(), &[("A", "${B}"), ("B", "${C}"), ("C", "${A}")]);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].text, "the variables `A`, `B`, `C` stand for one another");
        assert_eq!(scope.get("B"), Some("${A}"));
    }

    #[test]
    fn a_secret_of_the_environment_is_known_to_be_there_and_not_told() {
        let outer = Scope::outermost(pairs(&[("LIQUIBASE_COMMAND_PASSWORD", "hunter2")]), [], []);
        assert_eq!(outer.get("LIQUIBASE_COMMAND_PASSWORD"), None);
        assert!(outer.knows("LIQUIBASE_COMMAND_PASSWORD"));
        let (scope, _) = within(&outer, &[("URL", "a:${LIQUIBASE_COMMAND_PASSWORD}@b")]);
        assert_eq!(scope.get("URL"), Some("a:${LIQUIBASE_COMMAND_PASSWORD}@b"));
        assert!(!format!("{scope:?}").contains("hunter2"));
    }
}
