//! In what two plans differ, line by line of their canonical forms, as people read it.

use std::fmt::Write as _;

/// Characters of a text that are shown of a changed line.
const SHOWN: usize = 60;

/// Digits of a digest that are shown.
const DIGITS: usize = 12;

/// Facts of a changeset: they stand behind its name, up to the next one.
const OF_A_CHANGESET: [&str; 3] = ["checksum", "sql", "rollback"];

/// A canonical form, taken apart.
#[derive(Default)]
struct Form<'a> {
    /// Facts about the whole, in order.
    facts: Vec<(&'a str, &'a str)>,
    /// Every changeset with its facts, in order.
    changesets: Vec<(&'a str, Vec<(&'a str, &'a str)>)>,
}

/// In what the plan `after` differs from `before`, both as [`Plan::canonical`](crate::domain::plan::Plan::canonical)
/// writes them; empty when they are the same.
pub fn differences(before: &str, after: &str) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let lines = match (Form::read(before), Form::read(after)) {
        (Some(before), Some(after)) => lines(&before, &after),
        _ => Vec::new(),
    };
    if lines.is_empty() { vec!["it is written in another form".to_owned()] } else { lines }
}

/// What the flow of a plan adds to it, as its canonical form has it; `None` for a text that is none.
pub(super) fn actions(text: &str) -> Option<[Vec<&str>; 3]> {
    let form = Form::read(text)?;
    let mut steps = form.values("step");
    // Of lockstep's own steps there are fewer when less is left to do.
    steps.retain(|step| step.starts_with("action "));
    Some([steps, form.values("action"), form.values("closing")])
}

fn lines(before: &Form<'_>, after: &Form<'_>) -> Vec<String> {
    let mut lines = facts(before, after);
    lines.extend(changesets(before, after));
    lines.extend(waivers(before, after));
    let steps = |form: &Form<'_>| form.values("step").join(" → ");
    if steps(before) != steps(after) {
        lines.push(format!("steps now {}, before {}", steps(after), steps(before)));
    }
    lines
}

impl<'a> Form<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (_, mut rest) = text.split_once('\n')?;
        let mut form = Self::default();
        while !rest.is_empty() {
            let (name, behind) = rest.split_once(' ')?;
            let (length, behind) = behind.split_once(' ')?;
            let length: usize = length.parse().ok()?;
            let value = behind.get(..length)?;
            rest = behind.get(length..)?.strip_prefix('\n')?;
            if name == "changeset" {
                form.changesets.push((value, Vec::new()));
                continue;
            }
            let is_of_one = OF_A_CHANGESET.iter().any(|prefix| name.starts_with(prefix));
            match form.changesets.last_mut() {
                Some((_, facts)) if is_of_one => facts.push((name, value)),
                _ => form.facts.push((name, value)),
            }
        }
        Some(form)
    }

    fn values(&self, wanted: &str) -> Vec<&'a str> {
        self.facts.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value).collect()
    }

    fn facts_of(&self, changeset: &str) -> Option<&[(&'a str, &'a str)]> {
        self.changesets.iter().find(|(id, _)| *id == changeset).map(|(_, facts)| facts.as_slice())
    }
}

fn facts(before: &Form<'_>, after: &Form<'_>) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in before.facts.iter().chain(&after.facts) {
        if !matches!(*name, "step" | "waived") && !names.contains(name) {
            names.push(name);
        }
    }
    let changed = names.into_iter().filter_map(|name| {
        let (was, is) = (before.values(name), after.values(name));
        if was == is {
            return None;
        }
        let (was, is) = (was.join(", "), is.join(", "));
        let digest = |text: &str| text.get(..DIGITS).unwrap_or(text).to_owned();
        let (was, is) = if name == "archive" { (digest(&was), digest(&is)) } else { apart(&was, &is) };
        Some(format!("{name} {was} → {is}"))
    });
    changed.collect()
}

/// What policy lets pass that it did not, and the other way round.
fn waivers(before: &Form<'_>, after: &Form<'_>) -> Vec<String> {
    let (was, is) = (before.values("waived"), after.values("waived"));
    let gone =
        was.iter().filter(|line| !is.contains(line)).map(|line| format!("not waived any more: {line}"));
    let new = is.iter().filter(|line| !was.contains(line)).map(|line| format!("waived now: {line}"));
    gone.chain(new).collect()
}

fn changesets(before: &Form<'_>, after: &Form<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, _) in &before.changesets {
        if after.facts_of(id).is_none() {
            lines.push(format!("{} is no part of it any more", short(id)));
        }
    }
    for (id, facts) in &after.changesets {
        match before.facts_of(id) {
            None => lines.push(format!("{} was added", short(id))),
            Some(earlier) => lines.extend(changeset(short(id), earlier, facts)),
        }
    }
    let order = |form: &Form<'_>, other: &Form<'_>| -> Vec<String> {
        let both = form.changesets.iter().filter(|(id, _)| other.facts_of(id).is_some());
        both.map(|(id, _)| (*id).to_owned()).collect()
    };
    if order(before, after) != order(after, before) {
        lines.push("the changesets are in another order".to_owned());
    }
    lines
}

