//! Races for one environment: two consoles that stay open and a command line that is new each time, each a runtime of its
//! own with adapters of its own, all with one journal, as three programs on one machine are.
//!
//! Everybody waits with a plan in hand until all three have one, and once more in front of lockstep's lock; whoever deploys
//! waits until all three have had their answer there. So every race is one, however busy the machine is.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockstep::adapters::Adapters;
use lockstep::config::{Settings, paths};
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::names::{EnvironmentName, RunId};
use lockstep::domain::plan::PlanDigest;
use lockstep::domain::release::Version;
use lockstep::engine::State;
use lockstep::engine::effect::{CloudCall, DatabaseCall, Effect};
use lockstep::engine::event::{Event, Intent};
use lockstep::engine::planning::{Planning, Request};
use lockstep::exit::Exit;
use lockstep::headless::{Format, Headless, Job};
use lockstep::runtime::{Clock, Frontend, Journal, Next, Perform, Runtime, Sink, drive, mark};
use tempfile::TempDir;
use tokio::sync::{Barrier, watch};
use tokio::time::timeout;

use super::platform::Platform;

const RACERS: usize = 3;

/// Longer than a race takes on a busy machine; whoever stands in a queue stands there longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the three wait for each other in one race.
#[derive(Clone)]
struct Track {
    confirmed: Arc<Barrier>,
    line: Arc<Barrier>,
    answered: Arc<watch::Sender<usize>>,
}

impl Track {
    fn new() -> Self {
        let [confirmed, line] = [0; 2].map(|_| Arc::new(Barrier::new(RACERS)));
        Self { confirmed, line, answered: Arc::default() }
    }
}

/// Carries effects out through real adapters, on the track of the race that goes on; the platform may be scripted.
#[derive(Clone)]
struct Racer {
    adapters: Adapters,
    platform: Option<Platform>,
    track: Arc<Mutex<Track>>,
}

impl Racer {
    async fn carry_out(&self, effect: Effect, out: Sink) {
        match &self.platform {
            Some(platform) if Platform::serves(&effect) => platform.perform(effect, out).await,
            _ => self.adapters.perform(effect, out).await,
        }
    }
}

impl Perform for Racer {
    async fn perform(&self, effect: Effect, out: Sink) {
        let track = self.track.lock().unwrap().clone();
        match &effect {
            Effect::Database(_, DatabaseCall::Lock(_)) => {
                track.line.wait().await;
                self.carry_out(effect, out).await;
                track.answered.send_modify(|count| *count += 1);
            }
            Effect::Cloud(_, CloudCall::Deploy { .. }) => {
                let mut answered = track.answered.subscribe();
                answered.wait_for(|count| *count == RACERS).await.expect("the track holds the sender");
                self.carry_out(effect, out).await;
            }
            _ => self.carry_out(effect, out).await,
        }
    }
}

/// A command line that confirms when the consoles do.
struct Waiting {
    headless: Headless<io::Sink, io::Sink>,
    confirmed: Arc<Barrier>,
}

impl Frontend for Waiting {
    async fn next(&mut self, state: &State, is_idle: bool) -> io::Result<Next> {
        let next = self.headless.next(state, is_idle).await?;
        if matches!(next, Next::Intent(Intent::Promote { .. })) {
            self.confirmed.wait().await;
        }
        Ok(next)
    }

    fn show(&mut self, event: Option<&Event>, state: &State, more: bool) -> io::Result<()> {
        self.headless.show(event, state, more)
    }
}

/// Where races take place.
pub(super) struct Course {
    settings: Settings,
    environment: EnvironmentName,
    platform: Option<Platform>,
    consoles: Vec<Runtime<Racer>>,
    track: Arc<Mutex<Track>>,
    /// How often each of the three has won: the consoles, then the command line.
    pub(super) won: [usize; RACERS],
    runs: BTreeSet<RunId>,
    folder: TempDir,
}

impl Course {
    /// Races for `environment`; without a `platform` nothing is scripted.
    pub(super) async fn open(
        settings: Settings,
        environment: &EnvironmentName,
        platform: Option<Platform>,
    ) -> Self {
        let mut course = Self {
            settings,
            environment: environment.clone(),
            platform,
            consoles: Vec::new(),
            track: Arc::new(Mutex::new(Track::new())),
            won: [0; RACERS],
            runs: BTreeSet::new(),
            folder: folder(),
        };
        for _ in 0..RACERS - 1 {
            let mut console = course.program();
            console.intend(Intent::Begin);
            rest(&mut console).await;
            course.consoles.push(console);
        }
        course
    }

