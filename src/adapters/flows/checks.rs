//! `checks run` and `checks show`: lockstep's own policy checks under the names and with the arguments of Liquibase's,
//! whose open-source edition skips them all.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use super::ground::{Database, Ground};
use super::{Flows, NOT_BEGUN};
use crate::adapters::report::Report;
use crate::adapters::{policy as policies, sources};
use crate::config::PolicySettings;
use crate::domain::Timestamp;
use crate::domain::changelog::{Changelog, ChangesetId, Problem};
use crate::domain::drift::{ChangesetState, Comparison};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::Given;
use crate::domain::location::Location;
use crate::domain::names::EnvironmentName;
use crate::domain::policy::{Finding, Judged, Policy, Severity, Subject, Verdict};
use crate::engine::flow::Deed;
use crate::runtime::compute;

/// The parts of the output, as `checks-output` names them.
const PARTS: [&str; 3] = ["issues", "validated", "checksrun"];

/// Every word that `checks-output` takes. Of some there is nothing to show here.
const OUTPUTS: [&str; 12] = [
    "all",
    "issues",
    "issues0",
    "issues1",
    "issues2",
    "issues3",
    "issues4",
    "validated",
    "checksrun",
    "sqlparserfails",
    "skippedchecks",
    "nonapplicablechecks",
];

/// How many findings a failure names.
const NAMED: usize = 5;

/// How much of a statement is shown.
const STATEMENT: usize = 200;

/// What a run of checks was asked for.
struct Wanted {
    policy: Policy,
    changelog: Option<String>,
    scopes: Vec<String>,
    is_pending_only: bool,
    parts: Vec<String>,
}

impl Flows {
    /// Judges a changelog, or a database.
    pub(super) async fn checks_run(
        &self,
        ground: &Ground,
        arguments: &[Given],
        globals: &[Given],
        report: &Report,
    ) -> Deed {
        let output = value(globals, "output-file");
        let checked = async {
            let wanted = self.wanted(ground, arguments).await?;
            let verdict = Box::pin(self.judge(ground, &wanted, report)).await?;
            self.say(ground, output, lines(&wanted, &verdict), report).await?;
            Ok::<_, Failure>(verdict)
        };
        match checked.await {
            Ok(verdict) => Deed { verdict: Some(verdict.clone()), ..weigh(&verdict) },
            Err(failure) => Deed::failed(NOT_BEGUN, failure),
        }
    }

    /// Lists the checks of a file of settings.
    pub(super) async fn checks_show(
        &self,
        ground: &Ground,
        arguments: &[Given],
        globals: &[Given],
        report: &Report,
    ) -> Deed {
        let shown = async {
            let settings = self.policy(ground, arguments).await?.settings;
            let is_on = |name: &str| settings.enabled.iter().find(|it| it.check.short_name == name);
            let status = value(arguments, "check-status");
            let mut lines = vec![format!(
                "{:26} {:20} {:9} {:8} {}",
                "Short name", "Scope", "Status", "Severity", "Check"
            )];
            for check in crate::domain::policy::checks::all() {
                let enabled = is_on(check.short_name);
                let word = if enabled.is_some() { "enabled" } else { "disabled" };
                if status.is_some_and(|status| !status.eq_ignore_ascii_case(word)) {
                    continue;
                }
                let scopes: Vec<_> = check.scopes.iter().map(|scope| scope.word()).collect();
                let severity = enabled.map_or_else(String::new, |it| it.severity.to_string());
                lines.push(format!(
                    "{:26} {:20} {word:9} {severity:8} {}",
                    check.short_name,
                    scopes.join(", "),
                    check.title
                ));
            }
            let count = settings.enabled.len();
            self.say(ground, value(globals, "output-file"), lines, report).await?;
            Ok::<_, Failure>(count)
        };
        match shown.await {
            Ok(count) => Deed::done(format!("{count} checks look")),
            Err(failure) => Deed::failed(NOT_BEGUN, failure),
        }
    }

    async fn judge(&self, ground: &Ground, wanted: &Wanted, report: &Report) -> Result<Verdict, Failure> {
        let today = today(report.clock().now());
        let mut verdict = Verdict::default();
        if wanted.scopes.iter().any(|scope| scope == "changelog") {
            let root = wanted.changelog.clone().ok_or_else(|| {
                Failure::new(FailureKind::Usage, "there is no changelog to check")
                    .hint("Name it below cmdArgs: `changelog-file: …`.")
            })?;
            let folder = ground.search_path().to_owned();
            let (changelog, problems) = compute(move || sources::read(&folder, &root)).await?;
            readable(&problems)?;
            let changelog = Arc::new(changelog);
            let pending =
                if wanted.is_pending_only { Some(self.pending(ground, &changelog).await?) } else { None };
            let policy = wanted.policy.clone();
            let judged = compute(move || {
                let judged = pending.as_ref().map_or(Judged::All, Judged::Only);
                policy.judge(&changelog, judged, today)
            });
            verdict = verdict.and(judged.await);
        }
        if wanted.scopes.iter().any(|scope| scope == "database") {
            let name = environment(ground)?;
            let settings = self.0.settings.environment(name).ok_or_else(nowhere)?;
            let view = self.0.databases.schema(settings).await?;
            let policy = wanted.policy.clone();
            verdict = verdict.and(compute(move || policy.judge_database(&view.schema, today)).await);
        }
        Ok(verdict)
    }

