//! `${name}`: what it stands for, in Liquibase's order of precedence.
//!
//! The first definition of a name wins: variables of the process, Java's own properties, facts about the database,
//! then what the changelogs define, in the order they are read. A property of one file only (`global: false`) counts
//! when nothing else does.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use super::filter::{self, DATABASE, Selection};
use super::node::Node;
use crate::domain::yaml::Scalar;

/// What surrounds a run of Liquibase, as far as changelogs can see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// Variables of Liquibase's process whose values are known.
    pub variables: BTreeMap<String, String>,
    /// Variables that it has, whose values are not known here or are nobody's business.
    pub hidden: Vec<String>,
    /// Contexts and labels of the runs that the changelog is read for: properties may be bound to them. Empty means
    /// one run without any.
    pub selections: Vec<Selection>,
}

/// Facts about a PostgreSQL database that Liquibase 4.29 defines as parameters, in lower case.
const DATABASE_FACTS: [(&str, &str); 6] = [
    ("database.typename", DATABASE),
    ("database.databaseproductname", "PostgreSQL"),
    ("database.currentdatetimefunction", "NOW()"),
    ("database.linecomment", "--"),
    ("database.databasechangelogtablename", "databasechangelog"),
    ("database.databasechangeloglocktablename", "databasechangeloglock"),
];

/// How names begin that only a running Liquibase can tell the value of.
const OPEN: [&str; 16] = [
    "database.",
    "java.",
    "jdk.",
    "user.",
    "os.",
    "file.",
    "path.",
    "line.",
    "sun.",
    "native.",
    "stdout.",
    "stderr.",
    "liquibase_",
    "liquibase.",
    "awt.",
    "http.",
];

/// One property of a changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) is_global: bool,
    /// Context expression, labels and kinds of database it is bound to.
    pub(super) context: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) dbms: Vec<String>,
}

/// The parameters that are known at one point of reading.
pub(super) struct Parameters<'a> {
    surroundings: &'a Surroundings,
    variables: HashMap<String, &'a str>,
    hidden: Vec<String>,
    /// Properties that count in some of the runs only.
    unsure: HashSet<String>,
    globals: HashMap<String, String>,
    /// By file, then by name.
    locals: HashMap<String, HashMap<String, String>>,
}

/// A text with its parameters filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// The names whose values are not known here: they stand in the text as written.
    pub(super) open: Vec<String>,
    /// Variables of the process that were filled in: on another machine the text would be another.
    pub(super) variables: Vec<String>,
    /// Where something was filled in, in order.
    pub(super) fills: Vec<Fill>,
}

/// A parameter that a value stands for now. Places are counted in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fill {
    /// Where the parameter stood in the text as written.
    pub(super) written: Range<usize>,
    /// Where its value stands.
    pub(super) filled: Range<usize>,
}

impl Expanded {
    /// Why what is made of the text cannot be worked out here; `None` when it can.
    pub(super) fn unknown(&self) -> Option<String> {
        let names: Vec<_> = self.open.iter().map(|name| format!("${{{name}}}")).collect();
        (!names.is_empty()).then(|| format!("only the running Liquibase knows {}", names.join(", ")))
    }
}

