//! The keeper: one process per sandbox that owns everything of it and goes down with all of it.
//!
//! It runs on one thread, because its children are tied to the thread that spawned them. It ends when it is told to, when an
//! unkept sandbox is held by nobody, when PostgreSQL keeps dying, or when its state folder is gone.
//! Deliberately absent: how the estate is opened (`estate`) and what is said over HTTP (`control`).

mod control;
mod estate;
mod record;

pub(super) use record::Record;

use std::fmt::Display;
use std::future::pending;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};

use super::folder::{self, StateFolder, read_json, try_lock, write_json};
use super::link::{KeeperAddress, Word};
use super::{LaunchSettings, SandboxError};
use control::{Control, Request};
use estate::Estate;

/// How long an unkept sandbox outlives its last hold.
const LINGER: Duration = Duration::from_secs(2);
/// How long it waits for the first hold.
const FIRST_HOLD: Duration = Duration::from_secs(10);
/// So many deaths of PostgreSQL within the span are mended; one more ends the sandbox.
const DEATHS: (usize, Duration) = (5, Duration::from_mins(1));

/// Runs a keeper until its end; also ends well, at once, when another keeper serves the folder.
pub(super) fn run(path: PathBuf) -> ExitCode {
    // Fails only for a group leader, which then has its own terminal-free group already.
    nix::unistd::setsid().ok();
    let state = StateFolder::at(path);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(SandboxError::file("begin to work in", state.path())).and_then(|runtime| {
        let ended = runtime.block_on(keep(&state));
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&error);
            ExitCode::FAILURE
        }
    }
}

/// Writes a line of the keeper's log, which is its stderr.
fn note(text: impl Display) {
    // A log that cannot be written must not end the sandbox.
    writeln!(io::stderr(), "{:.3} {text}", Timestamp::now()).ok();
}

async fn keep(state: &StateFolder) -> Result<(), SandboxError> {
    let Some(lock) = keeper_lock(state).await? else {
        note("another keeper serves this sandbox");
        return Ok(());
    };
    let settings: LaunchSettings = read_json(&state.launch())?;
    let (requests, inbox) = mpsc::channel(16);
    tokio::spawn(stop_when_signalled(requests.clone()));
    let control = Control::open(state, requests)?;
    let address = KeeperAddress { pid: std::process::id(), port: control.port() };
    write_json(&state.keeper(), &address)?;
    note(format_args!("keeper {} listens on port {}", address.pid, address.port));
    let estate = Estate::new(state.clone(), settings, control.port())?;
    let mut keeper = Keeper { control, inbox, estate, deaths: Vec::new() };
    let ended = keeper.serve().await;
    keeper.leave(&ended).await;
    drop(lock);
    ended
}

struct Keeper {
    control: Control,
    inbox: mpsc::Receiver<Request>,
    estate: Estate,
    deaths: Vec<Instant>,
}

impl Keeper {
    async fn serve(&mut self) -> Result<(), SandboxError> {
        let mut waiting = Vec::new();
        let progress = self.control.start().clone();
        let say = |text: &str| tell(&progress, Word::Doing(text.to_owned()));
        let mut keep = self.estate.settings().keep;
        {
            let opening = self.estate.open(&say);
            tokio::pin!(opening);
            loop {
                tokio::select! {
                    opened = &mut opening => break opened?,
                    request = self.inbox.recv() => match request {
                        None | Some(Request::Stop) => return Ok(()),
                        Some(Request::Keep) => keep = true,
                        Some(reset) => waiting.push(reset),
                    },
                }
            }
        }
        self.control.serve_all(self.estate.router()).await?;
        if keep {
            self.estate.keep()?;
        } else {
            self.estate.publish()?;
        }
        self.announce();
        for request in waiting {
            self.obey(request).await?;
        }
        self.watch().await
    }

    /// Stays until there is a reason to leave.
    async fn watch(&mut self) -> Result<(), SandboxError> {
        let mut holds = self.control.holds();
        let mut look = interval(Duration::from_secs(2));
        loop {
            let kept = self.estate.settings().keep;
            tokio::select! {
                request = self.inbox.recv() => match request {
                    None | Some(Request::Stop) => { note("told to stop"); return Ok(()) }
                    Some(request) => self.obey(request).await?,
                },
                status = self.estate.postgres_ended() => {
                    note(format_args!("PostgreSQL ended by itself ({status})"));
                    self.count_death()?;
                    self.estate.start_postgres().await?;
                    self.announce();
                    note("PostgreSQL is back");
                }
                () = unheld(kept, &mut holds) => { note("nobody holds this sandbox any more"); return Ok(()) }
                _ = look.tick() => if !self.estate.is_ours() {
                    note("the state folder is gone");
                    return Ok(());
                }
            }
        }
    }

