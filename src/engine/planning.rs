//! Works out a plan from fresh looks, and every condition that stands in its way.

use std::sync::Arc;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Unmet;
use crate::domain::names::EnvironmentName;
use crate::domain::plan::Plan;
use crate::domain::release::{Catalog, Release, Version};
use crate::engine::effect::Effect;
use crate::engine::refresh::Wait;
use crate::engine::{EnvironmentState, State};

/// The plan that was asked for last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planning {
    /// None.
    None,
    /// Being worked out; answers are missing.
    Looking {
        /// Where.
        environment: EnvironmentName,
        /// Which release; `None` for the default.
        release: Option<Version>,
        /// The answers that are missing.
        waits: Vec<Wait>,
    },
    /// Worked out.
    Ready(Box<Prepared>),
    /// It could not be worked out.
    Failed(EnvironmentName, Failure),
}

impl Planning {
    /// The environment it is for.
    pub fn environment(&self) -> Option<&EnvironmentName> {
        match self {
            Self::None => None,
            Self::Looking { environment, .. } | Self::Failed(environment, _) => Some(environment),
            Self::Ready(prepared) => Some(&prepared.plan.environment),
        }
    }
}

/// A plan, and whether it may be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// The release that it brings.
    pub release: Arc<Release>,
    /// Everything that stands in the way; empty when it may be carried out.
    pub unmet: Vec<Unmet>,
}

impl Prepared {
    /// True when something stands in the way, and a person may override all of it with a reason.
    pub fn can_be_overridden(&self) -> bool {
        !self.unmet.is_empty() && self.unmet.iter().all(|unmet| unmet.can_override)
    }
}

impl State {
    /// Begins to work out a plan.
    pub(super) fn plan(&mut self, environment: &EnvironmentName, release: Option<&Version>) -> Vec<Effect> {
        let Some(state) = self.environment(environment) else {
            self.planning = Planning::Failed(environment.clone(), self.no_such_environment(environment));
            return Vec::new();
        };
        let after = state.environment.after.clone();
        let (mut effects, mut waits) =
            self.ask(environment, &[EnvironmentState::ask_service, EnvironmentState::ask_ledger]);
        for after in after {
            let (more, wait) = self.ask(&after, &[EnvironmentState::ask_service]);
            effects.extend(more);
            waits.extend(wait);
        }
        let (effect, wait) = self.await_releases();
        effects.push(effect);
        waits.push(wait);
        // What others said meanwhile is there before the first answer.
        effects.push(Effect::ReadJournal);
        self.planning =
            Planning::Looking { environment: environment.clone(), release: release.cloned(), waits };
        effects
    }

    /// Finishes the plan once every answer is there.
    pub(super) fn settle_planning(&mut self) -> Vec<Effect> {
        if let Planning::Looking { environment, release, waits } = &self.planning
            && self.is_answered(waits)
        {
            self.planning = match self.prepare(environment, release.as_ref()) {
                Ok(prepared) => Planning::Ready(Box::new(prepared)),
                Err(failure) => Planning::Failed(environment.clone(), failure),
            };
        }
        Vec::new()
    }

    /// Makes the plan on screen again when what it was made from was looked at again, so that nobody confirms one
    /// that no longer holds. A look that failed leaves it as it is; it is checked again before anything is done.
    pub(super) fn keep_plan_true(&mut self, looked_at: Option<&EnvironmentName>) {
        let Planning::Ready(prepared) = &self.planning else { return };
        let (environment, version) = (&prepared.plan.environment, &prepared.plan.version);
        let before = self.environment(environment).map(|state| state.environment.after.as_slice());
        let before = before.unwrap_or_default();
        if looked_at.is_some_and(|name| name != environment && !before.contains(name)) {
            return;
        }
        if let Ok(fresh) = self.prepare(environment, Some(version))
            && fresh != **prepared
        {
            self.planning = Planning::Ready(Box::new(fresh));
        }
    }

