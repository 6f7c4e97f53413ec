//! Stopping a promotion, and going back, on top of a fault: no lock of ours stays, and what is not known is not called done.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::calls::{UPDATE, goes_on};
use super::{Scene, ending, has, running};
use crate::program::place::Said;

/// The changesets of dev in the beginning; v1.1.0 has three fewer.
pub(super) const BEFORE: usize = 14;

impl Scene {
    /// Promotes v1.4.0 to dev, or another release, and asks twice to stop it once a line holds these words.
    pub(super) async fn abort(&self, version: &str, words: &str) -> Said {
        let mut promotion = self.place.command(&["promote", "dev", "--release", version]).spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(promotion.id().unwrap()).unwrap());
        let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
        let (mut err, mut is_pressed) = (String::new(), false);
        while let Some(line) = lines.next_line().await.unwrap() {
            if !is_pressed && line.contains(words) {
                is_pressed = true;
                // Two of a kind may arrive as one; and the first is enough where nothing has to be cancelled.
                kill(pid, Signal::SIGINT).unwrap();
                kill(pid, Signal::SIGTERM).ok();
            }
            err.push_str(&line);
            err.push('\n');
        }
        assert!(is_pressed, "it ended before `{words}`:\n{err}");
        let status = promotion.wait().await.unwrap();
        Said { code: status.code().unwrap_or(-1), out: String::new(), err }
    }

    /// Goes back to v1.1.0 as a person does: asks first, then says what the refusal says, with a reason.
    async fn roll_back(&self) -> Said {
        let back = ["rollback", "dev", "--to", "v1.1.0"];
        let shown = self.place.run(&back).await;
        let Some((_, digest)) = shown.err.split_once(" --plan ") else { return shown };
        let confirmed = ["--confirm", "dev", "--plan", &digest[..6], "--reason", "it sells nothing"];
        self.place.run(&[&back[..], &confirmed].concat()).await
    }
}

#[tokio::test]
async fn an_abort_while_sql_is_slow_leaves_no_lock_and_one_while_a_row_waits_does_not_cut_it_off() {
    let scene = Scene::begin(&[("look", 5.0)]).await;
    scene.set("slow-sql", &["--env", "dev", "--seconds", "60", "--times", "1"]).await;
    let said = scene.abort("v1.4.0", "update: running changelog/").await;
    assert_eq!(said.code, 130, "{said:#?}");
    has(&said, &["011-gift-cards::store was cancelled and rolled back\n"]);
    assert_eq!((scene.rows().await, scene.has_table("gift_cards").await), (BEFORE, false));
    assert_eq!(
        (scene.locks().await, scene.ending()),
        (free(), ending("update", "interrupted", "interrupted"))
    );
    scene.clear().await;

    // The changeset is committed: its row has to come, and then nothing more.
    scene.set("slow-unrecorded", &["--env", "dev", "--seconds", "1.5", "--times", "1"]).await;
    let said = scene.abort("v1.4.0", "update: running changelog/").await;
    let rows = scene.rows().await;
    assert!(rows > BEFORE, "its row came: {said:#?}");
    assert!(scene.has_table("gift_cards").await);
    assert_eq!((said.code, scene.locks().await), (4, free()), "{said:#?}");
    assert_eq!(scene.service().await, running("v1.2.0"));
    scene.clear().await;
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    scene.end().await;
}