    /// The policy of the instance, where one of its databases is meant.
    fn own_policy(&self, ground: &Ground) -> Option<&PolicySettings> {
        let is_own = matches!(ground.database, Database::Environment(_));
        self.0.settings.policy.as_ref().filter(|_| is_own)
    }

    /// What the arguments ask for. What they do not understand is refused, so that nothing goes unchecked by a
    /// misspelling.
    async fn wanted(&self, ground: &Ground, arguments: &[Given]) -> Result<Wanted, Failure> {
        let mut policy = self.policy(ground, arguments).await?;
        if let Some(names) = value(arguments, "check-name") {
            policy.settings = policy.settings.only(names.split(',')).map_err(|name| {
                usage(
                    "check-name",
                    &name,
                    "Name checks that the settings switch on, with commas between them.",
                )
            })?;
        }
        let severity = |text: &str| {
            let hint = "Write 0 to 4, or INFO, MINOR, MAJOR, CRITICAL, BLOCKER.";
            Severity::parse(text).ok_or_else(|| usage("sql-parser-fail-severity", text, hint))
        };
        policy.unread_sql = value(arguments, "sql-parser-fail-severity").map(severity).transpose()?;
        let filter = value(arguments, "changeset-filter").unwrap_or("all");
        if !["all", "pending"].contains(&filter) {
            return Err(usage("changeset-filter", filter, "Write `all` or `pending`."));
        }
        let changelog = value(arguments, "changelog-file").map(str::to_owned);
        Ok(Wanted {
            policy,
            changelog: changelog.or_else(|| std::env::var("LIQUIBASE_COMMAND_CHANGELOG_FILE").ok()),
            scopes: list(arguments, "checks-scope", &["changelog", "database"], &["changelog"])?,
            is_pending_only: filter == "pending",
            parts: list(arguments, "checks-output", &OUTPUTS, &PARTS)?,
        })
    }

    /// The policy with the settings that are named, else those of the instance, or what Liquibase does without any.
    async fn policy(&self, ground: &Ground, arguments: &[Given]) -> Result<Policy, Failure> {
        let own = self.own_policy(ground);
        let named = value(arguments, "checks-settings-file").map(Location::parse).transpose();
        let named = named.map_err(|error| Failure::new(FailureKind::Usage, error))?;
        let settings = named.map(|location| location.from_folder(ground.here()));
        let settings = settings.or_else(|| own.map(|own| own.settings.clone()));
        let waivers = own.and_then(|own| own.waivers.as_ref());
        policies::read(&self.0.texts, settings.as_ref(), waivers).await.map(|(policy, _)| policy)
    }

    /// The changesets that are pending in the database of the flow.
    async fn pending(
        &self,
        ground: &Ground,
        changelog: &Arc<Changelog>,
    ) -> Result<BTreeSet<ChangesetId>, Failure> {
        let name = environment(ground)?;
        let settings = self.0.settings.environment(name).ok_or_else(nowhere)?;
        let ledger = self.0.databases.ledger(settings).await?;
        let comparison = Comparison::of(changelog, &ledger, &settings.environment.selection);
        let pending =
            comparison.changesets().filter(|(_, standing)| standing.state == ChangesetState::Pending);
        Ok(pending.map(|(changeset, _)| changeset.id.clone()).collect())
    }
}

/// The words of an argument that is a list of some of `known`; those of `otherwise` when it is not given.
fn list(arguments: &[Given], name: &str, known: &[&str], otherwise: &[&str]) -> Result<Vec<String>, Failure> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let Some(text) = value(arguments, name) else { return Ok(owned(otherwise)) };
    let words: Vec<String> = text.split(',').map(|word| word.trim().to_lowercase()).collect();
    if let Some(word) = words.iter().find(|word| !known.contains(&word.as_str())) {
        return Err(usage(name, word, &format!("It takes some of: {}.", known.join(", "))));
    }
    Ok(if words.iter().any(|word| word == "all") { owned(otherwise) } else { words })
}

