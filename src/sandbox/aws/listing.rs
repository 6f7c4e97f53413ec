//! `ListObjectsV2`: which keys of a bucket are asked for, page by page, as S3 tells it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::s3::Object;

/// The most keys of one page.
const PAGE: usize = 1000;

/// The answer.
#[derive(Serialize)]
#[serde(rename = "ListBucketResult", rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(rename = "@xmlns")]
    xmlns: &'static str,
    name: String,
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<String>,
    max_keys: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_type: Option<&'static str>,
    key_count: usize,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_continuation_token: Option<String>,
    contents: Vec<Content>,
    common_prefixes: Vec<CommonPrefix>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    key: String,
    last_modified: String,
    #[serde(rename = "ETag")]
    etag: String,
    size: usize,
    storage_class: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CommonPrefix {
    prefix: String,
}

/// Lists `objects`, which are in the order of their keys.
pub(super) fn listing(bucket: &str, objects: Vec<Object>, asked: &BTreeMap<String, String>) -> Listed {
    let word = |name: &str| asked.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let prefix = word("prefix").unwrap_or_default();
    let delimiter = word("delimiter");
    let after = word("continuation-token").or(word("start-after")).unwrap_or_default();
    let max_keys = word("max-keys").and_then(|count| count.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let is_url = word("encoding-type") == Some("url");
    let shown = |key: &str| if is_url { escaped(key) } else { key.to_owned() };
    let mut contents = Vec::new();
    let mut prefixes = BTreeSet::new();
    let mut last = None;
    let mut is_truncated = false;
    for object in objects {
        if !object.key.starts_with(prefix) || object.key.as_str() <= after {
            continue;
        }
        let rest = &object.key[prefix.len()..];
        let common = delimiter.and_then(|delimiter| {
            Some(object.key[..prefix.len() + rest.find(delimiter)? + delimiter.len()].to_owned())
        });
        let is_told = common.as_ref().is_some_and(|common| prefixes.contains(common) || common == after);
        if !is_told && contents.len() + prefixes.len() == max_keys {
            is_truncated = true;
            break;
        }
        last = Some(object.key.clone());
        match common {
            Some(common) => {
                prefixes.insert(common);
            }
            None => contents.push(Content {
                key: shown(&object.key),
                last_modified: object.modified.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
                etag: format!("\"{}\"", object.etag),
                size: object.size,
                storage_class: "STANDARD",
            }),
        }
    }
    Listed {
        xmlns: "http://s3.amazonaws.com/doc/2006-03-01/",
        name: bucket.to_owned(),
        prefix: shown(prefix),
        delimiter: delimiter.map(shown),
        max_keys,
        encoding_type: is_url.then_some("url"),
        key_count: contents.len() + prefixes.len(),
        is_truncated,
        next_continuation_token: last.filter(|_| is_truncated),
        contents,
        common_prefixes: prefixes.iter().map(|prefix| CommonPrefix { prefix: shown(prefix) }).collect(),
    }
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            escaped + char::from(byte).encode_utf8(&mut [0; 4])
        }
        other => escaped + &format!("%{other:02X}"),
    })
}
