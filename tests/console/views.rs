//! Every view in every state as a picture of its characters, at the sizes people use.

use std::collections::BTreeSet;
use std::fs;

use lockstep::tui::look::Look;

use super::Story;
use super::tour::{sights, walk};

/// What is essential has to be there, comfort, more.
const SIZES: [(u16, u16); 3] = [(80, 24), (100, 30), (200, 50)];

/// Where environments are rows.
const NARROW: (u16, u16) = (70, 20);

/// The views that look different there.
const NARROW_KEYS: [(&str, &str); 2] = [("rows", ""), ("drift", "dn")];

fn compare(name: &str, story: &mut Story) {
    insta::assert_snapshot!(name.to_owned(), story.screen());
}

async fn compare_all((width, height): (u16, u16)) {
    let look = || Look::of("dark").unwrap();
    Box::pin(walk((width, height), look, |sight, story| {
        compare(&format!("{}-{width}x{height}", sight.name), story);
    }))
    .await;
}

#[tokio::test]
async fn every_view_in_every_state_where_there_is_little_room() {
    compare_all(SIZES[0]).await;
}

#[tokio::test]
async fn every_view_in_every_state_where_there_is_enough_room() {
    compare_all(SIZES[1]).await;
}

#[tokio::test]
async fn every_view_in_every_state_where_there_is_much_room() {
    compare_all(SIZES[2]).await;
}

#[tokio::test]
async fn a_narrow_screen_shows_environments_as_rows() {
    let (width, height) = NARROW;
    for (name, keys) in NARROW_KEYS {
        let mut story = Story::begin(width, height).await;
        story.press(keys).await;
        compare(&format!("{name}-{width}x{height}"), &mut story);
    }
}

#[test]
fn every_sight_has_a_name_of_its_own_and_no_picture_is_left_of_one_that_is_gone() {
    let all: Vec<&str> = sights().map(|sight| sight.name).collect();
    let names: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(all.len(), names.len(), "a name stands twice: {all:?}");
    let mut pictures: BTreeSet<String> = names
        .iter()
        .flat_map(|name| SIZES.map(|(width, height)| format!("{name}-{width}x{height}")))
        .collect();
    pictures.extend(NARROW_KEYS.map(|(name, _)| format!("{name}-{}x{}", NARROW.0, NARROW.1)));
    let folder = fs::read_dir("tests/console/snapshots").unwrap().flatten();
    let files = folder.map(|file| file.file_name().into_string().unwrap());
    let kept = files.filter_map(|file| {
        Some(file.strip_prefix("integration__console__views__")?.strip_suffix(".snap")?.to_owned())
    });
    assert_eq!(kept.collect::<BTreeSet<_>>(), pictures);
}
