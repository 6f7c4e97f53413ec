//! How releases are promoted: by lockstep's own steps, or by the flow file that `[promotion] flow` names.
//!
//! The file is read again with the releases, so an edit counts from the next plan on. Absent on purpose: what the flow
//! means; the domain makes the steps of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::texts::Texts;
use crate::config::Settings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::{Scope, Script};
use crate::domain::location::Location;
use crate::domain::procedure::{PromotionFlow, Way};

/// Reads the flow that promotions go by, with every file that it includes for any environment.
pub(super) async fn read(settings: &Settings, texts: &Texts) -> Arc<Way> {
    let Some(flow) = &settings.promotion_flow else { return Arc::default() };
    let path = flow.to_string();
    let way = match files(&path, settings, texts).await {
        Ok(files) => {
            let environment = variables(settings, []);
            Way::Flow(Box::new(PromotionFlow { path, files, environment }))
        }
        Err(unread) => Way::Unreadable(unreadable(&path, unread)),
    };
    Arc::new(way)
}

fn unreadable(path: &str, unread: Failure) -> Failure {
    let failure = Failure::new(unread.kind, format!("the promotion flow {path} cannot be read"));
    let usual =
        "Correct [promotion] flow, or put the file there; without the key lockstep takes its own steps.";
    let failure = unread.because.iter().fold(failure, Failure::because);
    failure.hint(unread.hint.unwrap_or_else(|| usual.to_owned()))
}

/// The variables of the process, and those that are `known`.
fn variables(settings: &Settings, known: impl IntoIterator<Item = (String, String)>) -> Scope {
    // What is secret about a channel stands in no plan.
    Scope::outermost(std::env::vars_os().filter_map(text), known, []).hiding(&settings.notify.variables())
}

/// What is not text cannot stand in a flow file.
fn text((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

/// The texts of the flow and of every file that it leads to. A file that is missing is told by whoever reads the flow; a
/// bucket says why it does not give one.
async fn files(name: &str, settings: &Settings, texts: &Texts) -> Result<BTreeMap<String, String>, Failure> {
    let folder = settings.origin.parent().unwrap_or(Path::new(""));
    let located = |path: &str| {
        let location = Location::parse(path).map(|location| location.from_folder(folder));
        location.map_err(|error| Failure::new(FailureKind::Configuration, "could not read it").because(error))
    };
    let mut files = BTreeMap::from([(name.to_owned(), texts.read(&located(name)?).await?.to_string())]);
    let mut missing: BTreeSet<String> = BTreeSet::new();
    loop {
        let wanted = wanted(name, &files, settings);
        let new: Vec<_> = wanted.into_iter().filter(|path| !missing.contains(path)).collect();
        if new.is_empty() {
            return Ok(files);
        }
        for path in new {
            let location = located(&path)?;
            match (texts.read(&location).await, location) {
                (Ok(text), _) => {
                    files.insert(path, text.to_string());
                }
                (Err(failure), Location::Object(object)) => {
                    return Err(failure.because(format!("{name} includes {object}")));
                }
                (Err(_), Location::File(_)) => {
                    missing.insert(path);
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
        Script::read(path, &variables(settings, known), &source);
        wanted.extend(asked.into_inner());
    }
    wanted
}
