//! The console through the real engine, runtime and views; only the world outside is scripted. No waiting by the
//! clock: a story goes on when nothing more happens by itself.

mod back;
mod checks;
mod drift;
mod flows;
mod hostile;
mod layout;
mod locks;
mod logs;
mod looks;
mod people;
mod pictures;
mod plain;
mod running;
mod script;
mod stories;
mod tour;
mod unknown;
mod views;

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream;
use jiff::tz::TimeZone;
use lockstep::domain::Timestamp;
use lockstep::domain::journal::Entry;
use lockstep::domain::names::DemoId;
use lockstep::domain::policy::Severity;
use lockstep::engine::State;
use lockstep::engine::event::{Event, EventKind, Intent};
use lockstep::runtime::{Clock, Frontend as _, Journal, Next, Runtime};
use lockstep::tui::look::Look;
use lockstep::tui::{Console, Stage};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;

pub(crate) use script::{Backend, Deploys, Script, environments};

/// A terminal in memory.
pub(crate) struct Memory(Terminal<TestBackend>, Vec<String>);

impl Stage for Memory {
    type Backend = TestBackend;

    fn terminal(&mut self) -> &mut Terminal<TestBackend> {
        &mut self.0
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.1.push(text.to_owned());
        Ok(())
    }
}

/// A console in front of a scripted world.
pub(crate) struct Story {
    console: Console<Memory>,
    runtime: Runtime<Script>,
    keys: mpsc::UnboundedSender<io::Result<Input>>,
    clock: Clock,
    pub(crate) script: Script,
    pub(crate) has_left: bool,
    journal: tempfile::TempDir,
}

impl Story {
    /// The console of a demo in its start state, everything looked at once.
    pub(crate) async fn begin(width: u16, height: u16) -> Self {
        Self::with(Script::new(), width, height, "dark").await
    }

    pub(crate) async fn with(script: Script, width: u16, height: u16, theme: &str) -> Self {
        let mut story = Self::unopened(script, width, height, theme);
        story.look_around().await;
        story
    }

    /// A console that takes new releases by itself where the gate is automatic.
    pub(crate) async fn automatic(width: u16, height: u16) -> Self {
        let look = Look::of("dark").unwrap();
        let mut story = Self::made(Script::new(), width, height, look, State::promote_automatically);
        story.intend(Intent::Begin);
        story.settle().await;
        story
    }

    /// The same before anything was asked of the world.
    pub(crate) fn unopened(script: Script, width: u16, height: u16, theme: &str) -> Self {
        Self::looking(script, width, height, Look::of(theme).unwrap())
    }

    /// A console that looks like this, before anything was asked of the world.
    pub(crate) fn looking(script: Script, width: u16, height: u16, look: Look) -> Self {
        Self::made(script, width, height, look, |_| {})
    }

    /// Asks the world for everything that the board shows.
    pub(crate) async fn look_around(&mut self) -> &mut Self {
        self.intend(Intent::Begin);
        self.settle().await;
        self
    }

    /// A console whose gates are set by `prepare`.
    pub(crate) async fn gated(width: u16, height: u16, prepare: impl FnOnce(&mut State)) -> Self {
        let mut story = Self::made(Script::new(), width, height, Look::of("dark").unwrap(), prepare);
        story.intend(Intent::Begin);
        story.settle().await;
        story
    }

    /// A console of an instance with a policy, at which BLOCKER blocks.
    pub(crate) async fn policed(script: Script, width: u16, height: u16) -> Self {
        let police = |state: &mut State| *state = state.clone().policed(Severity::Blocker);
        let mut story = Self::made(script, width, height, Look::of("dark").unwrap(), police);
        story.intend(Intent::Begin);
        story.settle().await;
        story
    }

    /// What is known.
    pub(crate) fn state(&self) -> &State {
        self.runtime.state()
    }

    /// Somebody else writes to the journal.
    pub(crate) fn writes(&self, entries: &[Entry]) {
        let mut journal = Journal::at(self.journal.path());
        for entry in entries {
            journal.append(self.clock.now(), entry).unwrap();
        }
    }

