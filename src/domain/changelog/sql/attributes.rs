//! The attributes on a `--changeset` line. Each is looked for in the whole line and its last mention counts, as in
//! Liquibase; what it does not know it passes over.

use std::sync::LazyLock;

use regex::Regex;

use super::directive::pattern;

/// What a changeset line says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are Liquibase's own attributes, one by one")]
pub(super) struct Attributes {
    pub(super) author: String,
    pub(super) id: String,
    pub(super) splits_statements: bool,
    pub(super) strips_comments: bool,
    pub(super) runs_on_change: bool,
    pub(super) runs_always: bool,
    pub(super) is_atomic: bool,
    pub(super) is_ignored: bool,
    pub(super) end_delimiter: Option<String>,
    pub(super) logical_path: Option<String>,
    pub(super) context: Option<String>,
    pub(super) labels: Option<String>,
    pub(super) dbms: Option<String>,
    pub(super) run_with: Option<String>,
}

/// An attribute: its name, which tells quickly that a line lacks it, and its expression.
struct Attribute(&'static str, LazyLock<Regex>);

macro_rules! attributes {
    ($($name:ident = $word:literal, $value:literal;)*) => {
        $(static $name: Attribute =
            Attribute($word, LazyLock::new(|| pattern(concat!(".*", $word, ":", $value, ".*"))));)*
    };
}

// The names are in lower case; the expressions do not mind the case.
attributes! {
    SPLIT_STATEMENTS = "splitstatements", r"(\w+)";
    STRIP_COMMENTS = "stripcomments", r"(\w+)";
    RUN_ON_CHANGE = "runonchange", r"(\w+)";
    RUN_ALWAYS = "runalways", r"(\w+)";
    RUN_IN_TRANSACTION = "runintransaction", r"(\w+)";
    IGNORE = "ignore", r"(\w*)";
    END_DELIMITER = "\\benddelimiter", r"(\S*)";
    LOGICAL_PATH = "logicalfilepath", r"(\S*)";
    CONTEXT = "context", r#"(".*?"|\S*)"#;
    CONTEXT_FILTER = "contextfilter", r#"(".*?"|\S*)"#;
    LABELS = "labels", r#"(".*?"|\S*)"#;
    DBMS = "dbms", r"([^,][\w!,]+)";
    RUN_WITH = "runwith", r"([\w${}]+)";
}

impl Attribute {
    fn of(&self, line: &str, lower: &str) -> Option<String> {
        if !lower.contains(self.0.trim_start_matches("\\b")) {
            return None;
        }
        self.1.captures(line).map(|found| unquoted(&found[1]))
    }

    fn is_true(&self, line: &str, lower: &str) -> Option<bool> {
        self.of(line, lower).map(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// Reads a changeset line, of which author and id are known.
pub(super) fn read(line: &str, author: &str, id: &str) -> Attributes {
    let lower = line.to_ascii_lowercase();
    let text = |attribute: &Attribute| attribute.of(line, &lower);
    let is_true = |attribute: &Attribute, default| attribute.is_true(line, &lower).unwrap_or(default);
    Attributes {
        author: unquoted(author),
        id: unquoted(id),
        splits_statements: is_true(&SPLIT_STATEMENTS, true),
        strips_comments: is_true(&STRIP_COMMENTS, true),
        runs_on_change: is_true(&RUN_ON_CHANGE, false),
        runs_always: is_true(&RUN_ALWAYS, false),
        is_atomic: is_true(&RUN_IN_TRANSACTION, true),
        is_ignored: is_true(&IGNORE, false),
        end_delimiter: text(&END_DELIMITER),
        logical_path: text(&LOGICAL_PATH).filter(|path| !path.is_empty()),
        context: context(line),
        labels: text(&LABELS),
        dbms: text(&DBMS),
        run_with: text(&RUN_WITH),
    }
}

/// The context expression in a line; `contextFilter` comes before the older `context`.
pub(super) fn context(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    CONTEXT_FILTER.of(line, &lower).or_else(|| CONTEXT.of(line, &lower))
}

/// The labels in a line.
pub(super) fn labels(line: &str) -> Option<String> {
    LABELS.of(line, &line.to_ascii_lowercase())
}

/// The kinds of database in a line.
pub(super) fn dbms(line: &str) -> Option<String> {
    DBMS.of(line, &line.to_ascii_lowercase())
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).to_owned()
}
