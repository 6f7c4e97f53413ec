//! The settings of checks, in the form of Liquibase's `liquibase.checks-settings.conf`: plain YAML with rules, each
//! known by its id, by that of the rule it is a copy of, or by its short name.
//!
//! A check without a rule does not look, as in Liquibase. Absent on purpose: the encoded and the tagged forms that
//! Liquibase wrote up to 4.6.

use super::checks::{self, Check, Judge};
use super::{SETTINGS_HELP, Severity};
use crate::domain::changelog::Problem;
use crate::domain::yaml::{self, Content, Key, Name, Resolved, Value};

/// The parameter of the checks that count columns, and what it is when nothing is said: those of Liquibase.
const MAX_COLUMNS: (&str, usize) = ("MAX_COLUMNS", 50);

/// The checks that look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Them, in the order of the file.
    pub enabled: Vec<Enabled>,
}

/// A check that looks.
#[derive(Debug, Clone)]
pub struct Enabled {
    /// The check.
    pub check: &'static Check,
    /// The name it has in the settings: a copy has one of its own.
    pub short_name: String,
    /// What it is called there.
    pub title: String,
    /// How much it matters.
    pub severity: Severity,
    /// The most columns that a table may have, for the check that counts them.
    pub max_columns: usize,
}

impl PartialEq for Enabled {
    fn eq(&self, other: &Self) -> bool {
        let parts =
            |it: &Self| (it.check.id, it.short_name.clone(), it.title.clone(), it.severity, it.max_columns);
        parts(self) == parts(other)
    }
}

impl Eq for Enabled {}

impl Default for Settings {
    /// What Liquibase does without a file: its own checks look, and nothing that they find matters much.
    fn default() -> Self {
        let enabled = checks::all().filter(|check| check.is_on_by_default).map(Enabled::new).collect();
        Self { enabled }
    }
}

impl Enabled {
    fn new(check: &'static Check) -> Self {
        Self {
            check,
            short_name: check.short_name.to_owned(),
            title: check.title.to_owned(),
            severity: Severity::Info,
            max_columns: MAX_COLUMNS.1,
        }
    }
}

impl Settings {
    /// Reads the file at `path`; `None` when it cannot be used. The problems are all that is wrong with it, and what is
    /// asked for that is not known here.
    pub fn read(path: &str, text: &str) -> (Option<Self>, Vec<Problem>) {
        if let Some(problem) = old_form(path, text) {
            return (None, vec![problem]);
        }
        let (value, repeated) = match yaml::compose(text) {
            Ok((value, repeated)) => (value, repeated),
            Err(fault) => {
                let text = format!("the YAML cannot be read: {}", fault.text);
                return (None, vec![Problem::error(path, Some(fault.line), text, fault.mend)]);
            }
        };
        let mut reader = Reader { path, problems: Vec::new(), enabled: Vec::new(), ids: Vec::new() };
        for fault in repeated {
            reader.error(fault.line, &fault.text, fault.mend);
        }
        match value {
            Some(Value { content: Content::Mapping(entries), .. }) => reader.file(&entries),
            value => reader.error(value.map_or(1, |it| it.line), "there are no `rules`", SETTINGS_HELP),
        }
        let is_usable = reader.problems.iter().all(|problem| !problem.is_error);
        (is_usable.then_some(Self { enabled: reader.enabled }), reader.problems)
    }

    /// Only the checks of these names, or all but those with `!` in front. The error is a name that is not among them.
    pub fn only<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Result<Self, String> {
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        for name in names.into_iter().map(str::trim).filter(|name| !name.is_empty()) {
            let bare = name.trim_start_matches('!').trim();
            if !self.enabled.iter().any(|it| it.is_called(bare)) {
                return Err(bare.to_owned());
            }
            if name.starts_with('!') { unwanted.push(bare) } else { wanted.push(bare) }
        }
        self.enabled.retain(|it| {
            let is_among = |names: &[&str]| names.iter().any(|name| it.is_called(name));
            (wanted.is_empty() || is_among(&wanted)) && !is_among(&unwanted)
        });
        Ok(self)
    }
}

impl Enabled {
    fn is_called(&self, name: &str) -> bool {
        self.short_name.eq_ignore_ascii_case(name)
    }
}

