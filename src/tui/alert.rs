//! Calling whoever looks elsewhere, through the terminal itself, so that it works over SSH too. Pure: the bytes to send.
//!
//! What a terminal understands it does not say: its variables tell which it is, and where they tell nothing the bell is
//! rung. Absent on purpose: whether it showed anything, which it does not say either.

use crate::config::Signal;
use crate::domain::notification::Notification;
use crate::domain::plain;

/// The most characters of a title and of a text.
const LENGTHS: (usize, usize) = (60, 240);

/// How a terminal is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    means: Means,
    is_in_tmux: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    Bell,
    Osc9,
    Osc777,
    Osc99,
}

impl Alert {
    /// Decides, given what somebody chose and what `variable` says of a variable of the environment.
    pub fn decide(signal: Signal, variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let means = match signal {
            Signal::Auto => understood(&variable),
            Signal::Bell => Means::Bell,
            Signal::Osc9 => Means::Osc9,
            Signal::Osc777 => Means::Osc777,
            Signal::Osc99 => Means::Osc99,
        };
        Self { means, is_in_tmux: variable("TMUX").is_some() }
    }

    /// What makes the terminal show a notification, or ring.
    pub fn sequence(self, told: &Notification) -> String {
        let title = plain::beginning(&format!("lockstep {}", told.instance.id), LENGTHS.0);
        let text = plain::beginning(&format!("{} {}", told.occasion.shape(), told.headline), LENGTHS.1);
        let sequence = match self.means {
            Means::Bell => return "\u{7}".to_owned(),
            Means::Osc9 => format!("\u{1b}]9;{title}: {text}\u{7}"),
            // Its parts are told apart by semicolons.
            Means::Osc777 => {
                format!("\u{1b}]777;notify;{};{}\u{7}", title.replace(';', ","), text.replace(';', ","))
            }
            Means::Osc99 => {
                format!(
                    "\u{1b}]99;i=lockstep:d=0;{title}\u{1b}\\\u{1b}]99;i=lockstep:d=1:p=body;{text}\u{1b}\\"
                )
            }
        };
        if self.is_in_tmux {
            // tmux hands on only what is wrapped for it, where it is allowed to; the bell it knows itself.
            format!("\u{1b}Ptmux;{}\u{1b}\\\u{7}", sequence.replace('\u{1b}', "\u{1b}\u{1b}"))
        } else {
            sequence
        }
    }
}

/// What the terminal with these variables understands.
fn understood(variable: &impl Fn(&str) -> Option<String>) -> Means {
    let terminal = variable("TERM").unwrap_or_default();
    let program = variable("TERM_PROGRAM").or_else(|| variable("LC_TERMINAL")).unwrap_or_default();
    // GNU screen hands nothing on.
    if variable("STY").is_some() {
        return Means::Bell;
    }
    if variable("KITTY_WINDOW_ID").is_some() || terminal.contains("kitty") {
        return Means::Osc99;
    }
    let is_of = |names: &[&str]| names.iter().any(|name| program.eq_ignore_ascii_case(name));
    if is_of(&["iTerm.app", "iTerm2", "WezTerm", "ghostty"]) || terminal.contains("ghostty") {
        return Means::Osc9;
    }
    if ["foot", "rxvt-unicode"].iter().any(|name| terminal.starts_with(name)) {
        return Means::Osc777;
    }
    Means::Bell
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::report::Instance;

    fn told() -> Notification {
        let [title, mode] = ["Bagel Store", "LIVE"].map(str::to_owned);
        let instance = Instance { id: "demo1".to_owned(), title, mode };
        let mut told = Notification::of_test(instance, Timestamp::UNIX_EPOCH, "ana");
        told.headline = "v1.2.0 is in test, proven".to_owned();
        told
    }

    fn sent(signal: Signal, variables: &[(&str, &str)], told: &Notification) -> String {
        let alert = Alert::decide(signal, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        alert.sequence(told)
    }

    #[test]
    fn a_terminal_is_asked_in_what_it_understands_and_an_unknown_one_rings() {
        let text = "· v1.2.0 is in test, proven";
        let osc9 = format!("\u{1b}]9;lockstep demo1: {text}\u{7}");
        let osc777 = format!("\u{1b}]777;notify;lockstep demo1;{text}\u{7}");
        let osc99 = format!(
            "\u{1b}]99;i=lockstep:d=0;lockstep demo1\u{1b}\\\u{1b}]99;i=lockstep:d=1:p=body;{text}\u{1b}\\"
        );
        for (variables, expected) in [
            (&[("TERM_PROGRAM", "iTerm.app")][..], &osc9),
            (&[("TERM_PROGRAM", "WezTerm")], &osc9),
            (&[("TERM", "xterm-ghostty")], &osc9),
            (&[("LC_TERMINAL", "iTerm2"), ("TERM", "xterm-256color")], &osc9),
            (&[("TERM", "foot")], &osc777),
            (&[("TERM", "rxvt-unicode-256color")], &osc777),
            (&[("TERM", "xterm-kitty")], &osc99),
            (&[("KITTY_WINDOW_ID", "1"), ("TERM", "xterm-256color")], &osc99),
            (&[("TERM", "xterm-256color")], &"\u{7}".to_owned()),
            (&[("TERM", "screen"), ("STY", "1.x"), ("KITTY_WINDOW_ID", "1")], &"\u{7}".to_owned()),
            (&[], &"\u{7}".to_owned()),
        ] {
            assert_eq!(sent(Signal::Auto, variables, &told()), *expected, "{variables:?}");
        }
        assert_eq!(sent(Signal::Osc9, &[("TERM", "xterm")], &told()), osc9);
    }

    #[test]
    fn tmux_is_told_to_hand_it_on_and_rings_itself() {
        let sequence = sent(Signal::Osc9, &[("TMUX", "/tmp/tmux-0/default,1,0")], &told());
        assert!(sequence.starts_with("\u{1b}Ptmux;\u{1b}\u{1b}]9;lockstep demo1"), "{sequence:?}");
        assert!(sequence.ends_with("\u{7}\u{1b}\\\u{7}"), "{sequence:?}");
        assert_eq!(sent(Signal::Bell, &[("TMUX", "x")], &told()), "\u{7}");
    }

    #[test]
    fn nothing_that_is_told_ends_the_sequence_or_begins_another() {
        let mut told = told();
        told.headline = "a\u{7}b\u{1b}\\c\u{1b}]52;c;aGk=\u{7}d\u{9c}e;f\n".repeat(100);
        for signal in [Signal::Osc9, Signal::Osc777, Signal::Osc99] {
            let sequence = sent(signal, &[], &told);
            let controls = sequence.chars().filter(|c| c.is_control()).count();
            let own = if signal == Signal::Osc99 { 4 } else { 2 };
            assert_eq!(controls, own, "{sequence:?}");
            assert!(sequence.chars().count() < 420, "{}", sequence.chars().count());
        }
        let parts = sent(Signal::Osc777, &[], &told);
        assert_eq!(parts.matches(';').count(), 3, "{parts:?}");
    }
}
