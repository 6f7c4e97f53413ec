//! `lockstep config`: every mistake at once, and the way to `terraform/` and back, by the names that stand there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Stdio;

use regex::Regex;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::place::{Place, Said};

fn terraform(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the blocks of a kind in a file of `terraform/`.
fn blocks(kind: &str, file: &str) -> BTreeSet<String> {
    let block = Regex::new(&format!(r#"(?m)^{kind} "(\w+)" \{{"#)).unwrap();
    let names: BTreeSet<_> = block.captures_iter(&terraform(file)).map(|hit| hit[1].to_owned()).collect();
    assert!(names.len() > 10, "{file} has no {kind}");
    names
}

/// The keys of an environment, as outputs.tf gives them.
fn keys_of_an_environment() -> BTreeSet<String> {
    let text = terraform("outputs.tf");
    let (_, rest) = text.split_once("output \"environments\"").unwrap();
    let (body, _) = rest.split_once("}]").unwrap();
    let key = Regex::new(r"(?m)^    (\w+) +=").unwrap();
    key.captures_iter(body).map(|hit| hit[1].to_owned()).collect()
}

/// What `terraform output -json` would say of the demo `id`, under the names that outputs.tf has.
fn outputs(id: &str, region: &str) -> Value {
    let values = BTreeMap::from([
        ("demo_id", json!(id)),
        ("account_id", json!("123456789012")),
        ("region", json!(region)),
        ("database_instance", json!(format!("bagel-store-{id}-rds"))),
        ("username_secret", json!(format!("{id}/rds/username"))),
        ("password_secret", json!(format!("{id}/rds/password"))),
        ("image_repository", json!(format!("public.ecr.aws/l1v5b6d6/{id}-bagel-store"))),
        ("reports_bucket", json!(format!("bagel-store-{id}-operation-reports"))),
        ("lockstep_toml", json!(whole(id))),
    ]);
    let of_an_environment = |name: &str, key: &str| match key {
        "name" | "database" => json!(name),
        "service" => json!(format!("bagel-store-{id}-{name}")),
        "address" => json!(format!("https://{name}-{id}.example.com")),
        other => panic!("outputs.tf gives an environment a {other}, and nobody has said what it is"),
    };
    let keys = keys_of_an_environment();
    let environment = |name: &str| -> Value {
        keys.iter()
            .map(|key| (key.clone(), of_an_environment(name, key)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let environments = ["dev", "test", "staging", "prod"].map(environment);
    let outputs = blocks("output", "outputs.tf").into_iter().map(|name| {
        let value = match name.as_str() {
            "environments" => json!(environments),
            name => values.get(name).cloned().unwrap_or(Value::Null),
        };
        (name, json!({ "sensitive": false, "type": "dynamic", "value": value }))
    });
    outputs.collect::<serde_json::Map<_, _>>().into()
}

/// What the template of `terraform/` makes, with its holes filled as outputs.tf fills them.
fn whole(id: &str) -> String {
    let environment = |name: &str| {
        format!(
            "\n[[environment]]\nname = \"{name}\"\nservice = \"x\"\ndatabase = \"{name}\"\ngate = \"approve\"\n"
        )
    };
    let text = terraform("lockstep.toml.tftpl");
    let (head, _) = text.split_once("%{").unwrap();
    let head = Regex::new(r"\$\{\w+\}").unwrap().replace_all(head, "x");
    format!(
        "{}{}",
        head.replace("id = \"x\"", &format!("id = \"{id}\"")),
        ["dev", "test", "staging", "prod"].map(environment).concat()
    )
}

async fn import(place: &Place, outputs: &Value, more: &[&str]) -> Said {
    let words = [&["config", "import-terraform", "-"], more].concat();
    let mut child = place.command(&words).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(outputs.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// The variables that a text sets.
fn set(text: &str) -> BTreeMap<String, String> {
    let line = Regex::new(r#"(?m)^(\w+) *= "?(.*?)"?$"#).unwrap();
    line.captures_iter(text).map(|hit| (hit[1].to_owned(), hit[2].to_owned())).collect()
}

#[tokio::test]
async fn what_terraform_made_goes_into_the_file_and_its_variables_come_out_again() {
    let place = Place::fresh();
    let file = place.work().join("lockstep.toml");
    let said = import(&place, &outputs("demo7", "eu-west-1"), &[]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(!file.exists(), "it is printed only");
    let said = import(&place, &outputs("demo7", "eu-west-1"), &["--write"]).await;
    assert_eq!(said.code, 0, "{said:#?}");
    assert_eq!(place.run(&["config", "check"]).await.code, 0);

    let said = place.run(&["config", "tfvars", "--deployed-by", "ana@example.com"]).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""), "names are those that Terraform makes");
    let variables = set(&said.out);
    let known = blocks("variable", "variables.tf");
    let unknown: Vec<_> = variables.keys().filter(|name| !known.contains(*name)).collect();
    assert!(unknown.is_empty(), "variables.tf has no {unknown:?}");
    let expected = [
        ("demo_id", "demo7"),
        ("deployed_by", "ana@example.com"),
        ("region", "eu-west-1"),
        ("image_registry_alias", "l1v5b6d6"),
        ("enable_route53", "true"),
        ("domain", "example.com"),
    ];
    for (name, value) in expected {
        assert_eq!(variables.get(name).map(String::as_str), Some(value), "{}", said.out);
    }
    // A variable without a default has to be set, or it is a password, which never is.
    for name in blocks("variable", "variables.tf") {
        let text = terraform("variables.tf");
        let (_, body) = text.split_once(&format!("variable \"{name}\" {{")).unwrap();
        let (body, _) = body.split_once("\n}").unwrap();
        let is_needed = !body.contains("\n  default ");
        assert!(
            !is_needed || variables.contains_key(&name) || body.contains("sensitive   = true"),
            "{name} is needed"
        );
    }
}

#[tokio::test]
async fn what_a_person_wrote_stays_and_every_change_is_told() {
    let place = Place::fresh();
    let file = place.work().join("lockstep.toml");
    import(&place, &outputs("demo7", "eu-west-1"), &["--write"]).await;
    let text = fs::read_to_string(&file).unwrap();
    let written = text.replacen("gate = \"approve\"", "gate = \"confirm\" # nobody waits here", 1);
    fs::write(&file, format!("# Ours.\n{written}")).unwrap();
    let said = import(&place, &outputs("demo7", "us-west-2"), &["--write"]).await;
    assert_eq!((said.code, said.err.as_str()), (0, "[aws] region: eu-west-1 → us-west-2\n"), "{said:#?}");
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("# Ours.\n") && text.contains("gate = \"confirm\" # nobody waits here"),
        "{text}"
    );
    let said = import(&place, &outputs("demo7", "us-west-2"), &["--write"]).await;
    assert!(said.out.contains("has all of it already"), "{said:#?}");

    // What the outputs lack is told, and the file stays as it is.
    let mut lacking = outputs("demo7", "eu-west-1");
    lacking.as_object_mut().unwrap().remove("region");
    lacking.as_object_mut().unwrap().remove("account_id");
    let said = import(&place, &lacking, &["--write"]).await;
    assert_eq!(said.code, 65);
    for words in ["there is no output `region`", "there is no output `account_id`", "terraform output -json"]
    {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn every_mistake_of_every_file_is_told_at_once() {
    let place = Place::fresh();
    let wrong = "[instance]\nid = \"demo1\"\ntitel = \"x\"\n[aws]\nregion = \"us-east-1\"\naccount = \"12\"\n[database]\ninstance = \"a\"\n\
        username_secret = \"b\"\nca_bundle = \"system\"\n[releases]\nfolder = \"dist\"\nimage = \"i\"\n[keys]\nno-such-action = \"x\"\n\
        [[environment]]\nname = \"dev\"\nservice = \"s\"\ndatabase = \"d\"\ngate = \"never\"\n";
    fs::write(place.work().join("lockstep.toml"), wrong).unwrap();
    fs::write(place.home().join("config.toml"), "[keyz]\n").unwrap();
    let said = place.run(&["config", "check"]).await;
    assert_eq!(said.code, 65, "{said:#?}");
    for words in [
        "line 3: unknown field `titel`; `title` is one",
        "line 6: [aws] account: `12` is not an account of twelve digits",
        "[database] username_secret needs a password_secret",
        "line 20: unknown variant `never`",
        "unknown field `keyz`",
    ] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let said = place.run(&["config", "check", "--output", "json"]).await;
    let value: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, value["problems"].as_array().unwrap().len()), (65, 5), "{value:#}");
}