    async fn obey(&mut self, request: Request) -> Result<(), SandboxError> {
        match request {
            Request::Stop => Ok(()),
            Request::Keep => {
                self.estate.keep()?;
                self.announce();
                Ok(())
            }
            Request::Faults(order, answer) => {
                // Whoever asked may have gone; a fault that cannot be set is no reason to end.
                answer.send(self.estate.order(order).await).ok();
                Ok(())
            }
            Request::Reset(progress) => {
                let say = |text: &str| tell(&progress, Word::Doing(text.to_owned()));
                let done = self.estate.reset(&say).await;
                self.announce();
                match &done {
                    Ok(()) => tell(&progress, Word::Ready(Box::new(self.estate.sandbox()))),
                    Err(error) => tell(&progress, Word::Failed(error.to_string())),
                }
                // What could not be reset is not worth keeping: the next start begins from nothing.
                done
            }
        }
    }

    /// Makes the last word of the start what is true now.
    fn announce(&self) {
        let ready = Word::Ready(Box::new(self.estate.sandbox()));
        self.control.start().send_modify(|words| {
            words.retain(|word| matches!(word, Word::Doing(_)));
            words.push(ready);
        });
    }

    fn count_death(&mut self) -> Result<(), SandboxError> {
        self.deaths.retain(|death| death.elapsed() < DEATHS.1);
        self.deaths.push(Instant::now());
        if self.deaths.len() <= DEATHS.0 {
            return Ok(());
        }
        let because = format!("it ended {} times within {} seconds", self.deaths.len(), DEATHS.1.as_secs());
        Err(SandboxError::Postgres { action: "stay up", because, log: self.estate.state().postgres_log() })
    }

    /// Takes everything down, then tells those who wait for the start how it ended.
    async fn leave(&mut self, ended: &Result<(), SandboxError>) {
        if ended.is_ok() {
            tell(self.control.start(), Word::Stopping);
        }
        self.estate.close().await;
        if let Err(error) = ended {
            tell(self.control.start(), Word::Failed(error.to_string()));
            let mut holds = self.control.holds();
            // Whoever waits for the start leaves once it has read why; one that hangs is not waited for.
            timeout(LINGER, holds.wait_for(|holds| holds.count == 0)).await.ok();
        }
        for file in [self.estate.state().keeper(), self.estate.state().ready()] {
            folder::remove(&file).map_err(note).ok();
        }
        note("everything is down");
    }
}

/// Takes the keeper's lock; a moment's patience, because a glance from outside holds it for an instant.
async fn keeper_lock(state: &StateFolder) -> Result<Option<std::fs::File>, SandboxError> {
    for _ in 0..10 {
        if let Some(lock) = try_lock(&state.keeper_lock())? {
            return Ok(Some(lock));
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(None)
}

/// Adds a word that replaces an earlier end.
fn tell(words: &watch::Sender<Vec<Word>>, word: Word) {
    if let Word::Doing(text) = &word {
        note(text);
    }
    words.send_modify(|words| {
        words.retain(|earlier| matches!(earlier, Word::Doing(_)));
        words.push(word);
    });
}

/// Returns when an unkept sandbox has been held by nobody for long enough.
async fn unheld(kept: bool, holds: &mut watch::Receiver<control::Holds>) {
    loop {
        let now = *holds.borrow_and_update();
        let patience = if now.ever { LINGER } else { FIRST_HOLD };
        tokio::select! {
            () = sleep_until(now.since + patience), if !kept && now.count == 0 => return,
            changed = holds.changed() => if changed.is_err() { pending().await },
        }
    }
}

/// Turns a signal that asks this process to end into a request; a hang-up is no such thing, it has no terminal.
async fn stop_when_signalled(requests: mpsc::Sender<Request>) {
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    else {
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => {}
        }
    }
    note("asked to end by a signal");
    // Nobody listens any more when the keeper is leaving already.
    requests.send(Request::Stop).await.ok();
}
