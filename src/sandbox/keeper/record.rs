//! What a keeper remembers from one start to the next (`sandbox.json`): when the sandbox was made, and its ports.
//!
//! Deliberately absent: what can be asked of the running parts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sandbox::SandboxError;
use crate::sandbox::folder::{StateFolder, read_json, write_json};

/// The ports are wishes: one that another program took meanwhile is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) created: Timestamp,
    #[serde(default)]
    pub(crate) endpoint: Option<u16>,
    #[serde(default)]
    pub(crate) postgres: Option<u16>,
    #[serde(default)]
    pub(crate) stores: BTreeMap<String, u16>,
}

impl Record {
    /// What is remembered; a sandbox without a readable record is new.
    pub(crate) fn load(state: &StateFolder) -> Self {
        read_json(&state.record()).unwrap_or_else(|_| Self {
            created: Timestamp::now(),
            endpoint: None,
            postgres: None,
            stores: BTreeMap::new(),
        })
    }

    pub(crate) fn save(&self, state: &StateFolder) -> Result<(), SandboxError> {
        write_json(&state.record(), self)
    }
}
