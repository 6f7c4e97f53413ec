//! What each kind of statement does.

use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::decoded_text::DecodedText;
use squawk_syntax::{SyntaxKind as K, SyntaxNode};

use super::shape::{child_name, column, columns, constraint, has, kind, name, renamed, table, tables, view};
use crate::domain::policy::deed::{Act, Deed, Name};

/// What a node itself does, without what stands in it.
pub(super) fn acts(node: &SyntaxNode) -> Vec<Act> {
    let act = |deed| Act::new(deed).on(table(node));
    let one = |deed| vec![act(deed)];
    let has = |kind| has(node, kind);
    match node.kind() {
        K::TARGET if is_star(node) => vec![Act::new(Deed::SelectStar)],
        K::TABLE if node.children().any(|it| it.kind() == K::RELATION_NAME) && !is_only_asked(node) => {
            one(Deed::SelectStar)
        }
        K::GRANT | K::GRANT_DEFAULT_PRIVILEGES => vec![grant(node)],
        K::REVOKE | K::REVOKE_DEFAULT_PRIVILEGES => vec![Act::new(Deed::Revoke)],
        K::TRUNCATE => tables(node).map(|table| Act::new(Deed::Truncate).on(Some(table))).collect(),
        K::DROP_TABLE => tables(node).map(|table| Act::new(Deed::DropTable).on(Some(table))).collect(),
        K::CASCADE => cascade(node).into_iter().collect(),
        K::CREATE_TABLE => {
            let parent = node.children().find(|it| it.kind() == K::PARTITION_OF).and_then(|it| named_in(&it));
            let made = act(Deed::CreateTable(columns(node)));
            [made].into_iter().chain(parent.map(|parent| Act::new(Deed::LockOut).on(Some(parent)))).collect()
        }
        K::CREATE_TABLE_AS => one(Deed::CreateTableAs),
        K::CREATE_INDEX => {
            let deed = Deed::CreateIndex { is_concurrent: has(K::CONCURRENTLY_KW) };
            vec![act(deed).about(child_name(node, K::INDEX))]
        }
        K::DROP_INDEX => {
            let indexes = node.children().filter(|it| it.kind() == K::INDEX_REF);
            let deed = || Deed::DropIndex { is_concurrent: has(K::CONCURRENTLY_KW) };
            indexes.map(|index| Act::new(deed()).about(name(&index).map(|it| it.to_string()))).collect()
        }
        K::REINDEX => {
            let is_concurrent = node.descendants().any(|it| self::has(&it, K::CONCURRENTLY_KW));
            one(Deed::Reindex { is_concurrent })
        }
        K::REFRESH => one(Deed::RefreshView { is_concurrent: has(K::CONCURRENTLY_KW) }),
        K::VACUUM if node.descendants().any(|it| self::has(&it, K::FULL_KW)) => one(Deed::VacuumFull),
        K::CLUSTER => one(Deed::Cluster),
        K::UPDATE => one(Deed::Update { is_of_all: is_of_all(node) }),
        K::DELETE => one(Deed::Delete { is_of_all: is_of_all(node) }),
        K::LOCK => lock(node),
        K::SET_CONFIG => lock_timeout(node).into_iter().collect(),
        K::CALL_EXPR => set_config(node).into_iter().collect(),
        K::VIEW_RENAME_TO => vec![Act::new(Deed::RenameTable { to: renamed(node) }).on(view(node))],
        _ if node.parent().is_some_and(|it| alters_a_table(&it)) => alteration(node),
        _ => attachment(node),
    }
}

