//! What really is in the databases: `lockstep diff`.

use serde_json::{Value, json};

use super::place::{FAST, Place};

#[tokio::test]
async fn a_column_that_somebody_added_by_hand_is_named_and_everything_else_is_as_the_release_says() {
    let place = Place::awake(FAST).await;
    assert_eq!(place.ok(&["diff", "test", "staging"]).await, "test and staging have the same schema\n");
    assert_eq!(place.ok(&["diff", "v1.1.0", "staging"]).await, "v1.1.0 and staging have the same schema\n");
    let staging = place.database("staging").await;
    staging.batch_execute("alter table orders add column note text").await.unwrap();

    let status = place.json(&["status"]).await;
    let staging = &status["environments"][2];
    let words = "schema differs from test: + column orders.note";
    assert_eq!(staging["pair"], json!({ "state": "drifted", "reason": words }), "{staging:#}");
    assert_eq!(staging["schema"]["drift"][0]["differences"], json!(["+ column orders.note"]));
    assert_eq!(status["environments"][1]["pair"]["state"], "in step");
    let told = place.ok(&["status"]).await;
    assert!(told.contains(&format!("\n◆ staging: {words}\n")), "{told}");

    for asked in [&["drift"][..], &["drift", "staging"]] {
        let said = place.run(asked).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.out.contains(&format!("staging  ✖ {words}, ")), "{}", said.out);
    }
    assert_eq!(place.run(&["drift", "test"]).await.code, 0);

    let said = place.run(&["diff", "test", "staging"]).await;
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    assert_eq!(
        said.out,
        "staging differs from test: 1 difference (+ only in staging, - only in test, ~ different)\n\n\
         orders\n  + column orders.note  text\n"
    );
    let said = place.run(&["diff", "v1.1.0", "staging", "--output", "json"]).await;
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &told["real"], &told["cosmetic"]), (1, &json!(1), &json!(0)), "{told:#}");
    assert_eq!(told["a"]["kind"], "release");
    assert_eq!(
        told["differences"][0],
        json!({
            "object": "orders.note", "type": "column", "schema": "public", "of": "orders", "name": "note",
            "what": "only in b", "a": null, "b": "text", "kind": "real", "why": null, "part": false,
        })
    );
    let said = place.run(&["diff", "staging", "test", "--sql"]).await;
    assert_eq!(said.code, 1);
    let sql = "\nalter table public.orders add column note text;\n";
    assert!(said.out.starts_with("-- A proposal") && said.out.ends_with(sql), "{}", said.out);
    let left = "select count(*) from pg_database where datname like 'lockstep%'";
    assert_eq!(place.count("staging", left).await, 0);
    assert_eq!(place.journal(), Vec::<Value>::new());

    for (words, reason) in [
        (["diff", "test", "mars"], "`mars` is neither an environment nor a version"),
        (["diff", "v9.9.9", "test"], "there is no release v9.9.9"),
    ] {
        let said = place.run(&words).await;
        assert_eq!((said.code, said.out.as_str()), (64, ""), "{said:?}");
        assert!(said.err.contains(reason), "{}", said.err);
    }
    place.ok(&["demo", "down"]).await;
    assert_eq!(place.run(&["diff", "test", "staging"]).await.code, 69);
}
