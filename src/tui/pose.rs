//! A console without a terminal that goes to one view, waits until everything there was looked at, and can be drawn.
//! It gets there as a person would, so that its pictures show what a person sees; it asks for nothing that changes
//! anything.

use std::io;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::EnvironmentName;
use crate::engine::State;
use crate::engine::event::Event;
use crate::runtime::{Frontend, Next};
use crate::tui::draw_into_buffer;
use crate::tui::keymap::Action;
use crate::tui::look::Look;
use crate::tui::ui::{Outcome, Ui};

/// A console on its way to a view.
pub struct Pose {
    ui: Ui,
    look: Look,
    environment: Option<EnvironmentName>,
    way: std::slice::Iter<'static, Action>,
    /// Why the view cannot be shown.
    refused: Option<String>,
}

impl Pose {
    /// Goes the `way` from the board to a view, of `environment` where it is about one.
    pub fn new(
        way: &'static [Action],
        environment: Option<EnvironmentName>,
        look: Look,
        zone: TimeZone,
    ) -> Self {
        let mut ui = Ui::new(zone, look.name());
        ui.themes.offer(look.names());
        Self { ui, look, environment, way: way.iter(), refused: None }
    }

    /// What it shows, in so many columns and rows.
    pub fn picture(&self, state: &State, (width, height): (u16, u16)) -> Result<Buffer, Failure> {
        match &self.refused {
            Some(why) => Err(Failure::new(FailureKind::Refused, format!("there is nothing to draw: {why}"))),
            None => Ok(draw_into_buffer(state, &self.ui, self.look.styles(), width, height)),
        }
    }

    fn step(&mut self, state: &State) -> Next {
        let wanted =
            |name: &EnvironmentName| state.environments.iter().position(|it| it.environment.name == *name);
        if let Some(place) = self.environment.as_ref().and_then(wanted) {
            self.ui.selected = place;
        }
        let Some(action) = self.way.next() else { return Next::Leave };
        match self.ui.act(*action, state) {
            Outcome::Intent(intent) => Next::Intent(intent),
            Outcome::Redraw if self.ui.notice.is_some() => {
                self.refused = self.ui.notice.take();
                Next::Leave
            }
            _ => Next::Redraw,
        }
    }
}

impl Frontend for Pose {
    async fn next(&mut self, state: &State, is_idle: bool) -> io::Result<Next> {
        if !is_idle {
            std::future::pending::<()>().await;
        }
        Ok(self.step(state))
    }

    fn show(&mut self, _: Option<&Event>, state: &State, _: bool) -> io::Result<()> {
        self.ui.watch(state);
        Ok(())
    }
}
