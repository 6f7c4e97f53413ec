--liquibase formatted sql

--changeset store:011-gift-cards
--comment Gift cards on sale
create table gift_cards (
    id integer not null,
    name varchar(80) not null,
    amount numeric(8, 2) not null,
    constraint gift_cards_pkey primary key (id),
    constraint gift_cards_amount_check check (amount > 0)
);
insert into gift_cards (id, name, amount) values
    (1, 'A quick breakfast', 10.00),
    (2, 'Brunch for two', 25.00),
    (3, 'The whole office', 50.00);
--rollback drop table gift_cards;
