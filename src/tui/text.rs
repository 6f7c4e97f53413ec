//! Text that fits: measured in cells, cut with an ellipsis, never in the middle of a character.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// The width of a text in cells.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text, cut to `limit` cells; what was cut is marked by an ellipsis.
pub(super) fn fit(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(1) else { return String::new() };
    let mut fitted = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += width(grapheme);
        if used > room {
            break;
        }
        fitted.push_str(grapheme);
    }
    fitted.truncate(fitted.trim_end().len());
    fitted.push('…');
    fitted
}

/// The end of a text that fits into `limit` cells; what was cut is marked by an ellipsis.
pub(super) fn tail(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let kept = text.grapheme_indices(true).rev().take_while(|(_, grapheme)| {
        used += width(grapheme);
        used <= room
    });
    let start = kept.last().map_or(text.len(), |(start, _)| start);
    format!("…{}", &text[start..])
}

/// A line with one text at the left and one at the right of `limit` cells. When both do not fit, the left is cut.
pub(super) fn between<'a>(left: Vec<Span<'a>>, right: Vec<Span<'a>>, limit: usize) -> Line<'a> {
    let right_width: usize = right.iter().map(|span| width(&span.content)).sum();
    let room = limit.saturating_sub(right_width + usize::from(right_width > 0));
    let mut spans = cut(left, room);
    let used: usize = spans.iter().map(|span| width(&span.content)).sum();
    spans.push(Span::raw(" ".repeat(limit.saturating_sub(used + right_width))));
    spans.extend(right);
    Line::from(spans)
}

/// Spans cut to `limit` cells.
pub(super) fn cut(spans: Vec<Span<'_>>, limit: usize) -> Vec<Span<'_>> {
    let mut room = limit;
    let mut kept = Vec::with_capacity(spans.len());
    for span in spans {
        let needed = width(&span.content);
        if needed <= room {
            room -= needed;
            kept.push(span);
        } else {
            kept.push(Span::styled(fit(&span.content, room), span.style));
            break;
        }
    }
    kept
}

/// Spans without their first `cells`. Of a character that is cut in half nothing is left but its other cell.
pub(super) fn beyond(spans: Vec<Span<'_>>, mut cells: usize) -> Vec<Span<'_>> {
    let mut kept = Vec::with_capacity(spans.len());
    for span in spans {
        if cells == 0 {
            kept.push(span);
            continue;
        }
        let mut rest = String::new();
        for grapheme in span.content.graphemes(true) {
            let wide = width(grapheme);
            if cells >= wide {
                cells -= wide;
            } else {
                rest.push_str(if cells == 0 { grapheme } else { " " });
                cells = 0;
            }
        }
        if !rest.is_empty() {
            kept.push(Span::styled(rest, span.style));
        }
    }
    kept
}

/// A rule across `limit` cells with a title in it and a text at its end.
pub(super) fn rule<'a>(title: Vec<Span<'a>>, end: Vec<Span<'a>>, limit: usize, style: Style) -> Line<'a> {
    let end_width: usize = end.iter().map(|span| width(&span.content)).sum();
    let end_room = if end_width == 0 { 0 } else { end_width + 1 };
    let mut spans = vec![Span::styled("── ", style)];
    spans.extend(cut(title, limit.saturating_sub(5 + end_room)));
    spans.push(Span::raw(" "));
    let used: usize = spans.iter().map(|span| width(&span.content)).sum();
    spans.push(Span::styled("─".repeat(limit.saturating_sub(used + end_room)), style));
    if end_width > 0 {
        spans.push(Span::raw(" "));
        spans.extend(end);
    }
    Line::from(spans)
}

/// Breaks a text into lines of at most `limit` cells, between words where it can. Nothing of it is left out: a path is
/// of no use without its end.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| width(line));
        if line > 0 && line + 1 + width(word) > limit {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut()
            && !line.is_empty()
        {
            line.push(' ');
        }
        push(&mut lines, word, limit);
    }
    lines
}

/// Adds a word to the last line, in pieces where it is wider than one.
fn push(lines: &mut Vec<String>, word: &str, limit: usize) {
    for grapheme in word.graphemes(true) {
        let used = lines.last().map_or(0, |line| width(line));
        if used > 0 && used + width(grapheme) > limit {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(grapheme);
        }
    }
}

/// Breaks a text into rows of at most `limit` cells wherever they are full; there is always one.
pub(super) fn rows(text: &str, limit: usize) -> Vec<&str> {
    let mut rows = Vec::new();
    let (mut begin, mut used) = (0, 0);
    for (start, grapheme) in text.grapheme_indices(true) {
        let wide = width(grapheme);
        if used + wide > limit && start > begin {
            rows.push(&text[begin..start]);
            (begin, used) = (start, 0);
        }
        used += wide;
    }
    rows.push(&text[begin..]);
    rows
}

/// A duration as people say it: `9 ms`, `4.1 s`, `02:05`.
pub(super) fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        millis @ 1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => clock(duration),
    }
}

