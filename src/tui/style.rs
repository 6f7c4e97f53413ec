//! From a theme's meanings to the screen's styles, in the colours that the terminal shows. The only file that names a
//! colour.
//!
//! Fewer colours say the same: a table of 256 has something near everything, chosen so that it can still be read; of
//! sixteen, those are used whose names mean what is meant, on the terminal's own background; without any, text is bold,
//! underlined or reversed.

use ratatui::style::{Color, Modifier, Style};

use crate::config::appearance::{Appearance, Colours, Motion, Symbols};
use crate::config::theme::contrast::{EASY, contrast};
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
    /// A small chart.
    pub chart: Style,
    /// True when nothing but ASCII may be drawn.
    pub is_ascii: bool,
    /// True when nothing may move on its own.
    pub is_still: bool,
}

impl Styles {
    /// The styles of a theme on a terminal that shows everything.
    pub fn of(theme: &Theme) -> Self {
        Self::shown(theme, Appearance::default())
    }

    /// The styles of a theme, as far as they can be shown.
    pub fn shown(theme: &Theme, appearance: Appearance) -> Self {
        let styles = match appearance.colours {
            Colours::All => Self::coloured(theme, |rgb| colour(Some(rgb))),
            Colours::Indexed => {
                let papers = theme.papers().map(|(_, paper)| paper);
                let inks = theme.inks().map(|(_, ink)| ink);
                Self::coloured(theme, |rgb| {
                    let nearest = if inks.contains(&rgb) && !papers.contains(&rgb) {
                        nearest_readable(rgb, papers)
                    } else {
                        nearest(rgb, |_| true)
                    };
                    nearest.map_or(Color::Reset, |(index, _)| Color::Indexed(index))
                })
            }
            Colours::Sixteen => Self::named(),
            Colours::None => Self::colourless(),
        };
        Self {
            is_ascii: appearance.symbols == Symbols::Ascii,
            is_still: appearance.motion == Motion::Reduced,
            ..styles
        }
    }

    fn coloured(theme: &Theme, colour: impl Fn(Rgb) -> Color) -> Self {
        let with = |rgb: Rgb| Style::new().fg(colour(rgb));
        Self {
            text: with(theme.text).bg(colour(theme.background)),
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
            chart: with(theme.accent),
            is_ascii: false,
            is_still: false,
        }
    }

    /// Whoever chose what these sixteen look like chose the background, too: it stays, and so does the colour of text.
    fn named() -> Self {
        let with = |colour: Color| Style::new().fg(colour);
        let plain = Self::colourless();
        Self {
            accent: with(Color::Cyan),
            border_selected: with(Color::Cyan).add_modifier(Modifier::BOLD),
            production: with(Color::Magenta).add_modifier(Modifier::BOLD),
            success: with(Color::Green),
            warning: with(Color::Yellow),
            danger: with(Color::Red).add_modifier(Modifier::BOLD),
            alarm: with(Color::Red).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            running: with(Color::Cyan),
            key: with(Color::Cyan).add_modifier(Modifier::BOLD),
            chart: with(Color::Cyan),
            ..plain
        }
    }

    fn colourless() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            text: plain.fg(Color::Reset).bg(Color::Reset),
            strong: bold,
            muted: plain,
            faint: plain,
            accent: plain.add_modifier(Modifier::UNDERLINED),
            border: plain,
            border_selected: bold,
            production: bold,
            success: plain,
            warning: plain,
            danger: bold,
            alarm: bold.add_modifier(Modifier::REVERSED),
            running: bold,
            selected: plain.add_modifier(Modifier::REVERSED),
            key: bold,
            chart: plain,
            is_ascii: false,
            is_still: false,
        }
    }
}

/// A colour of a drawn cell as `#rrggbb`; `None` for one that the terminal chooses.
pub(super) fn hex(colour: Color) -> Option<String> {
    let (red, green, blue) = match colour {
        Color::Rgb(red, green, blue) => (red, green, blue),
        Color::Indexed(index) => {
            let Rgb(red, green, blue) = table(index)?;
            (red, green, blue)
        }
        _ => return None,
    };
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}

