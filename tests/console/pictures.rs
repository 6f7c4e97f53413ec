//! The pictures in the documentation: told by stories, so that they are the same everywhere, and held against what the
//! console draws now. `make pictures` draws them anew.

use std::env;
use std::fs;

use lockstep::domain::policy::Severity;
use lockstep::domain::step::StepKind;
use lockstep::engine::State;
use lockstep::tui::look::Look;
use lockstep::tui::svg;

use super::checks::{verdict, wrong};
use super::drift::EDITED;
use super::{Script, Story};

/// Set to draw the pictures instead of comparing them.
const DRAW: &str = "LOCKSTEP_PICTURES";

/// A picture: its file, its theme and size, what the world is like, the keys that lead to it (`~`: time to read goes by).
struct Picture {
    file: &'static str,
    theme: &'static str,
    size: (u16, u16),
    world: fn(&Script),
    keys: &'static str,
}

const PICTURES: [Picture; 7] = [
    Picture { file: "docs/board.svg", theme: "dark", size: (100, 30), world: |_| {}, keys: "2" },
    Picture { file: "docs/pictures/plan.svg", theme: "dark", size: (100, 30), world: |_| {}, keys: "2p~" },
    Picture {
        file: "docs/pictures/promoting.svg",
        theme: "dark",
        size: (100, 30),
        world: |script| script.hold_at(StepKind::Update),
        keys: "2p~P",
    },
    Picture {
        file: "docs/pictures/drift.svg",
        theme: "light",
        size: (100, 30),
        world: |script| {
            script.edit(EDITED, "'Sweet'", "'Sweeter'");
            script.ran_by_hand(2, "hotfix-77");
        },
        keys: "d",
    },
    Picture {
        file: "docs/pictures/checks.svg",
        theme: "catppuccin",
        size: (100, 30),
        world: |script| script.judges(Ok(verdict(wrong()))),
        keys: "C",
    },
    Picture {
        file: "docs/pictures/projector.svg",
        theme: "projector",
        size: (80, 24),
        world: |_| {},
        keys: "2p~P~",
    },
    Picture { file: "docs/pictures/themes.svg", theme: "gruvbox", size: (100, 30), world: |_| {}, keys: "T" },
];

async fn drawn(picture: &Picture) -> String {
    let script = Script::new();
    (picture.world)(&script);
    let (width, height) = picture.size;
    let police = |state: &mut State| *state = state.clone().policed(Severity::Blocker);
    let mut story = Story::made(script, width, height, Look::of(picture.theme).unwrap(), police);
    story.look_around().await;
    for (index, keys) in picture.keys.split('~').enumerate() {
        if index > 0 {
            story.wait(600).await;
        }
        story.press(keys).await;
    }
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