#[tokio::test]
async fn an_abort_while_aws_is_slow_asks_for_no_update_any_more_and_one_of_a_stuck_deployment_is_unknown() {
    let scene = Scene::behind(&[("look", 20.0)]).await;
    let slow = ["--env", "dev", "--seconds", "3", "--action", "ListOperations"];
    scene.set("slow-api", &slow).await;
    let said = scene.abort("v1.2.0", "> service: ").await;
    assert_eq!((said.code, scene.locks().await), (5, free()), "{said:#?}");
    scene.clear().await;
    assert_eq!((scene.updates().await, scene.service().await), ((0, 0), running("v1.1.0")));
    scene.place.run(&["reconcile", "dev", "--attach", "--settle"]).await;
    assert_eq!(scene.updates().await, (0, 0), "nothing came later either");

    scene.set("stuck-operation", &["--env", "dev"]).await;
    let said = scene.abort("v1.2.0", "service: in progress").await;
    assert_eq!((said.code, scene.locks().await), (5, free()), "{said:#?}");
    scene.settles("▶ dev: v1.2.0, still running", 5).await;
    scene.clear().await;
    goes_on(&scene).await;
    scene.settles("✔ dev: v1.2.0, finished", 0).await;
    assert_eq!(scene.updates().await, (1, 1));
    scene.end().await;
}

#[tokio::test]
async fn a_rollback_without_room_or_whose_liquibase_is_killed_goes_on_once_it_was_looked_at() {
    let scene = Scene::begin(&[]).await;
    // The newest row is a tag, which is undone; the table before it finds no room.
    scene.set("full-disk", &["--env", "dev"]).await;
    let said = scene.roll_back().await;
    assert_eq!((said.code, scene.rows().await), (4, BEFORE - 1), "{said:#?}");
    has(&said, &["010-loyalty-points::store could not be undone in dev\n", "No space left on device"]);
    assert_eq!((scene.locks().await, scene.service().await), (free(), running("v1.1.0")));
    assert_eq!(scene.ending(), ending("undo", "action needed", "action needed"));
    scene.clear().await;

    scene.set("killed-liquibase", &["--env", "dev"]).await;
    let said = scene.roll_back().await;
    assert_eq!((said.code, scene.struck("killed-liquibase").await), (5, 1), "{said:#?}");
    assert_eq!((scene.rows().await, scene.has_table("loyalty_points").await), (BEFORE - 1, true));
    assert_eq!((scene.locks().await, scene.ending()), (stale(), ending("undo", "unknown", "unknown")));
    // What is undone leaves no trace: it may be gone without having lost its row.
    scene.settles("? dev: v1.1.0, a person must look", 5).await;
    assert_eq!(scene.roll_back().await.code, 5, "nothing is undone twice");
    scene.place.ok(&["reconcile", "--release-lock", "dev", "--confirm", "dev"]).await;
    scene.place.ok(&["reconcile", "--resolve", "dev", "--reason", "the table is there"]).await;
    scene.clear().await;
    let said = scene.roll_back().await;
    assert_eq!((said.code, scene.rows().await), (0, BEFORE - 3), "{said:#?}");
    assert_eq!((scene.service().await, scene.locks().await), (running("v1.1.0"), free()));
    scene.end().await;
}

#[tokio::test]
async fn a_rollback_that_app_runner_takes_back_changes_nothing_and_one_whose_answer_is_lost_is_followed() {
    let scene = Scene::begin(&[]).await;
    scene.set("failing-check", &["--env", "dev", "--times", "1"]).await;
    let said = scene.roll_back().await;
    // The app goes first, so the schema was not touched yet.
    assert_eq!((said.code, scene.rows().await), (3, BEFORE), "{said:#?}");
    assert_eq!((scene.service().await, scene.locks().await), (running("v1.2.0"), free()));
    scene.clear().await;

    scene.set("cut-after", &UPDATE).await;
    let said = scene.roll_back().await;
    assert_eq!((said.code, scene.rows().await), (0, BEFORE - 3), "{said:#?}");
    has(&said, &["  service: the answer was lost; looking whether the operation began\n"]);
    assert_eq!((scene.updates().await, scene.service().await), ((2, 2), running("v1.1.0")));
    scene.end().await;
}

fn stale() -> [String; 2] {
    ["stale".to_owned(), "free".to_owned()]
}

pub(super) fn free() -> [String; 2] {
    ["free".to_owned(), "free".to_owned()]
}