impl<'a> Parameters<'a> {
    pub(super) fn new(surroundings: &'a Surroundings) -> Self {
        let variables = surroundings
            .variables
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.as_str()))
            .collect();
        let hidden = surroundings.hidden.iter().map(|name| name.to_lowercase()).collect();
        Self {
            surroundings,
            variables,
            hidden,
            unsure: HashSet::new(),
            globals: HashMap::new(),
            locals: HashMap::new(),
        }
    }

    /// Takes a property in that the file at `path` defines, if it counts in this run.
    pub(super) fn define(&mut self, path: &str, property: Property) {
        let counts = |selection: &Selection| {
            property.context.as_ref().is_none_or(|it| filter::matches_contexts(it, &selection.contexts))
                && selection
                    .label_filter
                    .as_ref()
                    .is_none_or(|it| filter::matches_labels(it, &property.labels))
        };
        let one = [Selection::default()];
        let selections = &self.surroundings.selections;
        let selections = if selections.is_empty() { &one[..] } else { selections };
        let counting = selections.iter().filter(|selection| counts(selection)).count();
        if counting == 0 || !filter::is_for(&property.dbms, DATABASE) {
            return;
        }
        let name = property.name.trim().to_lowercase();
        if counting < selections.len() && !self.globals.contains_key(&name) {
            self.unsure.insert(name);
            return;
        }
        if property.is_global {
            self.globals.entry(name).or_insert(property.value);
        } else {
            // Among the properties of one file the last one wins.
            self.locals.entry(path.to_owned()).or_default().insert(name, property.value);
        }
    }

    /// Fills in every parameter in a text of the file at `path`.
    pub(super) fn expand(&self, path: &str, text: &str) -> Expanded {
        let mut expanded = Expanded::default();
        let mut fills = Vec::new();
        expanded.text = self.fill(path, text, 0, &mut expanded, Some(&mut fills));
        expanded.fills = fills;
        expanded
    }

    /// Fills in every parameter in the values of a node and all below it. Keys are left as they are.
    pub(super) fn expand_node(&self, path: &str, node: &mut Node, seen: &mut Expanded) {
        if let Some(Scalar::Text(text)) = &mut node.value
            && text.contains("${")
        {
            *text = self.fill(path, text, 0, seen, None);
        }
        for child in &mut node.children {
            self.expand_node(path, child, seen);
        }
    }

    fn fill(
        &self,
        path: &str,
        text: &str,
        depth: usize,
        seen: &mut Expanded,
        mut fills: Option<&mut Vec<Fill>>,
    ) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(found) = text[at..].find("${") {
            let begin = at + found;
            filled.push_str(&text[at..begin]);
            at = begin + 2;
            let Some(end) = end_of_name(&text[at..]) else {
                filled.push_str("${");
                continue;
            };
            let start = filled.len();
            // A name may itself be made of parameters.
            let inner = self.fill(path, &text[at..at + end], depth, seen, None);
            match self.value(path, inner.trim(), seen) {
                // A value that leads back to itself never ends; Liquibase refuses it, and here it stays as it is.
                Some(value) if depth < DEEPEST => {
                    filled.push_str(&self.fill(path, &value, depth + 1, seen, None));
                }
                _ => {
                    filled.push_str("${");
                    filled.push_str(&inner);
                    filled.push('}');
                }
            }
            at += end + 1;
            if let Some(fills) = &mut fills {
                fills.push(Fill { written: begin..at, filled: start..filled.len() });
            }
        }
        filled.push_str(&text[at..]);
        filled
    }

    fn value(&self, path: &str, name: &str, seen: &mut Expanded) -> Option<String> {
        let lower = name.to_lowercase();
        if let Some(value) = self.variables.get(&lower) {
            seen.variables.push(name.to_owned());
            return Some((*value).to_owned());
        }
        if let Some((_, value)) = DATABASE_FACTS.iter().find(|(known, _)| *known == lower) {
            return Some((*value).to_owned());
        }
        let is_open = self.hidden.contains(&lower)
            || self.unsure.contains(&lower)
            || OPEN.iter().any(|prefix| lower.starts_with(prefix));
        if is_open {
            seen.open.push(name.to_owned());
            return None;
        }
        let local = || self.locals.get(path).and_then(|locals| locals.get(&lower));
        self.globals.get(&lower).or_else(local).cloned()
    }
}

/// How deep values may lead to values.
const DEEPEST: usize = 32;

/// Where the `}` is that ends a name, which may hold other parameters.
fn end_of_name(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find(['$', '}']) {
        at += found;
        if text[at..].starts_with("${") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with('}') {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
            at += 1;
        } else {
            at += 1;
        }
    }
    None
}

impl Property {
    /// A property with nothing but a name and a value.
    pub(super) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            is_global: true,
            context: None,
            labels: Vec::new(),
            dbms: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(parameters: &Parameters<'_>, text: &str) -> String {
        parameters.expand("a.sql", text).text
    }