/// A duration as minutes and seconds, with hours when there are any.
pub(super) fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds / 3_600 {
        0 => format!("{:02}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_says_so() {
        assert_eq!(fit("loyalty-points", 8), "loyalty…");
        assert_eq!(fit("ベーグル屋", 6), "ベー…");
        assert_eq!(fit("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(fit("short", 5), "short");
        assert_eq!(fit("short", 0), "");
    }

    #[test]
    fn what_is_beyond_some_cells_keeps_its_style_and_its_place() {
        let red = Style::new().red();
        let left = |cells| {
            let spans = vec![Span::raw("ab"), Span::styled("ベーグル", red), Span::raw("!")];
            beyond(spans, cells)
                .into_iter()
                .map(|span| (span.content.into_owned(), span.style))
                .collect::<Vec<_>>()
        };
        let plain = Style::new();
        assert_eq!(left(1)[0], ("b".to_owned(), plain));
        assert_eq!(left(3), [(" ーグル".to_owned(), red), ("!".to_owned(), plain)]);
        assert_eq!(left(40), []);
    }

    #[test]
    fn the_end_of_a_text_is_cut_between_characters_and_says_so() {
        assert_eq!(tail("loyalty-points", 8), "…-points");
        assert_eq!(tail("ベーグル屋", 6), "…ル屋");
        assert_eq!(tail("short", 5), "short");
        assert_eq!(tail("short", 0), "");
    }

    #[test]
    fn a_line_is_exactly_as_wide_as_asked() {
        for limit in [8, 20, 40] {
            let line = between(vec![Span::raw("a left text")], vec![Span::raw("right")], limit);
            assert_eq!(line.width(), limit);
            let rule = rule(vec![Span::raw("title")], vec![Span::raw("end")], limit + 10, Style::new());
            assert_eq!(rule.width(), limit + 10);
        }
    }

    #[test]
    fn durations_read_naturally() {
        let texts = [9, 4_120, 125_000, 3_725_000].map(|millis| duration(Duration::from_millis(millis)));
        assert_eq!(texts, ["9 ms", "4.1 s", "02:05", "1:02:05"]);
    }

    #[test]
    fn rows_break_between_characters_and_lose_nothing() {
        assert_eq!(rows("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(rows("ベーグル", 5), ["ベー", "グル"]);
        assert_eq!(rows("e\u{301}e\u{301}", 1), ["e\u{301}", "e\u{301}"]);
        assert_eq!(rows("", 4), [""]);
        assert_eq!(rows("ベー", 1), ["ベ", "ー"], "what is wider than a row stands alone in it");
    }

    #[test]
    fn long_sentences_are_wrapped_between_words() {
        assert_eq!(wrap("the service changed underneath", 12), ["the service", "changed", "underneath"]);
        assert_eq!(wrap("in /var/lib/lockstep/x", 9), ["in", "/var/lib/", "lockstep/", "x"]);
        assert_eq!(wrap("ベーグル屋", 5), ["ベー", "グル", "屋"]);
    }
}
