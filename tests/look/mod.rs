//! Operation reports as people see them: in a real browser on a telephone, a laptop and a wide screen, in light and dark
//! and on paper, and before the judge of HTML. `make look` leaves the pictures in `target/look`.

mod browser;
mod checker;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use browser::{Browser, address};
use lockstep::domain::Timestamp;
use lockstep::domain::names::RunId;
use lockstep::domain::report::{FlowRun, Instance, OperationReport, Origin, Step, StepStatus, Worker};
use serde_json::Value;

use crate::program::drift::copy;
use crate::program::place::{FAST, Place};

/// A telephone, a laptop, a wide screen.
const WIDTHS: [u32; 3] = [400, 1000, 1600];

/// Opens everything that can be opened, then says what sticks out.
const MEASURE: &str = "(() => {
    document.querySelectorAll('details').forEach(it => it.open = true);
    const out = [...document.querySelectorAll('body *')].filter(it =>
        !it.closest('.scroll > *') && it.getBoundingClientRect().right > innerWidth + 0.5);
    return {
        width: document.documentElement.scrollWidth,
        room: innerWidth,
        out: out.slice(0, 5).map(it => it.outerHTML.slice(0, 160)),
        ground: getComputedStyle(document.body).backgroundColor,
    };
})()";

/// True when what is closed on a screen is open on paper.
const IS_OPEN: &str = "[...document.querySelectorAll('details pre')].every(it => it.checkVisibility())";

#[tokio::test]
async fn every_report_of_a_demo_is_valid_loads_nothing_and_fits_every_screen() {
    let place = Place::awake(FAST).await;
    story(&place).await;
    let listed = place.json(&["report", "list"]).await;
    let rows = listed.as_array().unwrap();
    let outcomes: Vec<_> = rows.iter().map(|row| (text(row, "kind"), text(row, "outcome"))).collect();
    let expected = [
        ("flow", "failed"),
        ("check", "found"),
        ("drift", "found"),
        ("rollback", "proven"),
        ("promotion", "action needed"),
        ("promotion", "proven"),
    ];
    assert_eq!(outcomes, expected.map(|(kind, outcome)| (kind.to_owned(), outcome.to_owned())));
    let mut pages: Vec<(String, PathBuf)> = rows
        .iter()
        .map(|row| (format!("{}-{}", text(row, "kind"), text(row, "outcome")), text(row, "path").into()))
        .collect();
    // What the actions of the flow left by themselves.
    for name in ["connect", "status", "policy-checks"] {
        pages.push((format!("action-{name}"), place.work().join("reports").join(format!("{name}.html"))));
    }
    judge(&pages).await;
    place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn a_report_of_nothing_but_long_words_fits_every_screen() {
    let began: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
    let step = |name: &str, status| Step {
        name: name.to_owned(),
        group: "Verify".to_owned(),
        about: String::new(),
        worker: Worker::Own,
        status,
        began: Some(began),
        took: Duration::from_secs(3),
        code: Some(0),
        note: "ended".to_owned(),
    };
    let flow = FlowRun {
        file: "flows/pr-validation-flow.yaml".to_owned(),
        steps: vec![step("connect", StepStatus::Done), step("validate", StepStatus::Failed)],
        exit_code: 4,
        findings: None,
        failure: None,
        environment: None,
    };
    let origin = Origin {
        run: RunId::from_text("flow-20261121-140211000"),
        instance: Instance {
            id: "demo1".to_owned(),
            title: "Bagel Store".to_owned(),
            mode: "LIVE".to_owned(),
        },
        began,
        ended: began + Duration::from_secs(6),
        by: "ana".to_owned(),
    };
    let mut report = OperationReport::of_flow(flow, origin);
    report.each_text(&mut |text| text.push_str(&"<i>Donaudampfschifffahrt</i>".repeat(20)));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("operation-report.html");
    fs::write(&path, lockstep::report::html(&report).unwrap()).unwrap();
    judge(&[("long-words".to_owned(), path)]).await;
}

/// A promotion that is proven, one that fails, a rollback, a database that somebody changed, a check, and a flow that
/// fails because of what it finds.
async fn story(place: &Place) {
    let short = |value: &Value| value["plan"]["short"].as_str().unwrap().to_owned();
    let plan = short(&place.json(&["plan", "test"]).await);
    place.ok(&["promote", "test", "--confirm", "test", "--plan", &plan]).await;
    assert_eq!(place.run(&["promote", "dev", "--release", "v1.3.0"]).await.code, 4);
    let reason = ["--reason", "Customers saw the wrong price on the bagel of the week"];
    let refused = place.run(&[&["rollback", "test"][..], &reason].concat()).await;
    let (_, rest) = refused.err.split_once("--plan ").unwrap_or_else(|| panic!("{refused:#?}"));
    let plan = rest.split(' ').next().unwrap();
    place.ok(&[&["rollback", "test", "--confirm", "test", "--plan", plan][..], &reason].concat()).await;
    let staging = place.database("staging").await;
    staging.batch_execute("alter table orders add column note text").await.unwrap();
    assert_eq!(place.run(&["drift", "--report"]).await.code, 1);
    for folder in ["flows", "changelog"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &place.work().join(folder));
    }
    place.waive(None);
    assert_eq!(place.run(&["check", "--report"]).await.code, 4);
    assert_eq!(place.run(&["flow", "run", "flows/pr-validation-flow.yaml"]).await.code, 4);
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap().to_owned()
}

