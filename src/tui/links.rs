//! Addresses and paths on screen that a terminal can open by itself (OSC 8).
//!
//! A link leads exactly to what can be read there, so nothing that is written somewhere leads elsewhere. Cells are not
//! touched: what was drawn is sent once more between the marks of a link, so that no width can change. Of what does not
//! fit, and of what goes on in the next line, there is no link.

use std::io::{self, Write};

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;

/// A text on screen that is an address, or the path of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub target: String,
    /// The cells that it is read in.
    cells: Vec<(u16, u16, Cell)>,
}

/// Every link of a frame.
pub fn find(buffer: &Buffer) -> Vec<Link> {
    let mut links = Vec::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let (mut word, mut is_cut) = (Vec::new(), false);
        for x in buffer.area.left()..buffer.area.right() {
            let Some(cell) = buffer.cell(Position::new(x, y)) else { continue };
            if is_part(cell.symbol()) {
                word.push((x, y, cell.clone()));
                continue;
            }
            // Half an address leads elsewhere, whichever half it is.
            let is_half = is_cut || cell.symbol() == "…";
            links.extend(link(std::mem::take(&mut word)).filter(|_| !is_half));
            is_cut = cell.symbol() == "…";
        }
        links.extend(link(word).filter(|_| !is_cut));
    }
    links
}

/// Sends links to a terminal.
pub fn write<W: Write>(backend: &mut CrosstermBackend<W>, links: &[Link]) -> io::Result<()> {
    for link in links {
        write!(backend, "\x1b]8;;{}\x1b\\", link.target)?;
        Backend::draw(backend, link.cells.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
        write!(backend, "\x1b]8;;\x1b\\")?;
    }
    Write::flush(backend)
}

/// True for what addresses and paths are made of. Everything else ends one, the sign of what was cut, too.
fn is_part(symbol: &str) -> bool {
    symbol.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c))
}

fn link(mut cells: Vec<(u16, u16, Cell)>) -> Option<Link> {
    // A sentence goes on behind an address.
    while cells.last().is_some_and(|(_, _, cell)| matches!(cell.symbol(), "." | "," | ";" | ":" | ")")) {
        cells.pop();
    }
    let text: String = cells.iter().map(|(_, _, cell)| cell.symbol()).collect();
    let is_address = ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    });
    let target = if is_address {
        text
    } else if text.starts_with('/') && text.ends_with("/operation-report.html") {
        format!("file://{text}")
    } else {
        return None;
    };
    Some(Link { target, cells })
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn targets(lines: &[&str]) -> Vec<String> {
        find(&Buffer::with_lines(lines.iter().copied())).into_iter().map(|link| link.target).collect()
    }

    #[test]
    fn addresses_and_reports_are_links_to_what_is_read() {
        assert_eq!(
            targets(&[
                "   address     http://127.0.0.1:41003  ",
                "see https://example.com/a?b=c, then",
                "report /var/lib/lockstep/reports/demo1/r-1/operation-report.html",
            ]),
            [
                "http://127.0.0.1:41003",
                "https://example.com/a?b=c",
                "file:///var/lib/lockstep/reports/demo1/r-1/operation-report.html"
            ]
        );
    }

    #[test]
    fn what_was_cut_or_is_none_is_no_link() {
        let none: [String; 0] = [];
        assert_eq!(targets(&["https://", "ftp://x", "/etc/passwd", "…/r-1/operation-report.html"]), none);
        assert_eq!(targets(&["/var/lib/lockstep/reports/demo1/r-1/operation-repo…"]), none);
        assert_eq!(targets(&["http://127.0.0.1:4100…"]), none, "half an address leads elsewhere");
    }

    #[test]
    fn what_is_sent_once_more_is_what_was_drawn_between_the_marks() {
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 12, 1));
        buffer.set_string(1, 0, "http://x", Style::new());
        let mut out = Vec::new();
        write(&mut CrosstermBackend::new(&mut out), &find(&buffer)).unwrap();
        let sent = String::from_utf8(out).unwrap();
        assert!(sent.starts_with("\x1b]8;;http://x\x1b\\\x1b[1;2H"), "{sent:?}");
        assert!(sent.contains("http://x") && sent.ends_with("\x1b]8;;\x1b\\"), "{sent:?}");
    }
}
