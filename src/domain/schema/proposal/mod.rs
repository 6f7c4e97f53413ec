//! The SQL that would bring B to what A is: a proposal for a person to read, never run by lockstep.
//!
//! What would destroy something, and what may not go as it is written, stands there as a comment.

mod statements;

use super::{Aspect, Difference, Kind, Object, What};
use statements::{Statement, identifier};

/// The parts of a proposal, in the order in which they can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Frames,
    Types,
    Sequences,
    Routines,
    Tables,
    Columns,
    Views,
    Constraints,
    References,
    Indexes,
    Triggers,
    Grants,
    Remarks,
    Drops,
}

/// The SQL that would bring B to what A is. Empty when nothing real differs.
pub fn proposal(differences: &[Difference]) -> String {
    let mut statements: Vec<(Phase, Statement)> = Vec::new();
    for difference in differences.iter().filter(|difference| difference.is_real()) {
        match &difference.what {
            What::OnlyInA(object) => {
                let is_given = difference.is_part && is_default(object);
                statements.extend(if is_given { Vec::new() } else { make(object, differences) });
                let owner = object.written(Aspect::Owner).map(|owner| statements::owner(&object.name, owner));
                statements.extend(owner.map(|statement| (Phase::Grants, statement)));
            }
            What::OnlyInB(object) => statements.extend(drop(object, difference.is_part)),
            What::Changed { aspect, a, b } => {
                statements.extend(change(difference, *aspect, a.as_deref(), b.as_deref()));
            }
        }
    }
    if statements.is_empty() {
        return String::new();
    }
    statements.sort_by_key(|(phase, _)| *phase);
    let statements = in_order_of_views(statements);
    let mut text = String::from(
        "-- A proposal: it would bring B to what A is. Nothing of it was run.\n\
         -- Read it first; what destroys something, or may not go as it stands, is a comment.\n",
    );
    if statements.iter().any(|(phase, _)| *phase == Phase::Routines) {
        text.push_str("set check_function_bodies = off;\n");
    }
    for (_, statement) in statements {
        text.push('\n');
        text.push_str(&statement.text());
    }
    text
}

/// What makes an object that only A has.
fn make(object: &Object, differences: &[Difference]) -> Vec<(Phase, Statement)> {
    let name = &object.name;
    let (own, table) = (statements::own(name), statements::table(name));
    let definition = object.written(Aspect::Definition).unwrap_or_default();
    let phase = phase(object);
    let one = |statement: Statement| vec![(phase, statement)];
    match name.kind {
        Kind::Namespace | Kind::Extension | Kind::Type | Kind::Domain => one(frame(object)),
        Kind::Sequence => {
            let mut made = one(Statement::run(format!("create sequence {own} {definition}")));
            if let Some(column) = object.written(Aspect::Column) {
                let owned = format!("alter sequence {own} owned by {table}.{}", identifier(column));
                made.push((Phase::Views, Statement::run(owned)));
            }
            made
        }
        Kind::Table => statements::table_statements(object, differences)
            .into_iter()
            .map(|statement| (Phase::Tables, statement))
            .collect(),
        Kind::ForeignTable => {
            one(Statement::by_hand(format!("create foreign table {own} …"), "needs its server"))
        }
        // Those of a new table are made with it.
        Kind::Column if is_of_new_table(object, differences) => Vec::new(),
        Kind::Column => {
            let column = statements::column(object);
            let statement = Statement::run(format!("alter table {table} add column {column}"));
            let has_value = object.written(Aspect::Nullability).is_none()
                || [Aspect::Default, Aspect::Generated, Aspect::Identity]
                    .into_iter()
                    .any(|aspect| object.written(aspect).is_some());
            let remark = "fails while the table has rows: give it a default";
            one(statement.remark_unless(has_value, remark))
        }
        Kind::View | Kind::MaterializedView => one(statements::make_view(object)),
        Kind::Constraint => {
            let constraint = identifier(&name.name);
            let sql = format!("alter table {table} add constraint {constraint} {definition}");
            let remark = "fails when rows do not fit; locks the table while it looks";
            one(Statement::run(sql).remark_unless(is_of_new_table(object, differences), remark))
        }
        Kind::Index => {
            let remark = "keeps writers out; `concurrently` does not";
            // That of a table with partitions is printed without them; alone it would stay invalid.
            let definition = definition.replacen(" ON ONLY ", " ON ", 1);
            one(Statement::run(definition).remark_unless(is_of_new_table(object, differences), remark))
        }
        Kind::Routine => {
            let mut made = one(Statement::run(definition));
            // A new routine may be called by everybody, unless that is taken back.
            if !grants_of(object, differences).any(|grant| grant.name.name == "public") {
                made.push((
                    Phase::Grants,
                    Statement::run(format!("revoke execute on routine {own} from public")),
                ));
            }
            made
        }
        Kind::Trigger => {
            let mut made = one(Statement::run(definition));
            if object.written(Aspect::Enabled) == Some("disabled") {
                let trigger = identifier(&name.name);
                let disabled = format!("alter table {table} disable trigger {trigger}");
                made.push((phase, Statement::run(disabled)));
            }
            made
        }
        Kind::Rule => one(Statement::run(definition)),
        Kind::Policy => {
            one(Statement::run(format!("create policy {} on {table} {definition}", identifier(&name.name))))
        }
        Kind::Grant => statements::grants(object, "grant").into_iter().map(|it| (phase, it)).collect(),
    }
}

