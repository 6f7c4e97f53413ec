//! Whether the schema of an environment is what its ledger says it must be.
//!
//! Nothing is guessed: environments are held against each other only when their ledgers hold the very same
//! changesets, and a schema counts only when it was read at a moment at which the ledger was as it is known.

use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{Difference, Schema, SchemaDigest, diff};
use crate::domain::Timestamp;
use crate::domain::ledger::{Ledger, LockState};
use crate::domain::names::EnvironmentName;

/// What the ledger was at the very moment at which a schema was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LedgerStamp {
    /// How many rows it had.
    pub rows: usize,
    /// The highest ORDEREXECUTED.
    pub newest: Option<i32>,
    /// Liquibase was at work, so that the schema may have been ahead of its rows.
    pub is_locked: bool,
}

/// A schema as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaView {
    /// The schema.
    pub schema: Arc<Schema>,
    /// What the ledger was at that moment.
    pub stamp: LedgerStamp,
}

/// Stands for the changesets of a ledger with their checksums, whatever their order and time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerPrint(String);

/// A schema that belongs to a ledger: what one environment is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The ledger.
    pub print: LedgerPrint,
    /// The schema.
    pub schema: Arc<Schema>,
}

/// What a proven promotion left behind, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaRecord {
    /// The ledger.
    pub print: LedgerPrint,
    /// The schema.
    pub digest: SchemaDigest,
}

/// A schema that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDrift {
    /// What says so.
    pub against: Against,
    /// What is different from it: what is real, from that to this. Empty where only a digest is known.
    pub differences: Vec<Difference>,
    /// The digests of both, that and this.
    digests: [SchemaDigest; 2],
}

/// What a schema is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// The same environment when this process saw it so for the last time; no ledger row came since.
    Earlier(Timestamp),
    /// Another environment, whose ledger holds the same changesets.
    Environment(EnvironmentName),
    /// The same environment, or the one with this name, when a promotion to it was proven; the ledger held the same
    /// changesets.
    Proven(Timestamp, Option<EnvironmentName>),
}

impl LedgerStamp {
    /// True when the ledger as it is known is the one at the moment of the stamp, and Liquibase was not at work.
    pub fn fits(&self, ledger: &Ledger) -> bool {
        !self.is_locked
            && ledger.lock == LockState::Free
            && self.rows == ledger.rows.len()
            && self.newest == ledger.rows.iter().map(|row| row.order).max()
    }
}

impl LedgerPrint {
    /// The print of a ledger. A row that `liquibase tag` wrote by itself is no changeset.
    pub fn of(ledger: &Ledger) -> Self {
        let mut rows: Vec<_> = ledger
            .rows
            .iter()
            .filter(|row| !row.is_anchor())
            .map(|row| {
                let sum = row.checksum.as_ref().map_or("", |sum| sum.as_str());
                [row.id.path.as_str(), row.id.id.as_str(), row.id.author.as_str(), sum]
            })
            .collect();
        rows.sort_unstable();
        let mut sum = Sha256::new();
        for text in rows.into_iter().flatten() {
            sum.update(text.len().to_be_bytes());
            sum.update(text.as_bytes());
        }
        let mut text = String::new();
        for byte in sum.finalize() {
            // Writing to a `String` cannot fail.
            write!(text, "{byte:02x}").ok();
        }
        Self(text)
    }

    /// Takes the text of a print back, as a journal has it.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The print as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Witness {
    /// What a promotion leaves in the journal.
    pub fn record(&self) -> SchemaRecord {
        SchemaRecord { print: self.print.clone(), digest: self.schema.digest().clone() }
    }

    /// True when this is the very schema that was recorded.
    pub fn is_as_recorded(&self, record: &SchemaRecord) -> bool {
        record.speaks_of(self) && record.digest == *self.schema.digest()
    }

    /// True when the schemas of both must be equal, and can be compared.
    pub(super) fn must_equal(&self, other: &Self) -> bool {
        self.print == other.print && self.schema.digest().is_comparable(other.schema.digest())
    }
}

impl SchemaRecord {
    /// True when the witness must have the recorded schema, and can be compared with it.
    pub fn speaks_of(&self, witness: &Witness) -> bool {
        self.print == witness.print && self.digest.is_comparable(witness.schema.digest())
    }
}

impl SchemaDrift {
    /// `this` held against what it must equal. `None` when it does. What was found out already is taken from `known`.
    pub fn of(against: Against, that: &Schema, this: &Schema, known: &[Self]) -> Option<Self> {
        let digests = [that.digest().clone(), this.digest().clone()];
        if digests[0] == digests[1] {
            return None;
        }
        let same = known.iter().find(|drift| drift.digests == digests && !drift.differences.is_empty());
        let differences = match same {
            Some(drift) => drift.differences.clone(),
            None => diff(that, this).into_iter().filter(Difference::is_real).collect(),
        };
        Some(Self { against, differences, digests })
    }

