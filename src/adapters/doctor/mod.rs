//! Looking at everything that a person needs before a first promotion: side by side, each look with its own deadline.
//!
//! Nothing is changed: calls to AWS describe, sessions with databases ask, folders are only asked whether they could be
//! written. What is seen is judged elsewhere ([`crate::domain::doctor`]).

mod cloud;
mod environment;
mod machine;

use futures_util::future::join_all;

use super::Adapters;
use crate::config::AwsSettings;
use crate::domain::doctor::{Found, Need, Place};
use crate::domain::failure::Failure;
use crate::domain::names::EnvironmentName;
use crate::runtime::Clock;

impl Adapters {
    /// Looks at everything. What is found passes the redactor.
    pub async fn examine(&self, clock: &Clock) -> Vec<Need> {
        let parts = &*self.0;
        let machine = Box::pin(parts.examine_runner());
        let instance = Box::pin(parts.examine_instance());
        let ways = join_all(parts.ways().into_iter().map(|way| Box::pin(parts.examine_way(way, clock))));
        let (machine, instance, ways) = tokio::join!(machine, instance, ways);
        let (clouds, environments): (Vec<_>, Vec<_>) = ways.into_iter().unzip();
        let mut environments: Vec<Need> = environments.into_iter().flatten().collect();
        // Those of one environment were looked at with those of its way; they are told in the file's order.
        let order = |need: &Need| match &need.place {
            Place::Environment(name) => {
                parts.settings.environments.iter().position(|it| it.environment.name == *name)
            }
            _ => None,
        };
        environments.sort_by_key(order);
        let all = [vec![machine], instance, clouds.into_iter().flatten().collect(), environments].concat();
        all.into_iter().map(|need| self.clean(need)).collect()
    }

    /// Looks at this machine alone, where there is no instance to ask anybody about.
    pub async fn examine_machine(&self) -> Vec<Need> {
        vec![self.clean(Box::pin(self.0.examine_runner()).await)]
    }

    fn clean(&self, need: Need) -> Need {
        let redactor = &self.0.redactor;
        let Found { standing, words, because, mend } = need.found;
        let found = Found {
            standing,
            words: redactor.line(&words),
            because: because.iter().map(|cause| redactor.line(cause)).collect(),
            mend: mend.map(|mend| redactor.block(&mend)),
        };
        Need { found, ..need }
    }
}

/// How a person would call a way to AWS.
fn words(way: &AwsSettings) -> String {
    let who = match (&way.profile, &way.keys) {
        (_, Some(_)) => ", keys of the file".to_owned(),
        (Some(profile), None) => format!(", profile {profile}"),
        (None, None) => String::new(),
    };
    let role = way.role.as_ref().map_or_else(String::new, |role| {
        format!(", role {}", role.arn.rsplit('/').next().unwrap_or_default())
    });
    format!("{}{who}{role}", way.region)
}

/// What was not looked at because nobody could ask.
fn unasked(place: &Place, names: &[&'static str]) -> Vec<Need> {
    let found = || Found::unseen("its credentials have to work first");
    names.iter().map(|name| found().need(place.clone(), name)).collect()
}

/// What came of a look that says in words what it saw.
fn told(look: Result<String, Failure>) -> Found {
    Found::of(look, Found::well)
}

fn of(name: &EnvironmentName) -> Place {
    Place::Environment(name.clone())
}
