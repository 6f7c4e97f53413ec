//! From flags, variables and the instance's file to how the console looks.

use std::io::{IsTerminal as _, stdin, stdout};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::config::appearance::{Appearance, ColourWish, Wishes};
use crate::config::theme::{self, Shelf};
use crate::config::{ConsoleSettings, paths};
use crate::domain::failure::Failure;
use crate::runtime::watch;
use crate::tui::look::Look;

/// How often the person's own themes are looked at while the console is open.
const THEMES_EVERY: Duration = Duration::from_secs(1);

/// How the console looks.
#[derive(Args)]
pub(super) struct AppearanceArguments {
    /// The theme of the console; `T` there shows them all
    #[arg(long, global = true, env = "LOCKSTEP_THEME", value_name = "NAME")]
    theme: Option<String>,
    /// Colours in the console: as many as the terminal shows and none where `NO_COLOR` is set, or in spite of that, or none
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    color: When,
    /// Nothing but ASCII on the screen, as where the locale is not UTF-8
    #[arg(long, global = true)]
    ascii: bool,
    /// Nothing moves on its own
    #[arg(long, global = true)]
    reduced_motion: bool,
    /// One sentence for everything that happens instead of a full screen, until ctrl-c; for screen readers and logs
    #[arg(long, global = true)]
    pub(super) plain: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl AppearanceArguments {
    /// What the terminal shows of what was asked for.
    pub(super) fn appearance(&self, settings: &ConsoleSettings) -> Appearance {
        let wishes = Wishes {
            colours: match self.color {
                When::Auto => ColourWish::Auto,
                When::Always => ColourWish::Always,
                When::Never => ColourWish::Never,
            },
            ascii: self.ascii || settings.ascii,
            reduced_motion: self.reduced_motion || settings.reduced_motion,
            plain: self.plain,
        };
        let appearance = Appearance::decide(wishes, |name| std::env::var(name).ok());
        let has_terminal = stdin().is_terminal() && stdout().is_terminal();
        Appearance { is_plain: appearance.is_plain || !has_terminal, ..appearance }
    }

    /// The console's look, which follows the files of the person's own themes.
    ///
    /// `left` is the theme that was on screen when a console was left last.
    pub(super) fn look(&self, settings: &ConsoleSettings, left: Option<&str>) -> Result<Look, Failure> {
        let mut known = Shelf::read(paths::themes());
        let left = left.filter(|left| known.names().iter().any(|name| name == left));
        let name = self.theme.as_deref().or(left).unwrap_or_else(|| self.theme(settings)).to_owned();
        let look = Look::new(known.clone(), &name, self.appearance(settings))?;
        Ok(look.following(watch(THEMES_EVERY, move || {
            known = known.read_again()?;
            Some(known.clone())
        })))
    }

    /// The same for a picture: every colour and every symbol, on no terminal.
    pub(super) fn picture(&self, settings: &ConsoleSettings) -> Result<Look, Failure> {
        Look::new(Shelf::read(paths::themes()), self.theme(settings), Appearance::default())
    }

    fn theme<'a>(&'a self, settings: &'a ConsoleSettings) -> &'a str {
        self.theme.as_deref().or(settings.theme.as_deref()).unwrap_or(theme::DEFAULT)
    }
}