/// What a statement does about views, and about triggers, rules and policies, which lock the table that they are on.
fn attachment(node: &SyntaxNode) -> Vec<Act> {
    let lock_out = |table| Act::new(Deed::LockOut).on(table);
    match node.kind() {
        K::CREATE_VIEW if node.children().any(|it| it.kind() == K::OR_REPLACE) => Vec::new(),
        K::CREATE_VIEW | K::CREATE_MATERIALIZED_VIEW => {
            let view = node.children().find(|it| it.kind() == K::VIEW).and_then(|it| name(&it));
            vec![Act::new(Deed::CreateTableAs).on(view)]
        }
        K::DROP_VIEW | K::DROP_MATERIALIZED_VIEW => {
            let views = node.children().filter(|it| it.kind() == K::VIEW_REF);
            views.map(|view| lock_out(name(&view))).collect()
        }
        K::ALTER_POLICY
        | K::ALTER_TRIGGER
        | K::CREATE_POLICY
        | K::CREATE_RULE
        | K::DROP_POLICY
        | K::DROP_RULE
        | K::DROP_TRIGGER => {
            let on =
                node.children().find(|it| matches!(it.kind(), K::ON_RELATION | K::ON_TABLE | K::RULE_ON));
            vec![lock_out(on.and_then(|on| named_in(&on)))]
        }
        _ => Vec::new(),
    }
}

/// The table that a clause names.
fn named_in(clause: &SyntaxNode) -> Option<Name> {
    let table = clause.children().find(|it| matches!(it.kind(), K::RELATION_NAME_REF | K::TABLE_NAME_REF));
    table.and_then(|table| name(&table))
}

fn alters_a_table(node: &SyntaxNode) -> bool {
    matches!(node.kind(), K::ALTER_TABLE | K::ALTER_FOREIGN_TABLE)
}

/// What one action of ALTER TABLE does.
fn alteration(node: &SyntaxNode) -> Vec<Act> {
    let act = |deed| Act::new(deed).on(table(node));
    let column = || child_name(node, K::COLUMN_NAME_REF);
    let deed = match node.kind() {
        K::ADD_COLUMN => Deed::AddColumn(self::column(node)),
        K::DROP_COLUMN => Deed::DropColumn,
        K::RENAME_COLUMN => Deed::RenameColumn,
        K::TABLE_RENAME_TO => Deed::RenameTable { to: renamed(node) },
        K::ADD_CONSTRAINT => {
            let Some(constraint) = node.first_child().and_then(|it| constraint(&it)) else { return vec![] };
            let name = constraint.name.clone();
            return vec![act(Deed::AddConstraint(constraint)).about(name)];
        }
        K::VALIDATE_CONSTRAINT => {
            let name = node.children().find_map(|it| name(&it)).map(|it| it.to_string());
            return vec![act(Deed::ValidateConstraint).about(name)];
        }
        K::ALTER_COLUMN => {
            let Some(option) = node.children().find(|it| ast::AlterColumnOption::can_cast(it.kind())) else {
                return vec![];
            };
            match option.kind() {
                K::SET_TYPE => Deed::ChangeType {
                    to: kind(&option),
                    is_computed: option.children().any(|it| it.kind() == K::USING_EXPR),
                },
                K::SET_NOT_NULL => Deed::SetNotNull,
                // SHARE UPDATE EXCLUSIVE.
                K::SET_STATISTICS | K::SET_OPTIONS | K::SET_OPTIONS_LIST | K::RESET_OPTIONS => return vec![],
                _ => Deed::LockOut,
            }
        }
        // The table itself gets away with SHARE UPDATE EXCLUSIVE.
        K::ATTACH_PARTITION => return vec![Act::new(Deed::LockOut).on(named_in(node))],
        // SHARE UPDATE EXCLUSIVE or SHARE ROW EXCLUSIVE.
        K::CLUSTER_ON
        | K::SET_WITHOUT_CLUSTER
        | K::SET_OPTIONS
        | K::RESET_OPTIONS
        | K::ALTER_OPTION_LIST
        | K::OPTION_ITEM_LIST
        | K::DISABLE_TRIGGER
        | K::ENABLE_TRIGGER
        | K::ENABLE_ALWAYS_TRIGGER
        | K::ENABLE_REPLICA_TRIGGER => return vec![],
        K::DETACH_PARTITION if node.children().any(|it| it.kind() == K::DETACH_CONCURRENTLY) => return vec![],
        other if ast::AlterTableAction::can_cast(other) => Deed::LockOut,
        _ => return vec![],
    };
    vec![act(deed).about(column())]
}

