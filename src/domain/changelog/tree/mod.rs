//! Changesets of YAML, JSON and XML changelogs, from the nodes that their documents become.

use super::change::{self, Loaded, Parts, Read, Refusal};
use super::checksum::{Algorithm, Checksum, Sum, Sums};
use super::node::{Node, Scalar};
use super::parameters::Parameters;
use super::sql::lint;
use super::{Change, Changeset, ChangesetId, Files, Filter, Place, Problem, Rollback, filter, path};

/// Where a changeset stands.
pub(super) struct Standing<'a> {
    /// All files of the changelog.
    pub(super) files: &'a Files,
    /// The file it is written in.
    pub(super) file: &'a str,
    /// FILENAME, unless the changeset has a path of its own.
    pub(super) stored_path: &'a str,
    /// What the includes that led to it say.
    pub(super) inherited: &'a Filter,
    /// The parameters that are known there.
    pub(super) parameters: &'a Parameters<'a>,
}

/// Attributes of a changeset. Some of them only matter when it runs.
const ATTRIBUTES: [&str; 23] = [
    "id",
    "author",
    "context",
    "contextFilter",
    "labels",
    "dbms",
    "runAlways",
    "alwaysRun",
    "runOnChange",
    "runOrder",
    "runInTransaction",
    "runWith",
    "runWithSpoolFile",
    "failOnError",
    "onValidationFail",
    "objectQuotingStrategy",
    "logicalFilePath",
    "created",
    "ignore",
    "comment",
    "preConditions",
    "changes",
    "rollback",
];

/// Reads a changeset whose parameters are filled in. One that Liquibase would refuse comes with an error, and with
/// what could be read of it.
pub(super) fn changeset(node: &Node, at: &Standing<'_>) -> (Changeset, Vec<Problem>) {
    let text = |name: &str| change::text(node, name).ok().flatten();
    let path = text("logicalFilePath").as_deref().and_then(change::trimmed).map(path::declared);
    let id = ChangesetId {
        path: path.unwrap_or_else(|| at.stored_path.to_owned()),
        id: text("id").unwrap_or_default(),
        author: text("author").unwrap_or_default(),
    };
    let place = Place { file: at.file.to_owned(), line: node.line };
    let nothing = Change::Modelled { kinds: Vec::new(), text: String::new() };
    let mut reader = Reader {
        at,
        changeset: Changeset::new(id.clone(), place, nothing, Sums::open("it could not be read")),
        changes: Vec::new(),
        visitors: Vec::new(),
        modifications: Vec::new(),
        undoing: None,
        problems: Vec::new(),
    };
    if let Err(refusal) = reader.read(node) {
        reader.changeset.sums = Sums::open(&refusal.text);
        reader.problems.push(reader.error(refusal));
    }
    let problems = reader.problems.into_iter().map(|problem| problem.about(&id)).collect();
    (reader.changeset, problems)
}

/// What a changelog asks for before anything runs, as text for people.
pub(super) fn preconditions(node: &Node) -> Vec<String> {
    node.children.iter().filter(|child| !child.name.is_empty()).map(change::describe_line).collect()
}

struct Reader<'r> {
    at: &'r Standing<'r>,
    changeset: Changeset,
    changes: Vec<Loaded>,
    visitors: Vec<Parts>,
    /// `modifySql` as text for people.
    modifications: Vec<String>,
    /// What the rollback says, once there is one.
    undoing: Option<Vec<Undoing>>,
    problems: Vec<Problem>,
}

/// A part of a rollback.
enum Undoing {
    Nothing,
    Sql(String),
    Modelled(String),
    Changeset(String),
}

impl Undoing {
    /// SQL, unless it is the word that says that there is nothing to do.
    fn sql(text: String) -> Self {
        let statement = text.trim_end_matches([';', ' ', '\n']);
        if statement.eq_ignore_ascii_case("empty") { Self::Nothing } else { Self::Sql(text) }
    }
}