/// What other things are in, or made of.
fn frame(object: &Object) -> Statement {
    let (name, own) = (&object.name, statements::own(&object.name));
    let definition = object.written(Aspect::Definition).unwrap_or_default();
    Statement::run(match name.kind {
        Kind::Extension => {
            format!("create extension {} with schema {}", identifier(&name.name), identifier(&name.schema))
        }
        kind => format!("create {} {own} {definition}", kind.word()),
    })
}

/// True for what everybody may do with a new routine or type by themselves.
fn is_default(grant: &Object) -> bool {
    if grant.name.kind != Kind::Grant || grant.name.name != "public" {
        return false;
    }
    let on = grant.written(Aspect::On).unwrap_or_default();
    let is_all = matches!(grant.written(Aspect::Privileges), Some("EXECUTE" | "USAGE"));
    is_all
        && grant.written(Aspect::Grantable).is_none()
        && (on.starts_with("routine") || on.starts_with("type"))
}

/// The grants on an object that only A has.
fn grants_of<'d>(object: &'d Object, differences: &'d [Difference]) -> impl Iterator<Item = &'d Object> {
    differences.iter().filter_map(move |difference| match &difference.what {
        What::OnlyInA(grant)
            if grant.name.kind == Kind::Grant
                && (&grant.name.schema, &grant.name.of) == (&object.name.schema, &object.name.of) =>
        {
            Some(&**grant)
        }
        _ => None,
    })
}

fn is_of_new_table(object: &Object, differences: &[Difference]) -> bool {
    differences.iter().any(|difference| {
        let name = &difference.object;
        matches!(difference.what, What::OnlyInA(_))
            && name.kind == Kind::Table
            && (&name.schema, &name.of) == (&object.name.schema, &object.name.of)
    })
}

/// What takes away an object that only B has: always for a person to decide.
fn drop(object: &Object, is_part: bool) -> Vec<(Phase, Statement)> {
    if object.name.kind == Kind::Grant {
        let revoked = if is_part { Vec::new() } else { statements::grants(object, "revoke") };
        return revoked.into_iter().map(|statement| (Phase::Grants, statement)).collect();
    }
    // It goes with its table.
    if is_part {
        return Vec::new();
    }
    vec![(Phase::Drops, Statement::destructive(statements::drop(object)))]
}

/// What changes one fact of an object.
fn change(
    difference: &Difference,
    aspect: Aspect,
    a: Option<&str>,
    b: Option<&str>,
) -> Vec<(Phase, Statement)> {
    let name = &difference.object;
    let phase = match name.kind {
        Kind::Column => Phase::Columns,
        Kind::View | Kind::MaterializedView => Phase::Views,
        Kind::Routine => Phase::Routines,
        Kind::Constraint => Phase::References,
        Kind::Index => Phase::Indexes,
        Kind::Trigger | Kind::Rule | Kind::Policy => Phase::Triggers,
        Kind::Grant => Phase::Grants,
        Kind::Extension => Phase::Frames,
        Kind::Type => Phase::Types,
        _ => Phase::Remarks,
    };
    statements::change(name, aspect, a, b).into_iter().map(|statement| (phase, statement)).collect()
}

fn phase(object: &Object) -> Phase {
    match object.name.kind {
        Kind::Namespace | Kind::Extension => Phase::Frames,
        Kind::Type | Kind::Domain => Phase::Types,
        Kind::Sequence => Phase::Sequences,
        Kind::Routine => Phase::Routines,
        Kind::Table | Kind::ForeignTable => Phase::Tables,
        Kind::Column => Phase::Columns,
        Kind::View | Kind::MaterializedView => Phase::Views,
        Kind::Constraint => {
            let definition = object.written(Aspect::Definition).unwrap_or_default();
            if definition.starts_with("FOREIGN") { Phase::References } else { Phase::Constraints }
        }
        Kind::Index => Phase::Indexes,
        Kind::Trigger | Kind::Rule | Kind::Policy => Phase::Triggers,
        Kind::Grant => Phase::Grants,
    }
}

/// A view that another one selects from comes first.
fn in_order_of_views(statements: Vec<(Phase, Statement)>) -> Vec<(Phase, Statement)> {
    let (mut waiting, mut ordered): (Vec<_>, Vec<_>) =
        statements.into_iter().partition(|(_, statement)| statement.view.is_some());
    let at = ordered.partition_point(|(phase, _)| *phase < Phase::Views);
    let mut views = Vec::new();
    while !waiting.is_empty() {
        let is_free = |(_, statement): &(Phase, Statement)| {
            !waiting.iter().any(|(_, other)| {
                other.view != statement.view
                    && other.view.as_ref().is_some_and(|view| statement.sql.contains(view.as_str()))
            })
        };
        // Where names hide in one another there may be a circle; any of it is as good as the others.
        let index = waiting.iter().position(is_free).unwrap_or(0);
        views.push(waiting.remove(index));
    }
    ordered.splice(at..at, views);
    ordered
}
