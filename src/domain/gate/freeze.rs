//! Windows in which nothing may begin: every week, or between two dates, in a time zone that is named.

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};

use crate::domain::Timestamp;

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// A window in which nothing may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    text: String,
    span: Span,
    zone: TimeZone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    /// From one moment of the week to another, which may be in the next week.
    Weekly { from: Moment, to: Moment },
    /// From one moment up to, not including, another.
    Dated { from: DateTime, to: DateTime },
}

/// A moment of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    /// Days since Monday; 7 for the end of Sunday.
    day: i8,
    time: Time,
}

impl Freeze {
    /// Reads a window such as `Fri 16:00 - Mon 08:00`, `Sat - Sun`, `2026-12-20 - 2027-01-05` or
    /// `2026-12-24 12:00 - 2026-12-27 08:00`. A day without a time is frozen as a whole. The error says what is wrong.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!(
                "`{text}` is not a window such as `Fri 16:00 - Mon 08:00` or `2026-12-20 - 2027-01-05`: {why}"
            )
        };
        let (from, to) = text.split_once(" - ").ok_or_else(|| wrong("` - ` stands between its two ends"))?;
        let (from, to) = (from.trim(), to.trim());
        let span = match (weekly(from, false), weekly(to, true)) {
            (Some(from), Some(to)) if from == to => return Err(wrong("it lasts no time")),
            (Some(from), Some(to)) => Span::Weekly { from, to },
            _ => {
                let from = dated(from, false).ok_or_else(|| wrong(&format!("`{from}` is no such moment")))?;
                let to = dated(to, true).ok_or_else(|| wrong(&format!("`{to}` is no such moment")))?;
                if from >= to {
                    return Err(wrong("it ends before it begins"));
                }
                Span::Dated { from, to }
            }
        };
        Ok(Self { text: text.to_owned(), span, zone: zone.clone() })
    }

    /// When the window that `at` is in ends; `None` when it is in none.
    pub fn ends(&self, at: Timestamp) -> Option<Zoned> {
        let local = at.to_zoned(self.zone.clone()).datetime();
        let end = match self.span {
            Span::Dated { from, to } => (from <= local && local < to).then_some(to)?,
            Span::Weekly { from, to } => {
                let day = local.weekday().to_monday_zero_offset();
                let now = Moment { day, time: local.time() };
                let is_inside = if from < to { from <= now && now < to } else { from <= now || now < to };
                let days = i64::from((to.day - day).rem_euclid(7));
                // The end may have the same day of the week as now, and be a week away.
                let days = if days == 0 && to.time <= now.time { 7 } else { days };
                let date = local.date().checked_add(days.days()).ok()?;
                is_inside.then(|| date.to_datetime(to.time))?
            }
        };
        end.to_zoned(self.zone.clone()).ok()
    }

    /// The name of its time zone.
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.text, self.zone())
    }
}

/// A day of the week with or without a time. An end without one is the end of that day.
fn weekly(text: &str, is_end: bool) -> Option<Moment> {
    let (day, time) = text.split_once(' ').map_or((text, None), |(day, time)| (day, Some(time)));
    let day = day.to_lowercase();
    let (_, day) = DAYS.into_iter().find(|(name, _)| day.len() >= 3 && name.starts_with(&day))?;
    let day = day.to_monday_zero_offset();
    match time {
        Some(time) => Some(Moment { day, time: clock(time)? }),
        None => Some(Moment { day: day + i8::from(is_end), time: Time::midnight() }),
    }
}

/// A date with or without a time. An end without one is the end of that day.
fn dated(text: &str, is_end: bool) -> Option<DateTime> {
    let (date, time) = text.split_once(' ').map_or((text, None), |(date, time)| (date, Some(time)));
    let date: Date = date.parse().ok()?;
    match time {
        Some(time) => Some(date.to_datetime(clock(time)?)),
        None if is_end => Some(date.tomorrow().ok()?.to_datetime(Time::midnight())),
        None => Some(date.to_datetime(Time::midnight())),
    }
}

fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each window ends at a moment of 2026 in Berlin, or `-`.
    const TABLE: &[(&str, &str, &str)] = &[
        ("Fri 16:00 - Mon 08:00", "11-20 15:59", "-"),
        ("Fri 16:00 - Mon 08:00", "11-20 16:00", "2026-11-23 08:00"),
        ("Fri 16:00 - Mon 08:00", "11-23 07:59", "2026-11-23 08:00"),
        ("Fri 16:00 - Mon 08:00", "11-23 08:00", "-"),
        ("Friday 16:00 - Monday 08:00", "11-21 12:00", "2026-11-23 08:00"),
        ("Mon 09:00 - Wed 17:00", "11-24 00:00", "2026-11-25 17:00"),
        ("Mon 09:00 - Wed 17:00", "11-22 12:00", "-"),
        ("Sat - Sun", "11-22 23:59", "2026-11-23 00:00"),
        ("Sat - Sun", "11-23 00:00", "-"),
        ("Mon 12:00 - Mon 10:00", "11-23 12:30", "2026-11-30 10:00"),
        ("Mon 12:00 - Mon 10:00", "11-23 11:00", "-"),
        ("2026-12-20 - 2027-01-05", "12-19 23:59", "-"),
        ("2026-12-20 - 2027-01-05", "12-20 00:00", "2027-01-06 00:00"),
        ("2026-12-24 12:00 - 2026-12-27 08:00", "12-24 11:59", "-"),
        ("2026-12-24 12:00 - 2026-12-27 08:00", "12-24 12:00", "2026-12-27 08:00"),
    ];

    #[test]
    fn a_window_is_entered_and_left_on_the_minute_of_its_own_time_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for (window, moment, end) in TABLE {
            let freeze = Freeze::parse(window, &zone).unwrap();
            let at: DateTime = format!("2026-{}:00", moment.replace(' ', "T")).parse().unwrap();
            let at = at.to_zoned(zone.clone()).unwrap().timestamp();
            let ends = freeze.ends(at).map_or("-".to_owned(), |end| end.strftime("%F %H:%M").to_string());
            assert_eq!(&ends, end, "{window} at {moment}");
        }
    }

    #[test]
    fn a_window_goes_by_the_civil_clock_through_the_change_to_winter_time() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let freeze = Freeze::parse("Sat 12:00 - Sun 06:00", &zone).unwrap();
        // 25 October 2026, 06:00 in Berlin is 05:00 UTC: an hour later than the day before.
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(freeze.ends(at("2026-10-25T04:59:00Z")).is_some());
        assert!(freeze.ends(at("2026-10-25T05:00:00Z")).is_none());
    }

    #[test]
    fn what_is_no_window_is_refused_with_the_reason() {
        let zone = TimeZone::UTC;
        for (text, why) in [
            ("Fri 16:00", "stands between"),
            ("Fri 16:00 - Fri 16:00", "it lasts no time"),
            ("2027-01-05 - 2026-12-20", "it ends before it begins"),
            ("Fri 25:00 - Mon 08:00", "`Fri 25:00` is no such moment"),
            ("2026-12-20 - Mon", "`Mon` is no such moment"),
        ] {
            let error = Freeze::parse(text, &zone).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
