//! The nouns of lockstep, and what can be worked out from them alone.
//!
//! Pure: no file, no network, no process, no clock, no task. Times arrive from outside, parsing returns
//! what was read together with every problem found.

pub mod age;
pub mod ascii;
pub mod changelog;
pub mod compatibility;
pub mod doctor;
pub mod drift;
pub mod environment;
pub mod evidence;
pub mod failure;
pub mod flow;
pub mod gate;
pub mod grid;
pub mod host;
pub mod journal;
pub mod ledger;
pub mod location;
pub mod lock;
pub mod log;
pub mod names;
pub mod notification;
pub mod observation;
pub mod plain;
pub mod plan;
pub mod platform;
pub mod policy;
pub mod procedure;
pub mod reconcile;
pub mod release;
pub mod report;
pub mod schema;
pub mod secret;
pub mod skew;
pub mod spelling;
pub mod step;
pub mod yaml;

pub use jiff::Timestamp;
