--liquibase formatted sql

--changeset store:010-loyalty-points
--comment Points a guest earns with an order: one for each whole dollar
create table loyalty_points (
    order_id bigint not null,
    login varchar(80) not null,
    points integer not null,
    earned_at timestamp with time zone not null default now(),
    constraint loyalty_points_pkey primary key (order_id),
    constraint loyalty_points_order_id_fkey foreign key (order_id) references orders (id),
    constraint loyalty_points_points_check check (points >= 0)
);
create index idx_loyalty_points_login on loyalty_points (login);
--rollback drop table loyalty_points;
