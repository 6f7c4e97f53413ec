//! PostgreSQL's text cut into its words and signs. Absent on purpose: grammar.

/// The words and signs of `sql`, without spaces and comments. Plain words are in lower case, as PostgreSQL takes
/// them; what stands in quotes of any kind is one token, as it is.
pub(super) fn tokens(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = passed_over(rest, first) {
            rest = &rest[length..];
            continue;
        }
        let length = length(rest, first).clamp(first.len_utf8(), rest.len());
        let (token, after) = rest.split_at(length);
        let is_plain = is_word_start(first) && !token.contains('\'');
        found.push(if is_plain { token.to_lowercase() } else { token.to_owned() });
        rest = after;
    }
    found
}

/// The tokens inside a body in dollar quotes, with a sign at either end; `None` for any other token.
pub(super) fn tokens_of_body(token: &str) -> Option<Vec<String>> {
    let tag = dollar_tag(token)?;
    let body = token.strip_prefix(tag)?.strip_suffix(tag)?;
    let mut found = vec!["$$".to_owned()];
    found.extend(tokens(body));
    found.push("$$".to_owned());
    Some(found)
}

/// How long the space or the comment is that `rest` begins with.
fn passed_over(rest: &str, first: char) -> Option<usize> {
    if first.is_whitespace() {
        return Some(first.len_utf8());
    }
    if rest.starts_with("--") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.starts_with("/*").then(|| block_comment(rest))
}

/// Comments may hold comments.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn length(rest: &str, first: char) -> usize {
    let prefix = |c: char| c.eq_ignore_ascii_case(&first) && rest[1..].starts_with('\'');
    match first {
        '\'' => quoted(rest, 0, '\'', false),
        '"' => quoted(rest, 0, '"', false),
        _ if prefix('e') => quoted(rest, 1, '\'', true),
        _ if prefix('b') || prefix('x') || prefix('n') => quoted(rest, 1, '\'', false),
        '$' => match dollar_tag(rest) {
            Some(tag) => {
                let body = &rest[tag.len()..];
                body.find(tag).map_or(rest.len(), |end| tag.len() + end + tag.len())
            }
            None => run(rest, |c| c == '$' || c.is_ascii_digit()),
        },
        _ if is_word_start(first) => run(rest, |c| is_word_start(c) || c.is_ascii_digit() || c == '$'),
        _ if first.is_ascii_digit() => run(rest, |c| c.is_ascii_alphanumeric() || c == '.'),
        ':' if rest.starts_with("::") || rest.starts_with(":=") => 2,
        _ if is_operator(first) => operator(rest),
        _ => first.len_utf8(),
    }
}

/// The length of what stands in quotes that open at `start`; a doubled quote does not close them.
fn quoted(rest: &str, start: usize, quote: char, has_escapes: bool) -> usize {
    let mut characters = rest[start + 1..].char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if has_escapes && c == '\\' {
            characters.next();
        } else if c == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return start + 1 + at + 1;
        }
    }
    rest.len()
}

/// `$tag$` at the beginning of `rest`.
fn dollar_tag(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix('$')?;
    let end = inner.find('$')?;
    let tag = &inner[..end];
    let is_tag = tag.chars().all(|c| is_word_start(c) || c.is_ascii_digit())
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    is_tag.then(|| &rest[..end + 2])
}

/// An operator ends where a comment begins.
fn operator(rest: &str) -> usize {
    let length = run(rest, is_operator);
    let comment = ["--", "/*"].iter().filter_map(|sign| rest[..length].find(sign)).min();
    comment.unwrap_or(length)
}

fn run(rest: &str, belongs: impl Fn(char) -> bool) -> usize {
    rest.find(|c: char| !belongs(c)).unwrap_or(rest.len())
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || !c.is_ascii() && !c.is_whitespace()
}

fn is_operator(c: char) -> bool {
    "+-*/<>=~!@#%^&|`?".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_signs_and_quotes_are_told_apart() {
        let sql = "SELECT 'it''s', E'\\'x', \"A b\", $1, $a$ x; $a$ --end\n /* a /* b */ c */ a::int4[] <= -1.5 U&1";
        let found = [
            "select",
            "'it''s'",
            ",",
            "E'\\'x'",
            ",",
            "\"A b\"",
            ",",
            "$1",
            ",",
            "$a$ x; $a$",
            "a",
            "::",
            "int4",
            "[",
            "]",
            "<=",
            "-",
            "1.5",
            "u",
            "&",
            "1",
        ];
        assert_eq!(tokens(sql), found);
    }

    #[test]
    fn what_never_ends_is_taken_to_the_end() {
        for sql in ["'a", "\"a", "$a$ b", "/* a", "-- a", "a.", "e'\\", "$"] {
            assert!(tokens(sql).len() <= 2, "{sql}");
        }
        assert_eq!(tokens("1+--2\n3"), ["1", "+", "3"]);
    }
}
