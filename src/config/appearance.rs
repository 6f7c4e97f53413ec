//! What the terminal can show and what whoever sits in front of it wants: how many colours, which symbols, how much
//! motion, or no full screen at all. Decided once, from flags and the variables that terminals and people set.
//!
//! Absent: what a theme's colours become then (`tui/style`), and which symbols ASCII ones stand for (`domain/ascii`).

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// Every colour, by its red, green and blue.
    All,
    /// The 256 of a table that all terminals share.
    Indexed,
    /// The sixteen that the terminal's owner chose.
    Sixteen,
    /// None: bold, underlined and reversed text only.
    None,
}

/// What somebody said about colours on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColourWish {
    /// As many as the terminal shows, and none where `NO_COLOR` is set.
    #[default]
    Auto,
    /// Whatever variables say.
    Always,
    /// None.
    Never,
}

/// The symbols that borders and status are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbols {
    /// Lines, blocks and signs of Unicode.
    Unicode,
    /// Nothing but ASCII.
    Ascii,
}

/// Whether things may move on their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One at a time may.
    Full,
    /// Nothing does: words instead of bars that fill, a clock without seconds.
    Reduced,
}

/// What can be asked for by flags, or in `lockstep.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wishes {
    /// How many colours.
    pub colours: ColourWish,
    /// True for ASCII only.
    pub ascii: bool,
    /// True for no motion.
    pub reduced_motion: bool,
    /// True for sentences instead of a full screen.
    pub plain: bool,
}

/// How everything is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appearance {
    /// How many colours.
    pub colours: Colours,
    /// Which symbols.
    pub symbols: Symbols,
    /// How much motion.
    pub motion: Motion,
    /// True for sentences instead of a full screen.
    pub is_plain: bool,
}

impl Default for Appearance {
    /// That of a terminal which shows everything.
    fn default() -> Self {
        Self { colours: Colours::All, symbols: Symbols::Unicode, motion: Motion::Full, is_plain: false }
    }
}

impl Appearance {
    /// Decides, given what `variable` says of a variable of the environment.
    pub fn decide(wishes: Wishes, variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let terminal = variable("TERM").unwrap_or_default();
        let symbols = if wishes.ascii || !is_unicode(variable) { Symbols::Ascii } else { Symbols::Unicode };
        let motion = if wishes.reduced_motion { Motion::Reduced } else { Motion::Full };
        let is_without = match wishes.colours {
            ColourWish::Auto => variable("NO_COLOR").is_some(),
            ColourWish::Always => false,
            ColourWish::Never => true,
        };
        let colours =
            if is_without { Colours::None } else { shown(&terminal, variable("COLORTERM").as_deref()) };
        Self { colours, symbols, motion, is_plain: wishes.plain || terminal == "dumb" }
    }
}

/// How many colours a terminal of that name shows.
fn shown(terminal: &str, colour_terminal: Option<&str>) -> Colours {
    const ALL: [&str; 7] = ["direct", "truecolor", "kitty", "alacritty", "wezterm", "ghostty", "foot"];
    if matches!(colour_terminal, Some("truecolor" | "24bit"))
        || ALL.iter().any(|name| terminal.contains(name))
    {
        Colours::All
    } else if terminal.contains("256") {
        Colours::Indexed
    } else {
        Colours::Sixteen
    }
}

/// False when the locale names another character set than UTF-8. Where no locale is set, nothing is said against it.
fn is_unicode(variable: impl Fn(&'static str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(wishes: Wishes, variables: &[(&str, &str)]) -> Appearance {
        Appearance::decide(wishes, |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_terminal_gets_the_colours_that_it_shows() {
        let colours = |variables: &[(&str, &str)]| decided(Wishes::default(), variables).colours;
        assert_eq!(colours(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Colours::All);
        assert_eq!(colours(&[("TERM", "xterm-kitty")]), Colours::All);
        assert_eq!(colours(&[("TERM", "screen-256color")]), Colours::Indexed);
        assert_eq!(colours(&[("TERM", "xterm")]), Colours::Sixteen);
        assert_eq!(colours(&[("TERM", "linux")]), Colours::Sixteen);
    }

    #[test]
    fn no_color_takes_them_away_and_a_flag_has_the_last_word() {
        let terminal = [("TERM", "xterm-256color"), ("NO_COLOR", "1")];
        let colours = |wish| decided(Wishes { colours: wish, ..Wishes::default() }, &terminal).colours;
        assert_eq!(colours(ColourWish::Auto), Colours::None);
        assert_eq!(colours(ColourWish::Always), Colours::Indexed);
        assert_eq!(colours(ColourWish::Never), Colours::None);
        let empty = decided(Wishes::default(), &[("TERM", "xterm"), ("NO_COLOR", "")]);
        assert_eq!(empty.colours, Colours::Sixteen, "an empty NO_COLOR says nothing");
    }

    #[test]
    fn a_locale_without_unicode_gets_ascii() {
        let symbols = |variables: &[(&str, &str)]| decided(Wishes::default(), variables).symbols;
        assert_eq!(symbols(&[]), Symbols::Unicode);
        assert_eq!(symbols(&[("LANG", "C.UTF-8")]), Symbols::Unicode);
        assert_eq!(symbols(&[("LANG", "de_DE.utf8")]), Symbols::Unicode);
        assert_eq!(symbols(&[("LANG", "de_DE.ISO-8859-1")]), Symbols::Ascii);
        assert_eq!(symbols(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]), Symbols::Ascii);
        assert_eq!(decided(Wishes { ascii: true, ..Wishes::default() }, &[]).symbols, Symbols::Ascii);
    }

    #[test]
    fn a_dumb_terminal_gets_sentences() {
        assert!(decided(Wishes::default(), &[("TERM", "dumb")]).is_plain);
        assert!(!decided(Wishes::default(), &[("TERM", "xterm")]).is_plain);
        assert!(decided(Wishes { plain: true, ..Wishes::default() }, &[("TERM", "xterm")]).is_plain);
    }
}
