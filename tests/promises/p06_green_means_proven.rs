//! P6: green means proven. Each of the four witnesses alone can keep a promotion from turning green, and App Runner's
//! RUNNING is none of them.

use lockstep::domain::evidence::Evidence;
use lockstep::domain::failure::FailureKind;
use lockstep::domain::journal::Entry;
use lockstep::engine::promotion::Promotion;
use lockstep::runtime::journal::{Said, lines};
use serde_json::Value;

use super::liar::{Liar, Lie};
use super::witness::{Ride, dev};
use crate::faults::{Scene, running};
use crate::pty::console::Console;

/// A promotion in a world with this lie, when it is over.
async fn ended(lie: Lie) -> Ride<Liar> {
    let mut ride = Liar::ride(lie).await;
    ride.confirm();
    ride.on(usize::MAX).await;
    ride
}

/// What the journal says of how the promotion ended.
fn concluded(ride: &Ride<Liar>) -> Result<String, FailureKind> {
    let lines = lines(&ride.folder).unwrap();
    let mut results = lines.iter().filter_map(|line| match &line.said {
        Said::Entry(entry) => match &**entry {
            Entry::Concluded { result, .. } => Some(result.clone()),
            _ => None,
        },
        _ => None,
    });
    results.next_back().expect("it is over").map_err(|failure| failure.kind)
}

#[tokio::test]
async fn p06_each_witness_alone_keeps_a_promotion_from_turning_green() {
    let ride = ended(Lie::None).await;
    assert_eq!((ride.end(), concluded(&ride).is_ok()), (None, true), "with no lie it is green");
    let refuted = Lie::REFUTED.map(|lie| (lie, FailureKind::ActionNeeded));
    let open = Lie::OPEN.map(|lie| (lie, FailureKind::Unknown));
    for (lie, kind) in refuted.into_iter().chain(open) {
        let ride = ended(lie).await;
        let failure = ride.end().unwrap_or_else(|| panic!("{lie:?} is green"));
        assert_eq!(failure.kind, kind, "{lie:?}: {failure}");
        assert_eq!(concluded(&ride), Err(kind), "{lie:?}");
        let state = ride.runtime.state();
        let is_proven = |promotion: &Promotion| {
            let evidence = promotion.conclusion().and_then(|conclusion| conclusion.evidence.as_ref());
            evidence.is_some_and(Evidence::is_proven)
        };
        assert!(!state.promotion(&dev()).is_some_and(is_proven), "{lie:?}");
        // Where the report is may be said; that it went well may not.
        let is_green = |text: &str| !text.starts_with("the report is in ");
        let said = state.messages.iter().filter_map(|message| message.text.as_deref().ok());
        assert!(!said.clone().any(is_green), "{lie:?}: {:?}", state.messages);
    }
}

#[tokio::test]
async fn p06_a_rollback_that_nobody_announces_is_red_though_the_service_is_running() {
    let scene = Scene::behind(&[]).await;
    let mut console = Console::open(&scene.place, &[]);
    console.until("everything was looked at", |screen| screen.contains("4 healthy")).await;
    for (fault, because) in [
        ("silent-rollback", "ended as rolled back"),
        ("lying-rollback", "says that it succeeded, and the service shows"),
    ] {
        scene.set(fault, &["--env", "dev", "--times", "2"]).await;
        let said = scene.place.run(&["promote", "dev", "--release", "v1.2.0", "--output", "json"]).await;
        let result: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!((said.code, &result["proven"]), (3, &Value::Bool(false)), "{fault}: {result:#}");
        assert_eq!(scene.service().await, running("v1.1.0"), "{fault}: RUNNING is no proof");

        for (key, planned) in [("1p", "v1.4.0"), ("\x1b[D", "v1.3.0"), ("\x1b[D", "v1.2.0")] {
            console.send(key);
            console.until(planned, |screen| screen.contains(&format!("{planned} to dev"))).await;
        }
        console
            .until("the plan can be confirmed", |screen| {
                screen.contains("y promotes v1.2.0 to dev") && !screen.contains("read it first")
            })
            .await;
        console.send("y");
        console.until("it is red", |screen| screen.contains("✖ v1.2.0 did not reach dev")).await;
        console.until("it says why", |screen| screen.contains(because)).await;
        assert!(!console.text().contains("proven"), "{}", console.text());
        assert_eq!(scene.service().await, running("v1.1.0"), "{fault}");
        console.send("c");
        console.until("the question was read", |screen| screen.contains("say why, then tab, then C")).await;
        console.send("it was rolled back on purpose\tC");
        console.until("the board is back", |screen| screen.contains("4 healthy")).await;
    }
    console.send("q");
    assert_eq!(console.ended().await, 0);
    scene.end().await;
}
