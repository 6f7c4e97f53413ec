//! How deep SQL is nested, so that what would exhaust the parser's stack is refused before it is parsed. PostgreSQL
//! has a limit of its own (`max_stack_depth`); nothing that people write comes near either.

use std::str::CharIndices;

/// How deep brackets, blocks and CASE may stand in one another.
const DEEPEST: usize = 60;

/// How many words and signs may follow one another without a comma or a semicolon: a tree may get as deep.
const LONGEST: usize = 3000;

/// How many operators may follow one another.
const MOST_OPERATORS: usize = 60;

/// How often a body may stand in a body.
const MOST_BODIES: usize = 4;

/// True when a text is nested too deep to be parsed.
pub(super) fn is_too_deep(text: &str) -> bool {
    is_too_deep_within(text, MOST_BODIES)
}

fn is_too_deep_within(text: &str, bodies: usize) -> bool {
    let (mut depth, mut length, mut operators) = (0_usize, 0, 0);
    let mut is_body_next = false;
    let mut rest = text;
    while let Some(token) = Token::first(rest) {
        let (text, kind) = (&rest[..token.length], token.kind);
        rest = &rest[token.length..];
        if kind == Kind::Blank {
            continue;
        }
        length += 1;
        operators = if kind == Kind::Sign || text.eq_ignore_ascii_case("not") { operators + 1 } else { 0 };
        match kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Word if ["case", "begin"].iter().any(|word| text.eq_ignore_ascii_case(word)) => depth += 1,
            Kind::Word if text.eq_ignore_ascii_case("end") => depth = depth.saturating_sub(1),
            Kind::End => (length, operators) = (0, 0),
            Kind::Quoted(inner) if is_body_next => {
                let escapes = text.matches('\\').count();
                if bodies == 0
                    || escapes > DEEPEST
                        && escapes > text.matches("\\n").count() + text.matches("\\t").count() + DEEPEST
                    || is_too_deep_within(&text[inner.0..inner.1], bodies - 1)
                {
                    return true;
                }
            }
            Kind::Word | Kind::Sign | Kind::Quoted(_) | Kind::Blank => {}
        }
        if depth > DEEPEST || length > LONGEST || operators > MOST_OPERATORS {
            return true;
        }
        let is_prefix =
            kind == Kind::Word && ["as", "do", "execute"].iter().any(|it| text.eq_ignore_ascii_case(it));
        // `language x` may stand between DO and its body.
        is_body_next = is_prefix || (is_body_next && kind == Kind::Word);
    }
    false
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Word,
    /// Where its inner text begins and ends.
    Quoted((usize, usize)),
    Open,
    Close,
    /// A comma or a semicolon.
    End,
    Sign,
}

struct Token {
    length: usize,
    kind: Kind,
}

impl Token {
    fn first(text: &str) -> Option<Self> {
        let first = text.chars().next()?;
        let until = |end: Option<usize>| end.unwrap_or(text.len());
        let blank = |length| Self { length, kind: Kind::Blank };
        if first.is_whitespace() {
            return Some(blank(until(text.find(|sign: char| !sign.is_whitespace()))));
        }
        if text.starts_with("--") {
            return Some(blank(until(text.find('\n'))));
        }
        if text.starts_with("/*") {
            return Some(blank(comment(text)));
        }
        if let Some(token) = Self::quoted(text, first) {
            return Some(token);
        }
        let word = |sign: char| sign.is_alphanumeric() || sign == '_' || !sign.is_ascii();
        if word(first) {
            let length = until(text.find(|sign| !word(sign)));
            // `E'…'` and the like: the letters belong to what is quoted.
            return Some(Self { length, kind: Kind::Word });
        }
        let kind = match first {
            '(' | '[' => Kind::Open,
            ')' | ']' => Kind::Close,
            ',' | ';' => Kind::End,
            _ => Kind::Sign,
        };
        Some(Self { length: first.len_utf8(), kind })
    }

    fn quoted(text: &str, first: char) -> Option<Self> {
        match first {
            '\'' | '"' => {
                let end = text[1..].find(first).map_or(text.len(), |end| end + 1);
                let length = (end + 1).min(text.len());
                let kind = if first == '"' { Kind::Word } else { Kind::Quoted((1, end)) };
                Some(Self { length, kind })
            }
            '$' => {
                let tag = &text[..tag(text.char_indices())?];
                let inner = text[tag.len()..].find(tag).map_or(text.len(), |end| end + tag.len());
                let length = (inner + tag.len()).min(text.len());
                Some(Self { length, kind: Kind::Quoted((tag.len(), inner)) })
            }
            _ => None,
        }
    }
}

/// How long the tag is that a dollar-quoted text begins with.
fn tag(signs: CharIndices<'_>) -> Option<usize> {
    for (at, sign) in signs.skip(1) {
        match sign {
            '$' => return Some(at + 1),
            '_' => {}
            sign if sign.is_alphanumeric() && !(at == 1 && sign.is_numeric()) => {}
            _ => return None,
        }
    }
    None
}

/// How long the comment is that a text begins with. Comments stand in one another.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(sign) = text[at..].chars().next() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += sign.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_not_too_deep() {
        let rows = "insert into t values (1, 'a (((', \"x\"), ".repeat(5000);
        let body = format!("do $$ begin {} end $$", "if a then b := (1 + 2) * 3; end if; ".repeat(2000));
        for text in
            ["", "select ((((1))))", "'", "$", "$$", "$a$ x $a$", "/* /* */ */ select 1", "/*", &rows, &body]
        {
            assert!(!is_too_deep(text), "{}", &text[..text.len().min(60)]);
        }
    }

    #[test]
    fn what_nests_without_end_is_too_deep_wherever_it_stands() {
        for unit in
            ["(", "array[", "case when ", "not ", "- ", "(select ", "1 + ", "select 1 union ", "begin "]
        {
            let text = unit.repeat(4000);
            assert!(is_too_deep(&text), "{unit}");
            assert!(
                is_too_deep(&format!("create function f() returns int as $x${text}$x$ language sql")),
                "{unit}"
            );
            assert!(is_too_deep(&format!("do language plpgsql '{text}'")), "{unit}");
        }
    }
}
