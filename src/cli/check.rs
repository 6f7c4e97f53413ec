//! `lockstep check`: a changelog, or a database, held against a policy. The exit code is the severity of the worst
//! finding that nobody has waived.

use std::collections::BTreeSet;
use std::io::{self, Write as _, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::arguments::{Arguments, ChangesetFilter, Check, Engine, Output};
use super::{checked, instance, release};
use crate::adapters::liquibase::checks::{self, Outcome};
use crate::adapters::{Adapters, sources};
use crate::config::{Settings, paths};
use crate::domain::changelog::{Changelog, ChangesetId, ROOT};
use crate::domain::drift::Comparison;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::location::Location;
use crate::domain::names::EnvironmentName;
use crate::domain::policy::{Judged, Scope, Settings as CheckSettings, Severity, Verdict};
use crate::engine::EnvironmentState;
use crate::exit::Exit;
use crate::headless::findings::{self, Form, Opinion, Report};
use crate::headless::{Format, Headless, Job};
use crate::runtime::{Clock, drive};

/// Where settings are looked for when nobody names a file.
const USUAL_SETTINGS: [&str; 2] = ["flows/liquibase.checks-settings.conf", "liquibase.checks-settings.conf"];

/// What is checked.
struct Subject {
    name: String,
    changelog: Arc<Changelog>,
    /// The folder that it is in, when it is in one.
    folder: Option<PathBuf>,
}

/// Carries the command out.
pub(super) async fn run(words: &Check, arguments: &Arguments) -> Result<Exit, Failure> {
    let (settings, waivers) = files(words, arguments)?;
    let instance = chosen_instance(arguments).unwrap_or_else(Settings::without_instance);
    let adapters = Adapters::new(Arc::new(instance), paths::tools());
    let (mut policy, problems) = adapters.policy(settings.as_ref(), waivers.as_ref()).await?;
    policy.unread_sql = words.sql_parser_fail_severity.as_deref().map(severity).transpose()?;
    if words.list {
        let text = match arguments.output {
            Output::Json => format!("{:#}\n", findings::list_json(&policy)),
            _ => findings::list_text(&policy),
        };
        write(&text)?;
        return Ok(Exit::Proven);
    }
    policy.settings = chosen(policy.settings, words)?;
    let scopes = scopes(&words.scope)?;
    let of_changelog = scopes.contains(&Scope::Changelog);
    let environment = environment(words, &scopes, arguments)?;
    let subject = if of_changelog { Some(subject(words, arguments).await?) } else { None };
    let began = Clock::system().now();
    let today = began.to_zoned(TimeZone::system()).date();
    let mut verdict = Verdict::default();
    if let Some(subject) = &subject {
        let pending = match (words.changeset_filter, &environment) {
            (ChangesetFilter::Pending, Some((settings, name))) => {
                Some(pending(&subject.changelog, settings.clone(), name).await?)
            }
            _ => None,
        };
        let judged = pending.as_ref().map_or(Judged::All, Judged::Only);
        verdict = policy.judge(&subject.changelog, judged, today);
    }
    if let (true, Some((settings, name))) = (scopes.contains(&Scope::Database), &environment) {
        let adapters = Adapters::new(Arc::new(settings.clone()), paths::tools());
        let schema = adapters.schema(name).await?;
        verdict = verdict.and(policy.judge_database(&schema, today));
    }
    verdict.notes.extend(is_whole(words).then(|| policy.unneeded(&verdict, &scopes)).flatten());
    let other = match words.engine {
        Engine::Lockstep => None,
        Engine::Liquibase => Some(second_opinion(subject.as_ref(), settings.as_ref()).await?),
    };
    let from = settings
        .as_ref()
        .map_or_else(|| "Liquibase's defaults (no settings file: all INFO)".to_owned(), Location::to_string);
    if words.report {
        let instance = environment.as_ref().map(|(settings, _)| settings.clone());
        let instance = instance.or_else(|| chosen_instance(arguments));
        let database = environment.as_ref().filter(|_| scopes.contains(&Scope::Database));
        checked::report(&verdict, &place(subject.as_ref(), database), began, instance).await;
    }
    let report = Report {
        subject: subject.map_or_else(|| "the database".to_owned(), |subject| subject.name),
        settings: from,
        environment: environment.map(|(_, name)| name.to_string()),
        scopes,
        policy: &policy,
        verdict: &verdict,
        problems: &problems,
        other,
    };
    let form = match arguments.output {
        Output::Text => Form::Text,
        Output::Json => Form::Json,
        Output::Sarif => Form::Sarif,
        Output::Junit => Form::Junit,
    };
    write(&report.render(form))?;
    Ok(Exit::Judged(report.severity()))
}

/// True when all that there is was checked: of one release, of what is pending or by some of the checks nobody can tell
/// what the rest needs.
fn is_whole(words: &Check) -> bool {
    words.release.is_none() && words.names.is_empty() && words.changeset_filter != ChangesetFilter::Pending
}

/// What was checked, in words.
fn place(subject: Option<&Subject>, database: Option<&(Settings, EnvironmentName)>) -> String {
    let database = database.map(|(_, name)| format!("the database of {name}"));
    let places = subject.iter().map(|subject| subject.name.clone()).chain(database);
    places.collect::<Vec<_>>().join(" and ")
}

/// The instance that is meant, where there is one; it need not be awake.
fn chosen_instance(arguments: &Arguments) -> Option<Settings> {
    crate::config::instance::choose(arguments.instance.as_deref(), &super::here()).ok()
}

/// What Liquibase itself says, with its own checks.
async fn second_opinion(subject: Option<&Subject>, settings: Option<&Location>) -> Result<Opinion, Failure> {
    let usage = |what: &str, hint: &str| Failure::new(FailureKind::Usage, what).hint(hint);
    let folder = subject.and_then(|subject| Some((subject, subject.folder.as_ref()?)));
    let Some((subject, folder)) = folder else {
        return Err(usage("Liquibase checks only a changelog in a folder", "Name it with `--changelog`."));
    };
    let settings = match settings {
        Some(Location::File(settings)) => settings,
        Some(Location::Object(name)) => {
            let hint = format!("Copy it here (`aws s3 cp {name} .`), and name the copy with `--settings`.");
            return Err(usage("Liquibase reads the settings of its checks from this machine only", &hint));
        }
        None => {
            let hint = "Name the file with `--settings`: without one Liquibase would write it here.";
            return Err(usage("Liquibase needs the settings of its checks", hint));
        }
    };
    let tools = paths::tools();
    let told = checks::check(tools.as_deref(), folder, &subject.name, settings).await?;
    let (severity, words) = match told.outcome {
        Outcome::Checked(severity) => {
            (Some(severity), format!("Liquibase has checked; the worst is {severity}"))
        }
        Outcome::Nothing(why) => (None, format!("Liquibase has checked nothing: {why}")),
    };
    Ok(Opinion { severity, words, lines: told.lines })
}

fn write(text: &str) -> Result<(), Failure> {
    stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::new(FailureKind::Failed, "the output could not be written").because(error))
}

