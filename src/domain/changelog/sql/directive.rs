//! The directives of formatted SQL: what a line says to Liquibase.
//!
//! The expressions are Liquibase's own, with Java's meaning of white space, of letters and of "any character".

use std::sync::LazyLock;

use regex::Regex;

use super::attributes::{self, Attributes};
use crate::domain::changelog::filter;
use crate::domain::changelog::parameters::Property;

/// What a line says, if it says anything to Liquibase. Everything else is SQL.
pub(super) enum Directive<'a> {
    /// The first line, with the logical path it declares.
    Header(Option<&'a str>),
    /// A property.
    Property(Property),
    /// A changeset begins; or it would, were its line readable: then how to mend it.
    Changeset(Result<Attributes, &'static str>),
    /// The next lines are not read.
    IgnoreLines(usize),
    /// The lines up to `IgnoreEnd` are not read.
    IgnoreStart,
    /// See `IgnoreStart`.
    IgnoreEnd,
    /// The changeset's comment.
    Comment(&'a str),
    /// Another sum that counts as its own.
    ValidChecksum(&'a str),
    /// A line of rollback SQL.
    Rollback(&'a str),
    /// A comment that holds rollback SQL begins.
    RollbackBlock,
    /// What to do when a precondition fails.
    Preconditions(&'a str),
    /// A precondition: its type and the rest.
    Precondition(&'a str, &'a str),
    /// Liquibase refuses the line; how to mend it.
    Unreadable(&'static str),
}

/// Compiles one of Liquibase's expressions for a whole line, with Java's meaning.
pub(super) fn pattern(text: &str) -> Regex {
    let text = text
        .replace(r"\s", r"[ \t\x0B\x0C\r]")
        .replace(r"\S", r"[^ \t\x0B\x0C\r]")
        .replace(r"\w", "[0-9A-Za-z_]")
        .replace('.', r"[^\n\r\x{85}\x{2028}\x{2029}]");
    Regex::new(&format!("(?i)^(?:{text})$")).expect("the patterns of this crate are valid")
}

macro_rules! patterns {
    ($($name:ident = $text:literal;)*) => { $(static $name: LazyLock<Regex> = LazyLock::new(|| pattern($text));)* };
}

patterns! {
    HEADER = r"\s*--\s*liquibase\s*formatted.*";
    LOGICAL_PATH = r".*logicalFilePath:(\S*).*";
    PROPERTY = r"\s*--\s*property\s+(.*:.*)\s+(.*:.*).*";
    PROPERTY_LIKE = r"\s*-+\s*property\s.*";
    CHANGESET = r#"\s*--\s*changeset\s+("[^"]+"|[^:]+):(\s*)("[^"]+"|\S+).*"#;
    CHANGESET_LIKE = r"\s*-+\s*changeset\s.*|\s*--\s*changeset\s*";
    IGNORE_LINES = r"--\s*ignoreLines:(\w+)";
    IGNORE_LIKE = r"-\s*ignoreLines:.*|--\s*ignore:.*";
    COMMENT = r"--\s*comment:? (.*)";
    COMMENT_LIKE = r"-\s*comment:? .*|--\s*comments:? .*";
    VALID_CHECKSUM = r"\s*--\s*validCheckSum:? (.*)";
    VALID_CHECKSUM_LIKE = r"-\s*validCheckSum.*";
    ROLLBACK = r"\s*--\s*rollback (.*)";
    ROLLBACK_LIKE = r"\s*-\s*rollback\s.*";
    ROLLBACK_BEGIN = r"\s*/\*\s*liquibase\s*rollback\s*";
    ROLLBACK_END = r"(.*)\*/\s*";
    PRECONDITIONS = r"\s*--\s*preconditions(.*)";
    PRECONDITION = r"\s*--\s*precondition\-([a-zA-Z0-9-]+) (.*)";
    PRECONDITION_LIKE = r"\s*-\s*preconditions?.*";
    LICENSED = r"\s*--\s*(?:include(?:All)?\s+(?:file|path)|tagDatabase|rollbackSqlFile)\s*:.*";
    NAME = r".*name:\s*(\S+).*";
    VALUE = r".*value:\s*(\S+).*";
    GLOBAL = r".*global:(\S+).*";
    SQL_CHECK = r#"(?:expectedResult:)?(?:\w+|'[^']+'|"[^"]+") .*"#;
}

/// What `line` says.
pub(super) fn of(line: &str) -> Option<Directive<'_>> {
    let start = line.trim_start();
    // Only these begin a directive; nearly every line of SQL is decided here.
    if start.starts_with("/*") {
        return ROLLBACK_BEGIN.is_match(line).then_some(Directive::RollbackBlock);
    }
    if !start.starts_with('-') {
        return None;
    }
    // The first letter of the word behind the dashes rules most expressions out.
    let word = start.trim_start_matches('-').trim_start();
    let letter = word.chars().next()?.to_ascii_lowercase();
    well_formed(line, letter).or_else(|| misspelt(line, letter).map(Directive::Unreadable))
}

fn well_formed(line: &str, letter: char) -> Option<Directive<'_>> {
    let group = |pattern: &Regex, index| {
        pattern.captures(line).and_then(|found| found.get(index)).map(|it| it.as_str())
    };
    match letter {
        'l' => HEADER.is_match(line).then(|| Directive::Header(group(&LOGICAL_PATH, 1))),
        'c' => match CHANGESET.captures(line) {
            Some(found) => Some(Directive::Changeset(if found[2].is_empty() {
                Ok(attributes::read(line, &found[1], &found[3]))
            } else {
                Err("Write no space between the colon and the id: `--changeset author:id`.")
            })),
            None => group(&COMMENT, 1).map(Directive::Comment),
        },
        'r' => group(&ROLLBACK, 1).map(Directive::Rollback),
        'v' => group(&VALID_CHECKSUM, 1).map(Directive::ValidChecksum),
        'i' => group(&IGNORE_LINES, 1).map(ignore),
        'p' if PROPERTY.is_match(line) => property(line).map(Directive::Property),
        'p' => match PRECONDITION.captures(line) {
            Some(found) => {
                let [kind, text] = [1, 2].map(|index| found.get(index).map_or("", |it| it.as_str()));
                Some(Directive::Precondition(kind, text))
            }
            None => group(&PRECONDITIONS, 1).map(Directive::Preconditions),
        },
        _ => None,
    }
}

fn ignore(count: &str) -> Directive<'_> {
    match count.parse() {
        Ok(count) => Directive::IgnoreLines(count),
        Err(_) if count.eq_ignore_ascii_case("start") => Directive::IgnoreStart,
        Err(_) if count.eq_ignore_ascii_case("end") => Directive::IgnoreEnd,
        Err(_) => Directive::Unreadable("Write `--ignoreLines:` with a number, `start` or `end`."),
    }
}

/// How to mend a line that Liquibase refuses because it looks like a directive and is none.
fn misspelt(line: &str, letter: char) -> Option<&'static str> {
    if !"pcivrt".contains(letter) {
        return None;
    }
    let table: [(&LazyLock<Regex>, &str); 8] = [
        (&PROPERTY_LIKE, "Write `--property name:x value:y`."),
        (&CHANGESET_LIKE, "Write `--changeset author:id`."),
        (&IGNORE_LIKE, "Write `--ignoreLines:start` and `--ignoreLines:end`, or a number."),
        (&COMMENT_LIKE, "Write `--comment text`."),
        (&VALID_CHECKSUM_LIKE, "Write `--validCheckSum: sum`."),
        (&ROLLBACK_LIKE, "Write `--rollback SQL`."),
        (&PRECONDITION_LIKE, "Write `--preconditions onFail:HALT` or `--precondition-sql-check …`."),
        (&LICENSED, "It needs a Liquibase licence: use a YAML or XML changelog for it."),
    ];
    table.into_iter().find(|(pattern, _)| pattern.is_match(line)).map(|(_, mend)| mend)
}

/// True for a misspelt directive that Liquibase refuses also outside a changeset.
pub(super) fn stands_anywhere(line: &str) -> bool {
    [&PROPERTY_LIKE, &CHANGESET_LIKE, &IGNORE_LIKE, &LICENSED].iter().any(|pattern| pattern.is_match(line))
        || IGNORE_LINES.is_match(line)
}

fn property(line: &str) -> Option<Property> {
    let value = |pattern: &Regex| pattern.captures(line).map(|found| found[1].to_owned());
    Some(Property {
        is_global: value(&GLOBAL).is_none_or(|it| it.eq_ignore_ascii_case("true")),
        context: attributes::context(line),
        labels: filter::list(&attributes::labels(line).unwrap_or_default()),
        dbms: filter::list(&attributes::dbms(line).unwrap_or_default()),
        ..Property::new(value(&NAME)?, value(&VALUE)?)
    })
}

/// What stands before the end of a rollback comment, if this line ends one.
pub(super) fn end_of_rollback_block(line: &str) -> Option<&str> {
    ROLLBACK_END.captures(line).and_then(|found| found.get(1)).map(|it| it.as_str())
}

/// What is wrong with a precondition, and how to mend it.
pub(super) fn check_precondition(kind: &str, text: &str) -> Result<(), (String, &'static str)> {
    match kind.to_ascii_lowercase().as_str() {
        "sql-check" if !SQL_CHECK.is_match(text) => Err((
            "the precondition sql-check has no expected result".to_owned(),
            "Write `--precondition-sql-check expectedResult:0 select …`.",
        )),
        "sql-check" | "table-exists" | "view-exists" => Ok(()),
        _ => Err((
            format!("the precondition type {kind} is not known"),
            "Use sql-check, table-exists or view-exists, or a YAML changelog.",
        )),
    }
}

/// The changeset that a rollback text names: `changesetId:x changesetAuthor:y [changesetPath:z]`.
pub(super) fn rollback_changeset(text: &str, path: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    lower.contains("changesetid").then(|| {
        let value = |name: &str| {
            let at = lower.find(name)? + name.len();
            text.get(at..)?.split_whitespace().next()
        };
        let path = value("changesetpath:").unwrap_or(path);
        format!(
            "{path}::{}::{}",
            value("changesetid:").unwrap_or("?"),
            value("changesetauthor:").unwrap_or("?")
        )
    })
}
