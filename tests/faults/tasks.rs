//! Liquibase as a one-off task: proven as it is here, and everything that can go wrong with a task by itself.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::ways_out::{BEFORE, free};
use super::{Scene, ending, has, running};
use crate::program::place::{FAST, Place};
use crate::sandbox::tools::{kill, until};

/// The family of the tasks of dev.
const FAMILY: &str = "bagel-store-demo1-liquibase-dev";

/// The cluster of the sandbox.
const CLUSTER: &str = "bagel-store-demo1-migrations";

impl Scene {
    /// With a sandbox whose Liquibase runs as a task.
    async fn with_tasks(deadlines: &[(&str, f64)]) -> Self {
        let place = Place::asleep().await;
        place.ok(&["demo", "up", "--time-factor", FAST, "--liquibase", "ecs"]).await;
        let scene = Self { place };
        scene.deadlines(deadlines);
        scene
    }

    /// How often AWS was asked for this about dev, and how often it did it.
    async fn asked(&self, action: &str) -> (u64, u64) {
        let report = self.place.json(&["demo", "fault", "list"]).await;
        let calls = report["calls"].as_array().unwrap();
        let found = calls.iter().find(|row| row["action"] == action && row["environment"] == "dev");
        found.map_or((0, 0), |row| (row["received"].as_u64().unwrap(), row["carried_out"].as_u64().unwrap()))
    }

    fn endpoint(&self) -> String {
        self.config()["aws"]["endpoint_url"].as_str().unwrap().to_owned()
    }

    fn config(&self) -> toml::Table {
        std::fs::read_to_string(self.place.sandbox().join("lockstep.toml")).unwrap().parse().unwrap()
    }

    /// Changes what the configuration says.
    fn configure(&self, change: impl FnOnce(&mut toml::Table)) {
        let mut table = self.config();
        change(&mut table);
        std::fs::write(self.place.sandbox().join("lockstep.toml"), table.to_string()).unwrap();
    }

    /// What ECS says to somebody else.
    async fn ecs(&self, operation: &str, request: &Value) -> Value {
        let endpoint = self.endpoint();
        let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).await.unwrap();
        let body = request.to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: AmazonEC2ContainerServiceV20141113.{operation}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// The tasks of dev that are to run, or that are not.
    async fn tasks(&self, status: &str) -> Vec<Value> {
        let list = json!({"cluster": CLUSTER, "family": FAMILY, "desiredStatus": status});
        let arns = self.ecs("ListTasks", &list).await["taskArns"].clone();
        if arns == json!([]) {
            return Vec::new();
        }
        let described = self.ecs("DescribeTasks", &json!({"cluster": CLUSTER, "tasks": arns})).await;
        described["tasks"].as_array().unwrap().clone()
    }
}

/// A way to the sandbox's AWS on which everything that is asked can be heard; its address, and what was heard.
async fn overheard(endpoint: &str) -> (String, Arc<Mutex<Vec<u8>>>) {
    let target = endpoint.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
    let ears = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut from, mut to) = client.into_split();
            let Ok(server) = TcpStream::connect(&target).await else { return };
            let (mut answers, mut requests) = server.into_split();
            let ears = Arc::clone(&ears);
            tokio::spawn(async move {
                let mut buffer = vec![0; 16 * 1024];
                while let Ok(read @ 1..) = from.read(&mut buffer).await {
                    ears.lock().unwrap().extend_from_slice(&buffer[..read]);
                    if requests.write_all(&buffer[..read]).await.is_err() {
                        return;
                    }
                }
                requests.shutdown().await.ok();
            });
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut to).await });
        }
    });
    (address, heard)
}

#[tokio::test]
async fn a_promotion_by_tasks_is_proven_and_no_request_holds_the_password() {
    let scene = Scene::with_tasks(&[]).await;
    let (address, heard) = overheard(&scene.endpoint()).await;
    scene.configure(|config| config["aws"]["endpoint_url"] = address.into());
    let said = scene.promote("v1.4.0").await;
    assert_eq!(said.code, 0, "{said:#?}");
    has(
        &said,
        &[
            "  update: task ",
            " of bagel-store-demo1-liquibase-dev:1 was started\n",
            "  update: the task is running\n",
            "Running Changeset: changelog/",
            "  update: running changelog/",
            "all four proven",
        ],
    );
    // One for each command, and a task says whose it was and how it ended.
    assert_eq!(scene.asked("RunTask").await, (2, 2));
    let tasks = scene.tasks("STOPPED").await;
    let whose: Vec<_> = tasks.iter().map(|task| task["startedBy"].as_str().unwrap()).collect();
    let journal = scene.place.journal();
    let run = journal.iter().find_map(|entry| entry["run"].as_str()).unwrap();
    assert_eq!(whose, [format!("lockstep/{run}/validate"), format!("lockstep/{run}/update")]);
    assert!(tasks.iter().all(|task| task["stopCode"] == "EssentialContainerExited"), "{tasks:#?}");
    // Rows are named as everywhere, or nothing of them would be proven; and nothing is left to do.
    let strange = "select count(*) from databasechangelog where filename not like 'changelog/%'";
    assert_eq!(scene.place.count("dev", strange).await, 0);
    assert_eq!((scene.rows().await, scene.locks().await), (BEFORE + 4, free()));

    let heard = String::from_utf8_lossy(&heard.lock().unwrap()).into_owned();
    for words in
        [".RunTask", "LIQUIBASE_COMMAND_URL", "PUT /bagel-store-demo1-releases/", "ApplicationName=r-"]
    {
        assert!(heard.contains(words), "{words} was not asked");
    }
    scene.place.assert_silent(&heard, "a request to AWS");
    assert!(!heard.contains("LIQUIBASE_COMMAND_PASSWORD"), "not even its name is sent");
    scene.end().await;
}

