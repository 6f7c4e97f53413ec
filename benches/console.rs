//! What a flood of log lines costs the console: the time from a key to the frame that answers it, the time that a frame
//! takes, the bytes that it sends, and the memory that a million lines stay in.
//!
//! Nothing here passes or fails by a time. The numbers are those of this process, through the real loop, drawing for a
//! terminal that takes everything at once; a terminal takes time of its own.

#![expect(clippy::unwrap_used, reason = "a benchmark whose world cannot be made has nothing to measure")]
#![expect(clippy::print_stdout, reason = "the table is what it is for")]
#![expect(clippy::cast_precision_loss, reason = "a count of bytes or lines is shown with few digits")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lockstep::domain::environment::Environment;
use lockstep::domain::gate::{Admission, Gate};
use lockstep::domain::log::{LOG_CAPACITY, Level, LogLine, Search, Source};
use lockstep::domain::names::{DemoId, EnvironmentName};
use lockstep::engine::State;
use lockstep::engine::effect::Effect;
use lockstep::engine::event::EventKind;
use lockstep::runtime::{Clock, Journal, Perform, Runtime, Sink, drive};
use lockstep::tui::frames::Frames;
use lockstep::tui::links::Link;
use lockstep::tui::look::Look;
use lockstep::tui::{Console, Stage};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use tokio::sync::mpsc;

const LINES_A_SECOND: u64 = 100_000;
const SECONDS: u64 = 10;
const BATCH: u64 = 256;
const SIZE: Rect = Rect { x: 0, y: 0, width: 100, height: 30 };

/// A terminal that takes everything at once, and notes when a frame was complete and how long it was.
#[derive(Clone, Default)]
struct Taking(Arc<Mutex<Vec<(Instant, usize)>>>);

