//! Faults of AWS's API and of its clock. An update is sent once, whatever becomes of its answer.

use super::{Scene, ending, has, running};
use crate::sandbox::tools::until;

/// The options for a fault that strikes one update of dev.
pub(crate) const UPDATE: [&str; 6] = ["--env", "dev", "--action", "UpdateService", "--times", "1"];

/// The deployment that nobody watches any more comes to its end by itself.
pub(crate) async fn goes_on(scene: &Scene) {
    until("the deployment has ended", async || scene.service().await == running("v1.2.0")).await;
}

#[tokio::test]
async fn cut_before_an_update_is_unknown_and_nothing_is_sent_again() {
    let scene = Scene::behind(&[("look", 2.0)]).await;
    scene.set("cut-before", &UPDATE).await;
    let said = scene.promote("v1.2.0").await;
    assert_eq!(said.code, 5, "{said:#?}");
    has(
        &said,
        &[
            "  service: the answer was lost; looking whether the operation began\n",
            "error: could not deploy v1.2.0 to dev\n",
            "  Look in App Runner whether an update began, then look at the environment again",
        ],
    );
    assert_eq!((scene.updates().await, scene.struck("cut-before").await), ((1, 0), 1));
    assert_eq!(
        (scene.service().await, scene.ending()),
        (running("v1.1.0"), ending("service", "unknown", "unknown"))
    );
    assert_eq!(scene.locks().await, ["free", "free"]);
    scene.end().await;
}

#[tokio::test]
async fn cut_before_a_look_is_looked_again() {
    let scene = Scene::begin(&[]).await;
    for fault in ["cut-before", "cut-during", "cut-after"] {
        scene.set(fault, &["--env", "dev", "--action", "DescribeService", "--times", "2"]).await;
        let status = scene.place.json(&["status"]).await;
        assert_eq!(status["environments"][0]["version"], "v1.2.0", "{status:#}");
        assert_eq!(scene.struck(fault).await, 2);
        scene.clear().await;
    }
    scene.end().await;
}

#[tokio::test]
async fn cut_during_and_cut_after_the_answer_to_an_update_its_operation_is_found_and_followed() {
    let scene = Scene::behind(&[]).await;
    for (fault, version, sent) in [("cut-during", "v1.2.0", 1), ("cut-after", "v1.4.0", 2)] {
        scene.set(fault, &UPDATE).await;
        let said = scene.promote(version).await;
        assert_eq!(said.code, 0, "{said:#?}");
        has(&said, &["  service: the answer was lost; looking whether the operation began\n"]);
        assert_eq!((scene.updates().await, scene.struck(fault).await), ((sent, sent), 1));
        assert_eq!(scene.service().await, running(version));
    }
    scene.end().await;
}

#[tokio::test]
async fn throttling_a_look_is_repeated_and_an_update_is_not() {
    let scene = Scene::behind(&[]).await;
    scene.set("throttling", &["--env", "dev", "--action", "DescribeService", "--times", "2"]).await;
    let status = scene.place.json(&["status"]).await;
    assert_eq!(
        (&status["environments"][0]["version"], scene.struck("throttling").await),
        (&"v1.1.0".into(), 2)
    );

    scene.set("throttling", &UPDATE).await;
    let said = scene.promote("v1.2.0").await;
    assert_eq!(said.code, 69, "{said:#?}");
    has(
        &said,
        &[
            "error: could not deploy v1.2.0 to dev\n  because ThrottlingException: Rate exceeded\n",
            "  Nothing was changed. AWS asks to be called less often.",
        ],
    );
    assert_eq!((scene.updates().await, scene.service().await), ((1, 0), running("v1.1.0")));
    assert_eq!(scene.ending(), ending("service", "unavailable", "unavailable"));
    // Whoever asks again, by hand, gets it.
    assert_eq!(scene.promote("v1.2.0").await.code, 0);
    assert_eq!(scene.updates().await, (2, 1));
    scene.end().await;
}

#[tokio::test]
async fn expired_credentials_are_told_as_such_before_and_during_a_promotion() {
    let scene = Scene::behind(&[("look", 1.0)]).await;
    scene.set("expired-credentials", &["--env", "dev", "--after", "UpdateService"]).await;
    let said = scene.promote("v1.2.0").await;
    assert_eq!(said.code, 5, "{said:#?}");
    let login = "Log in again with `aws sso login`, or renew the keys.";
    has(
        &said,
        &["because ExpiredTokenException: The security token included in the request is expired\n", login],
    );
    assert_eq!((scene.updates().await, scene.ending()), ((1, 1), ending("service", "unknown", "unknown")));

    scene.clear().await;
    goes_on(&scene).await;
    let before = scene.place.journal();
    scene.set("expired-credentials", &[]).await;
    let said = scene.promote("v1.1.0").await;
    assert_eq!(said.code, 69, "{said:#?}");
    has(&said, &["ExpiredTokenException", login]);
    assert_eq!((scene.updates().await, scene.place.journal()), ((1, 1), before));
    scene.end().await;
}

