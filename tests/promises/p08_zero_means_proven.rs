//! P8: the exit code is 0 only if everything that was asked for is proven, and what nobody knows has a code of its own.

use std::io;

use lockstep::engine::State;
use lockstep::engine::event::Intent;
use lockstep::engine::planning::Request;
use lockstep::exit::Exit;
use lockstep::headless::{Format, Headless, Job};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::liar::{Liar, Lie};
use super::witness::dev;
use crate::faults::calls::{UPDATE, goes_on};
use crate::faults::{Scene, ending, running};
use crate::sandbox::tools::until;

/// The exit code of `lockstep promote dev` when this is how things stand in the end.
fn exit(state: &State) -> u8 {
    let job = Job::Promote {
        environment: dev(),
        request: Request::Forward(None),
        confirm: None,
        plan: None,
        reason: None,
    };
    Headless::new(job, Format::Json, io::sink(), io::sink(), None).finish(state).unwrap().code()
}

#[tokio::test]
async fn p08_only_what_every_witness_proves_ends_with_zero() {
    let refuted = Lie::REFUTED.map(|lie| (lie, Exit::ActionNeeded));
    let open = Lie::OPEN.map(|lie| (lie, Exit::Unknown));
    for (lie, wanted) in refuted.into_iter().chain(open).chain([(Lie::None, Exit::Proven)]) {
        let mut ride = Liar::ride(lie).await;
        ride.confirm();
        ride.on(usize::MAX).await;
        assert_eq!(exit(ride.runtime.state()), wanted.code(), "{lie:?}: {:?}", ride.end());
    }
}

#[tokio::test]
async fn p08_whoever_leaves_or_stops_at_any_moment_gets_zero_only_for_what_was_proven() {
    let mut whole = Liar::ride(Lie::None).await;
    whole.confirm();
    whole.on(usize::MAX).await;
    let mut codes = Vec::new();
    for moment in 0..=whole.events {
        for insists in [false, true] {
            let mut ride = Liar::ride(Lie::None).await;
            ride.confirm();
            ride.on(moment).await;
            let promotion = ride.runtime.state().promotion(&dev()).unwrap();
            if promotion.conclusion().is_none() {
                assert_eq!(exit(ride.runtime.state()), Exit::Unknown.code(), "left at {moment}");
            }
            for _ in 0..=usize::from(insists) {
                ride.runtime.intend(Intent::Interrupt);
            }
            ride.on(usize::MAX).await;
            let failure = ride.end();
            let code = exit(ride.runtime.state());
            assert_eq!(code == 0, failure.is_none(), "stopped at {moment}: {failure:?}");
            codes.push(code);
        }
    }
    for wanted in [Exit::Interrupted, Exit::ActionNeeded, Exit::Unknown, Exit::Proven] {
        assert!(codes.contains(&wanted.code()), "{wanted:?} is the end at some moment: {codes:?}");
    }
}

#[tokio::test]
async fn p08_an_update_whose_fate_cannot_be_looked_up_ends_with_five() {
    let scene = Scene::behind(&[("look", 2.0)]).await;
    scene.set("cut-after", &UPDATE).await;
    scene.set("cut-before", &["--env", "dev", "--after", "UpdateService"]).await;
    let said = scene.promote("v1.2.0").await;
    assert_eq!(said.code, 5, "{said:#?}");
    assert_eq!((scene.updates().await, scene.ending()), ((1, 1), ending("service", "unknown", "unknown")));
    assert_eq!(scene.locks().await, ["free", "free"]);
    scene.clear().await;
    goes_on(&scene).await;
    assert_eq!(scene.updates().await, (1, 1), "and never a second update");
    scene.end().await;
}

#[tokio::test]
async fn p08_a_deployment_that_is_left_with_ctrl_c_twice_ends_with_five() {
    let scene = Scene::behind(&[]).await;
    scene.set("stuck-operation", &["--env", "dev"]).await;
    let mut promotion = scene.place.command(&["promote", "dev", "--release", "v1.2.0"]).spawn().unwrap();
    let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
    let mut said = String::new();
    while !said.ends_with("  service: in progress\n") {
        let line = lines.next_line().await.unwrap();
        said.push_str(&line.unwrap_or_else(|| panic!("it ended too early:\n{said}")));
        said.push('\n');
    }
    let pid = Pid::from_raw(i32::try_from(promotion.id().unwrap()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    // It may have ended at the first one.
    kill(pid, Signal::SIGINT).ok();
    while let Some(line) = lines.next_line().await.unwrap() {
        said.push_str(&line);
        said.push('\n');
    }
    assert_eq!(promotion.wait().await.unwrap().code(), Some(5), "{said}");
    assert!(said.contains("lockstep reconcile"), "{said}");
    assert_eq!(scene.ending(), ending("service", "unknown", "unknown"));
    assert_eq!(scene.locks().await, ["free", "free"]);
    scene.clear().await;
    until("the operation has ended", async || scene.service().await == running("v1.2.0")).await;
    assert_eq!(scene.updates().await, (1, 1));
    scene.end().await;
}
