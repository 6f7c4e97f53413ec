//! Looking around and filling the cart: `/`, `/products/{id}`, `/cart` and its changes.

use super::cart::CartLine;
use super::catalogue::{self, Product};
use super::money::Cents;
use super::pages::{CartPage, CataloguePage, Frame, ProductPage, render};
use super::pool::{DatabaseError, within};
use super::session::{Session, Visit};
use super::trouble::Trouble;
use super::{PATIENCE, Store, orders};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

/// What a link to the catalogue may say.
#[derive(Debug, Deserialize)]
pub(super) struct CatalogueQuery {
    /// The product that was just put into the cart.
    added: Option<i32>,
}

/// A change of the cart.
#[derive(Debug, Deserialize)]
pub(super) struct CartForm {
    product: i32,
    #[serde(default = "one")]
    quantity: u16,
}

/// Shows everything on sale.
pub(super) async fn catalogue(
    State(store): State<Store>,
    Query(query): Query<CatalogueQuery>,
    visit: Visit,
) -> Result<Response, Trouble> {
    let version = store.settings.version;
    let login = visit.session.login.as_deref();
    let lease = store.pool.borrow().await?;
    let (products, gift_cards, points) = within(PATIENCE, async {
        let points = match login {
            Some(login) => orders::points_of(&lease, version, login).await?,
            None => None,
        };
        let products = catalogue::products(&lease, version).await?;
        Ok::<_, DatabaseError>((products, catalogue::gift_cards(&lease, version).await?, points))
    })
    .await?;
    lease.give_back();
    let added = products.iter().find(|product| Some(product.id) == query.added);
    render(&CataloguePage {
        frame: Frame::new(&store, &visit),
        added: added.map(|product| product.name.clone()),
        shelves: catalogue::shelves(products),
        gift_cards,
        points,
    })
}

/// Shows one product.
pub(super) async fn product(
    State(store): State<Store>,
    Path(id): Path<i32>,
    visit: Visit,
) -> Result<Response, Trouble> {
    let product = find(&store, id).await?;
    render(&ProductPage { frame: Frame::new(&store, &visit), product })
}

/// Shows the cart.
pub(super) async fn cart(State(store): State<Store>, visit: Visit) -> Result<Response, Trouble> {
    let (lines, total) = cart_lines(&store, &visit.session).await?;
    render(&CartPage { frame: Frame::new(&store, &visit), lines, total })
}

/// Puts some of a product into the cart.
pub(super) async fn add(
    State(store): State<Store>,
    mut visit: Visit,
    Form(form): Form<CartForm>,
) -> Result<Response, Trouble> {
    let product = find(&store, form.product).await?;
    visit.session.cart.add(product.id, form.quantity);
    Ok((visit.keep(), Redirect::to(&format!("/?added={}", product.id))).into_response())
}

/// Changes how many of a product are in the cart.
pub(super) async fn change(mut visit: Visit, Form(form): Form<CartForm>) -> Response {
    visit.session.cart.change(form.product, form.quantity);
    (visit.keep(), Redirect::to("/cart")).into_response()
}

/// Takes a product out of the cart.
pub(super) async fn remove(mut visit: Visit, Form(form): Form<CartForm>) -> Response {
    visit.session.cart.change(form.product, 0);
    (visit.keep(), Redirect::to("/cart")).into_response()
}

/// Pairs a session's cart with the products as they are now, and adds it up.
pub(super) async fn cart_lines(store: &Store, session: &Session) -> Result<(Vec<CartLine>, Cents), Trouble> {
    let lease = store.pool.borrow().await?;
    let products = within(PATIENCE, async {
        Ok::<_, DatabaseError>(catalogue::products(&lease, store.settings.version).await?)
    })
    .await?;
    lease.give_back();
    let lines = session.cart.lines(products);
    let total = lines.iter().map(CartLine::amount).sum();
    Ok((lines, total))
}

async fn find(store: &Store, id: i32) -> Result<Product, Trouble> {
    let lease = store.pool.borrow().await?;
    let found = within(PATIENCE, async {
        Ok::<_, DatabaseError>(catalogue::find(&lease, store.settings.version, id).await?)
    })
    .await?;
    lease.give_back();
    found.ok_or(Trouble::NotFound)
}

fn one() -> u16 {
    1
}
