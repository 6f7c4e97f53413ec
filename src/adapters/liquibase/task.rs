//! Liquibase as a one-off task in ECS, beside a database that nothing else needs a way to.
//!
//! The archive is put into a bucket under its digest; one container of the task fetches it, the other runs Liquibase with
//! the archive as its search path, so that FILENAME is `changelog/…` as everywhere. What a task may do, and its secrets,
//! are in its definition: only the command, the address of the database and whose it is are said otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::command::{self, Command};
use super::definition::{Problem, URL, addressed, containers, log_of};
use super::running::{Ended, Running, forward};
use super::{Liquibase, Said, Target, level};
use crate::adapters::aws::{Aws, Tail, TaskOrder, TaskView};
use crate::adapters::report::StepReport;
use crate::config::{EnvironmentSettings, TaskSettings};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::Source;
use crate::domain::names::RunId;
use crate::domain::release::Release;

/// What every task of ours says that it was started by, before the run and the command.
const MARK: &str = "lockstep/";

/// How many looks in a row may not know the task yet.
const UNLISTED: u32 = 30;

/// How often the log is read again once the task has ended: lines may be filed late.
const LATE_LOOKS: usize = 5;

/// The longest pause between two looks at the end of a log.
const LATE_PAUSE: Duration = Duration::from_secs(2);

/// How long a task may take to end that was asked to: ECS kills after half a minute, and then clears away.
const STOP: Duration = Duration::from_mins(2);

/// How many lines of the other container a failure names.
const ARCHIVE_LINES: usize = 2;

/// A task that was started.
pub(super) struct Task {
    aws: Aws,
    cluster: String,
    container: String,
    arn: String,
    id: String,
    log: Tail,
    archive_log: Tail,
    status: String,
    has_begun: bool,
    has_spoken: bool,
}

impl Liquibase {
    /// Whether a task could migrate an environment, as far as its definition tells; `None` where no task does.
    pub(in crate::adapters) fn examine_task<'a>(
        &'a self,
        environment: &'a EnvironmentSettings,
    ) -> Option<impl Future<Output = Result<String, Failure>> + 'a> {
        let settings = self.task_settings()?;
        let name = &environment.environment.name;
        Some(async move {
            let what = format!("no task can migrate {name}");
            let aws = self.clouds.by(&environment.aws);
            let definition = aws.task_definition(&settings.family(name)).await?;
            let examined = containers(&definition, settings)
                .and_then(|(liquibase, archive)| log_of(liquibase).and(log_of(archive)).map(drop));
            examined.map_err(|problem| problem.failure(&what, &definition))?;
            Ok(format!("{} gives Liquibase its password as a secret", definition.name()))
        })
    }

    /// Lets a task of the environment's family carry a command out.
    pub(super) async fn start_task(
        &self,
        target: &Target<'_>,
        command: Command<'_>,
        what: &str,
        settings: &TaskSettings,
    ) -> Result<Running, Failure> {
        let environment = &target.environment.environment;
        let aws = self.clouds.by(&target.environment.aws);
        let family = settings.family(&environment.name);
        let definition = aws.task_definition(&family).await?;
        let wrong = |problem: Problem| problem.failure(what, &definition);
        let (liquibase, archive) = containers(&definition, settings).map_err(wrong)?;
        let url = if let Some(url) = liquibase.variables.get(URL) {
            addressed(url, &environment.database, target.run).map_err(wrong)?
        } else {
            let mut coordinates = self.databases.coordinates(environment).await?;
            // Certificates of this machine are not in the image. It talks in secret nevertheless.
            if coordinates.encrypted.bundle.take().is_some() {
                coordinates.encrypted.mode = "require";
            }
            command::url(target.run, &coordinates, &environment.database, None)
        };
        let (log, archive_log) = (log_of(liquibase).map_err(wrong)?, log_of(archive).map_err(wrong)?);
        if let Some(other) = aws.tasks_of(&settings.cluster, &family, false).await?.first() {
            return Err(taken(what, &family, settings, other));
        }
        let archived = self.artifacts.archive(target.release).await?;
        let key = key(&settings.prefix, target.release);
        aws.put_archive(&settings.bucket, &key, archived).await?;
        if self.cancels.token(target.run).is_cancelled() {
            return Err(Failure::new(FailureKind::Interrupted, what)
                .because("it was aborted before a task was asked for"));
        }
        let fetch = ["s3", "cp", &format!("s3://{}/{key}", settings.bucket), &settings.archive_path];
        let mut variables = BTreeMap::from([(URL.to_owned(), url)]);
        variables.insert("LIQUIBASE_SEARCH_PATH".to_owned(), settings.archive_path.clone());
        variables.extend(command::in_a_container(target.run));
        let order = TaskOrder {
            cluster: &settings.cluster,
            family: &family,
            definition: &definition.arn,
            started_by: &started_by(target.run, command),
            network: (&settings.subnets, &settings.security_groups, settings.has_public_address),
            containers: vec![
                (settings.archive_container.clone(), fetch.map(str::to_owned).to_vec(), BTreeMap::new()),
                (settings.container.clone(), command.arguments(&environment.selection), variables),
            ],
        };
        let asked = target.step.report.clock().now().as_millisecond();
        let lost = async || target.step.advanced("the answer was lost; looking whether the task began").await;
        let started = aws.run_task(what, &order, lost).await?;
        // The clocks of this machine and of AWS may differ; the earlier one loses nothing.
        let start = started.created.map_or(asked, |created| created.min(asked));
        let id = started.id().to_owned();
        let tail = |(group, prefix): (String, String), name: &str, source| {
            Tail::of_stream(group, format!("{prefix}/{name}/{id}"), source, start)
        };
        target.step.advanced(format!("task {id} of {} was started", definition.name())).await;
        Ok(Running::task(Task {
            aws: aws.clone(),
            cluster: settings.cluster.clone(),
            container: settings.container.clone(),
            log: tail(log, &settings.container, Source::Liquibase),
            archive_log: tail(archive_log, &settings.archive_container, Source::Service),
            arn: started.arn.clone(),
            id: id.clone(),
            status: String::new(),
            has_begun: false,
            has_spoken: false,
        }))
    }

    /// The runs of which a task is to run, in any environment.
    pub(in crate::adapters) async fn runs_with_tasks(&self) -> Result<Vec<RunId>, Failure> {
        let Some(settings) = &self.task_settings() else { return Ok(Vec::new()) };
        let mut seen: Vec<(&Aws, String)> = Vec::new();
        let mut runs = Vec::new();
        for environment in &self.settings.environments {
            let aws = self.clouds.by(&environment.aws);
            let family = settings.family(&environment.environment.name);
            if seen.iter().any(|(other, known)| other.way() == aws.way() && *known == family) {
                continue;
            }
            let tasks = aws.tasks_of(&settings.cluster, &family, false).await?;
            runs.extend(tasks.iter().filter_map(|task| run_of(&task.started_by)));
            seen.push((aws, family));
        }
        Ok(runs)
    }
}

