//! What a platform that runs services can do, as data. Whoever needs to know goes by these facts and never by which platform
//! it is; the words for people are the platform's own.

use std::time::Duration;

/// The facts about a platform. Its adapter states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// What people call it, in the middle of a sentence.
    pub name: &'static str,
    /// The word for a change of a service there, as its operations and its permissions have it.
    pub change: &'static str,
    /// True when a change that is under way can be cancelled.
    pub cancels: bool,
    /// True when it lets a new image answer some of the requests before it answers all of them.
    pub shifts_traffic: bool,
    /// Where it writes what it does to a service, and what the application prints.
    pub logs: &'static str,
    /// How long it may take until a change that failed is taken back.
    pub takes_back_within: Duration,
}

impl Platform {
    /// What is assumed of one that nothing is known of: the least.
    pub const UNKNOWN: Self = Self {
        name: "the platform",
        change: "update",
        cancels: false,
        shifts_traffic: false,
        logs: "its own logs",
        takes_back_within: Duration::from_mins(30),
    };

    /// What becomes of a change that nobody watches any more, as the end of a sentence.
    pub fn fate(&self) -> &'static str {
        if self.cancels {
            "which goes on until somebody cancels it there"
        } else {
            "which cannot be cancelled"
        }
    }

    /// How it goes about a change, in words.
    pub fn manners(&self) -> String {
        let cancels = if self.cancels { "can cancel" } else { "cannot cancel" };
        let traffic = if self.shifts_traffic { "in steps" } else { "at once" };
        let minutes = self.takes_back_within.as_secs() / 60;
        format!("{}: {cancels}, traffic {traffic}, back within {minutes} min", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_follows_from_the_facts() {
        assert_eq!(Platform::UNKNOWN.fate(), "which cannot be cancelled");
        let other = Platform {
            name: "Elsewhere",
            change: "rollout",
            cancels: true,
            shifts_traffic: true,
            takes_back_within: Duration::from_mins(6),
            ..Platform::UNKNOWN
        };
        assert_eq!(other.fate(), "which goes on until somebody cancels it there");
        assert_eq!(other.manners(), "Elsewhere: can cancel, traffic in steps, back within 6 min");
    }
}
