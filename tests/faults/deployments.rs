//! Faults of App Runner's deployments and of the application. Green means proven: RUNNING is no proof.

use super::{Scene, ending, has, running};
use crate::sandbox::tools::until;

#[tokio::test]
async fn failing_check_silent_rollback_and_lying_rollback_leave_the_old_image_and_are_told() {
    let scene = Scene::behind(&[]).await;
    for (sent, (fault, because)) in [
        ("failing-check", "Health check failed on protocol `HTTP`"),
        ("silent-rollback", "ended as rolled back"),
        ("lying-rollback", "says that it succeeded, and the service shows the old image"),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = u64::try_from(sent).unwrap() + 1;
        scene.set(fault, &["--env", "dev", "--times", "1"]).await;
        let said = scene.promote("v1.2.0").await;
        // No changeset was pending, so nothing is left half-done.
        assert_eq!(said.code, 3, "{fault}: {said:#?}");
        has(&said, &["error: the deployment of v1.2.0 to dev failed and was rolled back\n", because]);
        assert_eq!((scene.updates().await, scene.struck(fault).await), ((sent, sent), 1), "{fault}");
        assert_eq!(scene.service().await, running("v1.1.0"), "{fault}");
        assert_eq!((scene.ending(), scene.locks().await), (ending("service", "failed", "failed"), free()));
    }
    // With changesets the schema is ahead now, and somebody has to act.
    scene.set("lying-rollback", &["--env", "dev"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.rows().await), (4, 18), "{said:#?}");
    has(
        &said,
        &[
            "4 changesets were applied before and stay: the schema is ahead of the app\n",
            "\n  Or go back: `lockstep rollback dev --to v1.1.0` shows what that takes before it does anything.\n",
        ],
    );
    scene.end().await;
}

#[tokio::test]
async fn stuck_operation_is_unknown_blocks_the_next_update_and_ends_when_it_is_cleared() {
    let scene = Scene::behind(&[("deployment", 2.0)]).await;
    scene.set("stuck-operation", &["--env", "dev"]).await;
    let said = scene.promote("v1.2.0").await;
    assert_eq!(said.code, 5, "{said:#?}");
    has(
        &said,
        &[
            "error: nobody knows how the deployment of v1.2.0 to dev ends\n",
            "was still running in AWS after 2",
        ],
    );
    assert_eq!((scene.ending(), scene.locks().await), (ending("service", "unknown", "unknown"), free()));

    let again = scene.promote("v1.2.0").await;
    assert_eq!((again.code, scene.updates().await), (5, (1, 1)), "{again:#?}");
    scene.settles("▶ dev: v1.2.0, still running", 5).await;
    scene.clear().await;
    until("the operation has ended", async || scene.service().await == running("v1.2.0")).await;
    assert_eq!(scene.place.json(&["status"]).await["environments"][0]["version"], "v1.2.0");
    scene.settles("✔ dev: v1.2.0, finished", 0).await;
    scene.end().await;
}

#[tokio::test]
async fn unhealthy_after_a_deployment_that_succeeded_is_no_success() {
    let scene = Scene::behind(&[("health", 2.0)]).await;
    scene.set("unhealthy", &["--env", "dev"]).await;
    let said = scene.promote("v1.2.0").await;
    assert_eq!(said.code, 4, "{said:#?}");
    has(
        &said,
        &[
            "error: the application of dev did not become healthy as v1.2.0\n",
            "its last answer was 503: the payment provider does not answer\n",
        ],
    );
    assert_eq!(scene.ending(), ending("health", "action needed", "action needed"));
    assert_eq!((scene.service().await, scene.updates().await), (running("v1.2.0"), (1, 1)));
    let status = scene.place.json(&["status"]).await;
    assert_eq!(status["environments"][0]["health"]["healthy"], false, "{status:#}");
    assert_eq!(status["environments"][1]["health"]["healthy"], true, "the others are well");
    scene.clear().await;
    let status = scene.place.json(&["status"]).await;
    assert_eq!(status["environments"][0]["health"]["healthy"], true, "{status:#}");
    scene.end().await;
}

fn free() -> [String; 2] {
    ["free".to_owned(), "free".to_owned()]
}