/// The files of settings and of waivers: those that are named, else the policy of the instance where something of it
/// is checked, else what lies in this folder.
fn files(words: &Check, arguments: &Arguments) -> Result<(Option<Location>, Option<Location>), Failure> {
    let is_here = words.changelog.is_some() || super::here().join(ROOT).is_file();
    let is_of_instance = words.release.is_some() || words.environment.is_some() || !is_here;
    let of_instance = (is_of_instance && words.settings.is_none())
        .then(|| instance::settings(arguments).ok()?.policy)
        .flatten();
    let usual = || USUAL_SETTINGS.iter().map(PathBuf::from).find(|path| super::here().join(path).is_file());
    let (settings, waivers) = of_instance.map_or((None, None), |it| (Some(it.settings), it.waivers));
    let named = |given: &Option<String>| given.as_deref().map(Location::parse).transpose();
    let usage = |error| Failure::new(FailureKind::Usage, error);
    let settings = named(&words.settings).map_err(usage)?.or(settings);
    let waivers = named(&words.waivers).map_err(usage)?.or(waivers);
    Ok((settings.or_else(|| usual().map(Location::File)), waivers))
}

fn severity(word: &str) -> Result<Severity, Failure> {
    Severity::parse(word).ok_or_else(|| {
        Failure::new(FailureKind::Usage, format!("`{word}` is no severity"))
            .hint("Say INFO, MINOR, MAJOR, CRITICAL or BLOCKER, or 0 to 4.")
    })
}

fn chosen(settings: CheckSettings, words: &Check) -> Result<CheckSettings, Failure> {
    let names: Vec<_> = settings.enabled.iter().map(|it| it.short_name.clone()).collect();
    settings.only(words.names.iter().map(String::as_str)).map_err(|name| {
        Failure::new(FailureKind::Usage, format!("no check called {name} looks by these settings"))
            .because(format!("those that look are: {}", names.join(", ")))
            .hint("`lockstep check --list` shows every check there is.")
    })
}

