//! `lockstep picture` and `lockstep board`: a view as it stands now, as SVG.

use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::arguments::Arguments;
use super::{at_rest, instance};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::EnvironmentName;
use crate::exit::Exit;
use crate::runtime::drive;
use crate::tui::keymap::Action;
use crate::tui::pose::Pose;
use crate::tui::svg;

/// What `board` is given.
#[derive(Args)]
pub(super) struct Frame {
    /// The SVG file to write
    #[arg(long, value_name = "FILE")]
    svg: PathBuf,
    /// Columns and rows
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "100x30", value_parser = size)]
    size: (u16, u16),
}

/// What `picture` is given.
#[derive(Args)]
pub(super) struct Picture {
    /// The view
    #[arg(value_enum, value_name = "VIEW")]
    view: View,
    /// The environment that it is about; by default the first one
    #[arg(long, value_name = "ENV")]
    environment: Option<String>,
    #[command(flatten)]
    frame: Frame,
}

/// The views by their names on the command line.
#[derive(Clone, Copy, ValueEnum)]
enum View {
    /// The environments side by side
    Board,
    /// Everything about an environment
    Detail,
    /// What a promotion would do
    Plan,
    /// What the way back would do
    Rollback,
    /// Changesets by environments
    Drift,
    /// The schema of an environment, held against another one
    Schemas,
    /// Who holds which lock
    Locks,
    /// The first changeset in every environment
    Changeset,
    /// What waits for approval
    Approvals,
    /// What policy finds
    Checks,
    /// The flow files
    Flows,
    /// What became of promotions that nobody saw end
    Reconcile,
    /// What ran
    History,
    /// What was said and done
    Journal,
    /// The log
    Log,
    /// The keys
    Help,
    /// The themes
    Themes,
}

/// Draws the board as it stands now into a file.
pub(super) async fn board(arguments: &Arguments, frame: &Frame) -> Result<Exit, Failure> {
    draw(arguments, View::Board, None, frame).await
}

/// Draws a view as it stands now into a file.
pub(super) async fn run(arguments: &Arguments, picture: &Picture) -> Result<Exit, Failure> {
    draw(arguments, picture.view, picture.environment.as_deref(), &picture.frame).await
}

async fn draw(
    arguments: &Arguments,
    view: View,
    environment: Option<&str>,
    frame: &Frame,
) -> Result<Exit, Failure> {
    let settings = instance::settings(arguments)?;
    let names: Vec<String> = environment.map(str::to_owned).into_iter().collect();
    let environment: Option<EnvironmentName> = match names.as_slice() {
        [] => None,
        names => instance::environments(&settings, names)?.into_iter().next(),
    };
    let look = arguments.appearance.picture(&settings.console)?;
    let failed = |error: io::Error| {
        Failure::new(FailureKind::Failed, format!("{} could not be written", frame.svg.display()))
            .because(error)
    };
    let mut pose = Pose::new(view.way(), environment, look, TimeZone::system());
    let state = drive(at_rest(settings), &mut pose).await.map_err(failed)?;
    let buffer = pose.picture(&state, frame.size)?;
    std::fs::write(&frame.svg, svg::render(&buffer)).map_err(failed)?;
    Ok(Exit::Proven)
}

impl View {
    /// The way there from the board.
    fn way(self) -> &'static [Action] {
        match self {
            Self::Board => &[],
            Self::Detail => &[Action::DrillIn],
            Self::Plan => &[Action::Promote],
            Self::Rollback => &[Action::RollBack],
            Self::Drift => &[Action::Drift],
            Self::Schemas => &[Action::Schemas],
            Self::Locks => &[Action::Locks],
            Self::Changeset => &[Action::Drift, Action::DrillIn],
            Self::Approvals => &[Action::Approvals],
            Self::Checks => &[Action::Checks],
            Self::Flows => &[Action::Flows],
            Self::Reconcile => &[Action::Reconcile],
            Self::History => &[Action::History],
            Self::Journal => &[Action::Journal],
            Self::Log => &[Action::Logs],
            Self::Help => &[Action::Help],
            Self::Themes => &[Action::Theme],
        }
    }
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let parts =
        text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match parts {
        Some((width @ 1..=500, height @ 1..=300)) => Ok((width, height)),
        _ => Err("a size is like 100x30, at most 500x300".to_owned()),
    }
}
