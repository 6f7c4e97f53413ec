//! What stands in the way of a flow that changes the database of an environment. A flow is no promotion: where a person
//! has to be asked first, it changes nothing.

use super::FlowRun;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::command::{Command, Touch};
use crate::domain::gate::Admission;
use crate::domain::names::EnvironmentName;
use crate::engine::State;

impl State {
    /// Why a flow with these changes may not run; `None` when it may.
    pub(super) fn flow_objection(&self, flow: &FlowRun, changes: &[&Command]) -> Option<Failure> {
        let first = changes.first()?;
        let path = &flow.asking.path;
        let refused = |what: String| Failure::new(FailureKind::Refused, what);
        if let Some(command) = changes.iter().find(|command| command.touch() == Touch::Unlocks) {
            return Some(
                refused(format!("{path} has the command `{}`", command.name))
                    .because("it lets a lock go without a proof that its holder is gone")
                    .hint("Take it out; `lockstep reconcile --release-lock ENV` does it with the proof."),
            );
        }
        let Some(name) = &flow.environment else {
            return Some(
                refused(format!("{path} has the command `{}`, which changes a database", first.name))
                    .because("no environment was named, so the change could not be put on record")
                    .hint("Say which environment is meant: `--environment ENV`."),
            );
        };
        let what = || format!("{path} cannot change the database of {name} now");
        let environment = &self.environment(name)?.environment;
        let destroyer = changes.iter().find(|command| command.touch() == Touch::Destroys);
        if environment.production || environment.gate.admission == Admission::Approve {
            let why =
                if environment.production { "it is a production environment" } else { "it takes approval" };
            return Some(
                refused(what())
                    .because(format!("{why}, and `{}` would change its database", first.name))
                    .hint(format!("Promote to it: `lockstep plan {name}`.")),
            );
        }
        if let Some(command) = destroyer
            && !flow.asking.force
        {
            return Some(
                refused(what())
                    .because(format!("`{}` destroys what may not come back", command.name))
                    .hint("If that is meant, add `--force`."),
            );
        }
        if let Some(failure) = self.flow_stopped(name) {
            return Some(failure);
        }
        let confirmed = flow.asking.confirm.as_deref();
        if let Some(other) = confirmed.filter(|confirmed| *confirmed != name.as_str()) {
            return Some(refused(format!("`--confirm {other}` does not name {name}")));
        }
        let is_free = environment.gate.admission == Admission::Automatic && destroyer.is_none();
        if !is_free && confirmed.is_none() {
            return Some(
                refused(what())
                    .because(format!("`{}` would change it, which has to be confirmed", first.name))
                    .hint(format!("Confirm it with `--confirm {name}`.")),
            );
        }
        None
    }

    /// What keeps anything from being changed in an environment, at this moment; asked again before each change.
    pub(super) fn flow_stopped(&self, name: &EnvironmentName) -> Option<Failure> {
        let failure = |kind, why: String| {
            Failure::new(kind, format!("nothing can be changed in {name} now")).because(why)
        };
        if let Some((_, notice)) = self.history.line() {
            let why = format!("the line is stopped, by {}: {}", notice.by, notice.reason);
            return Some(failure(FailureKind::Refused, why).hint("`lockstep line resume` lets it go on."));
        }
        if let Some(running) = self.running_in(name) {
            let why = format!("{} is being promoted there", running.plan.version);
            return Some(failure(FailureKind::Refused, why).hint("Wait until that has ended."));
        }
        if let Some(rival) = self.rival_run(name) {
            let why = format!("{rival} is at work there");
            return Some(failure(FailureKind::Refused, why).hint("Wait until that has ended."));
        }
        let own = self.flow.as_ref().map(|flow| &flow.run);
        if let Some(flow) = self.history.unsettled_flow(name).filter(|flow| Some(&flow.run) != own) {
            let action = flow.last.as_deref().unwrap_or_default();
            let why = format!("the journal does not see what came of {action}, by the flow {}", flow.run);
            let hint = format!(
                "If nothing of it runs any more (`lockstep locks {name}`), look what it did with `lockstep drift {name}` and \
                 settle it: `lockstep reconcile --resolve {name} --reason TEXT`."
            );
            return Some(failure(FailureKind::Unknown, why).hint(hint));
        }
        if let Some(unknown) = self.unknown_run(name) {
            let why = format!("nobody knows how {} ended", unknown.run);
            let hint = format!("Find out: `lockstep reconcile {name}`.");
            return Some(failure(FailureKind::Unknown, why).hint(hint));
        }
        None
    }
}
