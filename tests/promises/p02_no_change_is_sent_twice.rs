//! P2: no change is ever retried by itself; looks may be. Counted by whoever is asked: the sandbox counts calls, and what
//! stands in Java's place counts how often Liquibase is started.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use lockstep::adapters::liquibase::find;
use lockstep::config::RunnerKind;
use serde_json::Value;

use crate::faults::Scene;
use crate::faults::calls::UPDATE;
use crate::program::place::{Place, Said};
use crate::sandbox::tools::tools_folder;

const LOOK: [&str; 6] = ["--env", "dev", "--action", "DescribeService", "--times", "2"];

#[tokio::test]
async fn p02_an_update_is_sent_once_whatever_becomes_of_it_and_a_look_is_sent_again() {
    let scene = Scene::behind(&[("look", 2.0)]).await;
    for (fault, code, carried_out) in [
        ("throttling", 69, 0),
        ("expired-credentials", 69, 0),
        ("cut-before", 5, 0),
        ("cut-after", 0, 1),
        ("cut-during", 0, 1),
    ] {
        let (version, before) = (scene.service().await.0, scene.updates().await);
        let next = if version == "v1.1.0" { "v1.2.0" } else { "v1.4.0" };
        scene.set(fault, &UPDATE).await;
        let said = scene.promote(next).await;
        assert_eq!((said.code, scene.struck(fault).await), (code, 1), "{fault}: {said:#?}");
        // Finding out what became of it sends nothing either.
        scene.place.run(&["reconcile", "dev", "--attach", "--settle"]).await;
        assert_eq!(scene.updates().await, (before.0 + 1, before.1 + carried_out), "{fault}");
    }
    scene.clear().await;
    for fault in ["cut-before", "cut-during", "cut-after", "throttling"] {
        scene.set(fault, &LOOK).await;
        let status = scene.place.json(&["status"]).await;
        let dev = &status["environments"][0]["service"];
        assert_eq!((&dev["failure"], scene.struck(fault).await), (&Value::Null, 2), "{fault}: {dev:#}");
        scene.clear().await;
    }
    scene.end().await;
}

#[tokio::test]
async fn p02_liquibase_is_started_once_for_each_step_whatever_becomes_of_it() {
    let scene = Scene::begin(&[]).await;
    let counted = Counted::beside(&scene.place);
    for (fault, code, told) in [("full-disk", 3, "failed"), ("killed-liquibase", 5, "unknown")] {
        scene.set(fault, &["--env", "dev"]).await;
        let said = counted.promote(&scene.place).await;
        assert_eq!((said.code, scene.ending().2.as_str()), (code, told), "{fault}: {said:#?}");
        // What was done is looked at in the end.
        assert_eq!(counted.taken(), ["validate", "update", "status"], "{fault}");
        scene.clear().await;
    }
    assert_eq!(scene.updates().await, (0, 0));
    scene.end().await;
}

/// Tools in which Java notes what it is started for.
struct Counted {
    tools: PathBuf,
}

impl Counted {
    fn beside(place: &Place) -> Self {
        let line = find(RunnerKind::Jvm, Some(&tools_folder())).unwrap().command_line();
        let java = fs::canonicalize(&line.program).unwrap();
        let counted = Self { tools: place.work().join("tools") };
        let program = counted.tools.join("java/bin/java");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let noting = format!(
            "#!/bin/sh\necho \"$*\" >> {}\nexec {} \"$@\"\n",
            counted.notes().display(),
            java.display()
        );
        fs::write(&program, noting).unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        let release = java.parent().unwrap().parent().unwrap().join("release");
        fs::copy(release, counted.tools.join("java/release")).unwrap();
        symlink(tools_folder().join("liquibase"), counted.tools.join("liquibase")).unwrap();
        counted
    }

    fn notes(&self) -> PathBuf {
        self.tools.join("started")
    }

    async fn promote(&self, place: &Place) -> Said {
        let mut command = place.command(&["promote", "dev", "--release", "v1.4.0"]);
        let output = command.env("LOCKSTEP_TOOLS", &self.tools).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What Liquibase was started for since this was asked, in order.
    fn taken(&self) -> Vec<String> {
        let notes = fs::read_to_string(self.notes()).unwrap_or_default();
        fs::write(self.notes(), "").unwrap();
        let commands = ["validate", "tag", "update", "rollback", "rollback-count", "status"];
        let of = |line: &str| {
            let mut words = line.split(' ');
            words.find(|word| commands.contains(word)).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        notes.lines().map(of).collect()
    }
}