impl Reader<'_> {
    fn read(&mut self, node: &Node) -> Read<()> {
        for name in ["id", "author"] {
            if change::text(node, name)?.is_none() {
                let text = format!("a changeset has no {name}");
                return Err(Refusal::new(node.line, text, format!("Give it `{name}`.")));
            }
        }
        self.attributes(node)?;
        for child in &node.children {
            self.child(child)?;
        }
        self.settle();
        Ok(())
    }

    fn attributes(&mut self, node: &Node) -> Read<()> {
        let boolean = |name: &str| change::boolean(node, name);
        let list = |name: &str| Ok(filter::list(&change::text(node, name)?.unwrap_or_default()));
        let changeset = &mut self.changeset;
        let always = boolean("alwaysRun")?.unwrap_or(false);
        changeset.runs_always = boolean("runAlways")?.unwrap_or(always);
        changeset.runs_on_change = boolean("runOnChange")?.unwrap_or(false);
        changeset.is_atomic = boolean("runInTransaction")?.unwrap_or(true);
        let mut filter = self.at.inherited.clone();
        let own = change::text(node, "contextFilter")?.filter(|text| change::trimmed(text).is_some());
        let own = match own {
            Some(own) => Some(own),
            None => change::text(node, "context")?.filter(|text| change::trimmed(text).is_some()),
        };
        filter.contexts.extend(own);
        filter.labels.extend(list("labels")?);
        filter.dbms = list("dbms")?;
        filter.is_ignored |= boolean("ignore")?.unwrap_or(false);
        changeset.filter = filter;
        let comments = node.children.iter().filter(|child| child.name.eq_ignore_ascii_case("comment"));
        let comments: Vec<_> = comments.map(|child| change::own_text(child).unwrap_or_default()).collect();
        change::trimmed(&comments.join("\n")).unwrap_or_default().clone_into(&mut changeset.comment);
        Ok(())
    }

    fn child(&mut self, child: &Node) -> Read<()> {
        match child.name.as_str() {
            "" => {}
            "changes" => {
                for node in &child.children {
                    self.child(node)?;
                }
            }
            "rollback" => self.rollback(child)?,
            "validCheckSum" | "validCheckSums" => {
                let several = child.children.iter().filter(|item| item.name.is_empty());
                let sums = several
                    .filter_map(change::own_text)
                    .chain(child.value.iter().map(super::document::printed));
                self.changeset.valid_sums.extend(sums);
            }
            "preConditions" => self.changeset.preconditions.extend(preconditions(child)),
            "modifySql" => {
                self.visitors.extend(change::visitors(child)?);
                self.modifications.push(change::describe(child));
            }
            name if change::is_known(name) => {
                let mut loaded = change::read(child, self.at)?;
                self.problems.append(&mut loaded.problems);
                self.changes.push(loaded);
            }
            name if ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(name)) => {}
            _ => self.other(child)?,
        }
        Ok(())
    }

    /// What is neither an attribute nor a change that is known here.
    fn other(&mut self, child: &Node) -> Read<()> {
        let name = &child.name;
        let guess = change::nearest_type(name).map(|name| format!("Did you mean `{name}`? "));
        let guess = guess.unwrap_or_default();
        if change::may_be_a_change(child) {
            self.problems.push(Problem::warning(
                self.at.file,
                Some(child.line),
                format!("`{name}` is not a change of Liquibase itself: without the extension it belongs to, Liquibase refuses it"),
                format!("{guess}Its checksum is only known to Liquibase."),
            ));
            self.changes.push(change::read(child, self.at)?);
        } else {
            let text = format!("a changeset has no `{name}`, and Liquibase leaves it out");
            let mend = format!("{guess}If not, take it out.");
            let mend = if guess.is_empty() { "Take it out: it does nothing.".to_owned() } else { mend };
            self.problems.push(Problem::warning(self.at.file, Some(child.line), text, mend));
        }
        Ok(())
    }

    fn rollback(&mut self, node: &Node) -> Read<()> {
        let undoing = self.undoing.get_or_insert_default();
        if let Some(id) = change::text(node, "changeSetId")? {
            let author = change::text(node, "changeSetAuthor")?.unwrap_or_default();
            let path = change::text(node, "changeSetPath")?.unwrap_or_else(|| self.changeset.id.path.clone());
            undoing.push(Undoing::Changeset(format!("{path}::{id}::{author}")));
            return Ok(());
        }
        for child in node.children.iter().filter(|child| !child.name.is_empty()) {
            if child.name == "empty" {
                undoing.push(Undoing::Nothing);
            } else if change::is_known(&child.name) || change::may_be_a_change(child) {
                let loaded = change::read(child, self.at)?;
                self.changeset.files.extend(loaded.files);
                undoing.push(loaded.sql.map_or(Undoing::Modelled(loaded.text), Undoing::sql));
            }
        }
        let written = match &node.value {
            Some(Scalar::Text(text)) => change::trimmed(text),
            None if change::own_text(node).is_none() => None,
            _ => {
                let text = "a rollback is neither a text nor a list of changes";
                return Err(Refusal::new(node.line, text, "Put it in quotes, if it is SQL."));
            }
        };
        let Some(written) = written else { return Ok(()) };
        undoing.push(Undoing::sql(written.to_owned()));
        if written.to_lowercase().starts_with("not required") {
            let text =
                format!("the rollback `{written}` is run as SQL: only in SQL files it means nothing to do");
            let problem = Problem::warning(self.at.file, Some(node.line), text, "Write `empty` instead.");
            self.problems.push(problem);
        }
        Ok(())
    }

    /// Traps that Liquibase walks into without a word.
    fn warn(&mut self) {
        let id = &self.changeset.id;
        let warning =
            |text, mend| Problem::warning(self.at.file, Some(self.changeset.place.line), text, mend);
        let databases = self.changeset.filter.unknown_databases();
        let mut found: Vec<_> = databases
            .map(|name| warning(lint::unknown_database(id, name), "The name of PostgreSQL is `postgresql`."))
            .collect();
        let is_cut = |change: &Loaded| {
            change.is_cut_at_semicolons && change.sql.as_deref().is_some_and(lint::cuts_a_quoted_body)
        };
        if self.changes.iter().any(is_cut) {
            found.push(warning(lint::cut_body(id), "Add `splitStatements: false` or an `endDelimiter`."));
        }
        self.problems.extend(found);
    }

    /// Makes the changeset of what was read.
    fn settle(&mut self) {
        self.warn();
        let changes = std::mem::take(&mut self.changes);
        let visitors = &self.visitors;
        self.changeset.sums = Sums::of(|algorithm| sum(algorithm, &changes, visitors));
        self.changeset.files.extend(changes.iter().flat_map(|change| change.files.iter().cloned()));
        self.changeset.rollback = match self.undoing.take() {
            Some(undoing) => rollback(undoing),
            None if changes.iter().all(|change| change.undoes_itself) => Rollback::Automatic,
            None => Rollback::Missing,
        };
        self.changeset.change = match changes.as_slice() {
            [Loaded { tag: Some(tag), .. }] => Change::Tag(tag.clone()),
            [Loaded { sql: Some(sql), .. }] if self.modifications.is_empty() => Change::Sql(sql.clone()),
            changes => {
                let texts = changes.iter().map(|change| &change.text).chain(&self.modifications);
                Change::Modelled {
                    kinds: changes.iter().map(|change| change.kind.clone()).collect(),
                    text: texts.map(String::as_str).collect::<Vec<_>>().join("\n"),
                }
            }
        };
    }

    fn error(&self, refusal: Refusal) -> Problem {
        Problem::error(self.at.file, Some(refusal.line), refusal.text, refusal.mend)
    }
}

