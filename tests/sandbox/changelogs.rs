//! Three small releases of a shop, cut the way the promoted application cuts its own: 9, 11 and 14 changesets.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lockstep::sandbox::ReleaseFolder;

/// Version, and the changesets it adds: name, SQL, rollback. A changeset without SQL is a tag.
type Added = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

const RELEASES: [Added; 3] = [
    (
        "v1.0.0",
        &[
            (
                "001-products",
                "create table products (id integer primary key, name text not null, price numeric(8,2) not null);",
                "drop table products;",
            ),
            (
                "002-inventory",
                "create table inventory (product_id integer primary key references products, quantity integer not null);",
                "drop table inventory;",
            ),
            (
                "003-orders",
                "create table orders (id serial primary key, order_date timestamp not null, status text not null);",
                "drop table orders;",
            ),
            (
                "004-order-items",
                "create table order_items (order_id integer references orders, product_id integer references products, quantity integer);",
                "drop table order_items;",
            ),
            (
                "005-indexes",
                "create index idx_orders_status on orders (status);",
                "drop index idx_orders_status;",
            ),
            (
                "006-seed-products",
                "insert into products values (1, 'Plain', 1.50), (2, 'Sesame', 1.75);",
                "delete from products;",
            ),
            (
                "007-seed-inventory",
                "insert into inventory select id, 50 from products;",
                "delete from inventory;",
            ),
            ("v1.0.0-baseline", "", ""),
            ("v1.0.0", "", ""),
        ],
    ),
    (
        "v1.1.0",
        &[
            (
                "008-allergens",
                "alter table products add column allergens text not null default '';",
                "alter table products drop column allergens;",
            ),
            ("v1.1.0", "", ""),
        ],
    ),
    (
        "v1.2.0",
        &[
            (
                "009-reviews",
                "create table reviews (id serial primary key, product_id integer references products, stars integer);",
                "drop table reviews;",
            ),
            (
                "010-reviews-index",
                "create index idx_reviews on reviews (product_id);",
                "drop index idx_reviews;",
            ),
            ("v1.2.0", "", ""),
        ],
    ),
];

/// Writes each release's path root under `folder`, oldest first.
pub(super) fn cut(folder: &Path) -> Vec<ReleaseFolder> {
    let mut master = "databaseChangeLog:\n".to_owned();
    let mut files = Vec::new();
    let mut releases = Vec::new();
    for (version, added) in RELEASES {
        for (name, sql, rollback) in added {
            if sql.is_empty() {
                write!(
                    master,
                    "  - changeSet:\n      id: {name}\n      author: demo\n      changes:\n        - tagDatabase:\n            tag: {name}\n"
                )
                .unwrap();
            } else {
                write!(master, "  - include:\n      file: {name}.sql\n      relativeToChangelogFile: true\n")
                    .unwrap();
                let text = format!(
                    "--liquibase formatted sql\n--changeset demo:{name}\n{sql}\n--rollback {rollback}\n"
                );
                files.push((format!("{name}.sql"), text));
            }
        }
        let path_root = folder.join(version);
        fs::create_dir_all(path_root.join("changelog")).unwrap();
        fs::write(path_root.join("changelog/changelog-master.yaml"), &master).unwrap();
        for (name, text) in &files {
            fs::write(path_root.join("changelog").join(name), text).unwrap();
        }
        let image = format!("public.ecr.aws/l1v5b6d6/demo1-bagel-store:{version}");
        releases.push(ReleaseFolder { version: version.to_owned(), path_root, image });
    }
    releases
}
