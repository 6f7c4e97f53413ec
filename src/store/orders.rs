//! Orders: placing one (a single transaction that never sells what is not there), reading them, moving one along.

use super::cart::Cart;
use super::money::Cents;
use super::pool::DatabaseError;
use super::version::Version;
use std::fmt;
use tokio_postgres::{Client, Error, Row, Transaction};

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// It was placed.
    Placed,
    /// It is in the oven.
    Baking,
    /// It waits at the counter.
    Ready,
    /// The guest has it.
    Collected,
}

/// An order that was just placed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Its number.
    pub id: i64,
    /// What it cost.
    pub total: Cents,
}

/// Says why an order was not placed; nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// At least one kind is not there in the number asked for.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))]
    OutOfStock(Vec<Shortfall>),
    /// The cart holds nothing, or something that is no longer sold.
    #[error("something in your cart is no longer on sale; look through it and order again")]
    NotOnSale,
    /// The database failed; see [`DatabaseError::is_unknown`] for whether the order may exist.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// A kind of which there is less than asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shortfall {
    /// The product's name.
    pub name: String,
    /// How many were asked for.
    pub wanted: u16,
    /// How many are left.
    pub left: i32,
}

/// One order in the list of orders.
#[derive(Clone, Debug)]
pub(super) struct OrderSummary {
    /// Its number.
    pub id: i64,
    /// When it was placed, in words, UTC.
    pub placed_at: String,
    /// What it cost.
    pub total: Cents,
    /// How far it is.
    pub status: Status,
    /// How many bagels are in it.
    pub bagels: i64,
}

/// One order with everything in it.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Number, date, total and status.
    pub summary: OrderSummary,
    /// What is in it.
    pub lines: Vec<OrderLine>,
    /// Points it earned, in releases that have them.
    pub points: Option<i32>,
}

/// One line of an order, at the price of that day.
#[derive(Clone, Debug)]
pub(super) struct OrderLine {
    /// The product's name.
    pub name: String,
    /// How many.
    pub quantity: i32,
    /// What one cost.
    pub price: Cents,
    /// What the line cost.
    pub amount: Cents,
}

/// Places an order for everything in `cart`, in one transaction.
///
/// The inventory rows are locked in the order of their product numbers, so two orders wait for each other instead of
/// blocking each other for ever.
pub(super) async fn place(
    client: &mut Client,
    version: Version,
    login: &str,
    cart: &Cart,
) -> Result<Placed, Refusal> {
    let transaction = client.transaction().await.map_err(DatabaseError::from)?;
    let stock = lock_stock(&transaction, cart).await.map_err(DatabaseError::from)?;
    if let Some(refusal) = refuse(cart, &stock) {
        transaction.rollback().await.map_err(DatabaseError::from)?;
        return Err(refusal);
    }
    let placed = write(&transaction, version, login, &stock).await.map_err(DatabaseError::from)?;
    transaction.commit().await.map_err(DatabaseError::from)?;
    Ok(placed)
}

/// Reads the newest fifty orders.
pub(super) async fn newest(client: &Client) -> Result<Vec<OrderSummary>, Error> {
    let sql = format!("{SUMMARY} group by o.id order by o.id desc limit 50");
    Ok(client.query(&sql, &[]).await?.iter().map(summary).collect())
}

/// Reads one order with its lines.
pub(super) async fn find(client: &Client, version: Version, id: i64) -> Result<Option<Order>, Error> {
    let sql = format!("{SUMMARY} where o.id = $1 group by o.id");
    let Some(row) = client.query_opt(&sql, &[&id]).await? else { return Ok(None) };
    let lines = client
        .query(
            "select p.name, i.quantity, (i.price * 100)::bigint, (i.price * i.quantity * 100)::bigint
             from order_items i join products p on p.id = i.product_id where i.order_id = $1 order by p.id",
            &[&id],
        )
        .await?;
    let points = if version.has_loyalty_points() {
        let earned =
            client.query_opt("select points from loyalty_points where order_id = $1", &[&id]).await?;
        earned.map(|row| row.get(0))
    } else {
        None
    };
    Ok(Some(Order { summary: summary(&row), lines: lines.iter().map(line).collect(), points }))
}

/// Moves an order from `status` one step along; does nothing when it has moved already.
pub(super) async fn advance(client: &Client, id: i64, status: Status) -> Result<(), Error> {
    let Some(next) = status.next() else { return Ok(()) };
    let (now, next) = (status.word(), next.word());
    client
        .execute("update orders set status = $3 where id = $1 and status = $2", &[&id, &now, &next])
        .await?;
    Ok(())
}

/// Counts the points a guest has earned so far; `None` in a release without points.
pub(super) async fn points_of(client: &Client, version: Version, login: &str) -> Result<Option<i64>, Error> {
    if !version.has_loyalty_points() {
        return Ok(None);
    }
    let sql = "select coalesce(sum(points), 0)::bigint from loyalty_points where login = $1";
    Ok(Some(client.query_one(sql, &[&login]).await?.get(0)))
}

