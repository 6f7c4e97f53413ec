//! Texts in files, wherever those lie: on this machine, or as objects in a bucket. An object is asked for anew each
//! time, and sent only when it is another one than before.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::aws::{Aws, Seen};
use super::report::within;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::Source;
use crate::domain::location::{Location, ObjectName, is_object};

/// Reads texts. Cheap to clone; clones share what was read.
#[derive(Clone)]
pub(super) struct Texts(Arc<Parts>);

struct Parts {
    aws: Aws,
    deadline: Duration,
    /// What each object was when it was read last.
    known: Mutex<HashMap<ObjectName, Seen>>,
}

impl Texts {
    /// Texts that are read as `aws` reaches them, each before `deadline`.
    pub(super) fn new(aws: Aws, deadline: Duration) -> Self {
        Self(Arc::new(Parts { aws, deadline, known: Mutex::default() }))
    }

    /// The text of a file as it is now.
    pub(super) async fn read(&self, location: &Location) -> Result<Arc<str>, Failure> {
        match location {
            Location::File(path) => {
                let read = tokio::fs::read_to_string(path).await;
                read.map(Arc::from).map_err(|error| unread(location).because(error))
            }
            Location::Object(name) => self.object(name).await,
        }
    }

    /// Lets `read` read texts by their names until all are there that it asks for. Paths are meant from `folder`.
    pub(super) async fn gather<T>(&self, folder: &Path, read: impl Fn(&Source<'_>) -> T) -> T {
        let mut objects: BTreeMap<String, Result<String, String>> = BTreeMap::new();
        loop {
            let (told, missing) = once(folder, &objects, &read);
            if missing.is_empty() {
                return told;
            }
            for name in missing {
                let text = match Location::parse(&name) {
                    Ok(location) => self.read(&location).await.map_err(|failure| sentence(&failure)),
                    Err(error) => Err(error),
                };
                objects.insert(name, text.map(|text| text.to_string()));
            }
        }
    }

    /// Which version an object was when it was read last, where its bucket keeps versions.
    pub(super) fn version(&self, name: &str) -> Option<String> {
        let Ok(Location::Object(name)) = Location::parse(name) else { return None };
        self.known().get(&name)?.version.clone()
    }

    async fn object(&self, name: &ObjectName) -> Result<Arc<str>, Failure> {
        let known = self.known().get(name).cloned();
        let asked = self.0.aws.text(name, known.as_ref());
        let what = || format!("could not read {name}");
        let seen = within(self.0.deadline, what, Box::pin(asked)).await?;
        let text = Arc::clone(&seen.text);
        self.known().insert(name.clone(), seen);
        Ok(text)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<ObjectName, Seen>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `read` makes of the objects that are there, and those that it asks for besides.
fn once<T>(
    folder: &Path,
    objects: &BTreeMap<String, Result<String, String>>,
    read: impl Fn(&Source<'_>) -> T,
) -> (T, BTreeSet<String>) {
    let missing = RefCell::new(BTreeSet::new());
    let told = read(&|name: &str| {
        if !is_object(name) {
            return fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
        }
        objects.get(name).cloned().unwrap_or_else(|| {
            missing.borrow_mut().insert(name.to_owned());
            Err("it is not read yet".to_owned())
        })
    });
    (told, missing.into_inner())
}

fn unread(location: &Location) -> Failure {
    Failure::new(FailureKind::Configuration, format!("could not read {location}"))
}

/// Why something could not be read and what mends it, in one line without a full stop.
fn sentence(failure: &Failure) -> String {
    let words = failure.because.iter().map(String::as_str).chain(failure.hint.as_deref());
    words.collect::<Vec<_>>().join("; ").trim_end_matches('.').to_owned()
}
