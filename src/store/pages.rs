//! The pages: what each template is given. The templates themselves are in `templates/store/`.

use super::Store;
use super::cart::CartLine;
use super::catalogue::{GiftCard, Product, Shelf};
use super::money::Cents;
use super::orders::{Order, OrderSummary, Status};
use super::session::Visit;
use super::trouble::Trouble;
use super::version::Version;
use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};

/// What every page shows around its content.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The environment's name.
    pub environment: String,
    /// The environment's colour: its own name for the four usual ones, else `other`.
    pub tint: &'static str,
    /// The release.
    pub version: Version,
    /// The demo instance.
    pub demo_id: String,
    /// Who is signed in.
    pub login: Option<String>,
    /// How many bagels are in the cart.
    pub cart_count: u32,
}

/// `/`: everything on sale.
#[derive(Template)]
#[template(path = "store/catalogue.html")]
pub(super) struct CataloguePage {
    /// What is around the page.
    pub frame: Frame,
    /// What is on sale, by category.
    pub shelves: Vec<Shelf>,
    /// Gift cards, in releases that have them.
    pub gift_cards: Vec<GiftCard>,
    /// The guest's points, when signed in to a release that has them.
    pub points: Option<i64>,
    /// What was just put into the cart.
    pub added: Option<String>,
}

/// `/products/{id}`: one kind of bagel.
#[derive(Template)]
#[template(path = "store/product.html")]
pub(super) struct ProductPage {
    /// What is around the page.
    pub frame: Frame,
    /// The product.
    pub product: Product,
}

/// `/cart`: what the guest is about to buy.
#[derive(Template)]
#[template(path = "store/cart.html")]
pub(super) struct CartPage {
    /// What is around the page.
    pub frame: Frame,
    /// What is in the cart.
    pub lines: Vec<CartLine>,
    /// What it costs.
    pub total: Cents,
}

/// `/checkout`: the last look before an order, and why it was refused.
#[derive(Template)]
#[template(path = "store/checkout.html")]
pub(super) struct CheckoutPage {
    /// What is around the page.
    pub frame: Frame,
    /// What is in the cart.
    pub lines: Vec<CartLine>,
    /// What it costs.
    pub total: Cents,
    /// Why the order was refused, when it was.
    pub refusal: Option<String>,
}

/// `/login`: the sign-in form.
#[derive(Template)]
#[template(path = "store/login.html")]
pub(super) struct LoginPage {
    /// What is around the page.
    pub frame: Frame,
    /// Where to go afterwards.
    pub next: String,
    /// Says whether the last attempt was refused.
    pub refused: bool,
}

/// `/orders`: the newest orders.
#[derive(Template)]
#[template(path = "store/orders.html")]
pub(super) struct OrdersPage {
    /// What is around the page.
    pub frame: Frame,
    /// The orders, newest first.
    pub orders: Vec<OrderSummary>,
    /// The guest's points, in releases that have them.
    pub points: Option<i64>,
}

/// `/orders/{id}`: confirmation and tracking.
#[derive(Template)]
#[template(path = "store/order.html")]
pub(super) struct OrderPage {
    /// What is around the page.
    pub frame: Frame,
    /// The order.
    pub order: Order,
    /// Says whether it was placed just now.
    pub fresh: bool,
}

/// Any page that could not be shown.
#[derive(Template)]
#[template(path = "store/trouble.html")]
pub(super) struct TroublePage {
    /// What is around the page.
    pub frame: Frame,
    /// What happened.
    pub title: &'static str,
    /// What to do next.
    pub advice: &'static str,
    /// Says whether to point to the orders instead of the catalogue.
    pub orders: bool,
}

impl Frame {
    /// Gathers what is around a page.
    pub(super) fn new(store: &Store, visit: &Visit) -> Self {
        let settings = &store.settings;
        let tint = match settings.environment.as_str() {
            "dev" => "dev",
            "test" => "test",
            "staging" => "staging",
            "prod" => "prod",
            _ => "other",
        };
        Self {
            environment: settings.environment.clone(),
            tint,
            version: settings.version,
            demo_id: settings.demo_id.clone(),
            login: visit.session.login.clone(),
            cart_count: visit.session.cart.count(),
        }
    }
}

impl OrderPage {
    /// Returns every status with whether the order has reached it.
    pub(super) fn steps(&self) -> [(Status, bool); 4] {
        Status::ALL.map(|status| (status, status <= self.order.summary.status))
    }
}

/// Fills a page's template.
pub(super) fn render(page: &impl Template) -> Result<Response, Trouble> {
    page.render().map(|html| Html(html).into_response()).map_err(|_| Trouble::Broken)
}
