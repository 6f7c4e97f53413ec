//! Where no password may ever be: arguments, outputs, the journal, logs, pictures, files that others can read.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::interval;

use crate::program::place::{FAST, Place, STORE_PASSWORD};
use crate::sandbox::tools::every_process;

#[tokio::test]
async fn p16_no_password_is_in_an_argument_an_output_a_log_or_a_file_that_others_can_read() {
    let place = Place::awake(FAST).await;
    let password = place.password().unwrap();
    assert_eq!(password.len(), 32, "it is generated");

    let mut seen = BTreeMap::new();
    let mut looks = interval(Duration::from_millis(5));
    let watching = async {
        loop {
            looks.tick().await;
            note_arguments(&mut seen);
        }
    };
    let said = tokio::select! {
        said = place.run(&["promote", "dev", "--release", "v1.4.0"]) => said,
        () = watching => unreachable!("it watches for as long as the promotion runs"),
    };
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(seen.values().any(|line| line.contains("liquibase")), "Liquibase was not looked at: {seen:#?}");
    for line in seen.values() {
        place.assert_silent(line, "a list of arguments");
    }

    assert_eq!(place.run(&["drift", "--report"]).await.code, 0);
    let reports = place.json(&["report", "list"]).await;
    assert_eq!(reports.as_array().map(Vec::len), Some(2), "there is something to search: {reports:#}");
    for words in [
        &["status"][..],
        &["demo", "env"],
        &["demo", "list"],
        &["release", "list"],
        &["report", "list"],
        &["report", "show", reports[0]["run"].as_str().unwrap()],
    ] {
        place.ok(words).await;
        place.ok(&[words, &["--output", "json"]].concat()).await;
    }
    place.ok(&["board", "--svg", "board.svg"]).await;
    let picture = fs::read_to_string(place.work().join("board.svg")).unwrap();
    assert!(picture.starts_with("<svg ") && picture.contains("PROD"), "{picture}");
    place.assert_silent(&picture, "the picture");

    place.ok(&["demo", "down"]).await;
    let mut holders = Vec::new();
    search(place.work().parent().unwrap(), &password, &mut holders);
    holders.sort();
    // The server's own copy, for its next start, and the file for PostgreSQL's tools. Nothing else.
    assert_eq!(holders, ["password", "pgpass"].map(|name| place.sandbox().join(name)));
    let private = ["password", "pgpass", "token", "lockstep.toml", "ready.json", "launch.json"];
    for path in private.map(|name| place.sandbox().join(name)).into_iter().filter(|path| path.exists()) {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{} has mode {mode:o}", path.display());
    }
}

/// Notes the arguments of every process.
fn note_arguments(seen: &mut BTreeMap<i32, String>) {
    for pid in every_process() {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        // A process may become another program: all that it was called is kept.
        let told = seen.entry(pid).or_default();
        if !told.contains(&line) {
            told.push_str(&line);
        }
    }
}

/// Adds every file below a folder that holds one of the passwords.
fn search(folder: &Path, password: &str, holders: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            search(&path, password, holders);
        } else {
            let bytes = fs::read(&path).unwrap();
            let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
            if holds(password) || holds(STORE_PASSWORD) {
                holders.push(path);
            }
        }
    }
}
