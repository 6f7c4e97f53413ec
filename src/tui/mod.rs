//! The full-screen frontend: keys to intents, state to cells.

mod ascii;
pub mod checks;
pub mod clipboard;
pub mod dialog;
pub mod field;
pub mod frames;
pub mod grid;
pub mod keymap;
pub mod log;
pub mod look;
pub mod picker;
pub mod pose;
pub mod question;
pub mod style;
pub mod svg;
pub mod terminal;
pub mod ui;

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

use crate::domain::report::Filed;
use crate::engine::State;
use crate::engine::event::{Event, EventKind, Intent};
use crate::runtime::{Clock, Frontend, Next, StopSignals, clock::Stopwatch};
use look::Look;
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

    /// Asks the terminal to take `text` into its clipboard.
    fn copy(&mut self, text: &str) -> io::Result<()>;
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
}

impl<S: Stage> Console<S> {
    /// A console on `stage`, steered by `inputs`, that looks like this.
    pub fn new(stage: S, inputs: Inputs, signals: Option<StopSignals>, zone: TimeZone, look: Look) -> Self {
        let mut ui = Ui::new(zone, look.name());
        ui.themes.offer(look.names());
        ui.notice = look.remark();
        Self { stage, inputs, signals, clock: Clock::system(), drawn: None, ui, look }
    }

    /// What it is shown on.
    pub fn stage(&mut self) -> &mut S {
        &mut self.stage
    }

    fn draw(&mut self, state: &State) -> io::Result<()> {
        if self.look.name() != self.ui.theme {
            self.look.show(&self.ui.theme);
            self.ui.notice = self.look.remark();
        }
        let (ui, styles) = (&mut self.ui, self.look.styles());
        let drawn = self.stage.terminal().draw(|frame| {
            ui.page = frame.area().height;
            views::draw(frame, state, ui, styles);
        });
        drawn.map_err(|error| io::Error::other(error.to_string()))?;
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
            // A resize needs a frame.
            _ => return Ok(Next::Redraw),
        };
        if key.code == KeyCode::Char('z') && key.modifiers == KeyModifiers::CONTROL {
            self.stage.suspend()?;
            return Ok(Next::Redraw);
        }
        Ok(match self.ui.press(key, state) {
            Outcome::Intent(intent) => Next::Intent(intent),
            Outcome::Redraw => Next::Redraw,
            Outcome::Copy(text) => {
                self.stage.copy(&text)?;
                Next::Redraw
            }
            Outcome::Leave => Next::Leave,
        })
    }
}

impl<S: Stage> Frontend for Console<S> {
    async fn next(&mut self, state: &State, _is_idle: bool) -> io::Result<Next> {
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
        self.ui.watch(state);
        match event.map(|event| &event.kind) {
            // Where a report is stands beside its run; what went wrong with it stands nowhere else.
            Some(EventKind::Reported(_, Ok(Filed { upload: None | Some(Ok(_)), .. }))) => {
                self.ui.pass_over(state);
            }
            Some(
                EventKind::Intent(_)
                | EventKind::Opened(_)
                | EventKind::LogSaved(_)
                | EventKind::Reported(..),
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
    match terminal.draw(|frame| views::draw(frame, state, ui, styles)) {
        Ok(drawn) => drawn.buffer.clone(),
        Err(never) => match never {},
    }
}
