--liquibase formatted sql

--changeset store:013-tidy-orders
--comment Breaks policy on purpose, for the demo: drops a column older stores read, grants to everybody, no way back
alter table products drop column description;
grant select on orders, order_items to public;
