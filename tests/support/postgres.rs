//! A throw-away PostgreSQL server for tests: started by the first test that needs it, stopped when the last lets go.
//!
//! A new cluster is made once per build, and copied from then on: every test may be a process of its own.
//! The programs are looked for in `LOCKSTEP_PG_BIN`, `PATH`, the usual folders of an installed server, and what
//! `make setup` fetched. It listens on loopback only and its files are in a temporary folder that is removed afterwards.

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

/// The name of the server's one user.
pub(crate) const USERNAME: &str = "bagel";

/// That user's password.
/// Long and odd, so that finding it anywhere means that it leaked.
pub(crate) const PASSWORD: &str = "s3cr3t/of=the&test-database";

/// One running server; dropping it stops it.
pub(crate) struct Postgres {
    /// The port it listens on.
    pub(crate) port: u16,
    child: Child,
    databases: AtomicU32,
    _folder: TempDir,
}

static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

impl Postgres {
    /// Returns the server that other running tests use, or starts one.
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::start());
            *shared = Arc::downgrade(&started);
            started
        })
    }

    /// Starts a server of its own.
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts one that encrypts, if it is given a certificate and its key (PEM).
    pub(crate) fn start_with(certificate: Option<(&str, &str)>) -> Self {
        let programs = programs();
        // Root may not run a server, and the user it becomes must be able to walk to the data.
        let parent = if geteuid().is_root() { PathBuf::from("/tmp") } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("bagel-pg-").tempdir_in(parent).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        initialise(&programs, folder.path());
        let encryption = certificate.map_or_else(Vec::new, |(certificate, key)| {
            let files = [("server.crt", certificate), ("server.key", key)];
            for (name, text) in files {
                keep_private(&folder.path().join("data").join(name), text);
            }
            vec!["-c", "ssl=on"]
        });
        // Between choosing a free port and using it, somebody else may take it.
        let started = (0..5).find_map(|_| {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            launch(&programs, folder.path(), port, &encryption).map(|child| (port, child))
        });
        let (port, child) = started.expect("a free port is found within a few attempts");
        Self { port, child, databases: AtomicU32::new(0), _folder: folder }
    }

    /// Makes an empty database and returns its name.
    pub(crate) async fn create_database(&self) -> String {
        let name = self.free_name();
        self.create(&name).await;
        name
    }

    /// Returns a name no database of this server has.
    pub(crate) fn free_name(&self) -> String {
        format!("store_{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes an empty database.
    pub(crate) async fn create(&self, name: &str) {
        self.connect("postgres").await.batch_execute(&format!("create database {name}")).await.unwrap();
    }

    /// Connects to one database.
    pub(crate) async fn connect(&self, database: &str) -> Client {
        self.connect_with(database, PASSWORD).await
    }

    /// The same with another password.
    pub(crate) async fn connect_with(&self, database: &str, password: &str) -> Client {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port).dbname(database).user(USERNAME).password(password);
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A fast shutdown: sessions that are still open are ended.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            kill(Pid::from_raw(pid), Signal::SIGINT).ok();
        }
        self.child.wait().ok();
    }
}

/// A copy of a new cluster, which whichever test comes first makes.
fn initialise(programs: &Path, folder: &Path) {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(cache.join("cluster.lock")).unwrap();
    lock.lock().unwrap();
    let (made, stamp) = (cache.join("cluster"), cache.join("cluster.made"));
    let current = format!("{} for {}", programs.display(), geteuid());
    if fs::read_to_string(&stamp).unwrap_or_default() != current {
        fs::remove_dir_all(&made).ok();
        make(programs, folder);
        copy(&folder.join("data"), &made);
        fs::write(stamp, current).unwrap();
        return;
    }
    copy(&made, &folder.join("data"));
}

/// Copies a folder with owners and modes.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success(), "{} could not be copied", from.display());
}

fn make(programs: &Path, folder: &Path) {
    let password_file = folder.join("password");
    fs::write(&password_file, PASSWORD).unwrap();
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    if let Some((uid, gid)) = lesser_user() {
        chown(&data, Some(uid), Some(gid)).unwrap();
    }
    let made = command(&programs.join("initdb"), folder)
        .arg("-D")
        .arg(&data)
        .args([
            "-U",
            USERNAME,
            "--auth=scram-sha-256",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
            "--wal-segsize=1",
        ])
        .arg("--pwfile")
        .arg(&password_file)
        .output()
        .unwrap();
    assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
}

/// Starts the server and waits until it says that it is ready; `None` when it ended instead.
fn launch(programs: &Path, folder: &Path, port: u16, more: &[&str]) -> Option<Child> {
    let mut child = command(&programs.join("postgres"), folder)
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
        .args([
            "-c",
            "fsync=off",
            "-c",
            "max_connections=200",
            "-c",
            "shared_buffers=32MB",
            "-c",
            "timezone=UTC",
        ])
        .args(["-c", "logging_collector=off", "-c", "log_destination=stderr"])
        .args(more)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready to accept connections"));
    if !ready {
        child.wait().unwrap();
        return None;
    }
    // The server blocks when nobody reads what it says.
    std::thread::spawn(move || lines.for_each(drop));
    Some(child)
}

/// Writes a file that only whoever runs the server can read.
pub(crate) fn keep_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    if let Some((uid, gid)) = lesser_user() {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

/// A program that is started in `folder`, by whoever runs the server.
pub(crate) fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null());
    if let Some((uid, gid)) = lesser_user() {
        command.uid(uid).gid(gid);
    }
    command
}

/// Returns whom root becomes to run a server; nobody else needs to change.
fn lesser_user() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let found = ["postgres", "nobody"].into_iter().find_map(|name| User::from_name(name).ok().flatten());
    let user = found.expect("a user named postgres or nobody exists, because root may not run PostgreSQL");
    Some((user.uid.as_raw(), user.gid.as_raw()))
}

fn programs() -> PathBuf {
    let mut places: Vec<PathBuf> =
        std::env::var_os("LOCKSTEP_PG_BIN").map(PathBuf::from).into_iter().collect();
    places.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    places.extend(below(Path::new("/usr/lib/postgresql"), 2));
    let fetched = std::env::var_os("LOCKSTEP_TOOLS").map(PathBuf::from);
    let fetched = fetched.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools"));
    places.extend(below(&fetched.join("postgres"), 6));
    let found = places.into_iter().find(|place| {
        place.is_absolute() && place.join("initdb").is_file() && place.join("postgres").is_file()
    });
    found.expect("there is no PostgreSQL: run `make setup`, or name the folder of initdb in LOCKSTEP_PG_BIN")
}

/// Returns every folder named `bin` at most `depth` levels below `folder`, newest version first.
fn below(folder: &Path, depth: u32) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort_by(|left, right| right.cmp(left));
    let deeper = |path: PathBuf| match path.file_name() {
        Some(name) if name == "bin" => vec![path],
        _ if depth > 1 => below(&path, depth - 1),
        _ => Vec::new(),
    };
    folders.into_iter().flat_map(deeper).collect()
}
