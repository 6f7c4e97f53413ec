//! The command lines of the three kinds of runner. No secret is ever an argument: address, user and password travel
//! in the environment, which is otherwise cleared, because Liquibase takes every variable for a changelog parameter.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::discover::{Form, Runner};
use crate::adapters::archive;
use crate::adapters::postgres::Coordinates;
use crate::adapters::process::Launch;
use crate::adapters::redact::percent_encoded;
use crate::config::RunnerKind;
use crate::domain::changelog::{Selection, Surroundings};
use crate::domain::host;
use crate::domain::names::RunId;

/// Where a container has the path root.
const MOUNT: &str = "/liquibase/changelog";

/// Where a container has the trusted certificates.
const BUNDLE: &str = "/liquibase/ca-bundle.pem";

/// The least time that a server has to let Java in, which has to load what it needs for that on a busy machine.
const LOGIN: Duration = Duration::from_secs(30);

/// A short run is not worth optimising for: half the start time of the defaults.
const JAVA_FLAGS: [&str; 3] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"];

const MAIN_CLASS: &str = "liquibase.integration.commandline.LiquibaseCommandLine";

/// The image that [`Runner::command_line`] names.
const IMAGE: &str = "liquibase/liquibase-secure:5.0.1";

/// Variables that a Docker client needs to find its server.
const DOCKER: [&str; 5] =
    ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"];

/// Variables that ECS gives to every container of a task.
const TASK: [&str; 6] = [
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_REGION",
    "ECS_AGENT_URI",
    "ECS_CONTAINER_METADATA_URI_V4",
];

/// The part of a command line that comes before Liquibase's own options and command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program.
    pub program: PathBuf,
    /// Its first arguments.
    pub args: Vec<OsString>,
    /// Its whole environment; address and credentials (`LIQUIBASE_COMMAND_*`) are still to be added.
    pub env: Vec<(String, String)>,
}

/// The settings of Java's own logging, a file in the path root. PostgreSQL's driver puts the SQLSTATE into an error's
/// text only for whoever logs it finely (`ServerErrorMessage.toString` of pgjdbc).
pub(super) struct Logging;

impl Logging {
    /// Its name, relative to the path root, which Liquibase works in.
    pub(super) const FILE: &str = "java-logging.properties";

    /// What it says. Nothing is logged anywhere by it.
    pub(super) const TEXT: &str = "handlers=\norg.postgresql.util.ServerErrorMessage.level=FINEST\n";
}

/// One run of Liquibase.
pub(super) struct Job<'a> {
    /// The run that it belongs to.
    pub(super) run: &'a RunId,
    /// The folder that holds `changelog/`.
    pub(super) root: &'a Path,
    /// How to reach the server.
    pub(super) coordinates: &'a Coordinates,
    /// The database.
    pub(super) database: &'a str,
    /// The contexts and labels to run with.
    pub(super) selection: &'a Selection,
    /// The image, for a Docker runner.
    pub(super) image: &'a str,
    /// What Liquibase is to do.
    pub(super) command: Command<'a>,
}

/// What Liquibase is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// `validate`
    Validate,
    /// `tag`
    Tag(&'a str),
    /// `update`
    Update,
    /// `rollback` to a tag.
    RollbackTo(&'a str),
    /// `rollback-count`
    RollbackCount(usize),
}

impl Command<'_> {
    /// Its word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Tag(_) => "tag",
            Self::Update => "update",
            Self::RollbackTo(_) => "rollback",
            Self::RollbackCount(_) => "rollback-count",
        }
    }

    /// What Liquibase is told, with the contexts and labels of `selection`. The changelog is relative to the search path.
    pub(super) fn arguments(self, selection: &Selection) -> Vec<String> {
        let changelog = format!("--changelog-file={}", archive::ROOT);
        let mut arguments =
            ["--show-banner=false", "--headless=true", self.word()].map(str::to_owned).to_vec();
        match self {
            Self::Validate => return [arguments, vec![changelog]].concat(),
            Self::Tag(tag) => return [arguments, vec![format!("--tag={tag}")]].concat(),
            Self::Update => arguments.push(changelog),
            Self::RollbackTo(tag) => arguments.extend([changelog, format!("--tag={tag}")]),
            Self::RollbackCount(count) => arguments.extend([changelog, format!("--count={count}")]),
        }
        arguments.extend(selected(selection));
        arguments
    }
}

