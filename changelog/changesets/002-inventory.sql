--liquibase formatted sql

--changeset store:002-inventory
--comment How many of each kind are left; the check is the last guard against selling below zero
create table inventory (
    product_id integer not null,
    quantity integer not null,
    last_updated timestamp with time zone not null default now(),
    constraint inventory_pkey primary key (product_id),
    constraint inventory_product_id_fkey foreign key (product_id) references products (id),
    constraint inventory_quantity_check check (quantity >= 0)
);
--rollback drop table inventory;
