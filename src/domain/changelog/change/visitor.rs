//! `modifySql`: changes to the SQL that Liquibase makes, each a part of the changeset's sum.

use super::attribute::Read;
use super::object::{Field, Object};
use super::{Parts, boolean, own_text, text, trimmed};
use crate::domain::changelog::checksum::{Algorithm, Checksum};
use crate::domain::changelog::filter;
use crate::domain::changelog::node::Node;

/// What can be done to SQL, with the attributes it takes.
const KINDS: [(&str, &[&str]); 4] = [
    ("append", &["value"]),
    ("prepend", &["value"]),
    ("replace", &["replace", "with"]),
    ("regExpReplace", &["replace", "with"]),
];

/// What binds it to contexts and labels.
const BINDINGS: [&str; 4] = ["context", "contexts", "contextFilter", "labels"];

/// From this many names on, Java's sets grow and have their names in another order.
const BIG_SET: usize = 12;

/// What a `modifySql` does, one thing.
struct Visitor {
    name: &'static str,
    object: Object,
    dbms: Option<String>,
    /// True when contexts or labels decide whether it counts.
    is_bound: bool,
}

/// The sums of what a `modifySql` does, in order.
pub(in crate::domain::changelog) fn visitors(node: &Node) -> Read<Vec<Parts>> {
    Ok(objects(node)?.iter().map(Visitor::parts).collect())
}

fn objects(node: &Node) -> Read<Vec<Visitor>> {
    let own_dbms = text(node, "dbms")?;
    let applies_to_rollback = boolean(node, "applyToRollback")?.unwrap_or(false);
    let mut is_bound = false;
    for name in BINDINGS {
        is_bound |= text(node, name)?.as_deref().and_then(trimmed).is_some();
    }
    let mut visitors = Vec::new();
    for child in &node.children {
        let Some((name, attributes)) = KINDS.iter().find(|(name, _)| *name == child.name) else { continue };
        let last =
            |name: &str| child.children.iter().rev().find(|child| child.name == name).and_then(own_text);
        let mut object = Object::default();
        object.set_text(
            "applyToRollback",
            Some(boolean(child, "applyToRollback")?.unwrap_or(applies_to_rollback)),
        );
        for attribute in *attributes {
            object.set_text(attribute, last(attribute));
        }
        visitors.push(Visitor {
            name,
            object,
            dbms: last("dbms").or_else(|| own_dbms.clone()),
            is_bound: is_bound || child.children.iter().any(|child| BINDINGS.contains(&child.name.as_str())),
        });
    }
    Ok(visitors)
}

impl Visitor {
    /// One for another kind of database does not count; the kinds themselves count in version 8 only.
    fn parts(&self) -> Parts {
        if self.is_bound {
            return Parts::open("a modifySql with contexts or labels; only Liquibase can tell");
        }
        let dbms = self.dbms.as_deref().unwrap_or_default();
        if !filter::is_for(&filter::list(dbms), filter::DATABASE) {
            return Parts::of(|_| Ok(None));
        }
        let names = names(dbms);
        Parts::of(|algorithm| {
            let mut object = self.object.clone();
            if algorithm == Algorithm::V8 && !names.is_empty() {
                if names.len() > BIG_SET {
                    return Err(
                        "a modifySql for that many kinds of database; only Liquibase can tell".to_owned()
                    );
                }
                object.set("applicableDbms", Some(Field::Names(names.clone())));
            }
            Ok(Some(Checksum::of_text(algorithm, &object.printed(self.name))))
        })
    }
}

/// The names of a comma list in the order in which Java's `HashSet` of sixteen buckets has them.
fn names(list: &str) -> Vec<String> {
    let mut names: Vec<(u32, String)> = Vec::new();
    for name in list.split(',').filter_map(trimmed) {
        let hash =
            name.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
        if !names.iter().any(|(_, known)| known == name) {
            names.push(((hash ^ (hash >> 16)) & 15, name.to_owned()));
        }
    }
    names.sort_by_key(|(bucket, _)| *bucket);
    names.into_iter().map(|(_, name)| name).collect()
}

/// The texts that are hashed in version 9.
#[cfg(test)]
pub(super) fn printed(node: &Node) -> Vec<String> {
    let objects = objects(node).unwrap_or_default();
    objects.iter().map(|visitor| visitor.object.printed(visitor.name)).collect()
}