impl Task {
    /// True once its Liquibase may have begun.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Forwards its lines until it ends.
    pub(super) async fn finish(&mut self, said: &mut Said, step: &StepReport) -> Result<Ended, Failure> {
        let settings = self.aws.settings();
        let (pause, look) = (settings.polling.operation, settings.deadlines.look);
        let mut out_of_sight = None;
        let mut unlisted = 0;
        loop {
            match self.aws.task(&self.cluster, &self.arn).await {
                Ok(Some(view)) => {
                    (out_of_sight, unlisted) = (None, 0);
                    self.note(&view, step).await;
                    self.read(said, step).await;
                    if view.is_stopped() {
                        return Ok(self.end(&view, pause, said, step).await);
                    }
                }
                Ok(None) if unlisted < UNLISTED => unlisted += 1,
                Ok(None) => return Err(self.lost(&[format!("ECS does not list it in {}", self.cluster)])),
                Err(failure) => {
                    let since = *out_of_sight.get_or_insert_with(|| step.report.clock().stopwatch());
                    if since.elapsed() > look * 6 {
                        return Err(self.lost(&[&[failure.what][..], &failure.because].concat()));
                    }
                    step.advanced(format!("cannot be followed just now: {}", failure.what)).await;
                }
            }
            sleep(pause).await;
        }
    }

    /// Stops it and waits for its end; `None` when that cannot be seen.
    pub(super) async fn stop(&mut self, said: &mut Said, step: &StepReport) -> Option<Ended> {
        if let Err(failure) = self.aws.stop_task(&self.cluster, &self.arn, "stopped by lockstep").await {
            step.advanced(&failure.what).await;
        }
        timeout(STOP, self.finish(said, step)).await.ok()?.ok()
    }

    /// Says what the task does, when that is new.
    async fn note(&mut self, view: &TaskView, step: &StepReport) {
        let liquibase = view.containers.get(&self.container);
        self.has_begun |= liquibase.is_some_and(|container| container.status == "RUNNING");
        if self.status != view.status {
            self.status.clone_from(&view.status);
            step.advanced(format!("the task is {}", view.status.to_lowercase())).await;
        }
    }

    /// Forwards what is new; true when something was. A log that cannot be read never changes how a task ends.
    async fn read(&mut self, said: &mut Said, step: &StepReport) -> bool {
        let mut lines = self.log.read(&self.aws).await.unwrap_or_default();
        for line in &mut lines {
            line.level = level(&line.text);
        }
        let is_new = !lines.is_empty();
        self.has_spoken |= is_new;
        self.has_begun |= is_new;
        forward(lines, said, step).await;
        is_new
    }

    async fn end(&mut self, view: &TaskView, pause: Duration, said: &mut Said, step: &StepReport) -> Ended {
        for _ in 0..LATE_LOOKS {
            sleep(pause.min(LATE_PAUSE)).await;
            if !self.read(said, step).await {
                break;
            }
        }
        let ended = judge(view, &self.container, self.has_spoken);
        let Ended::Never(mut why) = ended else { return ended };
        let lines = self.archive_log.read(&self.aws).await.unwrap_or_default();
        let lines = step.report.lines(lines).await;
        let last = lines.iter().rev().take(ARCHIVE_LINES).rev();
        why.extend(last.map(|line| format!("what fetches the archive said: {line}")));
        Ended::Never(why)
    }

