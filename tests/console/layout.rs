//! Every view in every state at every size: no frame is broken, nothing essential is missing.

use lockstep::tui::look::Look;

use super::Story;
use super::tour::walk;

/// Columns: the smallest, sides of widths at which something changes, the largest.
const WIDTHS: [u16; 8] = [60, 79, 80, 97, 100, 139, 200, 300];
const HEIGHTS: [u16; 6] = [16, 23, 24, 28, 50, 80];

#[tokio::test]
async fn no_size_breaks_a_view_or_hides_what_is_essential() {
    let mut problems = Vec::new();
    let mut visited = 0;
    let look = || Look::of("dark").unwrap();
    Box::pin(walk((60, 16), look, |sight, story| {
        for (width, height) in sizes(visited) {
            story.resize(width, height);
            let screen = story.screen();
            let mut check = |holds: bool, what: &str| {
                if !holds {
                    problems.push(format!("{} at {width}×{height}: {what}\n{screen}", sight.name));
                }
            };
            check(screen.contains("demo1"), "which instance it is");
            check(screen.contains(sight.words), sight.words);
            if !sight.is_above {
                check(screen.contains("q quit"), "the way out");
                let broken = broken_box(story);
                check(broken.is_none(), &broken.unwrap_or_default());
            }
        }
        visited += 1;
        story.resize(60, 16);
    }))
    .await;
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// Every width, each at a height: another one from sight to sight, so that all pairs come up many times.
fn sizes(turn: usize) -> impl Iterator<Item = (u16, u16)> {
    let height = move |place: usize| HEIGHTS[(place + turn) % HEIGHTS.len()];
    WIDTHS.into_iter().enumerate().map(move |(place, width)| (width, height(place)))
}

/// The first box without its four corners and its sides, or with something on them.
fn broken_box(story: &mut Story) -> Option<String> {
    let buffer = story.buffer();
    let symbol = |x: u16, y: u16| buffer.cell((x, y)).map_or("", |cell| cell.symbol());
    let area = buffer.area;
    let count = |corner: &str| buffer.content().iter().filter(|cell| cell.symbol() == corner).count();
    for corners in [["╭", "╮", "╰", "╯"], ["╔", "╗", "╚", "╝"]] {
        let counts = corners.map(count);
        if counts.iter().any(|count| *count != counts[0]) {
            return Some(format!("{corners:?} are there {counts:?} times"));
        }
    }
    for (x, y) in (0..area.height).flat_map(|y| (0..area.width).map(move |x| (x, y))) {
        let (side, end) = match symbol(x, y) {
            "╭" => ("│", "╰"),
            "╔" => ("║", "╚"),
            _ => continue,
        };
        let bottom = (y + 1..area.height).find(|row| symbol(x, *row) != side);
        if bottom.is_none_or(|row| symbol(x, row) != end) {
            return Some(format!("the box that begins in column {x}, row {y} does not end"));
        }
    }
    None
}

#[tokio::test]
async fn below_the_smallest_size_one_sentence_says_so() {
    let mut story = Story::begin(60, 16).await;
    for (width, height) in [(59, 16), (60, 15), (20, 5), (1, 1)] {
        story.resize(width, height);
        let screen = story.screen();
        assert!(!screen.contains("demo1"));
        if width > 20 {
            story.shows("lockstep needs 60 × 16 characters; this terminal has");
        }
    }
}