    /// Weighs the plan on screen again when nothing but the time, or what people said, has changed.
    pub(super) fn keep_unmet_true(&mut self) {
        let Planning::Ready(prepared) = &self.planning else { return };
        let unmet = self.unmet(&prepared.plan);
        if let Planning::Ready(prepared) = &mut self.planning {
            prepared.unmet = unmet;
        }
    }

    /// Works the plan out from what is known now. Fails where a plan would be a guess.
    pub(super) fn prepare(
        &self,
        environment: &EnvironmentName,
        wanted: Option<&Version>,
    ) -> Result<Prepared, Failure> {
        let state = self.environment(environment).ok_or_else(|| self.no_such_environment(environment))?;
        let cannot = |failure: &Failure| {
            let mut cannot = Failure::new(failure.kind, format!("a plan for {environment} cannot be made"));
            cannot = cannot.because(&failure.what);
            cannot.because.extend(failure.because.iter().cloned());
            cannot.hint.clone_from(&failure.hint);
            cannot
        };
        let failures = [self.catalog.failure(), state.service.failure(), state.ledger.failure()];
        if let Some(failure) = failures.into_iter().flatten().next() {
            return Err(cannot(failure));
        }
        let release = self.release_to_promote(state, wanted)?;
        let missing = || cannot(&Failure::new(FailureKind::Unavailable, "not everything has been looked at"));
        let ledger = state.ledger.current().ok_or_else(missing)?;
        let service = state.service.current().ok_or_else(missing)?;
        let plan = Plan::make(&state.environment, release, Some(&service.image), ledger);
        let unmet = self.unmet(&plan);
        Ok(Prepared { plan, release: Arc::new(release.clone()), unmet })
    }

    fn release_to_promote(
        &self,
        state: &EnvironmentState,
        wanted: Option<&Version>,
    ) -> Result<&Release, Failure> {
        let name = &state.environment.name;
        let known = || {
            let releases = self.catalog.value().map(Catalog::releases).unwrap_or_default();
            let versions: Vec<_> = releases.iter().map(|release| release.version.to_string()).collect();
            if versions.is_empty() { "none".to_owned() } else { versions.join(", ") }
        };
        match wanted {
            Some(version) => self.catalog.value().and_then(|catalog| catalog.get(version)).ok_or_else(|| {
                Failure::new(FailureKind::Usage, format!("there is no release {version}"))
                    .because(format!("the releases are: {}", known()))
                    .hint("Build its archive with `lockstep release build`, or name another release.")
            }),
            None => self.candidate(name).ok_or_else(|| {
                Failure::new(FailureKind::Usage, format!("no release is next for {name}"))
                    .because(self.why_none_is_next(state))
                    .because(format!("the releases are: {}", known()))
                    .hint("Name one with `--release`.")
            }),
        }
    }

    /// Why the environments before do not say which release is next.
    fn why_none_is_next(&self, state: &EnvironmentState) -> String {
        let runs = |name: &EnvironmentName| {
            let version = self.environment(name).and_then(EnvironmentState::version);
            (name.clone(), version.map_or_else(|| "an unknown version".to_owned(), |it| it.to_string()))
        };
        let before: Vec<_> = state.environment.after.iter().map(runs).collect();
        match before.as_slice() {
            [] => "there is none".to_owned(),
            [(name, version)] => format!("{name}, before it, runs {version}, which is none of the releases"),
            [(_, first), ..] if before.iter().all(|(_, version)| version == first) => {
                format!("every environment before it runs {first}, which is none of the releases")
            }
            _ => {
                let each: Vec<_> =
                    before.iter().map(|(name, version)| format!("{name} runs {version}")).collect();
                format!("the environments before it differ: {}", each.join(", "))
            }
        }
    }

    pub(super) fn no_such_environment(&self, name: &EnvironmentName) -> Failure {
        let names: Vec<_> = self.environments.iter().map(|state| state.environment.name.as_str()).collect();
        Failure::new(FailureKind::Usage, format!("there is no environment called {name}"))
            .because(format!("the environments are: {}", names.join(", ")))
    }
}
