--liquibase formatted sql

--changeset store:003-orders
--comment Orders and how far each one is
create table orders (
    id bigint generated always as identity,
    order_date timestamp with time zone not null default now(),
    total_amount numeric(10, 2) not null,
    status varchar(20) not null default 'placed',
    constraint orders_pkey primary key (id),
    constraint orders_total_amount_check check (total_amount >= 0),
    constraint orders_status_check check (status in ('placed', 'baking', 'ready', 'collected'))
);
--rollback drop table orders;
