//! Images in a promotion's way, as sequences of events.

use super::*;
use crate::domain::gate::Condition;
use crate::domain::journal::VoteWord;
use crate::engine::event::Intent;
use crate::engine::petitions::Standing;
use crate::engine::tests::{World, name};

fn there(digit: char) -> ImageSeen {
    ImageSeen::There(format!("sha256:{}", digit.to_string().repeat(64)))
}

fn unreachable() -> Result<ImageSeen, Failure> {
    Err(Failure::new(FailureKind::Unavailable, "could not look for the image").because("there is no network"))
}

/// A world whose registry says this about every image.
fn world(seen: Result<ImageSeen, Failure>) -> World {
    let mut world = World::new();
    world.state.images = Some(Images::new());
    world.image = seen;
    world
}

fn plan(world: &mut World) {
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
}

#[test]
fn the_digest_of_an_image_is_part_of_the_plan_and_of_its_digest() {
    let mut world = world(Ok(there('a')));
    plan(&mut world);
    let first = world.planned().plan.clone();
    assert_eq!(first.image_digest(), Some(format!("sha256:{}", "a".repeat(64)).as_str()));
    world.image = Ok(there('b'));
    plan(&mut world);
    assert_ne!(world.planned().plan.digest(), first.digest());
    world.promote("test", None);
    assert_eq!(world.conclusion().failure, None);
}

#[test]
fn an_image_that_is_missing_refuses_the_promotion_before_anything_is_done() {
    let mut world = world(Ok(ImageSeen::Missing));
    world.promote("test", None);
    let unmet = &world.planned().unmet;
    assert_eq!(unmet.len(), 1, "{unmet:?}");
    assert_eq!((unmet[0].condition, unmet[0].can_override), (Condition::Image, false));
    assert_eq!(unmet[0].what, "the image registry/store:v2.0.0 is not in its registry");
    assert!(world.state.promotions.is_empty());
    assert_eq!(world.mutations(), 0);
}

#[test]
fn a_registry_that_cannot_be_asked_is_told_and_stands_in_nobodys_way() {
    let mut world = world(unreachable());
    plan(&mut world);
    assert_eq!(world.planned().plan.image_digest(), None);
    assert_eq!(world.planned().image, Some(unreachable()));
    assert_eq!(world.planned().unmet, []);
    world.promote("test", None);
    assert_eq!(world.conclusion().failure, None);
}

#[test]
fn a_tag_that_is_pushed_again_after_the_plan_was_confirmed_stops_the_promotion() {
    let mut world = world(Ok(there('a')));
    plan(&mut world);
    let plan = world.planned().plan.digest().clone();
    world.image = Ok(there('b'));
    world.intend(Intent::Promote { plan, reason: None });
    let failure = world.conclusion().failure.clone().unwrap();
    assert_eq!(failure.what, "the plan changed after it was confirmed");
    assert!(failure.because.iter().any(|cause| cause.contains("image-digest")), "{failure}");
    assert_eq!(world.mutations(), 0);
}

#[test]
fn without_a_registry_nothing_is_asked_and_the_way_back_never_asks() {
    let is_sought = |world: &World| world.asked.iter().any(|effect| matches!(effect, Effect::SeekImage(..)));
    let mut without = World::new();
    without.promote("test", None);
    assert!(!is_sought(&without));
    assert_eq!(without.state.images, None);

    let mut back = world(Ok(there('a')));
    let request = Request::Back { release: None, keep_schema: false };
    back.intend(Intent::Plan { environment: name("dev"), request });
    assert!(!is_sought(&back));
}

#[test]
fn an_approval_is_for_the_image_that_was_there() {
    let mut world = world(Ok(there('a')));
    world.take_approvals();
    let digest = world.vote("bob", VoteWord::Approve, "");
    world.be("ana");
    plan(&mut world);
    assert_eq!(world.state.petitions[0].plan.digest(), &digest, "the inbox knows the same plan");
    assert_eq!(world.state.petitions[0].standing(), Standing::Approved);
    world.image = Ok(there('b'));
    plan(&mut world);
    assert_eq!(world.state.petitions[0].standing(), Standing::Waiting);
    assert!(world.state.petitions[0].lapse.is_some());
}
