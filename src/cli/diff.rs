//! `lockstep diff A B`: what really is in two databases, held against each other. A release is built in a scratch
//! database for it; environments are only read.

use std::fmt::Write as _;
use std::io::{Write as _, stderr, stdout};
use std::sync::Arc;

use serde_json::{Value, json};

use super::arguments::{Arguments, Diff};
use super::{instance, release};
use crate::adapters::Adapters;
use crate::config::{Settings, paths};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::Source;
use crate::domain::names::EnvironmentName;
use crate::domain::release::{Release, Version};
use crate::domain::schema::{Difference, DifferenceKind, Schema, What, diff, proposal};
use crate::engine::event::EventKind;
use crate::exit::Exit;
use crate::headless::Format;
use crate::runtime::{Clock, Sink, StopSignals};

/// One of the two that are compared.
enum Side {
    Environment(EnvironmentName),
    Release(Box<Release>),
}

/// Carries the command out.
pub(super) async fn run(words: &Diff, arguments: &Arguments, format: Format) -> Result<Exit, Failure> {
    let settings = instance::settings(arguments)?;
    let adapters = Adapters::new(Arc::new(settings.clone()), paths::tools());
    let (a, b) = (side(&words.a, &settings, &adapters).await?, side(&words.b, &settings, &adapters).await?);
    let (schema_a, schema_b) = (schema(&a, &b, &adapters).await?, schema(&b, &a, &adapters).await?);
    let differences = diff(&schema_a, &schema_b);
    let text = match format {
        Format::Json => {
            let side = |side: &Side, schema: &Schema| {
                let kind = if matches!(side, Side::Release(_)) { "release" } else { "environment" };
                json!({ "name": side.name(), "kind": kind, "digest": schema.digest().as_str() })
            };
            let sql = words.sql.then(|| proposal(&differences));
            let value = json!({
                "a": side(&a, &schema_a),
                "b": side(&b, &schema_b),
                "real": differences.iter().filter(|it| it.is_real()).count(),
                "cosmetic": differences.iter().filter(|it| !it.is_real()).count(),
                "differences": differences.iter().map(difference_json).collect::<Vec<_>>(),
                "proposal": sql,
            });
            format!("{value:#}\n")
        }
        Format::Text if words.sql => proposal(&differences),
        Format::Text => text(&a.name(), &b.name(), &differences, words.all),
    };
    stdout().write_all(text.as_bytes()).map_err(|error| {
        Failure::new(FailureKind::Failed, "the output could not be written").because(error)
    })?;
    let differs = differences.iter().any(Difference::is_real);
    Ok(if differs { Exit::Differences } else { Exit::Proven })
}

impl Side {
    fn name(&self) -> String {
        match self {
            Self::Environment(name) => name.to_string(),
            Self::Release(release) => release.version.to_string(),
        }
    }
}

/// An environment that is configured, else a release.
async fn side(word: &str, settings: &Settings, adapters: &Adapters) -> Result<Side, Failure> {
    let environments = settings.environments.iter().map(|it| &it.environment.name);
    if let Some(name) = environments.clone().find(|name| name.as_str() == word) {
        return Ok(Side::Environment(name.clone()));
    }
    let known: Vec<_> = environments.map(EnvironmentName::as_str).collect();
    let Ok(version) = Version::parse(word) else {
        let what = format!("`{word}` is neither an environment nor a version");
        return Err(Failure::new(FailureKind::Usage, what)
            .because(format!("the environments are: {}", known.join(", ")))
            .hint("Name an environment, or a release such as v1.2.0."));
    };
    let catalog = release::catalog(adapters).await?;
    match catalog.get(&version) {
        Some(release) => Ok(Side::Release(Box::new(release.clone()))),
        None => Err(release::unknown(&version, &catalog)),
    }
}

