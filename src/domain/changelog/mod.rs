//! A Liquibase changelog: the changesets that a root file leads to, in the order Liquibase runs them, with the
//! checksums that it would store.
//!
//! Read here: YAML, JSON and XML changelogs, formatted and plain SQL, and everything they include. What cannot be
//! known here is named: a [`Problem`] for what is wrong, and a reason in place of a checksum that only Liquibase
//! itself can tell. Filters are kept, not applied: whether a changeset runs depends on the run.

mod change;
mod checksum;
mod cut;
mod document;
mod filter;
mod node;
mod parameters;
mod path;
mod problem;
mod reader;
mod script;
mod shared;
mod sql;
mod statements;
mod tree;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

pub use change::Object;
pub use checksum::{Algorithm, Checksum, Sum, Sums};
pub use cut::{cut, releases};
pub use filter::{DATABASE, Exclusion, Filter, Selection};
pub use parameters::Surroundings;
pub use problem::Problem;
pub use script::{Script, Spot};
pub use shared::SharedFiles;

/// The root file of every release's changelog, from the path root.
pub const ROOT: &str = "changelog/changelog-master.yaml";

/// The files of a changelog by path relative to the search root, always with `/`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Checksums of changesets, as Liquibase itself told them.
pub type Checksums = HashMap<ChangesetId, Checksum>;

/// Identifies a changeset: Liquibase's own key, `path::id::author`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangesetId {
    /// The path relative to the search root, with `/`, as FILENAME has it; a logical path where one is declared.
    pub path: String,
    /// The id inside that file.
    pub id: String,
    /// The author.
    pub author: String,
}

impl ChangesetId {
    /// The identity by which Liquibase matches rows and changesets: with the path brought into one form.
    #[must_use]
    pub fn key(&self) -> Self {
        Self { path: path::normalise(&self.path), id: self.id.clone(), author: self.author.clone() }
    }
}

impl fmt::Display for ChangesetId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}::{}::{}", self.path, self.id, self.author)
    }
}

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file itself, relative to the search root, whatever path is declared for it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// One changeset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changeset {
    /// Its identity.
    pub id: ChangesetId,
    /// Where it is written.
    pub place: Place,
    /// What it does.
    pub change: Change,
    /// What undoes it.
    pub rollback: Rollback,
    /// Its comment; empty when it has none.
    pub comment: String,
    /// The checksums that Liquibase would store now.
    pub sums: Sums,
    /// Runs again when its content changes (`runOnChange`).
    pub runs_on_change: bool,
    /// Runs every time (`runAlways`).
    pub runs_always: bool,
    /// Which runs it belongs to.
    pub filter: Filter,
    /// What has to hold before it runs, as text for people.
    pub preconditions: Vec<String>,
    /// Other checksums that count as its own (`validCheckSum`), as written.
    pub valid_sums: Vec<String>,
    /// Other files that it is made of: those of `sqlFile`, `loadData` and the like, from the search root.
    pub files: Vec<String>,
    /// All of it happens or nothing (`runInTransaction`, which is so unless it says otherwise).
    pub runs_in_transaction: bool,
    /// Its changes one by one, for those who judge what it does.
    pub parts: Arc<[Part]>,
}

/// One change of a changeset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its type, such as `createTable`; `sql` for what a SQL file holds.
    pub kind: String,
    /// Where it is written.
    pub place: Place,
    /// Its attributes; none of a change that only an extension knows.
    pub attributes: Object,
    /// The SQL that it is made of, or that it holds; `None` for a change without, and for one that is not for
    /// PostgreSQL.
    pub script: Option<Script>,
    /// What it says, as text for people.
    pub text: String,
}

impl Changeset {
    /// A changeset that says nothing but what it does.
    pub(super) fn new(id: ChangesetId, place: Place, change: Change, sums: Sums) -> Self {
        Self {
            id,
            place,
            change,
            rollback: Rollback::Missing,
            comment: String::new(),
            sums,
            runs_on_change: false,
            runs_always: false,
            filter: Filter::default(),
            preconditions: Vec::new(),
            valid_sums: Vec::new(),
            files: Vec::new(),
            runs_in_transaction: true,
            parts: Arc::default(),
        }
    }

    /// The checksum that Liquibase would store now; `None` when only Liquibase can tell.
    pub fn checksum(&self) -> Option<&Checksum> {
        self.sums.v9.as_ref().ok()
    }

    /// True when one of its `validCheckSum` accepts what a row holds, or what it is now.
    pub fn accepts(&self, stored: &Checksum, now: &Checksum) -> bool {
        self.valid_sums.iter().map(|sum| sum.trim()).any(|sum| {
            let accepts_all = ["any", "all", "*", "1:any", "1:all", "1:*"];
            accepts_all.iter().any(|all| all.eq_ignore_ascii_case(sum))
                || sum == stored.as_str()
                || sum == now.as_str()
        })
    }

    /// The tag it sets, if it is a tag.
    pub fn tag(&self) -> Option<&str> {
        match &self.change {
            Change::Tag(tag) => Some(tag),
            Change::Sql(_) | Change::Modelled { .. } => None,
        }
    }