/// Why a file of an older Liquibase is not read.
fn old_form(path: &str, text: &str) -> Option<Problem> {
    let mut lines =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let (index, first) = lines.next()?;
    let is_encoded =
        || first.len() > 60 && first.chars().all(|it| it.is_ascii_alphanumeric() || "+/=".contains(it));
    let is_old = first.trim_start().starts_with("Quality Checks Version")
        || text.contains("!!com.datical")
        || is_encoded();
    is_old.then(|| {
        let mend = "Let `liquibase checks show` of 4.7 or later write it anew, or write `rules:` by hand as \
            docs/policy.md shows.";
        Problem::error(path, Some(index + 1), "it has the form of Liquibase 4.6 or older", mend)
    })
}

struct Reader<'a> {
    path: &'a str,
    problems: Vec<Problem>,
    enabled: Vec<Enabled>,
    /// The ids so far, each with its line.
    ids: Vec<(String, usize)>,
}

/// The keys of a rule.
const KEYS: [&str; 8] =
    ["description", "enabled", "id", "name", "parameters", "parentRuleId", "severity", "shortName"];

impl Reader<'_> {
    fn error(&mut self, line: usize, text: &str, mend: &str) {
        self.problems.push(Problem::error(self.path, Some(line), text, mend));
    }

    fn warn(&mut self, line: usize, text: &str, mend: &str) {
        self.problems.push(Problem::warning(self.path, Some(line), text, mend));
    }

    fn file(&mut self, entries: &[(Key, Value)]) {
        const OTHERS: [&str; 3] = ["fileCreated", "fileModified", "version"];
        let mut has_rules = false;
        for (key, value) in entries {
            match &key.name {
                Name::Text(name) if name == "rules" => {
                    has_rules = true;
                    self.rules(value);
                }
                Name::Text(name) if OTHERS.contains(&name.as_str()) => {}
                Name::Text(name) if name == "checksPackages" => {
                    let mend = "Name a file with `rules:` itself.";
                    self.error(key.line, "it is a file of packages, not of settings", mend);
                    has_rules = true;
                }
                name => {
                    let text = format!("{} means nothing here", shown(name));
                    self.error(
                        key.line,
                        &text,
                        "Beside `rules` there are fileCreated, fileModified and version.",
                    );
                }
            }
        }
        if !has_rules {
            self.error(entries.first().map_or(1, |(key, _)| key.line), "there are no `rules`", SETTINGS_HELP);
        }
    }

    fn rules(&mut self, value: &Value) {
        match &value.content {
            Content::List(rules) => {
                for rule in rules.iter() {
                    match &rule.content {
                        Content::Mapping(entries) => self.rule(rule.line, entries),
                        _ => self.error(rule.line, "a rule is not a mapping", SETTINGS_HELP),
                    }
                }
            }
            Content::Scalar(Resolved::Null) => {}
            _ => self.error(value.line, "`rules` is not a list", SETTINGS_HELP),
        }
    }

    fn rule(&mut self, line: usize, entries: &[(Key, Value)]) {
        let mut known: Vec<(&str, &Value)> = Vec::new();
        for (key, value) in entries {
            match &key.name {
                Name::Text(name) if KEYS.contains(&name.as_str()) => known.push((name, value)),
                name => {
                    let text = format!("a rule has no {}", shown(name));
                    self.error(key.line, &text, &format!("A rule has {}.", KEYS.join(", ")));
                }
            }
        }
        let find = |name: &str| known.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let [id, parent, short_name, title] = ["id", "parentRuleId", "shortName", "name"]
            .map(|name| find(name).and_then(|value| self.text(name, value)));
        let is_enabled = find("enabled").is_some_and(|value| self.is_true(value));
        let severity = find("severity").map_or(Some(Severity::Info), |value| self.severity(value));
        if let Some(id) = &id {
            if let Some((_, first)) = self.ids.iter().find(|(known, _)| known == id) {
                let text = format!("the id {id} stands in line {first} already");
                self.error(
                    line,
                    &text,
                    "Keep one of the rules, or give the copy an id of its own and a parentRuleId.",
                );
            }
            self.ids.push((id.clone(), line));
        }
        let called = short_name.as_deref();
        let check = id.as_deref().and_then(checks::identified);
        let check = check.or_else(|| parent.as_deref().and_then(checks::identified));
        let check = check.or_else(|| called.and_then(checks::called));
        let Some(check) = check else {
            self.unknown(line, is_enabled, called.or(title.as_deref()).or(id.as_deref()));
            return;
        };
        let max_columns =
            find("parameters").map_or(Some(MAX_COLUMNS.1), |value| self.parameters(check, value));
        let (Some(severity), Some(max_columns), true) = (severity, max_columns, is_enabled) else { return };
        self.enabled.push(Enabled {
            short_name: short_name.unwrap_or_else(|| check.short_name.to_owned()),
            title: title.unwrap_or_else(|| check.title.to_owned()),
            severity,
            max_columns,
            check,
        });
    }

    /// A rule for a check that lockstep does not have. One that is off asks for nothing.
    fn unknown(&mut self, line: usize, is_enabled: bool, name: Option<&str>) {
        match name {
            None => self.error(line, "a rule has neither `shortName` nor `id`", SETTINGS_HELP),
            Some(name) if is_enabled => {
                let text = format!("the check {name} is not known here and is not checked");
                let mend =
                    "`lockstep check --list` shows what is; with a licence, Liquibase itself can check it.";
                self.warn(line, &text, mend);
            }
            Some(_) => {}
        }
    }

    fn text(&mut self, name: &str, value: &Value) -> Option<String> {
        match &value.content {
            Content::Scalar(Resolved::Value(scalar)) => Some(yaml::printed(scalar)),
            Content::Scalar(Resolved::Null) => None,
            _ => {
                self.error(value.line, &format!("`{name}` is not a text"), "Put it in quotes.");
                None
            }
        }
    }

    fn is_true(&mut self, value: &Value) -> bool {
        let text = self.text("enabled", value).unwrap_or_default();
        match text.as_str() {
            "true" => true,
            "false" => false,
            other => {
                self.error(value.line, &format!("`enabled` is `{other}`"), "Write true or false.");
                false
            }
        }
    }

    fn severity(&mut self, value: &Value) -> Option<Severity> {
        let text = self.text("severity", value)?;
        let severity = Severity::parse(&text);
        if severity.is_none() {
            let mend = "Write INFO, MINOR, MAJOR, CRITICAL or BLOCKER, or 0 to 4.";
            self.error(value.line, &format!("`severity` is `{text}`, which is none"), mend);
        }
        severity
    }

    /// The most columns that a table may have.
    fn parameters(&mut self, check: &Check, value: &Value) -> Option<usize> {
        let mend = "Write `- parameter: MAX_COLUMNS` and `value: 50` below it.";
        let mut max = MAX_COLUMNS.1;
        let Content::List(list) = &value.content else {
            if matches!(value.content, Content::Scalar(Resolved::Null)) {
                return Some(max);
            }
            self.error(value.line, "`parameters` is not a list", mend);
            return None;
        };
        for item in list.iter() {
            let Content::Mapping(entries) = &item.content else {
                self.error(item.line, "a parameter is not a mapping", mend);
                return None;
            };
            let mut get = |wanted: &str| {
                let is_it = |key: &Key| matches!(&key.name, Name::Text(name) if name == wanted);
                entries.iter().find(|(key, _)| is_it(key)).and_then(|(_, value)| self.text(wanted, value))
            };
            let (name, given) = (get("parameter"), get("value"));
            let name = name.unwrap_or_default();
            if !matches!(check.judge, Judge::Columns) || name != MAX_COLUMNS.0 {
                let text = format!("{} has no parameter `{name}`", check.short_name);
                self.warn(item.line, &text, "Take it out: it changes nothing.");
                continue;
            }
            let Some(number) =
                given.as_deref().and_then(|text| text.trim().parse().ok()).filter(|it| *it > 0)
            else {
                let text = format!("`{name}` is `{}`", given.unwrap_or_default());
                self.error(item.line, &text, "Write a whole number above 0.");
                return None;
            };
            max = number;
        }
        Some(max)
    }
}

