//! SQL as PostgreSQL reads it: what its statements do, wherever in it they stand. The only file that names the parser.
//!
//! Looked into are subqueries, CTEs, statements in statements (EXPLAIN, PREPARE, CREATE SCHEMA), bodies of DO, of
//! functions and of procedures in SQL and PL/pgSQL, and EXECUTE of a constant. Absent on purpose: bodies in other
//! languages, and statements that are put together while they run; those are an act of their own.

use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::decoded_text::DecodedText;
use squawk_syntax::{SourceFile, SyntaxKind as K, SyntaxNode, SyntaxToken};

use super::deed::{Act, Column, Constraint, Deed, Default as Values, Name, Rule};
use super::depth;
use super::types::Type;

/// What a text does, and what of it is no SQL.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) found: Vec<Found>,
    pub(super) faults: Vec<Fault>,
}

/// Something that a text does. Offsets are in bytes of the text.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) act: Act,
    pub(super) at: usize,
    /// The statement it stands in, as written.
    pub(super) statement: String,
    /// In the body of what it stands.
    pub(super) within: Option<String>,
    /// It is in the body of a routine: done when that is called, not when it is made.
    pub(super) is_deferred: bool,
}

/// Something that is no SQL.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) text: String,
    pub(super) within: Option<String>,
}

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

/// Reads a text of SQL: one statement or several.
pub(super) fn read(text: &str) -> Reading {
    let mut reader = Reader::default();
    reader.file(text, &Layer { place: &|at| at, within: None, is_deferred: false });
    reader.reading.faults.sort_by_key(|fault| fault.at);
    reader.reading.faults.dedup_by(|a, b| a.at == b.at && a.text == b.text);
    reader.reading.found.sort_by_key(|found| found.at);
    reader.reading
}

#[derive(Default)]
struct Reader {
    reading: Reading,
}

/// A text in a text.
struct Layer<'a> {
    /// Where in the whole text it is that stands here.
    place: &'a dyn Fn(usize) -> usize,
    within: Option<String>,
    /// It is in the body of a routine.
    is_deferred: bool,
}

impl Reader {
    /// Reads statements of SQL.
    fn file(&mut self, text: &str, layer: &Layer<'_>) {
        if depth::is_too_deep(text) {
            self.fault(0, "it is nested too deep to be judged".to_owned(), layer);
            return;
        }
        let parse = SourceFile::parse(text);
        for error in parse.errors() {
            self.fault(error.range().start().into(), error.message().to_owned(), layer);
        }
        self.tree(&parse.syntax_node(), layer);
    }

    fn fault(&mut self, at: usize, text: String, layer: &Layer<'_>) {
        let at = (layer.place)(at);
        self.reading.faults.push(Fault { at, text, within: layer.within.clone() });
    }

    fn tree(&mut self, root: &SyntaxNode, layer: &Layer<'_>) {
        for node in root.descendants() {
            for act in acts(&node) {
                self.found(act, &node, layer);
            }
            self.body(&node, layer);
        }
    }

    fn found(&mut self, act: Act, node: &SyntaxNode, layer: &Layer<'_>) {
        let (within, is_deferred) = match node.ancestors().find(|it| it.kind() == K::ATOMIC_BODY) {
            Some(body) => {
                let name = body.parent().map(|routine| routine_name(&routine)).unwrap_or_default();
                (Some(joined(&name, layer.within.as_deref())), true)
            }
            None => (layer.within.clone(), layer.is_deferred),
        };
        self.reading.found.push(Found {
            act,
            at: (layer.place)(node.text_range().start().into()),
            statement: statement(node),
            within,
            is_deferred,
        });
    }

