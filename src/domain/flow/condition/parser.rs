//! From the text of a condition to its parts, by recursive descent over tokens that know their place.

use super::{Condition, Fact, Operand, Wrong};
use crate::domain::flow::template::{self, Template};

/// How deep parentheses may stand in one another.
const DEEPEST: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Or,
    And,
    Equal,
    Different,
    Open,
    Close,
    Comma,
    /// A text in these quotes.
    Quoted(char, String),
    /// A text without.
    Word(String),
}

/// Reads a condition.
pub(super) fn read(text: &str) -> Result<Condition, Wrong> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, end: text.chars().count() + 1 };
    let condition = parser.any(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(condition),
        Some((column, Token::Close)) => {
            Err(wrong(*column, "a `)` closes nothing", "Take it out, or open it before."))
        }
        Some((column, token)) => {
            let text = format!("{} stands behind something complete", token.words());
            Err(wrong(*column, text, "Join with `&&` or `||`; a text of several words needs quotes."))
        }
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    /// The column behind the text.
    end: usize,
}

impl Parser {
    fn any(&mut self, depth: usize) -> Result<Condition, Wrong> {
        self.joined(depth, &Token::Or, Self::all, Condition::Any)
    }

    fn all(&mut self, depth: usize) -> Result<Condition, Wrong> {
        self.joined(depth, &Token::And, Self::single, Condition::All)
    }

    fn joined(
        &mut self,
        depth: usize,
        word: &Token,
        part: fn(&mut Self, usize) -> Result<Condition, Wrong>,
        make: fn(Vec<Condition>) -> Condition,
    ) -> Result<Condition, Wrong> {
        let first = part(self, depth)?;
        if !self.takes(word) {
            return Ok(first);
        }
        let mut parts = vec![first, part(self, depth)?];
        while self.takes(word) {
            parts.push(part(self, depth)?);
        }
        Ok(make(parts))
    }

    fn single(&mut self, depth: usize) -> Result<Condition, Wrong> {
        if depth > DEEPEST {
            let text = format!("parentheses stand in one another more than {DEEPEST} deep");
            return Err(wrong(self.column(), text, "Take some of them out."));
        }
        if self.takes(&Token::Open) {
            let inner = self.any(depth + 1)?;
            self.expect(&Token::Close, "a `(` is not closed", "Close it with `)`.")?;
            return Ok(inner);
        }
        if let Some((_, Token::Word(word))) = self.tokens.get(self.at)
            && word == "exists"
            && matches!(self.tokens.get(self.at + 1), Some((_, Token::Open)))
        {
            self.at += 2;
            return self.exists();
        }
        let left = self.operand()?;
        let equal = if self.takes(&Token::Equal) {
            true
        } else if self.takes(&Token::Different) {
            false
        } else {
            return Ok(Condition::Says(left));
        };
        Ok(Condition::Compared { left, right: self.operand()?, equal })
    }

    /// What stands in the parentheses of `exists`.
    fn exists(&mut self) -> Result<Condition, Wrong> {
        let file = self.operand()?;
        let mut expected = true;
        if self.takes(&Token::Comma) {
            let column = self.column();
            expected = match self.tokens.get(self.at) {
                Some((_, Token::Word(word))) if word.eq_ignore_ascii_case("true") => true,
                Some((_, Token::Word(word))) if word.eq_ignore_ascii_case("false") => false,
                _ => {
                    let text = "the second part of `exists` is neither `true` nor `false`";
                    return Err(wrong(
                        column,
                        text,
                        "Write `exists('file', true)`, or false for its absence.",
                    ));
                }
            };
            self.at += 1;
        }
        self.expect(&Token::Close, "`exists(` is not closed", "Write `exists('file', true)`.")?;
        Ok(Condition::Exists { file, expected })
    }

    fn operand(&mut self) -> Result<Operand, Wrong> {
        let column = self.column();
        let operand = match self.tokens.get(self.at) {
            Some((_, Token::Quoted(quote, text))) => Operand::Text(Some(*quote), Template::read(text)),
            Some((_, Token::Word(word))) => match Fact::ALL.into_iter().find(|fact| fact.word() == word) {
                Some(fact) => Operand::Fact(fact),
                None => Operand::Text(None, Template::read(word)),
            },
            Some((_, token)) => {
                let text = format!("{} stands where a value is expected", token.words());
                return Err(wrong(column, text, "Put one in front of it; a text that is empty is `''`."));
            }
            None => {
                return Err(wrong(
                    column,
                    "a value is missing at the end",
                    "Write one; an empty text is `''`.",
                ));
            }
        };
        self.at += 1;
        Ok(operand)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_it = self.tokens.get(self.at).is_some_and(|(_, next)| next == token);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, token: &Token, text: &str, mend: &str) -> Result<(), Wrong> {
        if self.takes(token) { Ok(()) } else { Err(wrong(self.column(), text, mend)) }
    }

    fn column(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(column, _)| *column)
    }
}

impl Token {
    fn words(&self) -> String {
        match self {
            Self::Or => "`||`".to_owned(),
            Self::And => "`&&`".to_owned(),
            Self::Equal => "`==`".to_owned(),
            Self::Different => "`!=`".to_owned(),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::Quoted(quote, text) => format!("{quote}{text}{quote}"),
            Self::Word(word) => format!("`{word}`"),
        }
    }
}

fn wrong(column: usize, text: impl Into<String>, mend: impl Into<String>) -> Wrong {
    Wrong { column, text: text.into(), mend: mend.into() }
}

/// The tokens of a text, each with its column.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Wrong> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut column = 1;
    loop {
        let trimmed = rest.trim_start();
        column += rest[..rest.len() - trimmed.len()].chars().count();
        rest = trimmed;
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let pair = [("||", Token::Or), ("&&", Token::And), ("==", Token::Equal), ("!=", Token::Different)];
        let pair = pair.into_iter().find(|(word, _)| rest.starts_with(word));
        let (token, length) = match (pair, first) {
            (Some((word, token)), _) => (token, word.len()),
            (None, '(') => (Token::Open, 1),
            (None, ')') => (Token::Close, 1),
            (None, ',') => (Token::Comma, 1),
            (None, '\'' | '"') => {
                let Some(end) = rest[1..].find(first) else {
                    return Err(wrong(column, "a quote is not closed", format!("Close it with {first}.")));
                };
                (Token::Quoted(first, rest[1..=end].to_owned()), end + 2)
            }
            (None, '|' | '&' | '=' | '!') => {
                let text = format!("`{first}` is no sign of a condition");
                let mend = "Conditions know `==`, `!=`, `&&` and `||`; a text that holds it needs quotes.";
                return Err(wrong(column, text, mend));
            }
            (None, _) => {
                let word = word(rest);
                (Token::Word(word.to_owned()), word.len())
            }
        };
        tokens.push((column, token));
        column += rest[..length].chars().count();
        rest = &rest[length..];
    }
}

/// The text without quotes that `text` begins with. What stands in `${…}` belongs to it, whatever it is.
fn word(text: &str) -> &str {
    let mut end = 0;
    while let Some(next) = text[end..].chars().next() {
        if let Some(reference) = text[end..].strip_prefix("${").and(template::reference(&text[end..])) {
            end += reference.len();
        } else if next.is_whitespace() || "()',\"|&=!".contains(next) {
            break;
        } else {
            end += next.len_utf8();
        }
    }
    &text[..end]
}
