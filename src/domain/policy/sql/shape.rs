//! Names, columns, constraints and types, out of the tree of a statement.

use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SyntaxKind as K, SyntaxNode, SyntaxToken};

use crate::domain::policy::deed::{Column, Constraint, Default as Values, Name, Rule};
use crate::domain::policy::types::Type;

/// Functions without a side effect that give one value for all rows of a statement.
const STEADY: [&str; 30] = [
    "abs",
    "array_to_json",
    "ceil",
    "concat",
    "current_setting",
    "date_part",
    "date_trunc",
    "decode",
    "encode",
    "floor",
    "format",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "left",
    "length",
    "lower",
    "make_date",
    "make_interval",
    "make_timestamp",
    "md5",
    "now",
    "round",
    "statement_timestamp",
    "timezone",
    "to_char",
    "to_timestamp",
    "transaction_timestamp",
    "upper",
];

/// The columns that a table is made with.
pub(super) fn columns(table: &SyntaxNode) -> Vec<Column> {
    let list = table.children().find(|it| it.kind() == K::TABLE_ARG_LIST);
    let columns = list.iter().flat_map(|list| list.children().filter(|it| it.kind() == K::COLUMN));
    columns.map(|node| column(&node)).collect()
}

pub(super) fn column(node: &SyntaxNode) -> Column {
    let mut column = Column {
        name: child_name(node, K::COLUMN_NAME).unwrap_or_default(),
        kind: kind(node),
        is_not_null: false,
        default: Values::Nothing,
        constraints: node.children().filter_map(|it| constraint(&it)).collect(),
    };
    column.is_not_null |= column.constraints.iter().any(|it| matches!(it.rule, Rule::Primary { .. }));
    for child in node.children() {
        match child.kind() {
            K::NOT_NULL_CONSTRAINT => column.is_not_null = true,
            K::DEFAULT_CONSTRAINT => {
                column.default = if is_steady(&child) { Values::Constant } else { Values::PerRow };
            }
            K::GENERATED_CONSTRAINT => {
                let is_virtual = child.descendants().any(|it| it.kind() == K::VIRTUAL);
                column.default = if is_virtual { Values::Constant } else { Values::PerRow };
            }
            _ => {}
        }
    }
    if column.kind.is_serial() {
        column.default = Values::PerRow;
    }
    column
}

/// True for an expression that is the same for every row.
pub(super) fn is_steady(expression: &SyntaxNode) -> bool {
    expression.descendants().filter(|it| it.kind() == K::CALL_EXPR).all(|call| {
        let called = call.children().find(|it| matches!(it.kind(), K::NAME_REF | K::FIELD_EXPR));
        // What has a form of its own, such as `extract`, is steady.
        called.is_none_or(|called| {
            let text = called.text().to_string().to_ascii_lowercase();
            STEADY.contains(&text.strip_prefix("pg_catalog.").unwrap_or(&text))
        })
    })
}

pub(super) fn constraint(node: &SyntaxNode) -> Option<Constraint> {
    let uses_index = node.children().any(|it| it.kind() == K::USING_INDEX_NAME);
    let rule = match node.kind() {
        K::CHECK_CONSTRAINT => Rule::Check { not_null: column_that_is_not_null(node) },
        K::FOREIGN_KEY_CONSTRAINT | K::REFERENCES_CONSTRAINT => Rule::Foreign,
        K::PRIMARY_KEY_CONSTRAINT => Rule::Primary { uses_index },
        K::UNIQUE_CONSTRAINT => Rule::Unique { uses_index },
        K::EXCLUDE_CONSTRAINT => Rule::Other,
        K::NOT_NULL_CONSTRAINT if node.parent().is_some_and(|it| it.kind() == K::ADD_CONSTRAINT) => {
            Rule::Other
        }
        _ => return None,
    };
    let clause = node.children().find(|it| it.kind() == K::CONSTRAINT_NAME_CLAUSE);
    let name = clause.and_then(|clause| child_name(&clause, K::CONSTRAINT_NAME));
    let is_not_valid = node.children().any(|it| it.kind() == K::NOT_VALID);
    Some(Constraint { name, rule, is_not_valid })
}