    /// Reads what a node has in quotes that is run.
    fn body(&mut self, node: &SyntaxNode, layer: &Layer<'_>) {
        match node.kind() {
            K::CREATE_FUNCTION | K::CREATE_PROCEDURE => {
                let name = joined(&routine_name(node), layer.within.as_deref());
                let Some(literal) = definition(node) else { return };
                let Some(decoded) = literal.decoded_value() else { return };
                let place = |at| (layer.place)(source(&decoded, at));
                let inner = Layer { place: &place, within: Some(name), is_deferred: true };
                let function = ast::CreateFunction::cast(node.clone());
                let procedure = ast::CreateProcedure::cast(node.clone());
                let plpgsql = function.as_ref().and_then(ast::CreateFunction::plpgsql);
                let plpgsql = plpgsql.or_else(|| procedure.as_ref().and_then(ast::CreateProcedure::plpgsql));
                if let Some(body) = plpgsql {
                    let errors = body.errors();
                    let errors = errors.iter().map(|it| (it.range().start().into(), it.message().to_owned()));
                    self.plpgsql(&body.syntax(), errors.collect(), layer, &inner);
                } else if function.as_ref().and_then(ast::CreateFunction::sql_body).is_some()
                    || procedure.as_ref().and_then(ast::CreateProcedure::sql_body).is_some()
                {
                    // Its faults are told with those of the statement itself.
                    self.tree(&SourceFile::parse(decoded.text()).syntax_node(), &inner);
                }
            }
            K::DO => {
                let Some(statement) = ast::Do::cast(node.clone()) else { return };
                let literal = node.children().find_map(ast::Literal::cast);
                let Some(decoded) = literal.and_then(|literal| literal.decoded_value()) else { return };
                let place = |at| (layer.place)(source(&decoded, at));
                let within = joined("a DO block", layer.within.as_deref());
                let inner = Layer { place: &place, within: Some(within), is_deferred: layer.is_deferred };
                if let Some(body) = statement.plpgsql() {
                    let errors = body.errors();
                    let errors = errors.iter().map(|it| (it.range().start().into(), it.message().to_owned()));
                    self.plpgsql(&body.syntax(), errors.collect(), layer, &inner);
                }
            }
            K::PLPGSQL_DYN_EXECUTE_STMT
            | K::PLPGSQL_FOR_DYN_STMT
            | K::PLPGSQL_RETURN_QUERY_EXECUTE_STMT
            | K::PLPGSQL_OPEN_EXECUTE => self.execute(node, layer),
            _ => {}
        }
    }

    /// Reads a body in PL/pgSQL. Its errors are counted in the text around it, which is `outer`.
    fn plpgsql(
        &mut self,
        body: &SyntaxNode,
        mut errors: Vec<(usize, String)>,
        outer: &Layer<'_>,
        inner: &Layer<'_>,
    ) {
        for node in body.descendants().filter(|node| node.kind() == K::ERROR) {
            let start: usize = node.text_range().start().into();
            let Some(text) = without_into(&node) else { continue };
            let parse = SourceFile::parse(&text);
            if parse.errors().is_empty() {
                let range = (inner.place)(start)..=(inner.place)(node.text_range().end().into());
                errors.retain(|(at, _)| !range.contains(&(outer.place)(*at)));
                let place = |at| (inner.place)(start + at);
                let within = inner.within.clone();
                self.tree(
                    &parse.syntax_node(),
                    &Layer { place: &place, within, is_deferred: inner.is_deferred },
                );
            }
        }
        for (at, text) in errors {
            let at = (outer.place)(at);
            self.reading.faults.push(Fault { at, text, within: inner.within.clone() });
        }
        self.tree(body, inner);
    }

    fn execute(&mut self, node: &SyntaxNode, layer: &Layer<'_>) {
        let Some(query) = node.children().find(|child| child.kind() == K::PLPGSQL_EXPR) else { return };
        let targets = query.children().find(|child| child.kind() == K::TARGET_LIST);
        let expression = targets.and_then(|list| list.first_child()).and_then(|target| target.first_child());
        let constant = expression.and_then(|expression| constant(&expression));
        let Some(constant) = constant else {
            self.found(Act::new(Deed::Dynamic), node, layer);
            return;
        };
        let place = |at| (layer.place)(source(&constant, at));
        let within = joined("EXECUTE", layer.within.as_deref());
        let inner = Layer { place: &place, within: Some(within), is_deferred: layer.is_deferred };
        self.file(constant.text(), &inner);
    }
}

