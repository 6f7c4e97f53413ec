//! A real `PgBouncer` between lockstep and the server: where it lends sessions out, no lock is relied on.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use lockstep::domain::failure::FailureKind;
use lockstep::engine::effect::{DatabaseCall, Effect};
use tempfile::TempDir;

use super::{Rig, ended, perform, run, test};
use crate::support::postgres::{PASSWORD, USERNAME, command, keep_private};

/// A pool in front of a server, until it is dropped.
struct Pool {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl Pool {
    /// Starts one in `mode`, with more of its settings; `None` where there is no `PgBouncer` on this machine.
    fn start(server: u16, mode: &str, further: &str) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("PgBouncer is not installed: nothing was looked at");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("bagel-pool-").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let users = folder.path().join("users.txt");
        keep_private(&users, &format!("\"{USERNAME}\" \"{PASSWORD}\"\n"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = plain\nauth_file = {}\npool_mode = {mode}\n{further}\n",
            users.display()
        );
        let file = folder.path().join("pgbouncer.ini");
        keep_private(&file, &settings);
        let mut child = command(&program, folder.path()).arg(&file).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(
            lines.by_ref().map_while(Result::ok).any(|line| line.contains("process up")),
            "it does not start"
        );
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { port, child, _folder: folder })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("pgbouncer")).find(|program| Path::is_file(program))
}

fn lock() -> Effect {
    Effect::Database(test(), DatabaseCall::Lock(run(1)))
}

#[tokio::test]
async fn a_pool_that_lends_sessions_out_is_refused_before_a_lock_is_relied_on() {
    for (mode, more) in [
        ("transaction", ""),
        ("transaction", "server_round_robin = 1\nmin_pool_size = 5"),
        ("transaction", "default_pool_size = 1"),
        ("statement", ""),
    ] {
        let rig = Rig::new().await;
        let Some(pool) = Pool::start(rig.server.as_ref().unwrap().port, mode, more) else { return };
        rig.cloud.facts().database = pool.port;
        let failure = ended(&perform(&rig.adapters(), lock()).await).unwrap_err();
        assert_eq!(
            (failure.what.as_str(), failure.kind),
            ("could not lock test", FailureKind::Configuration),
            "{mode} {more}: {failure}"
        );
        assert!(failure.because[0].contains("lends sessions out between two transactions"), "{failure}");
        assert_eq!(
            failure.hint.as_deref(),
            Some("Connect to the server itself, or to a pool in session mode.")
        );
        let held = "select count(*) from pg_locks where locktype = 'advisory'";
        assert_eq!(
            rig.client().await.query_one(held, &[]).await.unwrap().get::<_, i64>(0),
            0,
            "{mode} {more}"
        );
    }
}

#[tokio::test]
async fn a_pool_in_session_mode_is_as_good_as_the_server_itself() {
    let rig = Rig::new().await;
    let Some(pool) = Pool::start(rig.server.as_ref().unwrap().port, "session", "") else { return };
    rig.cloud.facts().database = pool.port;
    let (first, second) = (rig.adapters(), rig.adapters());
    assert!(ended(&perform(&first, lock()).await).is_ok());
    let failure = ended(&perform(&second, lock()).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
}
