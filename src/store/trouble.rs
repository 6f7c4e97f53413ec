//! What a guest sees when something can't be done: one page for every kind of trouble, in the store's own design.
//!
//! A request ends in [`Trouble`]; [`dress`] turns it into the page, because only there the visit is known. Technical
//! detail goes to the log, not to the guest.

use super::pages::{Frame, TroublePage, render};
use super::pool::DatabaseError;
use super::session::Visit;
use super::{Store, say};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// A request that could not be served.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// There is no such page, product or order.
    NotFound,
    /// The request itself makes no sense.
    Senseless(StatusCode),
    /// The database gave no usable answer.
    Database(DatabaseError),
    /// Nobody knows whether the order was placed.
    OrderUnknown(DatabaseError),
    /// The store itself failed.
    Broken,
}

impl Trouble {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Senseless(status) => *status,
            Self::Database(_) | Self::OrderUnknown(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => (
                "Nothing on this shelf",
                "The page you asked for does not exist. Start again from the catalogue.",
            ),
            Self::Senseless(_) => {
                ("We did not understand that", "The request was not complete. Go back and try it once more.")
            }
            Self::Database(DatabaseError::Refused { schema: true, .. }) => (
                "The shelves don't fit this store",
                "This release expects a database schema that is not there. The store and its schema must move together; its health check names what is missing.",
            ),
            Self::Database(_) => (
                "The shelves are out of reach",
                "The store can't reach its database right now. Your cart is safe: try again in a moment.",
            ),
            Self::OrderUnknown(_) => (
                "We lost sight of your order",
                "The database stopped answering while your order was being placed. Look at your orders before you place it again.",
            ),
            Self::Broken => {
                ("Something burnt in the oven", "The store failed to make this page. Try again in a moment.")
            }
        }
    }
}

impl From<DatabaseError> for Trouble {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Turns every answer that is trouble into a page.
pub(super) async fn dress(State(store): State<Store>, request: Request, next: Next) -> Response {
    let visit = Visit::read(&store, request.headers());
    let response = next.run(request).await;
    let Some(trouble) = trouble_of(&response) else { return response };
    if let Trouble::Database(error) | Trouble::OrderUnknown(error) = &trouble {
        say(&store, &error.to_string());
    }
    let (title, advice) = trouble.words();
    let orders = matches!(trouble, Trouble::OrderUnknown(_));
    let page = TroublePage { frame: Frame::new(&store, &visit), title, advice, orders };
    (trouble.status(), render(&page).unwrap_or_else(|_| title.into_response())).into_response()
}

fn trouble_of(response: &Response) -> Option<Trouble> {
    let told = response.extensions().get::<Trouble>().cloned();
    told.or_else(|| match response.status() {
        StatusCode::NOT_FOUND => Some(Trouble::NotFound),
        // The framework's own refusals: a number that is none, a form without its fields, a wrong method.
        status @ (StatusCode::BAD_REQUEST
        | StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY) => Some(Trouble::Senseless(status)),
        _ => None,
    })
}
