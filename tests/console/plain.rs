//! The console without a screen: what is told, and that it is told once.

use std::time::Duration;

use lockstep::domain::journal::{Entry, Notice};
use lockstep::domain::names::DemoId;
use lockstep::engine::State;
use lockstep::engine::event::{Event, EventKind, Intent};
use lockstep::headless::Narrator;
use lockstep::runtime::{Clock, Frontend as _, Journal, Runtime};

use super::{Backend, Deploys, Script, environments};

/// A narrator in front of a scripted world.
struct Telling {
    narrator: Narrator<Vec<u8>>,
    runtime: Runtime<Script>,
    clock: Clock,
    script: Script,
    folder: tempfile::TempDir,
}

impl Telling {
    async fn begin(is_ascii: bool) -> Self {
        let clock = Clock::by_hand("2026-11-21T14:02:11Z".parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let id = DemoId::parse("demo1").unwrap();
        let state = State::new(id, "Bagel Store", "SANDBOX ×20", environments(), Duration::from_secs(5));
        let script = Script::new();
        let runtime = Runtime::new(state, script.clone(), Journal::at(folder.path()), clock.clone());
        let narrator = Narrator::new(Vec::new(), is_ascii, None);
        let mut telling = Self { narrator, runtime, clock, script, folder };
        telling.intend(Intent::Begin).await;
        telling
    }

    async fn intend(&mut self, intent: Intent) -> String {
        let event = self.runtime.intend(intent);
        self.show(&event);
        self.settle().await
    }

    async fn wait(&mut self, seconds: u64) -> String {
        self.clock.advance(Duration::from_secs(seconds));
        let event = self.runtime.event(EventKind::Ticked);
        self.runtime.handle(&event);
        self.show(&event);
        self.settle().await
    }

    /// Goes on until nothing more happens by itself; what was told since it was asked last.
    async fn settle(&mut self) -> String {
        while !self.runtime.is_idle() || !self.runtime.parts().0.is_empty() {
            let event = self.runtime.next().await.unwrap();
            self.runtime.handle(&event);
            self.show(&event);
        }
        String::from_utf8(std::mem::take(self.narrator.out())).unwrap()
    }

    fn show(&mut self, event: &Event) {
        self.narrator.show(Some(event), self.runtime.state(), false).unwrap();
    }
}

#[tokio::test]
async fn the_world_is_told_once_and_then_only_what_changes() {
    let mut telling = Telling::begin(false).await;
    let told = telling.intend(Intent::Refresh).await;
    assert_eq!(told, "", "what is as it was is not told again");
    telling.script.goes_down(Backend::Health);
    let told = telling.wait(6).await;
    assert_eq!(told.lines().count(), 4, "{told}");
    assert!(told.starts_with("14:02:17  dev: ✖ the application does not answer: "), "{told}");
    telling.script.comes_back(Backend::Health);
    let told = telling.wait(6).await;
    assert!(told.contains("14:02:23  prod: ● the application answers with 200"), "{told}");
    let notice = Notice { by: "ben".to_owned(), reason: "the till is open".to_owned() };
    let mut journal = Journal::at(telling.folder.path());
    journal.append(telling.clock.now(), &Entry::Line { stopped: true, notice }).unwrap();
    let told = telling.wait(6).await;
    assert!(told.contains("■ the line is stopped by ben: the till is open"), "{told}");
}

#[tokio::test]
async fn a_promotion_is_told_step_by_step_with_what_it_came_to() {
    let mut telling = Telling::begin(true).await;
    telling.script.deploys(Deploys::RollBack);
    let dev = environments()[0].name.clone();
    let request = lockstep::engine::planning::Request::Forward(None);
    let told = telling.intend(Intent::Plan { environment: dev, request }).await;
    assert!(told.contains("to dev, 1 changesets") || told.contains("to dev, "), "{told}");
    let lockstep::engine::planning::Planning::Ready(prepared) = &telling.runtime.state().planning else {
        panic!("no plan: {told}")
    };
    let plan = prepared.plan.digest().clone();
    let told = telling.intend(Intent::Promote { plan, reason: None }).await;
    assert!(told.is_ascii(), "{told}");
    for words in ["begins to promote", "dev: > ", "dev: + ", "x v1."] {
        assert!(told.contains(words), "`{words}` is not told\n{told}");
    }
}
