//! From a theme's meanings to the screen's styles. The only file that names a colour.

use ratatui::style::{Color, Modifier, Style};

use crate::config::theme::{Rgb, Theme};

/// The styles of the screen, by what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Styles {
    /// Behind everything, and plain text.
    pub text: Style,
    /// What is read first.
    pub strong: Style,
    /// What may be read later.
    pub muted: Style,
    /// Rules and the empty part of bars.
    pub faint: Style,
    /// What can be acted on.
    pub accent: Style,
    /// Borders.
    pub border: Style,
    /// The border of what is selected.
    pub border_selected: Style,
    /// Border and name of production.
    pub production: Style,
    /// Proven, healthy, in step.
    pub success: Style,
    /// Look at it.
    pub warning: Style,
    /// Failed.
    pub danger: Style,
    /// What nobody may overlook.
    pub alarm: Style,
    /// Under way.
    pub running: Style,
    /// A row that is selected.
    pub selected: Style,
    /// A key in a hint.
    pub key: Style,
}

impl Styles {
    /// The styles of a theme.
    pub fn of(theme: &Theme) -> Self {
        let text = Style::new().fg(colour(theme.text)).bg(colour(theme.background));
        let with = |rgb: Rgb| Style::new().fg(colour(rgb));
        Self {
            text,
            strong: with(theme.text).add_modifier(Modifier::BOLD),
            muted: with(theme.muted),
            faint: with(theme.faint),
            accent: with(theme.accent),
            border: with(theme.border),
            border_selected: with(theme.accent).add_modifier(Modifier::BOLD),
            production: with(theme.production).add_modifier(Modifier::BOLD),
            success: with(theme.success),
            warning: with(theme.warning),
            danger: with(theme.danger).add_modifier(Modifier::BOLD),
            alarm: with(theme.danger).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            running: with(theme.running),
            selected: Style::new().bg(colour(theme.selection)),
            key: with(theme.accent).add_modifier(Modifier::BOLD),
        }
    }
}

/// A colour of a drawn cell as `#rrggbb`; `None` for one that the terminal chooses.
pub(super) fn hex(colour: Color) -> Option<String> {
    match colour {
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        _ => None,
    }
}

fn colour(Rgb(red, green, blue): Rgb) -> Color {
    Color::Rgb(red, green, blue)
}