fn shown(name: &Name) -> String {
    match name {
        Name::Text(name) => format!("`{name}`"),
        Name::Merge => "`<<`".to_owned(),
        Name::Other => "key that is no text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Settings>, Vec<String>) {
        let (settings, problems) = Settings::read("c.conf", text);
        (settings, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_settings_of_the_demo_are_the_twelve_as_blockers() {
        let text = include_str!("../../../flows/liquibase.checks-settings.conf");
        let (settings, problems) = read(text);
        assert_eq!(problems, Vec::<String>::new());
        let enabled = settings.unwrap().enabled;
        let mut names: Vec<_> = enabled.iter().map(|it| it.check.short_name).collect();
        names.sort_unstable();
        let mut twelve: Vec<_> = Settings::default().enabled.iter().map(|it| it.check.short_name).collect();
        twelve.sort_unstable();
        assert_eq!(names, twelve);
        assert!(enabled.iter().all(|it| it.severity == Severity::Blocker && it.max_columns == 50));
    }

    #[test]
    fn a_copy_is_known_by_its_parent_and_keeps_its_own_name_and_numbers() {
        let text = "rules:\n- {enabled: true, id: own, parentRuleId: 2abde5de-a71d-3ead-8fd6-e13a743c0aec, \
            shortName: Narrow, name: Narrow tables, severity: major, \
            parameters: [{parameter: MAX_COLUMNS, value: 3}]}\n\
            - {enabled: yes, id: 38FC7EDF-9a60-3d00-8b40-23c7e719745f, shortName: Renamed, severity: 3}\n\
            - {enabled: true, shortName: pgserial}\n- {enabled: false, shortName: SqlRevokeWarn, severity: 4}\n";
        let (settings, problems) = read(text);
        assert_eq!(problems, Vec::<String>::new());
        let enabled = settings.unwrap().enabled;
        let short = |it: &Enabled| (it.check.short_name, it.short_name.clone(), it.severity, it.max_columns);
        let found: Vec<_> = enabled.iter().map(short).collect();
        assert_eq!(
            found,
            [
                ("TableColumnLimit", "Narrow".to_owned(), Severity::Major, 3),
                ("SqlGrantWarn", "Renamed".to_owned(), Severity::Critical, 50),
                ("PgSerial", "pgserial".to_owned(), Severity::Info, 50),
            ]
        );
        assert_eq!(enabled[0].title, "Narrow tables");
    }

    #[test]
    fn what_is_not_known_here_is_said_and_the_rest_still_counts() {
        let text = "rules:\n- {enabled: true, shortName: WarnOnUseDatabase, id: x, severity: 4}\n\
            - {enabled: false, shortName: OneChangePerChangeset, id: y}\n- {enabled: true, shortName: SqlGrantWarn}\n";
        let (settings, problems) = read(text);
        assert_eq!(settings.unwrap().enabled.len(), 1);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].starts_with("c.conf:2: the check WarnOnUseDatabase is not known here"),
            "{problems:?}"
        );
    }

    #[test]
    fn every_problem_of_a_file_is_told_at_once_with_its_line() {
        let text = "colour: red\nrules:\n- shortName: SqlGrantWarn\n  severity: high\n  enabled: maybe\n  tint: 1\n\
            - shortName: TableColumnLimit\n  enabled: true\n  parameters: [{parameter: MAX_COLUMNS, value: many}]\n\
            - {enabled: true}\n- word\n";
        let (settings, problems) = read(text);
        assert_eq!(settings, None);
        let expected = [
            "c.conf:1: `colour` means nothing here",
            "c.conf:4: `severity` is `high`",
            "c.conf:5: `enabled` is `maybe`",
            "c.conf:6: a rule has no `tint`",
            "c.conf:9: `MAX_COLUMNS` is `many`",
            "c.conf:10: a rule has neither `shortName` nor `id`",
            "c.conf:11: a rule is not a mapping",
        ];
        for expected in expected {
            assert!(
                problems.iter().any(|problem| problem.starts_with(expected)),
                "{expected}: {problems:#?}"
            );
        }
        for (text, expected) in [
            ("", "c.conf:1: there are no `rules`"),
            ("version: '1.1'\n", "c.conf:1: there are no `rules`"),
            ("rules: [", "c.conf:1: the YAML cannot be read"),
            ("rules: 1\n", "c.conf:1: `rules` is not a list"),
        ] {
            assert!(read(text).1.iter().any(|it| it.starts_with(expected)), "{text}: {:?}", read(text).1);
        }
    }

    #[test]
    fn a_file_of_an_old_liquibase_is_refused_with_a_way_out() {
        for text in [
            "Quality Checks Version: 1.0\nrules: []\n",
            "## x\n!!com.datical.liquibase.ext.rules.Settings {rules: []}\n",
            &"QUJD".repeat(30),
        ] {
            let (settings, problems) = read(text);
            assert_eq!(settings, None);
            assert!(
                problems[0].contains("4.6 or older") && problems[0].contains("checks show"),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn names_choose_checks_and_an_unknown_one_is_named() {
        let names = |text: &str| {
            let only = Settings::default().only(text.split(','))?;
            Ok::<_, String>(only.enabled.iter().map(|it| it.short_name.clone()).collect::<Vec<_>>())
        };
        assert_eq!(
            names("sqlgrantwarn, SqlRevokeWarn"),
            Ok(vec!["SqlGrantWarn".into(), "SqlRevokeWarn".into()])
        );
        assert_eq!(names("!SqlGrantWarn").map(|names| names.len()), Ok(11));
        assert_eq!(names("SqlGrantWarn,!SqlGrantWarn").map(|names| names.len()), Ok(0));
        assert_eq!(names("Nope"), Err("Nope".to_owned()));
    }
}