impl Status {
    /// Every status, in the order an order goes through them.
    pub(super) const ALL: [Self; 4] = [Self::Placed, Self::Baking, Self::Ready, Self::Collected];

    /// Returns the word in the database.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Baking => "baking",
            Self::Ready => "ready",
            Self::Collected => "collected",
        }
    }

    /// Reads the word in the database.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Returns what comes next, `None` after the last.
    pub(super) fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|later| *later > self)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Placed => "Placed",
            Self::Baking => "Baking",
            Self::Ready => "Ready",
            Self::Collected => "Collected",
        })
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, wanted, left } = self;
        if *left <= 0 {
            write!(out, "{name} is sold out.")
        } else {
            write!(out, "Only {left} of {name} left, and your cart has {wanted}.")
        }
    }
}

/// What the order takes of one kind, with the stock that is locked for it.
struct Locked {
    product: i32,
    name: String,
    price: Cents,
    left: i32,
    wanted: u16,
}

async fn lock_stock(transaction: &Transaction<'_>, cart: &Cart) -> Result<Vec<Locked>, Error> {
    let products: Vec<i32> = cart.iter().map(|(product, _)| product).collect();
    let rows = transaction
        .query(
            "select i.product_id, p.name, (p.price * 100)::bigint, i.quantity
             from inventory i join products p on p.id = i.product_id
             where i.product_id = any($1) order by i.product_id for update of i",
            &[&products],
        )
        .await?;
    let locked = rows.iter().filter_map(|row| {
        let product: i32 = row.get(0);
        let (_, wanted) = cart.iter().find(|(wanted, _)| *wanted == product)?;
        Some(Locked { product, name: row.get(1), price: Cents(row.get(2)), left: row.get(3), wanted })
    });
    Ok(locked.collect())
}

fn refuse(cart: &Cart, stock: &[Locked]) -> Option<Refusal> {
    let short: Vec<Shortfall> = stock
        .iter()
        .filter(|locked| i32::from(locked.wanted) > locked.left)
        .map(|locked| Shortfall { name: locked.name.clone(), wanted: locked.wanted, left: locked.left })
        .collect();
    if !short.is_empty() {
        Some(Refusal::OutOfStock(short))
    } else if cart.is_empty() || stock.len() < cart.iter().count() {
        Some(Refusal::NotOnSale)
    } else {
        None
    }
}

async fn write(
    transaction: &Transaction<'_>,
    version: Version,
    login: &str,
    stock: &[Locked],
) -> Result<Placed, Error> {
    let total: Cents = stock.iter().map(|locked| locked.price.times(locked.wanted)).sum();
    let products: Vec<i32> = stock.iter().map(|locked| locked.product).collect();
    let quantities: Vec<i32> = stock.iter().map(|locked| i32::from(locked.wanted)).collect();
    let prices: Vec<i64> = stock.iter().map(|locked| locked.price.0).collect();
    let id: i64 = transaction
        .query_one(
            "insert into orders (total_amount, status) values ($1::bigint::numeric / 100, 'placed') returning id",
            &[&total.0],
        )
        .await?
        .get(0);
    transaction
        .execute(
            "insert into order_items (order_id, product_id, quantity, price)
             select $1::bigint, product, quantity, cents::numeric / 100
             from unnest($2::int[], $3::int[], $4::bigint[]) as line (product, quantity, cents)",
            &[&id, &products, &quantities, &prices],
        )
        .await?;
    transaction
        .execute(
            "update inventory set quantity = inventory.quantity - line.quantity, last_updated = now()
             from unnest($1::int[], $2::int[]) as line (product, quantity) where product_id = line.product",
            &[&products, &quantities],
        )
        .await?;
    if version.has_loyalty_points() {
        let points = total.whole_dollars();
        transaction
            .execute(
                "insert into loyalty_points (order_id, login, points) values ($1, $2, $3)",
                &[&id, &login, &points],
            )
            .await?;
    }
    Ok(Placed { id, total })
}

const SUMMARY: &str =
    "select o.id, to_char(o.order_date at time zone 'UTC', 'FMDD Mon YYYY, HH24:MI') || ' UTC',
    (o.total_amount * 100)::bigint, o.status, coalesce(sum(i.quantity), 0)::bigint
    from orders o left join order_items i on i.order_id = o.id";

fn summary(row: &Row) -> OrderSummary {
    OrderSummary {
        id: row.get(0),
        placed_at: row.get(1),
        total: Cents(row.get(2)),
        // The table's check constraint knows no other word.
        status: Status::from_word(row.get(3)).unwrap_or(Status::Placed),
        bagels: row.get(4),
    }
}

fn line(row: &Row) -> OrderLine {
    OrderLine { name: row.get(0), quantity: row.get(1), price: Cents(row.get(2)), amount: Cents(row.get(3)) }
}
