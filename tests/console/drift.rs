//! The grid: what stands out, what is filtered, and where the cursor stays.

use lockstep::domain::Timestamp;
use lockstep::domain::lock::{LockSight, Session};

use super::{Script, Story};

pub(super) const EDITED: &str = "changelog/changesets/008-categories.sql";

/// A newest release whose 008 has another text than the one that dev, test and staging ran, and a hotfix in staging.
async fn edited(width: u16, height: u16) -> Story {
    let script = Script::new();
    script.edit(EDITED, "'Sweet'", "'Sweeter'");
    script.ran_by_hand(2, "hotfix-77");
    Story::with(script, width, height, "dark").await
}

/// The line of the screen with these words, and where it is.
fn line(story: &mut Story, words: &str) -> (usize, String) {
    let screen = story.screen();
    let found = screen.lines().enumerate().find(|(_, line)| line.contains(words));
    let (number, line) = found.unwrap_or_else(|| panic!("`{words}` is not on the screen:\n{screen}"));
    (number, line.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[tokio::test]
async fn an_edit_stands_out_in_exactly_the_environments_that_ran_the_old_text() {
    let mut story = edited(100, 40).await;
    story.press("d").await;
    assert_eq!(
        line(&mut story, " 008-categories ").1,
        "\" 008-categories ✎ edited ✎ edited ✎ edited · pending \""
    );
    assert_eq!(line(&mut story, "✖ breaks").1, "\" ✖ breaks ✖ breaks ✖ breaks ✔ no drift \"");
    story.shows("◆ unexpected");
    story.press("n").await;
    story.shows("✎ edited in dev, test, staging; v1.4.0 breaks dev next");
    story.shows("changelog/changesets/008-categories.sql, by store");
    story.press("<enter>").await;
    story.shows("✎ edited · v1.4.0 breaks here next");
    story.shows(" is not the release's");
    story.shows("ran 2026-11-20 16:20:00 · number 10");
    story.shows("(3, 'Sweeter');");
    story.press("<end>").await;
    story.shows("drop table categories;");
    story.press("<esc>").await;
    story.shows("▸ 008-categories");
}

#[tokio::test]
async fn words_of_path_id_author_and_state_filter_and_escape_puts_them_away() {
    let mut story = edited(100, 40).await;
    story.press("d/edited").await;
    story.shows("008-categories");
    story.hides("009-allergens");
    story.press("<bs><bs><bs><bs><bs><bs>HOTFIXES unexp").await;
    story.shows("1 of 1");
    story.shows("hotfix-77");
    // Letters that mean something elsewhere are letters here.
    story.press("qodn<enter>").await;
    story.shows("Nothing matches.");
    story.press("<esc>").await;
    story.shows("001-products");
    story.press("/tag<enter>nn").await;
    story.shows("▸ tag-v1.1.0");
    story.press("N").await;
    story.shows("▸ tag-v1.0.0 ");
    story.press("<esc><esc>").await;
    story.shows("4 PROD");
}

#[tokio::test]
async fn what_is_applied_everywhere_can_be_left_out_and_the_next_difference_is_one_key_away() {
    let mut story = edited(100, 40).await;
    story.press("d").await;
    story.shows("▸ 001-products");
    story.press("nn").await;
    story.shows("▸ tag-v1.1.0");
    story.press("o").await;
    story.hides("001-products");
    story.shows("▸ tag-v1.1.0");
    story.shows("2 of 10");
    story.press("gN").await;
    // Before the first comes the last.
    story.shows("▸ hotfix-77");
    story.press("o").await;
    story.shows("▸ hotfix-77");
    story.shows("001-products");
}

#[tokio::test]
async fn a_promotion_that_is_at_work_elsewhere_is_named_and_not_judged() {
    let mut story = edited(100, 40).await;
    let at: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
    let session = Session {
        process: 7,
        name: "r-20261121-140155000-test".to_owned(),
        user: None,
        address: None,
        began: Some(at),
        state: None,
        changed: None,
        query: None,
        waits_for: None,
        blocked_by: Vec::new(),
    };
    story.script.locked(1, LockSight { at, liquibase: None, promoting: vec![7], sessions: vec![session] });
    story.press("d").await.wait(6_000).await;
    assert_eq!(line(&mut story, " 008-categories ").1, "\" 008-categories ✎ edited … ✎ edited · pending \"");
    story.shows("▶ promoting");
}

#[tokio::test]
async fn a_refresh_moves_neither_the_cursor_nor_its_line_among_ten_thousand_changesets() {
    let script = Script::new();
    script.fill(10_000);
    let mut story = Story::with(script, 100, 30, "dark").await;
    story.press("d").await;
    story.shows("10000 changesets · none differs");
    story.press("<end>").await;
    story.shows("10000 of 10000");
    story.press("<pgup><pgup><up><up><up>").await;
    let before = line(&mut story, "▸ ");
    let place = line(&mut story, " of 10000 ");
    story.wait(6_000).await;
    assert_eq!((line(&mut story, "▸ "), line(&mut story, " of 10000 ")), (before.clone(), place));
    story.script.fill_in_front(10_000, 25);
    story.wait(6_000).await;
    assert_eq!(line(&mut story, "▸ "), before);
    story.shows(" of 10025 ");
    story.press("g").await;
    story.shows("▸ 10000");
    story.shows("▲ missing in dev, test, staging, prod; the version that runs needs it");
}
