//! Numbers and times as a report writes them.

use std::time::Duration;

use crate::domain::Timestamp;

/// `212 ms`, `27.4 s`, `4 min 05 s`, `1 h 02 min`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `21 November 2026, 14:01:55 UTC`.
pub(super) fn moment(at: &Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M:%S UTC").to_string()
}

/// `21 Nov 2026`.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%-d %b %Y").to_string()
}

/// `14:01:55`, on the day that the report is of.
pub(super) fn clock(at: &Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// `1 line`, `2 lines`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The beginning of a word, as the first one of a sentence.
pub(super) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The part of an image that tells it apart: what follows the last `/`.
pub(super) fn image(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well_at_every_size() {
        let words = [212, 27_400, 59_999, 245_000, 3_725_000].map(|it| duration(Duration::from_millis(it)));
        assert_eq!(words, ["212 ms", "27.4 s", "60.0 s", "4 min 05 s", "1 h 02 min"]);
    }
}
