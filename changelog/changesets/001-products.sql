--liquibase formatted sql

--changeset store:001-products
--comment The kinds of bagel on sale
create table products (
    id integer not null,
    name varchar(80) not null,
    description text not null,
    price numeric(8, 2) not null,
    constraint products_pkey primary key (id),
    constraint products_name_key unique (name),
    constraint products_price_check check (price > 0)
);
--rollback drop table products;