    fn made(script: Script, width: u16, height: u16, look: Look, prepare: impl FnOnce(&mut State)) -> Self {
        let start: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
        let clock = Clock::by_hand(start);
        let journal = tempfile::tempdir().unwrap();
        let id = DemoId::parse("demo1").unwrap();
        let every = Duration::from_secs(5);
        let mut state = State::new(id, "Bagel Store", "SANDBOX ×20", environments(), every);
        prepare(&mut state);
        let runtime = Runtime::new(state, script.clone(), Journal::at(journal.path()), clock.clone());
        let Ok(terminal): Result<_, Infallible> = Terminal::new(TestBackend::new(width, height));
        let (keys, receiver) = mpsc::unbounded_channel();
        let inputs = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
        let console = Console::new(Memory(terminal, Vec::new()), Box::pin(inputs), None, TimeZone::UTC, look);
        let mut story = Self { console, runtime, keys, clock, script, has_left: false, journal };
        story.console.show(None, story.runtime.state(), false).unwrap();
        story
    }

    /// Presses keys, one after the other: a letter is itself, `<enter>` and the like are named.
    pub(crate) async fn press(&mut self, keys: &str) -> &mut Self {
        for (code, modifiers) in parse(keys) {
            self.input(Input::Key(KeyEvent::new(code, modifiers))).await;
        }
        self
    }

    /// Lets the terminal report something, and everything that follows from it happen.
    pub(crate) async fn input(&mut self, input: Input) {
        self.keys.send(Ok(input)).unwrap();
        let is_idle = self.runtime.is_idle();
        match self.console.next(self.runtime.state(), is_idle).await.unwrap() {
            Next::Intent(intent) => {
                self.intend(intent);
                self.settle().await;
            }
            Next::Redraw => self.console.show(None, self.runtime.state(), false).unwrap(),
            Next::Leave => self.has_left = true,
        }
    }

    /// Lets time go by.
    pub(crate) async fn wait(&mut self, millis: u64) -> &mut Self {
        self.clock.advance(Duration::from_millis(millis));
        let event = self.runtime.event(EventKind::Ticked);
        self.apply(&event);
        self.settle().await;
        self
    }

    /// The screen as text.
    pub(crate) fn screen(&mut self) -> String {
        self.console.stage().0.backend().to_string()
    }

    /// What is drawn, cell by cell.
    pub(crate) fn buffer(&mut self) -> &Buffer {
        self.console.stage().0.backend().buffer()
    }

    /// What the terminal was asked to copy.
    pub(crate) fn copied(&mut self) -> &[String] {
        &self.console.stage().1
    }

    /// Another size of the terminal.
    pub(crate) fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.console.stage().0.backend_mut().resize(width, height);
        self.console.show(None, self.runtime.state(), false).unwrap();
        self
    }

    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) {
        let screen = self.screen();
        assert!(screen.contains(text), "`{text}` is not on the screen:\n{screen}");
    }

    #[track_caller]
    pub(crate) fn hides(&mut self, text: &str) {
        let screen = self.screen();
        assert!(!screen.contains(text), "`{text}` is on the screen:\n{screen}");
    }

    fn intend(&mut self, intent: Intent) {
        let event = self.runtime.intend(intent);
        self.console.show(Some(&event), self.runtime.state(), false).unwrap();
    }

    fn apply(&mut self, event: &Event) {
        self.runtime.handle(event);
        self.console.show(Some(event), self.runtime.state(), false).unwrap();
    }

    /// Goes on until nothing more happens by itself, or all that is left is held by the script.
    pub(crate) async fn settle(&mut self) {
        while self.runtime.running() > self.script.held() || !self.runtime.parts().0.is_empty() {
            let event = tokio::select! {
                event = self.runtime.next() => event,
                () = self.script.changed() => continue,
            };
            self.apply(&event.expect("the runtime feeds its own queue"));
        }
    }
}

fn parse(keys: &str) -> Vec<(KeyCode, KeyModifiers)> {
    let mut codes = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (code, after) = match named {
            Some(("enter", after)) => (KeyCode::Enter, after),
            Some(("esc", after)) => (KeyCode::Esc, after),
            Some(("tab", after)) => (KeyCode::Tab, after),
            Some(("left", after)) => (KeyCode::Left, after),
            Some(("right", after)) => (KeyCode::Right, after),
            Some(("up", after)) => (KeyCode::Up, after),
            Some(("down", after)) => (KeyCode::Down, after),
            Some(("pgup", after)) => (KeyCode::PageUp, after),
            Some(("end", after)) => (KeyCode::End, after),
            Some(("bs", after)) => (KeyCode::Backspace, after),
            Some(("f5", after)) => (KeyCode::F(5), after),
            _ => (KeyCode::Char(first), rest.strip_prefix(first).unwrap_or_default()),
        };
        codes.push((code, KeyModifiers::NONE));
        rest = after;
    }
    codes
}
