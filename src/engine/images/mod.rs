//! What the registry says about the images of releases, asked only for those that are planned or that people vote on.
//!
//! A tag can be pushed again at any time, so every plan that leads forward asks afresh, and so does the last look before
//! anything is done; the digest is part of the plan. An image that is not there stands in the way. Where the registry
//! cannot be asked, a plan says so and goes without. Without a registry nothing is asked.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::State;
use super::effect::Effect;
use super::planning::Request;
use super::refresh::Wait;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Admission;
use crate::domain::names::EnvironmentName;
use crate::domain::observation::Facet;
use crate::domain::plan::{Direction, Plan};
use crate::domain::release::{ImageRef, ImageSeen, Release};

/// What was asked of the registry so far.
pub(super) type Images = BTreeMap<ImageRef, Facet<ImageSeen>>;

impl State {
    /// From now on the registry is asked for the image of a release that is to be promoted.
    #[must_use]
    pub fn seeing_images(mut self) -> Self {
        self.images = Some(Images::new());
        self
    }

    /// What the registry says about the image of a plan, or why nobody can tell; `None` where it is not asked.
    pub(super) fn image_seen(&self, plan: &Plan) -> Option<Result<ImageSeen, Failure>> {
        let images = self.images.as_ref()?;
        if plan.direction() == Direction::Back {
            return None;
        }
        let facet = images.get(&plan.image_to);
        Some(facet.and_then(Facet::current).cloned().ok_or_else(|| {
            let unasked =
                || Failure::new(FailureKind::Unavailable, format!("nobody has looked for {}", plan.image_to));
            facet.and_then(Facet::failure).cloned().unwrap_or_else(unasked)
        }))
    }

    /// The plan with the digest of its image, where that is known.
    pub(super) fn seeing(&self, plan: Plan) -> Plan {
        match self.image_seen(&plan) {
            Some(Ok(ImageSeen::There(digest))) => plan.with_image_digest(digest),
            _ => plan,
        }
    }

    /// What the registry says about the image of a release, where it could be asked.
    pub(super) fn image_of(&self, release: &Release) -> Option<ImageSeen> {
        self.images.as_ref()?.get(&release.image)?.current().cloned()
    }

    /// True when a plan for this release can be made as far as its image goes.
    pub(super) fn has_seen_image(&self, release: &Release) -> bool {
        let Some(images) = &self.images else { return true };
        images.get(&release.image).is_some_and(|facet| facet.value().is_some() || facet.failure().is_some())
    }

    pub(super) fn has_sought(&self, image: &ImageRef, generation: u64) -> bool {
        let facet = self.images.as_ref().and_then(|images| images.get(image));
        facet.is_none_or(|facet| facet.has_answered(generation))
    }

    /// What still has to be asked before a plan can be made: the release is known only once the looks are there.
    pub(super) fn seek_image_for(
        &mut self,
        environment: &EnvironmentName,
        request: &Request,
        waits: &[Wait],
    ) -> Option<(Effect, Wait)> {
        self.images.as_ref()?;
        let Request::Forward(wanted) = request else { return None };
        let state = self.environment(environment)?;
        let image = self.release_to_promote(state, wanted.as_ref()).ok()?.image.clone();
        let is_asked = |wait: &Wait| matches!(wait, Wait::Image(other, _) if *other == image);
        if waits.iter().any(is_asked) { None } else { self.seek_image(&image) }
    }

    /// Asks for the images of what people may vote on and that were not asked for yet; and once more for those that
    /// nobody could tell anything of, where that `is_due`.
    pub(super) fn seek_images(&mut self, is_due: impl Fn(Option<Timestamp>) -> bool) -> Vec<Effect> {
        if self.images.is_none() {
            return Vec::new();
        }
        let catalog = self.catalog.value();
        let environments = self.environments.iter().map(|state| &state.environment);
        let voted = environments.filter(|environment| environment.gate.admission == Admission::Approve);
        let versions = voted.flat_map(|environment| self.versions_to_approve(&environment.name));
        let mut wanted: Vec<ImageRef> =
            versions.filter_map(|version| Some(catalog?.get(&version)?.image.clone())).collect();
        wanted.sort();
        wanted.dedup();
        wanted.retain(|image| {
            let facet = self.images.as_ref().and_then(|images| images.get(image));
            facet.is_none_or(|facet| {
                facet.failure().is_some() && !facet.is_waiting() && is_due(facet.asked_at())
            })
        });
        wanted.iter().filter_map(|image| Some(self.seek_image(image)?.0)).collect()
    }

    /// The registry spoke: what is made of it is made again.
    pub(super) fn image_told(
        &mut self,
        image: &ImageRef,
        generation: u64,
        told: &Result<ImageSeen, Failure>,
    ) -> Vec<Effect> {
        let now = self.now;
        let facet = self.images.as_mut().and_then(|images| images.get_mut(image));
        if facet.is_some_and(|facet| facet.answer(generation, now, told.clone())) {
            self.keep_plan_true(None);
            self.keep_petitions_true(None);
        }
        Vec::new()
    }

    fn seek_image(&mut self, image: &ImageRef) -> Option<(Effect, Wait)> {
        let now = self.now;
        let generation = self.images.as_mut()?.entry(image.clone()).or_default().ask(now);
        Some((Effect::SeekImage(generation, image.clone()), Wait::Image(image.clone(), generation)))
    }
}
