//! Reports with everything in them, and with everything hostile in them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::{html, json};
use crate::domain::Timestamp;
use crate::domain::changelog::{ChangesetId, Place, Problem};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::grid::Mark;
use crate::domain::journal::Override;
use crate::domain::names::RunId;
use crate::domain::policy::{Finding, Severity, Subject, Verdict, Waiver};
use crate::domain::report::{
    Change, Changeset, FlowRun, Grid, GridEnvironment, GridRow, Instance, Kind, Line, Log, OperationReport,
    Origin, Outcome, Pair, PairSight, Plan, Proof, Record, Step, StepStatus, Word, Worker,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_874_531 + seconds).unwrap()
}

fn origin() -> Origin {
    let instance =
        Instance { id: "demo1".to_owned(), title: "Bagel Store".to_owned(), mode: "LIVE".to_owned() };
    let run = RunId::from_text("r-20261128-140211000-3fa2c-test");
    Origin { run, instance, began: at(0), ended: at(27), by: "ana".to_owned() }
}

fn step(name: &str, status: StepStatus, began: Option<i64>, took: u64) -> Step {
    Step {
        name: name.to_owned(),
        group: "Deploy".to_owned(),
        about: "does what it does".to_owned(),
        worker: if name == "service" { Worker::Others } else { Worker::Own },
        status,
        began: began.map(at),
        took: Duration::from_secs(took),
        code: None,
        note: "what came of it".to_owned(),
    }
}

fn verdict() -> Verdict {
    let id = ChangesetId {
        path: "changelog/013.sql".to_owned(),
        id: "013".to_owned(),
        author: "store".to_owned(),
    };
    let finding = Finding {
        check: "SqlGrantWarn".to_owned(),
        title: "Warn on grants".to_owned(),
        severity: Severity::Blocker,
        subject: Subject::Changeset(id.clone()),
        place: Some(Place { file: "changelog/013.sql".to_owned(), line: 7 }),
        column: Some(3),
        statement: "grant select on orders to intern;".to_owned(),
        within: Some("function restock".to_owned()),
        why: "Rights are given elsewhere.".to_owned(),
        mend: "Leave it out.".to_owned(),
        waiver: None,
    };
    let waived = Finding {
        subject: Subject::Table("public.orders".to_owned()),
        place: None,
        waiver: Some(Waiver {
            reason: "asked for".to_owned(),
            owner: "ben".to_owned(),
            expires: jiff::civil::date(2026, 12, 31),
        }),
        ..finding.clone()
    };
    let mut verdict = Verdict { findings: vec![finding, waived], ..Verdict::default() };
    verdict.changesets.push(id);
    verdict.checks.push("SqlGrantWarn".to_owned());
    verdict.tables.push("public.orders".to_owned());
    verdict.notes.push(Problem {
        file: "policy-waivers.toml".to_owned(),
        line: Some(3),
        changeset: verdict.changesets.first().cloned(),
        text: "nothing needs this waiver".to_owned(),
        mend: "Take it out.".to_owned(),
        is_error: false,
    });
    verdict
}

/// A report in which nothing is missing.
fn whole() -> OperationReport {
    let failure = Failure::new(FailureKind::ActionNeeded, "the deployment failed")
        .because("/health said 503")
        .hint("Mend the release.");
    OperationReport {
        change: Some(Change {
            from: Some("v1.1.0".to_owned()),
            to: "v1.2.0".to_owned(),
            image_from: Some("registry/store:v1.1.0".to_owned()),
            image_to: "registry/store:v1.2.0".to_owned(),
        }),
        usual: Some((Duration::from_secs(25), Duration::from_secs(40))),
        reason: Some("customers wait for it".to_owned()),
        words: vec![word()],
        overridden: Some(Override {
            conditions: vec!["v1.2.0 has not soaked".to_owned()],
            reason: "a fix that cannot wait".to_owned(),
        }),
        failure: Some(failure),
        plan: Some(plan()),
        steps: vec![
            step("lock", StepStatus::Done, Some(0), 1),
            step("anchor", StepStatus::Skipped, None, 0),
            step("update", StepStatus::Done, Some(1), 5),
            step("service", StepStatus::Failed, Some(6), 21),
            step("health", StepStatus::NotReached, None, 0),
        ],
        findings: Some(verdict()),
        evidence: ["refuted", "proven", "unknown"].map(proof).into(),
        pair: Some(Pair { before: sight("in step", 11), after: sight("schema ahead", 14) }),
        grid: Some(grid()),
        remarks: vec!["It was stopped.".to_owned()],
        log: Log {
            lines: vec![line("liquibase"), line("service")],
            left_out: Some((300, 1)),
            whole: Some("/logs/r-1.log".to_owned()),
        },
        records: vec![record()],
        ..OperationReport::new(
            origin(),
            Kind::Promotion,
            Outcome::ActionNeeded,
            "the deployment of v1.2.0 failed".to_owned(),
            "test".to_owned(),
        )
    }
}