fn changeset(id: &str, before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<String> {
    let value = |facts: &[(&str, &str)], prefix: &str| {
        let found = facts.iter().find(|(name, _)| name.starts_with(prefix));
        found.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).unwrap_or_default()
    };
    let mut lines = Vec::new();
    for name in ["sql", "rollback"] {
        let ((was, old), (is, new)) = (value(before, name), value(after, name));
        if old != new {
            lines.push(format!("{name} of {id}: {}", text(&old, &new)));
        } else if was != is {
            lines.push(format!("{name} of {id}: {was} → {is}"));
        }
    }
    let (was, is) = (value(before, "checksum").1, value(after, "checksum").1);
    if lines.is_empty() && was != is {
        let or_none = |sum: String| if sum.is_empty() { "none".to_owned() } else { sum };
        lines.push(format!("checksum of {id} {} → {}", or_none(was), or_none(is)));
    }
    lines
}

/// What happened to a text: how many lines changed, and the first of them.
fn text(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same_at_start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[same_at_start..], &new[same_at_start..]);
    let same_at_end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - same_at_end], &new[..new.len() - same_at_end]);
    let count = |count: usize| if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
    let mut words = match (old.len(), new.len()) {
        (0, 0) => return "only the ends of lines changed".to_owned(),
        (0, added) => format!("{} added", count(added)),
        (removed, 0) => format!("{} removed", count(removed)),
        (removed, added) => format!("{} changed", count(removed.max(added))),
    };
    match (old.first(), new.first()) {
        (Some(old), Some(new)) => {
            let (old, new) = apart(old.trim(), new.trim());
            write!(words, ": {old} → {new}").ok();
        }
        (None, Some(line)) | (Some(line), None) => {
            write!(words, ": {}", cut(line.trim())).ok();
        }
        (None, None) => {}
    }
    words
}

/// The id of a changeset as people call it: without path and author.
fn short(id: &str) -> &str {
    id.split("::").nth(1).unwrap_or(id)
}

/// Two texts with what they begin alike left out, from the last word boundary on.
fn apart(one: &str, other: &str) -> (String, String) {
    if one.is_empty() || other.is_empty() {
        let or_nothing = |text: &str| if text.is_empty() { "nothing".to_owned() } else { cut(text) };
        return (or_nothing(one), or_nothing(other));
    }
    let alike = one.char_indices().zip(other.chars()).take_while(|((_, one), other)| one == other);
    let mut from = 0;
    for ((place, c), _) in alike {
        if !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-') {
            from = place + c.len_utf8();
        }
    }
    if from == 0 {
        return (cut(one), cut(other));
    }
    (format!("…{}", cut(&one[from..])), format!("…{}", cut(&other[from..])))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(image: &str, changesets: &[(&str, &str, &str)], step: &str) -> String {
        let mut text = "lockstep plan 2\n".to_owned();
        let mut line = |name: &str, value: &str| writeln!(text, "{name} {} {value}", value.len()).unwrap();
        line("image-to", image);
        line("archive", &image[image.len() - 3..].repeat(20));
        for (id, sql, rollback) in changesets {
            line("changeset", &format!("changelog/all.sql::{id}::store"));
            line("checksum", &format!("9:{}", sql.len()));
            line("sql", sql);
            line("rollback", rollback);
        }
        line("step", step);
        text
    }

    #[test]
    fn what_differs_is_told_as_people_would() {
        let before = form(
            "registry/store:v1.3.0",
            &[
                ("1", "create table a;\nalter table a add column b int;", "drop table a;"),
                ("2", "select 2", ""),
            ],
            "update",
        );
        let after = form(
            "registry/store:v1.4.0",
            &[
                ("3", "select 3", ""),
                ("1", "create table a;\nalter table a add column c int;\nselect 1;", "drop table a cascade;"),
            ],
            "update",
        );
        assert_eq!(differences(&before, &before), Vec::<String>::new());
        assert_eq!(
            differences(&before, &after),
            [
                "image-to …v1.3.0 → …v1.4.0",
                "archive 3.03.03.03.0 → 4.04.04.04.0",
                "2 is no part of it any more",
                "3 was added",
                "sql of 1: 2 lines changed: …b int; → …c int;",
                "rollback of 1: 1 line changed: …a; → …a cascade;",
            ]
        );
    }

    #[test]
    fn another_order_and_other_steps_are_told_when_they_are_all_that_differs() {
        let one = form("v1.0.0", &[("1", "a", ""), ("2", "b", "")], "update");
        let other = form("v1.0.0", &[("2", "b", ""), ("1", "a", "")], "service");
        assert_eq!(
            differences(&one, &other),
            ["the changesets are in another order", "steps now service, before update"]
        );
    }

    #[test]
    fn a_waiver_that_came_or_went_is_told_whole() {
        let plan = form("v1.0.0", &[("1", "a", "")], "update");
        let line = "SqlGrantWarn in changelog/all.sql::1::store until 2026-12-31 by ana: the reporting role needs it";
        let waived = format!("{plan}waived {} {line}\n", line.len());
        assert_eq!(differences(&plan, &waived), [format!("waived now: {line}")]);
        assert_eq!(differences(&waived, &plan), [format!("not waived any more: {line}")]);
    }

    #[test]
    fn any_two_different_texts_differ_in_something_that_is_told() {
        let plan = form("v1.0.0", &[("1", "a\nb", "")], "update");
        for place in 0..plan.len() {
            let mut other = plan.clone().into_bytes();
            other[place] ^= 1;
            let other = String::from_utf8(other).unwrap();
            assert_ne!(differences(&plan, &other), Vec::<String>::new(), "{other}");
        }
    }
}
