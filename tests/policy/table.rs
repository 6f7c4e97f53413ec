//! Every check against the cases of its file: what is bad is found, what is good is not.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lockstep::domain::changelog::{Changelog, Files, Surroundings};
use lockstep::domain::policy::{Judged, Policy, Settings, Verdict, checks};

/// A line of a file.
pub(crate) struct Case {
    /// Where it is written.
    pub(crate) place: String,
    pub(crate) is_bad: bool,
    /// `sql` and the like.
    pub(crate) form: String,
    /// Attributes of its changeset.
    attributes: String,
    pub(crate) text: String,
}

/// A file.
pub(crate) struct Cases {
    pub(crate) check: String,
    max_columns: usize,
    pub(crate) given: Vec<String>,
    pub(crate) lines: Vec<Case>,
}

/// Reads every file.
pub(crate) fn all() -> Vec<Cases> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/cases");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts = paths.iter().filter(|path| path.extension().is_some_and(|it| it == "txt"));
    texts
        .map(|path| cases(path.file_stem().unwrap().to_str().unwrap(), &fs::read_to_string(path).unwrap()))
        .collect()
}

fn cases(check: &str, text: &str) -> Cases {
    let mut cases = Cases { check: check.to_owned(), max_columns: 50, given: Vec::new(), lines: Vec::new() };
    for (index, line) in
        text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        let (word, rest) = line.split_once(' ').unwrap();
        let rest = rest.replace('⏎', "\n");
        match word {
            "max" => cases.max_columns = rest.parse().unwrap(),
            "given" => cases.given.push(rest),
            "bad" | "good" => {
                let (form, text) = rest.split_once(' ').unwrap();
                let bracket =
                    text.strip_prefix('[').filter(|_| form == "sql").and_then(|it| it.split_once("] "));
                let (attributes, text) = bracket.unwrap_or(("splitStatements:false", text));
                cases.lines.push(Case {
                    place: format!("{check}.txt:{}", index + 1),
                    is_bad: word == "bad",
                    form: form.to_owned(),
                    attributes: attributes.to_owned(),
                    text: text.to_owned(),
                });
            }
            _ => panic!("{check}.txt:{}: `{word}` is no word for a case", index + 1),
        }
    }
    cases
}