/// The contexts and labels to run with.
fn selected(selection: &Selection) -> impl Iterator<Item = String> {
    let Selection { contexts, label_filter } = selection;
    let contexts = (!contexts.is_empty()).then(|| format!("--contexts={}", contexts.join(",")));
    let labels = label_filter.as_ref().map(|filter| format!("--label-filter={filter}"));
    contexts.into_iter().chain(labels)
}

impl Runner {
    /// The part before Liquibase's own options and command, for callers that run in the path root. With Docker the
    /// working folder is what the container sees.
    pub fn command_line(&self) -> CommandLine {
        let docker = Container { root: ".".into(), image: IMAGE, bundle: None, host_network: true };
        self.prefix(None, &docker)
    }

    /// The same for an action of the flow that `run` is, which signs its locks; `None` for an image, which cannot see
    /// the folder that a flow is started in.
    pub(in crate::adapters) fn command_line_of(&self, run: &RunId) -> Option<CommandLine> {
        let mut line = match self.form {
            Form::Docker { .. } => return None,
            Form::Jvm { .. } | Form::Cli { .. } => self.command_line(),
        };
        let signature = format!("-Dliquibase.hostDescription={run}");
        match self.form {
            Form::Jvm { .. } => line.args.insert(0, signature.into()),
            _ => line.env.iter_mut().filter(|(name, _)| name == "JAVA_OPTS").for_each(|(_, flags)| {
                flags.push(' ');
                flags.push_str(&signature);
            }),
        }
        Some(line)
    }

    fn prefix(&self, run: Option<&RunId>, container: &Container<'_>) -> CommandLine {
        let mut env = environment();
        if self.version.as_ref().is_none_or(|version| (version.major, version.minor) >= (4, 30)) {
            // Older versions complain about a variable that they do not know.
            env.push(("LIQUIBASE_ANALYTICS_ENABLED".to_owned(), "false".to_owned()));
        }
        // It becomes part of LOCKEDBY, so that a lock says whose it is.
        let mut flags: Vec<String> = JAVA_FLAGS.map(str::to_owned).to_vec();
        if let Some(run) = run {
            flags.push(format!("-Dliquibase.hostDescription={run}"));
            flags.push(format!("-Djava.util.logging.config.file={}", Logging::FILE));
        }
        match &self.form {
            Form::Jvm { java, home, jars } => {
                env.push(("LIQUIBASE_HOME".to_owned(), home.to_string_lossy().into_owned()));
                let mut args: Vec<OsString> = flags.into_iter().map(OsString::from).collect();
                let path = env::join_paths(jars).unwrap_or_default();
                args.extend(["-cp".into(), path, MAIN_CLASS.into()]);
                CommandLine { program: java.clone(), args, env }
            }
            Form::Cli { program, java_home } => {
                env.push(("JAVA_OPTS".to_owned(), flags.join(" ")));
                let home = java_home.iter().map(|home| home.to_string_lossy().into_owned());
                env.extend(home.map(|home| ("JAVA_HOME".to_owned(), home)));
                CommandLine { program: program.clone(), args: Vec::new(), env }
            }
            Form::Docker { program } => {
                env.push(("JAVA_OPTS".to_owned(), flags.join(" ")));
                let kept = DOCKER.iter().filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?)));
                env.extend(kept);
                CommandLine { program: program.clone(), args: container.args(), env }
            }
        }
    }
}

impl Job<'_> {
    /// The whole of it, ready to be started.
    pub(super) fn launch(&self, runner: &Runner) -> Launch {
        let is_docker = matches!(runner.form, Form::Docker { .. });
        let container = Container {
            root: self.root.into(),
            image: self.image,
            bundle: self.coordinates.encrypted.bundle.as_deref(),
            host_network: host::is_here(&self.coordinates.host),
        };
        let CommandLine { program, mut args, env } = runner.prefix(Some(self.run), &container);
        args.extend(self.command.arguments(self.selection).into_iter().map(OsString::from));
        let mut env: Vec<(OsString, OsString)> =
            env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let seen = container.bundle.map(|bundle| if is_docker { Path::new(BUNDLE) } else { bundle });
        env.extend([
            ("LIQUIBASE_COMMAND_URL".into(), url(self.run, self.coordinates, self.database, seen).into()),
            ("LIQUIBASE_COMMAND_USERNAME".into(), self.coordinates.user.as_str().into()),
            ("LIQUIBASE_COMMAND_PASSWORD".into(), self.coordinates.password.reveal().into()),
        ]);
        Launch { program, args, env, folder: self.root.to_owned(), lease: None }
    }
}

