//! journal
/// journal
#[derive(Debug)]
pub struct Journal;
