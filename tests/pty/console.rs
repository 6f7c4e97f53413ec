//! A program in a pseudo-terminal: keys go in, what it draws is kept as the screen that a person would see.
//!
//! Waiting is woken by what the program writes. Whoever waits in vain is told for what, with the screen.

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::Notify;
use tokio::time::timeout;
use vt100::{Callbacks, MouseProtocolMode, Parser, Screen};

use crate::program::place::Place;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A program and its terminal. It is killed when this goes.
pub(crate) struct Console {
    child: Option<Box<dyn Child + Send + Sync>>,
    pid: Pid,
    terminal: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    screen: Arc<Mutex<Parser<Clipboard>>>,
    drawn: Arc<Notify>,
    /// What the terminal was set to before the program came.
    before: String,
}

/// What the terminal was asked to copy, in base64, as it comes (OSC 52).
#[derive(Default)]
struct Clipboard(Vec<String>);

impl Callbacks for Clipboard {
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        self.0.push(String::from_utf8_lossy(data).into_owned());
    }
}

impl Console {
    /// Lockstep with these arguments, in 100 columns and 30 rows.
    pub(crate) fn open(place: &Place, arguments: &[&str]) -> Self {
        Self::start(place, Path::new(env!("CARGO_BIN_EXE_lockstep")), arguments, &[])
    }

    /// Any program, with variables beside those of the place.
    pub(crate) fn start(
        place: &Place,
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system().openpty(size(100, 30)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(place.work());
        command.env_clear();
        for (name, value) in place.environment() {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        for (name, value) in variables {
            command.env(name, value);
        }
        let (screen, drawn) = (Arc::new(Mutex::new(parser())), Arc::new(Notify::new()));
        let before = settings(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        let pid = Pid::from_raw(i32::try_from(child.process_id().unwrap()).unwrap());
        let keyboard = pair.master.take_writer().unwrap();
        let mut written = pair.master.try_clone_reader().unwrap();
        let (kept, wake) = (screen.clone(), drawn.clone());
        std::thread::spawn(move || {
            let (mut bytes, mut frames) = ([0; 8192], Vec::new());
            // An error is the end: the last program has closed the terminal.
            while let Ok(count @ 1..) = written.read(&mut bytes) {
                frames.extend_from_slice(&bytes[..count]);
                let complete: Vec<u8> = frames.drain(..whole_frames(&frames)).collect();
                kept.lock().unwrap_or_else(PoisonError::into_inner).process(&complete);
                wake.notify_one();
            }
            kept.lock().unwrap_or_else(PoisonError::into_inner).process(&frames);
            wake.notify_one();
        });
        Self { child: Some(child), pid, terminal: pair.master, keyboard, screen, drawn, before }
    }

    /// Types.
    pub(crate) fn send(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until the words on the screen are as they should be.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        self.until_screen(what, |screen| holds(&screen.contents())).await;
    }

    /// Waits until the screen is as it should be.
    pub(crate) async fn until_screen(&self, what: &str, holds: impl Fn(&Screen) -> bool) {
        let waiting = async {
            while !holds(self.look().screen()) {
                self.drawn.notified().await;
            }
        };
        let waited = timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "waited in vain until {what}:\n{}", self.text());
    }

    /// The words on the screen.
    pub(crate) fn text(&self) -> String {
        self.on_screen(Screen::contents)
    }

    /// Something about what is on the screen now.
    pub(crate) fn on_screen<T>(&self, ask: impl Fn(&Screen) -> T) -> T {
        ask(self.look().screen())
    }

    /// What the terminal was asked to copy last, as a program that is not ours reads it.
    pub(crate) fn copied(&self) -> String {
        let text = self.look().callbacks().0.last().cloned().unwrap_or_default();
        let mut base64 = Command::new("base64")
            .arg("-d")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a program that decodes base64");
        base64.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        String::from_utf8(base64.wait_with_output().unwrap().stdout).unwrap()
    }

    /// Another size, as a person drags a window.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let [high, wide] = [rows, columns].map(|cells| NonZeroU16::new(cells).unwrap());
        self.look().set_size(high, wide);
        self.terminal.resize(size(columns, rows)).unwrap();
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid, signal).unwrap();
    }

    /// Waits for the end of the program, and for its last words; its exit code.
    pub(crate) async fn ended(&mut self) -> u32 {
        let mut child = self.child.take().unwrap();
        let ending = tokio::task::spawn_blocking(move || child.wait());
        let status = timeout(PATIENCE, ending).await;
        let status = status.unwrap_or_else(|_| panic!("it does not end:\n{}", self.text()));
        status.unwrap().unwrap().exit_code()
    }

    /// Waits until the terminal is as it was before the program came.
    pub(crate) async fn given_back(&self) {
        self.until_screen("the screen is given back", |screen| {
            let is_quiet = screen.mouse_protocol_mode() == MouseProtocolMode::None;
            is_quiet && !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        })
        .await;
        assert_eq!(settings(&*self.terminal), self.before, "the terminal's settings are not what they were");
    }

    /// True while the program has the whole screen and every key.
    pub(crate) fn is_taken_over(&self) -> bool {
        let is_drawn_on = self.look().screen().alternate_screen();
        is_drawn_on && settings(&*self.terminal) != self.before
    }

    fn look(&self) -> MutexGuard<'_, Parser<Clipboard>> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// How much of `written` a terminal shows: nothing of a frame that has begun and not ended.
fn whole_frames(written: &[u8]) -> usize {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";
    let last = |mark: &[u8]| written.windows(mark.len()).rposition(|bytes| bytes == mark);
    let half_a_mark = (1..BEGIN.len()).rev().find(|length| written.ends_with(&BEGIN[..*length]));
    match (last(BEGIN), last(END)) {
        (Some(begin), end) if end.is_none_or(|end| end < begin) => begin,
        _ => written.len() - half_a_mark.unwrap_or(0),
    }
}

fn parser() -> Parser<Clipboard> {
    let [high, wide] = [30, 100].map(|cells| NonZeroU16::new(cells).unwrap());
    Parser::new_with_callbacks(high, wide, 0, Clipboard::default())
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// What `stty -a` tells.
fn settings(terminal: &dyn MasterPty) -> String {
    format!("{:?}", terminal.get_termios().unwrap())
}