/// The column of `check (column is not null)`.
pub(super) fn column_that_is_not_null(check: &SyntaxNode) -> Option<String> {
    let mut expression = check.children().find(|it| matches!(it.kind(), K::BIN_EXPR | K::PAREN_EXPR))?;
    while expression.kind() == K::PAREN_EXPR {
        expression = expression.first_child()?;
    }
    let mut parts = expression.children();
    let (column, operator, value) = (parts.next()?, parts.next()?, parts.next()?);
    let is_the_form = column.kind() == K::NAME_REF
        && operator.kind() == K::IS_NOT
        && value.kind() == K::LITERAL
        && has(&value, K::NULL_KW);
    is_the_form.then(|| name(&column).map(|name| name.to_string())).flatten()
}

/// The type that stands directly in a node.
pub(super) fn kind(node: &SyntaxNode) -> Type {
    let found = node.children().find(|it| ast::Type::can_cast(it.kind()));
    Type::parse(&found.map(|it| it.text().to_string()).unwrap_or_default())
}

pub(super) fn has(node: &SyntaxNode, kind: K) -> bool {
    node.children_with_tokens().any(|it| it.kind() == kind)
}

pub(super) fn child_name(node: &SyntaxNode, kind: K) -> Option<String> {
    node.children().find(|it| it.kind() == kind).and_then(|it| name(&it)).map(|it| it.to_string())
}

/// What something is called, whose name is all that the node holds.
pub(super) fn name(node: &SyntaxNode) -> Option<Name> {
    let tokens = node.descendants_with_tokens().filter_map(squawk_syntax::SyntaxElement::into_token);
    let is_part = |token: &SyntaxToken| {
        !matches!(
            token.kind(),
            K::WHITESPACE | K::COMMENT | K::DOT | K::STAR | K::ONLY_KW | K::L_PAREN | K::R_PAREN
        )
    };
    let mut parts: Vec<_> = tokens.filter(is_part).map(|token| unquoted(token.text())).collect();
    let name = parts.pop()?;
    Some(Name::new(parts.last().map(String::as_str), name))
}

/// A name as the catalogs have it.
pub(super) fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_lowercase(),
    }
}

/// The tables that a statement names as those it is about.
pub(super) fn tables(node: &SyntaxNode) -> impl Iterator<Item = Name> {
    let listed = |kind| matches!(kind, K::TABLE_LIST | K::RELATION_LIST);
    let lists: Vec<_> = node.children().filter(|it| listed(it.kind())).collect();
    let lists = if lists.is_empty() { vec![node.clone()] } else { lists };
    let is_table = |kind| {
        matches!(kind, K::TABLE_NAME_REF | K::TABLE_RELATION_NAME | K::RELATION_NAME | K::RELATION_NAME_REF)
    };
    let children = lists.into_iter().flat_map(|list| list.children().collect::<Vec<_>>());
    children.filter(move |it| is_table(it.kind())).filter_map(|it| name(&it))
}

/// The table that the statement around a node is about.
pub(super) fn table(node: &SyntaxNode) -> Option<Name> {
    let statement = node.ancestors().find(|it| ast::Stmt::can_cast(it.kind()))?;
    let is_table = |node: &SyntaxNode| {
        matches!(
            node.kind(),
            K::TABLE_RELATION_NAME | K::TABLE_NAME_REF | K::RELATION_NAME | K::TABLE_NAME | K::VIEW_REF
        )
    };
    let direct = statement.children().find(is_table);
    let listed = || match statement.kind() {
        K::REINDEX | K::VACUUM => statement.descendants().find(is_table),
        _ => None,
    };
    direct.or_else(listed).and_then(|it| name(&it))
}

pub(super) fn view(node: &SyntaxNode) -> Option<Name> {
    node.parent()?.children().find(|it| it.kind() == K::VIEW_REF).and_then(|it| name(&it))
}

/// The new name behind RENAME TO.
pub(super) fn renamed(node: &SyntaxNode) -> Name {
    let new = node.children().find(|it| matches!(it.kind(), K::TABLE_NAME | K::VIEW));
    new.and_then(|it| name(&it)).unwrap_or_else(|| Name::new(None, ""))
}
