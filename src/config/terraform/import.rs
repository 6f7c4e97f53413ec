//! From `terraform output -json` to a `lockstep.toml`: values change, comments and everything else stay.

use serde_json::{Map, Value};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::domain::failure::{Failure, FailureKind};

/// Outputs that are one value: the output, then table and key.
const VALUES: [(&str, &str, &str); 8] = [
    ("demo_id", "instance", "id"),
    ("region", "aws", "region"),
    ("account_id", "aws", "account"),
    ("database_instance", "database", "instance"),
    ("username_secret", "database", "username_secret"),
    ("password_secret", "database", "password_secret"),
    ("image_repository", "releases", "image"),
    ("reports_bucket", "reports", "bucket"),
];

/// The output with the environments, in order.
const ENVIRONMENTS: &str = "environments";

/// What an environment of the output has.
const OF_AN_ENVIRONMENT: [&str; 3] = ["name", "service", "database"];

/// Where an environment answers; null while it has no service.
const ADDRESS: &str = "address";

/// The output that is a whole `lockstep.toml`, for where there is none yet.
const WHOLE: &str = "lockstep_toml";

/// How the addresses end that App Runner gives by itself; lockstep asks for those.
const OWN_ADDRESSES: &str = ".awsapprunner.com";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The whole file.
    pub text: String,
    /// What is otherwise than before, a line each; empty where nothing is.
    pub changes: Vec<String>,
}

/// Puts what Terraform made into `file`; without one, into the file that Terraform writes itself. The failure names
/// everything that the outputs lack.
pub fn import(outputs: &str, file: Option<&str>) -> Result<Imported, Failure> {
    let wrong = || Failure::new(FailureKind::Configuration, "the outputs of Terraform cannot be used");
    let hint = "Give what `terraform output -json` writes, after `terraform apply` in terraform/.";
    let outputs: Map<String, Value> =
        serde_json::from_str(outputs).map_err(|error| wrong().because(error).hint(hint))?;
    let read = Outputs::read(&outputs, file.is_none())
        .map_err(|problems| problems.into_iter().fold(wrong(), Failure::because).hint(hint))?;
    let (text, is_new) = match file {
        Some(file) => (file, false),
        None => (read.whole.as_str(), true),
    };
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let words = error.to_string().lines().next().unwrap_or_default().to_owned();
        Failure::new(FailureKind::Configuration, "the lockstep.toml to import into cannot be read")
            .because(words)
    })?;
    let mut changes = Vec::new();
    for (table, key, text) in &read.values {
        let place = document.entry(table).or_insert_with(|| Item::Table(Table::new()));
        set(place, key, text, &format!("[{table}] {key}"), &mut changes);
    }
    let tables = document.entry("environment").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(tables) = tables.as_array_of_tables_mut() else {
        let because = "`environment` is no list of tables";
        return Err(wrong().because(because).hint("Write each environment as a table: [[environment]]."));
    };
    for environment in &read.environments {
        put(tables, environment, &mut changes);
    }
    Ok(Imported { text: document.to_string(), changes: if is_new { Vec::new() } else { changes } })
}

/// What is needed of the outputs.
struct Outputs {
    values: Vec<(&'static str, &'static str, String)>,
    environments: Vec<Map<String, Value>>,
    whole: String,
}

impl Outputs {
    fn read(outputs: &Map<String, Value>, needs_whole: bool) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let output = |name: &str| outputs.get(name).map(|output| &output["value"]);
        let mut text = |name: &str| match output(name) {
            Some(Value::String(text)) => text.clone(),
            Some(_) => {
                problems.push(format!("the output `{name}` is no text"));
                String::new()
            }
            None => {
                problems.push(format!("there is no output `{name}`"));
                String::new()
            }
        };
        let values = VALUES.map(|(name, table, key)| (table, key, text(name))).to_vec();
        let whole = if needs_whole { text(WHOLE) } else { String::new() };
        let mut environments = Vec::new();
        match output(ENVIRONMENTS) {
            Some(Value::Array(rows)) if !rows.is_empty() => {
                for row in rows {
                    let missing = OF_AN_ENVIRONMENT.iter().find(|key| !row[**key].is_string());
                    let words = match (row, missing) {
                        (Value::Object(row), None) => {
                            environments.push(row.clone());
                            continue;
                        }
                        (_, Some(key)) => format!("an environment of the outputs has no `{key}`"),
                        (_, None) => "an environment of the outputs is no object".to_owned(),
                    };
                    problems.push(words);
                }
            }
            _ => problems.push(format!("there is no output `{ENVIRONMENTS}` with environments in it")),
        }
        if problems.is_empty() { Ok(Self { values, environments, whole }) } else { Err(problems) }
    }
}

/// Puts an environment in its place; one that is not there yet comes last, behind a gate that lets nothing in by itself.
fn put(tables: &mut ArrayOfTables, environment: &Map<String, Value>, changes: &mut Vec<String>) {
    let text = |key: &str| environment.get(key).and_then(Value::as_str);
    let name = text("name").unwrap_or_default();
    let known = tables.iter().position(|table| table.get("name").and_then(Item::as_str) == Some(name));
    let index = known.unwrap_or_else(|| {
        let mut table = Table::new();
        table.insert("name", value(name));
        table.insert("gate", value("approve"));
        tables.push(table);
        changes.push(format!("[[environment]] {name}: new, with gate = \"approve\""));
        tables.len() - 1
    });
    let Some(table) = tables.get_mut(index) else { return };
    let has_address = table.contains_key(ADDRESS);
    let address = text(ADDRESS).filter(|address| has_address || !address.ends_with(OWN_ADDRESSES));
    let wanted = [("service", text("service")), ("database", text("database")), (ADDRESS, address)];
    let mut item = Item::Table(std::mem::take(table));
    for (key, text) in wanted {
        if let Some(text) = text {
            set(&mut item, key, text, &format!("[[environment]] {name}: {key}"), changes);
        }
    }
    if let Item::Table(changed) = item {
        *table = changed;
    }
}