    fn lost(&self, why: &[String]) -> Failure {
        let lost = Failure::new(FailureKind::Unknown, format!("nobody knows how the task {} ends", self.id));
        why.iter().fold(lost, Failure::because).hint(
            "It may still be running in AWS. Find out what it got done with `lockstep reconcile` once AWS can be reached.",
        )
    }
}

/// What the end of a task means for the Liquibase in `container`.
fn judge(view: &TaskView, container: &str, has_spoken: bool) -> Ended {
    let end = view.containers.get(container).cloned().unwrap_or_default();
    let mut why: Vec<String> = view.stopped_reason.iter().chain(&end.reason).cloned().collect();
    why.dedup();
    let is_own_end = view.stop_code == "EssentialContainerExited";
    match end.exit_code {
        // The codes above are those of signals.
        Some(code) if is_own_end && (0..128).contains(&code) => Ended::Itself(code),
        Some(code) => {
            why.insert(0, format!("exit code {code}, {}", view.stop_code));
            Ended::Killed(why.join(": "))
        }
        None if has_spoken => {
            why.insert(0, "no exit code".to_owned());
            Ended::Killed(why.join(": "))
        }
        None => Ended::Never(if why.is_empty() { vec![view.stop_code.clone()] } else { why }),
    }
}

fn taken(what: &str, family: &str, settings: &TaskSettings, other: &TaskView) -> Failure {
    let whose = match run_of(&other.started_by) {
        Some(run) => format!("for {run}"),
        None if other.started_by.is_empty() => "and does not say for whom".to_owned(),
        None => format!("for {}", other.started_by),
    };
    Failure::new(FailureKind::Refused, what)
        .because(format!("the task {} of {family} runs already, {whose}", other.id()))
        .hint(format!(
            "Wait until it has ended. If nobody wants it any more: `aws ecs stop-task --cluster {} --task {}`.",
            settings.cluster,
            other.id()
        ))
}

/// Where the archive of a release is for tasks: an archive with other bytes is another object.
fn key(prefix: &str, release: &Release) -> String {
    let slash = if prefix.is_empty() { "" } else { "/" };
    format!("{prefix}{slash}{}/{}", release.archive_digest, release.archive)
}

/// Whose a task is: a run has at most one task for each command.
fn started_by(run: &RunId, command: Command<'_>) -> String {
    format!("{MARK}{run}/{}", command.word())
}

/// The run that a task belongs to, if it is one of ours.
fn run_of(started_by: &str) -> Option<RunId> {
    RunId::recognise(started_by.strip_prefix(MARK)?.split('/').next()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::aws::ContainerEnd;

    fn view(stop_code: &str, reason: &str, exit_code: Option<i32>) -> TaskView {
        let end = ContainerEnd { status: "STOPPED".to_owned(), exit_code, reason: None };
        TaskView {
            status: "STOPPED".to_owned(),
            stop_code: stop_code.to_owned(),
            stopped_reason: Some(reason.to_owned()),
            containers: BTreeMap::from([("liquibase".to_owned(), end)]),
            ..TaskView::default()
        }
    }

    #[test]
    fn only_a_container_that_ended_by_itself_has_an_exit_code_of_its_own() {
        let own = "Essential container in task exited";
        let ended = |code| judge(&view("EssentialContainerExited", own, code), "liquibase", true);
        assert!(ended(Some(0)).is_success());
        assert_eq!(ended(Some(1)), Ended::Itself(1));
        let killed = |words: &str| Ended::Killed(words.to_owned());
        assert_eq!(ended(Some(137)), killed(&format!("exit code 137, EssentialContainerExited: {own}")));
        assert_eq!(ended(None), killed(&format!("no exit code: {own}")));
        // Whoever stops a task whose Liquibase has just ended well has not seen it end.
        let stopped = judge(&view("UserInitiated", "by hand", Some(0)), "liquibase", true);
        assert_eq!(stopped, killed("exit code 0, UserInitiated: by hand"));
    }

    #[test]
    fn a_task_without_an_exit_code_and_without_a_line_never_started() {
        let reason = "CannotPullContainerError: no such image";
        let ended = judge(&view("TaskFailedToStart", reason, None), "liquibase", false);
        assert_eq!(ended, Ended::Never(vec![reason.to_owned()]));
        assert!(matches!(judge(&TaskView::default(), "liquibase", false), Ended::Never(_)));
    }

    #[test]
    fn whose_a_task_is_can_be_read_back() {
        let run = RunId::from_text("r-20261121-140155000-3fa2c-dev");
        let text = started_by(&run, Command::Update);
        assert_eq!(text, "lockstep/r-20261121-140155000-3fa2c-dev/update");
        assert_eq!(run_of(&text), Some(run));
        assert_eq!(run_of("somebody"), None);
    }
}
