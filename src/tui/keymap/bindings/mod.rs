//! Every binding: the order is that of help and footer.

mod board;
mod everywhere;
mod screens;

use super::key::Key;
use super::{Action, Binding, Place};

/// Every binding.
pub fn bindings() -> impl Iterator<Item = &'static Binding> {
    board::BOARD.iter().chain(screens::SCREENS).chain(everywhere::EVERYWHERE)
}

const fn row(
    action: Action,
    keys: &'static [Key],
    label: &'static str,
    about: &'static str,
    place: Place,
    rank: u8,
) -> Binding {
    Binding { action, keys, label, about, place, rank }
}
