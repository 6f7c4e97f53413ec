//! What is written about findings: text for people, JSON, SARIF and `JUnit`, and waivers in all of them.

use std::collections::BTreeMap;

use lockstep::domain::changelog::{Changelog, Files, Problem, Surroundings};
use lockstep::domain::policy::{Judged, Policy, Scope, Settings, Severity, Verdict, Waivers};
use lockstep::headless::findings::{Form, Opinion, Report};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

/// What hurts a form that does not mind what it writes.
const HOSTILE: &str = "--liquibase formatted sql
--changeset store:1-<drop>
alter table a drop column \"<b>&amp;'\";
--rollback empty
--changeset store:2
do $$ begin
  grant select on a to b;
end $$;
--changeset store:3
select 1;
--rollback empty
";

const RULES: &str = "rules:
- {enabled: true, shortName: ChangeDropColumnWarn, severity: BLOCKER}
- {enabled: true, shortName: SqlGrantWarn, severity: 2}
- {enabled: true, shortName: RollbackRequired, severity: 1}
- {enabled: true, shortName: WarnOnUseDatabase, severity: 4}
";

const WAIVERS: &str = "[[waiver]]
check = 'ChangeDropColumnWarn'
changeset = 'odd path.sql::1-<drop>::store'
reason = 'nobody reads \"it\" <any more>'
owner = 'ann'
expires = 2027-01-31
[[waiver]]
check = 'SqlGrantWarn'
changeset = '2'
reason = 'was agreed'
owner = 'bob'
expires = 2026-01-31
[[waiver]]
check = 'SqlGrantWarn'
changeset = '3'
reason = 'never needed'
owner = 'bob'
expires = 2027-01-31
";

struct Case {
    policy: Policy,
    problems: Vec<Problem>,
    verdict: Verdict,
}

impl Case {
    fn new(waivers: &str) -> Self {
        let text = HOSTILE.replace("splitStatements", "");
        let text = text.replace("store:2", "store:2 splitStatements:false");
        let files = Files::from([("odd path.sql".to_owned(), text.into_bytes())]);
        let (changelog, problems) = Changelog::read(&files, "odd path.sql", &Surroundings::default());
        assert_eq!(problems, []);
        let (settings, mut problems) = Settings::read("rules.conf", RULES);
        let (waivers, found) = Waivers::read("waivers.toml", waivers);
        problems.extend(found);
        let policy = Policy { settings: settings.unwrap(), waivers, ..Policy::default() };
        let mut verdict = policy.judge(&changelog, Judged::All, "2026-06-01".parse().unwrap());
        verdict.notes.extend(policy.unneeded(&verdict, &[Scope::Changelog]));
        Self { policy, problems, verdict }
    }

    fn render(&self, form: Form) -> String {
        self.report(None).render(form)
    }

    fn report(&self, other: Option<Opinion>) -> Report<'_> {
        Report {
            subject: "odd path.sql".to_owned(),
            settings: "rules.conf".to_owned(),
            environment: None,
            scopes: vec![Scope::Changelog],
            policy: &self.policy,
            verdict: &self.verdict,
            problems: &self.problems,
            other,
        }
    }
}

#[test]
fn a_waiver_lets_its_finding_pass_until_its_day_and_the_others_are_named() {
    let case = Case::new(WAIVERS);
    let standing: Vec<_> = case.verdict.standing().map(|it| (it.check.as_str(), it.severity)).collect();
    assert_eq!(standing, [("SqlGrantWarn", Severity::Major), ("RollbackRequired", Severity::Minor)]);
    assert_eq!(case.verdict.findings.len(), 3);
    let notes: Vec<_> = case.verdict.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(
        notes[0].starts_with("waivers.toml:7: the waiver of SqlGrantWarn for 2 ended on 2026-01-31"),
        "{notes:#?}"
    );
    assert!(
        notes[1].starts_with("waivers.toml:13: the waiver of SqlGrantWarn for 3 is not needed"),
        "{notes:#?}"
    );
    assert_eq!(Case::new("").verdict.highest(), Some(Severity::Blocker));
}

#[test]
fn the_text_says_where_what_why_and_how_to_mend_it_and_how_the_command_ends() {
    insta::assert_snapshot!(Case::new(WAIVERS).render(Form::Text));
}

