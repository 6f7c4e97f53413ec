//! Documents: YAML changelogs as trees.

use serde_json::Value;

use super::Problem;
use super::node::{Node, Scalar};

/// Reads the text of the file at `path`.
pub(super) fn read(path: &str, text: &str) -> (Option<Node>, Vec<Problem>) {
    match serde_saphyr::from_str::<Value>(text) {
        Ok(Value::Object(map)) => {
            let mut root =
                Node { name: "databaseChangeLog".to_owned(), line: 1, value: None, children: Vec::new() };
            if let Some(Value::Array(items)) = map.get("databaseChangeLog") {
                for item in items {
                    if let Value::Object(map) = item {
                        root.children.extend(map.iter().map(|(name, value)| node(name, value)));
                    }
                }
            }
            (Some(root), Vec::new())
        }
        Ok(_) => {
            (None, vec![Problem::error(path, Some(1), "it is no changelog", "Begin with databaseChangeLog.")])
        }
        Err(error) => {
            let line = error.location().map(|location| location.line()).and_then(|line| line.try_into().ok());
            let text = error.to_string();
            let text = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            (None, vec![Problem::error(path, line, text, "Correct the YAML there.")])
        }
    }
}

fn node(name: &str, value: &Value) -> Node {
    let mut made = Node { name: name.to_owned(), line: 1, value: None, children: Vec::new() };
    match value {
        Value::Null => {}
        Value::Bool(value) => made.value = Some(Scalar::Boolean(*value)),
        Value::Number(number) => made.value = Some(Scalar::Integer(number.to_string())),
        Value::String(text) => made.value = Some(Scalar::Text(text.clone())),
        Value::Array(items) => {
            for item in items {
                if let Value::Object(map) = item {
                    made.children.extend(map.iter().map(|(name, value)| node(name, value)));
                }
            }
        }
        Value::Object(map) => made.children.extend(map.iter().map(|(name, value)| node(name, value))),
    }
    made
}
