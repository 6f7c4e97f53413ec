//! Filling the cart, signing in, ordering, and never selling what is not there.

use super::shop::{DEMO_PASSWORD, Environment};
use reqwest::StatusCode;

#[tokio::test]
async fn a_guest_fills_the_cart_signs_in_and_orders() {
    let environment = Environment::at("v1.2.0").await;
    let store = environment.store("v1.2.0").await;
    let mut guest = store.guest();
    guest.put_into_cart(2, 3).await;
    guest.put_into_cart(5, 1).await;
    let asked = guest.get("/checkout").await;
    assert_eq!(asked.location.as_deref(), Some("/login?next=/checkout"));
    let form = format!("username=demo&password={DEMO_PASSWORD}&next=/checkout");
    assert_eq!(guest.post("/login", &form).await.location.as_deref(), Some("/checkout"));
    let checkout = guest.get("/checkout").await;
    assert!(
        checkout.body.contains("$10.25") && checkout.body.contains("earns 10 loyalty points"),
        "{}",
        checkout.body
    );

    let placed = guest.post("/checkout", "").await;
    assert_eq!(
        (placed.status, placed.location.as_deref()),
        (StatusCode::SEE_OTHER, Some("/orders/1?placed=1"))
    );
    let confirmation = guest.get("/orders/1?placed=1").await;
    assert!(confirmation.body.contains("Order 1 is placed") && confirmation.body.contains("$10.25"));
    assert!(guest.get("/cart").await.body.contains("Nothing here yet"));
    let books = "select count(*) from orders o join order_items i on i.order_id = o.id
        join inventory s on s.product_id = i.product_id join loyalty_points l on l.order_id = o.id
        where o.total_amount = 10.25 and o.status = 'placed' and l.login = 'demo' and l.points = 10
        and s.quantity = 50 - i.quantity and (i.product_id, i.quantity, i.price) in ((2, 3, 2.50), (5, 1, 2.75))";
    assert_eq!(environment.count(books).await, 2);
    assert!(store.log().contains(&"order 1 placed: 4 bagels, $10.25".to_owned()), "{:?}", store.log());
}

#[tokio::test]
async fn a_wrong_name_or_password_is_refused() {
    let environment = Environment::at("v1.0.0").await;
    let store = environment.store("v1.0.0").await;
    for form in [
        "username=demo&password=guess".to_owned(),
        format!("username=guest&password={DEMO_PASSWORD}"),
        format!("username=demo&password={DEMO_PASSWORD}x"),
    ] {
        let mut guest = store.guest();
        assert_eq!(guest.post("/login", &form).await.status, StatusCode::UNAUTHORIZED, "{form}");
        assert_eq!(guest.get("/orders").await.location.as_deref(), Some("/login?next=/orders"));
    }
}

#[tokio::test]
async fn nobody_orders_or_sees_orders_without_signing_in() {
    let environment = Environment::at("v1.0.0").await;
    let mut guest = environment.store("v1.0.0").await.guest();
    guest.put_into_cart(1, 1).await;
    environment.run("insert into orders (total_amount) values (1)").await;
    assert_eq!(guest.post("/checkout", "").await.location.as_deref(), Some("/login?next=/checkout"));
    assert_eq!(guest.get("/orders/1").await.location.as_deref(), Some("/login?next=/orders/1"));
    let moved = guest.post("/orders/1/advance", "status=placed").await;
    assert_eq!(moved.location.as_deref(), Some("/login?next=/orders/1"));
    assert_eq!(environment.count("select count(*) from orders where status = 'placed'").await, 1);
}

#[tokio::test]
async fn fifty_buyers_of_the_last_ten_bagels_get_exactly_ten() {
    let environment = Environment::at("v1.2.0").await;
    environment.run("update inventory set quantity = 10 where product_id = 4").await;
    let store = environment.store("v1.2.0").await;
    let mut guest = store.guest();
    guest.sign_in().await;
    guest.put_into_cart(4, 1).await;
    let buyers: Vec<_> = (0..50)
        .map(|_| {
            let mut buyer = guest.clone();
            tokio::spawn(async move { buyer.post("/checkout", "").await })
        })
        .collect();
    let (mut sold, mut refused) = (0, 0);
    for buyer in buyers {
        let reply = buyer.await.unwrap();
        match reply.status {
            StatusCode::SEE_OTHER => sold += 1,
            StatusCode::CONFLICT => refused += 1,
            other => panic!("{other}: {}", reply.body),
        }
    }
    assert_eq!((sold, refused), (10, 40));
    assert_eq!(environment.count("select quantity::bigint from inventory where product_id = 4").await, 0);
    assert_eq!(environment.count("select sum(quantity) from order_items").await, 10);
    assert_eq!(environment.count("select count(*) from orders").await, 10);
}

#[tokio::test]
async fn buyers_of_the_same_bagels_in_different_order_never_block_each_other_for_ever() {
    let environment = Environment::at("v1.0.0").await;
    let store = environment.store("v1.0.0").await;
    let mut buyers = Vec::new();
    for buyer in 0..20 {
        let mut guest = store.guest();
        guest.sign_in().await;
        for product in if buyer % 2 == 0 { [1, 2, 3] } else { [3, 2, 1] } {
            guest.put_into_cart(product, 1).await;
        }
        buyers.push(tokio::spawn(async move { guest.post("/checkout", "").await.status }));
    }
    for buyer in buyers {
        assert_eq!(buyer.await.unwrap(), StatusCode::SEE_OTHER);
    }
    assert_eq!(environment.count("select count(*) from inventory where quantity = 30").await, 3);
}

