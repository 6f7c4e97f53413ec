//! Reading a file to its end although something is wrong in it, so that every mistake is told at once.
//!
//! Whoever deserialises stops at the first mistake. Here what is wrong is taken out, what is missing is put in for the
//! moment, and it is tried again, until it can be read. Which keys there are is known by the types alone.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::file::placed;
use crate::domain::spelling;

/// More mistakes than this are not looked for.
const LIMIT: usize = 200;

/// What is put in place of what is missing begins with this. Nobody writes it.
const STAND_IN: &str = "unwritten";

/// What may be put in place of what is missing, tried in turn after a text.
const OTHERS: [&str; 5] = ["{}", "[]", "false", "1", "1.0"];

type Table<'t> = DeTable<'t>;

/// What is wrong in a text, each with its line; and what could be read in spite of it.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> (Option<T>, Vec<String>) {
    let (root, errors) = Table::parse_recoverable(text);
    if !errors.is_empty() {
        let words =
            |error: &toml::de::Error| placed(text, error.span().map(|span| span.start), error.message());
        return (None, errors.iter().map(words).collect());
    }
    let mut reading = Reading { text, root, stand_ins: Vec::new(), removed: Vec::new(), found: Vec::new() };
    for _ in 0..LIMIT {
        match T::deserialize(Deserializer::from(reading.root.clone())) {
            Ok(read) => return (Some(read), reading.told()),
            Err(error) => {
                if !reading.mend(&error) {
                    break;
                }
            }
        }
    }
    (None, reading.told())
}

/// True when `problem` is about something that is missing, and was told as such.
pub(super) fn is_of_a_stand_in(problem: &str) -> bool {
    problem.contains(STAND_IN)
}

/// A text while it is mended.
struct Reading<'t> {
    text: &'t str,
    root: Spanned<Table<'t>>,
    /// What was put in: the table, the key, where it pretends to stand, and how many forms were tried.
    stand_ins: Vec<(Range<usize>, String, Range<usize>, usize)>,
    /// What was taken out: the table and the key.
    removed: Vec<(Range<usize>, String)>,
    found: Vec<(usize, String)>,
}

impl Reading<'_> {
    /// What was found, in the order of the file.
    fn told(mut self) -> Vec<String> {
        self.found.sort_by_key(|(at, _)| *at);
        self.found.into_iter().map(|(at, words)| placed(self.text, Some(at), &words)).collect()
    }

    /// Tells one mistake and mends it for the moment; false where that cannot be done.
    fn mend(&mut self, error: &toml::de::Error) -> bool {
        let span = error.span().unwrap_or(0..0);
        let message = error.message();
        if let Some(names) = message.strip_prefix("unknown field ").map(quoted) {
            let (words, meant) = unknown(message, &names);
            self.found.push((span.start, words));
            let removed = &mut self.removed;
            return each(&mut self.root, &mut |at, table| {
                let is_here = !without(table, |key| key.span() == span).is_empty();
                if is_here {
                    removed.extend(meant.iter().map(|key| (at.clone(), key.clone())));
                }
                is_here
            });
        }
        if let Some(name) =
            message.strip_prefix("missing field ").map(quoted).and_then(|names| names.first().cloned())
        {
            return self.put_in(&span, &name);
        }
        if let Some(index) = self.stand_ins.iter().position(|(.., place, _)| *place == span) {
            return self.try_another(index, message);
        }
        self.take_out(&span, message)
    }

    fn put_in(&mut self, table: &Range<usize>, name: &str) -> bool {
        let is_told = self.removed.iter().any(|(at, key)| at == table && key == name)
            || self.stand_ins.iter().any(|(.., place, _)| place == table);
        if !is_told {
            self.found.push((table.start, format!("missing field `{name}`")));
        }
        let place = self.text.len() + self.stand_ins.len() * 2 + 1;
        let place = place..place + 1;
        let value = DeValue::String(Cow::Owned(format!("{STAND_IN}{}", self.stand_ins.len() + 1)));
        self.stand_ins.push((table.clone(), name.to_owned(), place.clone(), 0));
        self.set(table, name, Spanned::new(place, value))
    }

    /// A stand-in of another form, or with a word that is allowed there.
    fn try_another(&mut self, index: usize, message: &str) -> bool {
        let (table, name, place, tried) = &mut self.stand_ins[index];
        let words = message.strip_prefix("unknown variant ").map(quoted);
        // The last one admits the most.
        let value = match words.and_then(|words| words.last().cloned()).filter(|_| *tried == 0) {
            Some(word) => Some(DeValue::String(Cow::Owned(word))),
            None => OTHERS.get(*tried).and_then(|form| DeValue::parse(form).ok()).map(Spanned::into_inner),
        };
        *tried += 1;
        let (table, name, place) = (table.clone(), name.clone(), place.clone());
        value.is_some_and(|value| self.set(&table, &name, Spanned::new(place, value)))
    }

    /// Takes the key of a value out that cannot be read, with all that is in it.
    fn take_out(&mut self, span: &Range<usize>, message: &str) -> bool {
        self.found.push((span.start, message.lines().next().unwrap_or(message).to_owned()));
        let removed = &mut self.removed;
        each(&mut self.root, &mut |at, table| {
            let is_in = |value: &Spanned<DeValue<'_>>| {
                value.span() == *span
                    || matches!(value.get_ref(), DeValue::Array(values) if values.iter().any(|value| value.span() == *span))
            };
            let keys = table.iter().filter(|(_, value)| is_in(value));
            let keys: Vec<_> = keys.map(|(key, _)| key.span()).collect();
            let gone = without(table, |key| keys.contains(&key.span()));
            removed.extend(gone.into_iter().map(|key| (at.clone(), key)));
            !keys.is_empty()
        })
    }

    fn set(&mut self, at: &Range<usize>, name: &str, value: Spanned<DeValue<'static>>) -> bool {
        let mut value = Some(value);
        each(&mut self.root, &mut |place, table| {
            let Some(value) = value.take_if(|_| place == *at) else { return false };
            let key = Spanned::new(value.span(), Cow::Owned(name.to_owned()));
            without(table, |known| known.get_ref() == name);
            table.insert(key, value);
            true
        })
    }
}

