//! How far this machine's clock is off that of whoever it talks to, and what that means.
//!
//! Absent on purpose: measuring it, and the clock itself.

use std::time::Duration;

use jiff::SignedDuration;

use crate::domain::age::age;

/// Below this nobody has to care: an answer says its time in whole seconds, and was on its way for a while.
const UNNOTICED: Duration = Duration::from_mins(1);

/// From this on a signature is refused. AWS's own limit, for every service but S3, which lets fifteen minutes pass.
const REFUSED: Duration = Duration::from_mins(5);

/// What the other clock says less what this machine's says: positive where this machine is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew(SignedDuration);

impl Skew {
    /// So far is the other clock ahead; behind, where it is negative.
    pub fn ahead(by: SignedDuration) -> Self {
        Self(by)
    }

    /// True where nothing has to be done.
    pub fn is_unnoticed(self) -> bool {
        self.0.unsigned_abs() < UNNOTICED
    }

    /// True where what is signed with this machine's time is refused.
    pub fn is_refused(self) -> bool {
        self.0.unsigned_abs() >= REFUSED
    }

    /// The one that is further off.
    #[must_use]
    pub fn or_worse(self, other: Option<Self>) -> Self {
        other.filter(|other| other.0.unsigned_abs() > self.0.unsigned_abs()).unwrap_or(self)
    }

    /// Which way and how far, with the name of whose clock it is held against.
    pub fn words(self, whose: &str) -> String {
        let by = self.0.unsigned_abs();
        if by < Duration::from_secs(2) {
            return format!("the clock of this machine agrees with that of {whose}");
        }
        let way = if self.0.is_negative() { "ahead of" } else { "behind" };
        format!("the clock of this machine is {} {way} that of {whose}", age(by))
    }

    /// How a clock is set right.
    pub fn mend() -> &'static str {
        "Set the clock of this machine right, and let it be kept so (`timedatectl set-ntp true`)."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_told_with_how_far_and_which_way_it_is_off() {
        let skew = |seconds| Skew::ahead(SignedDuration::from_secs(seconds));
        for (seconds, words, unnoticed, refused) in [
            (0, "agrees with that of AWS", true, false),
            (59, "is 59 s behind that of AWS", true, false),
            (-240, "is 4 min ahead of that of AWS", false, false),
            (300, "is 5 min behind that of AWS", false, true),
            (-7_300, "is 2 h ahead of that of AWS", false, true),
        ] {
            let skew = skew(seconds);
            assert_eq!(skew.words("AWS"), format!("the clock of this machine {words}"));
            assert_eq!((skew.is_unnoticed(), skew.is_refused()), (unnoticed, refused), "{seconds}");
        }
        assert_eq!(skew(10).or_worse(Some(skew(-20))), skew(-20));
        assert_eq!(skew(10).or_worse(None), skew(10));
    }
}
