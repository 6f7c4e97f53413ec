//! A gate in front of a statement: whoever of a promotion comes to it waits until something has happened to it.
//!
//! That makes "at the moment when it holds the lock" exact: nobody has to be quick. Deliberately absent: the triggers
//! that lead to the gate ([`super::statements`]).

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::{Effect, Fault, Harm, statements};

/// Between two looks at who waits.
const PAUSE: Duration = Duration::from_millis(10);

/// How long a killed process may take to be gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps a gate that was closed on `client` until the connection ends or this is dropped.
pub(in crate::sandbox) async fn keep(
    client: Client,
    fault: &'static Fault,
) -> Result<(), tokio_postgres::Error> {
    let (waiting, open, close) =
        (statements::waiting(fault), statements::open_gate(fault), statements::close_gate(fault));
    loop {
        let runs = client.query(&waiting, &[]).await?;
        if runs.is_empty() {
            sleep(PAUSE).await;
            continue;
        }
        for run in runs {
            let run: String = run.try_get(0)?;
            if matches!(fault.effect, Effect::Harm(Harm::Drop, _)) {
                client.execute(statements::END_SESSIONS, &[&run]).await?;
            } else {
                kill_liquibase(&run).await;
            }
        }
        // The server finds out that nobody is there only when it answers.
        client.batch_execute(&open).await?;
        client.batch_execute(&close).await?;
    }
}

/// Kills the Liquibase of a run, which has the run's name among its arguments, and waits until it is gone.
async fn kill_liquibase(run: &str) {
    let argument = format!("-Dliquibase.hostDescription={run}");
    let begun = Instant::now();
    loop {
        let found = processes_with(&argument);
        if found.is_empty() || begun.elapsed() > PATIENCE {
            return;
        }
        for process in found {
            // It may end between the look and the signal.
            kill(Pid::from_raw(process), Signal::SIGKILL).ok();
        }
        sleep(PAUSE).await;
    }
}

/// The processes that were started with this very argument. One that has ended has no arguments any more.
fn processes_with(argument: &str) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let has_it = |process: &i32| {
        let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    };
    numbers.filter(has_it).collect()
}