/// The sum of a changeset: those of its changes, then those of what modifies its SQL.
fn sum(algorithm: Algorithm, changes: &[Loaded], visitors: &[Parts]) -> Sum {
    let mut text = String::new();
    let parts =
        changes.iter().map(|change| (&change.sums, ':')).chain(visitors.iter().map(|part| (part, ';')));
    for (part, end) in parts {
        if let Some(sum) = part.get(algorithm).as_ref().map_err(Clone::clone)? {
            text.push_str(sum);
            text.push(end);
        }
    }
    Ok(Checksum::stored(Checksum::of_text(algorithm, &text)))
}

fn rollback(undoing: Vec<Undoing>) -> Rollback {
    let mut parts: Vec<_> = undoing.into_iter().filter(|part| !matches!(part, Undoing::Nothing)).collect();
    match (parts.pop(), parts.is_empty()) {
        (None, _) => Rollback::Empty,
        (Some(Undoing::Changeset(id)), true) => Rollback::Changeset(id),
        (Some(last), _) => {
            parts.push(last);
            let is_sql = parts.iter().all(|part| matches!(part, Undoing::Sql(_)));
            let text = parts.into_iter().map(|part| match part {
                Undoing::Sql(text) | Undoing::Modelled(text) => text,
                Undoing::Changeset(id) => format!("-- the changes of {id}"),
                Undoing::Nothing => String::new(),
            });
            let text = text.collect::<Vec<_>>().join("\n");
            if is_sql { Rollback::Sql(text) } else { Rollback::Modelled(text) }
        }
    }
}

#[cfg(test)]
mod tests;