#[tokio::test]
async fn a_changeset_that_fails_in_a_task_is_told_as_it_is_here_and_so_is_a_killed_liquibase() {
    let scene = Scene::with_tasks(&[]).await;
    for (code, options, lines) in [
        (3, &["--env", "dev"][..], &["011-gift-cards::store failed in dev\n", "No space left on device"][..]),
        (
            4,
            &["--env", "dev", "--after", "1"],
            &["013-tidy-orders::store failed in dev\n", "before it, 2 changesets were applied\n"],
        ),
    ] {
        scene.set("full-disk", options).await;
        let said = scene.promote("v1.4.0").await;
        assert_eq!(said.code, code, "{said:#?}");
        has(&said, lines);
        assert_eq!(scene.locks().await, free());
    }
    scene.clear().await;
    scene.set("killed-liquibase", &["--env", "dev"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.locks().await), (5, ["stale".to_owned(), "free".to_owned()]), "{said:#?}");
    has(
        &said,
        &[
            "because Liquibase was killed (exit code 137, EssentialContainerExited: Essential container in task exited)\n",
            "because it left Liquibase's lock behind\n",
        ],
    );
    scene.clear().await;
    scene.place.ok(&["demo", "down"]).await;
}

#[tokio::test]
async fn task_never_starts_is_a_sentence_of_its_own_and_slow_task_is_waited_for() {
    let scene = Scene::with_tasks(&[]).await;
    scene.set("task-never-starts", &["--env", "dev", "--times", "1", "--after", "1"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.struck("task-never-starts").await), (69, 1), "{said:#?}");
    has(
        &said,
        &[
            "error: could not update the database of dev\n  because the task of Liquibase never started: nothing was done\n",
            "because CannotPullContainerError: ",
            "  Mend what ECS names: ",
        ],
    );
    assert_eq!((scene.rows().await, scene.locks().await), (BEFORE, free()));
    assert_eq!(scene.ending(), ending("update", "unavailable", "unavailable"));
    scene.clear().await;

    // An archive that is not there is told in the words of what fetches it.
    scene.configure(|config| {
        let ecs = config["liquibase"]["ecs"].as_table_mut().unwrap();
        ecs.insert("archive_path".to_owned(), "/nowhere/other.zip".into());
    });
    let said = scene.promote("v1.4.0").await;
    assert_eq!(said.code, 69, "{said:#?}");
    has(&said, &["because what fetches the archive said: download failed: s3://bagel-store-demo1-releases/"]);
    scene.configure(|config| drop(config["liquibase"]["ecs"].as_table_mut().unwrap().remove("archive_path")));

    scene.set("slow-task", &["--env", "dev", "--times", "1", "--seconds", "1"]).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.struck("slow-task").await), (0, 1), "{said:#?}");
    scene.end().await;
}

#[tokio::test]
async fn a_second_task_of_the_family_is_refused_with_the_name_of_the_first() {
    let scene = Scene::with_tasks(&[]).await;
    scene.set("slow-task", &["--env", "dev", "--seconds", "600"]).await;
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    let request = json!({
        "cluster": CLUSTER, "taskDefinition": FAMILY, "launchType": "FARGATE", "startedBy": "somebody",
        "networkConfiguration": network,
    });
    let task = scene.ecs("RunTask", &request).await["tasks"][0]["taskArn"].as_str().unwrap().to_owned();
    let id = task.rsplit('/').next().unwrap();
    let said = scene.promote("v1.4.0").await;
    assert_eq!(said.code, 2, "{said:#?}");
    has(
        &said,
        &[
            &format!("because the task {id} of {FAMILY} runs already, for somebody\n"),
            &format!("`aws ecs stop-task --cluster {CLUSTER} --task {id}`"),
        ],
    );
    assert_eq!((scene.asked("RunTask").await, scene.locks().await), ((1, 1), free()));
    scene.clear().await;
    scene.ecs("StopTask", &json!({"cluster": CLUSTER, "task": task})).await;
    until("it is stopped", async || scene.tasks("STOPPED").await[0]["lastStatus"] == "STOPPED").await;
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    scene.end().await;
}