/// A release is built with the contexts and labels of the environment that it is held against.
async fn schema(side: &Side, other: &Side, adapters: &Adapters) -> Result<Arc<Schema>, Failure> {
    let release = match side {
        Side::Environment(name) => return adapters.schema(name).await,
        Side::Release(release) => release,
    };
    let like = match other {
        Side::Environment(name) => Some(name),
        Side::Release(_) => None,
    };
    let listen = |error: std::io::Error| {
        Failure::new(FailureKind::Unavailable, "lockstep cannot listen for signals").because(error)
    };
    let mut signals = StopSignals::listen().map_err(listen)?;
    let count = release.changelog.changesets().len();
    say(&format!("building {} in a scratch database: {count} changesets", release.version));
    let (sink, mut events) = Sink::queue(Clock::system());
    let building = adapters.release_schema(release, like, sink, signals.next());
    let listening = async {
        while let Some(event) = events.recv().await {
            let EventKind::Log(_, lines) = event.kind else { continue };
            lines.iter().filter(|line| line.source == Source::Lockstep).for_each(|line| say(&line.text));
        }
    };
    tokio::join!(building, listening).0
}

/// Progress, on standard error. When that is closed nobody can be told.
fn say(line: &str) {
    writeln!(stderr(), "{line}").ok();
}

/// The differences for people: real ones first, those of one table together.
fn text(a: &str, b: &str, differences: &[Difference], all: bool) -> String {
    let (real, cosmetic): (Vec<_>, Vec<_>) = differences.iter().partition(|it| it.is_real());
    let mut text = if real.is_empty() {
        format!("{a} and {b} have the same schema\n")
    } else {
        let count = real.iter().filter(|it| !it.is_part).count();
        let s = if count == 1 { "" } else { "s" };
        format!("{b} differs from {a}: {count} difference{s} (+ only in {b}, - only in {a}, ~ different)\n")
    };
    text.push_str(&groups(a, b, &real));
    if cosmetic.is_empty() {
        return text;
    }
    let count = cosmetic.len();
    let s = if count == 1 { "" } else { "s" };
    if all {
        writeln!(text, "\n{count} cosmetic difference{s}, which change nothing that runs:").ok();
        text.push_str(&groups(a, b, &cosmetic));
    } else {
        writeln!(text, "\n{count} cosmetic difference{s}, which change nothing that runs; --all lists them")
            .ok();
    }
    text
}

fn groups(a: &str, b: &str, differences: &[&Difference]) -> String {
    let mut text = String::new();
    let mut whole = None;
    for difference in differences {
        let title = difference.object.whole();
        if whole.as_ref() != Some(&title) {
            writeln!(text, "\n{title}").ok();
            whole = Some(title);
        }
        let (sign, object) = (difference.sign(), &difference.object);
        match (&difference.what, difference.kind) {
            (What::OnlyInA(object) | What::OnlyInB(object), _) => {
                writeln!(text, "{}", format!("  {sign} {}  {}", object.name, object.words()).trim_end()).ok();
            }
            (What::Changed { aspect, .. }, kind) => {
                let why = match kind {
                    DifferenceKind::Real => String::new(),
                    DifferenceKind::Cosmetic(why) => format!("  ({why})"),
                };
                writeln!(text, "  {sign} {object}  {}{why}", aspect.word()).ok();
                let width = a.chars().count().max(b.chars().count());
                for (who, what) in [(a, difference.a()), (b, difference.b())] {
                    writeln!(text, "      {who:width$}  {}", what.as_deref().unwrap_or("none")).ok();
                }
            }
        }
    }
    text
}

fn difference_json(difference: &Difference) -> Value {
    let name = &difference.object;
    let (kind, why) = match difference.kind {
        DifferenceKind::Real => ("real", None),
        DifferenceKind::Cosmetic(why) => ("cosmetic", Some(why)),
    };
    json!({
        "object": name.short(),
        "type": name.kind.word(),
        "schema": name.schema,
        "of": name.of,
        "name": name.name,
        "what": difference.word(),
        "a": difference.a(),
        "b": difference.b(),
        "kind": kind,
        "why": why,
        "part": difference.is_part,
    })
}
