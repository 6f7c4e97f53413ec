--liquibase formatted sql

--changeset store:008-categories
--comment Categories the catalogue groups by; optional, so that the store before this release keeps working
create table categories (
    id integer not null,
    name varchar(40) not null,
    constraint categories_pkey primary key (id),
    constraint categories_name_key unique (name)
);
insert into categories (id, name) values
    (1, 'Classic'),
    (2, 'Seeded'),
    (3, 'Sweet');
alter table products add column category_id integer;
alter table products
    add constraint products_category_id_fkey foreign key (category_id) references categories (id);
update products set category_id = 1 where id = 1;
update products set category_id = 2 where id in (2, 3, 4);
update products set category_id = 3 where id = 5;
--rollback alter table products drop column category_id;
--rollback drop table categories;
