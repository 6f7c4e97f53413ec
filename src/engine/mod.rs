//! engine
pub mod effect;
pub mod event;
/// state
#[derive(Debug, Default)]
pub struct State;
