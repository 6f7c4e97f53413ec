//! The full-screen frontend: keys to intents, state to cells.

pub mod alert;
mod ascii;
pub mod audience;
pub mod checks;
pub mod chronicle;
pub mod clipboard;
mod cover;
pub mod dialog;
pub mod field;
pub mod frames;
pub mod grid;
pub mod keymap;
pub mod links;
pub mod log;
pub mod look;
pub mod menu;
pub mod picker;
pub mod pose;
pub mod question;
pub mod search;
pub mod seen;
pub mod style;
pub mod svg;
pub mod terminal;
pub mod ui;

mod teaching;
mod text;
mod views;

use std::io;
use std::pin::Pin;
use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyModifiers};
use futures_util::{Stream, StreamExt as _};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::buffer::Buffer;

use crate::config::remembered::Remembered;
use crate::domain::notification::{Notification, Occasion};
use crate::domain::report::Filed;
use crate::engine::State;
use crate::engine::event::{Event, EventKind, Intent};
use crate::runtime::{Clock, Frontend, Next, StopSignals, clock::Stopwatch};
use alert::Alert;
use keymap::Keymap;
use links::Link;
use look::Look;
use seen::Seen;
use style::Styles;
use ui::{Outcome, Ui};

/// A frame is put off while events wait, but not for longer than this.
const FRAME: Duration = Duration::from_millis(16);

/// What a person does, as the terminal reports it.
pub type Inputs = Pin<Box<dyn Stream<Item = io::Result<Input>> + Send>>;

/// A terminal that a console can be shown on.
pub trait Stage {
    /// What it is drawn with.
    type Backend: Backend;

    /// What is drawn on.
    fn terminal(&mut self) -> &mut Terminal<Self::Backend>;

    /// Stops the process as Ctrl-Z does.
    fn suspend(&mut self) -> io::Result<()>;

    /// Asks the terminal to take `text` into its clipboard; false where that is too much for it.
    fn copy(&mut self, text: &str) -> io::Result<bool>;

    /// Calls whoever looks elsewhere, with what `sequence` makes of the terminal.
    fn call(&mut self, sequence: &str) -> io::Result<()>;

    /// Tells the terminal which texts of the frame that was drawn can be opened.
    fn link(&mut self, links: &[Link]) -> io::Result<()>;

    /// Asks the terminal to tell what the mouse does, or to keep the mouse to itself.
    fn point(&mut self, is_here: bool) -> io::Result<()>;
}

/// The console.
pub struct Console<S> {
    stage: S,
    inputs: Inputs,
    signals: Option<StopSignals>,
    clock: Clock,
    drawn: Option<Stopwatch>,
    ui: Ui,
    look: Look,
    /// Where the operator was when a console was left last.
    left: Option<Remembered>,
    /// What going back there asks of the engine.
    waiting: Option<Intent>,
    /// What was announced last.
    announced: Option<Notification>,
    /// How whoever looks elsewhere is called, and on which occasions.
    calling: Option<(Alert, Vec<Occasion>)>,
}

impl<S: Stage> Console<S> {
    /// A console on `stage`, steered by `inputs`, that looks like this.
    pub fn new(stage: S, inputs: Inputs, signals: Option<StopSignals>, zone: TimeZone, look: Look) -> Self {
        let mut ui = Ui::new(zone, look.name());
        ui.themes.offer(look.names());
        ui.notice = look.remark();
        let (clock, drawn, left) = (Clock::system(), None, None);
        Self {
            stage,
            inputs,
            signals,
            clock,
            drawn,
            ui,
            look,
            left,
            waiting: None,
            announced: None,
            calling: None,
        }
    }

    /// The same with keys that somebody chose.
    #[must_use]
    pub fn keyed(mut self, keymap: Keymap) -> Self {
        self.ui.keymap = keymap;
        self
    }

    /// The same, going back to where the operator was.
    #[must_use]
    pub fn resuming(mut self, left: Remembered) -> Self {
        self.left = Some(left);
        self
    }

    /// The same, calling whoever looks elsewhere on these occasions.
    #[must_use]
    pub fn alerting(mut self, alert: Alert, occasions: Vec<Occasion>) -> Self {
        self.calling = Some((alert, occasions));
        self
    }

    /// Where the operator is, for the next console.
    pub fn remembered(&self, state: &State) -> Remembered {
        self.ui.remembered(state)
    }

    /// What it is shown on.
    pub fn stage(&mut self) -> &mut S {
        &mut self.stage
    }

    /// Calls whoever looks elsewhere when there is something new that they want to know.
    fn call(&mut self, state: &State) {
        if self.announced == state.announcement {
            return;
        }
        self.announced.clone_from(&state.announcement);
        let (Some(told), Some((alert, occasions))) = (&self.announced, &self.calling) else { return };
        if occasions.contains(&told.occasion) {
            // What runs goes on whether or not anybody can be called.
            self.stage.call(&alert.sequence(told)).ok();
        }
    }

