//! P12: the screen never blocks. Every key is answered while nothing that was asked for ever ends. Absent on purpose: how
//! many milliseconds that takes, which `make bench` measures.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::Instant;

use crate::console::{Script, Story};
use crate::faults::Scene;
use crate::pty::console::Console;

/// Keys, and what stands on the screen after them.
const TOUR: [(&str, &str); 12] = [
    ("?", "Every key that works here"),
    ("<esc>", "4 PROD"),
    ("2<enter>", "009-allergens"),
    ("<esc>", "4 PROD"),
    ("d", "changeset"),
    ("<esc>", "4 PROD"),
    ("L", "following"),
    ("<esc>", "4 PROD"),
    ("T", "high-contrast"),
    ("<down><enter>", "4 PROD"),
    ("2p", "v1.2.0"),
    ("<esc>", "4 PROD"),
];

// Time stands still here: it would go on only if something on the way from a key to the screen waited for it.
#[tokio::test(start_paused = true)]
async fn p12_every_key_is_answered_while_no_question_is_ever_answered() {
    let mut story = Story::begin(100, 30).await;
    story.script.hang();
    story.wait(6_000).await;
    let begun = Instant::now();
    for (keys, words) in TOUR {
        story.press(keys).await;
        story.shows(words);
        story.wait(1_000).await;
    }
    story.resize(200, 50).shows("4 PROD");
    story.press("q").await;
    assert!(story.has_left);
    assert_eq!(begun.elapsed().as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn p12_every_key_is_answered_before_anything_was_ever_answered() {
    let script = Script::new();
    script.hang();
    let begun = Instant::now();
    let mut story = Story::with(script, 100, 30, "dark").await;
    story.shows("looking");
    for (keys, words) in
        [("?", "Every key that works here"), ("<esc>", "4 PROD"), ("L", "following"), ("<esc>", "1 dev")]
    {
        story.press(keys).await;
        story.shows(words);
    }
    story.press("q").await;
    assert!(story.has_left);
    assert_eq!(begun.elapsed().as_millis(), 0);
}

#[tokio::test]
async fn p12_keys_change_the_screen_while_aws_the_databases_and_the_stores_hang() {
    let scene = Scene::begin(&[]).await;
    let mut console = Console::open(&scene.place, &[]);
    console.until("everything was looked at", |screen| screen.contains("4 healthy")).await;
    scene.set("slow-api", &["--seconds", "600"]).await;
    // Stopped as they are, they still accept connections and never answer.
    let stopped = Stopped::those_of(&scene, &["postgres", "bagel-store"]);
    assert!(stopped.0.len() >= 5, "a server and four stores: {:?}", stopped.0);
    walk(&mut console).await;
    let mut second = Console::open(&scene.place, &[]);
    second.until("the first frame needs nobody", |screen| screen.contains("looking")).await;
    walk(&mut second).await;
    for mut console in [console, second] {
        console.send("q");
        assert_eq!(console.ended().await, 0, "leaving waits for nobody");
        console.given_back().await;
    }
    drop(stopped);
    scene.end().await;
}

async fn walk(console: &mut Console) {
    // The board is asked to look again, all of which hangs.
    console.send("\x1b[15~");
    for (key, what, words) in [
        ("?", "help is open", "Every key that works here"),
        ("L", "the log is open", "following"),
        ("T", "the themes are there", "high-contrast"),
    ] {
        console.send(key);
        console.until(what, |screen| screen.contains(words)).await;
        console.send("\x1b");
        // Only then comes the next key: escape and a letter at once are one key to a terminal.
        console.until("the board is back", |screen| screen.contains("PROD") && !screen.contains(words)).await;
    }
}

/// Processes that stand still until this goes.
struct Stopped(Vec<i32>);

impl Stopped {
    fn those_of(scene: &Scene, names: &[&str]) -> Self {
        let processes = scene.place.processes().into_iter();
        let program = |line: &str| {
            line.split(' ').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
        };
        let wanted = processes.filter(|(_, line)| names.iter().any(|name| program(line).starts_with(name)));
        let pids: Vec<_> = wanted.map(|(pid, _)| pid).collect();
        for pid in &pids {
            kill(Pid::from_raw(*pid), Signal::SIGSTOP).unwrap();
        }
        Self(pids)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for pid in &self.0 {
            kill(Pid::from_raw(*pid), Signal::SIGCONT).ok();
        }
    }
}
