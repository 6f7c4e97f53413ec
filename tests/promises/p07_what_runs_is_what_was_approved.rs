//! P7: what runs is what was approved. An approval is for one plan: it outlives an identical one, lapses with any
//! other, and says in which line that differs.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::place::{FAST, Place};

const FLAGS: [&str; 6] = ["promote", "prod", "--release", "v1.1.0", "--confirm", "prod"];

impl Place {
    /// The short digest of the plan for prod, whatever stands in its way.
    async fn prod_plan(&self) -> String {
        let said = self.run(&["plan", "prod", "--release", "v1.1.0", "--output", "json"]).await;
        let plan: Value = serde_json::from_str(&said.out).unwrap();
        plan["plan"]["short"].as_str().unwrap().to_owned()
    }

    async fn promote_prod(&self, plan: &str) -> crate::program::place::Said {
        self.run(&[&FLAGS[..], &["--plan", plan]].concat()).await
    }

    /// The one plan for prod that waits for approval.
    async fn waiting(&self) -> Value {
        let inbox = self.json(&["approvals"]).await;
        let approvals = inbox["approvals"].as_array().unwrap();
        assert_eq!(approvals.len(), 1, "{inbox:#}");
        approvals[0].clone()
    }

    /// The folder with the changelog that the releases are built from.
    fn changelog(&self) -> PathBuf {
        let (from, to) = (concat!(env!("CARGO_MANIFEST_DIR"), "/changelog"), self.work().join("changelog"));
        for folder in ["", "changesets", "releases"] {
            fs::create_dir_all(to.join(folder)).unwrap();
            for entry in fs::read_dir(PathBuf::from(from).join(folder)).unwrap().flatten() {
                if entry.path().is_file() {
                    fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
                }
            }
        }
        to
    }

    /// Builds v1.1.0 from a changelog into the folder that the sandbox takes its releases from.
    async fn build(&self, changelog: &std::path::Path) {
        let to = self.sandbox().join("releases").display().to_string();
        let changelog = changelog.display().to_string();
        self.ok(&["release", "build", "v1.1.0", "--changelog", &changelog, "--to", &to]).await;
    }
}

#[tokio::test]
async fn p07_an_approved_plan_that_changed_does_not_run_and_the_one_that_was_approved_does() {
    let place = Place::awake(FAST).await;
    let plan = place.prod_plan().await;
    let said = place.promote_prod(&plan).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains(&format!("because the plan {plan} has 0 of 1 approval\n")), "{}", said.err);

    let unread = place.run(&["approve", "prod", "--release", "v1.1.0"]).await;
    assert_eq!(unread.code, 2);
    assert!(
        unread.err.contains(&format!("lockstep approve prod --release v1.1.0 --plan {plan}")),
        "{unread:?}"
    );
    let said = place.ok(&["approve", "prod", "--plan", &plan, "--note", "read it twice"]).await;
    assert_eq!(said, format!("sandbox approves v1.1.0 to prod, plan {plan}\n"));

    // Kept when an identical plan is made again, by whichever process.
    assert_eq!(place.prod_plan().await, plan);
    let again = place.json(&["plan", "prod"]).await;
    assert_eq!((&again["plan"]["short"], &again["unmet"]), (&json!(plan), &json!([])));
    assert_eq!(place.waiting().await["state"], "approved");

    // The archive is built anew with one line changed.
    let changelog = place.changelog();
    let changeset = changelog.join("changesets/008-categories.sql");
    let text = fs::read_to_string(&changeset).unwrap();
    fs::write(&changeset, text.replace("(3, 'Sweet')", "(3, 'Salty')")).unwrap();
    place.build(&changelog).await;
    let sql = "sql of 008-categories: 1 line changed: …Sweet'); → …Salty');";
    it_does_not_run(&place, &plan, sql).await;
    fs::write(&changeset, text).unwrap();
    place.build(&changelog).await;
    assert_eq!(place.waiting().await["state"], "approved", "what was approved is what there is again");

    // Somebody tags the database by hand.
    let tag = |tag: &str| {
        let last = "(select max(orderexecuted) from databasechangelog)";
        format!("update databasechangelog set tag = '{tag}' where orderexecuted = {last}")
    };
    let prod = place.database("prod").await;
    prod.batch_execute(&tag("by-hand")).await.unwrap();
    it_does_not_run(&place, &plan, "anchor-existing v1.0.0 → by-hand").await;
    prod.batch_execute(&tag("v1.0.0")).await.unwrap();

    let done = place.promote_prod(&plan).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(place.service("prod").await.0, "v1.1.0");
    let journal = place.journal();
    let told: Vec<_> = journal.iter().map(|record| record["record"].as_str().unwrap()).take(3).collect();
    assert_eq!(told, ["planned", "voted", "began"], "the plan is on record before the first word about it");
    assert!(journal[0]["plan"].as_str().unwrap().starts_with(&plan));
    assert_eq!(journal[0]["plan"], journal[2]["plan"], "what ran is what was approved");
    place.ok(&["demo", "down"]).await;
}

/// The plan has become another one: neither its old digest nor its new one runs, and the differing line is named.
async fn it_does_not_run(place: &Place, approved: &str, line: &str) {
    let now = place.prod_plan().await;
    assert_ne!(now, approved);
    for digest in [approved, &now] {
        let said = place.promote_prod(digest).await;
        assert_eq!(said.code, 2, "{said:?}");
        let lapsed = format!("because the plan {approved} that sandbox approved has changed: ");
        assert!(said.err.contains(&lapsed) && said.err.contains(line), "{}", said.err);
    }
    let waiting = place.waiting().await;
    assert_eq!((&waiting["state"], &waiting["short"]), (&json!("waiting"), &json!(now)), "{waiting:#}");
    let differences = waiting["lapsed"]["differences"].as_array().unwrap();
    assert!(differences.contains(&json!(line)), "{differences:?}");
    assert_eq!(place.service("prod").await.0, "v1.0.0");
    assert_eq!(place.changesets("prod").await.len(), 9);
}
