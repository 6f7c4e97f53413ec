//! A walk through every view in every state, for tests that ask the same of all of them: that no size breaks it, that it
//! needs no colour and nothing but ASCII, that its picture is the one that was looked at.
//!
//! A tale leads from view to view as a person would go; what has to be looked at on the way is a sight. The files beside
//! this one hold the tales of some views each, grouped by state: nothing there, not known yet, old, failed, full.

mod board;
mod changesets;
mod checks;
mod comparing;
mod details;
mod flows;
mod log;
mod menus;
mod past;
mod people;
mod plans;
mod runs;
mod stage;

use lockstep::engine::State;
use lockstep::tui::look::Look;

use super::{Script, Story};

/// The way to some sights.
struct Tale {
    world: fn(&Script),
    prepare: fn(&mut State),
    is_opened: bool,
    steps: Vec<Step>,
}

enum Step {
    Press(&'static str),
    Wait(u64),
    /// Something happens outside.
    Turn(fn(&mut Story)),
    Look(Sight),
}

impl Step {
    async fn take(self, story: &mut Story) {
        match self {
            Self::Press(keys) => {
                story.press(keys).await;
            }
            Self::Wait(millis) => {
                story.wait(millis).await;
            }
            Self::Turn(turn) => {
                turn(story);
                story.settle().await;
            }
            Self::Look(_) => {}
        }
    }
}

/// Something to look at.
#[derive(Clone, Copy)]
pub(crate) struct Sight {
    /// Its name, and that of its pictures.
    pub(crate) name: &'static str,
    /// What has to stand there at any size.
    pub(crate) words: &'static str,
    /// True where something above the screen has the keys: a box, behind which sides may hide, or words being typed.
    pub(crate) is_above: bool,
}

/// Everything was looked at, and nothing is wrong.
fn tale() -> Tale {
    Tale { world: |_| {}, prepare: |_| {}, is_opened: true, steps: Vec::new() }
}

impl Tale {
    /// The world is like this before anybody looks at it.
    fn world(self, world: fn(&Script)) -> Self {
        Self { world, ..self }
    }

    /// The console is set up like this.
    fn set_up(self, prepare: fn(&mut State)) -> Self {
        Self { prepare, ..self }
    }

    /// Nothing was asked of the world yet.
    fn unopened(self) -> Self {
        Self { is_opened: false, ..self }
    }

    /// A console at its beginning.
    async fn begin(&self, (width, height): (u16, u16), look: Look) -> Story {
        let script = Script::new();
        (self.world)(&script);
        let mut story = Story::made(script, width, height, look, self.prepare);
        if self.is_opened {
            story.look_around().await;
        }
        story
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn press(self, keys: &'static str) -> Self {
        self.then(Step::Press(keys))
    }

    fn wait(self, millis: u64) -> Self {
        self.then(Step::Wait(millis))
    }

    /// So long that what is asked can be confirmed.
    fn read(self) -> Self {
        self.wait(600)
    }

    /// So long that everything is looked at once more.
    fn refreshed(self) -> Self {
        self.wait(6_000)
    }

    fn turn(self, turn: fn(&mut Story)) -> Self {
        self.then(Step::Turn(turn))
    }

    /// A whole screen.
    fn sight(self, name: &'static str, words: &'static str) -> Self {
        self.then(Step::Look(Sight { name, words, is_above: false }))
    }

    /// A box above a screen, or words being typed.
    fn above(self, name: &'static str, words: &'static str) -> Self {
        self.then(Step::Look(Sight { name, words, is_above: true }))
    }
}

fn tales() -> impl Iterator<Item = Tale> {
    let views = [
        board::tales(),
        details::tales(),
        plans::tales(),
        runs::tales(),
        changesets::tales(),
        comparing::tales(),
        checks::tales(),
        people::tales(),
        past::tales(),
        log::tales(),
        flows::tales(),
        menus::tales(),
        stage::tales(),
    ];
    views.into_iter().flatten()
}

/// Every sight.
pub(crate) fn sights() -> impl Iterator<Item = Sight> {
    let look = |step| if let Step::Look(sight) = step { Some(sight) } else { None };
    tales().flat_map(|tale| tale.steps).filter_map(look)
}

/// Shows `visit` every sight at a size.
pub(crate) async fn walk(
    size: (u16, u16),
    look: impl Fn() -> Look,
    mut visit: impl FnMut(Sight, &mut Story),
) {
    for tale in tales() {
        let mut story = tale.begin(size, look()).await;
        for step in tale.steps {
            match step {
                Step::Look(sight) => visit(sight, &mut story),
                step => step.take(&mut story).await,
            }
        }
    }
}

/// Goes to the sight of this name.
pub(crate) async fn reach(name: &str, size: (u16, u16), look: Look) -> Story {
    let is_it = |step: &Step| matches!(step, Step::Look(sight) if sight.name == name);
    let tale = tales().find(|tale| tale.steps.iter().any(is_it));
    let tale = tale.unwrap_or_else(|| panic!("there is no sight called {name}"));
    let mut story = tale.begin(size, look).await;
    for step in tale.steps.into_iter().take_while(|step| !is_it(step)) {
        step.take(&mut story).await;
    }
    story
}
