//! SQL as PostgreSQL reads it: what its statements do, wherever in it they stand. The only folder that names the parser.
//!
//! Looked into are subqueries, CTEs, statements in statements (EXPLAIN, PREPARE, CREATE SCHEMA), bodies of DO, of
//! functions and of procedures in SQL and PL/pgSQL, and EXECUTE of a constant. Absent on purpose: bodies in other
//! languages, and statements that are put together while they run; those are an act of their own.

mod acts;
mod bodies;
mod shape;

use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::decoded_text::DecodedText;
use squawk_syntax::{SourceFile, SyntaxKind as K, SyntaxNode};

use super::deed::{Act, Deed};
use super::depth;
use acts::acts;
use bodies::{constant, definition, routine_name, without_into};

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