/// Where in the text around it that is which stands at `at` of a decoded text.
fn source(decoded: &DecodedText, at: usize) -> usize {
    // The parser counts in 32 bits throughout.
    u32::try_from(at).map_or(at, |at| decoded.source_pos(at.into()).into())
}

/// `inner`, in what surrounds it.
fn joined(inner: &str, outer: Option<&str>) -> String {
    outer.map_or_else(|| inner.to_owned(), |outer| format!("{inner} in {outer}"))
}

/// A text that is known before it runs: a literal, or several put together.
fn constant(node: &SyntaxNode) -> Option<DecodedText> {
    let mut parts = Vec::new();
    constants(node, &mut parts)?;
    let mut parts = parts.into_iter();
    let mut whole = parts.next()?.decoded_value()?;
    for part in parts {
        let decoded = part.decoded_value()?;
        whole.push_str(decoded.text(), decoded.source_pos(0.into()));
    }
    Some(whole)
}

fn constants(node: &SyntaxNode, parts: &mut Vec<ast::Literal>) -> Option<()> {
    match node.kind() {
        K::LITERAL => parts.push(ast::Literal::cast(node.clone())?),
        K::PAREN_EXPR => constants(&node.first_child()?, parts)?,
        K::BIN_EXPR => {
            let is_joined = |child: &SyntaxNode| child.kind() == K::CUSTOM_OP && child.text() == "||";
            let mut children = node.children();
            let (left, operator, right) = (children.next()?, children.next()?, children.next()?);
            if !is_joined(&operator) {
                return None;
            }
            constants(&left, parts)?;
            constants(&right, parts)?;
        }
        _ => return None,
    }
    Some(())
}

/// The text of a statement of PL/pgSQL with blanks in place of `INTO` and its variables, which only PL/pgSQL knows;
/// `None` when there is none.
fn without_into(node: &SyntaxNode) -> Option<String> {
    let tokens: Vec<SyntaxToken> = node
        .descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token)
        .filter(|token| !matches!(token.kind(), K::WHITESPACE | K::COMMENT))
        .collect();
    let start: usize = node.text_range().start().into();
    let mut text = node.text().to_string();
    let mut is_changed = false;
    let mut tokens = tokens.iter().peekable();
    let mut before = K::SEMICOLON;
    while let Some(token) = tokens.next() {
        if token.kind() == K::INTO_KW && !matches!(before, K::INSERT_KW | K::MERGE_KW) {
            let begin = usize::from(token.text_range().start()) - start;
            let mut end = usize::from(token.text_range().end()) - start;
            let is_strict = |token: &&SyntaxToken| token.text().eq_ignore_ascii_case("strict");
            end = tokens.next_if(is_strict).map_or(end, |it| usize::from(it.text_range().end()) - start);
            let mut is_name_next = true;
            while let Some(part) = tokens.next_if(|it| {
                is_name_next || matches!(it.kind(), K::COMMA | K::DOT | K::L_BRACK | K::R_BRACK)
            }) {
                end = usize::from(part.text_range().end()) - start;
                is_name_next = matches!(part.kind(), K::COMMA | K::DOT | K::L_BRACK);
            }
            text.replace_range(begin..end, &" ".repeat(end - begin));
            is_changed = true;
        }
        before = token.kind();
    }
    is_changed.then_some(text)
}

/// The literal that is the body of a function or procedure.
fn definition(routine: &SyntaxNode) -> Option<ast::Literal> {
    let options = routine.children().find(|child| child.kind() == K::FUNC_OPTION_LIST)?;
    let bodies = options.children().filter(|option| option.kind() == K::AS_FUNC_OPTION);
    let definition = bodies.last()?.children().find(|child| child.kind() == K::AS_DEFINITION)?;
    definition.children().find_map(ast::Literal::cast)
}

