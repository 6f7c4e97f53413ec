//! How releases are promoted: by lockstep's own steps, or by the flow file that `[promotion] flow` names.
//!
//! The file is read again with the releases, so an edit counts from the next plan on. Absent on purpose: what the flow
//! means; the domain makes the steps of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Settings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::{Scope, Script};
use crate::domain::procedure::{PromotionFlow, Way};

/// Reads the flow that promotions go by, with every file that it includes for any environment.
pub(super) async fn read(settings: &Settings) -> Arc<Way> {
    let Some(path) = &settings.promotion_flow else { return Arc::default() };
    let folder = settings.origin.parent().unwrap_or(Path::new("")).to_owned();
    let way = match files(&folder, path, settings).await {
        Ok(files) => {
            let path = path.display().to_string();
            let environment = Scope::outermost(std::env::vars_os().filter_map(text), [], []);
            Way::Flow(Box::new(PromotionFlow { path, files, environment }))
        }
        Err(error) => Way::Unreadable(
            Failure::new(
                FailureKind::Configuration,
                format!("the promotion flow {} cannot be read", path.display()),
            )
            .because(error)
            .hint("Correct [promotion] flow, or put the file there; without the key lockstep takes its own steps."),
        ),
    };
    Arc::new(way)
}

/// What is not text cannot stand in a flow file.
fn text((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

/// The texts of the flow and of every file that it leads to. A file that is missing is told by whoever reads the flow.
async fn files(folder: &Path, path: &Path, settings: &Settings) -> std::io::Result<BTreeMap<String, String>> {
    let name = path.display().to_string();
    let mut files = BTreeMap::from([(name.clone(), tokio::fs::read_to_string(folder.join(path)).await?)]);
    let mut missing: BTreeSet<PathBuf> = BTreeSet::new();
    loop {
        let wanted = wanted(&name, &files, settings);
        let new: Vec<_> = wanted.into_iter().filter(|path| !missing.contains(Path::new(path))).collect();
        if new.is_empty() {
            return Ok(files);
        }
        for path in new {
            match tokio::fs::read_to_string(folder.join(&path)).await {
                Ok(text) => {
                    files.insert(path, text);
                }
                Err(_) => {
                    missing.insert(path.into());
                }
            }
        }
    }
}

/// The files that the flow asks for and that are not known yet; which they are may depend on the environment.
fn wanted(path: &str, files: &BTreeMap<String, String>, settings: &Settings) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    for environment in &settings.environments {
        let asked = std::cell::RefCell::new(BTreeSet::new());
        let source = |path: &str| {
            files.get(path).cloned().ok_or_else(|| {
                asked.borrow_mut().insert(path.to_owned());
                "it is not read yet".to_owned()
            })
        };
        let known = [("ENV".to_owned(), environment.environment.name.to_string())];
        Script::read(path, &Scope::outermost(std::env::vars_os().filter_map(text), known, []), &source);
        wanted.extend(asked.into_inner());
    }
    wanted
}