/// The address of a database for Java, in which sessions are named after the run. `bundle` is the file of certificates to
/// trust, where whoever reads the address sees it.
pub(in crate::adapters) fn url(
    run: &RunId,
    coordinates: &Coordinates,
    database: &str,
    bundle: Option<&Path>,
) -> String {
    let (host, port, mode) = (&coordinates.host, coordinates.port, coordinates.encrypted.mode);
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    // Java takes the system's word for how long a connection may take, and then waits for ever for the login.
    let patience = coordinates.patience.max(LOGIN).as_secs();
    let mut url = format!(
        "jdbc:postgresql://{host}:{port}/{database}?ApplicationName={run}&sslmode={mode}&loginTimeout={patience}"
    );
    if let Some(bundle) = bundle {
        url.push_str("&sslrootcert=");
        // Java takes `+` for a space, and `&` for the end.
        url.push_str(&percent_encoded(&bundle.to_string_lossy()));
    }
    url
}

/// The variables of a Liquibase that runs in a container which somebody else defines: it signs its locks, and times are
/// written as everywhere.
pub(super) fn in_a_container(run: &RunId) -> [(String, String); 3] {
    let flags = [&JAVA_FLAGS[..], &[&format!("-Dliquibase.hostDescription={run}")]].concat().join(" ");
    [("JAVA_OPTS", flags.as_str()), ("LANG", "C.UTF-8"), ("TZ", "UTC")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// What a container is given.
struct Container<'a> {
    root: OsString,
    image: &'a str,
    bundle: Option<&'a Path>,
    /// A database on this machine's loopback is not there inside a container.
    host_network: bool,
}

impl Container<'_> {
    fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["run".into(), "--rm".into()];
        // The folder can be entered by this user only.
        let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
        args.extend(["--user".into(), format!("{user}:{group}").into()]);
        if self.host_network {
            args.extend(["--network".into(), "host".into()]);
        }
        let mount = |from: OsString, to: &str| {
            let mut mount = from;
            mount.push(":");
            mount.push(to);
            mount
        };
        args.extend(["-v".into(), mount(self.root.clone(), MOUNT)]);
        if let Some(bundle) = self.bundle {
            args.extend(["-v".into(), mount(bundle.into(), &format!("{BUNDLE}:ro"))]);
        }
        args.extend(["-w".into(), MOUNT.into()]);
        // Names only: Docker takes the values from its own environment.
        for name in [
            "LIQUIBASE_COMMAND_URL",
            "LIQUIBASE_COMMAND_USERNAME",
            "LIQUIBASE_COMMAND_PASSWORD",
            "LIQUIBASE_ANALYTICS_ENABLED",
            "JAVA_OPTS",
            "LANG",
            "TZ",
        ] {
            args.extend(["-e".into(), name.into()]);
        }
        args.push(self.image.into());
        args
    }
}

/// The variables that every run gets. The time zone is fixed because `DATEEXECUTED` has none.
fn environment() -> Vec<(String, String)> {
    let mut environment =
        vec![("LANG".to_owned(), "C.UTF-8".to_owned()), ("TZ".to_owned(), "UTC".to_owned())];
    for name in ["HOME", "PATH"] {
        environment.extend(env::var(name).ok().map(|value| (name.to_owned(), value)));
    }
    environment
}