/// Takes keys out of a table; says which.
fn without(table: &mut Table<'_>, is_meant: impl Fn(&Spanned<Cow<'_, str>>) -> bool) -> Vec<String> {
    let keys: Vec<_> = table.keys().filter(|key| is_meant(key)).cloned().collect();
    for key in &keys {
        table.remove(key);
    }
    keys.into_iter().map(|key| key.into_inner().into_owned()).collect()
}

/// Goes through every table until one says that it was the one.
fn each<'t>(
    root: &mut Spanned<Table<'t>>,
    see: &mut dyn FnMut(Range<usize>, &mut Table<'t>) -> bool,
) -> bool {
    let span = root.span();
    in_table(span, root.get_mut(), see)
}

fn in_table<'t>(
    span: Range<usize>,
    table: &mut Table<'t>,
    see: &mut dyn FnMut(Range<usize>, &mut Table<'t>) -> bool,
) -> bool {
    see(span, table) || table.iter_mut().any(|(_, value)| in_value(value, see))
}

fn in_value<'t>(
    value: &mut Spanned<DeValue<'t>>,
    see: &mut dyn FnMut(Range<usize>, &mut Table<'t>) -> bool,
) -> bool {
    let span = value.span();
    match value.get_mut() {
        DeValue::Table(table) => in_table(span, table, see),
        DeValue::Array(values) => values.iter_mut().any(|value| in_value(value, see)),
        _ => false,
    }
}

/// The words between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The words for a key that there is not: what was most likely meant, which is told as well, else all that there are.
fn unknown(message: &str, names: &[String]) -> (String, Option<String>) {
    let Some((written, known)) = names.split_first() else { return (message.to_owned(), None) };
    match spelling::nearest(written, known.iter().map(String::as_str)) {
        Some(near) => (format!("unknown field `{written}`; `{near}` is one"), Some(near.to_owned())),
        None if known.is_empty() => (format!("unknown field `{written}`; nothing may stand there"), None),
        None => (format!("unknown field `{written}`; there are: {}", known.join(", ")), None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        head: Head,
        tail: Head,
        #[serde(default)]
        row: Vec<Spanned<Row>>,
        #[serde(default)]
        free: BTreeMap<String, u8>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Head {
        name: String,
        count: Option<u8>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        kind: Kind,
        #[serde(default)]
        tags: Vec<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Red,
        Green,
    }

    fn wrong(text: &str) -> Vec<String> {
        read::<File>(text).1
    }

    const GOOD: &str = "[head]\nname = \"a\"\n[tail]\nname = \"b\"\n";

    #[test]
    fn a_file_in_which_nothing_is_wrong_is_read() {
        let (file, problems) = read::<File>(&format!("{GOOD}[[row]]\nkind = \"red\"\n"));
        let file = file.unwrap();
        assert_eq!(
            (file.head.name.as_str(), file.tail.count, file.free.len(), problems.len()),
            ("a", None, 0, 0)
        );
        let row = file.row[0].get_ref();
        assert_eq!((&row.kind, row.tags.len()), (&Kind::Red, 0));
    }

    #[test]
    fn every_mistake_is_told_at_once_in_the_order_of_the_file() {
        let text = "[head]\nnmae = \"a\"\ncount = \"many\"\n[[row]]\nkind = \"blue\"\ntags = [1]\nodd = 1\n[[row]]\ntags = [\"x\"]\n";
        assert_eq!(
            wrong(text),
            [
                "line 1: missing field `tail`",
                "line 2: unknown field `nmae`; `name` is one",
                "line 3: invalid type: string \"many\", expected u8",
                "line 5: unknown variant `blue`, expected `red` or `green`",
                "line 6: invalid type: integer `1`, expected a string",
                "line 7: unknown field `odd`; there are: kind, tags",
                "line 8: missing field `kind`",
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_not_told_as_missing_as_well() {
        let text = GOOD.replace("name = \"a\"", "name = 7");
        assert_eq!(wrong(&text), ["line 2: invalid type: integer `7`, expected a string"]);
        let text = format!("{GOOD}[free]\nx = -1\ny = 300\n");
        assert_eq!(wrong(&text).len(), 2, "{:?}", wrong(&text));
    }

    #[test]
    fn what_is_no_toml_at_all_is_told_wherever_it_stands() {
        let problems = wrong("[head]\nname = \n[tail]\nname = \"b\ncount = 1 2\n");
        let lines: Vec<_> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
        assert!(lines.contains(&"line 2") && lines.len() > 1, "{problems:?}");
    }

    #[test]
    fn whatever_is_written_there_it_comes_to_an_end() {
        for text in [
            "",
            "head = 1\ntail = []\nrow = 7\nfree = [1]",
            "[head.name]\nx = 1\n[tail]\nname = {}\n",
            "row = [[1], {kind = 1}]",
        ] {
            let (_, problems) = read::<File>(text);
            assert!(!problems.is_empty() && problems.len() < 12, "{text}: {problems:?}");
        }
    }
}