fn scopes(words: &[String]) -> Result<Vec<Scope>, Failure> {
    let mut scopes = Vec::new();
    for word in words.iter().map(|word| word.trim()) {
        let found =
            [Scope::Changelog, Scope::Database].into_iter().find(|it| it.word().eq_ignore_ascii_case(word));
        let Some(scope) = found else {
            return Err(Failure::new(FailureKind::Usage, format!("`{word}` is no scope"))
                .hint("The scopes are changelog and database."));
        };
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes.sort_unstable();
    Ok(scopes)
}

/// The environment whose database is asked. What needs one says so.
fn environment(
    words: &Check,
    scopes: &[Scope],
    arguments: &Arguments,
) -> Result<Option<(Settings, EnvironmentName)>, Failure> {
    let needs = |what: &str| {
        Err(Failure::new(FailureKind::Usage, format!("{what} needs to know which database is meant"))
            .hint("Add `--environment ENV`."))
    };
    match &words.environment {
        Some(name) => {
            let settings = instance::settings(arguments)?;
            let name = instance::environments(&settings, std::slice::from_ref(name))?;
            Ok(name.into_iter().next().map(|name| (settings, name)))
        }
        None if scopes.contains(&Scope::Database) => needs("`--scope database`"),
        None if words.changeset_filter == ChangesetFilter::Pending => needs("`--changeset-filter pending`"),
        None => Ok(None),
    }
}

/// The changelog that is meant: a file, a release, the changelog of this folder, or the newest release.
async fn subject(words: &Check, arguments: &Arguments) -> Result<Subject, Failure> {
    let here = super::here();
    let is_here = words.release.is_none() && here.join(ROOT).is_file();
    let file = words.changelog.clone().or_else(|| is_here.then(|| ROOT.to_owned()));
    if let Some(file) = file {
        let search_path = words.search_path.clone().unwrap_or(here);
        return of_file(&search_path, &file);
    }
    let settings =
        crate::config::instance::choose(arguments.instance.as_deref(), &here).map_err(|failure| {
            let hint = format!("Name a file with `--changelog`, or run it where {ROOT} is.");
            if words.release.is_some() { failure } else { failure.hint(hint) }
        })?;
    let catalog = release::catalog(&Adapters::new(Arc::new(settings), paths::tools())).await?;
    let found = match &words.release {
        Some(version) => {
            let version = super::version(Some(version))?;
            let version = version.as_ref();
            version
                .and_then(|version| catalog.get(version))
                .ok_or_else(|| version.map_or_else(none, |version| release::unknown(version, &catalog)))?
        }
        None => catalog.newest().ok_or_else(none)?,
    };
    Ok(Subject { name: found.version.to_string(), changelog: Arc::clone(&found.changelog), folder: None })
}

fn none() -> Failure {
    Failure::new(FailureKind::Configuration, "there is no release to check")
        .hint("Build one with `lockstep release build`, or name a file with `--changelog`.")
}

fn of_file(search_path: &Path, file: &str) -> Result<Subject, Failure> {
    let (changelog, problems) = sources::read(search_path, file)?;
    let errors: Vec<_> = problems.iter().filter(|problem| problem.is_error).collect();
    if errors.is_empty() {
        let folder = Some(search_path.to_owned());
        return Ok(Subject { name: file.to_owned(), changelog: Arc::new(changelog), folder });
    }
    let wrong = Failure::new(FailureKind::Configuration, format!("the changelog {file} cannot be judged"));
    let wrong = errors.into_iter().fold(wrong, Failure::because);
    Err(wrong.hint("`lockstep changelog list` shows how far it can be read."))
}

/// The changesets that an update of this environment would run.
async fn pending(
    changelog: &Arc<Changelog>,
    settings: Settings,
    name: &EnvironmentName,
) -> Result<BTreeSet<ChangesetId>, Failure> {
    let mut headless = Headless::new(Job::Status, Format::Json, io::sink(), io::sink(), None);
    let state = drive(super::at_rest(settings), &mut headless).await.map_err(|error| {
        Failure::new(FailureKind::Unavailable, format!("the ledger of {name} could not be read"))
            .because(error)
    })?;
    let unread = || Failure::new(FailureKind::Unavailable, format!("the ledger of {name} could not be read"));
    let EnvironmentState { environment, ledger, .. } = state.environment(name).ok_or_else(unread)?;
    let Some(rows) = ledger.current() else { return Err(ledger.failure().cloned().unwrap_or_else(unread)) };
    let comparison = Comparison::of(changelog, rows, &environment.selection);
    Ok(comparison.to_run().map(|changeset| changeset.id.clone()).collect())
}