fn routine_name(routine: &SyntaxNode) -> String {
    let word = if routine.kind() == K::CREATE_PROCEDURE { "procedure" } else { "function" };
    let path = routine.children().find(|it| matches!(it.kind(), K::FUNCTION_NAME | K::PROCEDURE_NAME));
    path.and_then(|path| name(&path)).map_or_else(|| word.to_owned(), |name| format!("{word} {name}"))
}

/// The text of the statement that a node stands in.
fn statement(node: &SyntaxNode) -> String {
    let is_around = |node: &SyntaxNode| {
        let kind = node.kind();
        matches!(kind, K::SOURCE_FILE | K::PLPGSQL_BODY | K::ATOMIC_BODY | K::PLPGSQL | K::PLPGSQL_EXPR)
            || ast::PlpgsqlStmt::can_cast(kind)
    };
    let inside = node.ancestors().take_while(|it| it == node || !is_around(it));
    let outermost = inside.filter(|it| ast::Stmt::can_cast(it.kind())).last();
    let outermost = outermost.or_else(|| node.ancestors().find(|it| ast::PlpgsqlStmt::can_cast(it.kind())));
    outermost.as_ref().unwrap_or(node).text().to_string().trim().trim_end_matches(';').trim_end().to_owned()
}

/// What a node itself does, without what stands in it.
fn acts(node: &SyntaxNode) -> Vec<Act> {
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
        K::CREATE_TABLE => one(Deed::CreateTable(columns(node))),
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
        _ => Vec::new(),
    }
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
        // SHARE UPDATE EXCLUSIVE or SHARE ROW EXCLUSIVE.
        K::ATTACH_PARTITION
        | K::CLUSTER_ON
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

/// The columns that a table is made with.
fn columns(table: &SyntaxNode) -> Vec<Column> {
    let list = table.children().find(|it| it.kind() == K::TABLE_ARG_LIST);
    let columns = list.iter().flat_map(|list| list.children().filter(|it| it.kind() == K::COLUMN));
    columns.map(|node| column(&node)).collect()
}

fn column(node: &SyntaxNode) -> Column {
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
fn is_steady(expression: &SyntaxNode) -> bool {
    expression.descendants().filter(|it| it.kind() == K::CALL_EXPR).all(|call| {
        let called = call.children().find(|it| matches!(it.kind(), K::NAME_REF | K::FIELD_EXPR));
        // What has a form of its own, such as `extract`, is steady.
        called.is_none_or(|called| {
            let text = called.text().to_string().to_ascii_lowercase();
            STEADY.contains(&text.strip_prefix("pg_catalog.").unwrap_or(&text))
        })
    })
}

fn constraint(node: &SyntaxNode) -> Option<Constraint> {
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
fn column_that_is_not_null(check: &SyntaxNode) -> Option<String> {
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
fn kind(node: &SyntaxNode) -> Type {
    let found = node.children().find(|it| ast::Type::can_cast(it.kind()));
    Type::parse(&found.map(|it| it.text().to_string()).unwrap_or_default())
}

fn has(node: &SyntaxNode, kind: K) -> bool {
    node.children_with_tokens().any(|it| it.kind() == kind)
}

fn child_name(node: &SyntaxNode, kind: K) -> Option<String> {
    node.children().find(|it| it.kind() == kind).and_then(|it| name(&it)).map(|it| it.to_string())
}

/// What something is called, whose name is all that the node holds.
fn name(node: &SyntaxNode) -> Option<Name> {
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
fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_lowercase(),
    }
}

/// The tables that a statement names as those it is about.
fn tables(node: &SyntaxNode) -> impl Iterator<Item = Name> {
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
fn table(node: &SyntaxNode) -> Option<Name> {
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

fn view(node: &SyntaxNode) -> Option<Name> {
    node.parent()?.children().find(|it| it.kind() == K::VIEW_REF).and_then(|it| name(&it))
}

/// The new name behind RENAME TO.
fn renamed(node: &SyntaxNode) -> Name {
    let new = node.children().find(|it| matches!(it.kind(), K::TABLE_NAME | K::VIEW));
    new.and_then(|it| name(&it)).unwrap_or_else(|| Name::new(None, ""))
}
