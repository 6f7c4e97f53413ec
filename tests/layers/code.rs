//! Sources as the rules of the layers see them: without comments, without literals, without items for tests.
//!
//! Line for line, so that a finding can name its line. Absent on purpose: the rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// A file and what is in it; the path is relative to its tree.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

/// Every Rust file of a tree of the project.
pub(super) fn sources(tree: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(tree), "", &mut found);
    assert!(found.len() > 10, "{tree} is not here");
    found
}

/// A comment or a literal.
static LITERALS: LazyLock<Regex> = LazyLock::new(|| {
    let comments = r"//[^\n]*|/\*.*?\*/";
    let texts = r##"\bb?r"[^"]*"|\bb?r#".*?"#|"(?:\\.|[^"\\])*"|'(?:\\[^']+|[^'\\])'"##;
    Regex::new(&format!("(?s){comments}|{texts}")).unwrap()
});

/// An item for tests. Formatted code closes what opens at the left edge with a brace at the left edge.
static TESTS: LazyLock<Regex> = LazyLock::new(|| {
    let block = r"(?:pub[^\n]* )?(?:fn|mod|impl)\b[^\n]*\{\n.*?^\}";
    Regex::new(&format!(r"(?ms)^#\[cfg\(test\)\]\n(?:{block}|[^\n]*;|[^\n]*\{{\}})$")).unwrap()
});

/// The code alone, line for line: comments, literals and items for tests become blanks.
pub(super) fn code(text: &str) -> String {
    let lines = |hit: &regex::Captures<'_>| "\n".repeat(hit[0].matches('\n').count());
    TESTS.replace_all(&LITERALS.replace_all(text, lines), lines).into_owned()
}

/// Adds a file of the tests and every file that it declares.
pub(super) fn reach(file: &Path, reached: &mut BTreeSet<PathBuf>) {
    reached.insert(file.to_path_buf());
    let folder = match file.file_stem().unwrap().to_str().unwrap() {
        "main" | "mod" => file.parent().unwrap().to_path_buf(),
        _ => file.with_extension(""),
    };
    let word = Regex::new(r"\bmod\s+(\w+)\s*([;{])|[{}]").unwrap();
    let code = bare_modules(&read(&root().join("tests").join(file)));
    let mut inside: Vec<Option<String>> = Vec::new();
    for hit in word.captures_iter(&code) {
        match (hit.get(1), &hit[0]) {
            (Some(name), text) if text.ends_with('{') => inside.push(Some(name.as_str().to_owned())),
            (Some(name), _) => {
                let at: PathBuf = folder.join(inside.iter().flatten().collect::<PathBuf>());
                let files = [format!("{}.rs", name.as_str()), format!("{}/mod.rs", name.as_str())];
                let found = files
                    .iter()
                    .map(|name| at.join(name))
                    .find(|path| root().join("tests").join(path).is_file());
                reach(&found.unwrap(), reached);
            }
            (None, "{") => inside.push(None),
            (None, _) => {
                inside.pop();
            }
        }
    }
}

/// The code with its modules behind `#[cfg(test)]`, which in a test binary is always on.
fn bare_modules(text: &str) -> String {
    code(&text.replace("#[cfg(test)]\n", ""))
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), found);
        } else if Path::new(&name).extension().is_some_and(|extension| extension == "rs") {
            found.push(Source { path: format!("{prefix}{name}"), text: read(&entry.path()) });
        }
    }
}

pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
