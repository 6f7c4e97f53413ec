//! The form in which equal things are equal. What PostgreSQL prints depends on how a thing came to be:
//! `status in ('a')` and a restored dump of it, `default 0` and `default '0'`, differ in casts that change nothing.
//!
//! Only what is certain is taken away; whatever is left is compared word by word.

mod tokens;

use std::collections::BTreeSet;

use tokens::{tokens, tokens_of_body};

/// Without comments, line ends and the case of plain words.
pub fn squeezed(sql: &str) -> String {
    tokens(sql).join(" ")
}

/// An expression of a table's own: what is squeezed, and without casts of text to text.
pub fn expression(sql: &str, text_columns: &BTreeSet<&str>) -> String {
    without_text_casts(&tokens(sql), text_columns).join(" ")
}

/// The definition of an index, without its name.
pub fn index(definition: &str, text_columns: &BTreeSet<&str>) -> String {
    let mut tokens = without_text_casts(&tokens(definition), text_columns);
    let position = |word: &str| tokens.iter().position(|token| token == word);
    if let (Some(index), Some(on)) = (position("index"), position("on")) {
        tokens.drain(index + 1..on);
    }
    tokens.join(" ")
}

/// The definition of a routine: in the languages whose spaces mean nothing, without them.
pub fn routine(definition: &str) -> String {
    let tokens = tokens(definition);
    let language = tokens.iter().position(|token| token == "language");
    let language = language.and_then(|index| tokens.get(index + 1)).map(String::as_str);
    if !matches!(language, Some("sql" | "plpgsql")) {
        return tokens.join(" ");
    }
    let squeeze = |token: String| match tokens_of_body(&token) {
        Some(body) => body.join(" "),
        None => token,
    };
    tokens.into_iter().map(squeeze).collect::<Vec<_>>().join(" ")
}

/// The default of a column of this type. Empty when it is the same as none.
pub fn default(written: &str, column_type: &str, own_sequence: &str) -> String {
    let nextval = format!("nextval({own_sequence}::regclass)");
    if !own_sequence.is_empty() && written == nextval {
        return "the next value of its own sequence".to_owned();
    }
    let base = base(column_type);
    let mut tokens = tokens(written);
    loop {
        let length = tokens.len();
        tokens = without_parentheses(tokens);
        tokens = without_cast(tokens, &base);
        if tokens.len() == length {
            break;
        }
    }
    if let ["null"] = strs(&tokens)[..] {
        return String::new();
    }
    if let ["now" | "transaction_timestamp", "(", ")"] | ["current_timestamp"] = strs(&tokens)[..] {
        return "now ( )".to_owned();
    }
    number(&tokens, &base, column_type).unwrap_or_else(|| tokens.join(" "))
}

/// True for the types of plain text, among which casts change nothing.
pub(super) fn is_text(column_type: &str) -> bool {
    matches!(base(column_type).as_str(), "text" | "character varying")
}

/// A type without its modifiers: `numeric(10,2)` is `numeric`.
fn base(column_type: &str) -> String {
    match (column_type.find('('), column_type.find(')')) {
        (Some(open), Some(close)) if open < close => {
            squeezed(&format!("{}{}", &column_type[..open], &column_type[close + 1..]))
        }
        _ => squeezed(column_type),
    }
}

/// A number of a numeric column, however it was written; `None` when it is not one.
fn number(tokens: &[String], base: &str, column_type: &str) -> Option<String> {
    let is_whole = matches!(base, "smallint" | "integer" | "bigint");
    if !(is_whole || matches!(base, "numeric" | "real" | "double precision")) {
        return None;
    }
    let text = tokens.concat();
    let text = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(&text);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.matches('.').count() < 2;
    if !is_number {
        return None;
    }
    // A plain `numeric` keeps the zeros at the end of what it is given; the others do not.
    let keeps_zeros = base == "numeric" && column_type == "numeric";
    Some(if text.contains('.') && !keeps_zeros {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    })
}

fn strs(tokens: &[String]) -> Vec<&str> {
    tokens.iter().map(String::as_str).collect()
}

fn without_parentheses(mut tokens: Vec<String>) -> Vec<String> {
    let is_enclosed = tokens.first().is_some_and(|token| token == "(")
        && opening(&tokens, tokens.len().saturating_sub(1)) == Some(0);
    if is_enclosed && tokens.len() > 2 {
        tokens.pop();
        tokens.remove(0);
    }
    tokens
}

/// Takes the last cast away, when it is to the type of the column and around the whole.
fn without_cast(mut tokens: Vec<String>, base: &str) -> Vec<String> {
    let Some(cast) = tokens.iter().rposition(|token| token == "::") else { return tokens };
    let is_of_the_whole = cast == 1 || (cast > 1 && opening(&tokens, cast - 1) == Some(0));
    let target = self::base(&tokens[cast + 1..].join(" "));
    if is_of_the_whole && (target == base || (is_text(&target) && is_text(base))) {
        tokens.truncate(cast);
    }
    tokens
}

/// Where the parenthesis opens that closes at `close`.
fn opening(tokens: &[String], close: usize) -> Option<usize> {
    if tokens.get(close)? != ")" {
        return None;
    }
    let mut depth = 0_usize;
    for (index, token) in tokens[..=close].iter().enumerate().rev() {
        match token.as_str() {
            ")" => depth += 1,
            "(" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

fn without_text_casts(tokens: &[String], text_columns: &BTreeSet<&str>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let rest = &tokens[index..];
        match text_cast(rest) {
            Some((length, is_array)) if drops(&mut kept, is_array, text_columns) => index += length,
            _ => {
                kept.push(rest[0].clone());
                index += 1;
            }
        }
    }
    kept
}

/// How many tokens a cast to text at the beginning of `tokens` has, and whether it is to an array.
fn text_cast(tokens: &[String]) -> Option<(usize, bool)> {
    let length = match strs(tokens).as_slice() {
        ["::", "text", ..] => 2,
        ["::", "character", "varying", ..] => 3,
        _ => return None,
    };
    match strs(&tokens[length..]).as_slice() {
        ["[", "]", ..] => Some((length + 2, true)),
        // With a length it cuts.
        ["(", ..] => None,
        _ => Some((length, false)),
    }
}

/// True when a cast of what `kept` ends with says nothing. Parentheses that only the cast needed go too.
fn drops(kept: &mut Vec<String>, is_array: bool, text_columns: &BTreeSet<&str>) -> bool {
    if is_array {
        let Some(open) = kept.len().checked_sub(1).and_then(|last| opening(kept, last)) else { return false };
        let inner = &kept[open + 1..kept.len() - 1];
        let is_list = inner.len() > 2
            && inner[0] == "array"
            && inner[1] == "["
            && inner[inner.len() - 1] == "]"
            && inner[2..inner.len() - 1].iter().all(|token| token == "," || token.starts_with('\''));
        if is_list {
            kept.pop();
            kept.remove(open);
        }
        return is_list;
    }
    if kept.last().is_some_and(|token| token.starts_with('\'')) {
        return true;
    }
    let inner = match strs(kept).as_slice() {
        [.., "(", inner, ")"] => inner.trim_matches('"').replace("\"\"", "\""),
        _ => return false,
    };
    let is_text = inner.starts_with('\'') || text_columns.contains(inner.as_str());
    if is_text {
        kept.pop();
        kept.remove(kept.len() - 2);
    }
    is_text
}
