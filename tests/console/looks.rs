//! How the console looks: themes, fewer colours, ASCII, less motion. Every view in every state is asked.

use std::fs;

use lockstep::config::appearance::{Appearance, Colours, Motion, Symbols};
use lockstep::config::theme::Shelf;
use lockstep::domain::ascii::text;
use lockstep::runtime::{Frontend as _, Next};
use lockstep::tui::look::Look;
use ratatui::buffer::Cell;
use ratatui::style::{Modifier, Style};
use tokio::sync::mpsc;

use super::tour::walk;
use super::{Script, Story};

fn shown(appearance: Appearance) -> Look {
    Look::new(Shelf::compiled_in(), "dark", appearance).unwrap()
}

fn ascii() -> Look {
    shown(Appearance { symbols: Symbols::Ascii, ..Appearance::default() })
}

fn colourless() -> Look {
    shown(Appearance { colours: Colours::None, ..Appearance::default() })
}

fn poor() -> Look {
    shown(Appearance { symbols: Symbols::Ascii, colours: Colours::None, ..Appearance::default() })
}

#[tokio::test]
async fn nothing_but_ascii_and_no_colour_is_drawn_where_a_terminal_has_nothing_else() {
    let mut problems = Vec::new();
    let plain = Style::reset();
    for size in [(60, 16), (100, 30)] {
        Box::pin(walk(size, poor, |sight, story| {
            let (name, screen) = (sight.name, story.screen());
            if let Some(cell) = story.buffer().content().iter().find(|cell| !cell.symbol().is_ascii()) {
                problems.push(format!("{name} at {size:?}: {cell:?}\n{screen}"));
            }
            let coloured = |cell: &&Cell| Some(cell.fg) != plain.fg || Some(cell.bg) != plain.bg;
            if let Some(cell) = story.buffer().content().iter().find(coloured) {
                problems.push(format!("{name} at {size:?}: {cell:?}\n{screen}"));
            }
            let words = text(sight.words);
            if !screen.contains(&words) {
                problems.push(format!("{name} at {size:?}: `{words}` is missing\n{screen}"));
            }
        }))
        .await;
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[tokio::test]
async fn what_is_selected_and_how_things_are_is_seen_without_colours() {
    let mut story = Story::looking(Script::new(), 100, 30, colourless());
    story.look_around().await.press("d<down>").await;
    let screen = story.screen();
    let row = screen.lines().position(|line| line.contains('▸')).unwrap();
    let line = |story: &mut Story, row: usize| {
        let cells = story.buffer().content()[row * 100..][..100].to_vec();
        cells.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count()
    };
    assert!(line(&mut story, row) > 90, "the row under the cursor is reversed\n{screen}");
    assert_eq!(line(&mut story, row + 1), 0);
    let mut story = Story::looking(Script::new(), 100, 30, ascii());
    story.look_around().await;
    for words in ["+ in step", "* running", "4 PROD ", "SANDBOX x20"] {
        story.shows(words);
    }
}

#[tokio::test]
async fn every_theme_draws_the_same_words() {
    let shelf = Shelf::compiled_in();
    let mut first: Option<String> = None;
    for name in shelf.names() {
        let look = Look::new(shelf.clone(), &name, Appearance::default()).unwrap();
        let mut story = Story::looking(Script::new(), 100, 30, look);
        story.look_around().await;
        let screen = story.screen();
        let paper = shelf.theme(&name).unwrap().background;
        let drawn = story.buffer().content()[0].bg.to_string();
        assert_eq!(drawn.to_lowercase(), format!("#{:02x}{:02x}{:02x}", paper.0, paper.1, paper.2));
        assert_eq!(first.get_or_insert_with(|| screen.clone()), &screen, "{name}");
    }
}

fn paper(story: &mut Story) -> String {
    story.buffer().content()[0].bg.to_string().to_lowercase()
}

#[tokio::test]
async fn a_theme_is_shown_while_it_is_under_the_cursor_and_kept_or_put_back() {
    let mut story = Story::begin(100, 30).await;
    let dark = paper(&mut story);
    story.press("T").await;
    story.shows("▸ dark");
    assert_eq!(paper(&mut story), dark);
    story.press("G<up><up>").await;
    let previewed = paper(&mut story);
    assert_ne!(previewed, dark, "what is under the cursor is shown at once");
    story.press("<esc>").await;
    story.hides("high-contrast");
    assert_eq!(paper(&mut story), dark, "esc brings back what was there");
    story.press("TG<up><up><enter>").await;
    story.hides("high-contrast");
    assert_ne!(paper(&mut story), dark, "enter keeps it");
    story.press("2p").await;
    story.shows("v1.2.0");
    assert_eq!(story.script.mutations(), 0);
}

#[tokio::test]
async fn a_theme_changes_on_screen_with_its_file_and_a_broken_one_changes_nothing_but_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    fs::write(&file, "inherit = \"dark\"\nbackground = \"#101010\"\n").unwrap();
    let shelf = Shelf::read(Some(folder.path().to_owned()));
    let (sender, news) = mpsc::channel(1);
    let look = Look::new(shelf.clone(), "mine", Appearance::default()).unwrap().following(news);
    let mut story = Story::looking(Script::new(), 100, 30, look);
    assert_eq!(paper(&mut story), "#101010");
    let mut shelf = shelf;
    for (text, behind, words) in [
        ("inherit = \"dark\"\nbackground = \"#202020\"\n", "#202020", "lockstep"),
        (
            "inherit = \"dark\"\nbackground = \"blue\"\n",
            "#202020",
            "theme mine: line 2: `blue` is not a colour",
        ),
        ("inherit = \"dark\"\nbackground = \"#003000\"\n", "#003000", "lockstep"),
    ] {
        fs::write(&file, text).unwrap();
        shelf = shelf.read_again().unwrap();
        sender.send(shelf.clone()).await.unwrap();
        assert!(matches!(story.console.next(story.runtime.state(), true).await.unwrap(), Next::Redraw));
        story.console.show(None, story.runtime.state(), false).unwrap();
        assert_eq!(paper(&mut story), behind);
        story.shows(words);
    }
}

#[tokio::test]
async fn a_theme_that_is_broken_from_the_start_opens_the_console_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), "inherit = \"dark\"\ntext = \"loud\"\n").unwrap();
    let shelf = Shelf::read(Some(folder.path().to_owned()));
    let look = Look::new(shelf, "mine", Appearance::default()).unwrap();
    let mut story = Story::looking(Script::new(), 100, 30, look);
    story.shows("theme mine: line 2: `loud` is not a colour");
    assert!(Look::of("pink").is_err(), "a theme that was never there is a mistake in what was typed");
}

#[tokio::test]
async fn nothing_moves_on_its_own_where_motion_is_not_wanted() {
    let still = || shown(Appearance { motion: Motion::Reduced, ..Appearance::default() });
    let mut story = Story::looking(Script::new(), 100, 30, still());
    story.look_around().await.press("2p").await;
    story.shows("read it first");
    story.hides("━━");
    story.wait(250).await;
    let before = story.screen();
    story.wait(100).await;
    assert_eq!(story.screen(), before, "no bar fills, no second goes by");
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await;
    story.shows("━━");
}