fn colour(rgb: Option<Rgb>) -> Color {
    rgb.map_or(Color::Reset, |Rgb(red, green, blue)| Color::Rgb(red, green, blue))
}

/// A colour of the table that all terminals share: 216 in a cube, then 24 greys. The first sixteen are the owner's.
fn table(index: u8) -> Option<Rgb> {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |number: u8| STEPS.get(usize::from(number)).copied();
    match index {
        0..16 => None,
        16..232 => {
            let cube = index - 16;
            Some(Rgb(step(cube / 36)?, step(cube / 6 % 6)?, step(cube % 6)?))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            Some(Rgb(grey, grey, grey))
        }
    }
}

/// The colour of the table that is nearest to `rgb` among those that will do.
fn nearest(rgb: Rgb, will_do: impl Fn(Rgb) -> bool) -> Option<(u8, Rgb)> {
    let far = |one: u8, other: u8, weight: u32| weight * u32::from(one.abs_diff(other)).pow(2);
    let all = (16..=255).filter_map(|index| Some((index, table(index)?)));
    all.filter(|(_, other)| will_do(*other))
        // Eyes see differences of green best and of red worst.
        .min_by_key(|(_, other)| far(rgb.0, other.0, 2) + far(rgb.1, other.1, 4) + far(rgb.2, other.2, 3))
}

/// The same for text: it is to be read on what `papers` become as well as on `papers`, or very well.
fn nearest_readable(ink: Rgb, papers: [Rgb; 2]) -> Option<(u8, Rgb)> {
    let needed = papers.map(|paper| contrast(ink, paper)).into_iter().fold(EASY, f64::min);
    let shown = papers.map(|paper| nearest(paper, |_| true).map_or(paper, |(_, paper)| paper));
    let is_readable = |other: Rgb| shown.iter().all(|paper| contrast(other, *paper) >= needed);
    nearest(ink, is_readable).or_else(|| nearest(ink, |_| true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::theme::Shelf;
    use crate::config::theme::contrast::READABLE;

    fn rgb(colour: Option<Color>) -> Rgb {
        match colour {
            Some(Color::Indexed(index)) => table(index).unwrap(),
            other => panic!("{other:?} is not of the table"),
        }
    }

    #[test]
    fn every_theme_can_be_read_on_a_terminal_with_256_colours() {
        let shelf = Shelf::compiled_in();
        let appearance = Appearance { colours: Colours::Indexed, ..Appearance::default() };
        for name in shelf.names() {
            let styles = Styles::shown(shelf.theme(&name).unwrap(), appearance);
            let needed =
                if ["projector", "high-contrast"].contains(&name.as_str()) { EASY } else { READABLE };
            for style in [
                styles.text,
                styles.muted,
                styles.accent,
                styles.production,
                styles.success,
                styles.warning,
                styles.danger,
                styles.running,
            ] {
                for paper in [styles.text.bg, styles.selected.bg] {
                    let ratio = contrast(rgb(style.fg), rgb(paper));
                    assert!(ratio >= needed, "{name}: {style:?} on {paper:?} has {ratio:.2}:1");
                }
            }
            assert_ne!(styles.selected.bg, styles.text.bg, "{name}: what is selected is seen");
        }
    }

    #[test]
    fn without_colours_no_style_names_one_and_what_is_selected_is_reversed() {
        let shelf = Shelf::compiled_in();
        let appearance = Appearance { colours: Colours::None, ..Appearance::default() };
        let styles = Styles::shown(shelf.theme("dark").unwrap(), appearance);
        for style in [styles.danger, styles.alarm, styles.key, styles.selected, styles.production] {
            assert_eq!((style.fg, style.bg), (None, None));
            assert!(!style.add_modifier.is_empty(), "{style:?} is told from plain text");
        }
        assert!(styles.selected.add_modifier.contains(Modifier::REVERSED));
    }
}
