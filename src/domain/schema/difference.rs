//! What two schemas say of each other, difference by difference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Aspect, Key, Kind, Object, ObjectName, Schema};

/// One thing in which two databases, A and B, differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The object. Where its names differ, A's.
    pub object: ObjectName,
    /// What differs.
    pub what: What,
    /// Whether it matters.
    pub kind: DifferenceKind,
    /// True when the whole that the object belongs to is missing as well.
    pub is_part: bool,
}

/// In what two databases differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Only A has the object.
    OnlyInA(Arc<Object>),
    /// Only B has it.
    OnlyInB(Arc<Object>),
    /// Both have it, and say different things of it, as PostgreSQL writes them.
    Changed {
        /// What they say different things of.
        aspect: Aspect,
        /// A's.
        a: Option<String>,
        /// B's.
        b: Option<String>,
    },
}

/// Whether a difference matters to what runs on the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It does, or nobody can say that it does not.
    Real,
    /// It does not, and why.
    Cosmetic(&'static str),
}

/// Every difference of `a` and `b`, those of one table together.
pub fn diff(a: &Schema, b: &Schema) -> Vec<Difference> {
    // What is the very same object, or the same look, has nothing to compare.
    if std::ptr::eq(a, b) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let (mut only_a, mut only_b) = (Vec::new(), Vec::new());
    for (key, object) in &a.objects {
        match b.objects.get(key) {
            Some(other) => compare(object, other, &mut found),
            None => only_a.push(object),
        }
    }
    only_b
        .extend(b.objects.iter().filter(|(key, _)| !a.objects.contains_key(*key)).map(|(_, object)| object));
    pair(&mut only_a, &mut only_b, &mut found);
    let wholes = |schema: &Schema| -> BTreeSet<(String, String)> {
        let wholes = schema.objects.values().filter(|object| !object.name.is_part());
        wholes.map(|object| (object.name.schema.clone(), object.name.of.clone())).collect()
    };
    let missing = |object: &Arc<Object>, what: What, wholes: &BTreeSet<(String, String)>| {
        let name = &object.name;
        let is_part = name.is_part() && !wholes.contains(&(name.schema.clone(), name.of.clone()));
        Difference { object: name.clone(), what, kind: DifferenceKind::Real, is_part }
    };
    let (wholes_a, wholes_b) = (wholes(a), wholes(b));
    found.extend(only_a.into_iter().map(|object| missing(object, What::OnlyInA(object.clone()), &wholes_b)));
    found.extend(only_b.into_iter().map(|object| missing(object, What::OnlyInB(object.clone()), &wholes_a)));
    found.extend(orders_of_columns(a, b));
    found.sort_by(|left, right| left.object.cmp(&right.object));
    found
}

impl Difference {
    /// True when it matters.
    pub fn is_real(&self) -> bool {
        self.kind == DifferenceKind::Real
    }

    /// What A says, in one line; `None` when A says nothing.
    pub fn a(&self) -> Option<String> {
        match &self.what {
            What::OnlyInA(object) => Some(object.words()),
            What::OnlyInB(_) => None,
            What::Changed { a, .. } => a.as_deref().map(one_line),
        }
    }

    /// What B says, in one line; `None` when B says nothing.
    pub fn b(&self) -> Option<String> {
        match &self.what {
            What::OnlyInA(_) => None,
            What::OnlyInB(object) => Some(object.words()),
            What::Changed { b, .. } => b.as_deref().map(one_line),
        }
    }

    /// The word for what differs, for machines and as a heading.
    pub fn word(&self) -> &'static str {
        match &self.what {
            What::OnlyInA(_) => "only in a",
            What::OnlyInB(_) => "only in b",
            What::Changed { aspect, .. } => aspect.word(),
        }
    }

    /// `+` when B has more than A, `-` when it has less, `~` when it has something else.
    pub fn sign(&self) -> char {
        match &self.what {
            What::OnlyInA(_) => '-',
            What::OnlyInB(_) => '+',
            What::Changed { .. } => '~',
        }
    }

    /// The short form, such as `+ column orders.note`.
    pub fn short(&self) -> String {
        let (sign, object) = (self.sign(), &self.object);
        match &self.what {
            What::Changed { aspect, .. } => format!("{sign} {object} ({})", aspect.word()),
            _ => format!("{sign} {object}"),
        }
    }
}

