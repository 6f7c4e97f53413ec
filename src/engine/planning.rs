//! Works out a plan from fresh looks, and every condition that stands in its way.

use std::sync::Arc;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{Condition, Inspection, Unmet};
use crate::domain::names::EnvironmentName;
use crate::domain::plan::{Plan, RollbackFacts, earlier};
use crate::domain::procedure::Procedure;
use crate::domain::release::{Catalog, ImageSeen, Release, Version};
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
        /// What was asked for.
        request: Request,
        /// The answers that are missing.
        waits: Vec<Wait>,
    },
    /// Worked out.
    Ready(Box<Prepared>),
    /// It could not be worked out.
    Failed(EnvironmentName, Failure),
}

/// What a plan is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To promote a release; `None` for what runs in the environment before.
    Forward(Option<Version>),
    /// To go back to a release; `None` for the one that was there before.
    Back {
        /// Which release; `None` for what the app runs when the schema is ahead of it, else for what the journal, or the
        /// ledger, proves to have been there before.
        release: Option<Version>,
        /// True when the schema is to stay as it is.
        keep_schema: bool,
    },
}

impl Request {
    /// What asks for `plan` once more.
    pub fn of(plan: &Plan) -> Self {
        match plan.way_back() {
            None => Self::Forward(Some(plan.version.clone())),
            Some(way) => Self::Back { release: Some(plan.version.clone()), keep_schema: way.keeps_schema },
        }
    }
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
    /// The release that it brings, or brings back.
    pub release: Arc<Release>,
    /// The release whose changelog Liquibase runs with.
    pub source: Arc<Release>,
    /// Everything that stands in the way; empty when it may be carried out.
    pub unmet: Vec<Unmet>,
    /// What policy found in it, or why nobody can tell; `None` where nothing is checked.
    pub policy: Option<Result<Inspection, Failure>>,
    /// What the registry says about its image, or why nobody can tell; `None` where it is not asked.
    pub image: Option<Result<ImageSeen, Failure>>,
}

impl Prepared {
    /// True when something stands in the way, and a person may override all of it with a reason.
    pub fn can_be_overridden(&self) -> bool {
        !self.unmet.is_empty() && self.unmet.iter().all(|unmet| unmet.can_override)
    }
}

impl State {
    /// Begins to work out a plan.
    pub(super) fn plan(&mut self, environment: &EnvironmentName, request: Request) -> Vec<Effect> {
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
        // What others said meanwhile is there before the first answer.
        effects.push(Effect::ReadJournal);
        for (effect, wait) in self.seek_runs().into_iter().chain([(effect, wait)]) {
            effects.push(effect);
            waits.push(wait);
        }
        self.planning = Planning::Looking { environment: environment.clone(), request, waits };
        effects
    }

    /// Finishes the plan once every answer is there.
    pub(super) fn settle_planning(&mut self) -> Vec<Effect> {
        let Planning::Looking { environment, request, waits } = &self.planning else { return Vec::new() };
        if !self.is_answered(waits) {
            return Vec::new();
        }
        let (environment, request, mut waits) = (environment.clone(), request.clone(), waits.clone());
        let policy = self.ask_policy_for(&environment, &request, &waits);
        let image = self.seek_image_for(&environment, &request, &waits);
        let (effects, more): (Vec<_>, Vec<_>) = policy.into_iter().chain(image).unzip();
        if !effects.is_empty() {
            waits.extend(more);
            self.planning = Planning::Looking { environment, request, waits };
            return effects;
        }
        self.planning = match self.prepare(&environment, &request) {
            Ok(prepared) => Planning::Ready(Box::new(prepared)),
            Err(failure) => Planning::Failed(environment, failure),
        };
        Vec::new()
    }

    /// Makes the plan on screen again when what it was made from was looked at again, so that nobody confirms one
    /// that no longer holds. A look that failed leaves it as it is; it is checked again before anything is done.
    pub(super) fn keep_plan_true(&mut self, looked_at: Option<&EnvironmentName>) {
        let Planning::Ready(prepared) = &self.planning else { return };
        let environment = &prepared.plan.environment;
        let before = self.environment(environment).map(|state| state.environment.after.as_slice());
        let before = before.unwrap_or_default();
        if looked_at.is_some_and(|name| name != environment && !before.contains(name)) {
            return;
        }
        if let Ok(fresh) = self.prepare(environment, &Request::of(&prepared.plan))
            && fresh != **prepared
        {
            self.planning = Planning::Ready(Box::new(fresh));
        }
    }

    /// Weighs the plan on screen again when nothing but the time, or what people said, has changed.
    pub(super) fn keep_unmet_true(&mut self) {
        let Planning::Ready(prepared) = &self.planning else { return };
        let mut unmet = self.unmet(&prepared.plan);
        // What the way back itself lacks follows from the plan alone.
        unmet.extend(prepared.unmet.iter().filter(|unmet| unmet.condition == Condition::WayBack).cloned());
        let policy = self.inspect(&prepared.plan, self.now);
        if let Planning::Ready(prepared) = &mut self.planning {
            prepared.unmet = unmet;
            prepared.policy = policy;
        }
    }

