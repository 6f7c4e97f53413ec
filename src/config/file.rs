//! `lockstep.toml`: its form on disk, and the way from there to [`Settings`].

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::aws::AwsEntry;
use super::database::DatabaseEntry;
use super::environment::{EnvironmentEntry, environments};
use super::keys::{self, KeysEntry};
use super::liquibase::LiquibaseEntry;
use super::notify::NotifyEntry;
use super::policy::PolicyEntry;
use super::recovery;
use super::releases::ReleasesEntry;
use super::{AwsSettings, ConsoleSettings, DeadlineSettings, PollingSettings, ReportSettings, Settings};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::location::{self, Location};
use crate::domain::names::DemoId;

/// Reads and checks the file at `path`. The failure lists every problem that was found.
pub fn load(path: &Path) -> Result<Settings, Failure> {
    let wrong = || Failure::new(FailureKind::Configuration, format!("{} cannot be used", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong().because(error))?;
    check(path, &text).map_err(|problems| {
        let failure = problems.into_iter().fold(wrong(), Failure::because);
        failure.hint("Correct the file; docs/configuration.md lists every key.")
    })
}

/// Checks a text as if it stood in the file at `path`. The error is every problem that was found, with its line.
pub fn check(path: &Path, text: &str) -> Result<Settings, Vec<String>> {
    let (file, mut problems) = recovery::read::<File>(text);
    let checked = file.map(|file| file.check(path, text));
    match checked {
        Some(Ok(settings)) if problems.is_empty() => Ok(settings),
        Some(Err(more)) => {
            problems.extend(more.into_iter().filter(|problem| !recovery::is_of_a_stand_in(problem)));
            Err(problems)
        }
        _ => Err(problems),
    }
}

/// The settings that hold where there is no file: every default, and no environment.
pub(super) fn without_instance() -> Settings {
    const TEXT: &str = "instance = { id = \"flow\" }\n\
        aws = { region = \"us-east-1\" }\n\
        database = { instance = \"\", managed = true, sslmode = \"require\" }\n\
        releases = { folder = \"dist\", image = \"\" }\n\
        environment = [{ name = \"none\", service = \"\", database = \"\", gate = \"approve\" }]\n";
    let file: File = toml::from_str(TEXT).expect("the text is constant and was tried");
    let settings = file.check(Path::new("lockstep.toml"), TEXT);
    let settings = settings.expect("the text is constant and was tried");
    // Whoever has no file says where AWS is as for any other tool.
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let region = said("AWS_REGION").or_else(|| said("AWS_DEFAULT_REGION"));
    let aws = AwsSettings {
        region: region.unwrap_or(settings.aws.region),
        endpoint_url: said("AWS_ENDPOINT_URL"),
        ..settings.aws
    };
    // A file must name one.
    Settings { aws, environments: Vec::new(), ..settings }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    instance: Instance,
    aws: AwsEntry,
    database: DatabaseEntry,
    releases: ReleasesEntry,
    #[serde(default)]
    liquibase: LiquibaseEntry,
    policy: Option<PolicyEntry>,
    #[serde(default)]
    promotion: Promotion,
    #[serde(default)]
    journal: Journal,
    #[serde(default)]
    reports: Reports,
    #[serde(default)]
    notify: NotifyEntry,
    #[serde(default)]
    console: Console,
    #[serde(default)]
    polling: Polling,
    #[serde(default)]
    deadlines: Deadlines,
    #[serde(default)]
    keys: KeysEntry,
    #[serde(default)]
    environment: Vec<Spanned<EnvironmentEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instance {
    id: String,
    #[serde(default = "default_title")]
    title: String,
    #[serde(default = "default_mode")]
    mode: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    folder: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promotion {
    flow: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Reports {
    folder: Option<PathBuf>,
    bucket: Option<String>,
    prefix: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Console {
    theme: Option<String>,
    ascii: bool,
    reduced_motion: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Polling {
    operation: f64,
    observe: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Deadlines {
    look: f64,
    deployment: f64,
    health: f64,
    liquibase: f64,
}

impl Default for Reports {
    fn default() -> Self {
        Self { folder: None, bucket: None, prefix: "reports".to_owned() }
    }
}

impl Default for Polling {
    fn default() -> Self {
        Self { operation: 5.0, observe: 15.0 }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { look: 10.0, deployment: 1800.0, health: 300.0, liquibase: 3600.0 }
    }
}

fn default_title() -> String {
    "Bagel Store".to_owned()
}

fn default_mode() -> String {
    "LIVE".to_owned()
}

/// What is wrong, with the line where it stands.
pub(super) fn placed(text: &str, at: Option<usize>, words: &str) -> String {
    let line = at.map(|at| text.get(..at).unwrap_or("").matches('\n').count() + 1);
    line.map_or_else(|| words.to_owned(), |line| format!("line {line}: {words}"))
}

/// Where somebody says that a file is, a path or an object; `name` is what the key is called.
pub(super) fn located(
    given: &Spanned<String>,
    name: &str,
    text: &str,
    problems: &mut Vec<String>,
) -> Location {
    Location::parse(given.get_ref()).unwrap_or_else(|error| {
        problems.push(placed(text, Some(given.span().start), &format!("{name}: {error}")));
        Location::File(PathBuf::new())
    })
}

impl File {
    fn check(self, origin: &Path, text: &str) -> Result<Settings, Vec<String>> {
        let mut problems = Vec::new();
        let id = DemoId::parse(&self.instance.id)
            .map_err(|error| problems.push(format!("[instance] id: {error}")))
            .ok();
        let aws = self.aws.check(|at, words| problems.push(placed(text, at, &words)));
        let seconds = |name: &str, value: f64, problems: &mut Vec<String>| {
            Duration::try_from_secs_f64(value).ok().filter(|duration| !duration.is_zero()).unwrap_or_else(
                || {
                    problems.push(format!("{name}: {value} is not a number of seconds above zero"));
                    Duration::from_secs(1)
                },
            )
        };
        let polling = PollingSettings {
            operation: seconds("[polling] operation", self.polling.operation, &mut problems),
            observe: seconds("[polling] observe", self.polling.observe, &mut problems),
        };
        let deadlines = DeadlineSettings {
            look: seconds("[deadlines] look", self.deadlines.look, &mut problems),
            deployment: seconds("[deadlines] deployment", self.deadlines.deployment, &mut problems),
            health: seconds("[deadlines] health", self.deadlines.health, &mut problems),
            liquibase: seconds("[deadlines] liquibase", self.deadlines.liquibase, &mut problems),
        };
        let environments = environments(self.environment, &aws, text, &mut problems);
        let beside = origin.parent().unwrap_or(Path::new(""));
        let database = self.database.check(beside, aws.endpoint_url.is_some(), text, &mut problems);
        let liquibase = self.liquibase.check(&mut problems);
        let reports = self.reports.check(beside, &mut problems);
        let releases = self.releases.check(beside, aws.endpoint_url.is_some(), text, &mut problems);
        let notify = self.notify.check(beside, text, &mut problems);
        let policy = self.policy.map(|policy| policy.check(beside, text, &mut problems));
        let flow = self.promotion.flow.map(|flow| located(&flow, "[promotion] flow", text, &mut problems));
        let journals = self.journal.folder.map(|folder| beside.join(folder));
        match id {
            Some(id) if problems.is_empty() => Ok(Settings {
                origin: origin.to_owned(),
                id,
                title: self.instance.title,
                mode: self.instance.mode,
                is_read_only: false,
                aws,
                database,
                releases,
                liquibase,
                promotion_flow: flow,
                policy,
                journals,
                reports,
                notify,
                console: self.console.settings(),
                polling,
                deadlines,
                keys: keys::chosen(self.keys, origin, text),
                environments,
            }),
            _ => Err(problems),
        }
    }
}

impl Console {
    fn settings(self) -> ConsoleSettings {
        let Self { theme, ascii, reduced_motion } = self;
        ConsoleSettings { theme, ascii, reduced_motion }
    }
}

impl Reports {
    fn check(self, beside: &Path, problems: &mut Vec<String>) -> ReportSettings {
        if let Some(bucket) = self.bucket.as_ref().filter(|name| !location::is_bucket(name)) {
            problems.push(format!(
                "[reports] bucket: `{bucket}` is no name of a bucket: 3 to 63 lower-case letters, digits, hyphens, dots"
            ));
        }
        ReportSettings {
            folder: self.folder.map(|folder| beside.join(folder)),
            bucket: self.bucket,
            prefix: self.prefix.trim_matches('/').to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{PolicyEngine, RunnerKind, SourceSettings};
    use crate::domain::names::EnvironmentName;
    use crate::domain::policy::Severity;

    const GOOD: &str = r#"
[instance]
id = "demo1"
[aws]
region = "us-east-1"
[database]
instance = "bagel-store-demo1-rds"
username_secret = "demo1/rds/username"
password_secret = "demo1/rds/password"
ca_bundle = "rds-global-bundle.pem"
[releases]
folder = "dist"
image = "public.ecr.aws/l1v5b6d6/demo1-bagel-store"
[[environment]]
name = "dev"
service = "bagel-store-demo1-dev"
database = "dev"
gate = "automatic"
[[environment]]
name = "prod"
service = "bagel-store-demo1-prod"
database = "prod"
gate = "approve"
production = true
"#;

    fn load_text(text: &str) -> Result<Settings, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lockstep.toml");
        fs::write(&path, text).unwrap();
        load(&path)
    }

    #[test]
    fn an_environment_follows_the_one_written_before_it() {
        let settings = load_text(GOOD).unwrap();
        let prod = &settings.environments[1].environment;
        assert_eq!(prod.after, [EnvironmentName::parse("dev").unwrap()]);
        let dist = settings.origin.with_file_name("dist");
        assert!(dist.is_absolute());
        assert_eq!(settings.releases.source, SourceSettings::Folder(dist));
        assert_eq!(settings.deadlines.deployment, Duration::from_mins(30));
    }

    #[test]
    fn every_problem_of_a_file_is_reported_at_once() {
        let text = GOOD
            .replace("id = \"demo1\"", "id = \"Demo1\"")
            .replace(
                "region = \"us-east-1\"",
                "region = \"us-east-1\"\naccess_key_id = \"a\"\nsecret_access_key = \"b\"",
            )
            .replace("name = \"prod\"", "name = \"dev\"");
        let failure = load_text(&text).unwrap_err();
        assert_eq!(
            failure.because,
            [
                "[instance] id: `Demo1` is not a demo id: `D` is not a lower-case letter, a digit or a hyphen",
                "[aws]: keys in a file are for an emulated AWS only; use `profile` for a real account",
                "line 21: [[environment]] dev stands there twice",
            ]
        );
        assert_eq!(failure.kind, FailureKind::Configuration);
    }

    #[test]
    fn an_environment_has_the_account_role_and_region_of_the_instance_unless_it_says_otherwise() {
        let text = GOOD
            .replace("region = \"us-east-1\"", "region = \"us-east-1\"\nprofile = \"demo\"\naccount = \"111111111111\"")
            .replace(
                "database = \"prod\"",
                "database = \"prod\"\nregion = \"eu-west-1\"\nrole_arn = \"arn:aws:iam::222222222222:role/Release\"\nexternal_id = \"bagels\"",
            );
        let settings = load_text(&text).unwrap();
        let [dev, prod] = settings.environments.as_slice() else { panic!() };
        assert_eq!(dev.aws, settings.aws);
        assert_eq!((dev.aws.account.as_deref(), &dev.aws.role), (Some("111111111111"), &None));
        assert_eq!((prod.aws.region.as_str(), prod.aws.profile.as_deref()), ("eu-west-1", Some("demo")));
        let role = prod.aws.role.as_ref().unwrap();
        assert_eq!(
            (role.arn.as_str(), role.external_id.as_deref()),
            ("arn:aws:iam::222222222222:role/Release", Some("bagels"))
        );
        assert_eq!(prod.aws.account.as_deref(), Some("222222222222"), "the account of the role");
    }

    #[test]
    fn accounts_and_roles_that_cannot_be_are_named_with_their_lines() {
        let text = GOOD.replace("region = \"us-east-1\"", "region = \"us-east-1\"\naccount = \"1234\"\nexternal_id = \"x\"").replace(
            "database = \"prod\"",
            "database = \"prod\"\naccount = \"111111111111\"\nrole_arn = \"arn:aws:iam::222222222222:role/Release\"",
        );
        let text = text.replace("database = \"dev\"", "database = \"dev\"\nrole_arn = \"Release\"");
        let failure = load_text(&text).unwrap_err();
        assert_eq!(
            failure.because,
            [
                "line 7: [aws] external_id needs a role_arn",
                "line 6: [aws] account: `1234` is not an account of twelve digits",
                "line 20: [[environment]] dev role_arn: `Release` is not like arn:aws:iam::123456789012:role/NAME",
                "line 26: [[environment]] prod account: 111111111111, and role_arn is in 222222222222",
            ]
        );
    }

    #[test]
    fn without_an_instance_there_is_no_environment() {
        assert!(Settings::without_instance().environments.is_empty());
    }

    #[test]
    fn a_team_can_share_a_folder_for_journals() {
        assert_eq!(load_text(GOOD).unwrap().journals, None);
        let settings = load_text(&format!("{GOOD}[journal]\nfolder = \"journals\"\n")).unwrap();
        assert_eq!(settings.journal(), settings.origin.with_file_name("journals").join("demo1"));
    }

    #[test]
    fn reports_have_a_folder_and_may_have_a_bucket() {
        let settings = load_text(GOOD).unwrap();
        assert_eq!((settings.reports.bucket.as_deref(), settings.reports.prefix.as_str()), (None, "reports"));
        assert!(settings.reports().ends_with("reports/demo1"), "{:?}", settings.reports());
        let text =
            format!("{GOOD}[reports]\nfolder = \"out\"\nbucket = \"team-reports\"\nprefix = \"/a/b/\"\n");
        let settings = load_text(&text).unwrap();
        assert_eq!(settings.reports(), settings.origin.with_file_name("out"));
        assert_eq!(
            (settings.reports.bucket.as_deref(), settings.reports.prefix.as_str()),
            (Some("team-reports"), "a/b")
        );
        let failure = load_text(&format!("{GOOD}[reports]\nbucket = \"s3://Team\"\n")).unwrap_err();
        assert!(failure.because[0].starts_with("[reports] bucket: `s3://Team` is no name"), "{failure}");
    }

    #[test]
    fn liquibase_runs_as_a_task_where_it_is_told_everything_that_a_task_needs() {
        let ecs = "[liquibase]\nrunner = \"ecs\"\n[liquibase.ecs]\ncluster = \"c\"\ntask_definition = \"liquibase-{environment}\"\n\
                   subnets = [\"subnet-1\"]\nbucket = \"team-releases\"\nprefix = \"/a/\"\n";
        let settings = load_text(&format!("{GOOD}{ecs}")).unwrap().liquibase;
        let task = settings.task.unwrap();
        assert_eq!(settings.runner, RunnerKind::Ecs);
        assert_eq!(task.family(&EnvironmentName::parse("prod").unwrap()), "liquibase-prod");
        assert_eq!(
            (task.container.as_str(), task.archive_path.as_str()),
            ("liquibase", "/release/changelog.zip")
        );
        assert_eq!((task.prefix.as_str(), task.has_public_address), ("a", false));

        let failure = load_text(&format!("{GOOD}[liquibase]\nrunner = \"ecs\"\n")).unwrap_err();
        assert!(failure.because[0].contains("needs a table [liquibase.ecs]"), "{failure}");
        let wrong = ecs
            .replace("[\"subnet-1\"]", "[]")
            .replace("team-releases", "s3://Team")
            .replace("-{environment}", ":7");
        let failure = load_text(&format!("{GOOD}{wrong}archive_path = \"release.zip\"\n")).unwrap_err();
        assert_eq!(
            failure.because,
            [
                "[liquibase.ecs] subnets: a task needs at least one",
                "[liquibase.ecs] bucket: `s3://Team` is no name of a bucket",
                "[liquibase.ecs] task_definition: `liquibase:7` names a revision; write the family alone, its newest \
                 revision is chosen for each task",
                "[liquibase.ecs] archive_path: `release.zip` does not begin with a slash",
            ]
        );
    }

    #[test]
    fn a_policy_blocks_at_its_highest_severity_unless_it_says_otherwise() {
        assert_eq!(load_text(GOOD).unwrap().policy, None);
        let settings = load_text(&format!("{GOOD}[policy]\nsettings = \"flows/checks.conf\"\n")).unwrap();
        let policy = settings.policy.unwrap();
        let checks = settings.origin.with_file_name("flows").join("checks.conf");
        assert_eq!(policy.settings, Location::File(checks));
        assert_eq!((policy.waivers, policy.blocks_at), (None, Severity::Blocker));
        assert_eq!(policy.engine, PolicyEngine::Lockstep);
        let more = "waivers = \"w.toml\"\nblocks_at = \"Major\"\nengine = \"liquibase\"\n";
        let settings = load_text(&format!("{GOOD}[policy]\nsettings = \"c.conf\"\n{more}")).unwrap();
        let policy = settings.policy.unwrap();
        assert_eq!(policy.waivers, Some(Location::File(settings.origin.with_file_name("w.toml"))));
        assert_eq!((policy.blocks_at, policy.engine), (Severity::Major, PolicyEngine::Liquibase));
    }

    #[test]
    fn every_word_of_a_policy_that_means_nothing_is_named_with_its_line_and_what_to_write() {
        let policy = "[policy]\nsettings = \"c.conf\"\nblocks_at = \"severe\"\nengine = \"pro\"\n";
        let failure = load_text(&format!("{GOOD}{policy}")).unwrap_err();
        let line = GOOD.lines().count();
        assert_eq!(
            failure.because,
            [
                format!(
                    "line {}: [policy] blocks_at: `severe` is not known; write info, minor, major, critical or blocker",
                    line + 3
                ),
                format!(
                    "line {}: [policy] engine: `pro` is not known; write lockstep or liquibase",
                    line + 4
                ),
            ]
        );
    }

    #[test]
    fn flows_settings_and_waivers_may_be_objects_in_a_bucket() {
        let text = "[promotion]\nflow = \"s3://team/flow.yaml\"\n[policy]\nsettings = \"s3://team/checks.conf\"\nwaivers = \"s3://team/waivers.toml\"\n";
        let settings = load_text(&format!("{GOOD}{text}")).unwrap();
        let policy = settings.policy.unwrap();
        let told = [settings.promotion_flow, Some(policy.settings), policy.waivers];
        let told = told.map(|location| location.unwrap().to_string());
        assert_eq!(told, ["s3://team/flow.yaml", "s3://team/checks.conf", "s3://team/waivers.toml"]);
        let failure = load_text(&format!("{GOOD}{}", text.replace("s3://team/w", "s3:///w"))).unwrap_err();
        let line = GOOD.lines().count() + 5;
        let words =
            "[policy] waivers: `s3:///waivers.toml` begins with no name of a bucket; write s3://bucket/key";
        assert_eq!(failure.because, [format!("line {line}: {words}")]);
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line() {
        let failure = load_text(&GOOD.replace("gate = \"automatic\"", "gaet = \"automatic\"")).unwrap_err();
        assert!(failure.because[0].starts_with("line 18: unknown field `gaet`"), "{failure}");
    }
}
