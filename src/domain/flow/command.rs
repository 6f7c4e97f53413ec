//! The commands that an action can have, with their arguments, and what each does to a database.
//!
//! The table, `commands.txt`, is what `liquibase --help` of 4.29 lists; a test holds it against the real one. Liquibase
//! takes a name in any of its spellings (`updateSql`, `update-sql`, `updatesql`), and so does this.

use std::sync::LazyLock;

/// A line for each command: who carries it out, its name with `_` for a blank, its arguments.
const TABLE: &str = include_str!("commands.txt");

static COMMANDS: LazyLock<Vec<Command>> = LazyLock::new(read);

/// A command of Liquibase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its name, in lower case with hyphens; groups have a blank: `checks run`.
    pub name: &'static str,
    /// Who carries it out.
    pub by: Hand,
    /// The names of its arguments; empty for a licensed command, whose arguments are not known here.
    arguments: Vec<&'static str>,
    /// Arguments that only a licensed edition has.
    licensed: Vec<&'static str>,
    /// Arguments that only a licensed edition has, and whose meaning lockstep brings along.
    ours: Vec<&'static str>,
}

/// Who carries a command out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Liquibase itself.
    Liquibase,
    /// lockstep: the open-source edition of Liquibase refuses it.
    Lockstep,
    /// Nobody here: only a licensed edition of Liquibase can.
    Licensed,
}

/// What a command does to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// It looks.
    Reads,
    /// It changes something.
    Changes,
    /// It lets a lock go without a proof that its holder is gone.
    Unlocks,
    /// It takes away what may not come back.
    Destroys,
}

/// What an argument name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// One of Liquibase, by this name.
    Yes(&'static str),
    /// One of a licensed edition only, by this name.
    Licensed(&'static str),
    /// None.
    No,
}

/// The command that is written like this, in whatever spelling.
pub fn find(written: &str) -> Option<&'static Command> {
    let key = key(written);
    COMMANDS.iter().find(|command| self::key(command.name) == key)
}

/// Every command.
pub fn all() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter()
}

/// What the name of an argument of every command is.
pub fn global(written: &str) -> Known {
    let (mut names, mut licensed) = (Vec::new(), Vec::new());
    for line in TABLE.lines() {
        let mut words = line.split(' ');
        match words.next() {
            Some("global") => names.extend(words),
            Some("global-licensed") => licensed.extend(words),
            _ => {}
        }
    }
    known(written, &names, &licensed)
}

/// The names of the arguments of every command.
pub fn globals() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter_map(|line| line.strip_prefix("global ")).flat_map(|line| line.split(' '))
}

impl Command {
    /// What an argument name is to this command.
    pub fn argument(&self, written: &str) -> Known {
        match known(written, &self.ours, &[]) {
            Known::No => known(written, &self.arguments, &self.licensed),
            ours => ours,
        }
    }

    /// The names of its arguments.
    pub fn arguments(&self) -> &[&'static str] {
        &self.arguments
    }

    /// What it does to a database.
    pub fn touch(&self) -> Touch {
        match self.name {
            "drop-all" | "update-testing-rollback" => Touch::Destroys,
            "release-locks" => Touch::Unlocks,
            "changelog-sync"
            | "changelog-sync-to-tag"
            | "clear-checksums"
            | "execute-sql"
            | "mark-next-changeset-ran"
            | "rollback"
            | "rollback-count"
            | "rollback-to-date"
            | "tag"
            | "update"
            | "update-count"
            | "update-to-tag" => Touch::Changes,
            // A licensed command is never carried out.
            _ => Touch::Reads,
        }
    }
}

fn known(written: &str, names: &[&'static str], licensed: &[&'static str]) -> Known {
    let key = key(written);
    let find = |names: &[&'static str]| names.iter().find(|name| self::key(name) == key).copied();
    // Liquibase has another word for each of these.
    let other = match key.as_str() {
        "contexts" => "context-filter",
        "labels" => "label-filter",
        _ => "",
    };
    let other = names.iter().find(|name| **name == other).copied();
    match (find(names).or(other), find(licensed)) {
        (Some(name), _) => Known::Yes(name),
        (None, Some(name)) => Known::Licensed(name),
        (None, None) => Known::No,
    }
}

/// What all spellings of a name have in common.
fn key(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '-' | '_') && !c.is_whitespace());
    letters.flat_map(char::to_lowercase).collect()
}

fn read() -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for line in TABLE.lines() {
        let mut words = line.split(' ');
        let by = match words.next() {
            Some("liquibase") => Hand::Liquibase,
            Some("lockstep") => Hand::Lockstep,
            Some("licensed") => Hand::Licensed,
            Some(word @ ("licensed-argument" | "lockstep-argument")) => {
                let name = words.next().unwrap_or_default();
                if let Some(command) = commands.iter_mut().find(|command| command.name == name) {
                    let list =
                        if word == "lockstep-argument" { &mut command.ours } else { &mut command.licensed };
                    list.extend(words);
                }
                continue;
            }
            _ => continue,
        };
        let name = match words.next().unwrap_or_default() {
            "checks_run" => "checks run",
            "checks_show" => "checks show",
            "init_start-h2" => "init start-h2",
            name => name,
        };
        commands.push(Command {
            name,
            by,
            arguments: words.collect(),
            licensed: Vec::new(),
            ours: Vec::new(),
        });
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_known_in_every_spelling() {
        for (written, name) in [
            ("updateSql", "update-sql"),
            ("updatesql", "update-sql"),
            ("update-sql", "update-sql"),
            ("dropAll", "drop-all"),
            ("checks run", "checks run"),
            ("checks  show", "checks show"),
            ("flow", "flow"),
        ] {
            assert_eq!(find(written).map(|command| command.name), Some(name), "{written}");
        }
        assert_eq!(find("frobnicate"), None);
    }

    #[test]
    fn an_argument_is_known_in_every_spelling_and_by_its_other_name() {
        let update = find("update").unwrap();
        assert_eq!(update.argument("changelogFile"), Known::Yes("changelog-file"));
        assert_eq!(update.argument("contexts"), Known::Yes("context-filter"));
        assert_eq!(update.argument("rollbackOnError"), Known::Licensed("rollback-on-error"));
        assert_eq!(update.argument("tag"), Known::No);
        assert_eq!(find("drop-all").unwrap().argument("contexts"), Known::No);
        assert_eq!(global("outputfile"), Known::Yes("output-file"));
        assert_eq!(global("reports-enabled"), Known::Licensed("reports-enabled"));
    }

    #[test]
    fn what_changes_a_database_is_known() {
        let touch = |name: &str| find(name).unwrap().touch();
        assert_eq!(touch("status"), Touch::Reads);
        assert_eq!(touch("update-sql"), Touch::Reads);
        assert_eq!(touch("update"), Touch::Changes);
        assert_eq!(touch("dropAll"), Touch::Destroys);
        assert_eq!(touch("release-locks"), Touch::Unlocks);
    }
}
