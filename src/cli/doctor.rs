//! `lockstep doctor`: everything that a person needs before a first promotion, looked at without changing anything.
//!
//! Here are the needs that only the command line knows: which files were read, and the terminal. The adapters look at
//! the others.

use std::io::{IsTerminal as _, Write as _, stdin, stdout};
use std::sync::Arc;

use super::arguments::Arguments;
use super::instance;
use crate::adapters::Adapters;
use crate::config::appearance::{Colours, Symbols};
use crate::config::{ConsoleSettings, Settings, keys, paths};
use crate::domain::doctor::judgement::{self, Terminal};
use crate::domain::doctor::{Examination, Found, Need, Place};
use crate::domain::failure::{Failure, FailureKind};
use crate::exit::Exit;
use crate::headless::{Format, doctor as words};
use crate::runtime::Clock;
use crate::tui::keymap::Keymap;
use crate::tui::terminal;

/// Carries the command out.
pub(super) async fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let chosen = instance::settings(arguments);
    let mut examination = Examination::default();
    examination.add([terminal(arguments, chosen.as_ref().ok())]);
    let settings = match chosen {
        Ok(settings) => {
            examination.add(files(&settings));
            settings
        }
        Err(failure) => {
            examination.add([Found::failed(failure).need(Place::Instance, "configuration")]);
            Settings::without_instance()
        }
    };
    let is_there = !settings.environments.is_empty();
    let instance = is_there.then(|| (settings.id.clone(), settings.title.clone(), settings.mode.clone()));
    let adapters = Adapters::new(Arc::new(settings), paths::tools());
    examination.add(if is_there {
        Box::pin(adapters.examine(&Clock::system())).await
    } else {
        Box::pin(adapters.examine_machine()).await
    });
    let text = match arguments.format() {
        Format::Text => words::text(instance.as_ref(), &examination),
        Format::Json => format!("{:#}\n", words::json(instance.as_ref(), &examination)),
    };
    stdout().write_all(text.as_bytes()).map_err(|error| super::unwritten(&error))?;
    Ok(match examination.obstacle() {
        None => Exit::Proven,
        Some(FailureKind::Configuration) => Exit::Configuration,
        Some(_) => Exit::Unavailable,
    })
}

/// The files that were read: that of the instance, the user's own, and the keys that both choose.
fn files(settings: &Settings) -> Vec<Need> {
    let count = settings.environments.len();
    let s = if count == 1 { "" } else { "s" };
    let own = paths::user_file();
    let of_user = keys::of_user(&own);
    let found = Found::well(format!("{}, {count} environment{s}", settings.origin.display()));
    let user = match &of_user {
        Err(failure) => Found::failed(failure.clone()),
        Ok(_) if own.is_file() => Found::well(own.display().to_string()),
        Ok(_) => Found::unseen(format!("{} is not there, and need not be", own.display())),
    };
    let mut needs =
        vec![found.need(Place::Instance, "configuration"), user.need(Place::Instance, "your own file")];
    if let Ok(of_user) = of_user {
        let chosen: Vec<_> = settings.keys.iter().cloned().chain(of_user).collect();
        if let Err(failure) = Keymap::with(&chosen) {
            needs.push(Found::failed(failure).need(Place::Instance, "keys"));
        }
    }
    needs
}

/// The terminal that the console would be opened on.
fn terminal(arguments: &Arguments, settings: Option<&Settings>) -> Need {
    let usual = ConsoleSettings::default();
    let appearance = arguments.appearance.appearance(settings.map_or(&usual, |settings| &settings.console));
    let is_there = stdin().is_terminal() && stdout().is_terminal();
    let terminal = Terminal {
        is_there,
        is_dumb: is_there && appearance.is_plain,
        colours: match appearance.colours {
            Colours::All => None,
            Colours::Indexed => Some(256),
            Colours::Sixteen => Some(16),
            Colours::None => Some(0),
        },
        is_unicode: appearance.symbols == Symbols::Unicode,
        columns: terminal::width().filter(|_| is_there),
    };
    judgement::terminal(terminal).need(Place::Machine, "terminal")
}
