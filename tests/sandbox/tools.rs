//! What these tests stand on: a root folder of their own, the tools of this machine, and looks at processes.
//!
//! Liquibase and Java are found where `make setup` finds or puts them; a test fails with what to do when they are
//! missing. The first start, which runs Liquibase three times, happens once per test run; the other tests copy it.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lockstep::sandbox::{self, CommandTemplate, LaunchSettings, Sandbox};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

use super::changelogs;

pub(super) const DEMO: &str = "demo1";

/// A root folder with one sandbox in it, taken down at the end of the test.
pub(crate) struct Place {
    folder: TempDir,
    pub(super) settings: LaunchSettings,
}

impl Place {
    /// Nothing was ever started here.
    pub(crate) fn fresh() -> Self {
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
        let releases = changelogs::cut(&folder.path().join("cut"));
        let settings = LaunchSettings {
            liquibase_as_task: false,
            demo_id: DEMO.to_owned(),
            time_factor: 20,
            keep: true,
            lockstep: PathBuf::from(env!("CARGO_BIN_EXE_lockstep")),
            store: PathBuf::from(env!("CARGO_BIN_EXE_bagel-store")),
            postgres_bin: None,
            tools: Some(tools_folder()),
            liquibase: liquibase(),
            releases,
        };
        Self { folder, settings }
    }

    /// A sandbox that was started once and taken down: the next start finds its state.
    pub(crate) async fn seeded() -> Self {
        let place = Self::fresh();
        copy_first_start(place.root()).await;
        // Its ports belong to whoever copies first.
        fs::remove_file(place.state().join("sandbox.json")).unwrap();
        place
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root().join("sandboxes").join(DEMO)
    }

    pub(crate) async fn up(&self) -> Sandbox {
        let mut words = Vec::new();
        let up = sandbox::up(self.root(), &self.settings, &mut |word| words.push(word.to_owned())).await;
        up.unwrap_or_else(|error| panic!("{error}\n{words:?}\n{}", self.log("keeper.log")))
    }

    pub(crate) async fn down(&self) -> bool {
        sandbox::down(self.root(), DEMO).await.unwrap()
    }

    pub(crate) async fn reset(&self) -> Sandbox {
        let reset = sandbox::reset(self.root(), DEMO, &mut |_| ()).await;
        reset.unwrap_or_else(|error| panic!("{error}\n{}", self.log("keeper.log")))
    }

    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.state().join(name)).unwrap_or_default()
    }

    /// The processes that have anything of this place in their command line or as their folder.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let name = self.root().file_name().unwrap().to_string_lossy().into_owned();
        let named = |pid: i32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let folder = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&name) || folder.to_string_lossy().contains(&name)
        };
        every_process().into_iter().filter(|pid| named(*pid)).collect()
    }

    /// The server's first process, from its own pid file.
    pub(crate) fn postmaster(&self) -> i32 {
        let folders = fs::read_dir(self.state()).unwrap().flatten().map(|entry| entry.path());
        let folder = folders.filter(|path| path.join("data").exists()).max().unwrap();
        let text = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().parse().unwrap()
    }

    pub(crate) fn password(&self) -> String {
        let line = fs::read_to_string(self.state().join("pgpass")).unwrap();
        line.trim().rsplit(':').next().unwrap().to_owned()
    }

    /// Connects the way the sandbox says to.
    pub(crate) async fn connect(&self, sandbox: &Sandbox, database: &str) -> Client {
        self.try_connect(sandbox, database).await.unwrap()
    }

    pub(crate) async fn try_connect(
        &self,
        sandbox: &Sandbox,
        database: &str,
    ) -> Result<Client, tokio_postgres::Error> {
        let mut config = tokio_postgres::Config::new();
        config.host(&sandbox.postgres.host).port(sandbox.postgres.port).user(&sandbox.postgres.user);
        let (client, connection) = config.password(self.password()).dbname(database).connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
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
            left.into_iter().for_each(kill);
            glance();
        }
    }
}

/// Copies the state after a first start, which whichever test comes first makes and the next run with this build uses.
///
/// Each build folder has one of its own, and nobody changes it while another copies.
async fn copy_first_start(root: &Path) {
    let program = Path::new(env!("CARGO_BIN_EXE_lockstep"));
    let name = program.display().to_string().replace('/', "-");
    let cache = std::env::temp_dir().join(format!("lockstep-tests-{}{name}", nix::unistd::geteuid()));
    fs::create_dir_all(&cache).unwrap();
    let lock = fs::File::create(cache.join("lock")).unwrap();
    let _held = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await.unwrap().unwrap();
    let built = fs::metadata(program).unwrap().modified().unwrap();
    let current = format!("{built:?} with {}", tools_folder().display());
    let (made, stamp) = (cache.join("sandboxes"), cache.join("build"));
    if fs::read_to_string(&stamp).unwrap_or_default() != current {
        fs::remove_dir_all(&made).ok();
        let place = Place::fresh();
        place.up().await;
        place.down().await;
        fs::rename(place.root().join("sandboxes"), &made).unwrap();
        fs::write(stamp, current).unwrap();
    }
    let copied = Command::new("cp").arg("-a").arg(made).arg(root).status().unwrap();
    assert!(copied.success());
}

/// Waits for a condition; a test that waits in vain says for what.
pub(crate) async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Lets others work between two looks at something that is about to happen. To look without a pause would keep a core
/// busy that they need.
#[expect(
    clippy::disallowed_methods,
    reason = "the shortest pause of the loop's own clock is five times longer"
)]
pub(crate) fn glance() {
    std::thread::sleep(Duration::from_micros(200));
}

/// Ends a process without warning.
pub(crate) fn kill(pid: i32) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).ok();
}

pub(crate) fn is_alive(pid: i32) -> bool {
    // A zombie has ended; only its parent has not looked yet.
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

pub(crate) fn every_process() -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| is_alive(*pid)).collect()
}

pub(crate) fn tools_folder() -> PathBuf {
    let named = std::env::var_os("LOCKSTEP_TOOLS").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools"))
}

/// Java with the jars that are there, quick to start.
fn liquibase() -> CommandTemplate {
    let tools = tools_folder();
    let installed = std::env::var_os("LIQUIBASE_HOME").map(PathBuf::from);
    let homes = installed.into_iter().chain([tools.join("liquibase")]);
    let home = homes.into_iter().find(|home| home.join("internal/lib/liquibase-core.jar").exists());
    let home = home.expect("these tests need Liquibase: run `make setup`, or set LIQUIBASE_HOME");
    let fetched = tools.join("java/bin/java");
    let program = if fetched.exists() { fetched } else { PathBuf::from("java") };
    let jar = home.join("internal/lib/liquibase-core.jar").display().to_string();
    CommandTemplate {
        program,
        args: ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", &jar].map(ToOwned::to_owned).to_vec(),
        env: BTreeMap::from([("LIQUIBASE_HOME".to_owned(), home.display().to_string())]),
    }
}
