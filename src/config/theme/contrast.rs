//! How well one colour can be read on another, as WCAG 2 measures it.

use super::{Rgb, Theme};

/// What text needs (WCAG 2, level AA).
pub const READABLE: f64 = 4.5;

/// What text needs where reading is hard (WCAG 2, level AAA).
pub const EASY: f64 = 7.0;

/// The contrast of two colours: from 1, which is none, to 21, which is black on white.
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// What can be read worst in a theme, in words; `None` when everything can be read.
pub fn weakness(theme: &Theme) -> Option<String> {
    let mut worst: Option<(f64, &str, &str)> = None;
    for (ink, colour) in theme.inks() {
        for (paper, behind) in theme.papers() {
            let ratio = contrast(colour, behind);
            if ratio < worst.map_or(READABLE, |(ratio, ..)| ratio) {
                worst = Some((ratio, ink, paper));
            }
        }
    }
    worst.map(|(ratio, ink, paper)| {
        format!("{ink} on {paper} has a contrast of {ratio:.1}:1 only, and text needs {READABLE}:1")
    })
}

/// The part of a channel that is light: a value between 0 and 1.
pub(super) fn linear(value: u8) -> f64 {
    let value = f64::from(value) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn luminance(colour: Rgb) -> f64 {
    0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
}
