//! What Java makes of texts that ought to be numbers or dates, as far as it shows in a checksum; and which name was
//! meant when a wrong one is written.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

/// True when Java's `NumberFormat` for the United States finds a number at the beginning; what follows it is left.
/// `None` when that hangs on what Java takes for a digit.
pub(super) fn begins_with_a_number(text: &str) -> Option<bool> {
    if text.starts_with("NaN") {
        return Some(true);
    }
    let text = text.strip_prefix('-').unwrap_or(text);
    if text.starts_with('∞') {
        return Some(true);
    }
    let mut has_point = false;
    for character in text.chars() {
        match character {
            '.' if !has_point => has_point = true,
            ',' if !has_point => {}
            character if character.is_ascii() => return Some(character.is_ascii_digit()),
            character => return if character.is_numeric() { None } else { Some(false) },
        }
    }
    Some(false)
}

/// What Liquibase's `ISODateFormat` makes of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// A date, a time or both, as it prints it.
    Date(String),
    /// None of them.
    None,
    /// Something that Java's lenient calendar counts on from, such as the 31st of April.
    Unknown,
}

macro_rules! patterns {
    ($($name:ident = $text:literal;)*) => {
        $(static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the patterns of this file are valid"));)*
    };
}

patterns! {
    TIME = r"^([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[^0-9]|$)";
    DAY = r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[^0-9]|$)";
    BOTH = r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})[T ]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[^0-9]|$)";
    LIKE_A_TIME = r"^[ \t]*-?[0-9]+:[ \t]*-?[0-9]+:[ \t]*-?[0-9]+";
    LIKE_A_DAY = r"^[ \t]*-?[0-9]+-[ \t]*-?[0-9]+-[ \t]*-?[0-9]+";
    LIKE_BOTH = r"^[ \t]*-?[0-9]+-[ \t]*-?[0-9]+-[ \t]*-?[0-9]+[T \t]+-?[0-9]+:[ \t]*-?[0-9]+:[ \t]*-?[0-9]+";
    OFFSET = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.([0-9]{1,9})(?:Z|[-+](?:0[0-9]|1[0-7]):[0-5][0-9])$";
}

/// Reads a date by the length of its text, as Liquibase does.
pub(super) fn moment(text: &str) -> Moment {
    if !text.is_ascii() {
        // Java would count the characters differently, and knows digits of other scripts.
        return if text.contains(|c: char| c.is_numeric()) { Moment::Unknown } else { Moment::None };
    }
    match text.len() {
        8 => time(text),
        10 => day(text),
        19 => both(text, ""),
        _ if text.contains(':') && !text.contains('-') => {
            if text.contains('.') {
                Moment::None
            } else {
                time(text)
            }
        }
        20.. if text.as_bytes()[19] == b'.' => fraction(text),
        _ => Moment::None,
    }
}

fn time(text: &str) -> Moment {
    match TIME.captures(text).and_then(|parts| clock(&parts, 1)) {
        Some(time) => Moment::Date(time),
        None => lenient(&LIKE_A_TIME, text),
    }
}

fn day(text: &str) -> Moment {
    match DAY.captures(text).and_then(|parts| calendar(&parts)) {
        Some(day) => Moment::Date(day),
        None => lenient(&LIKE_A_DAY, text),
    }
}

fn both(text: &str, fraction: &str) -> Moment {
    let parts = BOTH.captures(text);
    match parts.as_ref().and_then(|parts| Some((calendar(parts)?, clock(parts, 4)?))) {
        Some((day, time)) => Moment::Date(format!("{day}T{time}{fraction}")),
        None => lenient(&LIKE_BOTH, text),
    }
}

/// A date and a time with a fraction of a second, and perhaps an offset that is then forgotten.
fn fraction(text: &str) -> Moment {
    let whole = &text[..19];
    let digits = match OFFSET.captures(text) {
        Some(parts) => parts[1].to_owned(),
        // What Java's `Integer.parseInt` takes, as nanoseconds.
        None => match &text[20..] {
            digits if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                // A sign, or a failure of the first part: too odd to follow.
                return if digits.starts_with(['+', '-']) { Moment::Unknown } else { both_or_none(whole) };
            }
            digits if digits.len() > 9 => return Moment::Unknown,
            digits => digits.to_owned(),
        },
    };
    let digits = digits.trim_end_matches('0');
    let fraction = if digits.is_empty() { String::new() } else { format!(".{digits}") };
    both(whole, &fraction)
}

/// A fraction that is no number: whatever the part in front of it is, it is no date.
fn both_or_none(whole: &str) -> Moment {
    match both(whole, "") {
        Moment::Unknown => Moment::Unknown,
        Moment::Date(_) | Moment::None => Moment::None,
    }
}

fn lenient(like: &Regex, text: &str) -> Moment {
    if like.is_match(text) { Moment::Unknown } else { Moment::None }
}

fn number(parts: &regex::Captures<'_>, index: usize) -> Option<i16> {
    parts.get(index)?.as_str().parse().ok()
}

fn calendar(parts: &regex::Captures<'_>) -> Option<String> {
    let (month, day) = (i8::try_from(number(parts, 2)?).ok()?, i8::try_from(number(parts, 3)?).ok()?);
    // Before this year Java's calendar is another one.
    let year = number(parts, 1).filter(|year| *year >= 1583)?;
    Date::new(year, month, day).ok().map(|date| date.to_string())
}

fn clock(parts: &regex::Captures<'_>, first: usize) -> Option<String> {
    let (hour, minute, second) =
        (number(parts, first)?, number(parts, first + 1)?, number(parts, first + 2)?);
    (hour < 24 && minute < 60 && second < 60).then(|| format!("{hour:02}:{minute:02}:{second:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_where_java_finds_one() {
        for text in ["5", "-5", ".5", "1,000.5", ",5", "12abc", "5 ", "NaN", "∞", "-.5"] {
            assert_eq!(begins_with_a_number(text), Some(true), "{text}");
        }
        for text in ["", "+5", "abc", ".", "-", " 5", "(5", ",", ".,5"] {
            assert_eq!(begins_with_a_number(text), Some(false), "{text}");
        }
        assert_eq!(begins_with_a_number("٥"), None);
    }
}
