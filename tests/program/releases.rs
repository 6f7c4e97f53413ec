//! Releases: building their archives, listing and showing them.

use std::fs;

use serde_json::json;

use super::place::Place;

#[tokio::test]
async fn an_archive_that_is_built_twice_has_equal_bytes_and_is_the_one_that_is_shown() {
    let place = Place::asleep_without_databases().await;
    let name = "bagel-store-demo1-changelog-v1.2.0.zip";
    assert_eq!(place.ok(&["release", "build", "v1.2.0"]).await, format!("dist/{name}\n"));
    let elsewhere = place.work().join("deep").join("er");
    place.ok(&["release", "build", "v1.2.0", "--to", elsewhere.to_str().unwrap()]).await;
    let built = fs::read(place.work().join("dist").join(name)).unwrap();
    assert_eq!(built, fs::read(elsewhere.join(name)).unwrap());
    assert_eq!(built, fs::read(place.sandbox().join("releases").join(name)).unwrap());
    // The folder of the project and the changelog that is compiled in are the same.
    let changelog = concat!(env!("CARGO_MANIFEST_DIR"), "/changelog");
    place.ok(&["release", "build", "v1.2.0", "--to", "third", "--changelog", changelog]).await;
    assert_eq!(built, fs::read(place.work().join("third").join(name)).unwrap());

    let list = place.json(&["release", "list"]).await;
    let counted: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["version"].as_str().unwrap(), it["changesets"].as_array().unwrap().len()))
        .collect();
    assert_eq!(counted, [("v1.0.0", 9), ("v1.1.0", 11), ("v1.2.0", 14), ("v1.3.0", 16), ("v1.4.0", 18)]);
    let shown = place.json(&["release", "show", "v1.2.0"]).await;
    assert_eq!(shown, list[2]);
    assert_eq!((&shown["archive"], &shown["changesets"][11]["id"]), (&json!(name), &json!("009-allergens")));
    let digest = shown["archive_sha256"].as_str().unwrap();
    let text = place.ok(&["release", "show", "v1.2.0"]).await;
    assert!(
        text.starts_with("v1.2.0\nimage    public.ecr.aws/l1v5b6d6/demo1-bagel-store:v1.2.0\n"),
        "{text}"
    );
    assert!(text.contains(&format!("\nsha256   {digest}\n")), "{text}");
    assert!(text.contains("\n010-loyalty-points       9:"), "{text}");
    let listed = place.ok(&["release", "list"]).await;
    assert_eq!(listed.lines().count(), 5);
    assert!(listed.contains(&format!("v1.2.0       14 changesets  sha256:{}", &digest[..12])), "{listed}");
}

#[tokio::test]
async fn a_release_that_the_changelog_does_not_hold_cannot_be_built() {
    let place = Place::fresh();
    let said = place.run(&["release", "build", "v9.9.9"]).await;
    assert_eq!((said.code, said.out.as_str()), (65, ""), "{said:?}");
    assert!(said.err.contains("v9.9.9"), "{}", said.err);
    let said = place.run(&["release", "build", "v1.0.0", "--changelog", "nowhere"]).await;
    assert_eq!(said.code, 65, "{said:?}");
    assert!(said.err.contains("nowhere"), "{}", said.err);
    // Without an instance the archive carries the name of the first demo.
    place.ok(&["release", "build", "v1.0.0"]).await;
    assert!(place.work().join("dist/bagel-store-demo1-changelog-v1.0.0.zip").is_file());
}
