//! What a person needs before a first promotion, and how each of it stands.
//!
//! Absent on purpose: looking. Whoever has looked says what was seen, and `judgement` what that means.

pub mod judgement;

use std::collections::BTreeMap;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::EnvironmentName;

/// Whose need it is; they are shown in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The machine that lockstep runs on.
    Machine,
    /// The instance and its files.
    Instance,
    /// AWS as it is reached in one way, in words such as `us-east-1, profile demo`.
    Cloud(String),
    /// One environment.
    Environment(EnvironmentName),
}

/// How a need stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is met.
    Well,
    /// It is met, and somebody should know something about it.
    Doubtful,
    /// It is not met; the kind says whether a file is wrong or something is missing.
    Wrong(FailureKind),
    /// It was not looked at: there is nothing to look at, or something else has to be mended first.
    Unseen,
}

/// What one look came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How it stands.
    pub standing: Standing,
    /// What was seen, as words without a full stop.
    pub words: String,
    /// Why, the nearest cause first.
    pub because: Vec<String>,
    /// How it is mended, as full sentences.
    pub mend: Option<String>,
}

/// One need, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Whose it is.
    pub place: Place,
    /// What is needed, in a word or two.
    pub name: &'static str,
    /// What was found.
    pub found: Found,
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examination {
    /// Every need, those of one place together.
    pub needs: Vec<Need>,
}

impl Standing {
    /// A shape that no other standing has.
    pub fn sign(self) -> char {
        match self {
            Self::Well => '✔',
            Self::Doubtful => '▲',
            Self::Wrong(_) => '✖',
            Self::Unseen => '–',
        }
    }

    /// The word for people and for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Doubtful => "warning",
            Self::Wrong(_) => "wrong",
            Self::Unseen => "not seen",
        }
    }
}

impl Found {
    /// It is as it should be.
    pub fn well(words: impl Into<String>) -> Self {
        Self { standing: Standing::Well, words: words.into(), because: Vec::new(), mend: None }
    }

    /// It will do, and this is to be known of it.
    pub fn doubtful(words: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { standing: Standing::Doubtful, mend: Some(mend.into()), ..Self::well(words) }
    }

    /// It does not do.
    pub fn wrong(kind: FailureKind, words: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { standing: Standing::Wrong(kind), mend: Some(mend.into()), ..Self::well(words) }
    }

    /// Nobody looked, and this is why.
    pub fn unseen(why: impl Into<String>) -> Self {
        Self { standing: Standing::Unseen, ..Self::well(why) }
    }

    /// The look failed.
    pub fn failed(failure: Failure) -> Self {
        Self {
            standing: Standing::Wrong(failure.kind),
            words: failure.what,
            because: failure.because,
            mend: failure.hint,
        }
    }

    /// The same, no worse than a doubt.
    #[must_use]
    pub fn at_worst_doubtful(self) -> Self {
        match self.standing {
            Standing::Wrong(_) => Self { standing: Standing::Doubtful, ..self },
            _ => self,
        }
    }

    /// What came of a look, with words for one that went well.
    pub fn of<T>(look: Result<T, Failure>, judge: impl FnOnce(T) -> Self) -> Self {
        look.map_or_else(Self::failed, judge)
    }

    /// The need of this name and place with it.
    pub fn need(self, place: Place, name: &'static str) -> Need {
        Need { place, name, found: self }
    }
}

impl Examination {
    /// Adds what was found elsewhere. The needs of one place stay together, in the order in which places came.
    pub fn add(&mut self, needs: impl IntoIterator<Item = Need>) {
        self.needs.extend(needs);
    }

    /// The needs of each place, in the order in which the places came.
    pub fn by_place(&self) -> Vec<(&Place, Vec<&Need>)> {
        let mut places: Vec<(&Place, Vec<&Need>)> = Vec::new();
        for need in &self.needs {
            match places.iter_mut().find(|(place, _)| **place == need.place) {
                Some((_, needs)) => needs.push(need),
                None => places.push((&need.place, vec![need])),
            }
        }
        places
    }

    /// How many needs stand how, by the word.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for need in &self.needs {
            *counts.entry(need.found.standing.word()).or_default() += 1;
        }
        counts
    }

    /// What keeps a person from promoting: a wrong file before anything that is missing, because nothing behind it was
    /// seen. `None` when nothing does.
    pub fn obstacle(&self) -> Option<FailureKind> {
        let kinds = self.needs.iter().filter_map(|need| match need.found.standing {
            Standing::Wrong(kind) => Some(kind),
            _ => None,
        });
        let kinds: Vec<_> = kinds.collect();
        let is_of_files =
            |kind: &FailureKind| matches!(kind, FailureKind::Configuration | FailureKind::Usage);
        if kinds.iter().any(is_of_files) {
            return Some(FailureKind::Configuration);
        }
        kinds.first().map(|_| FailureKind::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(found: Found) -> Need {
        found.need(Place::Machine, "clock")
    }

    #[test]
    fn a_wrong_file_counts_before_what_is_missing_and_a_doubt_counts_not_at_all() {
        let of = |kinds: &[FailureKind]| {
            let mut examination = Examination::default();
            examination.add([need(Found::well("there")), need(Found::doubtful("old", "Renew it."))]);
            examination.add(kinds.iter().map(|kind| need(Found::failed(Failure::new(*kind, "no")))));
            examination.obstacle()
        };
        assert_eq!(of(&[]), None);
        // A permission is needed, too: refused for the one call, missing for the promotion.
        assert_eq!(of(&[FailureKind::Refused]), Some(FailureKind::Unavailable));
        assert_eq!(
            of(&[FailureKind::Unavailable, FailureKind::Configuration]),
            Some(FailureKind::Configuration)
        );
    }

    #[test]
    fn what_belongs_together_is_shown_together() {
        let mut examination = Examination::default();
        let dev = Place::Environment(EnvironmentName::parse("dev").unwrap());
        examination.add([need(Found::well("a")), Found::well("b").need(dev.clone(), "database")]);
        examination.add([need(Found::unseen("c"))]);
        let places = examination.by_place();
        let seen: Vec<_> = places.iter().map(|(place, needs)| (*place, needs.len())).collect();
        assert_eq!(seen, [(&Place::Machine, 2), (&dev, 1)]);
        assert_eq!(examination.counts(), BTreeMap::from([("well", 2), ("not seen", 1)]));
    }

    #[test]
    fn every_standing_has_a_shape_of_its_own() {
        let kinds =
            [Standing::Well, Standing::Doubtful, Standing::Wrong(FailureKind::Failed), Standing::Unseen];
        let shapes: std::collections::BTreeSet<char> = kinds.iter().map(|kind| kind.sign()).collect();
        assert_eq!(shapes.len(), kinds.len());
        assert_eq!(
            need(Found::failed(Failure::new(FailureKind::Failed, "no")))
                .found
                .at_worst_doubtful()
                .standing
                .word(),
            "warning"
        );
    }
}
