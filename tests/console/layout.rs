//! Every view in every state at every size: no frame is broken, nothing essential is missing.

use lockstep::tui::look::Look;

use super::Story;
use super::tour::walk;

/// Columns: the smallest, both sides of every width at which something changes, the largest.
const WIDTHS: [u16; 15] = [60, 61, 79, 80, 81, 95, 96, 97, 98, 100, 120, 139, 140, 200, 300];
const HEIGHTS: [u16; 11] = [16, 17, 20, 23, 24, 27, 28, 36, 40, 50, 80];

/// Those that draw a box above others, whose sides may hide behind it.
const ABOVE: [&str; 3] = ["themes", "stop the line", "an approval"];

#[tokio::test]
async fn no_size_breaks_a_view_or_hides_what_is_essential() {
    walk(
        (60, 16),
        || Look::of("dark").unwrap(),
        |name, words, story| {
            for width in WIDTHS {
                for height in HEIGHTS {
                    story.resize(width, height);
                    let screen = story.screen();
                    let at = format!("{name} at {width}×{height}");
                    assert!(screen.contains("demo1"), "{at}: which instance it is\n{screen}");
                    assert!(screen.contains(words), "{at}: `{words}` is missing\n{screen}");
                    if !ABOVE.contains(&name) {
                        assert!(screen.contains("q quit"), "{at}: the way out\n{screen}");
                        check_boxes(&at, story);
                    }
                }
            }
        },
    )
    .await;
}

/// Every box that begins has its four corners and its sides, and nothing lies on them.
fn check_boxes(at: &str, story: &mut Story) {
    let screen = story.screen();
    let buffer = story.buffer();
    let symbol = |x: u16, y: u16| buffer.cell((x, y)).map_or("", |cell| cell.symbol());
    let area = buffer.area;
    let count = |corner: &str| buffer.content().iter().filter(|cell| cell.symbol() == corner).count();
    for corners in [["╭", "╮", "╰", "╯"], ["╔", "╗", "╚", "╝"]] {
        let counts = corners.map(count);
        assert!(counts.iter().all(|count| *count == counts[0]), "{at}: {corners:?} {counts:?}\n{screen}");
    }
    for y in 0..area.height {
        for x in 0..area.width {
            let (side, end) = match symbol(x, y) {
                "╭" => ("│", "╰"),
                "╔" => ("║", "╚"),
                _ => continue,
            };
            let bottom = (y + 1..area.height).find(|row| symbol(x, *row) != side);
            let found = bottom.map_or("the edge", |row| symbol(x, row));
            assert_eq!(found, end, "{at}: the box that begins in column {x}, row {y}\n{screen}");
        }
    }
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
