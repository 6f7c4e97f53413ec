//! The themes there are: those that are compiled in, and those of the person's own folder. A file that cannot be used
//! takes nothing away but itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use include_dir::{Dir, include_dir};

use super::reading::Sheet;
use super::{DEFAULT, Theme, contrast};
use crate::domain::failure::{Failure, FailureKind};

static COMPILED_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/themes");

/// What tells that a file has changed: its name, when it was written and how long it is.
type Stamp = (PathBuf, Option<SystemTime>, u64);

/// All themes, read.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    themes: BTreeMap<String, Result<Theme, Failure>>,
    /// What was said of a theme that can be used nevertheless.
    remarks: BTreeMap<String, String>,
    folder: Option<PathBuf>,
    stamps: Vec<Stamp>,
}

/// The files of all themes, as their texts say them.
#[derive(Default)]
struct Sheets {
    compiled_in: BTreeMap<String, Sheet>,
    own: BTreeMap<String, Result<Sheet, Vec<String>>>,
}

impl Shelf {
    /// The themes that are compiled in.
    pub fn compiled_in() -> Self {
        Self::read(None)
    }

    /// Those, and the ones in `folder`, which need not be there.
    pub fn read(folder: Option<PathBuf>) -> Self {
        let stamps = folder.as_ref().map(stamps).unwrap_or_default();
        let mut sheets = Sheets::default();
        for file in COMPILED_IN.files() {
            let name = file.path().file_stem().map(|name| name.to_string_lossy().into_owned());
            let sheet = file.contents_utf8().map(Sheet::read);
            if let (Some(name), Some(Ok(sheet))) = (name, sheet) {
                sheets.compiled_in.insert(name, sheet);
            }
        }
        for (path, ..) in &stamps {
            let Some(name) = path.file_stem() else { continue };
            let sheet = fs::read_to_string(path).map_err(|error| vec![error.to_string()]);
            let sheet = sheet.and_then(|text| Sheet::read(&text));
            sheets.own.insert(name.to_string_lossy().into_owned(), sheet);
        }
        let names: Vec<String> = sheets.compiled_in.keys().chain(sheets.own.keys()).cloned().collect();
        let mut shelf = Self { folder, stamps, ..Self::default() };
        for name in names {
            let theme = sheets.theme(&name);
            let is_own = sheets.own.contains_key(&name);
            let weakness = theme.as_ref().ok().filter(|_| is_own).and_then(contrast::weakness);
            if let Some(weakness) = weakness {
                shelf.remarks.insert(name.clone(), weakness);
            }
            shelf.themes.insert(name, theme);
        }
        shelf
    }

    /// The themes as they are now, when a file was changed, added or removed since; `None` otherwise.
    pub fn read_again(&self) -> Option<Self> {
        let folder = self.folder.as_ref()?;
        (stamps(folder) != self.stamps).then(|| Self::read(Some(folder.clone())))
    }

    /// The names of all themes, in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        self.themes.keys().cloned().collect()
    }

    /// The theme called `name`.
    pub fn theme(&self, name: &str) -> Result<&Theme, Failure> {
        match self.themes.get(name) {
            Some(theme) => theme.as_ref().map_err(Clone::clone),
            None => Err(Failure::new(FailureKind::Usage, format!("there is no theme called {name}"))
                .because(format!("the themes are: {}", self.names().join(", ")))),
        }
    }

    /// What a person should know about a theme of their own that can be used.
    pub fn remark(&self, name: &str) -> Option<&str> {
        self.remarks.get(name).map(String::as_str)
    }

    /// The theme that stands in for one that cannot be used.
    pub fn substitute(&self) -> Option<&Theme> {
        let own = self.themes.get(DEFAULT).and_then(|theme| theme.as_ref().ok());
        own.or_else(|| self.themes.values().find_map(|theme| theme.as_ref().ok()))
    }
}

impl Sheets {
    fn theme(&self, name: &str) -> Result<Theme, Failure> {
        self.resolve(name, &mut Vec::new()).map_err(|problems| {
            let failure =
                Failure::new(FailureKind::Configuration, format!("the theme {name} cannot be used"));
            let failure = problems.into_iter().fold(failure, Failure::because);
            failure.hint("docs/themes.md shows how a theme is written.")
        })
    }

    /// A theme with everything it inherits; `above` are the names on the way to it. What a file of one's own inherits
    /// by its own name is the one that is compiled in.
    fn resolve(&self, name: &str, above: &mut Vec<String>) -> Result<Theme, Vec<String>> {
        let is_above = above.iter().any(|other| other == name);
        let sheet = match (self.own.get(name).filter(|_| !is_above), self.compiled_in.get(name)) {
            (Some(Err(problems)), _) if above.is_empty() => return Err(problems.clone()),
            (Some(Err(problems)), _) => return Err(vec![format!("{name}: {}", problems.join("; "))]),
            (Some(Ok(sheet)), _) => sheet,
            (None, Some(sheet)) if above.iter().filter(|other| *other == name).count() < 2 => sheet,
            _ if is_above => return Err(vec![format!("{} inherits itself", above.join(" inherits "))]),
            _ => return Err(vec![format!("it inherits {name}, and there is no theme of that name")]),
        };
        above.push(name.to_owned());
        if let Some(base) = &sheet.inherit {
            return Ok(sheet.over(Some(self.resolve(base, above)?)));
        }
        match sheet.missing() {
            missing if missing.is_empty() => Ok(sheet.over(None)),
            missing => {
                let words = missing.join(", ");
                Err(vec![format!("colours are missing, and it inherits none: {words}")])
            }
        }
    }
}

/// What stands in the folder now, by name. A folder that cannot be read holds nothing.
fn stamps(folder: &PathBuf) -> Vec<Stamp> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut stamps: Vec<Stamp> = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| {
            let about = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
            Some((path, about.modified().ok(), about.len()))
        })
        .collect();
    stamps.sort();
    stamps
}
