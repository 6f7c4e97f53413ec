//! What these tests stand on: the built program in an environment made from nothing, with a home of its own.
//!
//! The first start of a sandbox, which runs Liquibase three times, happens once per build; the other tests copy it.
//! Whatever a test starts is taken down with its place. Every answer is searched for the database's password.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use crate::sandbox::tools::{every_process, glance, kill, tools_folder};

/// The instance that `demo up` makes by default.
pub(crate) const DEMO: &str = "demo1";

/// The password of the store's one user in the sandbox.
pub(crate) const STORE_PASSWORD: &str = "bagels";

/// Longer than any command takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// So much faster than AWS that a deployment takes a moment.
pub(crate) const FAST: &str = "600";

/// A home for lockstep, and a folder to work in.
pub(crate) struct Place {
    folder: TempDir,
}

/// What a command said, and its exit code.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// Nothing was ever started here.
    pub(crate) fn fresh() -> Self {
        let prefix = format!("lockstep-e2e-{}-", std::process::id());
        let folder = tempfile::Builder::new()
            .prefix(&prefix)
            // The user that PostgreSQL runs as must be able to pass through.
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .unwrap();
        for name in ["home", "work", "tmp"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// With a sandbox that was started once and taken down.
    pub(crate) async fn asleep() -> Self {
        Self::copied(true).await
    }

    /// The same without its database server: enough for whatever does not start it.
    pub(crate) async fn asleep_without_databases() -> Self {
        Self::copied(false).await
    }

    async fn copied(with_databases: bool) -> Self {
        let place = Self::fresh();
        copy_first_start(&place.sandbox(), with_databases).await;
        // The file names the folder of the home that it was made in.
        let config = place.sandbox().join("lockstep.toml");
        let mut table: toml::Table = fs::read_to_string(&config).unwrap().parse().unwrap();
        let releases = place.sandbox().join("releases").display().to_string();
        table["releases"]["folder"] = toml::Value::String(releases);
        for (key, name) in
            [("settings", "liquibase.checks-settings.conf"), ("waivers", "policy-waivers.toml")]
        {
            let path = place.sandbox().join("flows").join(name).display().to_string();
            table["policy"][key] = toml::Value::String(path);
        }
        fs::write(&config, table.to_string()).unwrap();
        // v1.4.0 breaks policy on purpose, and is the only release with changesets that dev gets well: what is tested
        // with it is something else.
        place.waive(Some("2999-12-31"));
        place
    }

    /// Lets v1.4.0 pass until this day is over; without a day it is blocked, as in every sandbox.
    pub(crate) fn waive(&self, until: Option<&str>) {
        let checks = ["ChangeDropColumnWarn", "SqlGrantWarn", "RollbackRequired"];
        let entry = |check: &str, until: &str| {
            format!(
                "[[waiver]]\ncheck = \"{check}\"\nchangeset = \"013-tidy-orders\"\nreason = \"a test of something \
                 else\"\nowner = \"ana\"\nexpires = {until}\n"
            )
        };
        let text: String = until.iter().flat_map(|until| checks.map(|check| entry(check, until))).collect();
        fs::write(self.sandbox().join("flows").join("policy-waivers.toml"), text).unwrap();
    }

    /// With a sandbox that runs, this many times faster than AWS.
    pub(crate) async fn awake(factor: &str) -> Self {
        let place = Self::asleep().await;
        place.ok(&["demo", "up", "--time-factor", factor]).await;
        place
    }

    /// The same where the app of dev stayed at v1.1.0 while its schema went on: v1.2.0 is another image only.
    pub(crate) async fn behind(factor: &str) -> Self {
        let place = Self::asleep().await;
        let path = place.sandbox().join("aws").join("aws.json");
        let mut aws: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let mut services = aws["services"].as_array_mut().unwrap().iter_mut();
        let dev = services.find(|service| service["environment"] == "dev").unwrap();
        let text = dev.to_string();
        assert!(text.contains("-bagel-store:v1.2.0"), "{text}");
        *dev = serde_json::from_str(&text.replace("-bagel-store:v1.2.0", "-bagel-store:v1.1.0")).unwrap();
        fs::write(&path, aws.to_string()).unwrap();
        place.ok(&["demo", "up", "--time-factor", factor]).await;
        place
    }

    /// Where lockstep keeps things.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Where commands are started.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The state folder of the sandbox.
    pub(crate) fn sandbox(&self) -> PathBuf {
        self.home().join("sandboxes").join(DEMO)
    }

    /// The folder of the journal.
    pub(crate) fn journal_folder(&self) -> PathBuf {
        self.home().join("journal").join(DEMO)
    }

    /// The records of the journal that say something about the world, one JSON object each.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let entries = fs::read_dir(self.journal_folder()).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        paths.sort();
        let text: String = paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records
            .filter(|it| !["opened", "continued", "mended"].map(Value::from).contains(&it["record"]))
            .collect()
    }

    /// The database's password, once there is one.
    pub(crate) fn password(&self) -> Option<String> {
        let line = fs::read_to_string(self.sandbox().join("pgpass")).ok()?;
        line.trim().rsplit(':').next().map(str::to_owned)
    }

    /// Every variable that the program is given.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let inner = |name: &str| self.folder.path().join(name).display().to_string();
        let mut variables = vec![
            ("HOME".to_owned(), inner("work")),
            ("TMPDIR".to_owned(), inner("tmp")),
            ("LOCKSTEP_HOME".to_owned(), inner("home")),
            ("LOCKSTEP_TOOLS".to_owned(), tools_folder().display().to_string()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("TZ".to_owned(), "UTC".to_owned()),
        ];
        let passed_on = ["PATH", "LIQUIBASE_HOME", "LOCKSTEP_PG_BIN"];
        variables.extend(
            passed_on.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))),
        );
        variables
    }

    /// The program with these arguments, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        command.env_clear().envs(self.environment()).current_dir(self.work()).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs the program to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Said {
        let output = timeout(PATIENCE, self.command(arguments).output()).await;
        let output = output.unwrap_or_else(|_| panic!("{arguments:?} did not end")).unwrap();
        let said = Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        self.assert_silent(&format!("{said:?}"), &format!("what {arguments:?} said"));
        said
    }

    /// Runs a command that has to end well, and gives what it wrote to standard output.
    pub(crate) async fn ok(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments).await;
        assert_eq!(said.code, 0, "{arguments:?}: {said:#?}\n{}", self.log("keeper.log"));
        said.out
    }

    /// The same for a command whose output is JSON.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let mut words = arguments.to_vec();
        words.extend(["--output", "json"]);
        serde_json::from_str(&self.ok(&words).await).unwrap()
    }

    /// The short digest of the plan for a promotion.
    pub(crate) async fn plan(&self, environment: &str, release: &str) -> String {
        let plan = self.json(&["plan", environment, "--release", release]).await;
        plan["plan"]["short"].as_str().unwrap().to_owned()
    }

    /// A log of the sandbox.
    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.sandbox().join(name)).unwrap_or_default()
    }

    /// Fails when a text holds the database's or the store's password.
    pub(crate) fn assert_silent(&self, text: &str, whose: &str) {
        for password in self.password().iter().map(String::as_str).chain([STORE_PASSWORD]) {
            assert!(!text.contains(password), "{whose} holds a password");
        }
    }

    /// The processes that belong to this place, by their arguments, their folder or their environment.
    pub(crate) fn processes(&self) -> Vec<(i32, String)> {
        let name = self.folder.path().file_name().unwrap().to_str().unwrap();
        let named = |pid: i32| {
            let read = |what: &str| fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
            let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            let folder = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            let is_ours = line.contains(name)
                || folder.to_string_lossy().contains(name)
                || String::from_utf8_lossy(&read("environ")).contains(name);
            // A process that is just ending has no command line any more.
            (is_ours && !line.is_empty()).then_some((pid, line))
        };
        every_process().into_iter().filter_map(named).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A test that failed must not leave a server behind; the keeper takes everything with it.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            for (pid, _) in left {
                kill(pid);
            }
            glance();
        }
    }
}