#[tokio::test]
async fn a_refused_order_names_the_bagel_and_takes_nothing() {
    let environment = Environment::at("v1.2.0").await;
    let store = environment.store("v1.2.0").await;
    let mut guest = store.guest();
    guest.sign_in().await;
    guest.put_into_cart(1, 2).await;
    guest.put_into_cart(3, 5).await;
    guest.put_into_cart(4, 1).await;
    environment.run("update inventory set quantity = 3 where product_id = 3").await;
    environment.run("update inventory set quantity = 0 where product_id = 4").await;
    let refused = guest.post("/checkout", "").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let reason = "Only 3 of Poppy Seed left, and your cart has 5. Everything is sold out.";
    assert!(refused.body.contains(reason), "{}", refused.body);
    assert_eq!(environment.count("select quantity::bigint from inventory where product_id = 1").await, 50);
    assert_eq!(environment.count("select count(*) from orders").await, 0);
    assert!(guest.get("/cart").await.body.contains("Only 3 left"));
}

#[tokio::test]
async fn a_bagel_taken_off_sale_is_not_sold_from_an_old_cart() {
    let environment = Environment::at("v1.0.0").await;
    let mut guest = environment.store("v1.0.0").await.guest();
    guest.sign_in().await;
    guest.put_into_cart(1, 1).await;
    guest.put_into_cart(2, 1).await;
    environment.run("delete from inventory where product_id = 2; delete from products where id = 2").await;
    let refused = guest.post("/checkout", "").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("no longer on sale"), "{}", refused.body);
    assert_eq!(environment.count("select count(*) from orders").await, 0);
}

#[tokio::test]
async fn a_new_release_finds_the_guest_still_signed_in_with_a_full_cart() {
    let environment = Environment::at("v1.0.0").await;
    let old = environment.store("v1.0.0").await;
    let mut guest = old.guest();
    guest.sign_in().await;
    guest.put_into_cart(3, 4).await;
    environment.update("v1.1.0").await;
    let new = environment.store("v1.1.0").await;
    drop(old);
    let placed = guest.moves_to(&new).post("/checkout", "").await;
    assert_eq!(placed.location.as_deref(), Some("/orders/1?placed=1"));
}

#[tokio::test]
async fn a_forged_cookie_is_an_empty_one() {
    let environment = Environment::at("v1.0.0").await;
    let mut guest = environment.store("v1.0.0").await.guest();
    guest.put_into_cart(1, 1).await;
    // The signature stays, the cart claims to belong to somebody who signed in.
    guest.forge(|cookie| cookie.replace("%7B%22cart", "%7B%22login%22%3A%22demo%22%2C%22cart"));
    assert_eq!(guest.get("/orders").await.location.as_deref(), Some("/login?next=/orders"));
    assert!(guest.get("/cart").await.body.contains("Nothing here yet"));
}

#[tokio::test]
async fn the_cart_is_changed_and_emptied_line_by_line() {
    let environment = Environment::at("v1.0.0").await;
    let mut guest = environment.store("v1.0.0").await.guest();
    guest.put_into_cart(1, 2).await;
    guest.put_into_cart(2, 1).await;
    guest.post("/cart/change", "product=1&quantity=4").await;
    assert!(guest.get("/cart").await.body.contains("$11.50"));
    guest.post("/cart/remove", "product=1").await;
    assert!(guest.get("/cart").await.body.contains("$2.50"));
    guest.post("/cart/change", "product=2&quantity=0").await;
    assert!(guest.get("/cart").await.body.contains("Nothing here yet"));
    assert_eq!(guest.post("/cart/add", "product=77").await.status, StatusCode::NOT_FOUND);
    assert_eq!(guest.post("/cart/add", "product=one").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_order_moves_one_step_at_a_time_however_often_the_button_is_pressed() {
    let environment = Environment::at("v1.0.0").await;
    let mut guest = environment.store("v1.0.0").await.guest();
    guest.sign_in().await;
    guest.put_into_cart(1, 1).await;
    guest.post("/checkout", "").await;
    for _ in 0..2 {
        guest.post("/orders/1/advance", "status=placed").await;
    }
    assert_eq!(environment.count("select count(*) from orders where status = 'baking'").await, 1);
    guest.post("/orders/1/advance", "status=baking").await;
    guest.post("/orders/1/advance", "status=placed").await;
    assert_eq!(environment.count("select count(*) from orders where status = 'ready'").await, 1);
    guest.post("/orders/1/advance", "status=ready").await;
    guest.post("/orders/1/advance", "status=collected").await;
    assert_eq!(environment.count("select count(*) from orders where status = 'collected'").await, 1);
    assert!(!guest.get("/orders/1").await.body.contains("Play the baker"));
    assert_eq!(
        guest.post("/orders/1/advance", "status=eaten").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}
