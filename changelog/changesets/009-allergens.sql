--liquibase formatted sql

--changeset store:009-allergens
--comment What a guest with an allergy must know; every bagel holds wheat, so that is the default
alter table products add column allergens varchar(120) not null default 'wheat';
update products set allergens = 'wheat, sesame' where id in (2, 4);
--rollback alter table products drop column allergens;
