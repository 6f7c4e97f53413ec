//! The image of a release in the sandbox's registry: shown in a plan, and refused where it is missing.

use std::fs;

use serde_json::Value;

use super::place::{FAST, Place};

#[tokio::test]
async fn a_plan_shows_the_digest_of_its_image_and_an_image_that_is_missing_refuses_it() {
    let place = Place::awake(FAST).await;
    let plan = place.json(&["plan", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(plan["registry"]["state"], "there");
    let digest = plan["registry"]["digest"].as_str().unwrap().to_owned();
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
    let shown = place.ok(&["plan", "dev", "--release", "v1.4.0"]).await;
    assert!(shown.contains(&format!("registry    has it as {digest}\n")), "{shown}");

    let file = place.sandbox().join("lockstep.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("demo1-bagel-store\"", "demo1-another-store\"")).unwrap();
    let said = place.run(&["promote", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("demo1-another-store:v1.4.0 is not in its registry"), "{}", said.err);
    let runs = place.journal().into_iter().filter(|record| record["record"] == "started").count();
    assert_eq!(runs, 0, "nothing was begun");

    // Nobody answers there: that is said, and stands in nobody's way.
    let endpoint = text.lines().find(|line| line.starts_with("registry")).unwrap().to_owned();
    fs::write(&file, text.replace(&endpoint, "registry = \"http://127.0.0.1:1\"")).unwrap();
    let plan = place.json(&["plan", "dev", "--release", "v1.4.0"]).await;
    assert_eq!(
        (&plan["registry"]["state"], &plan["unmet"]),
        (&Value::from("not known"), &Value::from(Vec::<Value>::new()))
    );
    let shown = place.ok(&["plan", "dev", "--release", "v1.4.0"]).await;
    assert!(
        shown.contains("registry    not known whether it has it: 127.0.0.1 cannot be reached\n"),
        "{shown}"
    );
    place.ok(&["demo", "down"]).await;
}