    /// The folder of the one journal.
    pub(super) fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// A program that was just started.
    fn program(&self) -> Runtime<Racer> {
        let settings = Arc::new(self.settings.clone());
        let environments = settings.environments.iter().map(|it| it.environment.clone()).collect();
        let (id, title, mode) = (settings.id.clone(), settings.title.clone(), settings.mode.clone());
        let state = State::new(id, title, mode, environments, settings.polling.observe).marked(mark());
        let mut journal = Journal::at(self.journal());
        journal.read().unwrap();
        let adapters = Adapters::leasing(settings, paths::tools(), self.folder.path().join("runs"));
        let (platform, track) = (self.platform.clone(), Arc::clone(&self.track));
        Runtime::new(state, Racer { adapters, platform, track }, journal, Clock::system())
    }

    /// One race, forward or back: one wins, and every other one is refused and told the name of the one that did.
    pub(super) async fn race(&mut self, request: &Request) {
        let track = Track::new();
        *self.track.lock().unwrap() = track.clone();
        let cli = self.program();
        let name = self.environment.clone();
        let [one, other] = &mut self.consoles[..] else { panic!("there are two consoles") };
        let plans = tokio::join!(plan(one, &name, request), plan(other, &name, request));
        assert_eq!(plans.0, plans.1, "both see the same plan");
        let job = Job::Promote {
            environment: name.clone(),
            request: request.clone(),
            confirm: Some(name.to_string()),
            plan: Some(plans.0.clone()),
            reason: reason(request),
        };
        let headless = Headless::new(job, Format::Json, io::sink(), io::sink(), None);
        let mut waiting = Waiting { headless, confirmed: Arc::clone(&track.confirmed) };
        let race = async {
            let (left, right, state) = tokio::join!(
                confirm(one, &name, (&plans.0, request), &track),
                confirm(other, &name, (&plans.1, request), &track),
                drive(cli, &mut waiting)
            );
            let state = state.unwrap();
            let last = ending(&state, &name);
            let exit = waiting.headless.finish(&state).unwrap();
            assert_eq!(exit, if last.1.is_none() { Exit::Proven } else { Exit::Refused }, "{last:?}");
            [left, right, last]
        };
        let endings = timeout(PATIENCE, Box::pin(race)).await.expect("nobody stands in a queue");
        self.judge(&endings);
    }

    fn judge(&mut self, endings: &[(RunId, Option<Failure>); RACERS]) {
        let winners: Vec<_> = (0..RACERS).filter(|index| endings[*index].1.is_none()).collect();
        let [winner] = winners[..] else { panic!("{} won: {endings:#?}", winners.len()) };
        self.won[winner] += 1;
        let holds = format!("{} holds it since ", endings[winner].0);
        for (run, failure) in endings {
            assert!(self.runs.insert(run.clone()), "there were two runs called {run}: {endings:#?}");
            let Some(failure) = failure else { continue };
            assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
            assert!(failure.because[0].starts_with(&holds), "{holds}: {failure}");
        }
    }
}

/// To this release and back to that one, by turns: a race changes the image and nothing else.
pub(super) fn to_and_fro(to: &str, back: &str, race: usize) -> Request {
    let [to, back] = [to, back].map(|version| Some(Version::parse(version).unwrap()));
    if race.is_multiple_of(2) {
        Request::Back { release: back, keep_schema: true }
    } else {
        Request::Forward(to)
    }
}

/// Whoever goes back says why.
fn reason(request: &Request) -> Option<String> {
    matches!(request, Request::Back { .. }).then(|| "the race is run again".to_owned())
}

/// In memory where there is such a place: a busy disk takes most of a run to flush its journal.
pub(super) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Goes on until nothing more happens by itself.
async fn rest(program: &mut Runtime<Racer>) {
    while !program.is_idle() || !program.parts().0.is_empty() {
        let event = program.next().await.expect("the runtime feeds its own queue");
        program.handle(&event);
    }
}

async fn plan(console: &mut Runtime<Racer>, environment: &EnvironmentName, request: &Request) -> PlanDigest {
    console.intend(Intent::Plan { environment: environment.clone(), request: request.clone() });
    rest(console).await;
    let Planning::Ready(prepared) = &console.state().planning else {
        panic!("there is no plan: {:#?}", console.state().planning)
    };
    assert_eq!(prepared.unmet, [], "nothing stands in the way");
    prepared.plan.digest().clone()
}

async fn confirm(
    console: &mut Runtime<Racer>,
    environment: &EnvironmentName,
    (plan, request): (&PlanDigest, &Request),
    track: &Track,
) -> (RunId, Option<Failure>) {
    track.confirmed.wait().await;
    console.intend(Intent::Promote { plan: plan.clone(), reason: reason(request) });
    rest(console).await;
    ending(console.state(), environment)
}

/// The run of a program, and what it failed with.
fn ending(state: &State, environment: &EnvironmentName) -> (RunId, Option<Failure>) {
    let promotion = state.promotion(environment).unwrap_or_else(|| panic!("{:#?}", state.messages));
    let conclusion = promotion.conclusion().unwrap_or_else(|| panic!("it hangs in {:?}", promotion.stage));
    (promotion.run.clone(), conclusion.failure.clone())
}
