//! What nobody saw end, and what begins by itself.

use lockstep::domain::journal::{Aim, Entry};
use lockstep::domain::names::{EnvironmentName, RunId};
use lockstep::domain::plan::Direction;
use lockstep::domain::release::{ImageRef, Version};
use lockstep::domain::step::StepKind;

use super::Story;

/// A console that died while it promoted v1.2.0 to test, right after it had asked Liquibase, is looked at from here.
async fn died(width: u16, height: u16) -> Story {
    let mut story = Story::begin(width, height).await;
    dies(&mut story);
    story.wait(6_000).await.wait(6_000).await.press("2").await;
    story
}

/// Another console leaves this in the journal, and dies.
pub(super) fn dies(story: &mut Story) {
    let plan = story.state().catalog.value().unwrap().clone();
    let version = Version::parse("v1.2.0").unwrap();
    let changesets = plan.get(&version).unwrap().changelog.changesets();
    let run = RunId::from_text("r-20261121-140155000-test");
    let began = Entry::Began {
        run: run.clone(),
        environment: EnvironmentName::parse("test").unwrap(),
        version,
        plan: "8c41f0".to_owned(),
        by: "pat".to_owned(),
        aim: Some(Box::new(Aim {
            direction: Direction::Forward,
            image_from: Some(ImageRef::new("public.ecr.aws/l1v5b6d6/demo1-bagel-store:v1.1.0")),
            image_to: ImageRef::new("public.ecr.aws/l1v5b6d6/demo1-bagel-store:v1.2.0"),
            changesets: changesets[11..14].iter().map(|changeset| changeset.id.clone()).collect(),
            rows: 11,
            anchor: None,
        })),
        reason: None,
        overridden: None,
    };
    let intended = Entry::Intended { run, step: StepKind::Update, what: "liquibase update".to_owned() };
    story.writes(&[began, intended]);
}

#[tokio::test]
async fn a_run_that_died_is_unknown_until_it_is_found_out_and_put_on_record() {
    let mut story = died(100, 40).await;
    story.shows("? unknown run     u");
    story.shows("? what became of v1.2.0 in test is unknown");
    story.press("p").await.wait(600).await;
    story.shows("what became of r-20261121-140155000-test is unknown");
    story.press("<esc>u").await;
    story.shows("v1.2.0 to test  not started");
    story.shows("by pat");
    story.shows("S  put on record what was found, so that something new may begin");
    story.press("R").await;
    story.shows("not after this: v1.2.0 is not started");
    story.press("S").await;
    story.shows("settle what became of v1.2.0 in test");
    story.press("S").await.wait(600).await;
    story.shows("settle what became of v1.2.0 in test");
    story.press("S").await;
    story.shows("Every run was seen to its end.");
    story.press("<esc>").await;
    story.hides("unknown");
    assert_eq!(story.script.mutations(), 0);
    story.press("r").await.wait(600).await.press("P").await;
    story.shows("✔ test runs v1.2.0, proven");
}

#[tokio::test]
async fn a_run_that_is_half_done_can_be_gone_on_with_after_it_was_looked_at() {
    let mut story = died(100, 40).await;
    story.script.runs(1, "v1.1.0", 14);
    story.press("u").await;
    story.shows("half done");
    story.press("R").await.wait(600).await;
    story.shows("test back to v1.1.0");
    story.press("<esc>p").await.wait(600).await;
    story.shows("v1.2.0 to test");
    story.press("<esc>c").await.wait(600).await.press("mended by hand<tab>C").await;
    story.shows("Every run was seen to its end.");
}

#[tokio::test]
async fn the_column_counts_down_to_what_begins_by_itself_and_shows_the_key_that_holds_it() {
    let mut story = Story::automatic(80, 24).await;
    story.wait(1_000).await.wait(1_000).await;
    story.shows("▶ v1.4.0 in 9 s A");
    // On a low screen, and above the board, the last line says it.
    story.shows("v1.4.0 goes to dev by itself in 9 s   A holds it");
    story.press("d").await;
    story.shows("A holds it");
    story.press("A<esc>").await;
    story.hides("A holds it");
    story.hides("in 9 s");
}
