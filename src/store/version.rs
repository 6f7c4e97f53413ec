//! The releases this program can play: what each one shows, and which changeset it can't live without.
//!
//! One binary stands for every release, as if an image had been built for each; which one it is comes from
//! the environment. Nothing here asks the database.

use std::fmt;
use std::str::FromStr;

/// Names one release of the Bagel Store; a later one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The plain catalogue, `v1.0.0`.
    V1_0_0,
    /// Groups the catalogue by category, `v1.1.0`.
    V1_1_0,
    /// Shows allergens and gives loyalty points, `v1.2.0`.
    V1_2_0,
    /// Sells gift cards, but its changelog forgot a changeset that the store needs, `v1.3.0`.
    V1_3_0,
    /// Stopped showing descriptions, because its changelog drops them, `v1.4.0`.
    V1_4_0,
}

/// Identifies a changeset the way Liquibase does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changeset {
    /// Path below the folder that contains `changelog/`; the ledger's column `filename`.
    pub path: &'static str,
    /// The changeset's id; for a formatted SQL file of this store, the file's stem.
    pub id: &'static str,
    /// The changeset's author.
    pub author: &'static str,
}

/// Says that no release has this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a release this store can play; use one of {known}", known = known_names())]
pub struct UnknownVersion(pub String);

impl Version {
    /// Every release, oldest first.
    pub const ALL: [Self; 5] = [Self::V1_0_0, Self::V1_1_0, Self::V1_2_0, Self::V1_3_0, Self::V1_4_0];

    /// Returns the release's name as in a git tag.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_0_0 => "v1.0.0",
            Self::V1_1_0 => "v1.1.0",
            Self::V1_2_0 => "v1.2.0",
            Self::V1_3_0 => "v1.3.0",
            Self::V1_4_0 => "v1.4.0",
        }
    }

    /// Returns the changeset without which this release is not healthy.
    pub const fn needs(self) -> Changeset {
        let (path, id) = match self {
            Self::V1_0_0 => ("changelog/changesets/007-seed-inventory.sql", "007-seed-inventory"),
            Self::V1_1_0 => ("changelog/changesets/008-categories.sql", "008-categories"),
            Self::V1_2_0 => ("changelog/changesets/010-loyalty-points.sql", "010-loyalty-points"),
            Self::V1_3_0 => ("changelog/changesets/012-gift-card-codes.sql", "012-gift-card-codes"),
            Self::V1_4_0 => ("changelog/changesets/013-tidy-orders.sql", "013-tidy-orders"),
        };
        Changeset { path, id, author: "store" }
    }

    /// Says whether the catalogue is grouped (reads `categories`).
    pub fn has_categories(self) -> bool {
        self >= Self::V1_1_0
    }

    /// Says whether allergens are shown (reads `products.allergens`).
    pub fn has_allergens(self) -> bool {
        self >= Self::V1_2_0
    }

    /// Says whether an order earns points (writes `loyalty_points`).
    pub fn has_loyalty_points(self) -> bool {
        self >= Self::V1_2_0
    }

    /// Says whether gift cards are shown (reads `gift_cards`).
    pub fn has_gift_cards(self) -> bool {
        self >= Self::V1_3_0
    }

    /// Says whether descriptions are shown (reads `products.description`, which `v1.4.0` drops).
    pub fn has_descriptions(self) -> bool {
        self < Self::V1_4_0
    }
}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(name: &str) -> Result<Self, UnknownVersion> {
        Self::ALL
            .into_iter()
            .find(|version| version.name() == name)
            .ok_or_else(|| UnknownVersion(name.to_owned()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Display for Changeset {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}::{}::{}", self.path, self.id, self.author)
    }
}

fn known_names() -> String {
    Version::ALL.map(Version::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_release_is_known_by_its_own_name() {
        for version in Version::ALL {
            assert_eq!(version.name().parse(), Ok(version));
        }
    }

    #[test]
    fn an_unknown_release_is_refused_with_the_names_of_the_known_ones() {
        let refused = "v9.9.9".parse::<Version>().unwrap_err().to_string();
        assert_eq!(
            refused,
            "v9.9.9 is not a release this store can play; use one of v1.0.0, v1.1.0, v1.2.0, v1.3.0, v1.4.0"
        );
    }
}
