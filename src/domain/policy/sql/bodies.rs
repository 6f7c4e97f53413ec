//! What stands in texts inside of SQL: constants, and the bodies of routines.

use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::decoded_text::DecodedText;
use squawk_syntax::{SyntaxKind as K, SyntaxNode, SyntaxToken};

use super::shape::name;

/// A text that is known before it runs: a literal, or several put together.
pub(super) fn constant(node: &SyntaxNode) -> Option<DecodedText> {
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
pub(super) fn without_into(node: &SyntaxNode) -> Option<String> {
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
pub(super) fn definition(routine: &SyntaxNode) -> Option<ast::Literal> {
    let options = routine.children().find(|child| child.kind() == K::FUNC_OPTION_LIST)?;
    let bodies = options.children().filter(|option| option.kind() == K::AS_FUNC_OPTION);
    let definition = bodies.last()?.children().find(|child| child.kind() == K::AS_DEFINITION)?;
    definition.children().find_map(ast::Literal::cast)
}

pub(super) fn routine_name(routine: &SyntaxNode) -> String {
    let word = if routine.kind() == K::CREATE_PROCEDURE { "procedure" } else { "function" };
    let path = routine.children().find(|it| matches!(it.kind(), K::FUNCTION_NAME | K::PROCEDURE_NAME));
    path.and_then(|path| name(&path)).map_or_else(|| word.to_owned(), |name| format!("{word} {name}"))
}
