//! The terminal itself: taken over once, given back on every way out.

use std::fmt;
use std::io::{self, Stdout, Write as _, stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EventStream,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{Command, execute};
use nix::sys::signal::{Signal, raise};
use ratatui::Terminal;
use ratatui::backend::{Backend as _, CrosstermBackend};

use crate::tui::frames::Frames;
use crate::tui::links::{self, Link};
use crate::tui::{Inputs, Stage, clipboard};

/// The terminal, taken over for as long as this lives.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Frames<Stdout>>>,
    /// True while the terminal tells what the mouse does.
    has_mouse: bool,
    _restore: Restore,
}

/// True from before the terminal is changed until it was given back.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back when it goes: on return, on error, and while a panic unwinds.
struct Restore;

impl Screen {
    /// Takes the terminal over.
    pub fn enter() -> io::Result<Self> {
        // Before anything is changed, so that every later way out goes through it.
        let restore = Restore;
        restore_before_a_panic_is_printed();
        enter(true)?;
        let terminal = Terminal::new(CrosstermBackend::new(Frames::new(stdout())))?;
        Ok(Self { terminal, has_mouse: true, _restore: restore })
    }
}

impl Stage for Screen {
    type Backend = CrosstermBackend<Frames<Stdout>>;

    fn terminal(&mut self) -> &mut Terminal<Self::Backend> {
        &mut self.terminal
    }

    /// Gives the terminal back, stops this process, and takes the terminal over again when it is continued.
    fn suspend(&mut self) -> io::Result<()> {
        restore();
        raise(Signal::SIGTSTP)?;
        enter(self.has_mouse)?;
        // Not the terminal's own `clear`: it asks where the cursor is, and the answer can be lost to whoever reads
        // the keys. What was drawn is forgotten instead, so that the next frame draws everything.
        self.terminal.backend_mut().clear()?;
        self.terminal.swap_buffers();
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<bool> {
        let is_dumb = std::env::var_os("TERM").is_none_or(|value| value.is_empty() || value == "dumb");
        if is_dumb || !clipboard::fits(text) {
            return Ok(false);
        }
        let is_in_tmux = std::env::var_os("TMUX").is_some_and(|value| !value.is_empty());
        let mut out = stdout();
        out.write_all(clipboard::sequence(text, is_in_tmux).as_bytes())?;
        out.flush()?;
        Ok(true)
    }

    fn call(&mut self, sequence: &str) -> io::Result<()> {
        let mut out = stdout();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }

    fn link(&mut self, links: &[Link]) -> io::Result<()> {
        links::write(self.terminal.backend_mut(), links)
    }

    fn point(&mut self, is_here: bool) -> io::Result<()> {
        self.has_mouse = is_here;
        if is_here { execute!(stdout(), TellClicks) } else { execute!(stdout(), DisableMouseCapture) }
    }
}

/// How many columns it has; `None` when that cannot be told.
pub fn width() -> Option<usize> {
    crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns))
}

/// What is typed, pasted and resized from now on.
pub fn inputs() -> Inputs {
    Box::pin(EventStream::new())
}

impl Drop for Restore {
    fn drop(&mut self) {
        restore();
    }
}

/// Asks the terminal to tell clicks, drags and the wheel (DEC private modes 1000 and 1002, in the form of 1006). Not
/// every movement, as crossterm's own command would: a console that is only looked at would never be idle.
struct TellClicks;

impl Command for TellClicks {
    fn write_ansi(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str("\x1b[?1000h\x1b[?1002h\x1b[?1006h")
    }
}

fn enter(has_mouse: bool) -> io::Result<()> {
    IS_TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
    if has_mouse { execute!(stdout(), TellClicks) } else { Ok(()) }
}

/// Failing here leaves nothing better to do. Once only: leaving the other screen puts the cursor back to where it was
/// before, and a second time that would be on top of what a panic has printed meanwhile.
fn restore() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    execute!(
        stdout(),
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    )
    .ok();
    disable_raw_mode().ok();
}

fn restore_before_a_panic_is_printed() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        restore();
        print(info);
    }));
}