#[tokio::test]
async fn an_abort_stops_a_task_that_has_not_begun_and_cancels_the_statement_of_one_that_has() {
    let scene = Scene::with_tasks(&[("look", 5.0)]).await;
    scene.set("slow-task", &["--env", "dev", "--seconds", "600", "--after", "1"]).await;
    let said = scene.abort("v1.4.0", "update: the task is pending").await;
    assert_eq!((said.code, scene.asked("StopTask").await), (130, (1, 1)), "{said:#?}");
    let stopped = scene.tasks("STOPPED").await;
    let last = stopped.last().unwrap();
    assert_eq!(
        (&last["stopCode"], &last["stoppedReason"]),
        (&json!("UserInitiated"), &json!("stopped by lockstep"))
    );
    assert_eq!((scene.rows().await, scene.locks().await), (BEFORE, free()));
    scene.clear().await;

    scene.set("slow-sql", &["--env", "dev", "--seconds", "60", "--times", "1"]).await;
    let said = scene.abort("v1.4.0", "update: running changelog/").await;
    assert_eq!((said.code, scene.asked("StopTask").await), (130, (1, 1)), "{said:#?}");
    has(&said, &["011-gift-cards::store was cancelled and rolled back\n"]);
    assert_eq!((scene.rows().await, scene.locks().await), (BEFORE, free()));
    scene.clear().await;
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    scene.end().await;
}

#[tokio::test]
async fn the_lost_answer_of_a_task_is_looked_up_and_never_asked_for_again() {
    let scene = Scene::with_tasks(&[("look", 2.0)]).await;
    let once = ["--env", "dev", "--action", "RunTask", "--times", "1", "--after", "1"];
    scene.set("cut-before", &once).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.asked("RunTask").await), (5, (2, 1)), "{said:#?}");
    has(
        &said,
        &[
            "  update: the answer was lost; looking whether the task began\n",
            "no task of this run is listed\n",
        ],
    );
    assert_eq!((scene.rows().await, scene.ending()), (BEFORE, ending("update", "unknown", "unknown")));
    scene.clear().await;
    scene.settles("○ dev: v1.4.0, not started", 3).await;

    scene.set("cut-after", &once).await;
    let said = scene.promote("v1.4.0").await;
    assert_eq!((said.code, scene.asked("RunTask").await), (0, (4, 3)), "{said:#?}");
    has(&said, &["  update: the answer was lost; looking whether the task began\n", "all four proven"]);
    assert_eq!((scene.rows().await, scene.service().await), (BEFORE + 4, running("v1.4.0")));
    scene.end().await;
}

#[tokio::test]
async fn a_task_that_outlives_whoever_started_it_is_seen_before_it_is_connected_to_anything() {
    let scene = Scene::with_tasks(&[]).await;
    scene.set("slow-task", &["--env", "dev", "--seconds", "600", "--after", "1"]).await;
    let mut promotion = scene.place.command(&["promote", "dev", "--release", "v1.4.0"]).spawn().unwrap();
    let mut lines = BufReader::new(promotion.stderr.take().unwrap()).lines();
    while !lines.next_line().await.unwrap().expect("it goes on").contains("update: the task is pending") {}
    kill(i32::try_from(promotion.id().unwrap()).unwrap());
    promotion.wait().await.unwrap();

    let said = scene.place.run(&["reconcile", "dev"]).await;
    let text = format!("{}{}", said.out, said.err);
    assert!(text.contains("still running") && text.contains("or as a task"), "{text}");
    let task = scene.tasks("RUNNING").await.remove(0)["taskArn"].clone();
    scene.ecs("StopTask", &json!({"cluster": CLUSTER, "task": task})).await;
    until("it is stopped", async || scene.tasks("RUNNING").await.is_empty()).await;
    let said = scene.place.run(&["reconcile", "dev"]).await;
    assert!(!said.out.contains("still running"), "{said:#?}");
    scene.clear().await;
    scene.settles("○ dev: v1.4.0, not started", 3).await;
    assert_eq!(scene.promote("v1.4.0").await.code, 0);
    scene.end().await;
}

#[tokio::test]
async fn the_doctor_looks_at_the_definition_of_the_task_before_it_is_needed() {
    let scene = Scene::with_tasks(&[]).await;
    let row = |said: &Value| {
        let needs = said["needs"].as_array().unwrap();
        let row = needs.iter().find(|row| row["need"] == "migration task" && row["name"] == "dev");
        row.unwrap_or_else(|| panic!("{said:#}")).clone()
    };
    let well = row(&scene.place.json(&["doctor"]).await);
    assert_eq!(well["state"], "well", "{well}");
    assert!(well["found"].as_str().unwrap().starts_with(FAMILY), "{well}");
    scene.configure(|table| {
        let ecs = table["liquibase"]["ecs"].as_table_mut().unwrap();
        ecs.insert("container".to_owned(), "elsewhere".into());
    });
    let said = scene.place.run(&["doctor", "--output", "json"]).await;
    assert_eq!(said.code, 65, "{said:?}");
    let wrong = row(&serde_json::from_str(&said.out).unwrap());
    assert_eq!(wrong["state"], "wrong", "{wrong}");
    assert!(wrong["because"][0].as_str().unwrap().contains("has no container called elsewhere"), "{wrong}");
}
