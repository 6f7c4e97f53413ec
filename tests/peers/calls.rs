//! Our calls to an AWS that others made: the built program against moto's STS, Secrets Manager, RDS, S3 and Logs.

use std::fs;

use serde_json::Value;

use super::moto::{ACCOUNT, Moto, PASSWORD};
use crate::program::place::Place;

/// A project on this moto, whose `[aws]` has these lines besides.
fn project(moto: &Moto, aws: &str) -> Place {
    let place = Place::fresh();
    let text = format!(
        "[instance]\nid = \"demo9\"\n[aws]\nregion = \"us-east-1\"\nendpoint_url = \"{}\"\naccess_key_id = \"test\"\n\
         secret_access_key = \"a-secret-key\"\n{aws}[database]\ninstance = \"bagel-store-demo9-rds\"\n\
         username_secret = \"demo9/rds/username\"\npassword_secret = \"demo9/rds/password\"\n[releases]\nfolder = \".\"\n\
         image = \"registry.example/store\"\n[reports]\nbucket = \"demo9-reports\"\n[deadlines]\nlook = 20.0\n\
         [[environment]]\nname = \"dev\"\nservice = \"store-test\"\ndatabase = \"dev\"\ngate = \"confirm\"\n\
         address = \"http://127.0.0.1:9\"\n",
        moto.front
    );
    fs::write(place.work().join("lockstep.toml"), text).unwrap();
    place
}

async fn examined(place: &Place) -> Value {
    let said = place.run(&["doctor", "--output", "json"]).await;
    assert!(!said.out.contains(PASSWORD) && !said.err.contains(PASSWORD), "{said:#?}");
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:#?}"))
}

fn need<'v>(said: &'v Value, name: &str) -> &'v Value {
    let mut needs = said["needs"].as_array().unwrap().iter();
    needs.find(|need| need["need"] == name).unwrap_or_else(|| panic!("no {name}: {said:#}"))
}

fn found<'v>(said: &'v Value, name: &str) -> (&'v str, &'v str) {
    let need = need(said, name);
    (need["state"].as_str().unwrap(), need["found"].as_str().unwrap())
}

#[tokio::test]
async fn everything_that_is_there_is_seen() {
    let Some(moto) = Moto::start().await else { return };
    moto.furnish().await;
    let place = project(&moto, &format!("account = \"{ACCOUNT}\"\n"));
    let said = examined(&place).await;
    let (state, who) = found(&said, "credentials");
    assert!(state == "well" && who.contains(ACCOUNT), "{said:#}");
    assert_eq!(found(&said, "account"), ("well", &*format!("{ACCOUNT}, as configured")));
    assert_eq!(found(&said, "clock").0, "well");
    let (state, server) = found(&said, "database server");
    assert!(
        state == "well" && server.starts_with("bagel-store-demo9-rds at bagel-store-demo9-rds."),
        "{server}"
    );
    assert!(server.ends_with(":5432"), "{server}");
    let sign_in = "demo9/rds/username and demo9/rds/password can be read";
    assert_eq!(found(&said, "database sign-in"), ("well", sign_in));
    assert_eq!(found(&said, "reports bucket"), ("well", "demo9-reports is there"));
    assert_eq!(found(&said, "service log"), ("well", "can be read"));
    let status = place.run(&["status", "--output", "json"]).await;
    let status: Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(status["identity"]["account"], ACCOUNT);
}

#[tokio::test]
async fn what_is_missing_there_is_told_by_its_name() {
    let Some(moto) = Moto::start().await else { return };
    let place = project(&moto, "");
    let said = examined(&place).await;
    for (name, code) in
        [("database server", "DBInstanceNotFound"), ("database sign-in", "ResourceNotFoundException")]
    {
        let need = need(&said, name);
        assert_eq!(need["kind"], "configuration", "{need:#}");
        assert!(need["because"][0].as_str().unwrap().starts_with(code), "{need:#}");
        assert!(need["mend"].as_str().unwrap().contains("it is in us-east-1"), "{need:#}");
    }
    let bucket = need(&said, "reports bucket");
    assert_eq!(bucket["because"][0], "there is no bucket of that name", "{bucket:#}");
    // A log that is not there yet is one that could be read.
    assert_eq!(found(&said, "service log"), ("well", "can be read"));
}

#[tokio::test]
async fn a_role_is_taken_on_and_its_account_is_the_callers() {
    let Some(moto) = Moto::start().await else { return };
    moto.furnish().await;
    let place =
        project(&moto, "role_arn = \"arn:aws:iam::222222222222:role/Release\"\nexternal_id = \"bagels\"\n");
    let said = examined(&place).await;
    let (state, who) = found(&said, "credentials");
    let arn = "arn:aws:sts::222222222222:assumed-role/Release/lockstep-";
    assert!(state == "well" && who.starts_with(arn), "{said:#}");
    assert_eq!(found(&said, "account"), ("well", "222222222222, as configured"));
}

#[tokio::test]
async fn a_report_is_put_into_the_bucket_as_it_is_on_disk() {
    let Some(moto) = Moto::start().await else { return };
    moto.furnish().await;
    let place = project(&moto, "");
    let changelog = place.work().join("changelog");
    fs::create_dir(&changelog).unwrap();
    let text = "--liquibase formatted sql\n--changeset ana:1\ncreate table bagels (id int primary key);\n--rollback drop table bagels;\n";
    fs::write(changelog.join("changelog-master.sql"), text).unwrap();
    let words = ["check", "--changelog", "changelog/changelog-master.sql", "--report"];
    let said = place.run(&words).await;
    assert_eq!(said.code, 0, "{said:#?}");
    let listed = moto.s3().list_objects_v2().bucket("demo9-reports").send().await.unwrap();
    let keys: Vec<_> = listed.contents().iter().filter_map(|object| object.key()).collect();
    assert!(keys.len() == 1 && keys[0].starts_with("reports/"), "{keys:?}: {said:#?}");
    let object = moto.s3().get_object().bucket("demo9-reports").key(keys[0]).send().await.unwrap();
    assert_eq!(object.content_type(), Some("text/html; charset=utf-8"));
    let there = object.body.collect().await.unwrap().to_vec();
    let path = said.err.lines().find_map(|line| line.strip_prefix("report: /")).expect("a path");
    assert!(there == fs::read(format!("/{path}")).unwrap(), "the bytes are the same");
}