/// True for a target that is every column of something, in a result that somebody reads.
fn is_star(target: &SyntaxNode) -> bool {
    let is_all = has(target, K::STAR)
        || target.first_child().is_some_and(|it| it.kind() == K::FIELD_EXPR && has(&it, K::STAR));
    let select = target.parent().and_then(|list| list.parent()).filter(|it| it.kind() == K::SELECT_CLAUSE);
    is_all && select.is_some_and(|clause| !has(&clause, K::PERFORM_KW) && !is_only_asked(&clause))
}

/// True for what stands in EXISTS, of which nobody reads a column.
fn is_only_asked(select: &SyntaxNode) -> bool {
    let around = [K::SELECT_CLAUSE, K::SELECT, K::COMPOUND_SELECT, K::PAREN_SELECT, K::PAREN_EXPR, K::TABLE];
    let mut outside = select.ancestors().skip_while(|node| around.contains(&node.kind()));
    outside.next().is_some_and(|node| node.kind() == K::EXISTS_FN)
}

fn grant(node: &SyntaxNode) -> Act {
    let options = node.descendants().filter(|it| it.kind() == K::GRANT_ROLE_OPTION);
    let mut admins = options.filter(|it| it.children().any(|name| has(&name, K::ADMIN_KW)));
    Act::new(Deed::Grant {
        with_grant_option: node.descendants().any(|it| it.kind() == K::GRANT_OPTION),
        with_admin_option: admins.any(|it| !has(&it, K::FALSE_KW)),
    })
}

/// CASCADE behind something that is dropped; behind TRUNCATE and REVOKE it is something else.
fn cascade(node: &SyntaxNode) -> Option<Act> {
    let parent = node.parent()?;
    let first = parent.first_token()?;
    let is_drop = first.kind() == K::DROP_KW;
    is_drop.then(|| Act::new(Deed::Cascade).on(table(node)))
}

fn is_of_all(node: &SyntaxNode) -> bool {
    let condition = node.children().find(|it| matches!(it.kind(), K::WHERE_CLAUSE | K::WHERE_CURRENT_OF));
    condition.is_none_or(|condition| {
        let only = condition.first_child().filter(|it| it.kind() == K::LITERAL);
        only.is_some_and(|literal| has(&literal, K::TRUE_KW))
    })
}

fn lock(node: &SyntaxNode) -> Vec<Act> {
    let mode = node.children().find(|it| it.kind() == K::LOCK_MODE_CLAUSE);
    let is_exclusive = mode.is_none_or(|mode| mode.children().any(|it| it.kind() == K::ACCESS_EXCLUSIVE));
    let tables = tables(node).map(|table| Act::new(Deed::LockOut).on(Some(table)));
    if is_exclusive { tables.collect() } else { Vec::new() }
}

/// `set lock_timeout = …`
fn lock_timeout(node: &SyntaxNode) -> Option<Act> {
    let parameter = node.children().find(|it| it.kind() == K::CONFIG_PARAMETER_REF)?;
    if !parameter.text().to_string().eq_ignore_ascii_case("lock_timeout") {
        return None;
    }
    let value = node.children().find(|it| it.kind() == K::TO_CONFIG_VALUE)?;
    let value = value.children().find_map(ast::Literal::cast);
    Some(Act::new(Deed::LockTimeout(value.is_some_and(|value| ends(&value)))))
}

/// `select set_config('lock_timeout', …)`
fn set_config(node: &SyntaxNode) -> Option<Act> {
    let called = node.children().find(|it| it.kind() == K::NAME_REF)?;
    if !called.text().to_string().eq_ignore_ascii_case("set_config") {
        return None;
    }
    let list = node.children().find(|it| it.kind() == K::ARG_LIST)?;
    let mut literals = list.children().map(|argument| argument.first_child().and_then(ast::Literal::cast));
    let name = literals.next()??.decoded_value()?.into_text();
    let value = literals.next()?;
    name.eq_ignore_ascii_case("lock_timeout")
        .then(|| Act::new(Deed::LockTimeout(value.is_some_and(|value| ends(&value)))))
}

/// True for a time that ends: 0 is for ever.
fn ends(value: &ast::Literal) -> bool {
    let quoted = value.decoded_value().map(DecodedText::into_text).filter(|text| !text.is_empty());
    let text = quoted.unwrap_or_else(|| value.syntax().text().to_string());
    let number: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
    number.parse::<u64>().is_ok_and(|number| number > 0)
}
