//! One environment: its service, the service's log, its database and its application.

use super::{of, told};
use crate::adapters::Parts;
use crate::adapters::aws::Aws;
use crate::adapters::report::within;
use crate::adapters::target::DeployTarget;
use crate::config::EnvironmentSettings;
use crate::domain::doctor::{Found, Need, judgement};
use crate::runtime::Clock;

/// What is looked at in each environment, in this order.
pub(super) const NAMES: [&str; 4] = ["service", "service log", "database", "application"];

impl Parts {
    /// Looks at an environment, at everything at the same time.
    pub(super) async fn examine_environment(
        &self,
        aws: &Aws,
        environment: &EnvironmentSettings,
        clock: &Clock,
    ) -> Vec<Need> {
        let name = &environment.environment.name;
        let look = self.settings.deadlines.look;
        let target = DeployTarget::of(aws, environment);
        let service = async {
            let what = || format!("could not describe the service of {name}");
            Found::of(within(look, what, Box::pin(target.view())).await, |view| judgement::service(&view))
        };
        let log = async {
            let what = || format!("could not read the log of the service of {name}");
            let read = within(look, what, Box::pin(target.try_log(clock.now()))).await;
            Found::of(read, |()| Found::well("can be read"))
        };
        let database = async {
            let seen = Box::pin(self.databases.visit(&environment.environment, clock)).await;
            Found::of(seen, |server| judgement::database(&server))
        };
        let application = async {
            let what = || format!("could not ask the application of {name}");
            let asked = within(look, what, async {
                let address = Box::pin(target.address()).await?;
                self.health.probe(name, &address, look, clock).await
            });
            Found::of(asked.await, |view| judgement::application(&view))
        };
        let task = async {
            let what = || format!("could not look at the task that migrates {name}");
            let examined = Box::pin(self.liquibase.examine_task(environment)?);
            Some(told(within(look, what, examined).await))
        };
        let (service, log, database, application, task) =
            tokio::join!(service, log, database, application, task);
        let found = [service, log, database, application].into_iter();
        let needs = found.zip(NAMES).map(|(found, what)| found.need(of(name), what));
        needs.chain(task.map(|found| found.need(of(name), "migration task"))).collect()
    }
}