/// Fails when a changelog is not what Liquibase would run.
fn readable(problems: &[Problem]) -> Result<(), Failure> {
    let mut errors = problems.iter().filter(|problem| problem.is_error).peekable();
    if errors.peek().is_none() {
        return Ok(());
    }
    let failure = Failure::new(FailureKind::Configuration, "the changelog cannot be checked");
    Err(errors.fold(failure, Failure::because))
}

fn environment(ground: &Ground) -> Result<&EnvironmentName, Failure> {
    match &ground.database {
        Database::Environment(name) => Ok(name),
        Database::Caller | Database::Nowhere => Err(nowhere()),
    }
}

fn nowhere() -> Failure {
    Failure::new(
        FailureKind::Usage,
        "what is pending, and what a database holds, can be checked in an environment only",
    )
    .hint("Name it with `--environment ENV`.")
}

fn usage(argument: &str, value: &str, hint: &str) -> Failure {
    Failure::new(FailureKind::Usage, format!("`{argument}` cannot be `{value}`")).hint(hint)
}

fn value<'g>(given: &'g [Given], name: &str) -> Option<&'g str> {
    given.iter().find(|given| given.name == name).map(|given| given.value.as_str())
}

fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// What a verdict means for the action: its exit code is the highest severity that stands.
fn weigh(verdict: &Verdict) -> Deed {
    let count = verdict.standing().count();
    match verdict.highest() {
        None => Deed::done(format!("no findings: {}", looked_at(verdict))),
        Some(Severity::Info) => Deed::done(format!("{}, none above INFO", findings(count))),
        Some(highest) => {
            let mut failure = Failure::new(
                FailureKind::Failed,
                format!("policy checks found {}, the highest {highest}", findings(count)),
            );
            for finding in verdict.standing().filter(|finding| finding.severity == highest).take(NAMED) {
                failure = failure.because(format!(
                    "{}: {} in {}",
                    finding.check,
                    finding.severity,
                    subject(finding)
                ));
            }
            Deed::failed(highest.code(), failure.hint("Mend what the findings name, or waive them."))
        }
    }
}

fn findings(count: usize) -> String {
    if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") }
}

fn looked_at(verdict: &Verdict) -> String {
    let tables =
        if verdict.tables.is_empty() { String::new() } else { format!(", {} tables", verdict.tables.len()) };
    format!("{} checks, {} changesets{tables}", verdict.checks.len(), verdict.changesets.len())
}

fn subject(finding: &Finding) -> String {
    match (&finding.subject, &finding.place) {
        (Subject::Changeset(id), Some(place)) => format!("{id} ({}:{})", place.file, place.line),
        (Subject::Changeset(id), None) => id.to_string(),
        (Subject::Table(table), _) => format!("table {table}"),
    }
}

/// What is said of a verdict, in the shape that Liquibase has for it.
fn lines(wanted: &Wanted, verdict: &Verdict) -> Vec<String> {
    let wants = |part: &str| wanted.parts.iter().any(|wanted| wanted == part);
    let shown = |finding: &&Finding| {
        let level = format!("issues{}", finding.severity.code());
        wants("issues") || wanted.parts.contains(&level)
    };
    let mut text = String::new();
    // Writing into a text cannot fail.
    for finding in verdict.findings.iter().filter(shown) {
        writeln!(text, "Check Name:         {} ({})", finding.title, finding.check).ok();
        writeln!(text, "Found in:           {}", subject(finding)).ok();
        if let Some(within) = &finding.within {
            writeln!(text, "Inside:             {within}").ok();
        }
        let (severity, code) = (finding.severity, finding.severity.code());
        writeln!(text, "Check Severity:     {severity} (Return code: {code})").ok();
        if let Some(waiver) = &finding.waiver {
            writeln!(text, "Waived until:       {} by {}: {}", waiver.expires, waiver.owner, waiver.reason)
                .ok();
        }
        let statement = finding.statement.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(text, "Statement:          {}", statement.chars().take(STATEMENT).collect::<String>()).ok();
        writeln!(text, "Message:            {}", finding.why).ok();
        writeln!(text, "Mend:               {}\n", finding.mend).ok();
    }
    if wants("validated") {
        writeln!(text, "Changesets Validated:").ok();
        for id in &verdict.changesets {
            writeln!(text, "  {id}").ok();
        }
    }
    if wants("checksrun") {
        writeln!(text, "Checks run:\n  {}", verdict.checks.join("\n  ")).ok();
    }
    for note in &verdict.notes {
        writeln!(text, "Note: {note}").ok();
    }
    let count = verdict.standing().count();
    let what = if count == 0 { "no findings".to_owned() } else { findings(count) };
    writeln!(text, "{what}: {}", looked_at(verdict)).ok();
    text.lines().map(str::to_owned).collect()
}
