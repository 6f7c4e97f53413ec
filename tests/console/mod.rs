//! The console through the real engine, runtime and views; only the world outside is scripted. No waiting by the
//! clock: a story goes on when nothing more happens by itself.

mod audience;
mod back;
mod checks;
mod colours;
mod comparing;
mod drift;
mod finding;
mod flooding;
mod flows;
mod history;
mod hostile;
mod keys;
mod layout;
mod locks;
mod logs;
mod looks;
mod notifying;
mod palette;
mod people;
mod pictures;
mod plain;
mod pointing;
mod returning;
mod running;
mod script;
mod stories;
mod tour;
mod unknown;
mod views;

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use futures_util::stream;
use jiff::tz::TimeZone;
use lockstep::config::Signal;
use lockstep::config::remembered::Remembered;
use lockstep::domain::Timestamp;
use lockstep::domain::journal::Entry;
use lockstep::domain::names::DemoId;
use lockstep::domain::notification::Occasion;
use lockstep::domain::policy::Severity;
use lockstep::engine::State;
use lockstep::engine::event::{Event, EventKind, Intent};
use lockstep::runtime::{Clock, Frontend as _, Journal, Next, Runtime};
use lockstep::tui::alert::Alert;
use lockstep::tui::keymap::Keymap;
use lockstep::tui::links::Link;
use lockstep::tui::look::Look;
use lockstep::tui::{Console, Stage};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;

pub(crate) use script::{Backend, Deploys, Script, environments};

/// A terminal in memory.
pub(crate) struct Memory(Terminal<TestBackend>, Vec<String>, Vec<String>);

impl Stage for Memory {
    type Backend = TestBackend;

    fn terminal(&mut self) -> &mut Terminal<TestBackend> {
        &mut self.0
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<bool> {
        let fits = lockstep::tui::clipboard::fits(text);
        if fits {
            self.1.push(text.to_owned());
        }
        Ok(fits)
    }

    fn call(&mut self, sequence: &str) -> io::Result<()> {
        self.2.push(sequence.to_owned());
        Ok(())
    }

    fn link(&mut self, _links: &[Link]) -> io::Result<()> {
        Ok(())
    }

    fn point(&mut self, _is_here: bool) -> io::Result<()> {
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
    /// True while something has happened that is not on the screen yet.
    is_behind: bool,
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

    /// The journal cannot be read any more: where its file was, there is a folder.
    pub(crate) fn breaks_the_journal(&self) {
        let file = self.journal.path().join("journal-000001.jsonl");
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
    }

    /// A console with keys that somebody chose, that goes back to where the operator was.
    pub(crate) async fn returning(keymap: Keymap, left: Remembered, width: u16, height: u16) -> Self {
        let mut story = Self::unopened(Script::new(), width, height, "dark");
        let Ok(terminal): Result<_, Infallible> = Terminal::new(TestBackend::new(width, height));
        let (keys, receiver) = mpsc::unbounded_channel();
        let console = console(terminal, receiver, Look::of("dark").unwrap()).keyed(keymap).resuming(left);
        (story.console, story.keys) = (console, keys);
        story.console.show(None, story.runtime.state(), false).unwrap();
        story.intend(Intent::Begin);
        story.go_on().await;
        story
    }

    /// Where the operator is, for the next console.
    pub(crate) fn remembered(&self) -> Remembered {
        self.console.remembered(self.runtime.state())
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
        let console = console(terminal, receiver, look);
        let mut story =
            Self { console, runtime, keys, clock, script, has_left: false, is_behind: false, journal };
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

    /// What the console asks for by itself.
    async fn go_on(&mut self) {
        self.settle().await;
        let (state, is_idle) = (self.runtime.state(), self.runtime.is_idle());
        let next = futures_util::FutureExt::now_or_never(self.console.next(state, is_idle));
        if let Some(Next::Intent(intent)) = next.transpose().unwrap() {
            self.intend(intent);
            self.settle().await;
        }
    }

    /// Clicks on the first place of the screen with these words.
    pub(crate) async fn click(&mut self, words: &str) -> &mut Self {
        let (column, row) = self.place(words);
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row).await;
        self.mouse(MouseEventKind::Up(MouseButton::Left), column, row).await
    }

    /// Lets the mouse do something there.
    pub(crate) async fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> &mut Self {
        let modifiers = KeyModifiers::NONE;
        self.input(Input::Mouse(MouseEvent { kind, column, row, modifiers })).await;
        self
    }

    /// Where these words are on the screen: column and row.
    #[track_caller]
    pub(crate) fn place(&mut self, words: &str) -> (u16, u16) {
        let buffer = self.console.stage().0.backend().buffer().clone();
        let width = usize::from(buffer.area.width);
        for (row, cells) in buffer.content.chunks(width).enumerate() {
            let symbols: Vec<&str> = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
            for column in 0..width {
                if symbols[column..].concat().starts_with(words) {
                    return (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
                }
            }
        }
        panic!("`{words}` is not on the screen:\n{}", self.screen());
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

    /// What whoever looks elsewhere was called with.
    pub(crate) fn called(&mut self) -> &[String] {
        &self.console.stage().2
    }

    /// Calls whoever looks elsewhere with OSC 9 on these occasions.
    pub(crate) fn alerting(mut self, occasions: &[Occasion]) -> Self {
        let alert = Alert::decide(Signal::Osc9, |_| None);
        self.console = self.console.alerting(alert, occasions.to_vec());
        self
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
        self.console.show(Some(&event), self.runtime.state(), true).unwrap();
        self.is_behind = true;
    }

    /// More follows, so the frame may wait, as it does in the program.
    fn apply(&mut self, event: &Event) {
        self.runtime.handle(event);
        self.console.show(Some(event), self.runtime.state(), true).unwrap();
        self.is_behind = true;
    }

    fn catch_up(&mut self) {
        if std::mem::take(&mut self.is_behind) {
            self.console.show(None, self.runtime.state(), false).unwrap();
        }
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
        self.catch_up();
    }
}

fn console(
    terminal: Terminal<TestBackend>,
    receiver: mpsc::UnboundedReceiver<io::Result<Input>>,
    look: Look,
) -> Console<Memory> {
    let inputs = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    Console::new(Memory(terminal, Vec::new(), Vec::new()), Box::pin(inputs), None, TimeZone::UTC, look)
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
            Some((name, after))
                if name.strip_prefix('f').is_some_and(|number| number.parse::<u8>().is_ok()) =>
            {
                (KeyCode::F(name[1..].parse().unwrap()), after)
            }
            Some((name, after)) if name.strip_prefix("c-").is_some_and(|rest| rest.len() == 1) => {
                let c = name.chars().last().unwrap();
                codes.push((KeyCode::Char(c), KeyModifiers::CONTROL));
                rest = after;
                continue;
            }
            _ => (KeyCode::Char(first), rest.strip_prefix(first).unwrap_or_default()),
        };
        codes.push((code, KeyModifiers::NONE));
        rest = after;
    }
    codes
}
