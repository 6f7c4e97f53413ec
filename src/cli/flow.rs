//! `lockstep flow`: running a flow file, and saying what is wrong in one.

use std::io::{self, Write as _, stderr, stdout};
use std::path::Path;
use std::sync::Arc;

use super::arguments::{Arguments, FlowCommand, FlowFile, FlowRunning};
use super::{here, instance, runtime};
use crate::adapters::Adapters;
use crate::config::{Settings, paths};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::{Problem, Scope, Script, Source, validate};
use crate::domain::location::is_object;
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
        FlowCommand::Validate(file) => check(file, arguments).await,
    }
}

async fn run_file(words: &FlowRunning, arguments: &Arguments) -> Result<Exit, Failure> {
    let output = |error: io::Error| {
        Failure::new(FailureKind::Failed, "the output could not be written").because(error)
    };
    let is_needed = words.environment.is_some() || words.release.is_some() || arguments.instance.is_some();
    let settings = settings(is_needed, arguments)?;
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
fn settings(is_needed: bool, arguments: &Arguments) -> Result<Settings, Failure> {
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
async fn check(file: &FlowFile, arguments: &Arguments) -> Result<Exit, Failure> {
    let (here, format) = (here(), arguments.format());
    let scope = Scope::outermost(std::env::vars(), [], said(file)?);
    let settings = settings(arguments.instance.is_some(), arguments)?;
    let adapters = Adapters::new(Arc::new(settings), paths::tools());
    let (actions, problems) =
        adapters.gather(&here, |source| checked(&file.path, &scope, source, &here)).await;
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

/// How many actions a flow has, and everything that is wrong or strange in it.
fn checked(path: &str, scope: &Scope, source: &Source<'_>, here: &Path) -> (usize, Vec<Problem>) {
    let (mut script, mut problems) = Script::read(path, scope, source);
    if script.as_ref().is_some_and(Script::promotes) {
        // What a promotion gives is there when the flow is gone through, whatever it is then.
        let given = GIVEN.map(|name| (name.to_owned(), name.to_owned()));
        let given = given.into_iter().filter(|(name, _)| !scope.knows(name));
        (script, problems) = Script::read(path, &scope.knowing(given), source);
    }
    if let Some(script) = &script {
        let exists =
            |path: &str| if is_object(path) { source(path).is_ok() } else { here.join(path).is_file() };
        problems.extend(validate(script, &exists));
        if script.promotes() {
            problems.extend(Procedure::of(script).err().unwrap_or_default());
        }
    }
    (script.as_ref().map_or(0, |script| script.actions().count()), problems)
}
