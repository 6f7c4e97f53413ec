//! Signing in and out: one user, whose name and password the store was told at its start.
//!
//! Deliberately absent: accounts, password changes, and any brake on guessing.

use super::Store;
use super::pages::{Frame, LoginPage, render};
use super::session::{Visit, is_demo_user};
use super::trouble::Trouble;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

/// Where a guest wants to go after signing in.
#[derive(Debug, Deserialize)]
pub(super) struct LoginQuery {
    #[serde(default)]
    next: String,
}

/// The filled-in form; it holds a password and is therefore never printed.
#[derive(Deserialize)]
pub(super) struct LoginForm {
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Shows the form.
pub(super) async fn form(
    State(store): State<Store>,
    Query(query): Query<LoginQuery>,
    visit: Visit,
) -> Result<Response, Trouble> {
    let next = local(&query.next).to_owned();
    render(&LoginPage { frame: Frame::new(&store, &visit), next, refused: false })
}

/// Signs in, or shows the form again.
pub(super) async fn sign_in(
    State(store): State<Store>,
    mut visit: Visit,
    Form(form): Form<LoginForm>,
) -> Result<Response, Trouble> {
    let next = local(&form.next).to_owned();
    if is_demo_user(&store.settings, &form.username, &form.password) {
        visit.session.login = Some(form.username);
        return Ok((visit.keep(), Redirect::to(&next)).into_response());
    }
    let page = render(&LoginPage { frame: Frame::new(&store, &visit), next, refused: true })?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

/// Signs out; the cart stays.
pub(super) async fn sign_out(mut visit: Visit) -> Response {
    visit.session.login = None;
    (visit.keep(), Redirect::to("/")).into_response()
}

/// Sends a guest to the form, and back to `next` afterwards.
pub(super) fn ask(next: &str) -> Response {
    Redirect::to(&format!("/login?next={next}")).into_response()
}

/// Returns `next` when it is a page of this store, else the catalogue: a link must not lead elsewhere after signing in.
fn local(next: &str) -> &str {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'-';
    if next.starts_with('/') && !next.starts_with("//") && next.bytes().all(fits) { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_leads_to_another_site() {
        assert_eq!(local("/orders/7"), "/orders/7");
        for elsewhere in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aset-cookie"]
        {
            assert_eq!(local(elsewhere), "/", "{elsewhere}");
        }
    }
}
