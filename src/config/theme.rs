//! Themes: a handful of colours by meaning, one TOML file each in `themes/`, compiled in.

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use crate::domain::failure::{Failure, FailureKind};

static THEMES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/themes");

/// The theme that is used when none is named.
pub const DEFAULT: &str = "dark";

/// A colour, red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rgb(pub u8, pub u8, pub u8);

/// Colours by what they mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// Behind everything.
    pub background: Rgb,
    /// What is read first.
    pub text: Rgb,
    /// What may be read later. Still has to be readable.
    pub muted: Rgb,
    /// Rules and empty parts of bars; never text.
    pub faint: Rgb,
    /// What can be acted on, and what is selected.
    pub accent: Rgb,
    /// Borders; never text.
    pub border: Rgb,
    /// Border and name of production.
    pub production: Rgb,
    /// Proven, healthy, in step.
    pub success: Rgb,
    /// Look at it.
    pub warning: Rgb,
    /// Failed.
    pub danger: Rgb,
    /// Under way.
    pub running: Rgb,
    /// Behind what is selected.
    pub selection: Rgb,
}

impl TryFrom<String> for Rgb {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii());
        let part = |range| digits.and_then(|digits| u8::from_str_radix(digits.get(range)?, 16).ok());
        match (part(0..2), part(2..4), part(4..6)) {
            (Some(red), Some(green), Some(blue)) => Ok(Self(red, green, blue)),
            _ => Err(format!("`{text}` is not a colour like #14171c")),
        }
    }
}

/// The names of all themes, in alphabetical order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = THEMES
        .files()
        .filter_map(|file| Some(file.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}

/// The theme called `name`.
pub fn load(name: &str) -> Result<Theme, Failure> {
    let file = THEMES.get_file(format!("{name}.toml")).ok_or_else(|| {
        Failure::new(FailureKind::Usage, format!("there is no theme called {name}"))
            .because(format!("the themes are: {}", names().join(", ")))
    })?;
    let wrong = |error: String| {
        Failure::new(FailureKind::Configuration, format!("the theme {name} cannot be used")).because(error)
    };
    let text = file.contents_utf8().ok_or_else(|| wrong("it is not UTF-8".to_owned()))?;
    toml::from_str(text).map_err(|error| wrong(error.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(colour: Rgb) -> f64 {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(colour.0) + 0.7152 * channel(colour.1) + 0.0722 * channel(colour.2)
    }

    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_text_colour_of_every_theme_can_be_read() {
        for name in names() {
            let theme = load(&name).unwrap();
            let needed = if name == "projector" { 7.0 } else { 4.5 };
            for (what, colour) in [
                ("text", theme.text),
                ("muted", theme.muted),
                ("accent", theme.accent),
                ("production", theme.production),
                ("success", theme.success),
                ("warning", theme.warning),
                ("danger", theme.danger),
                ("running", theme.running),
            ] {
                for behind in [theme.background, theme.selection] {
                    let ratio = contrast(colour, behind);
                    assert!(ratio >= needed, "{name}: {what} has {ratio:.2}:1, needs {needed}:1");
                }
            }
        }
    }

    #[test]
    fn a_theme_that_is_not_there_is_named_with_those_that_are() {
        let failure = load("pink").unwrap_err();
        assert_eq!(failure.because, [format!("the themes are: {}", names().join(", "))]);
        assert!(names().contains(&DEFAULT.to_owned()));
    }
}
