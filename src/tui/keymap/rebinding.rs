//! From what the configuration says about keys to the key map; every problem is reported at once, with its line.
//!
//! Absent on purpose: the letters that confirm. They are no actions, and nothing that works on a plan may be bound to
//! one of them.

use crate::config::keys::ChosenKeys;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::spelling;
use crate::tui::keymap::{Action, Binding, Key, Keymap, Place, bindings};

impl Keymap {
    /// The key map with the keys that people chose; of several choices for one action the last one counts. The failure
    /// lists every problem that was found.
    pub fn with(chosen: &[ChosenKeys]) -> Result<Self, Failure> {
        let mut keymap = Self::default();
        let mut problems = Vec::new();
        for choice in chosen {
            let place = format!("{}, line {}", choice.file, choice.line);
            let Some(action) = Action::named(&choice.action) else {
                let near = spelling::nearest(&choice.action, Action::names());
                let near = near.map_or_else(String::new, |near| format!("; `{near}` is one"));
                problems.push(format!("{place}: there is no action `{}`{near}", choice.action));
                continue;
            };
            let mut keys = Vec::new();
            for text in &choice.keys {
                match Key::parse(text) {
                    Some(key) if keys.contains(&key) => {}
                    Some(key) => keys.push(key),
                    None => problems.push(format!(
                        "{place}: `{text}` is no key; write a character, a name such as `enter` or `f5`, or \
                         `ctrl-` in front of one"
                    )),
                }
            }
            if choice.keys.is_empty() {
                problems.push(format!("{place}: `{}` is left without a key", choice.action));
            }
            keymap.chosen.retain(|(other, _)| *other != action);
            if !keys.is_empty() {
                keymap.chosen.push((action, keys));
            }
        }
        let at = |name: &str| chosen.iter().rev().find(|choice| choice.action == name);
        for conflict in found_conflicts(&keymap) {
            let names = [conflict.one.action.name(), conflict.other.map_or("", |other| other.action.name())];
            let place = names.into_iter().find_map(at);
            let place = place.map_or_else(String::new, |it| format!("{}, line {}: ", it.file, it.line));
            problems.push(format!("{place}{}", conflict.words()));
        }
        if problems.is_empty() {
            return Ok(keymap);
        }
        let failure = Failure::new(FailureKind::Configuration, "the keys cannot be used");
        let failure = problems.into_iter().fold(failure, Failure::because);
        Err(failure.hint("Correct `[keys]`; docs/keys.md lists every action with its keys."))
    }
}

/// A key that means two things in one place.
struct Conflict {
    key: Key,
    one: &'static Binding,
    /// None when the other one is confirming.
    other: Option<&'static Binding>,
}

impl Conflict {
    fn words(&self) -> String {
        let one = self.one.action.name();
        match self.other {
            Some(other) => {
                format!("`{}` means `{one}` and `{}` in one place", self.key.name(), other.action.name())
            }
            None => format!("`{}` confirms plans, so it cannot mean `{one}` there", self.key.name()),
        }
    }
}

/// Every key that means two things in one place, in words.
#[cfg(test)]
pub(super) fn conflicts(keymap: &Keymap) -> Vec<String> {
    found_conflicts(keymap).iter().map(Conflict::words).collect()
}

fn found_conflicts(keymap: &Keymap) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = Vec::new();
    let all: Vec<&Binding> = bindings().collect();
    for (index, one) in all.iter().enumerate() {
        for key in keymap.keys(one) {
            if key.confirms() && meets(one.place, Place::Plan) {
                found.push(Conflict { key: *key, one, other: None });
            }
            for other in &all[index + 1..] {
                let is_told = |it: &Conflict| {
                    it.key == *key
                        && it.one.action == one.action
                        && it.other.is_some_and(|it| it.action == other.action)
                };
                let is_shared = keymap.keys(other).contains(key) && one.action != other.action;
                if is_shared && meets(one.place, other.place) && !found.iter().any(is_told) {
                    found.push(Conflict { key: *key, one, other: Some(other) });
                }
            }
        }
    }
    found
}

/// True when two places can be where the operator is at the same time.
fn meets(one: Place, other: Place) -> bool {
    let screen = |place: Place| match place {
        Place::Board => Some("board"),
        Place::Plan | Place::WayForward | Place::WayBack => Some("plan"),
        Place::Grid => Some("grid"),
        Place::Schemas => Some("schemas"),
        Place::LogAlone => Some("log"),
        Place::Checks => Some("checks"),
        Place::History => Some("history"),
        Place::Approvals => Some("approvals"),
        Place::Reconcile => Some("reconcile"),
        Place::Flows => Some("flows"),
        Place::Flow => Some("flow"),
        Place::Anywhere | Place::OffPlan | Place::Above | Place::Scrolling | Place::Log => None,
    };
    let is_on_plan = |place: Place| screen(place) == Some("plan");
    // The log is on the board, or alone.
    let may_hold_log = |place: Place| screen(place).is_none_or(|screen| ["board", "log"].contains(&screen));
    match (one, other) {
        (Place::Board, Place::Above)
        | (Place::Above, Place::Board)
        | (Place::WayForward, Place::WayBack)
        | (Place::WayBack, Place::WayForward) => false,
        (Place::OffPlan, place) | (place, Place::OffPlan) if is_on_plan(place) => false,
        (Place::Log, place) | (place, Place::Log) => may_hold_log(place),
        (one, other) => screen(one).zip(screen(other)).is_none_or(|(one, other)| one == other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(line: usize, action: &str, keys: &[&str]) -> ChosenKeys {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        ChosenKeys { file: "lockstep.toml".to_owned(), line, action: action.to_owned(), keys }
    }

    #[test]
    fn a_chosen_key_takes_the_place_of_the_others_everywhere() {
        let keymap = Keymap::with(&[chosen(3, "drift", &["v", "ctrl-g"])]).unwrap();
        assert_eq!(keymap.key_of(Action::Drift), "v");
        for binding in bindings().filter(|binding| binding.action == Action::Drift) {
            assert_eq!(keymap.keys(binding), [Key::parse("v").unwrap(), Key::parse("ctrl-g").unwrap()]);
        }
        assert_eq!(keymap.key_of(Action::Promote), "p");
    }

    #[test]
    fn of_two_choices_the_later_one_counts_and_keys_can_be_swapped() {
        let keymap = Keymap::with(&[
            chosen(1, "drift", &["v"]),
            chosen(2, "checks", &["d"]),
            chosen(3, "drift", &["C"]),
        ]);
        let keymap = keymap.unwrap();
        assert_eq!([Action::Drift, Action::Checks].map(|it| keymap.key_of(it)), ["C", "d"]);
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_line() {
        let failure = Keymap::with(&[
            chosen(3, "promot", &["x"]),
            chosen(4, "drift", &["dd", "p"]),
            chosen(5, "help", &[]),
            chosen(6, "theme", &["y"]),
        ])
        .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Configuration);
        assert_eq!(
            failure.because,
            [
                "lockstep.toml, line 3: there is no action `promot`; `promote` is one",
                "lockstep.toml, line 4: `dd` is no key; write a character, a name such as `enter` or `f5`, or `ctrl-` \
                 in front of one",
                "lockstep.toml, line 5: `help` is left without a key",
                "lockstep.toml, line 4: `p` means `promote` and `drift` in one place",
                "lockstep.toml, line 6: `y` means `copy` and `theme` in one place",
                "lockstep.toml, line 6: `y` confirms plans, so it cannot mean `theme` there",
            ]
        );
    }
}
