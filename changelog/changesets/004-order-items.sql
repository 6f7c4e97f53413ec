--liquibase formatted sql

--changeset store:004-order-items
--comment What each order holds, at the price of that day
create table order_items (
    order_id bigint not null,
    product_id integer not null,
    quantity integer not null,
    price numeric(8, 2) not null,
    constraint order_items_pkey primary key (order_id, product_id),
    constraint order_items_order_id_fkey foreign key (order_id) references orders (id),
    constraint order_items_product_id_fkey foreign key (product_id) references products (id),
    constraint order_items_quantity_check check (quantity > 0)
);
--rollback drop table order_items;