/// The command that tells every checksum of the changelog in `root`, without any database: Liquibase writes the rows
/// that it would insert into the file `rows`, whose name is relative to `root`.
pub(super) fn offline(runner: &Runner, root: &Path, image: &str, rows: &str) -> Launch {
    let container = Container { root: root.into(), image, bundle: None, host_network: false };
    let CommandLine { program, mut args, env } = runner.prefix(None, &container);
    args.extend(
        [
            "--show-banner=false",
            "--headless=true",
            "changelog-sync-sql",
            &format!("--changelog-file={}", archive::ROOT),
            &format!("--url=offline:postgresql?changeLogFile={rows}&outputLiquibaseSql=none"),
        ]
        .map(OsString::from),
    );
    let env = env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    Launch { program, args, env, folder: root.to_owned(), lease: None }
}

/// What changelogs can see of the process that Liquibase runs in.
pub(in crate::adapters) fn surroundings(runner: RunnerKind) -> Surroundings {
    // What is in a container is not known here. What a launcher adds depends on the shell.
    let is_here = !matches!(runner, RunnerKind::Docker | RunnerKind::Ecs);
    let (known, unknown): (Vec<_>, Vec<_>) =
        environment().into_iter().partition(|(name, _)| is_here || matches!(name.as_str(), "LANG" | "TZ"));
    let added = ["JAVA_OPTS", "JAVA_HOME", "PWD", "OLDPWD", "SHLVL", "_", "CLASSPATH", "HOSTNAME"];
    let of_a_task = TASK.iter().filter(|_| runner == RunnerKind::Ecs).copied();
    let added = added.into_iter().chain(of_a_task).map(str::to_owned);
    let hidden = unknown.into_iter().map(|(name, _)| name).chain(added).collect();
    Surroundings { variables: known.into_iter().collect(), hidden, selections: Vec::new() }
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;
    use crate::adapters::postgres::Encrypted;
    use crate::domain::secret::Secret;

    fn jvm() -> Runner {
        Runner {
            form: Form::Jvm {
                java: "/jre/bin/java".into(),
                home: "/lb".into(),
                jars: vec!["/lb/a.jar".into(), "/lb/b.jar".into()],
            },
            version: Some(Version::new(4, 29, 0)),
        }
    }

    fn launch(runner: &Runner, host: &str, bundle: Option<&str>, command: Command<'_>) -> Launch {
        let coordinates = Coordinates {
            host: host.to_owned(),
            port: 5432,
            user: "app".to_owned(),
            password: Secret::new("hunter2"),
            encrypted: Encrypted {
                mode: if bundle.is_some() { "verify-full" } else { "disable" },
                bundle: bundle.map(PathBuf::from),
            },
            patience: Duration::from_secs(10),
        };
        let job = Job {
            run: &RunId::from_text("r-1-test"),
            root: Path::new("/tmp/root"),
            coordinates: &coordinates,
            database: "test",
            selection: &Selection {
                contexts: vec!["test".to_owned()],
                label_filter: Some("!wip".to_owned()),
            },
            image: "liquibase/liquibase-secure:5.0.1",
            command,
        };
        job.launch(runner)
    }

    fn line(launch: &Launch) -> String {
        let args: Vec<_> = launch.args.iter().map(|arg| arg.to_string_lossy()).collect();
        assert!(!args.iter().any(|arg| arg.contains("hunter2")), "a secret is an argument: {args:?}");
        format!("{} {}", launch.program.display(), args.join(" "))
    }

    fn variable(launch: &Launch, name: &str) -> Option<String> {
        let found = launch.env.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    }

    #[test]
    fn a_jvm_is_started_with_the_jars_alone() {
        let launch = launch(&jvm(), "db.example", None, Command::Update);
        assert_eq!(
            line(&launch),
            "/jre/bin/java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData \
             -Dliquibase.hostDescription=r-1-test -Djava.util.logging.config.file=java-logging.properties -cp /lb/a.jar:/lb/b.jar \
             liquibase.integration.commandline.LiquibaseCommandLine --show-banner=false --headless=true \
             update --changelog-file=changelog/changelog-master.yaml --contexts=test --label-filter=!wip"
        );
        assert_eq!(launch.folder, Path::new("/tmp/root"));
        let expected = "jdbc:postgresql://db.example:5432/test?ApplicationName=r-1-test\
                        &sslmode=disable&loginTimeout=30";
        assert_eq!(variable(&launch, "LIQUIBASE_COMMAND_URL").as_deref(), Some(expected));
        assert_eq!(variable(&launch, "LIQUIBASE_COMMAND_PASSWORD").as_deref(), Some("hunter2"));
        assert_eq!(variable(&launch, "LIQUIBASE_HOME").as_deref(), Some("/lb"));
    }

    #[test]
    fn the_environment_is_a_known_set() {
        let launch = launch(&jvm(), "db.example", None, Command::Validate);
        let mut names: Vec<_> = launch.env.iter().map(|(name, _)| name.to_string_lossy()).collect();
        names.retain(|name| name != "HOME" && name != "PATH");
        assert_eq!(
            names,
            [
                "LANG",
                "TZ",
                "LIQUIBASE_HOME",
                "LIQUIBASE_COMMAND_URL",
                "LIQUIBASE_COMMAND_USERNAME",
                "LIQUIBASE_COMMAND_PASSWORD"
            ]
        );
    }

    #[test]
    fn the_installed_command_gets_its_flags_from_the_environment() {
        let form = Form::Cli { program: "/usr/bin/liquibase".into(), java_home: Some("/jre".into()) };
        let runner = Runner { form, version: Some(Version::new(4, 31, 0)) };
        let launch = launch(&runner, "::1", Some("/etc/my rds+1.pem"), Command::Tag("v1"));
        assert_eq!(line(&launch), "/usr/bin/liquibase --show-banner=false --headless=true tag --tag=v1");
        let options = variable(&launch, "JAVA_OPTS").unwrap();
        assert!(options.ends_with("-Djava.util.logging.config.file=java-logging.properties"), "{options}");
        assert_eq!(variable(&launch, "JAVA_HOME").as_deref(), Some("/jre"));
        assert_eq!(variable(&launch, "LIQUIBASE_ANALYTICS_ENABLED").as_deref(), Some("false"));
        assert_eq!(
            variable(&launch, "LIQUIBASE_COMMAND_URL").as_deref(),
            Some(
                "jdbc:postgresql://[::1]:5432/test?ApplicationName=r-1-test\
                 &sslmode=verify-full&loginTimeout=30&sslrootcert=%2Fetc%2Fmy%20rds%2B1.pem"
            )
        );
    }

    #[test]
    fn docker_is_told_names_of_variables_and_never_their_values() {
        let runner = Runner { form: Form::Docker { program: "/usr/bin/docker".into() }, version: None };
        let launch = launch(&runner, "db.example", Some("/etc/rds.pem"), Command::Update);
        let user = format!("{}:{}", nix::unistd::geteuid(), nix::unistd::getegid());
        assert_eq!(
            line(&launch),
            format!(
                "/usr/bin/docker run --rm --user {user} -v /tmp/root:/liquibase/changelog \
                 -v /etc/rds.pem:/liquibase/ca-bundle.pem:ro -w /liquibase/changelog \
                 -e LIQUIBASE_COMMAND_URL -e LIQUIBASE_COMMAND_USERNAME -e LIQUIBASE_COMMAND_PASSWORD \
                 -e LIQUIBASE_ANALYTICS_ENABLED -e JAVA_OPTS -e LANG -e TZ \
                 liquibase/liquibase-secure:5.0.1 --show-banner=false --headless=true \
                 update --changelog-file=changelog/changelog-master.yaml --contexts=test --label-filter=!wip"
            )
        );
        let url = variable(&launch, "LIQUIBASE_COMMAND_URL").unwrap();
        assert!(url.ends_with("sslrootcert=%2Fliquibase%2Fca-bundle.pem"), "{url}");
    }

    #[test]
    fn a_database_on_this_machine_is_reached_from_a_container_too() {
        let runner = Runner { form: Form::Docker { program: "docker".into() }, version: None };
        let launch = launch(&runner, "127.0.0.1", None, Command::Update);
        assert!(line(&launch).contains(" --network host "));
    }

    #[test]
    fn a_caller_that_seeds_a_sandbox_gets_the_part_before_the_command() {
        let line = jvm().command_line();
        assert_eq!(line.args.last(), Some(&MAIN_CLASS.into()));
        assert!(!line.args.iter().any(|arg| arg.to_string_lossy().contains("hostDescription")));
        assert!(line.env.contains(&("LIQUIBASE_HOME".to_owned(), "/lb".to_owned())));
    }
}
