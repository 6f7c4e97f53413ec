//! Which environment has another schema than it must have, told by those that must have the same.
//!
//! Two databases whose ledgers hold the same changesets must have the same schema. When they do not, one of them was
//! changed by hand; which one is a judgement, and it is never made by their order while something better speaks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::judgement::Witness;
use super::{Difference, Schema, diff};

/// What is known of one environment.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its schema, and the ledger that it belongs to.
    pub witness: &'a Witness,
    /// True when a promotion to it was proven with this ledger and left this very schema.
    pub is_vouched: bool,
}

/// Which of the environments must have another schema than they have, each with the one that it is held against, as
/// places in `environments`, which are in the order of promotion. Right is what a promotion left behind, else what
/// most agree with, else what the other environments have of what is disputed, else the earliest.
pub fn odd_ones(environments: &[Option<Known<'_>>]) -> Vec<(usize, usize)> {
    let known: Vec<(usize, Known<'_>)> =
        environments.iter().enumerate().filter_map(|(place, known)| Some((place, (*known)?))).collect();
    let mut odd = Vec::new();
    for (index, (_, first)) in known.iter().enumerate() {
        let belongs = |other: &(usize, Known<'_>)| other.1.witness.must_equal(first.witness);
        // Every group once, with its earliest.
        if known[..index].iter().any(belongs) {
            continue;
        }
        let (group, others): (Vec<_>, Vec<_>) = known.iter().copied().partition(belongs);
        let mut sides: BTreeMap<&str, Vec<(usize, Known<'_>)>> = BTreeMap::new();
        for member in &group {
            sides.entry(member.1.witness.schema.digest().as_str()).or_default().push(*member);
        }
        let schemas: Vec<&Schema> = sides.values().map(|side| &*side[0].1.witness.schema).collect();
        let right = sides.iter().max_by_key(|(_, side)| {
            let is_vouched = side.iter().any(|(_, known)| known.is_vouched);
            let here = &*side[0].1.witness.schema;
            let agreement: usize =
                others.iter().map(|(_, other)| agreement(here, &schemas, &other.witness.schema)).sum();
            (is_vouched, side.len(), agreement, Reverse(side[0].0))
        });
        let Some((right, reference)) = right.map(|(digest, side)| (*digest, side[0].0)) else { continue };
        let differ = sides.iter().filter(|(digest, _)| **digest != right).flat_map(|(_, side)| side);
        odd.extend(differ.map(|(place, _)| (*place, reference)));
    }
    odd.sort_unstable();
    odd
}

/// How much of what `here` disputes with the other `sides` another environment has as it is here. Its ledger is not
/// the same, so the rest of its schema says nothing.
fn agreement(here: &Schema, sides: &[&Schema], other: &Schema) -> usize {
    if sides.len() < 2 || !here.digest().is_comparable(other.digest()) {
        return 0;
    }
    let elsewhere = diff(here, other);
    let elsewhere: BTreeSet<_> = elsewhere
        .iter()
        .filter(|difference| difference.is_real())
        .map(|difference| &difference.object)
        .collect();
    let disputed = sides.iter().flat_map(|side| diff(here, side)).filter(Difference::is_real);
    disputed.filter(|difference| !elsewhere.contains(&difference.object)).count()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::drift::tests::ledger;
    use crate::domain::schema::judgement::LedgerPrint;
    use crate::domain::schema::tests::orders;

    fn witness(rows: usize, columns: &[&str]) -> Witness {
        Witness { print: LedgerPrint::of(&ledger(rows)), schema: Arc::new(orders(columns)) }
    }

    fn odd(witnesses: &[Option<&Witness>], vouched: &[usize]) -> Vec<(usize, usize)> {
        let all: Vec<_> = witnesses
            .iter()
            .enumerate()
            .map(|(place, witness)| {
                witness.map(|witness| Known { witness, is_vouched: vouched.contains(&place) })
            })
            .collect();
        odd_ones(&all)
    }

    #[test]
    fn of_two_the_later_one_is_the_odd_one_and_of_three_the_one_that_stands_alone() {
        let (same, more) = (witness(2, &[]), witness(2, &["note"]));
        let (other, third) = (witness(1, &["gift"]), witness(2, &["gift"]));
        for (witnesses, expected) in [
            (vec![Some(&same), Some(&more)], vec![(1, 0)]),
            (vec![Some(&same), Some(&same)], vec![]),
            (vec![Some(&more), Some(&same), Some(&same)], vec![(0, 1)]),
            (vec![Some(&same), Some(&more), Some(&same), Some(&more)], vec![(1, 0), (3, 0)]),
            (vec![Some(&same), Some(&more), Some(&third)], vec![(1, 0), (2, 0)]),
            (vec![None, Some(&same), None, Some(&more)], vec![(3, 1)]),
            // Another ledger may have another schema.
            (vec![Some(&other), Some(&same), Some(&other)], vec![]),
        ] {
            assert_eq!(odd(&witnesses, &[]), expected, "{witnesses:?}");
        }
    }

    #[test]
    fn what_others_have_of_it_tells_two_apart_whatever_else_they_have() {
        let (plain, noted) = (witness(2, &[]), witness(2, &["note"]));
        let [without, with] = [witness(1, &["gift"]), witness(3, &["gift", "note"])];
        // The one with the column is the odd one, also when it comes first, and not where the others have it, too.
        assert_eq!(odd(&[Some(&noted), Some(&plain), Some(&without)], &[]), [(0, 1)]);
        assert_eq!(odd(&[Some(&plain), Some(&noted), Some(&without)], &[]), [(1, 0)]);
        assert_eq!(odd(&[Some(&with), Some(&plain), Some(&noted)], &[]), [(1, 2)]);
        assert_eq!(odd(&[Some(&with), Some(&without), Some(&noted), Some(&plain)], &[]), [(3, 2)]);
    }

    #[test]
    fn what_a_promotion_left_behind_is_right_whatever_others_have() {
        let (plain, noted) = (witness(2, &[]), witness(2, &["note"]));
        assert_eq!(odd(&[Some(&plain), Some(&noted)], &[1]), [(0, 1)]);
        assert_eq!(odd(&[Some(&plain), Some(&plain), Some(&noted)], &[2]), [(0, 2), (1, 2)]);
        assert_eq!(odd(&[Some(&plain), Some(&plain), Some(&noted)], &[0, 2]), [(2, 0)]);
    }
}
