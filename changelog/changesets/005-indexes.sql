--liquibase formatted sql

--changeset store:005-indexes
--comment The four indexes behind the order pages
create index idx_order_items_order_id on order_items (order_id);
create index idx_order_items_product_id on order_items (product_id);
create index idx_orders_status on orders (status);
create index idx_orders_date on orders (order_date);
--rollback drop index idx_orders_date;
--rollback drop index idx_orders_status;
--rollback drop index idx_order_items_product_id;
--rollback drop index idx_order_items_order_id;