fn word() -> Word {
    Word {
        at: at(-240),
        by: "ben".to_owned(),
        arn: Some("arn:aws:iam::000000000000:user/ben".to_owned()),
        said: "approved".to_owned(),
        note: "read every line".to_owned(),
    }
}

fn proof(verdict: &str) -> Proof {
    Proof { witness: "operation".to_owned(), verdict: verdict.to_owned(), seen: "51c0 failed".to_owned() }
}

fn sight(state: &str, applied: usize) -> PairSight {
    PairSight {
        state: state.to_owned(),
        why: Some("the releases are not known".to_owned()),
        app: Some("v1.1.0".to_owned()),
        applied: Some(applied),
        tag: Some("v1.1.0".to_owned()),
    }
}

fn plan() -> Plan {
    let changeset = |rollback: Option<&str>, kind: &str| Changeset {
        path: "changelog/009.sql".to_owned(),
        id: "009-allergens".to_owned(),
        author: "store".to_owned(),
        comment: "What a guest must know".to_owned(),
        checksum: Some("9:abc".to_owned()),
        sql: "create table allergens (\n  id int\n);".to_owned(),
        rollback_kind: kind.to_owned(),
        rollback: rollback.map(str::to_owned),
        is_done: rollback.is_some(),
    };
    Plan {
        digest: "8c41f0".repeat(10),
        archive_digest: "00ff".repeat(16),
        changesets: vec![changeset(Some("drop table allergens;"), "sql"), changeset(None, "missing")],
        already_applied: 11,
        order: vec!["lock".to_owned(), "update".to_owned()],
        way_back: "to the tag v1.1.0".to_owned(),
    }
}

fn grid() -> Grid {
    let row = |id: &str, planned, before, after| GridRow {
        path: "changelog/009.sql".to_owned(),
        id: id.to_owned(),
        author: "store".to_owned(),
        is_planned: planned,
        before: vec![before, before],
        after: vec![after, before],
    };
    let environment = |name: &str, is_drifted| GridEnvironment {
        name: name.to_owned(),
        before: "3 pending".to_owned(),
        after: Some("14 applied".to_owned()),
        is_drifted,
    };
    Grid {
        version: "v1.2.0".to_owned(),
        environments: vec![environment("dev", false), environment("test", true)],
        rows: Mark::ALL
            .iter()
            .map(|mark| row(mark.word(), true, *mark, Mark::Applied))
            .chain([row("settled", false, Mark::Applied, Mark::Applied)])
            .collect(),
        left_out: 7,
    }
}

fn line(source: &str) -> Line {
    Line { at: "14:02:11.500".to_owned(), source: source.to_owned(), text: "Running".to_owned() }
}

fn record() -> Record {
    Record {
        seq: 12,
        at: at(0),
        file: "journal-000001.jsonl".to_owned(),
        line: 12,
        hash: "ab".repeat(32),
        said: "began".to_owned(),
    }
}

/// The same with `text` added to every text in it.
fn with(text: &str) -> OperationReport {
    let mut report = whole();
    report.each_text(&mut |told| told.push_str(text));
    report
}

/// Every text of a JSON value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

#[test]
fn no_text_of_a_report_is_beyond_reach_of_whoever_redacts_it() {
    let (mut plain, mut changed) = (Vec::new(), Vec::new());
    texts(&json(&whole()), &mut plain);
    texts(&json(&with("#")), &mut changed);
    assert_eq!(plain.len(), changed.len());
    // What lockstep itself chooses from a closed set of words, times, and the run, which is checked where it is made.
    let own = |text: &str| {
        let is_time = text.parse::<Timestamp>().is_ok() || text.parse::<jiff::civil::Date>().is_ok();
        let words = ["promotion", "action needed", "Failed, action needed", "BLOCKER"];
        let statuses = ["done", "failed", "skipped", "not reached"];
        let is_mark = Mark::ALL.iter().any(|mark| mark.word() == text);
        is_time || is_mark || words.contains(&text) || statuses.contains(&text) || text.starts_with("r-2026")
    };
    for (plain, changed) in plain.iter().zip(&changed) {
        assert!(changed.ends_with('#') || own(plain), "`{plain}` stays as it is");
    }
    let page = html(&with("#")).unwrap();
    for text in plain.iter().filter(|text| text.len() > 3 && !own(text)) {
        let first = text.lines().next().unwrap();
        assert!(!page.contains(&format!(">{first}<")), "`{first}` is on the page as it was");
    }
}

