//! Money as whole cents, so that no price ever passes through a float.

use std::fmt;

/// An amount in cents of a dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cents(pub i64);

impl Cents {
    /// Returns this price taken `quantity` times.
    pub(super) fn times(self, quantity: u16) -> Self {
        Self(self.0.saturating_mul(i64::from(quantity)))
    }

    /// Returns the whole dollars in it, which is what loyalty points are counted in.
    pub(super) fn whole_dollars(self) -> i32 {
        i32::try_from(self.0 / 100).unwrap_or(i32::MAX)
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(out, "{sign}${}.{:02}", cents / 100, cents % 100)
    }
}

impl std::iter::Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0, |sum, amount| sum.saturating_add(amount.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_with_two_digits_of_cents() {
        for (cents, written) in
            [(0, "$0.00"), (5, "$0.05"), (225, "$2.25"), (10_000, "$100.00"), (-130, "-$1.30")]
        {
            assert_eq!(Cents(cents).to_string(), written);
        }
    }

    #[test]
    fn an_order_earns_points_for_whole_dollars_only() {
        assert_eq!(Cents(99).whole_dollars(), 0);
        assert_eq!(Cents(1275).whole_dollars(), 12);
    }
}