impl Write for Taking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push((Instant::now(), bytes.len()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Screen(Terminal<CrosstermBackend<Frames<Taking>>>);

impl Stage for Screen {
    type Backend = CrosstermBackend<Frames<Taking>>;

    fn terminal(&mut self) -> &mut Terminal<Self::Backend> {
        &mut self.0
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, _: &str) -> io::Result<bool> {
        Ok(true)
    }

    fn point(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn call(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn link(&mut self, _: &[Link]) -> io::Result<()> {
        Ok(())
    }
}

/// Writes lines at a steady rate, whatever it is asked for first; nothing else is answered.
#[derive(Clone)]
struct Flood(Arc<Mutex<bool>>);

impl Perform for Flood {
    async fn perform(&self, _: Effect, out: Sink) {
        if std::mem::replace(&mut *self.0.lock().unwrap(), true) {
            return;
        }
        let begun = Instant::now();
        for batch in 0..LINES_A_SECOND * SECONDS / BATCH {
            let due = begun
                + Duration::from_secs(1) * u32::try_from(batch * BATCH * 1_000 / LINES_A_SECOND).unwrap()
                    / 1_000;
            tokio::time::sleep_until(due.into()).await;
            let lines = (0..BATCH).map(|line| written(batch * BATCH + line)).collect();
            out.send(EventKind::Log(None, lines)).await;
        }
    }
}

/// A line as applications write them: eighty characters, now and then a warning.
fn written(number: u64) -> LogLine {
    let text = format!(
        "{number:>8} INFO  com.bagelstore.orders  order {:08x} was written in {:>3} ms, stock is fine",
        number * 2_654_435_761 % 0xffff_ffff,
        number % 400
    );
    let level = if number.is_multiple_of(97) { Level::Warning } else { Level::Normal };
    LogLine { at: Timestamp::UNIX_EPOCH, source: Source::Application, level, text: text.into() }
}

fn state() -> State {
    let environments = ["dev", "test", "staging", "prod"].map(|name| Environment {
        name: EnvironmentName::parse(name).unwrap(),
        after: Vec::new(),
        gate: Gate::new(Admission::Confirm),
        production: name == "prod",
        service: name.to_owned(),
        database: name.to_owned(),
        selection: lockstep::domain::changelog::Selection::default(),
    });
    let id = DemoId::parse("demo1").unwrap();
    State::new(id, "Bagel Store", "BENCH", environments.into(), Duration::from_hours(1))
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("\n{LINES_A_SECOND} lines a second for {SECONDS} s, {} × {} cells:\n", SIZE.width, SIZE.height);
    println!("| what | p50 | p99 | max |\n|---|---|---|---|");
    for (name, open) in
        [("the board", ""), ("the log on the whole screen", "L"), ("the same, wrapped, only warnings", "Lwe")]
    {
        runtime.block_on(flood(name, open));
    }
    memory();
}

/// Types a key every 37 ms into a console that is flooded, and tells when it was answered.
async fn flood(name: &str, open: &str) {
    let journal = std::env::temp_dir().join(format!("lockstep-bench-{}", std::process::id()));
    let taking = Taking::default();
    let backend = CrosstermBackend::new(Frames::new(taking.clone()));
    let options = TerminalOptions { viewport: Viewport::Fixed(SIZE) };
    let screen = Screen(Terminal::with_options(backend, options).unwrap());
    let (keys, receiver) = mpsc::unbounded_channel();
    let inputs = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    let look = Look::of("dark").unwrap();
    let mut console = Console::new(screen, Box::pin(inputs), None, TimeZone::UTC, look);
    let loops = Runtime::new(state(), Flood(Arc::default()), Journal::at(&journal), Clock::system());
    let press = move |key: KeyCode| {
        keys.send(Ok(Input::Key(KeyEvent::new(key, KeyModifiers::NONE)))).unwrap();
        Instant::now()
    };
    let open = open.to_owned();
    let typing = tokio::spawn(async move {
        let mut pressed = Vec::new();
        for key in open.chars() {
            press(KeyCode::Char(key));
        }
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(SECONDS) {
            tokio::time::sleep(Duration::from_millis(37)).await;
            // Help opens and closes: every key changes the screen.
            let key = if pressed.len() % 2 == 0 { KeyCode::Char('?') } else { KeyCode::Esc };
            pressed.push(press(key));
        }
        press(KeyCode::Esc);
        press(KeyCode::Esc);
        press(KeyCode::Char('q'));
        pressed
    });
    drive(loops, &mut console).await.unwrap();
    let pressed = typing.await.unwrap();
    let frames = taking.0.lock().unwrap();
    let answers = pressed.iter().filter_map(|at| Some(frames.iter().find(|(drawn, _)| drawn > at)?.0 - *at));
    row(&format!("{name}: key to frame"), answers.collect(), |it| {
        format!("{:.1} ms", it.as_secs_f64() * 1e3)
    });
    row(&format!("{name}: bytes of a frame"), frames.iter().map(|it| it.1).collect(), |it| format!("{it}"));
    std::fs::remove_dir_all(&journal).ok();
}

fn row<T: Ord + Copy>(name: &str, mut values: Vec<T>, show: impl Fn(T) -> String) {
    values.sort_unstable();
    let at = |share: usize| show(values[(values.len() * share / 100).min(values.len() - 1)]);
    println!("| {name} | {} | {} | {} |", at(50), at(99), show(*values.last().unwrap()));
}

/// A million lines: what they take, and how long all of them take to be searched.
fn memory() {
    let before = resident();
    let mut state = state();
    let begun = Instant::now();
    for batch in 0..=LOG_CAPACITY as u64 / BATCH {
        state.log.extend(None, None, (0..BATCH).map(|line| written(batch * BATCH + line)));
    }
    let took = begun.elapsed();
    let mib = (resident() - before) as f64 / 1024.0 / 1024.0;
    println!(
        "\n{} lines: {mib:.0} MiB resident more, appended at {:.1} million lines a second",
        state.log.count(Level::Normal),
        LOG_CAPACITY as f64 / took.as_secs_f64() / 1e6
    );
    let begun = Instant::now();
    let mut search = Search::new("stock is fine");
    while !search.go_on(&state.log, 200_000) {}
    println!(
        "searched in {:.0} ms, {} hits; the process has {:.0} MiB",
        begun.elapsed().as_secs_f64() * 1e3,
        search.count(),
        resident() as f64 / 1024.0 / 1024.0
    );
}

/// Bytes of memory that this process has; 0 where that cannot be told.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}
