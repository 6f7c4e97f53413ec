//! Every release's pages on its own schema, on newer ones, and on one that does not fit.

use super::shop::{Environment, Guest};
use reqwest::StatusCode;

/// Walks through every page as a guest with a cart and an order, and returns all of them as one text.
async fn walk(guest: &mut Guest, version: &str) -> String {
    guest.sign_in().await;
    guest.put_into_cart(2, 1).await;
    assert_eq!(guest.post("/checkout", "").await.status, StatusCode::SEE_OTHER, "{version}");
    guest.put_into_cart(4, 2).await;
    let mut seen = String::new();
    for page in ["/", "/?added=2", "/products/2", "/cart", "/checkout", "/orders", "/orders/1", "/login"] {
        let reply = guest.get(page).await;
        assert_eq!(reply.status, StatusCode::OK, "{version} {page}: {}", reply.body);
        assert!(reply.body.contains("<strong>STAGING</strong>") && reply.body.contains(version), "{page}");
        seen.push_str(&reply.body);
    }
    seen
}

#[tokio::test]
async fn every_release_shows_what_it_brought_on_its_own_schema() {
    let news: [(&str, &[&str]); 5] = [
        ("v1.0.0", &["Rolled in toasted sesame"]),
        ("v1.1.0", &["Rolled in toasted sesame", "<h2>Seeded</h2>"]),
        ("v1.2.0", &["Rolled in toasted sesame", "<h2>Seeded</h2>", "wheat, sesame", "loyalty point"]),
        ("v1.3.0", &["<h2>Seeded</h2>", "wheat, sesame", "loyalty point", "Brunch for two"]),
        ("v1.4.0", &["<h2>Seeded</h2>", "wheat, sesame", "loyalty point", "Brunch for two"]),
    ];
    for (version, shown) in news {
        let environment = Environment::at(version).await;
        let seen = walk(&mut environment.store(version).await.guest(), version).await;
        for word in shown {
            assert!(seen.contains(word), "{version} shows {word}");
        }
        let later = ["<h2>Seeded</h2>", "wheat, sesame", "loyalty point", "Brunch for two"];
        for word in later.iter().filter(|word| !shown.contains(word)) {
            assert!(!seen.contains(word), "{version} does not know {word}");
        }
    }
}

#[tokio::test]
async fn older_stores_keep_working_on_newer_schemas() {
    for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        let environment = Environment::at("v1.3.0").await;
        walk(&mut environment.store(version).await.guest(), version).await;
    }
}

#[tokio::test]
async fn the_release_that_drops_a_column_breaks_the_store_before_it() {
    let environment = Environment::at("v1.4.0").await;
    let store = environment.store("v1.2.0").await;
    let reply = store.guest().get("/").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(reply.body.contains("must move together"), "{}", reply.body);
    assert!(store.log().iter().any(|line| line.contains("description")), "{:?}", store.log());
}

#[tokio::test]
async fn a_page_that_is_not_there_looks_like_the_store() {
    let environment = Environment::at("v1.0.0").await;
    let mut guest = environment.store("v1.0.0").await.guest();
    for (path, status) in [
        ("/nothing", StatusCode::NOT_FOUND),
        ("/products/99", StatusCode::NOT_FOUND),
        ("/products/x", StatusCode::BAD_REQUEST),
    ] {
        let reply = guest.get(path).await;
        assert_eq!(reply.status, status, "{path}");
        assert!(
            reply.body.contains("Bagel Store") && reply.body.contains("STAGING"),
            "{path}: {}",
            reply.body
        );
    }
}

#[tokio::test]
async fn what_is_in_the_database_is_shown_as_text_never_as_markup() {
    let environment = Environment::at("v1.0.0").await;
    environment.run("update products set name = '<script>alert(1)</script>' where id = 1").await;
    let page = environment.store("v1.0.0").await.guest().get("/").await;
    assert!(page.body.contains("script") && !page.body.contains("<script"), "{}", page.body);
}

#[tokio::test]
async fn every_picture_and_the_style_sheet_come_with_the_program() {
    let environment = Environment::at("v1.0.0").await;
    let mut guest = environment.store("v1.0.0").await.guest();
    let page = guest.get("/").await.body;
    let linked: Vec<&str> = page
        .split('"')
        .filter(|text| text.starts_with("/pictures/") || text.starts_with("/style.css"))
        .collect();
    assert!(linked.len() > 5, "{linked:?}");
    for path in linked {
        let reply = guest.get(path).await;
        assert!(reply.status.is_success() && !reply.body.contains("http://127"), "{path}");
    }
    assert!(!page.contains("https://") && !page.contains("<script") && !page.contains("style=\""));
}

#[tokio::test]
async fn every_request_is_one_line_in_the_log_without_its_query() {
    let environment = Environment::at("v1.0.0").await;
    let store = environment.store("v1.0.0").await;
    store.guest().get("/health").await;
    store.guest().get("/login?next=/private").await;
    let log = store.log();
    assert_eq!(log.len(), 2, "{log:?}");
    let words: Vec<&str> = log[0].split(' ').collect();
    assert_eq!((&words[..3], words[4]), (&["GET", "/health", "200"][..], "ms"), "{log:?}");
    assert!(words[3].parse::<u32>().is_ok() && log[1].starts_with("GET /login 200 "), "{log:?}");
}