/// Sets a text where it is another one, and keeps what stands around it.
fn set(table: &mut Item, key: &str, text: &str, place: &str, changes: &mut Vec<String>) {
    let before = table.get(key).and_then(Item::as_str).map(str::to_owned);
    if before.as_deref() == Some(text) {
        return;
    }
    let decor = table.get(key).and_then(Item::as_value).map(|value| value.decor().clone());
    let mut new = toml_edit::Value::from(text);
    if let Some(decor) = decor {
        *new.decor_mut() = decor;
    }
    if let Some(table) = table.as_table_like_mut() {
        match table.get_mut(key) {
            Some(item) => *item = Item::Value(new),
            None => {
                table.insert(key, Item::Value(new));
            }
        }
        let before = before.map_or_else(String::new, |before| format!("{before} → "));
        changes.push(format!("{place}: {before}{text}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outputs() -> Value {
        let one = |value: Value| json!({ "sensitive": false, "type": "string", "value": value });
        let environment = |name: &str| {
            json!({
                "name": name, "service": format!("bagel-store-demo2-{name}"), "database": name,
                "address": format!("https://{name}0123.us-east-1.awsapprunner.com"),
            })
        };
        json!({
            "demo_id": one("demo2".into()), "region": one("eu-west-1".into()), "account_id": one("123456789012".into()),
            "database_instance": one("bagel-store-demo2-rds".into()),
            "username_secret": one("demo2/rds/username".into()), "password_secret": one("demo2/rds/password".into()),
            "image_repository": one("public.ecr.aws/l1v5b6d6/demo2-bagel-store".into()),
            "reports_bucket": one("bagel-store-demo2-operation-reports".into()),
            "environments": one(json!([environment("dev"), environment("prod")])),
            "lockstep_toml": one("[instance]\nid = \"x\" # ours\n".into()),
        })
    }

    const FILE: &str = "# The demo.\n[instance]\nid = \"demo1\"   # everywhere\n\n[aws]\nregion = \"us-east-1\"\nprofile = \"mine\"\n\n\
        [[environment]]\nname = \"dev\" # first\nservice = \"old\"\ngate = \"automatic\"\n\n# The end.\n";

    #[test]
    fn values_change_and_comments_stay() {
        let imported = import(&outputs().to_string(), Some(FILE)).unwrap();
        for kept in [
            "# The demo.\n[instance]\nid = \"demo2\"   # everywhere\n\n[aws]\nregion = \"eu-west-1\"\nprofile = \"mine\"\n",
            "name = \"dev\" # first\nservice = \"bagel-store-demo2-dev\"\ngate = \"automatic\"\ndatabase = \"dev\"\n",
            "# The end.",
        ] {
            assert!(imported.text.contains(kept), "{kept}: {}", imported.text);
        }
        assert!(
            imported.changes.contains(&"[instance] id: demo1 → demo2".to_owned()),
            "{:?}",
            imported.changes
        );
        assert!(imported.changes.contains(&"[[environment]] prod: new, with gate = \"approve\"".to_owned()));
        assert!(!imported.text.contains("awsapprunner"), "lockstep asks for those: {}", imported.text);
    }

    #[test]
    fn what_was_imported_once_is_not_changed_by_importing_it_again() {
        let once = import(&outputs().to_string(), Some(FILE)).unwrap();
        let twice = import(&outputs().to_string(), Some(&once.text)).unwrap();
        assert_eq!((twice.text, twice.changes), (once.text, Vec::new()));
    }

    #[test]
    fn without_a_file_the_one_of_terraform_is_taken() {
        let imported = import(&outputs().to_string(), None).unwrap();
        assert!(imported.text.starts_with("[instance]\nid = \"demo2\" # ours\n"), "{}", imported.text);
    }

    #[test]
    fn an_address_of_ones_own_is_taken_over() {
        let mut outputs = outputs();
        outputs["environments"]["value"][0]["address"] = "https://dev-demo2.example.com".into();
        let imported = import(&outputs.to_string(), Some(FILE)).unwrap();
        assert!(imported.text.contains("address = \"https://dev-demo2.example.com\""), "{}", imported.text);
    }

    #[test]
    fn everything_that_the_outputs_lack_is_told_at_once() {
        let failure =
            import(r#"{"region": {"value": 7}, "environments": {"value": [{"name": "dev"}]}}"#, None)
                .unwrap_err();
        assert_eq!(failure.because.len(), 10, "{failure}");
        assert!(failure.because.contains(&"the output `region` is no text".to_owned()));
        assert!(failure.because.contains(&"an environment of the outputs has no `service`".to_owned()));
        assert!(
            import("no outputs found", None).unwrap_err().hint.unwrap().contains("terraform output -json")
        );
    }
}
