//! A drawn screen as SVG: text as text, lines and blocks as shapes, so that they meet without gaps.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;

use crate::tui::style;
use crate::tui::text::width;

/// The size of a cell in pixels.
const CELL: (f64, f64) = (8.4, 18.0);

/// Room around the screen.
const MARGIN: f64 = 14.0;

/// The picture of `buffer`.
pub fn render(buffer: &Buffer) -> String {
    let area = buffer.area;
    let (wide, high) = (f64::from(area.width) * CELL.0, f64::from(area.height) * CELL.1);
    let behind = buffer.content().first().and_then(|cell| style::hex(cell.bg)).unwrap_or_default();
    let mut svg = String::new();
    // Writing to a `String` cannot fail.
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {:.0}\" font-family=\"ui-monospace, \
         'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">",
        wide + 2.0 * MARGIN,
        high + 2.0 * MARGIN
    )
    .ok();
    writeln!(svg, "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{behind}\"/>").ok();
    for y in 0..area.height {
        let row: Vec<&Cell> = (0..area.width).filter_map(|x| buffer.cell((x, y))).collect();
        render_row(&mut svg, &row, f64::from(y) * CELL.1 + MARGIN, &behind);
    }
    svg.push_str("</svg>\n");
    svg
}

fn render_row(svg: &mut String, row: &[&Cell], y: f64, behind: &str) {
    let mut x = 0;
    while let Some(cell) = row.get(x) {
        let left = place(x);
        let is_reversed = cell.modifier.contains(Modifier::REVERSED);
        let (ink, paper) = if is_reversed { (cell.bg, cell.fg) } else { (cell.fg, cell.bg) };
        let colour = style::hex(ink).unwrap_or_else(|| "currentColor".to_owned());
        let paper = style::hex(paper).filter(|paper| paper != behind);
        if let Some(shape) = Shape::of(cell.symbol()) {
            if let Some(paper) = &paper {
                rectangle(svg, (left, y), CELL, paper);
            }
            shape.draw(svg, (left, y), &colour);
            x += 1;
            continue;
        }
        // Text of one style goes out as one piece, held to its cells by its length.
        let mut text = String::new();
        let mut cells = 0;
        while let Some(next) = row.get(x + cells) {
            let is_same = (next.fg, next.bg, next.modifier) == (cell.fg, cell.bg, cell.modifier);
            if !is_same || Shape::of(next.symbol()).is_some() {
                break;
            }
            text.push_str(next.symbol());
            cells += width(next.symbol()).max(1);
        }
        if let Some(paper) = &paper {
            rectangle(svg, (left, y), (place(cells.max(1)), CELL.1), paper);
        }
        if !text.trim().is_empty() {
            let line = if cell.modifier.contains(Modifier::UNDERLINED) {
                " text-decoration=\"underline\""
            } else {
                ""
            };
            let weight = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"700\"" } else { "" };
            let length = place(cells);
            writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\"{weight}{line} xml:space=\"preserve\" textLength=\"{length:.1}\" \
                 lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                left + MARGIN,
                y + CELL.1 * 0.74,
                escape(&text)
            )
            .ok();
        }
        x += cells.max(1);
    }
}

fn place(cells: usize) -> f64 {
    f64::from(u16::try_from(cells).unwrap_or(u16::MAX)) * CELL.0
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn rectangle(svg: &mut String, at: (f64, f64), size: (f64, f64), colour: &str) {
    writeln!(
        svg,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
        at.0 + MARGIN,
        at.1,
        size.0,
        size.1
    )
    .ok();
}

/// A character that is drawn as a shape.
enum Shape {
    /// A line with arms to the left, right, up and down; doubled or not; rounded or not.
    Line { arms: [bool; 4], is_double: bool, is_round: bool },
    /// A block that fills this share of the cell's height from below.
    Height(f64),
    /// A block that fills this share of the cell's width from the left.
    Width(f64),
}

impl Shape {
    fn of(symbol: &str) -> Option<Self> {
        let line = |arms: [u8; 4], is_double, is_round| Self::Line {
            arms: arms.map(|arm| arm == 1),
            is_double,
            is_round,
        };
        Some(match symbol {
            "─" | "━" => line([1, 1, 0, 0], false, false),
            "│" => line([0, 0, 1, 1], false, false),
            "╭" => line([0, 1, 0, 1], false, true),
            "╮" => line([1, 0, 0, 1], false, true),
            "╰" => line([0, 1, 1, 0], false, true),
            "╯" => line([1, 0, 1, 0], false, true),
            "═" => line([1, 1, 0, 0], true, false),
            "║" => line([0, 0, 1, 1], true, false),
            "╔" => line([0, 1, 0, 1], true, false),
            "╗" => line([1, 0, 0, 1], true, false),
            "╚" => line([0, 1, 1, 0], true, false),
            "╝" => line([1, 0, 1, 0], true, false),
            _ => {
                let c = symbol.chars().next()?;
                match c {
                    // One to eight eighths of the height.
                    '\u{2581}'..='\u{2588}' => Self::Height(f64::from(u32::from(c) - 0x2580) / 8.0),
                    // Seven eighths of the width down to one.
                    '\u{2589}'..='\u{258f}' => Self::Width(f64::from(0x2590 - u32::from(c)) / 8.0),
                    _ => return None,
                }
            }
        })
    }

    fn draw(&self, svg: &mut String, (left, top): (f64, f64), colour: &str) {
        let (wide, high) = CELL;
        match self {
            Self::Height(share) => {
                rectangle(svg, (left, top + high * (1.0 - share)), (wide, high * share), colour);
            }
            Self::Width(share) => rectangle(svg, (left, top), (wide * share, high), colour),
            Self::Line { arms, is_double, is_round } => {
                let (x, y) = (left + MARGIN + wide / 2.0, top + high / 2.0);
                let offsets: &[f64] = if *is_double { &[-1.5, 1.5] } else { &[0.0] };
                let mut path = String::new();
                for offset in offsets {
                    arm_path(&mut path, (x, y), *arms, *offset, *is_round);
                }
                writeln!(svg, "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\"/>")
                    .ok();
            }
        }
    }
}

/// The path of a line's arms; `offset` moves it towards the outside (negative) or the inside of a corner.
fn arm_path(path: &mut String, (x, y): (f64, f64), arms: [bool; 4], offset: f64, is_round: bool) {
    let [left, right, up, down] = arms;
    let (wide, high) = (CELL.0 / 2.0, CELL.1 / 2.0);
    match (left || right, up || down) {
        (true, false) => write!(path, "M{:.1} {:.1}H{:.1}", x - wide, y + offset, x + wide).ok(),
        (false, true) => write!(path, "M{:.1} {:.1}V{:.1}", x + offset, y - high, y + high).ok(),
        _ => {
            let (across, along) = (if right { 1.0 } else { -1.0 }, if down { 1.0 } else { -1.0 });
            let (cx, cy) = (x + offset * across, y + offset * along);
            let (ex, ey) = (x + wide * across, y + high * along);
            if is_round {
                let radius = wide;
                write!(path, "M{ex:.1} {cy:.1}Q{cx:.1} {cy:.1} {cx:.1} {:.1}V{ey:.1}", cy + radius * along)
                    .ok()
            } else {
                write!(path, "M{ex:.1} {cy:.1}H{cx:.1}V{ey:.1}").ok()
            }
        }
    };
}
