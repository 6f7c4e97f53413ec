//! Text from outside, made harmless: nothing that a terminal would obey, and nothing that hides or turns what is read.
//!
//! Absent: secrets, which the adapters' redactor knows, and escaping, which each format does by itself.

use std::sync::LazyLock;

use regex::Regex;

/// Escape sequences that colour or move: they go entirely, so that the words around them stay together.
static SEQUENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("\u{1b}(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\u{7}\u{1b}]*(?:\u{7}|\u{1b}\\\\))")
        .expect("the expression is constant and was tried")
});

/// One line: tabs become spaces, other control characters their pictures, and characters that turn the direction of a
/// text, hide in it, or are none, a mark.
pub fn line(text: &str) -> String {
    let text = if text.contains('\u{1b}') { SEQUENCE.replace_all(text, "") } else { text.into() };
    text.chars()
        .map(|character| match character {
            '\t' => ' ',
            '\u{0}'..='\u{1f}' => {
                char::from_u32(0x2400 + u32::from(character)).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fdd0}'..='\u{fdef}' => char::REPLACEMENT_CHARACTER,
            // The last two of every plane are no characters.
            other if u32::from(other) & 0xfffe == 0xfffe => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect()
}

/// The beginning of a text, on one line and of at most `length` characters.
pub fn beginning(text: &str, length: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = line(&words.join(" "));
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

/// Several lines, each as [`line`] makes it; line ends of every kind become `\n`.
pub fn block(text: &str) -> String {
    let lines: Vec<String> = text.replace("\r\n", "\n").split('\n').map(line).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_would_obey_or_that_hides_passes() {
        assert_eq!(line("a\tb\rc\u{7}d\u{9b}e\u{202e}f"), "a b\u{240d}c\u{2407}d\u{fffd}e\u{fffd}f");
        assert_eq!(line("\u{1b}]52;c;aGk=\u{7}copied"), "copied");
        assert_eq!(line("cut \u{1b}[3"), "cut \u{241b}[3");
        assert_eq!(line("a\u{fffe}b\u{1ffff}c\u{fdd0}d\u{61c}e"), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e");
        assert_eq!(line("déjà 日本 ✔ →"), "déjà 日本 ✔ →");
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("select 1;\r\n\tselect 2;\nx\u{0}"), "select 1;\n select 2;\nx\u{2400}");
    }
}