#[test]
fn whatever_a_report_says_stays_text() {
    let attacks = [
        "<script>alert(1)</script>",
        "</style><script>alert(1)</script>",
        "</title><img src=x onerror=alert(1)>",
        "\" onmouseover=\"alert(1)",
        "' onmouseover='alert(1)",
        "</pre></details><iframe src=//evil.example>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "{{ report }} {% include \"x\" %}",
        "<!-- --!> <![CDATA[ ]]>",
        "&lt;script&gt;",
    ];
    let harmless = tags(&html(&with("x")).unwrap());
    for attack in attacks {
        let page = html(&with(attack)).unwrap();
        assert_eq!(tags(&page), harmless, "{attack} changed what the page is made of");
    }
}

/// The tags of a page as they are written, in order. In the texts of a page there is no `<` but that of a tag.
fn tags(page: &str) -> Vec<String> {
    let (_, body) = page.split_once("</style>").unwrap();
    let (head, _) = page.split_once("<style>").unwrap();
    let tags = [head, body].into_iter().flat_map(|part| {
        part.split('<').skip(1).map(|rest| {
            let mut tag = String::new();
            let mut quote = None;
            for c in rest.chars() {
                match (quote, c) {
                    (None, '>') => break,
                    (None, '"' | '\'') => quote = Some(c),
                    (Some(open), c) if open == c => quote = None,
                    // What stands in quotes is text.
                    (Some(_), _) => continue,
                    (None, _) => {}
                }
                tag.push(c);
            }
            tag
        })
    });
    tags.collect()
}

#[test]
fn nothing_that_hides_or_turns_or_is_no_character_gets_onto_a_page() {
    let report = with("a\u{0}b\u{7}c\u{1b}[31md\u{202e}e\u{feff}f\u{9b}g\u{fffe}h\u{1ffff}i\r\nj\tk");
    for text in [html(&report).unwrap(), json(&report).to_string()] {
        for c in text.chars() {
            let is_line_end = c == '\n';
            let hides =
                matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
            let is_none = u32::from(c) & 0xfffe == 0xfffe || c == '\u{feff}';
            assert!((is_line_end || !c.is_control()) && !hides && !is_none, "{c:?}");
        }
    }
}

#[test]
fn a_page_loads_nothing_runs_nothing_and_leads_nowhere() {
    let page = html(&whole()).unwrap();
    let policy =
        "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"";
    assert!(page.contains(policy));
    for never in [
        "<script", "<link", "<img", "<iframe", "<object", "<form", " src=", "url(", "@import", "http://",
        "https://", " on", "style=\"",
    ] {
        let (_, body) = page.split_once("</head>").unwrap();
        let text = if never == " on" { tags(&page).join("\n") } else { page.clone() };
        assert!(!text.contains(never), "{never} is on the page: {}", body.len());
    }
    let hrefs: Vec<&str> =
        page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(hrefs.iter().all(|href| href.starts_with("#s-")), "{hrefs:?}");
    // Every shape that is used is there.
    for href in hrefs {
        assert!(page.contains(&format!("id=\"{}\"", &href[1..])), "{href} is not drawn");
    }
}

#[test]
fn headings_go_down_by_one_and_every_picture_says_what_it_shows() {
    let page = html(&whole()).unwrap();
    let mut level = 0;
    for tag in tags(&page) {
        if let Some(digit) = tag.strip_prefix('h').and_then(|rest| rest.chars().next()?.to_digit(10)) {
            assert!(digit <= level + 1, "h{digit} follows h{level}");
            level = digit;
        }
    }
    assert_eq!(page.matches("<h1>").count(), 1);
    for picture in page.split("<svg ").skip(1) {
        let (head, rest) = picture.split_once('>').unwrap();
        let is_decoration = head.contains("aria-hidden=\"true\"");
        let has_title = head.contains("role=\"img\"") && rest.starts_with("<title>");
        assert!(is_decoration || has_title, "{head}");
    }
    assert_eq!(page.matches("<th>").count(), 0, "every header says of what");
}

#[test]
fn text_can_be_read_in_light_and_in_dark() {
    let css = include_str!("../../templates/report/style.css");
    let (light, rest) = css.split_once("@media (prefers-color-scheme:dark)").unwrap();
    let (dark, _) = rest.split_once("}}").unwrap();
    let (_, print) = css.split_once("@media print{").unwrap();
    let (print, _) = print.split_once('}').unwrap();
    for (name, block) in [("light", light), ("dark", dark), ("paper", print)] {
        let colours: BTreeMap<&str, f64> = block
            .split([';', '{', '}'])
            .filter_map(|part| part.trim().strip_prefix("--")?.split_once(':'))
            .map(|(name, value)| (name, luminance(value)))
            .collect();
        for text in ["ink", "muted", "accent", "good", "bad", "warn", "quiet"] {
            for ground in ["paper", "tint"] {
                let (one, other) = (colours[text], colours[ground]);
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 4.5, "{name}: {text} on {ground} is {contrast:.2}");
            }
        }
    }
}

