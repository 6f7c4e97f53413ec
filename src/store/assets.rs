//! The style sheet and the pictures, compiled in: a store needs no file beside itself.

use super::trouble::Trouble;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

const STYLE: &str = include_str!("../../templates/store/style.css");

/// Every picture: the product it belongs to, its name, its drawing.
const PICTURES: [(&str, &str, &str); 5] = [
    ("Plain", "plain", include_str!("../../templates/store/pictures/plain.svg")),
    ("Sesame", "sesame", include_str!("../../templates/store/pictures/sesame.svg")),
    ("Poppy Seed", "poppy-seed", include_str!("../../templates/store/pictures/poppy-seed.svg")),
    ("Everything", "everything", include_str!("../../templates/store/pictures/everything.svg")),
    (
        "Cinnamon Raisin",
        "cinnamon-raisin",
        include_str!("../../templates/store/pictures/cinnamon-raisin.svg"),
    ),
];

/// Answers the style sheet.
pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=300")], STYLE)
}

/// Answers one picture.
pub(super) async fn picture(Path(file): Path<String>) -> Result<impl IntoResponse, Trouble> {
    let found = PICTURES.iter().find(|(_, name, _)| file.strip_suffix(".svg") == Some(name));
    let (_, _, drawing) = found.ok_or(Trouble::NotFound)?;
    Ok(([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "max-age=300")], *drawing))
}

/// Returns the name of a product's picture; a kind we have none of looks plain.
pub(super) fn picture_of(product: &str) -> &'static str {
    PICTURES.iter().find(|(known, _, _)| *known == product).map_or("plain", |(_, name, _)| name)
}
