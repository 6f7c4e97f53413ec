//! From the events of a YAML parser to one value with aliases, merge keys and repeated keys worked out as SnakeYAML
//! does, within SnakeYAML's own limits, so that no text can make a tree that is bigger than it deserves.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::resolution::{self, Resolved};
use super::strictness::{self, Place};

/// How deep values may hold values: SnakeYAML's own limit.
const DEEPEST: usize = 50;

/// How many aliases may stand for lists and mappings: SnakeYAML's own limit.
const MOST_ALIASES: usize = 50;

/// A value and where it begins.
#[derive(Debug, Clone)]
pub struct Value {
    /// The line, counted from 1.
    pub line: usize,
    /// What it is.
    pub content: Content,
}

/// What a value is. Lists and mappings are shared by the aliases that stand for them.
#[derive(Debug, Clone)]
pub enum Content {
    /// A word, a number, or nothing.
    Scalar(Resolved),
    /// A list.
    List(Rc<Vec<Value>>),
    /// Keys with their values, in order.
    Mapping(Rc<Vec<(Key, Value)>>),
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub struct Key {
    /// The line, counted from 1.
    pub line: usize,
    /// What it is called.
    pub name: Name,
}

/// What a key is called.
#[derive(Debug, Clone, PartialEq)]
pub enum Name {
    /// A text.
    Text(String),
    /// `<<`
    Merge,
    /// A number, a truth value, nothing, or something with values of its own.
    Other,
}

/// Something that keeps Liquibase from reading the document, or makes it read less than is written.
#[derive(Debug)]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, as a sentence without a full stop.
    pub text: String,
    /// How to mend it, as a full sentence.
    pub mend: &'static str,
}

impl Fault {
    fn new(line: usize, text: impl Into<String>, mend: &'static str) -> Self {
        Self { line, text: text.into(), mend }
    }
}

/// Composes the one document of a text; `None` when there is nothing in it. The second part are keys that stand more
/// than once.
///
/// # Errors
///
/// What keeps Liquibase from reading it, with its line.
pub fn compose(text: &str) -> Result<(Option<Value>, Vec<Fault>), Fault> {
    let mut options = granit_parser::options! { flow_nesting_limit: 128, block_nesting_limit: 128 };
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(text, options);
    strictness::check_ends_of_line(text)?;
    let mut composer = Composer {
        text,
        parser,
        anchors: HashMap::new(),
        aliases: 0,
        repeated: Vec::new(),
        scalars: Vec::new(),
    };
    let mut document = None;
    loop {
        match composer.next()? {
            (Event::StreamEnd, _) => break,
            (Event::StreamStart | Event::DocumentEnd, _) => {}
            (Event::DocumentStart(..), span) => {
                if document.is_some() {
                    let mend = "Liquibase reads one document a file: take the `---` out, or make two files.";
                    return Err(Fault::new(line(&span), "a second document begins here", mend));
                }
            }
            event => document = Some(composer.value(event, 1)?),
        }
    }
    strictness::check_tabs(text, &composer.scalars)?;
    Ok((document, composer.repeated))
}

struct Composer<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    /// What the anchors stand for; `None` while it is still being read.
    anchors: HashMap<usize, Option<Value>>,
    aliases: usize,
    repeated: Vec<Fault>,
    /// Where the scalars stand, in order.
    scalars: Vec<Place>,
}

