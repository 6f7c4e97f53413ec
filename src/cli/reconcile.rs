//! `lockstep reconcile`: from its words to a task.

use std::io::{self, stderr, stdout};

use super::arguments::{Arguments, Reconcile};
use super::{TICK, instance, runtime};
use crate::config::Settings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::EnvironmentName;
use crate::exit::Exit;
use crate::headless::{Reconciling, Task};
use crate::runtime::{StopSignals, drive};

/// Carries it out.
pub(super) async fn run(words: &Reconcile, arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = instance::settings(arguments)?;
    let task = task(words, &settings)?;
    let output = |error: io::Error| {
        Failure::new(FailureKind::Failed, "the output could not be written").because(error)
    };
    let signals = StopSignals::listen().map_err(output)?;
    let attaches = matches!(task, Task::Look { attaches: true, .. });
    let mut frontend = Reconciling::new(task, arguments.format(), stdout(), stderr(), Some(signals));
    let state = super::state(&settings);
    let runtime = runtime(settings, state);
    if attaches {
        runtime.tick(TICK);
    }
    let state = drive(runtime, &mut frontend).await.map_err(output)?;
    frontend.finish(&state).map_err(output)
}

fn task(words: &Reconcile, settings: &Settings) -> Result<Task, Failure> {
    let one = |name: &String| {
        let mut names = instance::environments(settings, std::slice::from_ref(name))?.into_iter();
        names
            .next()
            .ok_or_else(|| Failure::new(FailureKind::Usage, format!("there is no environment called {name}")))
    };
    if let Some(name) = &words.resolve {
        let reason = words.reason.clone().filter(|reason| !reason.trim().is_empty());
        let reason = reason.ok_or_else(|| {
            let flags = format!("lockstep reconcile --resolve {name} --reason '…'");
            Failure::new(FailureKind::Refused, format!("settling {name} by hand needs a reason"))
                .hint(format!("Say what was seen and done: {flags}"))
        })?;
        return Ok(Task::Resolve { environment: one(name)?, reason });
    }
    if let Some(name) = &words.release_lock {
        return Ok(Task::ReleaseLock { environment: one(name)?, confirm: words.confirm.clone() });
    }
    // All of them is more than those that are configured now: a run may have been to one that was removed since.
    let environments: Vec<EnvironmentName> = match words.chosen.environments.as_slice() {
        [] => Vec::new(),
        chosen => instance::environments(settings, chosen)?,
    };
    Ok(Task::Look { environments, attaches: words.attach, settles: words.settle })
}