/// Copies the sandbox after a first `demo up` and `demo down` with this build, made by whichever test comes first.
async fn copy_first_start(sandbox: &Path, with_databases: bool) {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = fs::File::create(cache.join("first-start.lock")).unwrap();
    let _held = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await.unwrap().unwrap();
    let made_at = fs::metadata(env!("CARGO_BIN_EXE_lockstep")).unwrap().modified().unwrap();
    let build = format!("{made_at:?} with {}", tools_folder().display());
    let (made, stamp) = (cache.join("first-start"), cache.join("first-start.build"));
    if fs::read_to_string(&stamp).unwrap_or_default() != build {
        fs::remove_dir_all(&made).ok();
        let place = Place::fresh();
        place.ok(&["demo", "up"]).await;
        place.ok(&["demo", "down"]).await;
        // Its ports belong to whoever copies first.
        fs::remove_file(place.sandbox().join("sandbox.json")).unwrap();
        copy(&[place.sandbox()], &made).await;
        fs::write(stamp, build).unwrap();
    }
    fs::create_dir_all(sandbox.parent().unwrap()).unwrap();
    if with_databases {
        return copy(&[made], sandbox).await;
    }
    fs::create_dir(sandbox).unwrap();
    let parts = fs::read_dir(made).unwrap().flatten().map(|entry| entry.path());
    let is_database = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("postgres-");
    copy(&parts.filter(|path| !is_database(path)).collect::<Vec<_>>(), sandbox).await;
}

/// Copies files and folders with owners and modes.
async fn copy(from: &[PathBuf], to: &Path) {
    let copied = Command::new("cp").arg("-a").args(from).arg(to).status().await.unwrap();
    assert!(copied.success(), "{from:?} could not be copied");
}
