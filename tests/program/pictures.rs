//! Every view of a running instance as a picture, by the built program.

use std::fs;

use super::place::{FAST, Place};

#[tokio::test]
async fn every_view_is_drawn_and_one_with_nothing_in_it_says_why_not() {
    let place = Place::awake(FAST).await;
    for (view, words) in [
        ("board", "staging"),
        ("detail", "007-seed-inventory"),
        ("plan", "009-allergens"),
        ("drift", "held against every environment"),
        ("schemas", "held against"),
        ("locks", "nothing is held"),
        ("changeset", "001-products"),
        ("checks", "checks"),
        ("flows", "flows"),
        ("history", "Nothing has been promoted"),
        ("journal", "journal and messages"),
        ("log", "following"),
        ("help", "Every key that works here"),
        ("themes", "high-contrast"),
    ] {
        place.ok(&["picture", view, "--environment", "test", "--size", "120x60", "--svg", "view.svg"]).await;
        let svg = fs::read_to_string(place.work().join("view.svg")).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains(words), "{view} without “{words}”");
    }
    let said = place.run(&["picture", "reconcile", "--svg", "none.svg"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("there is nothing to draw: every run was seen to its end"), "{}", said.err);
    assert!(!place.work().join("none.svg").exists());
    place.ok(&["demo", "down"]).await;
}