impl<'t> Composer<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Fault> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Fault::new(
                error.marker().line(),
                error.info().as_str(),
                "Correct it there, or just above.",
            )),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn value(&mut self, (event, span): (Event<'t>, Span), depth: usize) -> Result<Value, Fault> {
        let line = line(&span);
        let holds_values = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
        if holds_values && depth > DEEPEST {
            let text = format!("values stand in values more than {DEEPEST} deep");
            return Err(Fault::new(line, text, "Liquibase goes no deeper: flatten it."));
        }
        let (anchor, content) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.note(&span, style, line)?;
                let resolved = scalar(&text, style, tag.as_deref());
                let mend = "Put it in quotes, if it is a text.";
                (anchor, Content::Scalar(resolved.map_err(|text| Fault::new(line, text, mend))?))
            }
            Event::SequenceStart(_, anchor, tag) => {
                known(tag.as_ref(), "seq", line)?;
                self.anchors.insert(anchor, None);
                (anchor, self.list(depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                known(tag.as_ref(), "map", line)?;
                self.anchors.insert(anchor, None);
                (anchor, self.mapping(depth)?)
            }
            Event::Alias(anchor) => return self.alias(anchor, line),
            _ => return Err(Fault::new(line, "a value is missing here", "Write one.")),
        };
        let value = Value { line, content };
        if anchor > 0 {
            self.anchors.insert(anchor, Some(value.clone()));
        }
        Ok(value)
    }

    fn note(&mut self, span: &Span, style: ScalarStyle, line: usize) -> Result<(), Fault> {
        if style == ScalarStyle::DoubleQuoted {
            strictness::check_escapes(span.slice(self.text).unwrap_or_default(), line)?;
        }
        if let (Some(start), Some(end)) = (span.start.byte_offset(), span.end.byte_offset()) {
            self.scalars.push(Place { range: start..end, is_plain: style == ScalarStyle::Plain });
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<Value, Fault> {
        let Some(Some(value)) = self.anchors.get(&anchor) else {
            return Err(Fault::new(line, "an alias stands inside of what it stands for", "Write it out."));
        };
        if !matches!(value.content, Content::Scalar(_)) {
            self.aliases += 1;
            if self.aliases > MOST_ALIASES {
                let text = format!("more than {MOST_ALIASES} aliases stand for lists or mappings");
                return Err(Fault::new(line, text, "Liquibase takes no more: write some of them out."));
            }
        }
        Ok(Value { line, content: value.content.clone() })
    }

    fn list(&mut self, depth: usize) -> Result<Content, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(Content::List(Rc::new(items))),
                event => items.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Content, Fault> {
        let mut entries: Vec<(Key, Value)> = Vec::new();
        loop {
            let event = match self.next()? {
                (Event::MappingEnd | Event::StreamEnd, _) => break,
                event => event,
            };
            let key = self.value(event, depth + 1)?;
            let key = Key { line: key.line, name: name(&key.content) };
            let event = self.next()?;
            let value = self.value(event, depth + 1)?;
            entries.push((key, value));
        }
        let entries = self.without_repetitions(entries);
        Ok(Content::Mapping(Rc::new(merged(entries)?)))
    }

    /// Of a key that stands more than once the last one counts, in its place.
    fn without_repetitions(&mut self, entries: Vec<(Key, Value)>) -> Vec<(Key, Value)> {
        let mut last = HashMap::new();
        for (index, (key, _)) in entries.iter().enumerate() {
            if let Name::Text(text) = &key.name
                && let Some(before) = last.insert(text.clone(), index)
            {
                let (before, _) = &entries[before];
                let mend = "Liquibase leaves this one out and takes the one further down: keep one of them.";
                self.repeated.push(Fault::new(before.line, format!("the key `{text}` stands twice"), mend));
            }
        }
        let stays = |index: usize, key: &Key| match &key.name {
            Name::Text(text) => last.get(text) == Some(&index),
            Name::Merge | Name::Other => true,
        };
        entries
            .into_iter()
            .enumerate()
            .filter(|(index, (key, _))| stays(*index, key))
            .map(|(_, it)| it)
            .collect()
    }
}

/// Puts the mappings beside `<<` in: their entries come where they are first met, and what is written in the mapping
/// itself wins.
fn merged(entries: Vec<(Key, Value)>) -> Result<Vec<(Key, Value)>, Fault> {
    if entries.iter().all(|(key, _)| key.name != Name::Merge) {
        return Ok(entries);
    }
    let mut result: Vec<(Key, Value)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut add = |(key, value): (Key, Value), is_own: bool| {
        let Name::Text(text) = &key.name else { return result.push((key, value)) };
        match places.get(text) {
            Some(place) if is_own => result[*place] = (key, value),
            Some(_) => {}
            None => {
                places.insert(text.clone(), result.len());
                result.push((key, value));
            }
        }
    };
    for (key, value) in entries {
        if key.name != Name::Merge {
            add((key, value), true);
            continue;
        }
        let mend = "Beside `<<` stands an alias of a mapping, or a list of those.";
        let fault = || Fault::new(key.line, "the key `<<` stands for something that is no mapping", mend);
        match &value.content {
            Content::Mapping(entries) => entries.iter().for_each(|entry| add(entry.clone(), false)),
            Content::List(items) => {
                for item in items.iter() {
                    let Content::Mapping(entries) = &item.content else { return Err(fault()) };
                    entries.iter().for_each(|entry| add(entry.clone(), false));
                }
            }
            Content::Scalar(_) => return Err(fault()),
        }
    }
    Ok(result)
}

fn name(content: &Content) -> Name {
    match content {
        Content::Scalar(Resolved::Merge) => Name::Merge,
        Content::Scalar(Resolved::Value(super::scalar::Scalar::Text(text))) => Name::Text(text.clone()),
        _ => Name::Other,
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Resolved, String> {
    match tag {
        Some(tag) => match tag.core_suffix() {
            Some(name) => resolution::tagged(name, text),
            // `!` alone says: a text.
            None if tag.original() == "!" => resolution::tagged("str", text),
            None => Err(unknown_tag(tag)),
        },
        None if style == ScalarStyle::Plain => resolution::plain(text),
        None => resolution::tagged("str", text),
    }
}

fn known(tag: Option<&Cow<'_, Tag>>, name: &str, line: usize) -> Result<(), Fault> {
    match tag {
        Some(tag) if tag.core_suffix() != Some(name) && tag.original() != "!" => {
            Err(Fault::new(line, unknown_tag(tag), "Take it out."))
        }
        _ => Ok(()),
    }
}

fn unknown_tag(tag: &Tag) -> String {
    format!("the tag `{}` is not one that is read here", tag.original())
}

fn line(span: &Span) -> usize {
    span.start.line()
}
