--liquibase formatted sql

--changeset store:006-seed-products
--comment Five kinds of bagel
insert into products (id, name, description, price) values
    (1, 'Plain', 'Boiled, then baked until it shines. The one every other bagel is measured by.', 2.25),
    (2, 'Sesame', 'Rolled in toasted sesame while the crust is still tacky. Nutty, crisp, gone first.', 2.50),
    (3, 'Poppy Seed', 'A thick coat of blue poppy on a chewy crumb. Bring a napkin.', 2.50),
    (4, 'Everything', 'Sesame, poppy, garlic, onion and flaky salt. Exactly what it says.', 2.95),
    (5, 'Cinnamon Raisin', 'Plump raisins, a swirl of cinnamon, best with far too much butter.', 2.75);
--rollback delete from products where id in (1, 2, 3, 4, 5);