    /// Works the plan out from what is known now. Fails where a plan would be a guess.
    pub(super) fn prepare(
        &self,
        environment: &EnvironmentName,
        request: &Request,
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
        let missing = || cannot(&Failure::new(FailureKind::Unavailable, "not everything has been looked at"));
        let ledger = state.ledger.current().ok_or_else(missing)?;
        let service = state.service.current().ok_or_else(missing)?;
        match request {
            Request::Forward(wanted) => {
                let release = self.release_to_promote(state, wanted.as_ref())?;
                let procedure = self.procedure(state, release).map_err(|failure| cannot(&failure))?;
                let plan = Plan::make(&state.environment, release, Some(&service.image), ledger, procedure);
                let plan = self.seeing(self.waiving(plan));
                let (unmet, policy) = (self.unmet(&plan), self.inspect(&plan, self.now));
                let image = self.image_seen(&plan);
                let release = Arc::new(release.clone());
                Ok(Prepared { plan, source: Arc::clone(&release), release, unmet, policy, image })
            }
            Request::Back { release, keep_schema } => {
                let catalog = self.catalog.current().ok_or_else(missing)?;
                let target = self.release_to_go_back_to(state, release.as_ref())?;
                let facts = RollbackFacts {
                    environment: &state.environment,
                    target,
                    catalog,
                    image: &service.image,
                    ledger,
                    keep_schema: *keep_schema,
                };
                let (plan, source, blockers) = facts.plan();
                let mut unmet = self.unmet(&plan);
                unmet.extend(blockers);
                let (release, source) = (Arc::new(target.clone()), Arc::new(source));
                Ok(Prepared { plan, release, source, unmet, policy: None, image: None })
            }
        }
    }

    /// The steps of a promotion, as they are known now.
    pub(super) fn procedure(
        &self,
        state: &EnvironmentState,
        release: &Release,
    ) -> Result<Procedure, Failure> {
        let Some(catalog) = self.catalog.value() else { return Ok(Procedure::default()) };
        let known = [
            ("DEMO_ID", self.id.to_string()),
            ("ENV", state.environment.name.to_string()),
            ("VERSION", release.version.to_string()),
        ];
        catalog.way().procedure(known.map(|(name, value)| (name.to_owned(), value)).to_vec())
    }

    pub(super) fn release_to_promote(
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

    fn release_to_go_back_to(
        &self,
        state: &EnvironmentState,
        wanted: Option<&Version>,
    ) -> Result<&Release, Failure> {
        if wanted.is_some() {
            return self.release_to_promote(state, wanted);
        }
        let name = &state.environment.name;
        let cannot = |what: String| Failure::new(FailureKind::Usage, what);
        let running = state.service.value().and_then(|service| service.image.version());
        let runs = running.as_ref().and_then(|version| self.catalog.value()?.get(version));
        if let (Some(runs), Some(ledger)) = (runs, state.ledger.value())
            && ledger.newest().is_some_and(|row| !row.is_anchor() && runs.changelog.get(&row.id).is_none())
        {
            // The schema went ahead of the app: it goes back to where the app is.
            return Ok(runs);
        }
        let Some(running) = running else {
            return Err(cannot(format!("it is not known which release {name} runs"))
                .hint(format!("Name the one to go back to: `lockstep rollback {name} --to VERSION`.")));
        };
        let known = self.catalog.value().zip(state.ledger.value());
        let found = known.and_then(|(catalog, ledger)| {
            earlier(&state.environment, &running, &self.history, ledger, catalog)
        });
        found.ok_or_else(|| {
            let failure = cannot(format!("nothing was proven in {name} before {running}"))
                .because("neither the journal nor the ledger shows a release that came before");
            let releases = self.catalog.value().map(Catalog::releases).unwrap_or_default().iter();
            let older = releases.rev().filter(|release| release.version < running);
            let older: Vec<_> = older.map(|release| release.version.to_string()).collect();
            match older.first() {
                None => failure.because(format!("no release is older than {running}")),
                Some(newest) => failure
                    .because(format!("the older releases are: {}", older.join(", ")))
                    .hint(format!("Name the one that is meant: `lockstep rollback {name} --to {newest}`.")),
            }
        })
    }

    pub(super) fn no_such_environment(&self, name: &EnvironmentName) -> Failure {
        let names: Vec<_> = self.environments.iter().map(|state| state.environment.name.as_str()).collect();
        Failure::new(FailureKind::Usage, format!("there is no environment called {name}"))
            .because(format!("the environments are: {}", names.join(", ")))
    }
}
