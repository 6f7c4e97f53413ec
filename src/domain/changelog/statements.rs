//! SQL cut into statements as Liquibase 4.29 cuts it before it sends them one by one, with its own blind spots: dollar
//! quotes mean nothing to it, and between BEGIN and the next END it cuts nowhere.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::checksum::Splitting;
use super::sql::trim;

/// What may follow BEGIN when it begins no block.
const NO_BLOCK: [&str; 6] = ["tran", "trans", "transaction", "dialog", "conversation", "distributed"];

/// Where the statements of a text are, without white space at their ends.
pub(super) fn cut(text: &str, splitting: &Splitting) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if splitting.splits_statements {
        let delimiter = Delimiter::of(splitting.end_delimiter.as_deref());
        let (mut begin, mut at, mut blocks) = (0, 0, 0_usize);
        while at < text.len() {
            if blocks == 0
                && let Some(length) = delimiter.length(text, at)
            {
                found.push(begin..at);
                at += length;
                begin = at;
                continue;
            }
            let token = token(text, at);
            let word = &text[token.clone()];
            if word.eq_ignore_ascii_case("begin") && !is_a_transaction(&text[token.end..]) {
                blocks += 1;
            } else if word.eq_ignore_ascii_case("end") {
                blocks = blocks.saturating_sub(1);
            }
            at = token.end;
        }
        found.push(begin..text.len());
    } else {
        found.push(0..text.len());
    }
    let trimmed = |range: Range<usize>| {
        let whole = &text[range.clone()];
        let inner = trim(whole);
        let begin = range.start + (whole.len() - whole.trim_start_matches(|c| c <= ' ').len());
        (!inner.is_empty()).then(|| begin..begin + inner.len())
    };
    found.into_iter().filter_map(trimmed).collect()
}

/// What stands between statements.
enum Delimiter {
    /// `;` anywhere, `go` or `/` at the beginning of a line.
    Usual,
    /// `/` at the beginning of a line.
    Slash,
    /// One character, anywhere.
    Sign(char),
    /// An expression of several, in any case.
    Several(Regex),
}

impl Delimiter {
    fn of(text: Option<&str>) -> Self {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Self::Usual };
        let mut signs = text.chars();
        match (signs.next(), signs.next()) {
            (Some('/'), None) => Self::Slash,
            (Some(sign), None) => Self::Sign(sign),
            _ => {
                let compiled = |text: &str| {
                    RegexBuilder::new(&format!("^(?:{text})"))
                        .case_insensitive(true)
                        .multi_line(false)
                        .build()
                };
                // What is no expression is meant as it stands.
                compiled(text).or_else(|_| compiled(&regex::escape(text))).map_or(Self::Usual, Self::Several)
            }
        }
    }

    /// How long the delimiter is that stands at `at`, if one does.
    fn length(&self, text: &str, at: usize) -> Option<usize> {
        let rest = &text[at..];
        let begins_a_line = || text[..at].ends_with('\n') || at == 0;
        match self {
            Self::Usual if rest.starts_with(';') => Some(1),
            Self::Usual | Self::Slash if rest.starts_with('/') && begins_a_line() => {
                // `/*` is a comment, and `/` alone the delimiter.
                (!rest.starts_with("/*")).then_some(1)
            }
            Self::Usual if begins_a_line() => {
                let token = token(text, at);
                text[token.clone()].eq_ignore_ascii_case("go").then_some(token.len())
            }
            Self::Usual | Self::Slash => None,
            Self::Sign(sign) => rest.starts_with(*sign).then(|| sign.len_utf8()),
            Self::Several(pattern) => {
                // A delimiter of words is one of whole words.
                let begins_a_word = rest.starts_with(is_word) && text[..at].ends_with(is_word);
                let end =
                    pattern.find(rest).map(|found| found.end()).filter(|end| *end > 0 && !begins_a_word)?;
                let is_cut = rest[..end].ends_with(is_word) && rest[end..].starts_with(is_word);
                (!is_cut).then_some(end)
            }
        }
    }
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '_' | '$' | '@' | '#')
}