    /// A witness held against what was recorded at `at`, of its own environment or of the one with this name.
    pub fn of_record(
        at: Timestamp,
        elsewhere: Option<EnvironmentName>,
        record: &SchemaRecord,
        this: &Witness,
    ) -> Option<Self> {
        let digests = [record.digest.clone(), this.schema.digest().clone()];
        let is_drift = record.speaks_of(this) && digests[0] != digests[1];
        is_drift.then(|| Self { against: Against::Proven(at, elsewhere), differences: Vec::new(), digests })
    }

    /// The differences that are no parts of others: as many as a person would count.
    pub fn count(&self) -> usize {
        self.differences.iter().filter(|difference| !difference.is_part).count()
    }

    /// One sentence without a full stop; `time` says when, for people.
    pub fn words(&self, time: impl Fn(Timestamp) -> String) -> String {
        let mut words = match &self.against {
            Against::Earlier(at) => format!("schema changed by hand since {}", time(*at)),
            Against::Environment(name) => format!("schema differs from {name}"),
            Against::Proven(at, None) => format!("schema differs from what was proven at {}", time(*at)),
            Against::Proven(at, Some(name)) => {
                format!("schema differs from what was proven in {name} at {}", time(*at))
            }
        };
        if let Some(first) = self.first() {
            write!(words, ": {first}").ok();
        }
        words
    }

    /// The first difference, and how many more there are: `+ column orders.note, and 2 more`.
    pub fn first(&self) -> Option<String> {
        let first = self.differences.iter().find(|difference| !difference.is_part)?;
        Some(match self.count() - 1 {
            0 => first.short(),
            more => format!("{}, and {more} more", first.short()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::drift::tests::ledger;
    use crate::domain::schema::tests::orders;

    fn witness(rows: usize, columns: &[&str]) -> Witness {
        Witness { print: LedgerPrint::of(&ledger(rows)), schema: Arc::new(orders(columns)) }
    }

    #[test]
    fn ledgers_are_the_same_whatever_the_order_and_not_with_another_checksum() {
        let (plain, mut turned, mut edited) = (ledger(2), ledger(2), ledger(2));
        turned.rows.reverse();
        turned.rows[0].tag = Some("v1".into());
        edited.rows[0].checksum = None;
        assert_eq!(LedgerPrint::of(&plain), LedgerPrint::of(&turned));
        assert_ne!(LedgerPrint::of(&plain), LedgerPrint::of(&edited));
        assert_ne!(LedgerPrint::of(&plain), LedgerPrint::of(&ledger(1)));
    }

    #[test]
    fn a_schema_that_was_read_while_somebody_was_at_work_fits_no_ledger() {
        let stamp = LedgerStamp { rows: 2, newest: Some(2), is_locked: false };
        assert!(stamp.fits(&ledger(2)) && !stamp.fits(&ledger(1)));
        assert!(!LedgerStamp { is_locked: true, ..stamp }.fits(&ledger(2)));
        assert!(!LedgerStamp { newest: Some(3), ..stamp }.fits(&ledger(2)));
        // A row from the middle went.
        assert!(!LedgerStamp { rows: 1, ..stamp }.fits(&ledger(2)));
        let locked = LockState::Held { by: "vm".to_owned(), since: None };
        assert!(!stamp.fits(&Ledger { lock: locked, ..ledger(2) }));
        assert!(LedgerStamp::default().fits(&Ledger::default()));
    }

    #[test]
    fn drift_is_told_with_its_first_difference_and_how_many_more() {
        let (plain, more) = (orders(&[]), orders(&["note", "gift"]));
        let against = Against::Environment(EnvironmentName::parse("test").unwrap());
        let drift = SchemaDrift::of(against.clone(), &plain, &more, &[]).unwrap();
        let noon = |_| "12:00".to_owned();
        assert_eq!(drift.words(noon), "schema differs from test: + column orders.gift, and 1 more");
        let earlier = Against::Earlier(Timestamp::UNIX_EPOCH);
        let drift = SchemaDrift::of(earlier, &more, &orders(&["note"]), &[]).unwrap();
        assert_eq!(drift.words(noon), "schema changed by hand since 12:00: - column orders.gift");
        assert_eq!(SchemaDrift::of(against, &plain, &orders(&[]), &[]), None);
    }

    #[test]
    fn what_a_promotion_recorded_counts_only_for_the_same_ledger() {
        let (recorded, now) = (witness(2, &[]).record(), witness(2, &["note"]));
        let test = EnvironmentName::parse("test").ok();
        let noon = |_| "12:00".to_owned();
        let of =
            |record: &_, witness: &_| SchemaDrift::of_record(Timestamp::UNIX_EPOCH, None, record, witness);
        let elsewhere = SchemaDrift::of_record(Timestamp::UNIX_EPOCH, test, &recorded, &now).unwrap();
        assert_eq!(of(&recorded, &now).unwrap().words(noon), "schema differs from what was proven at 12:00");
        assert_eq!(elsewhere.words(noon), "schema differs from what was proven in test at 12:00");
        assert_eq!(of(&recorded, &witness(2, &[])), None);
        assert_eq!(of(&recorded, &witness(1, &["note"])), None);
        let old = SchemaRecord { digest: SchemaDigest::from_text("0.15.abc"), ..recorded };
        assert_eq!(of(&old, &now), None);
    }
}