impl Case {
    /// The changelog that the case is.
    pub(crate) fn files(&self, given: &[String]) -> Files {
        let yaml = |rest: &str| format!("databaseChangeLog:\n- changeSet: {{id: case, author: a, {rest}}}\n");
        let text = &self.text;
        let (name, content, beside) = match self.form.as_str() {
            "sql" => {
                let head = format!("--liquibase formatted sql\n--changeset a:case {}", self.attributes);
                ("case.sql", format!("{head}\n{text}\n"), None)
            }
            "file" => ("case.yaml", yaml("changes: [{sqlFile: {path: text.sql}}]"), Some(text.clone())),
            "yaml" if text.starts_with('{') => ("case.yaml", yaml(&format!("changes: [{text}]")), None),
            "yaml" => ("case.yaml", yaml(text), None),
            "json" => {
                let set = format!(r#"{{"id": "case", "author": "a", "changes": [{text}]}}"#);
                ("case.json", format!(r#"{{"databaseChangeLog": [{{"changeSet": {set}}}]}}"#), None)
            }
            "xml" => {
                let set = format!(r#"<changeSet id="case" author="a">{text}</changeSet>"#);
                let space = "http://www.liquibase.org/xml/ns/dbchangelog";
                let names = format!(
                    r#"xmlns="{space}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{space} {space}/dbchangelog-latest.xsd""#
                );
                let all = format!("<databaseChangeLog {names}>{set}</databaseChangeLog>");
                ("case.xml", all, None)
            }
            form => panic!("{}: `{form}` is no form", self.place),
        };
        let mut earlier = "--liquibase formatted sql\n".to_owned();
        for (index, given) in given.iter().enumerate() {
            write!(earlier, "--changeset a:given-{index}\n{given}\n").unwrap();
        }
        let includes =
            format!("databaseChangeLog:\n- include: {{file: given.sql}}\n- include: {{file: {name}}}\n");
        let mut files = Files::from([
            ("root.yaml".to_owned(), includes.into_bytes()),
            ("given.sql".to_owned(), earlier.into_bytes()),
            (name.to_owned(), content.into_bytes()),
        ]);
        files.extend(beside.map(|text| ("text.sql".to_owned(), text.into_bytes())));
        files
    }

    /// The SQL of a case that is nothing else, as PostgreSQL would get it.
    pub(crate) fn sql(&self) -> Option<&str> {
        let is_whole =
            self.attributes == "splitStatements:false" || self.attributes.starts_with("runInTransaction");
        (matches!(self.form.as_str(), "sql" | "file") && is_whole).then_some(&self.text)
    }
}

/// What all checks find in a case, those of the file with its parameters.
pub(crate) fn judge(cases: &Cases, case: &Case) -> Verdict {
    let (changelog, problems) =
        Changelog::read(&case.files(&cases.given), "root.yaml", &Surroundings::default());
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.is_error).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{}: {}: {errors:?}", case.place, case.text);
    let mut rules = String::from("rules:\n");
    for check in checks::all() {
        let parameters = if check.short_name == "TableColumnLimit" {
            format!(", parameters: [{{parameter: MAX_COLUMNS, value: {}}}]", cases.max_columns)
        } else {
            String::new()
        };
        writeln!(rules, "- {{enabled: true, shortName: {}, severity: 4{parameters}}}", check.short_name)
            .unwrap();
    }
    let (settings, problems) = Settings::read("all", &rules);
    assert_eq!(problems, []);
    let policy = Policy { settings: settings.unwrap(), ..Policy::default() };
    let mut verdict = policy.judge(&changelog, Judged::All, "2026-01-01".parse().unwrap());
    verdict.findings.retain(|it| it.place.as_ref().is_none_or(|place| place.file != "given.sql"));
    verdict
}

#[test]
fn every_check_finds_what_is_bad_and_nothing_else() {
    let mut wrong = Vec::new();
    let mut counted = 0;
    for cases in all() {
        for case in &cases.lines {
            let verdict = judge(&cases, case);
            let is_found = verdict.findings.iter().any(|finding| finding.check == cases.check);
            let unread = verdict.findings.iter().find(|finding| finding.check == "SqlParseFailure");
            if is_found != case.is_bad {
                let word = if is_found { "is found" } else { "is not found" };
                wrong.push(format!("{} {word}: {}", case.place, case.text));
            } else if let (Some(unread), true) = (unread, cases.check != "SqlParseFailure") {
                wrong.push(format!("{} cannot be read: {}: {}", case.place, case.text, unread.why));
            }
            counted += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {counted}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_check_has_five_cases_of_each_kind_and_some_of_both_are_modelled() {
    let all = all();
    let of_changelogs = checks::all().filter(|check| check.scopes.contains(&checks::Scope::Changelog));
    for check in of_changelogs.chain([checks::SYNTAX]) {
        let cases = all.iter().find(|cases| cases.check == check.short_name);
        let cases = cases.unwrap_or_else(|| panic!("{} has no cases", check.short_name));
        for is_bad in [true, false] {
            let kind: Vec<_> = cases.lines.iter().filter(|case| case.is_bad == is_bad).collect();
            assert!(kind.len() >= 5, "{}: {} cases", check.short_name, kind.len());
            let modelled = kind.iter().filter(|case| !matches!(case.form.as_str(), "sql" | "file")).count();
            assert!(modelled >= 1, "{}", check.short_name);
        }
    }
    // All but the one for databases alone, and the one for what cannot be read.
    assert_eq!(all.len(), checks::all().count(), "a file belongs to no check");
}
