//! Reports that an action asks for by itself, with `reports-enabled`: one page, in the file that it names.
//!
//! A page that cannot be written is told, and changes nothing of what the action came to.

use std::path::{Path, PathBuf};

use super::Flows;
use super::ground::{Database, Ground, URL};
use crate::adapters::report::Report;
use crate::domain::Timestamp;
use crate::domain::flow::Given;
use crate::domain::log::Level;
use crate::domain::names::RunId;
use crate::domain::report::{
    Instance, Kind, Log, OperationReport, Origin, Outcome, Step, StepStatus, Worker,
};
use crate::engine::flow::{Deed, Order, Task};

/// A report that an action asks for.
pub(super) struct Wanted<'a> {
    /// Who asked for the run.
    by: &'a str,
    began: Timestamp,
    command: &'a str,
    arguments: &'a [Given],
    /// The file, as the flow names it.
    file: PathBuf,
}

impl<'a> Wanted<'a> {
    /// What this action, which begins now, asks for; `None` for one that wants no report.
    pub(super) fn by(order: &'a Order, began: Timestamp) -> Option<Self> {
        let Task::Command { name, arguments, globals, .. } = &order.task else { return None };
        let value = |name| value(globals, name).map(str::trim).filter(|value| !value.is_empty());
        if !value("reports-enabled")?.eq_ignore_ascii_case("true") {
            return None;
        }
        let folder = Path::new(value("reports-path").unwrap_or_default());
        let usual = || format!("{}.html", name.replace(' ', "-"));
        let file = folder.join(value("reports-name").map_or_else(usual, str::to_owned));
        Some(Self { by: &order.by, began, command: name, arguments, file })
    }
}

impl Flows {
    /// What there is to tell of an action that has just ended.
    pub(super) fn told(
        &self,
        wanted: &Wanted<'_>,
        run: &RunId,
        ground: &Ground,
        deed: &Deed,
        ended: Timestamp,
    ) -> OperationReport {
        let (settings, began) = (&self.0.settings, wanted.began);
        let words = [settings.id.as_str(), &settings.title, &settings.mode].map(str::to_owned);
        let [id, title, mode] = if settings.environments.is_empty() { Default::default() } else { words };
        let instance = Instance { id, title, mode };
        let origin = Origin { run: run.clone(), instance, began, ended, by: wanted.by.to_owned() };
        let database = match &ground.database {
            Database::Environment(name) => name.to_string(),
            Database::Caller => format!("the database that {URL} names"),
            Database::Nowhere => "no database".to_owned(),
        };
        if let Some(verdict) = &deed.verdict {
            let changelog = value(wanted.arguments, "changelog-file");
            let place = changelog.map_or(database, str::to_owned);
            return OperationReport::of_check(verdict, &place, origin);
        }
        let failure = deed.result.as_ref().err().cloned();
        let (outcome, status) = match &failure {
            None => (Outcome::Clean, StepStatus::Done),
            Some(_) => (Outcome::of(failure.as_ref()), StepStatus::Failed),
        };
        let what = wanted.command;
        let summary = match &deed.result {
            Ok(text) if text.is_empty() => format!("`{what}` ended with exit code 0"),
            Ok(text) => format!("`{what}`: {text}"),
            Err(failure) => failure.what.clone(),
        };
        let step = Step {
            name: format!("liquibase {what}"),
            group: String::new(),
            about: String::new(),
            worker: Worker::Own,
            status,
            began: Some(began),
            took: ended.duration_since(began).unsigned_abs(),
            code: Some(deed.code),
            note: summary.clone(),
        };
        let steps = vec![step];
        OperationReport {
            failure,
            steps,
            ..OperationReport::new(origin, Kind::Action, outcome, summary, database)
        }
    }

    /// Writes the report that an action asks for, with what it said.
    pub(super) async fn leave_report(
        &self,
        wanted: &Wanted<'_>,
        ground: &Ground,
        made: OperationReport,
        log: Log,
        report: &Report,
    ) {
        let file = wanted.file.display();
        let made = OperationReport { log, ..made };
        match self.0.reports.leave(made, ground.path(&file.to_string())).await {
            Ok(()) => report.note(Level::Normal, format!("Report: {file}")).await,
            Err(failure) => {
                let because = failure.because.join("; ");
                let text = format!("the report {file} could not be written: {because}");
                report.note(Level::Warning, text).await;
            }
        }
    }
}

fn value<'g>(given: &'g [Given], name: &str) -> Option<&'g str> {
    given.iter().find(|given| given.name == name).map(|given| given.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_wanted_only_where_reports_are_enabled_and_has_the_name_of_its_command_without_one() {
        let order = |globals: &[(&str, &str)]| {
            let given =
                |(name, value): &(&str, &str)| Given { name: (*name).to_owned(), value: (*value).to_owned() };
            let globals = globals.iter().map(given).collect();
            let task = Task::Command { name: "checks run", arguments: Vec::new(), globals, is_change: false };
            Order { environment: None, task, by: "ana".to_owned() }
        };
        for (globals, file) in [
            (&[("reports-path", "out"), ("reports-name", "a.html")][..], None),
            (&[("reports-enabled", "false"), ("reports-path", "out")], None),
            (&[("reports-enabled", "TRUE")], Some("checks-run.html")),
            (
                &[("reports-enabled", "true"), ("reports-path", "out"), ("reports-name", "")],
                Some("out/checks-run.html"),
            ),
            (
                &[("reports-enabled", "true"), ("reports-path", "out"), ("reports-name", "a.html")],
                Some("out/a.html"),
            ),
        ] {
            let order = order(globals);
            assert_eq!(
                Wanted::by(&order, Timestamp::UNIX_EPOCH).map(|wanted| wanted.file),
                file.map(PathBuf::from),
                "{globals:?}"
            );
        }
    }
}
