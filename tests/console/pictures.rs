//! The pictures in the documentation: sights of the tour, so that they are the same everywhere, and held against what the
//! console draws now. `make pictures` draws them anew.

use std::env;
use std::fs;

use lockstep::tui::look::Look;
use lockstep::tui::svg;

use super::tour::reach;

/// Set to draw the pictures instead of comparing them.
const DRAW: &str = "LOCKSTEP_PICTURES";

/// A picture: its file, what is seen, in which theme and at which size.
struct Picture {
    file: &'static str,
    sight: &'static str,
    theme: &'static str,
    size: (u16, u16),
}

const fn picture(file: &'static str, sight: &'static str, theme: &'static str) -> Picture {
    Picture { file, sight, theme, size: (100, 30) }
}

const PICTURES: [Picture; 14] = [
    picture("docs/board.svg", "board-test", "dark"),
    picture("docs/pictures/plan.svg", "plan", "dark"),
    picture("docs/pictures/promoting.svg", "running", "dark"),
    picture("docs/pictures/failed.svg", "failed-halfway", "dark"),
    picture("docs/pictures/back.svg", "back", "nord"),
    picture("docs/pictures/drift.svg", "drift", "light"),
    picture("docs/pictures/changeset.svg", "changeset", "light"),
    picture("docs/pictures/checks.svg", "checks", "catppuccin"),
    picture("docs/pictures/approvals.svg", "approvals", "dark"),
    picture("docs/pictures/reconcile.svg", "reconcile", "nord"),
    picture("docs/pictures/history.svg", "history", "dark"),
    picture("docs/pictures/flow.svg", "flow-failed", "gruvbox"),
    picture("docs/pictures/themes.svg", "themes", "gruvbox"),
    Picture { file: "docs/pictures/projector.svg", sight: "proven", theme: "projector", size: (80, 24) },
];

async fn drawn(picture: &Picture) -> String {
    let mut story = reach(picture.sight, picture.size, Look::of(picture.theme).unwrap()).await;
    svg::render(story.buffer())
}

#[tokio::test]
async fn every_picture_in_the_documentation_is_what_the_console_draws_now() {
    let mut stale = Vec::new();
    for picture in &PICTURES {
        let drawn = drawn(picture).await;
        if env::var_os(DRAW).is_some_and(|word| !word.is_empty()) {
            fs::create_dir_all("docs/pictures").unwrap();
            fs::write(picture.file, drawn).unwrap();
        } else if fs::read_to_string(picture.file).ok().as_deref() != Some(drawn.as_str()) {
            stale.push(picture.file);
        }
    }
    assert!(stale.is_empty(), "not what the console draws now: {stale:?}; `make pictures` draws them anew");
}
