//! `lockstep changelog list`: a changelog in a folder, without any database.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::place::Place;

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn every_changeset_is_listed_with_its_sums_and_what_to_know_of_it() {
    let place = Place::fresh();
    let root = "databaseChangeLog:\n  - include: {file: sets/1.sql, context: prod}\n  - changeSet:\n      id: t\n      author: ann\n      changes:\n        - tagDatabase: {tag: v1.0}\n";
    let sql = "--liquibase formatted sql\n--changeset ann:one labels:v1\n--comment the first\nselect $$a ; b$$;\n--rollback empty\n";
    write(&place.work(), "db/root.yaml", root);
    write(&place.work(), "db/sets/1.sql", sql);
    let listed = place.json(&["changelog", "list", "root.yaml", "--search-path", "db"]).await;
    let first = &listed["changesets"][0];
    assert_eq!(
        (&first["path"], &first["id"], &first["author"], &first["line"]),
        (&json!("sets/1.sql"), &json!("one"), &json!("ann"), &json!(2))
    );
    assert_eq!((&first["contexts"], &first["labels"]), (&json!(["prod"]), &json!(["v1"])));
    assert_eq!((&first["rollback"], &first["comment"]), (&json!("empty"), &json!("the first")));
    assert!(first["warnings"][0]["text"].as_str().unwrap().contains("between dollar quotes"), "{first:#}");
    assert!(first["v8"].as_str().unwrap().starts_with("8:"), "{first:#}");
    // The sum that Liquibase 4.29 stored for a tag called v1.0.
    assert_eq!(listed["changesets"][1]["v9"], json!("9:38bb4793a6a4fbb48375b4027cd6f472"));

    let text = place.ok(&["changelog", "list", "root.yaml", "--search-path", "db"]).await;
    assert!(text.starts_with("sets/1.sql\n    1  one   ann "), "{text}");
    assert!(text.ends_with("\n2 changesets, 0 without a checksum, 0 errors, 1 warnings\n"), "{text}");
    // Paths are part of what identifies a changeset: from another folder they are others.
    let said = place.run(&["changelog", "list", "db/root.yaml", "--output", "json"]).await;
    let elsewhere: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said.code, 65);
    assert_eq!(elsewhere["problems"][0]["text"], json!("the included file sets/1.sql does not exist"));
}

#[tokio::test]
async fn a_changelog_with_errors_is_listed_as_far_as_it_goes_and_every_error_is_told() {
    let place = Place::fresh();
    write(
        &place.work(),
        "root.yaml",
        "databaseChangeLog:\n  - include: {file: a.sql}\n  - include: {file: b.sql}\n",
    );
    write(
        &place.work(),
        "a.sql",
        "--liquibase formatted sql\n--changeset ann:one\nselect 1;\n--changeset ann\nselect 2;\n",
    );
    let said = place.run(&["changelog", "list", "root.yaml"]).await;
    assert_eq!(said.code, 65, "{said:?}");
    for part in ["one", "✖ a.sql:4: ", "the included file b.sql does not exist", "2 errors"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let said = place.run(&["changelog", "list", "nowhere.yaml"]).await;
    assert_eq!(said.code, 65, "{said:?}");
    assert!(said.out.contains("nowhere.yaml: the file does not exist"), "{}", said.out);
}