/// Lets the judges who are there look at pages.
async fn judge(pages: &[(String, PathBuf)]) {
    match checker::installed() {
        Some(program) => {
            let files: Vec<PathBuf> = pages.iter().map(|(_, path)| path.clone()).collect();
            let found = checker::complaints(&program, &files).await;
            assert!(found.is_empty(), "{found:#?}");
        }
        None => {
            println!("not judged as HTML: no checker at .tools/vnu (scripts/setup.py --tests fetches it)");
        }
    }
    let Some(program) = browser::installed() else {
        println!("not looked at in a browser: no Chromium (scripts/setup.py --tests says how to get it)");
        return;
    };
    let mut browser = Browser::open(&program).await;
    for (name, path) in pages {
        let mut grounds = Vec::new();
        for width in WIDTHS {
            for scheme in ["light", "dark"] {
                look(&mut browser, name, path, width, scheme, &mut grounds).await;
            }
        }
        let (light, dark) = (&grounds[0], &grounds[1]);
        assert_ne!(light, dark, "{name} is the same in light and in dark");
        // A4 at 96 dots per inch, without its margins.
        browser.show(path, 688, "dark", "print").await;
        assert_eq!(browser.evaluate(IS_OPEN).await, true, "{name}: something stays closed on paper");
        let paper = browser.evaluate(MEASURE).await;
        assert_eq!(paper["ground"], "rgb(255, 255, 255)", "{name}: ink is spent on the ground");
        assert_eq!((&paper["out"], fits(&paper)), (&serde_json::json!([]), true), "{name} on paper");
    }
}

async fn look(
    browser: &mut Browser,
    name: &str,
    path: &Path,
    width: u32,
    scheme: &str,
    grounds: &mut Vec<Value>,
) {
    browser.show(path, width, scheme, "screen").await;
    if let Some(folder) = std::env::var_os("LOCKSTEP_LOOK").map(PathBuf::from) {
        fs::create_dir_all(&folder).unwrap();
        let picture = browser.picture().await;
        fs::write(folder.join(format!("{}-{width}-{scheme}.png", name.replace(' ', "-"))), picture).unwrap();
    }
    let seen = browser.evaluate(MEASURE).await;
    let where_ = format!("{name} at {width} in {scheme}");
    assert!(fits(&seen), "{where_} is wider than its screen: {seen:#}");
    assert_eq!(seen["out"], serde_json::json!([]), "{where_}: something sticks out");
    assert_eq!(browser.asked_for(), [address(path)], "{where_} asked for something else");
    assert!(browser.complaints().is_empty(), "{where_}: {:#?}", browser.complaints());
    grounds.push(seen["ground"].clone());
}

fn fits(seen: &Value) -> bool {
    seen["width"].as_u64() <= seen["room"].as_u64()
}
