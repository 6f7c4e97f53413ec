//! `lockstep flow`: running a flow file, and saying what is wrong in one.

use std::io::{self, Write as _, stderr, stdout};
use std::path::Path;

use super::arguments::{Arguments, FlowCommand, FlowFile, FlowRunning};
use super::{here, instance, runtime};
use crate::config::Settings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::{Scope, Script, validate};
use crate::domain::names::EnvironmentName;
use crate::domain::procedure::{GIVEN, Procedure};
use crate::engine::flow::Asking;
use crate::exit::Exit;
use crate::headless::{Flowing, Format, flow_problems_json, flow_problems_text};
use crate::runtime::{StopSignals, drive};

/// Carries it out.
pub(super) async fn run(command: &FlowCommand, arguments: &Arguments) -> Result<Exit, Failure> {
    match command {
        FlowCommand::Run(words) => run_file(words, arguments).await,
        FlowCommand::Validate(file) => check(file, arguments.format()),
    }
}

async fn run_file(words: &FlowRunning, arguments: &Arguments) -> Result<Exit, Failure> {
    let output = |error: io::Error| {
        Failure::new(FailureKind::Failed, "the output could not be written").because(error)
    };
    let settings = settings(words, arguments)?;
    let environment = words.environment.as_ref();
    let environment = environment
        .map(|name| {
            let known = instance::environments(&settings, std::slice::from_ref(name))?;
            known.into_iter().next().ok_or_else(|| {
                Failure::new(FailureKind::Usage, format!("there is no environment called {name}"))
            })
        })
        .transpose()?;
    let asking = asking(words, environment)?;
    let signals = StopSignals::listen().map_err(output)?;
    let mut frontend = Flowing::new(asking, arguments.format(), stdout(), stderr(), Some(signals));
    let state = super::state(&settings);
    let state = drive(runtime(settings, state), &mut frontend).await.map_err(output)?;
    frontend.finish(&state).map_err(output)
}

/// The instance, where one is needed or can be found; a flow can also run without.
fn settings(words: &FlowRunning, arguments: &Arguments) -> Result<Settings, Failure> {
    let is_needed = words.environment.is_some() || words.release.is_some() || arguments.instance.is_some();
    match instance::settings(arguments) {
        Ok(settings) => Ok(settings),
        Err(failure) if is_needed => Err(failure),
        Err(_) if arguments.read_only => Ok(Settings::without_instance().read_only()),
        Err(_) => Ok(Settings::without_instance()),
    }
}

fn asking(words: &FlowRunning, environment: Option<EnvironmentName>) -> Result<Asking, Failure> {
    Ok(Asking {
        path: words.file.path.clone(),
        environment,
        release: super::version(words.release.as_deref())?,
        said: said(&words.file)?,
        confirm: words.confirm.clone(),
        force: words.force,
    })
}

/// The variables that were said.
fn said(file: &FlowFile) -> Result<Vec<(String, String)>, Failure> {
    let pairs = file.set.iter().map(|text| {
        let pair = text.split_once('=').filter(|(name, _)| !name.trim().is_empty());
        let (name, value) = pair.ok_or_else(|| {
            Failure::new(FailureKind::Usage, format!("`{text}` sets no variable"))
                .hint("Write `--set NAME=VALUE`.")
        })?;
        Ok((name.trim().to_owned(), value.to_owned()))
    });
    pairs.collect()
}

/// Says what is wrong in a flow file, and in everything that it leads to.
fn check(file: &FlowFile, format: Format) -> Result<Exit, Failure> {
    let here = here();
    let read = |path: &str| std::fs::read_to_string(here.join(path)).map_err(|error| error.to_string());
    let scope = Scope::outermost(std::env::vars(), [], said(file)?);
    let (mut script, mut problems) = Script::read(&file.path, &scope, &read);
    if script.as_ref().is_some_and(Script::promotes) {
        // What a promotion gives is there when the flow is gone through, whatever it is then.
        let given = GIVEN.map(|name| (name.to_owned(), name.to_owned()));
        let given = given.into_iter().filter(|(name, _)| !scope.knows(name));
        (script, problems) = Script::read(&file.path, &scope.knowing(given), &read);
    }
    if let Some(script) = &script {
        problems.extend(validate(script, &|path| exists(&here, path)));
        if script.promotes() {
            problems.extend(Procedure::of(script).err().unwrap_or_default());
        }
    }
    let actions = script.as_ref().map_or(0, |script| script.actions().count());
    let output = |error: io::Error| {
        Failure::new(FailureKind::Failed, "the output could not be written").because(error)
    };
    match format {
        Format::Text => {
            write!(stdout(), "{}", flow_problems_text(&file.path, actions, &problems)).map_err(output)?;
        }
        Format::Json => {
            let value = flow_problems_json(&file.path, actions, &problems);
            serde_json::to_writer_pretty(stdout(), &value).map_err(|error| output(error.into()))?;
            writeln!(stdout()).map_err(output)?;
        }
    }
    let is_wrong = problems.iter().any(|problem| problem.is_error);
    Ok(if is_wrong { Exit::Configuration } else { Exit::Proven })
}

fn exists(here: &Path, path: &str) -> bool {
    here.join(path).is_file()
}
