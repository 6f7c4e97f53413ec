//! `lockstep notify test`: tells every channel that it can be told, so that nobody learns in an emergency that it cannot.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::sync::Arc;

use serde_json::{Value, json};

use super::arguments::{Arguments, NotifyCommand};
use super::instance;
use crate::adapters::{Adapters, machine_user};
use crate::config::{DesktopSettings, paths};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::notification::{Channel, Notification};
use crate::domain::report::Instance;
use crate::exit::Exit;
use crate::headless::{Format, failure_json, failure_text};
use crate::runtime::Clock;
use crate::tui::alert::Alert;

/// How it went with one channel: words, or why not. The terminal is none that can be told here for certain.
struct Tried {
    channel: &'static str,
    result: Result<String, Failure>,
}

/// Carries the command out.
pub(super) async fn run(command: &NotifyCommand, arguments: &Arguments) -> Result<Exit, Failure> {
    match command {
        NotifyCommand::Test => test(arguments).await,
    }
}

async fn test(arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = Arc::new(instance::settings(arguments)?);
    if settings.is_read_only {
        return Err(Failure::new(FailureKind::Refused, "lockstep only reads here")
            .hint("Start it without --read-only to send messages."));
    }
    let listeners = settings.notify.listeners();
    if listeners.is_empty() && settings.notify.desktop.is_none() {
        return Err(Failure::new(FailureKind::Configuration, "nobody is to be told anything")
            .because("there is no [notify.slack], [notify.email] or [notify.desktop]")
            .hint("docs/notifications.md tells what to write into lockstep.toml."));
    }
    let (id, title, mode) = (settings.id.to_string(), settings.title.clone(), settings.mode.clone());
    let instance = Instance { id, title, mode };
    let told = Notification::of_test(instance, Clock::system().now(), &machine_user());
    let adapters = Adapters::new(Arc::clone(&settings), paths::tools());
    let mut tried = Vec::new();
    for channel in listeners.into_iter().map(|listener| listener.channel) {
        let result = adapters.tell(channel, told.clone()).await;
        tried.push(Tried { channel: Channel::word(channel), result });
    }
    if let Some(desktop) = &settings.notify.desktop {
        tried.push(Tried { channel: "desktop", result: Ok(ring(desktop, &told)) });
    }
    let text = match arguments.format() {
        Format::Text => tried.iter().map(line).collect(),
        Format::Json => format!("{:#}\n", json!({ "channels": tried.iter().map(value).collect::<Vec<_>>() })),
    };
    stdout().write_all(text.as_bytes()).map_err(|error| super::unwritten(&error))?;
    let failed = tried.iter().find_map(|tried| tried.result.as_ref().err());
    Ok(failed.map_or(Exit::Proven, Exit::from))
}

/// Asks the terminal, where there is one.
fn ring(desktop: &DesktopSettings, told: &Notification) -> String {
    let mut terminal = stderr();
    if !terminal.is_terminal() {
        return "the console shows it in its terminal; here is none".to_owned();
    }
    let alert = Alert::decide(desktop.signal, |name| std::env::var(name).ok());
    // A terminal that is gone shows nothing, and there is nobody to tell.
    terminal.write_all(alert.sequence(told).as_bytes()).ok();
    "this terminal was asked to show it; it does not say whether it did".to_owned()
}

fn line(tried: &Tried) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    match &tried.result {
        Ok(said) => writeln!(text, "✔ {:8} {said}", tried.channel).ok(),
        Err(failure) => {
            let told = failure_text(failure);
            // The shape says already that it is one.
            let told = told.strip_prefix("error: ").unwrap_or(&told);
            write!(text, "✖ {:8} {told}", tried.channel).ok()
        }
    };
    text
}

fn value(tried: &Tried) -> Value {
    json!({
        "channel": tried.channel,
        "told": tried.result.is_ok(),
        "said": tried.result.as_ref().ok(),
        "failure": failure_json(tried.result.as_ref().err()),
    })
}
