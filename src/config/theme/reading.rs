//! The form of a theme on disk, and how it takes over the colours of another one. Every problem is told, with its line.
//!
//! ```toml
//! inherit = "dark"
//! accent = "#ffb000"
//! ```

use std::collections::BTreeMap;

use toml::Spanned;

use super::{Rgb, Theme};

/// The key that names the theme whose colours are taken over.
const INHERIT: &str = "inherit";

/// Where a theme keeps the colour of a name.
type Place = fn(&mut Theme) -> &mut Rgb;

/// Every colour by its name.
const COLOURS: [(&str, Place); 12] = [
    ("background", |theme| &mut theme.background),
    ("text", |theme| &mut theme.text),
    ("muted", |theme| &mut theme.muted),
    ("faint", |theme| &mut theme.faint),
    ("accent", |theme| &mut theme.accent),
    ("border", |theme| &mut theme.border),
    ("production", |theme| &mut theme.production),
    ("success", |theme| &mut theme.success),
    ("warning", |theme| &mut theme.warning),
    ("danger", |theme| &mut theme.danger),
    ("running", |theme| &mut theme.running),
    ("selection", |theme| &mut theme.selection),
];

/// A theme as its file says it: some colours, or all.
#[derive(Default)]
pub(super) struct Sheet {
    /// The theme that it takes the other colours from.
    pub(super) inherit: Option<String>,
    colours: BTreeMap<&'static str, (Place, Rgb)>,
}

impl Sheet {
    /// Reads a file's text, or says everything that is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, Vec<String>> {
        let line = |start: usize| text.get(..start).unwrap_or(text).matches('\n').count() + 1;
        let table: BTreeMap<Spanned<String>, Spanned<toml::Value>> =
            toml::from_str(text).map_err(|error| {
                let start = error.span().map_or(0, |span| span.start);
                vec![format!("line {}: {}", line(start), error.message())]
            })?;
        let mut sheet = Self::default();
        let mut problems = Vec::new();
        for (key, value) in &table {
            if let Err(problem) = sheet.take(key.get_ref(), value.get_ref()) {
                problems.push((line(key.span().start), problem));
            }
        }
        problems.sort();
        if problems.is_empty() {
            return Ok(sheet);
        }
        Err(problems.into_iter().map(|(line, problem)| format!("line {line}: {problem}")).collect())
    }

    fn take(&mut self, key: &str, value: &toml::Value) -> Result<(), String> {
        let Some(text) = value.as_str() else { return Err(format!("`{key}` has to be a text in quotes")) };
        if key == INHERIT {
            self.inherit = Some(text.to_owned());
            return Ok(());
        }
        let Some((name, place)) = COLOURS.iter().find(|(name, _)| *name == key) else {
            let names: Vec<_> = COLOURS.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no colour called `{key}`; there are {}", names.join(", ")));
        };
        self.colours.insert(name, (*place, Rgb::try_from(text)?));
        Ok(())
    }

    /// The colours that are missing where nothing is inherited.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        COLOURS.iter().map(|(name, _)| *name).filter(|name| !self.colours.contains_key(name)).collect()
    }

    /// The theme, on top of `base`; without one every colour has to be there.
    pub(super) fn over(&self, base: Option<Theme>) -> Theme {
        let black = Rgb(0, 0, 0);
        let mut theme = base.unwrap_or(Theme {
            background: black,
            text: black,
            muted: black,
            faint: black,
            accent: black,
            border: black,
            production: black,
            success: black,
            warning: black,
            danger: black,
            running: black,
            selection: black,
        });
        for (place, colour) in self.colours.values() {
            *place(&mut theme) = *colour;
        }
        theme
    }
}
