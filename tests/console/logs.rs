//! The log: what is left out, how it is written, and that a flood of it hides nothing.

use lockstep::domain::log::{Level, LogLine, Source};
use lockstep::domain::names::RunId;
use lockstep::engine::event::EventKind;

use super::Story;

impl Story {
    /// Something writes lines, for a run or for none.
    pub(super) fn logs(&mut self, run: Option<RunId>, lines: &[(Level, &str)]) {
        let at = self.clock.now();
        let line = |(level, text): &(Level, &str)| LogLine {
            at,
            source: Source::Liquibase,
            level: *level,
            text: (*text).into(),
        };
        let event = self.runtime.event(EventKind::Log(run, lines.iter().map(line).collect()));
        self.apply(&event);
        self.catch_up();
    }
}

/// A promotion to test that was proven, and its log on the whole screen.
async fn promoted(width: u16, height: u16) -> Story {
    let mut story = Story::begin(width, height).await;
    story.press("2p").await.wait(600).await.press("P").await.press("L").await;
    story
}

#[tokio::test]
async fn only_what_matters_is_shown_on_demand_with_its_count() {
    let mut story = promoted(100, 30).await;
    story.logs(
        None,
        &[(Level::Warning, "the lock is old"), (Level::Error, "no space left"), (Level::Normal, "fine")],
    );
    story.shows("fine");
    story.press("e").await;
    story.shows("2 warnings and errors · following");
    story.shows("the lock is old");
    story.hides("fine");
    story.hides("Running Changeset");
    story.press("e").await;
    story.shows("1 errors");
    story.hides("the lock is old");
    story.press("<up>").await;
    story.shows("f follows");
    story.press("ef").await;
    story.shows("fine");
    story.shows("Running Changeset");
}

#[tokio::test]
async fn one_step_after_the_other_can_be_read_alone() {
    let mut story = promoted(100, 30).await;
    story.press("i").await;
    story.shows("only update");
    story.shows("Running Changeset");
    story.hides("Service update started");
    story.press("i").await;
    story.shows("only service");
    story.shows("Service update started");
    story.hides("Running Changeset");
    story.press("i").await;
    story.hides("only ");
    story.shows("Running Changeset");
}

#[tokio::test]
async fn a_long_line_is_cut_or_goes_on_in_the_next_row() {
    let mut story = promoted(80, 24).await;
    let long = format!("{} the very end", "word ".repeat(30));
    story.logs(None, &[(Level::Normal, &long)]);
    story.hides("the very end");
    story.press("w").await;
    story.shows("the very end");
    story.press("w").await;
    story.hides("the very end");
}

#[tokio::test]
async fn times_are_those_of_the_day_or_since_the_run_began() {
    let mut story = Story::begin(100, 30).await;
    story.press("2p").await.wait(600).await.press("P").await;
    let run = story.state().promotions[0].run.clone();
    story.wait(61_500).await.press("L").await;
    story.logs(Some(run), &[(Level::Normal, "a minute later")]);
    story.shows("14:03:13 liquibase a minute later");
    story.press("t").await;
    story.shows("+01:01.5 liquibase a minute later");
    story.logs(None, &[(Level::Normal, "of no run")]);
    story.shows("14:03:13 liquibase of no run");
    story.press("t").await;
    story.shows("14:03:13 liquibase a minute later");
}

#[tokio::test]
async fn a_scrolled_log_stays_where_it_is_however_much_is_written() {
    let mut story = promoted(100, 30).await;
    let lines: Vec<String> = (0..200).map(|number| format!("line {number}")).collect();
    let lines: Vec<(Level, &str)> = lines.iter().map(|text| (Level::Normal, text.as_str())).collect();
    story.logs(None, &lines);
    story.press("<pgup>").await;
    story.shows("f follows");
    let rows =
        |story: &mut Story| story.screen().lines().skip(3).take(20).map(str::to_owned).collect::<Vec<_>>();
    let before = rows(&mut story);
    assert!(before[0].contains("line 1"), "{before:?}");
    story.logs(None, &[(Level::Normal, "came later"); 100]);
    assert_eq!(rows(&mut story), before);
    story.press("<end>").await;
    story.shows("following");
    story.shows("came later");
}

#[tokio::test]
async fn the_full_log_is_saved_once_there_is_one() {
    let mut story = Story::begin(100, 30).await;
    story.press("LS").await;
    story.shows("nothing has run here yet");
    let mut story = promoted(100, 30).await;
    story.press("S").await;
    story.shows("log saved: ./lockstep-log.txt");
}

#[tokio::test]
async fn the_end_of_a_line_that_is_cut_is_moved_into_sight_and_back() {
    let mut story = promoted(80, 24).await;
    let long = format!("begin {} the very end", "word ".repeat(30));
    story.logs(None, &[(Level::Normal, &long)]);
    story.shows("begin word");
    story.press("<right><right><right><right><right><right><right>").await;
    story.shows("the very end");
    story.shows("from column 113");
    story.hides("begin word");
    story.press("<left><left><left><left><left><left><left><left>").await;
    story.shows("begin word");
    story.hides("from column");
    story.press("<right>w").await;
    story.hides("from column");
    story.shows("begin word");
    story.shows("the very end");
}