/// Relative luminance as WCAG defines it.
fn luminance(colour: &str) -> f64 {
    let digits: String = match colour.trim_start_matches('#') {
        short if short.len() == 3 => short.chars().flat_map(|digit| [digit, digit]).collect(),
        long => long.to_owned(),
    };
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

#[test]
fn a_manager_reads_how_it_ended_before_anything_else() {
    let page = html(&whole()).unwrap();
    let places = [
        "Failed, action needed",
        "The deployment of v1.2.0 failed.",
        "v1.1.0 → v1.2.0",
        "ana",
        "approved by ben",
        "27.0 s",
        "usually 25.0 s, at worst 40.0 s",
        "Mend the release.",
    ];
    let (_, body) = page.split_once("<main>").unwrap();
    let found: Vec<usize> =
        places.iter().map(|text| body.find(text).unwrap_or_else(|| panic!("{text}"))).collect();
    assert!(found.is_sorted(), "{found:?}");
}

#[test]
fn a_check_and_a_flow_are_reported_from_what_they_found() {
    let report = OperationReport::of_check(&verdict(), "changelog/changelog-master.yaml", origin());
    assert_eq!((report.outcome, report.verdict()), (Outcome::Found, "Findings"));
    assert_eq!(
        report.summary,
        "1 check looked at 1 changeset and 1 table: 1 finding, BLOCKER at worst; 1 waived"
    );
    let page = html(&report).unwrap();
    for text in [
        "grant select on orders to intern;",
        "changelog/013.sql:7:3, in function restock",
        "until 2026-12-31",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let report = OperationReport::of_check(&Verdict::default(), "v1.2.0", origin());
    assert_eq!((report.outcome, report.verdict()), (Outcome::Clean, "No findings"));

    let flow = |failure: Option<Failure>| FlowRun {
        file: "flows/pr-validation-flow.yaml".to_owned(),
        steps: vec![
            step("validate", StepStatus::Done, Some(0), 2),
            step("checks run", StepStatus::Failed, Some(2), 3),
        ],
        exit_code: if failure.is_some() { 4 } else { 0 },
        findings: failure.is_some().then(verdict),
        failure,
        environment: Some("dev".to_owned()),
    };
    let report = OperationReport::of_flow(flow(None), origin());
    assert_eq!((report.outcome, report.verdict()), (Outcome::Clean, "Passed"));
    let failure = Failure::new(FailureKind::ActionNeeded, "the stage PolicyChecks failed");
    let report = OperationReport::of_flow(flow(Some(failure)), origin());
    assert_eq!(report.verdict(), "Failed, action needed");
    assert!(
        report.summary.ends_with("ended with exit code 4: the stage PolicyChecks failed"),
        "{}",
        report.summary
    );
    assert!(html(&report).unwrap().contains("<th scope=\"rowgroup\" colspan=\"3\">Deploy</th>"));
}

#[test]
fn a_log_of_a_megabyte_and_a_line_without_a_space_are_written_as_they_are() {
    let mut report = whole();
    report.log.left_out = None;
    report.log.lines = (0..10_000)
        .map(|number| Line {
            at: String::new(),
            source: String::new(),
            text: format!("{number} {}", "<b>".repeat(40)),
        })
        .collect();
    report.plan.as_mut().unwrap().changesets[0].sql = "x".repeat(100_000);
    let page = html(&report).unwrap();
    assert!(
        page.contains("\n9999 &#60;b&#62;") || page.contains("\n9999 &lt;b&gt;"),
        "the last line is there"
    );
    assert!(page.contains("10000 lines"));
}
