//! Themes: a handful of colours by meaning, one TOML file each. Those in `themes/` are compiled in; the person's own
//! folder adds others, and changes some colours of those.
//!
//! Absent: what a colour becomes on a terminal that has fewer of them, which is the console's business (`tui/style`).

pub mod contrast;
mod reading;
mod shelf;
#[cfg(test)]
mod tests;

pub use shelf::Shelf;

/// The theme that is used when none is named.
pub const DEFAULT: &str = "dark";

/// A colour, red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// Colours by what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Theme {
    /// The colours that text is written in, by name.
    pub fn inks(&self) -> [(&'static str, Rgb); 8] {
        [
            ("text", self.text),
            ("muted", self.muted),
            ("accent", self.accent),
            ("production", self.production),
            ("success", self.success),
            ("warning", self.warning),
            ("danger", self.danger),
            ("running", self.running),
        ]
    }

    /// What text is written on, by name.
    pub fn papers(&self) -> [(&'static str, Rgb); 2] {
        [("background", self.background), ("selection", self.selection)]
    }
}

impl TryFrom<&str> for Rgb {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii());
        let part = |range| digits.and_then(|digits| u8::from_str_radix(digits.get(range)?, 16).ok());
        match (part(0..2), part(2..4), part(4..6)) {
            (Some(red), Some(green), Some(blue)) => Ok(Self(red, green, blue)),
            _ => Err(format!("`{text}` is not a colour like #14171c")),
        }
    }
}
