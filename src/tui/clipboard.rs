//! Copying through the terminal itself (OSC 52), so that it works over SSH too. Pure: the bytes to send.
//!
//! A terminal does not say whether it took what it was sent; neither is it said here.

/// Base64 (RFC 4648), which the terminal takes the text in.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Characters of base64 that terminals take at least: xterm's limit, and that of those that copied it, is near 75,000.
const LIMIT: usize = 74_994;

/// Cells of a text that are told.
const TOLD: usize = 80;

/// True when terminals can be expected to take `text`; of more some take nothing, and say so nowhere.
pub fn fits(text: &str) -> bool {
    text.len().div_ceil(3) * 4 <= LIMIT
}

/// A short text itself, else what it is and how much of it there is.
pub fn headline(what: &str, text: &str) -> String {
    match text.lines().count() {
        0 | 1 if text.chars().count() <= TOLD => text.trim_end().to_owned(),
        0 | 1 => format!("{what}, {} characters", text.chars().count()),
        lines => format!("{what}, {lines} lines"),
    }
}

/// What makes a terminal put `text` into its clipboard. tmux hands on only what is wrapped for it.
pub fn sequence(text: &str, is_in_tmux: bool) -> String {
    let sequence = format!("\u{1b}]52;c;{}\u{7}", base64(text.as_bytes()));
    if is_in_tmux {
        format!("\u{1b}Ptmux;{}\u{1b}\\", sequence.replace('\u{1b}', "\u{1b}\u{1b}"))
    } else {
        sequence
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let mut bits = 0_usize;
        for place in 0..3 {
            bits = bits << 8 | usize::from(three.get(place).copied().unwrap_or(0));
        }
        for place in 0..4 {
            let digit = DIGITS[bits >> (18 - 6 * place) & 0x3f];
            text.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let coded = texts.map(|text| base64(text.as_bytes()));
        assert_eq!(coded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn what_is_too_large_for_terminals_does_not_fit() {
        assert!(fits(&"x".repeat(56_244)));
        assert!(!fits(&"x".repeat(56_245)));
    }

    #[test]
    fn a_short_text_is_told_and_a_long_one_counted() {
        assert_eq!(headline("version", "v1.2.0"), "v1.2.0");
        assert_eq!(headline("SQL", "a;\nb;\n"), "SQL, 2 lines");
        assert_eq!(headline("log", &"x".repeat(100)), "log, 100 characters");
    }

    #[test]
    fn tmux_is_told_to_hand_it_on() {
        assert_eq!(sequence("hi", false), "\u{1b}]52;c;aGk=\u{7}");
        assert_eq!(sequence("hi", true), "\u{1b}Ptmux;\u{1b}\u{1b}]52;c;aGk=\u{7}\u{1b}\\");
    }
}
