//! What is on sale: products, how many are left, and (from `v1.3.0` on) gift cards.
//!
//! Each release reads exactly the columns its own schema has, so an older store keeps working on a newer one.

use super::money::Cents;
use super::version::Version;
use tokio_postgres::{Client, Error, Row};

/// One kind of bagel as the catalogue shows it.
#[derive(Clone, Debug)]
pub(super) struct Product {
    /// Its number in the database.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// A sentence or two, in releases that have it.
    pub description: Option<String>,
    /// What one costs.
    pub price: Cents,
    /// How many are left.
    pub left: i32,
    /// The group it is shown in, from `v1.1.0` on.
    pub category: Option<String>,
    /// What an allergic guest must know, from `v1.2.0` on.
    pub allergens: Option<String>,
}

/// A gift card on sale.
#[derive(Clone, Debug)]
pub(super) struct GiftCard {
    /// What it is called.
    pub name: String,
    /// What it is worth.
    pub amount: Cents,
}

/// Neighbouring products of one category.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    /// The category, absent where a release has none.
    pub category: Option<String>,
    /// Its products, never empty.
    pub products: Vec<Product>,
}

/// Reads every product, in the order of the catalogue.
pub(super) async fn products(client: &Client, version: Version) -> Result<Vec<Product>, Error> {
    let order = if version.has_categories() { "c.id nulls last, p.id" } else { "p.id" };
    let rows = client.query(&format!("{} order by {order}", selection(version)), &[]).await?;
    Ok(rows.iter().map(product).collect())
}

/// Reads one product.
pub(super) async fn find(client: &Client, version: Version, id: i32) -> Result<Option<Product>, Error> {
    let row = client.query_opt(&format!("{} where p.id = $1", selection(version)), &[&id]).await?;
    Ok(row.as_ref().map(product))
}

/// Reads the gift cards on sale; none in a release before them.
pub(super) async fn gift_cards(client: &Client, version: Version) -> Result<Vec<GiftCard>, Error> {
    if !version.has_gift_cards() {
        return Ok(Vec::new());
    }
    let rows = client.query("select name, (amount * 100)::bigint from gift_cards order by id", &[]).await?;
    Ok(rows.iter().map(|row| GiftCard { name: row.get(0), amount: Cents(row.get(1)) }).collect())
}

/// Groups products that follow each other and share a category.
pub(super) fn shelves(products: Vec<Product>) -> Vec<Shelf> {
    let mut shelves: Vec<Shelf> = Vec::new();
    for product in products {
        match shelves.last_mut() {
            Some(shelf) if shelf.category == product.category => shelf.products.push(product),
            _ => shelves.push(Shelf { category: product.category.clone(), products: vec![product] }),
        }
    }
    shelves
}

impl Product {
    /// Returns the name of its picture.
    pub(super) fn picture(&self) -> &'static str {
        super::assets::picture_of(&self.name)
    }

    /// Says whether none is left.
    pub(super) fn is_sold_out(&self) -> bool {
        self.left <= 0
    }

    /// Says whether so few are left that a guest should know.
    pub(super) fn is_scarce(&self) -> bool {
        (1..=10).contains(&self.left)
    }
}

/// The columns every release shows, with nothing in place of those its schema lacks.
fn selection(version: Version) -> String {
    let description = if version.has_descriptions() { "p.description" } else { "null::text" };
    let allergens = if version.has_allergens() { "p.allergens" } else { "null::text" };
    let (category, join) = if version.has_categories() {
        ("c.name", "left join categories c on c.id = p.category_id")
    } else {
        ("null::text", "")
    };
    format!(
        "select p.id, p.name, {description}, (p.price * 100)::bigint, coalesce(i.quantity, 0), {category}, {allergens}
         from products p left join inventory i on i.product_id = p.id {join}"
    )
}

fn product(row: &Row) -> Product {
    Product {
        id: row.get(0),
        name: row.get(1),
        description: row.get(2),
        price: Cents(row.get(3)),
        left: row.get(4),
        category: row.get(5),
        allergens: row.get(6),
    }
}