    #[test]
    fn the_first_definition_wins_and_a_local_one_comes_last() {
        let surroundings = Surroundings {
            variables: [("WHO".to_owned(), "machine".to_owned())].into(),
            ..Surroundings::default()
        };
        let mut parameters = Parameters::new(&surroundings);
        parameters.define("a.sql", Property::new("who", "changelog"));
        parameters.define("a.sql", Property::new("One", "first"));
        parameters.define("a.sql", Property::new("one", "second"));
        parameters.define("a.sql", Property { is_global: false, ..Property::new("one", "local") });
        parameters.define("a.sql", Property { is_global: false, ..Property::new("two", "local 1") });
        parameters.define("a.sql", Property { is_global: false, ..Property::new("two", "local 2") });
        assert_eq!(expand(&parameters, "${who} ${ONE} ${two}"), "machine first local 2");
        assert_eq!(parameters.expand("b.sql", "${one} ${two}").text, "first ${two}");
        assert_eq!(parameters.expand("a.sql", "${who}").variables, ["who"]);
    }

    #[test]
    fn names_are_trimmed_nested_and_left_alone_when_unknown() {
        let surroundings = Surroundings::default();
        let mut parameters = Parameters::new(&surroundings);
        parameters.define("a.sql", Property::new("a", "b"));
        parameters.define("a.sql", Property::new("nb", "deep ${a}"));
        for (text, expected) in [
            ("${ a }", "b"),
            ("${n${a}}", "deep b"),
            ("${nope} ${a}", "${nope} b"),
            ("${:a}", "${:a}"),
            ("$a $${a}", "$a $b"),
            ("${a", "${a"),
            ("${a ${a}", "${a b"),
            ("${database.typeName}", "postgresql"),
        ] {
            assert_eq!(expand(&parameters, text), expected, "{text}");
        }
    }

    #[test]
    fn a_value_that_only_the_running_program_knows_is_named() {
        let surroundings =
            Surroundings { hidden: vec!["LIQUIBASE_COMMAND_PASSWORD".to_owned()], ..Surroundings::default() };
        let parameters = Parameters::new(&surroundings);
        let expanded = parameters.expand("a.sql", "${java.version} ${liquibase_command_password}");
        assert_eq!(expanded.open, ["java.version", "liquibase_command_password"]);
        assert_eq!(expanded.text, "${java.version} ${liquibase_command_password}");
    }

    #[test]
    fn a_circle_of_values_ends() {
        let surroundings = Surroundings::default();
        let mut parameters = Parameters::new(&surroundings);
        parameters.define("a.sql", Property::new("a", "${b}"));
        parameters.define("a.sql", Property::new("b", "${a}"));
        assert!(expand(&parameters, "${a}").starts_with("${"));
    }

    #[test]
    fn a_property_for_another_database_or_context_does_not_count() {
        let surroundings = Surroundings {
            selections: vec![Selection { contexts: vec!["prod".to_owned()], label_filter: None }],
            ..Surroundings::default()
        };
        let mut parameters = Parameters::new(&surroundings);
        let bound = |name: &str, context: Option<&str>, dbms: &str| Property {
            context: context.map(str::to_owned),
            dbms: filter::list(dbms),
            ..Property::new(name, "value")
        };
        parameters.define("a.sql", bound("a", Some("test"), ""));
        parameters.define("a.sql", bound("b", None, "oracle"));
        parameters.define("a.sql", bound("c", Some("prod"), "postgresql"));
        assert_eq!(expand(&parameters, "${a} ${b} ${c}"), "${a} ${b} value");
    }

    #[test]
    fn a_property_that_counts_in_some_of_the_runs_is_not_known() {
        let run = |context: &str| Selection { contexts: vec![context.to_owned()], label_filter: None };
        let surroundings =
            Surroundings { selections: vec![run("test"), run("prod")], ..Surroundings::default() };
        let mut parameters = Parameters::new(&surroundings);
        parameters.define("a.sql", Property { context: Some("prod".to_owned()), ..Property::new("a", "b") });
        assert_eq!(parameters.expand("a.sql", "${a}").open, ["a"]);
    }
}