#[test]
fn a_second_opinion_stands_beside_ours_and_the_worse_one_counts() {
    let case = Case::new(WAIVERS);
    let opinion =
        |severity, words: &str| Opinion { severity, words: words.to_owned(), lines: vec!["said".into()] };
    let worse = case.report(Some(opinion(Some(Severity::Critical), "Liquibase has checked")));
    assert_eq!(worse.severity(), Severity::Critical);
    let none = case.report(Some(opinion(None, "Liquibase has checked nothing: no licence")));
    assert_eq!(none.severity(), Severity::Major);
    let text = none.render(Form::Text);
    assert!(text.contains("│ said\nLiquibase has checked nothing: no licence.\n"), "{text}");
    let json: Value = serde_json::from_str(&none.render(Form::Json)).unwrap();
    assert_eq!(json["liquibase"]["checked"], false);
}

#[test]
fn the_json_has_every_finding_with_its_place_and_its_waiver() {
    let json: Value = serde_json::from_str(&Case::new(WAIVERS).render(Form::Json)).unwrap();
    assert_eq!(json["exit_code"], 2);
    assert_eq!(json["highest"], "MAJOR");
    assert_eq!(json["standing"], 2);
    let findings = json["findings"].as_array().unwrap();
    let first = &findings[0];
    assert_eq!(first["changeset"], "odd path.sql::1-<drop>::store");
    assert_eq!(
        (&first["file"], &first["line"], &first["column"]),
        (&"odd path.sql".into(), &3.into(), &15.into())
    );
    assert_eq!(first["waiver"]["expires"], "2027-01-31");
    assert_eq!((&findings[1]["within"], &findings[1]["line"]), (&"a DO block".into(), &7.into()));
    assert_eq!(json["notes"].as_array().unwrap().len(), 3, "{:#}", json["notes"]);
}

/// What SARIF 2.1.0 requires of what is written here: sections 3.13, 3.14, 3.18, 3.19, 3.27 to 3.30, 3.35, 3.49.
#[test]
fn the_sarif_has_what_its_standard_requires() {
    let sarif: Value = serde_json::from_str(&Case::new(WAIVERS).render(Form::Sarif)).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(sarif["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let runs = sarif["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    let levels = ["none", "note", "warning", "error"];
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string(), "{rule:#}");
        assert!(levels.contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()), "{rule:#}");
    }
    assert_eq!(runs[0]["columnKind"], "unicodeCodePoints");
    let invocation = &runs[0]["invocations"][0];
    assert!(invocation["executionSuccessful"].is_boolean());
    assert_eq!(invocation["exitCode"], 2);
    let results = runs[0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(levels.contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        for location in result["locations"].as_array().unwrap() {
            let physical = &location["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            assert!(
                uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`#?:".contains(&byte)),
                "{uri}"
            );
            assert!(physical["region"]["startLine"].as_u64().unwrap() >= 1);
            assert!(physical["region"].get("startColumn").is_none_or(|column| column.as_u64().unwrap() >= 1));
        }
        for suppression in result.get("suppressions").and_then(Value::as_array).into_iter().flatten() {
            assert!(["inSource", "external"].contains(&suppression["kind"].as_str().unwrap()));
        }
    }
    assert_eq!(results[0]["level"], "error");
    assert_eq!(results[0]["suppressions"].as_array().unwrap().len(), 1);
    assert_eq!(results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "odd%20path.sql");
}

/// The XML read back: every element with its attributes, and the text of the failures.
#[test]
fn the_junit_is_read_back_with_the_numbers_that_it_names() {
    let xml = Case::new(WAIVERS).render(Form::Junit);
    let mut reader = Reader::from_str(&xml);
    reader.config_mut().check_end_names = true;
    let mut seen: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    let mut open = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => {
                let name = element.name().as_ref().to_owned();
                let attributes = element.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let key = attribute.key.as_ref().to_owned();
                    (
                        key,
                        attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap().into_owned(),
                    )
                });
                seen.entry(name.clone()).or_default().push(attributes.collect());
                open.push(name);
            }
            Event::End(_) => drop(open.pop()),
            Event::Text(part) => text.push_str(&part),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
    let all = &seen["testsuites"][0];
    let number = |name: &str| all[name].parse::<usize>().unwrap();
    assert_eq!((number("tests"), number("failures"), number("skipped")), (4, 2, 1));
    assert_eq!(seen["testcase"].len(), number("tests"));
    assert_eq!(seen["failure"].len(), number("failures"));
    assert_eq!(seen["skipped"].len(), number("skipped"));
    assert_eq!(seen["testsuite"][0]["name"], "odd path.sql::1-<drop>::store");
    assert!(seen["skipped"][0]["message"].contains("nobody reads \"it\" <any more>"));
    assert!(text.contains("grant select on a to b"), "{text}");
}