    fn draw(&mut self, state: &State) -> io::Result<()> {
        if self.look.name() != self.ui.theme {
            self.look.show(&self.ui.theme);
            if let Some(remark) = self.look.remark() {
                self.ui.notice = Some(remark);
            }
        }
        let (ui, styles) = (&mut self.ui, self.look.styles());
        let (mut is_whole, mut links) = (false, Vec::new());
        // A hit that is gone to is known only once it is known where the hits are; then it is on screen.
        while !is_whole {
            let mut seen = Seen::default();
            let drawn = self.stage.terminal().draw(|frame| seen = views::draw(frame, state, ui, styles));
            let drawn = drawn.map_err(|error| io::Error::other(error.to_string()))?;
            is_whole = !ui.saw(seen);
            links = links::find(drawn.buffer);
        }
        if !links.is_empty() {
            self.stage.link(&links)?;
        }
        self.drawn = Some(self.clock.stopwatch());
        Ok(())
    }

    fn input(&mut self, input: &Input, state: &State) -> io::Result<Next> {
        let key = match input {
            Input::Key(key) => key,
            Input::Paste(text) => {
                self.ui.paste(text, state);
                return Ok(Next::Redraw);
            }
            Input::FocusLost | Input::FocusGained => {
                self.ui.focus(*input == Input::FocusGained, state);
                return Ok(Next::Redraw);
            }
            Input::Mouse(event) => {
                let outcome = self.ui.point(*event, state);
                return self.follow(outcome);
            }
            // It needs a frame.
            Input::Resize(..) => return Ok(Next::Redraw),
        };
        if key.code == KeyCode::Char('z') && key.modifiers == KeyModifiers::CONTROL {
            self.stage.suspend()?;
            return Ok(Next::Redraw);
        }
        let outcome = self.ui.press(key, state);
        self.follow(outcome)
    }

    /// Does what a key or the mouse led to.
    fn follow(&mut self, outcome: Outcome) -> io::Result<Next> {
        Ok(match outcome {
            Outcome::Intent(intent) => Next::Intent(intent),
            Outcome::Redraw => Next::Redraw,
            Outcome::Copy { what, text } => {
                if !self.stage.copy(&text)? {
                    return Ok(Next::Intent(Intent::Keep { what, text: text.into() }));
                }
                // Whether it took it, a terminal does not say.
                self.ui.notice = Some(format!("sent to the terminal: {}", clipboard::headline(&what, &text)));
                Next::Redraw
            }
            Outcome::Mouse(is_here) => {
                self.stage.point(is_here)?;
                Next::Redraw
            }
            Outcome::Leave => Next::Leave,
        })
    }
}

impl<S: Stage> Frontend for Console<S> {
    async fn next(&mut self, state: &State, _is_idle: bool) -> io::Result<Next> {
        if let Some(intent) = self.waiting.take() {
            return Ok(Next::Intent(intent));
        }
        let is_flowing = state.flow.as_ref().is_some_and(|flow| !flow.is_over());
        let is_done = state.running().next().is_none() && !is_flowing && !state.is_reporting();
        if is_done && (self.ui.is_leaving || state.is_stopping) {
            return Ok(Next::Leave);
        }
        let signal = async {
            match &mut self.signals {
                Some(signals) => signals.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            input = self.inputs.next() => match input {
                Some(input) => self.input(&input?, state),
                // The terminal is gone: what runs is brought to a safe stop.
                None if is_done => Ok(Next::Leave),
                None => {
                    self.inputs = Box::pin(futures_util::stream::pending());
                    Ok(Next::Intent(Intent::Interrupt))
                }
            },
            () = signal => Ok(Next::Intent(Intent::Interrupt)),
            () = self.look.changed() => {
                self.ui.themes.offer(self.look.names());
                self.ui.notice = self.look.remark();
                Ok(Next::Redraw)
            }
        }
    }

    fn show(&mut self, event: Option<&Event>, state: &State, more: bool) -> io::Result<()> {
        if let Some(left) = self.left.take()
            && let Outcome::Intent(intent) = self.ui.resume(&left, state)
        {
            self.waiting = Some(intent);
        }
        self.ui.watch(state);
        self.call(state);
        match event.map(|event| &event.kind) {
            // Where a report is stands beside its run; what went wrong with it stands nowhere else.
            Some(
                EventKind::Reported(_, Ok(Filed { upload: None | Some(Ok(_)), .. }))
                | EventKind::Notified(_, Ok(_)),
            ) => {
                self.ui.pass_over(state);
            }
            Some(
                EventKind::Intent(_)
                | EventKind::Opened(_)
                | EventKind::Kept(_)
                | EventKind::LogSaved(_)
                | EventKind::Reported(..)
                | EventKind::Notified(..),
            ) => {
                self.ui.tell(state);
            }
            _ => {}
        }
        let is_due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME);
        if more && !is_due { Ok(()) } else { self.draw(state) }
    }
}

/// Draws a state and a view state into a buffer of this size.
pub fn draw_into_buffer(state: &State, ui: &Ui, styles: &Styles, width: u16, height: u16) -> Buffer {
    let mut terminal = match Terminal::new(ratatui::backend::TestBackend::new(width, height)) {
        Ok(terminal) => terminal,
        Err(never) => match never {},
    };
    match terminal.draw(|frame| drop(views::draw(frame, state, ui, styles))) {
        Ok(drawn) => drawn.buffer.clone(),
        Err(never) => match never {},
    }
}
