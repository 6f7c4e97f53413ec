//! The changelog itself: what each release holds, and that it goes on and comes off again.

use super::changelog::{roll_back, up_to};
use super::shop::Environment;

#[test]
fn each_release_holds_as_many_changesets_as_the_demo_promises() {
    let counts = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"].map(|release| up_to(release).len());
    assert_eq!(counts, [9, 11, 14, 16, 18]);
}

#[test]
fn every_release_ends_with_its_own_tag() {
    for release in ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"] {
        let last = up_to(release).pop().unwrap();
        assert_eq!((last.tag.as_deref(), last.id), (Some(release), format!("tag-{release}")));
    }
    assert_eq!(up_to("v1.0.0")[7].tag.as_deref(), Some("v1.0.0-baseline"));
}

#[test]
fn every_changeset_is_named_after_its_file_and_explained() {
    for changeset in up_to("v1.4.0").into_iter().filter(|changeset| changeset.tag.is_none()) {
        assert_eq!(changeset.path, format!("changelog/changesets/{}.sql", changeset.id));
        assert!((10..=250).contains(&changeset.comment.len()), "{}", changeset.id);
    }
}

#[test]
fn only_the_changeset_that_breaks_policy_has_no_way_back() {
    let changesets = up_to("v1.4.0");
    let without: Vec<_> = changesets.iter().filter(|changeset| changeset.rollback.is_none()).collect();
    assert_eq!(without.len(), 1);
    assert_eq!(without[0].id, "013-tidy-orders");
    assert!(without[0].sql.contains("drop column description") && without[0].sql.contains("to public"));
}

#[tokio::test]
async fn everything_before_the_broken_release_can_be_taken_back_to_an_empty_database() {
    let environment = Environment::at("v1.3.0").await;
    roll_back(&environment.connect().await, "v1.3.0", 0).await;
    let left = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relname <> 'databasechangelog'";
    assert_eq!(environment.count(left).await, 0);
}

#[tokio::test]
async fn a_release_taken_back_can_be_applied_again_over_orders_that_were_placed() {
    let environment = Environment::at("v1.2.0").await;
    environment
        .run("insert into orders (total_amount) values (5); insert into order_items values (1, 1, 2, 2.5)")
        .await;
    environment.run("insert into loyalty_points (order_id, login, points) values (1, 'demo', 5)").await;
    roll_back(&environment.connect().await, "v1.2.0", 9).await;
    environment.update("v1.2.0").await;
    assert_eq!(environment.count("select count(*) from order_items").await, 1);
    assert_eq!(environment.count("select count(*) from products where category_id is null").await, 0);
}

#[tokio::test]
async fn the_first_release_has_the_tables_columns_indexes_and_stock_of_the_demo() {
    let environment = Environment::at("v1.0.0").await;
    let client = environment.connect().await;
    for (table, wanted) in [
        ("products", "id, name, description, price"),
        ("inventory", "product_id, quantity, last_updated"),
        ("orders", "id, order_date, total_amount, status"),
        ("order_items", "order_id, product_id, quantity, price"),
    ] {
        let columns = "select string_agg(column_name, ', ' order by ordinal_position)
            from information_schema.columns where table_name = $1";
        let found: String = client.query_one(columns, &[&table]).await.unwrap().get(0);
        assert_eq!(found, wanted, "{table}");
    }
    let indexes =
        "select string_agg(indexname, ' ' order by indexname) from pg_indexes where indexname like 'idx%'";
    let found: String = client.query_one(indexes, &[]).await.unwrap().get(0);
    assert_eq!(
        found,
        "idx_order_items_order_id idx_order_items_product_id idx_orders_date idx_orders_status"
    );
    assert_eq!(environment.count("select count(*) from products").await, 5);
    assert_eq!(environment.count("select count(*) from inventory where quantity = 50").await, 5);
}
