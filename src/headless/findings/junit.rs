//! The report as the XML of `JUnit`, which build servers show: a suite per changeset or table, a test per finding, and one that
//! passes where there is none. What is waived is skipped.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::{Report, place};
use crate::domain::policy::{Finding, Subject};

pub(super) fn render(report: &Report<'_>) -> String {
    let mut xml = Xml(Writer::new_with_indent(Vec::new(), b' ', 2));
    xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    let verdict = report.verdict;
    let changesets = verdict.changesets.iter().map(|id| (id.to_string(), Subject::Changeset(id.clone())));
    let tables = verdict.tables.iter().map(|name| (format!("table {name}"), Subject::Table(name.clone())));
    let suites: Vec<_> = changesets.chain(tables).collect();
    let tests =
        |subject: &Subject| verdict.findings.iter().filter(|it| it.subject == *subject).count().max(1);
    let total: usize = suites.iter().map(|(_, subject)| tests(subject)).sum();
    let failures = verdict.standing().count();
    let skipped = verdict.findings.len() - failures;
    xml.open("testsuites", &counts("lockstep check", total, failures, skipped));
    for (name, subject) in &suites {
        let findings: Vec<_> = verdict.findings.iter().filter(|it| it.subject == *subject).collect();
        let standing = findings.iter().filter(|finding| finding.waiver.is_none()).count();
        xml.open("testsuite", &counts(name, tests(subject), standing, findings.len() - standing));
        if findings.is_empty() {
            let name = format!("{} checks", verdict.checks.len());
            xml.open("testcase", &[("name", name), ("classname", subject_class(subject))]);
            xml.close("testcase");
        }
        for finding in findings {
            xml.case(finding);
        }
        xml.close("testsuite");
    }
    xml.close("testsuites");
    let mut text = String::from_utf8_lossy(&xml.0.into_inner()).into_owned();
    text.push('\n');
    text
}

fn counts(name: &str, tests: usize, failures: usize, skipped: usize) -> [(&'static str, String); 5] {
    [
        ("name", name.to_owned()),
        ("tests", tests.to_string()),
        ("failures", failures.to_string()),
        ("errors", "0".to_owned()),
        ("skipped", skipped.to_string()),
    ]
}

fn subject_class(subject: &Subject) -> String {
    match subject {
        Subject::Changeset(id) => id.path.clone(),
        Subject::Table(_) => "database".to_owned(),
    }
}

/// Writes elements; what is written into memory cannot fail.
struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn event(&mut self, event: Event<'_>) {
        self.0.write_event(event).ok();
    }

    fn open(&mut self, name: &str, attributes: &[(&str, String)]) {
        let mut element = BytesStart::new(name);
        for (name, value) in attributes {
            element.push_attribute((*name, allowed(value).as_str()));
        }
        self.event(Event::Start(element));
    }

    fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    fn case(&mut self, finding: &Finding) {
        let name = format!("{} at {}", finding.check, place(finding));
        let class = subject_class(&finding.subject);
        let mut attributes = vec![("name", name), ("classname", class)];
        if let Some(place) = &finding.place {
            attributes.extend([("file", place.file.clone()), ("line", place.line.to_string())]);
        }
        self.open("testcase", &attributes);
        if let Some(waiver) = &finding.waiver {
            let message = format!("{} ({}, until {})", waiver.reason, waiver.owner, waiver.expires);
            self.open("skipped", &[("message", message)]);
            self.close("skipped");
        } else {
            let kind = finding.severity.word().to_owned();
            self.open("failure", &[("message", finding.title.clone()), ("type", kind)]);
            let within = finding.within.as_ref().map_or_else(String::new, |within| format!("in {within}\n"));
            let text = format!("{within}{}\n\n{}\n{}", finding.statement, finding.why, finding.mend);
            self.event(Event::Text(BytesText::new(&allowed(&text))));
            self.close("failure");
        }
        self.close("testcase");
    }
}

/// The text without the control characters that XML 1.0 has no form for.
fn allowed(text: &str) -> String {
    let is_allowed = |sign: char| {
        !sign.is_control() || matches!(sign, '\n' | '\t' | '\r') || ('\u{7f}'..='\u{9f}').contains(&sign)
    };
    text.chars()
        .map(
            |sign| {
                if is_allowed(sign) && !matches!(sign, '\u{fffe}' | '\u{ffff}') { sign } else { '\u{fffd}' }
            },
        )
        .collect()
}
