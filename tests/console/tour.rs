//! A walk through every view in every state, for tests that ask the same of all of them.

use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::policy::Severity;
use lockstep::domain::step::StepKind;
use lockstep::engine::State;
use lockstep::tui::look::Look;

use super::checks::{verdict, wrong};
use super::people::two_approvals;
use super::unknown::dies;
use super::{Backend, Deploys, Script, Story};

/// Where a view is looked at: what the world is like, what is pressed on the way there, what has to stand there at any
/// size.
struct Stop {
    name: &'static str,
    world: fn(&Script),
    keys: &'static str,
    words: &'static str,
}

const fn stop(name: &'static str, world: fn(&Script), keys: &'static str, words: &'static str) -> Stop {
    Stop { name, world, keys, words }
}

const AS_IT_IS: fn(&Script) = |_| {};

const STOPS: &[Stop] = &[
    stop("board", AS_IT_IS, "", "test"),
    stop("board of production", AS_IT_IS, "4", "PROD"),
    stop("plan", AS_IT_IS, "2p", "v1.2.0"),
    stop("plan of production, its name half typed", AS_IT_IS, "4ppro", "type prod to go on"),
    stop("plan that is refused", AS_IT_IS, "2p<right>", "v1.3.0"),
    stop("way back", AS_IT_IS, "2R", "test"),
    stop("detail", AS_IT_IS, "2<enter>", "test"),
    stop("drift", AS_IT_IS, "d", "changeset"),
    stop("drift, filtered", AS_IT_IS, "d/allergens<enter>", "allergens"),
    stop("changeset", AS_IT_IS, "d<enter>", "checksum"),
    stop("log", AS_IT_IS, "L", "log"),
    stop("help", AS_IT_IS, "?", "everywhere"),
    stop("themes", AS_IT_IS, "T", "high-contrast"),
    stop("stop the line", AS_IT_IS, "s", "line"),
    stop("flows", AS_IT_IS, "F", "flow"),
    stop("a promotion in its middle", |script| script.hold_at(StepKind::Update), "2p~P", "v1.2.0"),
    stop("log of a promotion in its middle", |script| script.hold_at(StepKind::Update), "2p~PL", "log"),
    stop("a promotion that is proven", AS_IT_IS, "2p~P", "proven"),
    stop("a promotion that failed", |script| script.deploys(Deploys::RollBack), "1p<left>~y", "dev"),
    stop("databases that do not answer", |script| script.goes_down(Backend::Database), "", "test"),
    stop("services that cannot be seen", |script| script.goes_down(Backend::Service), "3<enter>", "staging"),
    stop("applications that do not answer", |script| script.goes_down(Backend::Health), "", "test"),
    stop("a schema that was changed by hand", |script| script.adds_by_hand(2, "note"), "3<enter>", "staging"),
    stop("a look that never ends", Script::hang, "", "test"),
];

/// Shows `visit` every stop at a size, with the words that have to stand there.
pub(crate) async fn walk(
    (width, height): (u16, u16),
    look: impl Fn() -> Look,
    mut visit: impl FnMut(&str, &str, &mut Story),
) {
    let mut story = Story::looking(Script::new(), width, height, look());
    visit("before anything is known", "lockstep", &mut story);
    for stop in STOPS {
        let script = Script::new();
        (stop.world)(&script);
        let mut story = Story::looking(script, width, height, look());
        story.look_around().await;
        press(&mut story, stop.keys).await;
        visit(stop.name, stop.words, &mut story);
    }
    let mut story = Story::made(Script::new(), width, height, look(), two_approvals);
    press(story.look_around().await, "a").await;
    visit("approvals", "v1.1.0 to PROD", &mut story);
    press(&mut story, "<enter>~a~read it twice").await;
    visit("an approval", "approve v1.1.0 to prod", &mut story);
    let mut story = Story::looking(Script::new(), width, height, look());
    story.look_around().await;
    let mut story = dies(story).await;
    visit("a run that nobody saw end", "unknown", &mut story);
    press(&mut story, "u").await;
    visit("what became of it", "not started", &mut story);
    let broken = Failure::new(FailureKind::Failed, "déjà vu: ベーグル 🥯 👩\u{200d}🍳 e\u{301}\u{301}")
        .because("日本語".repeat(40));
    for (name, policy, words) in
        [("checks", Ok(verdict(wrong())), "BLOCKER"), ("checks that cannot be read", Err(broken), "")]
    {
        let script = Script::new();
        script.judges(policy);
        let police = |state: &mut State| *state = state.clone().policed(Severity::Blocker);
        let mut story = Story::made(script, width, height, look(), police);
        press(story.look_around().await, "C").await;
        visit(name, words, &mut story);
        press(&mut story, "<enter>").await;
        visit("one of the checks", "", &mut story);
    }
}

async fn press(story: &mut Story, keys: &str) {
    for (index, keys) in keys.split('~').enumerate() {
        if index > 0 {
            // What can be confirmed was there to be read first.
            story.wait(600).await;
        }
        story.press(keys).await;
    }
}
