//! What the console does for people who look on: it shows less and that larger, covers what is not meant for them, or
//! shows nothing at all.

use jiff::SignedDuration;

use crate::domain::Timestamp;

/// How many of the keys that were pressed are told.
const KEYS: usize = 3;

/// How long a key is told.
const TOLD_FOR: SignedDuration = SignedDuration::from_secs(6);

/// How long it stands out.
const NEW_FOR: SignedDuration = SignedDuration::from_secs(2);

/// What is done for an audience.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    /// Less is shown, and larger; the keys that are pressed are told.
    pub on_stage: bool,
    /// Names of people, accounts and addresses are covered.
    pub covered: bool,
    /// Nothing is shown before the next key.
    pub blank: bool,
    /// The keys that were pressed last, oldest first.
    pressed: Vec<(Timestamp, String)>,
}

impl Audience {
    /// Takes note of a key that was pressed. A key that was pressed again is counted.
    pub(super) fn heard(&mut self, key: String, at: Timestamp) {
        self.pressed.push((at, key));
        let superfluous = self.pressed.len().saturating_sub(KEYS);
        self.pressed.drain(..superfluous);
    }

    /// The keys that are told at a moment, oldest first, and whether each of them is new.
    pub fn keys(&self, now: Timestamp) -> impl Iterator<Item = (&str, bool)> {
        let age = move |at: Timestamp| now.duration_since(at);
        let told = self.pressed.iter().filter(move |(at, _)| age(*at) < TOLD_FOR);
        told.map(move |(at, key)| (key.as_str(), age(*at) < NEW_FOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_three_keys_are_told_and_fade() {
        let mut audience = Audience::default();
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        for (second, key) in [(0, "1"), (1, "2 promote"), (2, "p"), (3, "P")] {
            audience.heard(key.to_owned(), at(second));
        }
        let told =
            |now| audience.keys(at(now)).map(|(key, is_new)| (key.to_owned(), is_new)).collect::<Vec<_>>();
        assert_eq!(told(4).iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["2 promote", "p", "P"]);
        assert_eq!(told(4).iter().filter(|(_, is_new)| *is_new).count(), 1);
        assert_eq!(told(8), [("P".to_owned(), false)]);
        assert!(told(9).is_empty());
    }
}
