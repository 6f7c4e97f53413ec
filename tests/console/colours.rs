//! Every theme as a picture of its styles: the characters, below them a letter for the style of every cell, and what each
//! letter stands for. One board shows it all: dev failed, test is on its way, staging was changed by hand.

use std::fmt::Write as _;

use lockstep::config::appearance::{Appearance, Colours, Symbols};
use lockstep::config::theme::Shelf;
use lockstep::domain::step::StepKind;
use lockstep::tui::look::Look;
use ratatui::buffer::{Buffer, Cell};

use super::{Deploys, Script, Story};

/// A board on which something failed, something runs, and something is not what it should be.
async fn busy(theme: &str, appearance: Appearance) -> Story {
    let look = Look::new(Shelf::compiled_in(), theme, appearance).unwrap();
    let mut story = Story::looking(Script::new(), 100, 30, look);
    story.look_around().await;
    story.script.deploys(Deploys::RollBack);
    story.press("1p<left>").await.wait(600).await.press("y").await;
    story.script.adds_by_hand(2, "note");
    story.wait(6_000).await;
    story.script.hold_at(StepKind::Update);
    story.press("2p").await.wait(600).await.press("P").await.wait(2_000).await;
    story
}

/// What is drawn, and how.
fn painted(story: &mut Story) -> String {
    let mut picture = story.screen();
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
    let mut styles: Vec<String> = Vec::new();
    let buffer: &Buffer = story.buffer();
    for row in buffer.content().chunks(usize::from(buffer.area.width)) {
        picture.push('\n');
        for cell in row {
            let style = style(cell);
            let known = styles.iter().position(|known| *known == style);
            picture.push(letters[known.unwrap_or(styles.len())]);
            if known.is_none() {
                styles.push(style);
            }
        }
    }
    picture.push('\n');
    for (letter, style) in letters.iter().zip(styles) {
        write!(picture, "\n{letter}  {style}").unwrap();
    }
    picture
}

/// Ink on paper, and what else there is to it.
fn style(cell: &Cell) -> String {
    let more = if cell.modifier.is_empty() { String::new() } else { format!("  {:?}", cell.modifier) };
    format!("{} on {}{more}", cell.fg, cell.bg)
}

#[tokio::test]
async fn every_theme_at_its_work() {
    for name in Shelf::compiled_in().names() {
        let mut story = busy(&name, Appearance::default()).await;
        for words in ["✖ v1.3.0 failed", "◆ drifted", "promoting v1.2.0 to test"] {
            story.shows(words);
        }
        insta::assert_snapshot!(name, painted(&mut story));
    }
}

#[tokio::test]
async fn a_terminal_with_fewer_colours_none_or_nothing_but_ascii() {
    let few = |colours| Appearance { colours, ..Appearance::default() };
    for (name, appearance) in [
        ("dark-in-256-colours", few(Colours::Indexed)),
        ("dark-in-16-colours", few(Colours::Sixteen)),
        ("dark-without-colours", few(Colours::None)),
        ("dark-in-ascii", Appearance { symbols: Symbols::Ascii, ..Appearance::default() }),
    ] {
        insta::assert_snapshot!(name, painted(&mut busy("dark", appearance).await));
    }
}