#[tokio::test]
async fn throttling_and_a_lost_connection_are_outlived_while_an_operation_is_followed() {
    let scene = Scene::behind(&[]).await;
    // Four strikes are more than the three attempts of one look: that look fails, and the next one is made.
    for (fault, version, sent) in [("throttling", "v1.2.0", 1), ("cut-after", "v1.4.0", 2)] {
        let options =
            ["--env", "dev", "--action", "ListOperations", "--after", "UpdateService", "--times", "4"];
        scene.set(fault, &options).await;
        let said = scene.promote(version).await;
        assert_eq!((said.code, scene.struck(fault).await), (0, 4), "{fault}: {said:#?}");
        has(&said, &["all four proven"]);
        assert_eq!((scene.updates().await, scene.service().await), ((sent, sent), running(version)));
        scene.clear().await;
    }
    scene.end().await;
}

#[tokio::test]
async fn expired_credentials_that_are_renewed_while_an_operation_is_followed_are_outlived() {
    let scene = Scene::behind(&[]).await;
    let options = ["--env", "dev", "--action", "ListOperations", "--after", "UpdateService", "--times", "2"];
    scene.set("expired-credentials", &options).await;
    let said = scene.promote("v1.2.0").await;
    assert_eq!((said.code, scene.struck("expired-credentials").await), (0, 2), "{said:#?}");
    has(&said, &["all four proven"]);
    assert_eq!((scene.updates().await, scene.service().await), ((1, 1), running("v1.2.0")));
    scene.end().await;
}

#[tokio::test]
async fn expired_credentials_before_the_update_is_sent_leave_the_service_alone_and_the_schema_is_told() {
    let scene = Scene::begin(&[]).await;
    scene.set("expired-credentials", &["--env", "dev", "--action", "UpdateService"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!(said.code, 4, "the schema is ahead, so somebody has to act: {said:#?}");
    has(
        &said,
        &[
            "because ExpiredTokenException: The security token included in the request is expired\n",
            "Log in again with `aws sso login`, or renew the keys.",
        ],
    );
    assert_eq!((scene.updates().await, scene.service().await), ((1, 0), running("v1.2.0")));
    scene.clear().await;
    // Whoever has logged in again goes on from there.
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    assert_eq!((scene.updates().await, scene.service().await), ((2, 1), running("v1.4.0")));
    scene.end().await;
}

#[tokio::test]
async fn throttling_of_the_secrets_or_of_whoever_asks_begins_nothing() {
    let scene = Scene::behind(&[("look", 5.0)]).await;
    for action in ["GetSecretValue", "DescribeDBInstances", "GetCallerIdentity"] {
        scene.set("throttling", &["--action", action]).await;
        let before = scene.place.journal();
        let said = scene.promote("v1.2.0").await;
        assert_eq!(said.code, 69, "{action}: {said:#?}");
        has(&said, &["ThrottlingException: Rate exceeded", "AWS asks to be called less often."]);
        assert_eq!((scene.updates().await, scene.service().await), ((0, 0), running("v1.1.0")), "{action}");
        let begun = scene.place.journal().split_off(before.len());
        assert!(begun.iter().all(|record| record["record"] != "intent"), "{action}: {begun:#?}");
        scene.clear().await;
    }
    assert_eq!(scene.promote("v1.2.0").await.code, 0, "and when it is over, it goes");
    scene.end().await;
}

#[tokio::test]
async fn slow_api_is_waited_for_and_an_answer_that_never_comes_in_time_is_looked_up() {
    let scene = Scene::behind(&[]).await;
    scene.set("slow-api", &["--env", "dev", "--seconds", "0.3", "--action", "DescribeService"]).await;
    assert_eq!(scene.place.json(&["status"]).await["environments"][0]["version"], "v1.1.0");
    assert!(scene.struck("slow-api").await > 0);
    scene.clear().await;

    scene.deadlines(&[("look", 2.0)]);
    scene.set("slow-api", &[&UPDATE[..], &["--seconds", "60"]].concat()).await;
    let said = scene.promote("v1.2.0").await;
    assert_eq!(said.code, 0, "{said:#?}");
    has(&said, &["  service: the answer was lost; looking whether the operation began\n"]);
    assert_eq!((scene.updates().await, scene.service().await), ((1, 1), running("v1.2.0")));
    scene.end().await;
}

#[tokio::test]
async fn clock_ahead_or_clock_behind_the_operation_is_still_known_by_its_id() {
    let scene = Scene::behind(&[]).await;
    for (fault, version, sent) in [("clock-ahead", "v1.2.0", 1), ("clock-behind", "v1.4.0", 2)] {
        scene.set(fault, &[]).await;
        // The harder case: the id has to be found, too.
        scene.set("cut-after", &UPDATE).await;
        let said = scene.promote(version).await;
        assert_eq!(said.code, 0, "{said:#?}");
        has(&said, &["[AppRunner] Service update completed successfully.", "all four proven"]);
        assert_eq!((scene.updates().await, scene.service().await), ((sent, sent), running(version)));
        assert!(scene.struck(fault).await > 0);
        scene.clear().await;
    }
    scene.end().await;
}

#[tokio::test]
async fn a_clock_that_jumps_while_the_operation_is_under_way_loses_nothing() {
    let scene = Scene::behind(&[]).await;
    scene.set("stuck-operation", &["--env", "dev"]).await;
    let jump = async || {
        scene.set("clock-ahead", &[]).await;
        scene.place.ok(&["demo", "fault", "clear", "stuck-operation"]).await;
    };
    let said = scene.promote_and("v1.2.0", "  service: in progress", jump).await;
    assert_eq!((said.code, scene.updates().await), (0, (1, 1)), "{said:#?}");
    scene.end().await;
}
