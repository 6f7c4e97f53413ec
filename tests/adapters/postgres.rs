//! A throw-away PostgreSQL server, shared by the tests that run at the same time and stopped after the last of them.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

/// The password of the user `app`. Long and odd, so that finding it anywhere means that it leaked.
pub(super) const PASSWORD: &str = "s3cr3t/of=the&app";

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// A running server on 127.0.0.1.
pub(super) struct Server {
    /// Its port.
    pub(super) port: u16,
    process: Child,
    _folder: TempDir,
}

impl Server {
    /// The server that other tests use as well, or a new one.
    pub(super) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    fn start() -> Self {
        let programs = programs();
        let folder = tempfile::tempdir().unwrap();
        let (data, secret) = (folder.path().join("data"), folder.path().join("password"));
        fs::write(&secret, PASSWORD).unwrap();
        // The server refuses to run as root.
        let user = geteuid().is_root().then(|| {
            let known = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
            known.expect("root needs a user `postgres` or `nobody` to run PostgreSQL as")
        });
        let command = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command.env_clear().env("LC_ALL", "C").current_dir(folder.path()).stdin(Stdio::null());
            if let Some(user) = &user {
                command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            }
            command
        };
        if let Some(user) = &user {
            for path in [folder.path(), &secret] {
                chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
            }
        }
        let made = command("initdb")
            .args(["--username=app", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"])
            .arg(format!("--pwfile={}", secret.display()))
            .arg(format!("--pgdata={}", data.display()))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut process = command("postgres")
                .args(["-D", &data.display().to_string(), "-p", &port.to_string()])
                .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
                .args(["-c", "fsync=off", "-c", "timezone=UTC", "-c", "max_connections=50"])
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut log = BufReader::new(process.stderr.take().unwrap());
            let mut line = String::new();
            while log.read_line(&mut line).unwrap() > 0 && !line.contains("ready to accept connections") {
                line.clear();
            }
            if !line.is_empty() {
                // Somebody has to go on reading, else the server stops at a full pipe.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Self { port, process, _folder: folder };
            }
            // It ended at once: somebody else took the port in between.
            process.wait().unwrap();
        }
        panic!("PostgreSQL did not start");
    }

    /// A client of its own for a test.
    pub(super) async fn client(&self, database: &str) -> Client {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port).user("app").password(PASSWORD).dbname(database);
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Makes an empty database with a name of its own.
    pub(super) async fn database(&self) -> String {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        self.client("postgres").await.batch_execute(&format!("create database {name}")).await.unwrap();
        name
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT: end now, whoever is still connected.
        kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGINT).ok();
        self.process.wait().ok();
    }
}

/// The folder with `initdb` and `postgres`.
fn programs() -> PathBuf {
    let named = env::var_os("LOCKSTEP_PG_BIN").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = named.into_iter().chain(env::split_paths(&path)).collect();
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(installed.map(|entry| entry.path().join("bin")));
    let has_both = |folder: &&PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    let found = folders.iter().find(has_both).map(|folder| real(folder));
    found
        .expect("no PostgreSQL here: set LOCKSTEP_PG_BIN to a folder with initdb and postgres, or install it")
}

fn real(folder: &Path) -> PathBuf {
    fs::canonicalize(folder).unwrap()
}
