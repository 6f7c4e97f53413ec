//! What an unquoted YAML word is: SnakeYAML's rules, which are those of YAML 1.1. `yes` is true, `010` is eight,
//! `1e10` is a number with a fraction and `2024-01-02` is a date.

use std::sync::LazyLock;

use regex::Regex;

use super::moment;
use super::scalar::Scalar;

/// What a scalar of a YAML document is.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolved {
    /// Nothing.
    Null,
    /// The key `<<`: the mapping beside it belongs here.
    Merge,
    /// A value.
    Value(Scalar),
}

macro_rules! patterns {
    ($($name:ident = $text:literal;)*) => {
        $(static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the patterns of this file are valid"));)*
    };
}

patterns! {
    INTEGER = r"^(?:[-+]?0b_*[0-1][0-1_]*|[-+]?0_*[0-7][0-7_]*|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x_*[0-9a-fA-F][0-9a-fA-F_]*|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$";
    FLOAT = r"^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)|[-+]?\.[0-9_]+(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$";
    TIMESTAMP = r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$";
}

/// What an unquoted word without a tag is. The error is a sentence: Liquibase cannot read the word.
pub(super) fn plain(text: &str) -> Result<Resolved, String> {
    let Some(first) = text.chars().next() else { return Ok(Resolved::Null) };
    match first {
        '~' | 'n' | 'N' if is_null(text) => Ok(Resolved::Null),
        'y' | 'Y' | 'n' | 'N' | 't' | 'T' | 'f' | 'F' | 'o' | 'O' => {
            Ok(truth(text).unwrap_or_else(|| word(text)))
        }
        '<' if text == "<<" => Ok(Resolved::Merge),
        '0'..='9' | '-' | '+' | '.' => number(text),
        // SnakeYAML takes a lone `=` for a value of a kind that it cannot make.
        '=' if text == "=" => Err("Liquibase cannot read an unquoted `=`".to_owned()),
        _ => Ok(word(text)),
    }
}

/// What a scalar with one of YAML's own tags is, such as `str` of `!!str`.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Resolved, String> {
    let found = match tag {
        "str" => return Ok(word(text)),
        "null" => return Ok(Resolved::Null),
        "bool" => truth(&text.to_lowercase()),
        "int" => Some(integer(text)?),
        "float" => float(text),
        "timestamp" => Some(time(text)?),
        _ => return Err(format!("the tag `!!{tag}` is not one that is read here")),
    };
    found.ok_or_else(|| format!("`{text}` is not what its tag `!!{tag}` says"))
}

fn is_null(text: &str) -> bool {
    matches!(text, "~" | "null" | "Null" | "NULL")
}

fn word(text: &str) -> Resolved {
    Resolved::Value(Scalar::Text(text.to_owned()))
}

fn truth(text: &str) -> Option<Resolved> {
    let value = match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => true,
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => false,
        _ => return None,
    };
    Some(Resolved::Value(Scalar::Boolean(value)))
}

fn number(text: &str) -> Result<Resolved, String> {
    if INTEGER.is_match(text) {
        integer(text)
    } else if FLOAT.is_match(text) {
        float(text).ok_or_else(|| format!("Liquibase cannot read the number `{text}`"))
    } else if TIMESTAMP.is_match(text) {
        time(text)
    } else {
        Ok(word(text))
    }
}

fn time(text: &str) -> Result<Resolved, String> {
    moment::timestamp(text).map(Resolved::Value)
}

/// A whole number in any of YAML 1.1's ways of writing one; Java makes as big a number as is needed.
fn integer(text: &str) -> Result<Resolved, String> {
    let unreadable = || format!("Liquibase cannot read the number `{text}`");
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let decimal = if digits == "0" {
        Some("0".to_owned())
    } else if let Some(binary) = digits.strip_prefix("0b") {
        decimal(binary, 2)
    } else if let Some(hexadecimal) = digits.strip_prefix("0x") {
        decimal(hexadecimal, 16)
    } else if let Some(octal) = digits.strip_prefix('0') {
        decimal(octal, 8)
    } else if digits.contains(':') {
        sexagesimal(digits)
    } else {
        decimal(digits, 10)
    };
    let decimal = decimal.ok_or_else(unreadable)?;
    let sign = if decimal == "0" { "" } else { sign };
    Ok(Resolved::Value(Scalar::Integer(format!("{sign}{decimal}"))))
}

/// The number in decimal, without leading zeros, however big it is.
fn decimal(digits: &str, radix: u32) -> Option<String> {
    if digits.is_empty()
        || digits.len() > LONGEST_NUMBER
        || !digits.chars().all(|digit| digit.is_digit(radix))
    {
        return None;
    }
    if radix == 10 {
        let trimmed = digits.trim_start_matches('0');
        return Some(if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() });
    }
    // Decimal digits, the smallest first.
    let mut result: Vec<u8> = vec![0];
    for digit in digits.chars().filter_map(|digit| digit.to_digit(radix)) {
        let mut carry = digit;
        for place in &mut result {
            carry += u32::from(*place) * radix;
            *place = u8::try_from(carry % 10).unwrap_or(0);
            carry /= 10;
        }
        while carry > 0 {
            result.push(u8::try_from(carry % 10).unwrap_or(0));
            carry /= 10;
        }
    }
    Some(result.iter().rev().map(|digit| char::from(b'0' + digit)).collect())
}

/// Longer numbers are not worth the time that turning them into decimals takes.
const LONGEST_NUMBER: usize = 1000;

/// `1:30` is ninety: every part is worth sixty times the one behind it. Java's `int` wraps round.
fn sexagesimal(digits: &str) -> Option<String> {
    let mut value: i32 = 0;
    for part in digits.split(':') {
        value = value.wrapping_mul(60).wrapping_add(part.parse().ok()?);
    }
    Some(value.to_string())
}

fn float(text: &str) -> Option<Resolved> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let value = match digits.to_lowercase().as_str() {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        digits if digits.contains(':') => {
            digits.split(':').try_fold(0.0, |value, part| Some(value * 60.0 + part.parse::<f64>().ok()?))?
        }
        digits => digits.parse().ok()?,
    };
    Some(Resolved::Value(Scalar::Float(sign * value)))
}
