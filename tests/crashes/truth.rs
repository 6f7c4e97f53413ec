//! What lockstep says became of a promotion, held against PostgreSQL and AWS themselves; and the way on from there.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::scene::Scene;
use crate::program::place::Place;
use crate::sandbox::tools::until;

/// What v1.4.0 brings to dev: each changeset of which the database itself shows whether it ran, by a question.
const WITNESSES: [(&str, &str); 2] = [
    ("011-gift-cards", "select to_regclass('gift_cards') is not null"),
    (
        "013-tidy-orders",
        "select count(*) = 0 from information_schema.columns where table_name = 'products' and column_name = 'description'",
    ),
];

/// What a promotion says that did everything, and whose application is not well.
const UNWELL: [&str; 2] =
    ["dev is not what v1.4.0 promised", "the application of dev did not become healthy as v1.4.0"];

/// How many changesets it brings.
const ALL: usize = 4;

/// What is really there.
#[derive(Debug)]
struct World {
    rows: usize,
    /// What ran without leaving its row, or has a row and did not run.
    is_torn: bool,
    version: String,
    is_running: bool,
}

impl World {
    async fn look(place: &Place) -> Self {
        let rows = place.changesets("dev").await;
        let client = place.database("dev").await;
        let mut is_torn = false;
        for (id, question) in WITNESSES {
            let has_run: bool = client.query_one(question, &[]).await.unwrap().get(0);
            is_torn |= has_run != rows.iter().any(|row| row == id);
        }
        let (version, status) = place.service("dev").await;
        let new = ["011-gift-cards", "tag-v1.3.0", "013-tidy-orders", "tag-v1.4.0"];
        let rows = rows.iter().filter(|row| new.contains(&row.as_str())).count();
        Self { rows, is_torn, version, is_running: status == "RUNNING" }
    }

    fn is_untouched(&self) -> bool {
        self.rows == 0 && !self.is_torn && self.version == "v1.2.0" && self.is_running
    }

    fn is_done(&self) -> bool {
        self.rows == ALL && !self.is_torn && self.version == "v1.4.0" && self.is_running
    }

    /// True when what is said of it is the truth, or no more than that a person must look.
    fn agrees(&self, finding: &str) -> bool {
        match finding {
            "nothing began" | "not started" | "taken back" => self.is_untouched(),
            "finished" => self.is_done(),
            "half done" => !self.is_torn && !self.is_untouched() && !self.is_done(),
            // What was not well when it was looked at may be by now.
            "done and not well" => self.rows == ALL && !self.is_torn && self.version == "v1.4.0",
            "a person must look" => true,
            other => panic!("{other} is no finding that decides anything"),
        }
    }
}

/// Asks what became of the promotion, holds it against the world, goes on from there as lockstep itself says, and
/// checks that nothing is left behind. The case leaves a row of the table.
pub(super) async fn check(scene: Scene, victim: &str, last: &str) {
    let place = &scene.place;
    let (finding, because) = finding(place).await;
    let world = World::look(place).await;
    let case = format!("{victim} after `{last}`: {finding} {because}; {world:?}\n{}", scene.said());
    assert!(world.agrees(&finding), "{case}");
    let way = go_on(place, &finding, &case).await;
    assert_eq!(place.run(&["locks", "dev"]).await.code, 0, "{case}");
    assert_eq!(scene.java(), [0; 0], "{case}");
    assert_eq!(place.run(&["journal", "verify"]).await.code, 0, "{case}");
    assert_eq!(place.run(&["reconcile"]).await.code, 0, "{case}");
    row(victim, last, &format!("{finding:19} {} of {ALL}  {:7} {way}", world.rows, world.version));
    place.ok(&["demo", "down"]).await;
}

/// What lockstep says: of a run that it saw to its end itself, else of one that has to be found out.
async fn finding(place: &Place) -> (String, String) {
    let said = place.run(&["reconcile", "--attach", "--settle", "--output", "json"]).await;
    let found: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:#?}"));
    let code = |finding: &str| match finding {
        "finished" => 0,
        "half done" | "done and not well" => 4,
        "not started" | "taken back" | "superseded" => 3,
        _ => 5,
    };
    if let [run] = found["runs"].as_array().unwrap().as_slice() {
        let word = run["finding"].as_str().unwrap();
        assert_eq!(said.code, code(word), "{said:#?}");
        assert_eq!(run["is_on_record"], run["is_conclusive"], "{said:#?}");
        return (word.to_owned(), run["because"].to_string());
    }
    assert_eq!((said.code, &found["runs"]), (0, &Value::Array(vec![])), "{said:#?}");
    let records = place.journal();
    let Some(concluded) = records.iter().rev().find(|record| record["record"] == "concluded") else {
        return ("nothing began".to_owned(), String::new());
    };
    let result = &concluded["result"];
    let word = match result["failed"]["kind"].as_str() {
        None => "finished",
        Some("failed" | "refused" | "unavailable" | "interrupted") => "not started",
        Some("action needed") if UNWELL.iter().any(|what| result["failed"]["what"] == *what) => {
            "done and not well"
        }
        Some("action needed") => "half done",
        Some(other) => panic!("{other}: {result:#}"),
    };
    (word.to_owned(), result.to_string())
}

/// Lets a stale lock go, with its confirmation; then resumes, or settles by hand what nobody can find out.
async fn go_on(place: &Place, finding: &str, case: &str) -> String {
    let mut way = Vec::new();
    if place.run(&["locks", "dev"]).await.code == 1 {
        let refused = place.run(&["reconcile", "--release-lock", "dev"]).await;
        assert_eq!(refused.code, 2, "{case}: {refused:#?}");
        assert!(refused.err.contains("--release-lock dev --confirm dev"), "{case}: {refused:#?}");
        place.ok(&["reconcile", "--release-lock", "dev", "--confirm", "dev"]).await;
        way.push("lock let go");
    }
    if finding == "a person must look" {
        place.ok(&["reconcile", "--resolve", "dev", "--reason", "it was looked at"]).await;
        way.push("settled by hand");
    } else if finding == "done and not well" {
        // There is nothing left to do but to see that it has become well, and to say so.
        until("the application is well", async || {
            place.json(&["status"]).await["environments"][0]["health"]["status"] == 200
        })
        .await;
        assert!(World::look(place).await.is_done(), "{case}");
        place.ok(&["reconcile", "--resolve", "dev", "--reason", "it is well now"]).await;
        way.push("well again, settled by hand");
    } else if finding != "finished" {
        let resumed = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
        assert_eq!(resumed.code, 0, "{case}: {resumed:#?}");
        assert!(World::look(place).await.is_done(), "{case}: it is not what was proven");
        way.push("resumed, proven");
    }
    way.join(", ")
}

fn row(victim: &str, last: &str, outcome: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crashes");
    fs::create_dir_all(&folder).unwrap();
    let thread = std::thread::current().name().unwrap_or_default().replace("::", "-");
    let line = format!("{victim:32} {last:19} {outcome}\n");
    fs::write(folder.join(thread), line).unwrap();
}