/// Objects under the same key.
fn compare(a: &Object, b: &Object, found: &mut Vec<Difference>) {
    let name = a.name.clone();
    let mut changed = |aspect, a: Option<&str>, b: Option<&str>, kind| {
        let what = What::Changed { aspect, a: a.map(str::to_owned), b: b.map(str::to_owned) };
        found.push(Difference { object: name.clone(), what, kind, is_part: false });
    };
    if a.name.name != b.name.name {
        let are_made_up = a.has_made_up_name() && b.has_made_up_name();
        let why = Aspect::Name.is_cosmetic().filter(|_| are_made_up);
        let kind = why.map_or(DifferenceKind::Real, DifferenceKind::Cosmetic);
        changed(Aspect::Name, Some(&a.name.name), Some(&b.name.name), kind);
    }
    let aspects: BTreeSet<Aspect> = a.aspects().chain(b.aspects()).collect();
    for aspect in aspects {
        // The order of columns is a matter of the table; the sequence of a column is an object of its own.
        if matches!(aspect, Aspect::Position | Aspect::OwnSequence) || a.written(aspect) == b.written(aspect)
        {
            continue;
        }
        let same_but_for_name = a.name.name != b.name.name && a.canonical(aspect) == b.canonical(aspect);
        if same_but_for_name && (a.name.kind, aspect) == (Kind::Index, Aspect::Definition) {
            continue;
        }
        let same = (a.canonical(aspect) == b.canonical(aspect)).then_some(why_same(a.name.kind, aspect));
        let kind = aspect.is_cosmetic().or(same).map_or(DifferenceKind::Real, DifferenceKind::Cosmetic);
        changed(aspect, a.written(aspect), b.written(aspect), kind);
    }
}

fn why_same(kind: Kind, aspect: Aspect) -> &'static str {
    match (kind, aspect) {
        (Kind::Routine | Kind::View | Kind::MaterializedView | Kind::Rule, _) => {
            "only spaces, comments or the case of letters"
        }
        (_, Aspect::Default) => "the same default, written in another way",
        _ => "the same, written in another way",
    }
}

/// Finds what has another key in either database and is the same for people: by its name, and constraints and
/// indexes by what they say.
fn pair<'s>(
    only_a: &mut Vec<&'s Arc<Object>>,
    only_b: &mut Vec<&'s Arc<Object>>,
    found: &mut Vec<Difference>,
) {
    let by_name = |a: &Object, b: &Object| a.name == b.name && a.name.kind != Kind::Grant;
    let by_definition = |a: &Object, b: &Object| {
        matches!(a.name.kind, Kind::Constraint | Kind::Index)
            && (&a.name.schema, &a.name.of, a.name.kind) == (&b.name.schema, &b.name.of, b.name.kind)
            && a.canonical(Aspect::Definition) == b.canonical(Aspect::Definition)
    };
    for is_same in [&by_name as &dyn Fn(&Object, &Object) -> bool, &by_definition] {
        only_a.retain(|a| {
            let Some(index) = only_b.iter().position(|b| is_same(a, b)) else { return true };
            let b = only_b.remove(index);
            compare(a, b, found);
            false
        });
    }
}

/// The tables whose common columns stand in another order.
fn orders_of_columns(a: &Schema, b: &Schema) -> Vec<Difference> {
    let (columns_a, columns_b) = (columns(a), columns(b));
    let mut found = Vec::new();
    for ((schema, table), a) in &columns_a {
        let Some(b) = columns_b.get(&(schema, table)) else { continue };
        let common = |these: &[&str], those: &[&str]| {
            let names = these.iter().filter(|name| those.contains(name));
            names.copied().collect::<Vec<_>>().join(", ")
        };
        let (a, b) = (common(a, b), common(b, a));
        if a != b {
            let object = ObjectName {
                schema: (*schema).to_owned(),
                of: (*table).to_owned(),
                kind: Kind::Table,
                name: (*table).to_owned(),
            };
            let what = What::Changed { aspect: Aspect::Position, a: Some(a), b: Some(b) };
            let why = Aspect::Position.is_cosmetic();
            let kind = why.map_or(DifferenceKind::Real, DifferenceKind::Cosmetic);
            found.push(Difference { object, what, kind, is_part: false });
        }
    }
    found
}

/// The columns of every table, in their order.
fn columns(schema: &Schema) -> BTreeMap<(&str, &str), Vec<&str>> {
    let mut tables: BTreeMap<_, Vec<(u32, &str)>> = BTreeMap::new();
    for (Key { schema, of, kind, name }, object) in &schema.objects {
        if *kind == Kind::Column {
            let position = object.written(Aspect::Position).and_then(|text| text.parse().ok());
            let table = tables.entry((schema.as_str(), of.as_str())).or_default();
            table.push((position.unwrap_or_default(), name.as_str()));
        }
    }
    let ordered = tables.into_iter().map(|(table, mut columns)| {
        columns.sort_unstable();
        (table, columns.into_iter().map(|(_, name)| name).collect())
    });
    ordered.collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
