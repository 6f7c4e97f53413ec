--liquibase formatted sql

--changeset store:007-seed-inventory
--comment Fifty of each kind to start with
insert into inventory (product_id, quantity) values
    (1, 50),
    (2, 50),
    (3, 50),
    (4, 50),
    (5, 50);
--rollback delete from inventory where product_id in (1, 2, 3, 4, 5);
