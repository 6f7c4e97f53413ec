//! Ordering: `/checkout`, `/orders` and `/orders/{id}`, all for guests who have signed in.

use super::orders::{self, Refusal, Status};
use super::pages::{CheckoutPage, Frame, OrderPage, OrdersPage, render};
use super::pool::{DatabaseError, within};
use super::session::Visit;
use super::trouble::Trouble;
use super::{PATIENCE, Store, account, say, shop};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

/// What a link to an order may say.
#[derive(Debug, Deserialize)]
pub(super) struct OrderQuery {
    /// Present right after the order was placed.
    placed: Option<u8>,
}

/// The status an order is moved on from.
#[derive(Debug, Deserialize)]
pub(super) struct AdvanceForm {
    status: String,
}

/// Shows the last look before an order.
pub(super) async fn summary(State(store): State<Store>, visit: Visit) -> Result<Response, Trouble> {
    if visit.session.login.is_none() {
        return Ok(account::ask("/checkout"));
    }
    show(&store, &visit, None).await
}

/// Places the order, empties the cart and leads to the confirmation; refuses with 409 and the reason.
pub(super) async fn place(State(store): State<Store>, mut visit: Visit) -> Result<Response, Trouble> {
    let Some(login) = visit.session.login.clone() else { return Ok(account::ask("/checkout")) };
    if visit.session.cart.is_empty() {
        return Ok(Redirect::to("/cart").into_response());
    }
    let mut lease = store.pool.borrow().await?;
    let version = store.settings.version;
    match within(PATIENCE, orders::place(&mut lease, version, &login, &visit.session.cart)).await {
        Ok(placed) => {
            lease.give_back();
            say(
                &store,
                &format!(
                    "order {} placed: {} bagels, {}",
                    placed.id,
                    visit.session.cart.count(),
                    placed.total
                ),
            );
            visit.session.cart = super::cart::Cart::default();
            Ok((visit.keep(), Redirect::to(&format!("/orders/{}?placed=1", placed.id))).into_response())
        }
        Err(Refusal::Database(error)) if error.is_unknown() => Err(Trouble::OrderUnknown(error)),
        Err(Refusal::Database(error)) => Err(error.into()),
        Err(refusal) => {
            lease.give_back();
            say(&store, &format!("order refused: {refusal}"));
            let page = show(&store, &visit, Some(refusal.to_string())).await?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
    }
}

/// Shows the newest orders.
pub(super) async fn list(State(store): State<Store>, visit: Visit) -> Result<Response, Trouble> {
    let Some(login) = visit.session.login.as_deref() else { return Ok(account::ask("/orders")) };
    let lease = store.pool.borrow().await?;
    let (orders, points) = within(PATIENCE, async {
        let points = orders::points_of(&lease, store.settings.version, login).await?;
        Ok::<_, DatabaseError>((orders::newest(&lease).await?, points))
    })
    .await?;
    lease.give_back();
    render(&OrdersPage { frame: Frame::new(&store, &visit), orders, points })
}

/// Shows one order: what is in it and how far it is.
pub(super) async fn order(
    State(store): State<Store>,
    Path(id): Path<i64>,
    Query(query): Query<OrderQuery>,
    visit: Visit,
) -> Result<Response, Trouble> {
    if visit.session.login.is_none() {
        return Ok(account::ask(&format!("/orders/{id}")));
    }
    let lease = store.pool.borrow().await?;
    let found = within(PATIENCE, async {
        Ok::<_, DatabaseError>(orders::find(&lease, store.settings.version, id).await?)
    })
    .await?;
    lease.give_back();
    let order = found.ok_or(Trouble::NotFound)?;
    render(&OrderPage { frame: Frame::new(&store, &visit), order, fresh: query.placed.is_some() })
}

/// Moves an order one step along: the demo's user is also its baker.
pub(super) async fn advance(
    State(store): State<Store>,
    Path(id): Path<i64>,
    visit: Visit,
    Form(form): Form<AdvanceForm>,
) -> Result<Response, Trouble> {
    if visit.session.login.is_none() {
        return Ok(account::ask(&format!("/orders/{id}")));
    }
    let senseless = Trouble::Senseless(StatusCode::UNPROCESSABLE_ENTITY);
    let status = Status::from_word(&form.status).ok_or(senseless)?;
    let lease = store.pool.borrow().await?;
    within(PATIENCE, async { Ok::<_, DatabaseError>(orders::advance(&lease, id, status).await?) }).await?;
    lease.give_back();
    Ok(Redirect::to(&format!("/orders/{id}")).into_response())
}

async fn show(store: &Store, visit: &Visit, refusal: Option<String>) -> Result<Response, Trouble> {
    let (lines, total) = shop::cart_lines(store, &visit.session).await?;
    render(&CheckoutPage { frame: Frame::new(store, visit), lines, total, refusal })
}