/// True when what follows BEGIN makes it the beginning of a transaction.
fn is_a_transaction(rest: &str) -> bool {
    let word = rest.trim_start().split(|sign| !is_word(sign)).next().unwrap_or_default();
    NO_BLOCK.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The token that begins at `at`: a comment, a quoted text, a word, or one character.
fn token(text: &str, at: usize) -> Range<usize> {
    let rest = &text[at..];
    let up_to = |end: Option<usize>| at..at + end.unwrap_or(rest.len());
    match rest.chars().next() {
        Some('-') if rest.starts_with("--") => up_to(rest.find('\n')),
        Some('/') if rest.starts_with("/*") => up_to(rest[2..].find("*/").map(|end| end + 4)),
        Some(quote @ ('\'' | '"')) => {
            // Of a backslash that escapes the quote and one that does not, the longer reading counts.
            let ends = [end_of_quoted(rest, quote, false), end_of_quoted(rest, quote, true)];
            up_to(Some(ends.into_iter().flatten().max().unwrap_or(1)))
        }
        Some(sign) if is_word(sign) => up_to(rest.find(|sign| !is_word(sign))),
        Some(sign) => at..at + sign.len_utf8(),
        None => at..at,
    }
}

/// Where the quoted text that a text begins with ends.
fn end_of_quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut signs = text.char_indices().skip(1).peekable();
    while let Some((at, sign)) = signs.next() {
        if escapes && sign == '\\' {
            signs.next();
        } else if sign == quote && signs.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(text: &str, end_delimiter: Option<&str>) -> Vec<String> {
        let splitting = Splitting {
            end_delimiter: end_delimiter.map(str::to_owned),
            splits_statements: true,
            strips_comments: false,
        };
        cut(text, &splitting).into_iter().map(|range| text[range].to_owned()).collect()
    }

    /// What the real Liquibase 4.29 makes of each with `update-sql`.
    #[test]
    fn statements_are_cut_where_liquibase_cuts_them() {
        let table: [(&str, Option<&str>, &[&str]); 17] = [
            ("a; b\ngo\nc\n/\nd;", None, &["a", "b", "c", "d"]),
            (
                "f $$ begin return 1; if x then y; end if; z; end; $$ x; s",
                None,
                &["f $$ begin return 1; if x then y; end if", "z", "end", "$$ x", "s"],
            ),
            (
                "a; -- a // b\nselect ' // ' // c\n//\nd",
                Some("//"),
                &["a; -- a // b\nselect ' // '", "c", "d"],
            ),
            ("a;\nGO\nb;\ngo\nc", Some("\\nGO"), &["a;", "b;", "c"]),
            ("begin; a; b; commit; c;", None, &["begin; a; b; commit; c;"]),
            ("begin transaction; a; end; c;", None, &["begin transaction", "a", "end", "c"]),
            ("case a end; \"begin\"; 'it''s; x'; c", None, &["case a end", "\"begin\"", "'it''s; x'", "c"]),
            ("c /* ; */; e'a\\'; b'; d", None, &["c /* ; */", "e'a\\'; b'", "d"]),
            ("4/2; a\n/\nb", Some("/"), &["4/2; a", "b"]),
            ("begin a; @@ b; end @@ c @@", Some("@@"), &["begin a; @@ b; end", "c"]),
            ("begin_x; begin y; a; b end; c;", None, &["begin_x", "begin y; a; b end", "c"]),
            ("a; b;; c ;; d", Some(";;"), &["a; b", "c", "d"]),
            ("begin atomic a; case b end; c; end; d", None, &["begin atomic a; case b end", "c", "end", "d"]),
            ("a go b\ngo\ngogo", Some("go"), &["a", "b", "gogo"]),
            ("a; -- it's\nb; /* don't */ c", None, &["a", "-- it's\nb", "/* don't */ c"]),
            ("'never closed; a; b", None, &["'never closed", "a", "b"]),
            (" ; ;\n;", None, &[]),
        ];
        for (text, delimiter, expected) in table {
            assert_eq!(cuts(text, delimiter), expected, "{text}");
        }
    }
}
