--liquibase formatted sql

--changeset store:006-seed-products
--comment Five kinds of bagel
insert into products (id, name, description, price) values
    (1, 'Plain', 'Boiled, then baked until it shines. The measure of all others.', 2.25),
    (2, 'Sesame', 'Rolled in toasted sesame. Nutty, crisp, and always gone first.', 2.50),
    (3, 'Poppy Seed', 'A thick coat of blue poppy on a chewy crumb. Bring a napkin.', 2.50),
    (4, 'Everything', 'Sesame, poppy, garlic, onion and flaky salt. As it says.', 2.95),
    (5, 'Cinnamon Raisin', 'Plump raisins and a swirl of cinnamon. Butter helps.', 2.75);
--rollback delete from products where id in (1, 2, 3, 4, 5);
