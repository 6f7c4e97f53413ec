//! What a guest wants to buy: kinds and numbers, no prices.
//!
//! Prices and stock are always read fresh from the database; a cart that remembered them could be wrong.

use super::catalogue::Product;
use super::money::Cents;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most of one kind that a cart holds.
pub(super) const MOST_OF_ONE_KIND: u16 = 99;

/// The most kinds that a cart holds, so that it always fits into a cookie.
const MOST_KINDS: usize = 50;

/// Product numbers with how many of each; never zero of one, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cart(BTreeMap<i32, u16>);

/// One line of a cart with what the database says about it.
#[derive(Clone, Debug)]
pub(super) struct CartLine {
    /// The product, as it is now.
    pub product: Product,
    /// How many of it are in the cart.
    pub quantity: u16,
}

impl Cart {
    /// Adds some of a kind, up to what a cart holds.
    pub(super) fn add(&mut self, product: i32, quantity: u16) {
        let held = self.0.get(&product).copied().unwrap_or(0);
        self.change(product, held.saturating_add(quantity));
    }

    /// Sets how many of a kind there are; zero removes it.
    pub(super) fn change(&mut self, product: i32, quantity: u16) {
        if quantity == 0 {
            self.0.remove(&product);
        } else if self.0.len() < MOST_KINDS || self.0.contains_key(&product) {
            self.0.insert(product, quantity.min(MOST_OF_ONE_KIND));
        }
    }

    /// Says whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts the bagels in it.
    pub(super) fn count(&self) -> u32 {
        self.0.values().copied().map(u32::from).sum()
    }

    /// Returns kinds and numbers, in ascending order of the product's number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i32, u16)> {
        self.0.iter().map(|(product, quantity)| (*product, *quantity))
    }

    /// Pairs what is in the cart with the products it names; kinds that are no longer on sale are left out.
    pub(super) fn lines(&self, products: Vec<Product>) -> Vec<CartLine> {
        let line = |product: Product| {
            self.0.get(&product.id).map(|quantity| CartLine { quantity: *quantity, product })
        };
        products.into_iter().filter_map(line).collect()
    }
}

impl CartLine {
    /// Returns what the line costs.
    pub(super) fn amount(&self) -> Cents {
        self.product.price.times(self.quantity)
    }

    /// Says whether the cart wants more than there is.
    pub(super) fn is_short(&self) -> bool {
        i32::from(self.quantity) > self.product.left
    }

    /// Returns the number for one bagel more.
    pub(super) fn one_more(&self) -> u16 {
        (self.quantity + 1).min(MOST_OF_ONE_KIND)
    }

    /// Returns the number for one bagel less.
    pub(super) fn one_less(&self) -> u16 {
        self.quantity.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_the_same_kind_again_raises_its_number_up_to_the_limit() {
        let mut cart = Cart::default();
        cart.add(2, 3);
        cart.add(2, 4);
        assert_eq!(cart.iter().collect::<Vec<_>>(), [(2, 7)]);
        cart.add(2, u16::MAX);
        assert_eq!(cart.count(), u32::from(MOST_OF_ONE_KIND));
    }

    #[test]
    fn a_kind_changed_to_zero_leaves_the_cart() {
        let mut cart = Cart::default();
        cart.add(1, 2);
        cart.change(1, 0);
        assert!(cart.is_empty());
    }

    #[test]
    fn a_cart_never_outgrows_its_cookie() {
        let mut cart = Cart::default();
        (0..1000).for_each(|product| cart.add(i32::MAX - product, 99));
        assert!(serde_json::to_string(&cart).unwrap().len() < 1000);
    }
}
