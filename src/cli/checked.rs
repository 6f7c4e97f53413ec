//! The report of a `lockstep check`: filed like any other, and told on standard error. Whatever comes of it has no say in
//! the exit code.

use std::io::stderr;
use std::sync::Arc;

use crate::adapters::{Adapters, machine_user};
use crate::config::{Settings, paths};
use crate::domain::Timestamp;
use crate::domain::names::RunId;
use crate::domain::policy::Verdict;
use crate::domain::report::{Instance, Kind, OperationReport, Origin};
use crate::headless::Progress;
use crate::runtime::{Clock, mark};

/// Reports what the checks found in `place`. Without an instance it is kept among the reports of no instance.
pub(super) async fn report(verdict: &Verdict, place: &str, began: Timestamp, settings: Option<Settings>) {
    let instance = settings.as_ref().map(|settings| Instance {
        id: settings.id.to_string(),
        title: settings.title.clone(),
        mode: settings.mode.clone(),
    });
    let nowhere = || Instance { id: String::new(), title: String::new(), mode: String::new() };
    let origin = Origin {
        run: RunId::of_look(began, &mark(), Kind::Check.word()),
        instance: instance.unwrap_or_else(nowhere),
        began,
        ended: Clock::system().now(),
        by: machine_user(),
    };
    let settings = settings.unwrap_or_else(Settings::without_instance);
    let adapters = Adapters::new(Arc::new(settings), paths::tools());
    let filed = adapters.file(OperationReport::of_check(verdict, place, origin)).await;
    // Nobody reads standard error: the report is there all the same.
    Progress::new(stderr()).report(&filed).ok();
}
