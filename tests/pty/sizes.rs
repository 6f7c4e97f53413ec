//! Frames of every size, while every backend fails.

use super::console::Console;
use crate::promises::with_nobody_to_ask;

#[tokio::test]
async fn no_size_breaks_a_frame_and_a_screen_that_is_too_small_says_so() {
    let place = with_nobody_to_ask();
    let mut console = Console::open(&place, &[]);
    console.until("the failure is shown", |screen| screen.contains("dev cannot be seen")).await;
    let sizes = [(80, 24), (60, 16), (59, 16), (60, 15), (59, 15), (20, 5), (1, 1), (200, 50), (500, 120)];
    for (columns, rows) in sizes {
        console.resize(columns, rows);
        if (columns, rows) == (1, 1) {
            // Nothing can be read here; the next size shows that it lives.
            continue;
        }
        if columns >= 60 && rows >= 16 {
            console.until("the whole frame is there", |screen| is_whole(screen, columns, rows)).await;
        } else {
            let words = format!("lockstep needs 60 × 16 characters; this terminal has {columns} × {rows}.");
            console
                .until(&words, |screen| screen.split_whitespace().collect::<Vec<_>>().join(" ") == words)
                .await;
        }
    }
    // Faster than frames are drawn, and ending somewhere.
    for step in 0..200_u16 {
        console.resize(40 + step % 90, 10 + step % 37);
    }
    console.resize(100, 30);
    console.until("the whole frame is there", |screen| is_whole(screen, 100, 30)).await;
    console.send("q");
    assert_eq!(console.ended().await, 0);
    console.given_back().await;
}

#[tokio::test]
async fn a_key_that_comes_while_the_window_is_drawn_to_another_size_is_heard_at_once() {
    let place = with_nobody_to_ask();
    let mut console = Console::open(&place, &[]);
    console.until("the failure is shown", |screen| screen.contains("dev cannot be seen")).await;
    for round in 0..40_u16 {
        console.resize(100 + round % 3, 30);
        console.send("?");
        console.resize(104, 30 + round % 2);
        console.until("help is shown", |screen| screen.contains("everywhere")).await;
        console.resize(101, 30 + round % 3);
        console.send("q");
        console.resize(100, 30);
        console.until("the board is back", |screen| !screen.contains("everywhere")).await;
    }
    console.send("q");
    assert_eq!(console.ended().await, 0);
}

/// Header in the first row, hints in the last, nothing beyond the edge.
fn is_whole(screen: &str, columns: u16, rows: u16) -> bool {
    let lines: Vec<&str> = screen.lines().collect();
    let is_narrow = lines.iter().all(|line| line.chars().count() <= usize::from(columns));
    let has_edges =
        lines.first().is_some_and(|line| line.contains("lockstep  live-1") && line.contains("LIVE"))
            && lines.last().is_some_and(|line| line.trim_end().ends_with("q quit"));
    has_edges && is_narrow && lines.len() == usize::from(rows)
}
