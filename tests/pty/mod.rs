//! The console in a real terminal: keys in, a screen out, and the terminal given back on every way out.

pub(crate) mod console;
mod drifting;
mod grid;
mod hands;
mod looks;
mod promoting;
mod sizes;
mod tasks;
mod unkept;