    /// What it does, as text for people: its SQL, or a line about it.
    pub fn text(&self) -> String {
        match &self.change {
            Change::Sql(sql) => sql.clone(),
            Change::Tag(tag) => format!("-- tags the database as {tag}"),
            Change::Modelled { text, .. } => text.clone(),
        }
    }
}

/// What a changeset does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// SQL, as Liquibase takes it: parameters are filled in.
    Sql(String),
    /// `tagDatabase`: marks the newest row.
    Tag(String),
    /// Other changes, or several: only Liquibase turns them into SQL.
    Modelled {
        /// Their types in order, such as `createTable`.
        kinds: Vec<String>,
        /// What they say, as text for people.
        text: String,
    },
}

/// What undoes a changeset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollback {
    /// Nothing was written and Liquibase knows nothing by itself: it cannot undo it.
    Missing,
    /// Declared as not needed.
    Empty,
    /// SQL.
    Sql(String),
    /// Liquibase works it out by itself from the changes.
    Automatic,
    /// Changes that Liquibase turns into SQL, as text for people.
    Modelled(String),
    /// The changes of another changeset, named by it.
    Changeset(String),
}

impl Rollback {
    /// The word for its kind.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Empty => "empty",
            Self::Sql(_) => "sql",
            Self::Automatic => "automatic",
            Self::Modelled(_) => "changes",
            Self::Changeset(_) => "changeset",
        }
    }

    /// What it does, as text for people; `None` when nothing is written.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Sql(text) | Self::Modelled(text) | Self::Changeset(text) => Some(text),
            Self::Missing | Self::Empty | Self::Automatic => None,
        }
    }
}

/// The changesets that a root file leads to, in the order they run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changelog {
    changesets: Vec<Changeset>,
    preconditions: Vec<String>,
    problems: Vec<Problem>,
    /// Where each stands, by its key.
    index: HashMap<ChangesetId, usize>,
}

impl Changelog {
    /// Reads the changelog that begins at `root`, which is a path in `files`, as a run with this environment would.
    pub fn read(files: &Files, root: &str, surroundings: &Surroundings) -> (Self, Vec<Problem>) {
        Self::from(reader::read(files, root, surroundings, None))
    }

    /// The same, with the files that other changelogs read with `shared` have in common.
    pub fn read_sharing(
        files: &Files,
        root: &str,
        surroundings: &Surroundings,
        shared: &SharedFiles,
    ) -> (Self, Vec<Problem>) {
        Self::from(reader::read(files, root, surroundings, Some(shared)))
    }

    fn from(reading: reader::Reading) -> (Self, Vec<Problem>) {
        let mut changelog = Self::new(reading.changesets, reading.preconditions);
        changelog.problems.clone_from(&reading.problems);
        (changelog, reading.problems)
    }

    /// The paths that the changelog at `root` leads to, as far as `files` hold it: files, and folders with `/` at
    /// their end, whether they are there or not. Adding them and asking again ends with all that it is made of.
    pub fn wanted(files: &Files, root: &str) -> BTreeSet<String> {
        reader::read(files, root, &Surroundings::default(), None).wanted
    }

    fn new(changesets: Vec<Changeset>, preconditions: Vec<String>) -> Self {
        let mut index = HashMap::with_capacity(changesets.len());
        for (position, changeset) in changesets.iter().enumerate() {
            index.entry(changeset.id.key()).or_insert(position);
        }
        Self { changesets, preconditions, problems: Vec::new(), index }
    }

    /// The changesets in order.
    pub fn changesets(&self) -> &[Changeset] {
        &self.changesets
    }

    /// The same changelog with checksums that Liquibase told in place of those that could not be worked out.
    #[must_use]
    pub fn completed(&self, told: &Checksums) -> Self {
        let mut completed = self.clone();
        for changeset in &mut completed.changesets {
            for algorithm in Algorithm::ALL {
                let sum = told.get(&changeset.id).filter(|sum| sum.algorithm() == Some(algorithm));
                if let (Err(_), Some(sum)) = (changeset.sums.get(algorithm), sum) {
                    changeset.sums.set(algorithm, sum.clone());
                }
            }
        }
        completed
    }

    /// What the changelogs themselves ask for before anything runs, as text for people.
    pub fn preconditions(&self) -> &[String] {
        &self.preconditions
    }

    /// What was found wrong, or doubtful, in a changeset.
    pub fn problems<'a>(&'a self, id: &'a ChangesetId) -> impl Iterator<Item = &'a Problem> {
        self.problems.iter().filter(move |problem| problem.changeset.as_ref() == Some(id))
    }

    /// The changeset with this identity.
    pub fn get(&self, id: &ChangesetId) -> Option<&Changeset> {
        self.position(id).map(|position| &self.changesets[position])
    }

    /// Where the changeset with this identity stands, from 0.
    pub fn position(&self, id: &ChangesetId) -> Option<usize> {
        self.index.get(id).or_else(|| self.index.get(&id.key())).copied()
    }
}
