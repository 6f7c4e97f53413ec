//! Unquoted dates and times of YAML, as Liquibase's own constructor makes them: a date alone becomes a point in time,
//! a date with a time becomes text in which fractions and most of what was written about the zone are lost.
//!
//! Assumes what holds for every run of lockstep: the process of Liquibase is in UTC.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};
use regex::Regex;

use super::scalar::Scalar;

static PARTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?(?:[ \t]*(?:Z|([-+])([0-9]{1,2})(?::([0-9]{2}))?))?)?$",
    )
    .expect("the pattern is valid")
});

/// The first year that Java and the calendar used here count alike.
const FIRST_YEAR: i16 = 1583;

/// Reads what YAML 1.1 takes for a timestamp. The error is a sentence.
pub(super) fn timestamp(text: &str) -> Result<Scalar, String> {
    let unreadable = || format!("it is not known which point in time Liquibase makes of `{text}`");
    let parts = PARTS.captures(text).ok_or_else(unreadable)?;
    let number = |index: usize| parts.get(index).and_then(|part| part.as_str().parse::<i64>().ok());
    let year = number(1).and_then(|year| i16::try_from(year).ok()).filter(|year| *year >= FIRST_YEAR);
    let (Some(year), Some(month), Some(day)) = (year, number(2), number(3)) else { return Err(unreadable()) };
    // Java's calendar takes a thirteenth month for the first of the next year, and so on.
    let span = Span::new().try_months(month - 1).and_then(|span| span.try_days(day - 1));
    let date = Date::new(year, 1, 1).and_then(|date| date.checked_add(span?)).map_err(|_| unreadable())?;
    let (Some(hour), Some(minute), Some(second)) = (number(4), number(5), number(6)) else {
        return Ok(Scalar::Date(date.strftime("%Y-%m-%dT00:00:00").to_string()));
    };
    let seconds = hour * 3600 + minute * 60 + second;
    let midnight = date.to_zoned(TimeZone::UTC).map_err(|_| unreadable())?.timestamp().as_second();
    let Some(sign) = parts.get(8) else {
        let moment = Timestamp::from_second(midnight + seconds).map_err(|_| unreadable())?;
        return Ok(Scalar::Text(moment.strftime("%Y-%m-%d %H:%M:%S").to_string()));
    };
    // What Java's time zones do not know is UTC to them.
    let (hours, minutes) = (number(9).unwrap_or(0), number(10).unwrap_or(0));
    let offset = if hours > 23 || minutes > 59 { 0 } else { hours * 3600 + minutes * 60 };
    let offset = if sign.as_str() == "-" { -offset } else { offset };
    let moment = Timestamp::from_second(midnight + seconds - offset).map_err(|_| unreadable())?;
    Ok(Scalar::Text(java(moment)))
}

/// The text of a date that `Date.toString` prints, from the form in which a [`Scalar::Date`] has it.
pub(super) fn printed(date: &str) -> String {
    let midnight = date.split_once('T').and_then(|(day, _)| day.parse::<Date>().ok());
    match midnight.and_then(|day| day.to_zoned(TimeZone::UTC).ok()) {
        Some(zoned) => java(zoned.timestamp()),
        None => date.to_owned(),
    }
}

fn java(moment: Timestamp) -> String {
    moment.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
}
