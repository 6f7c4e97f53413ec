-- Changes with every change of the catalogs, without reading what they say: a row that is new or was changed has
-- another xmin than all before it, and a row that went is missing in the count. The ages of transactions are cheap to
-- compute; taken from the age of one that stays, they stand still. Those of the beginning of time have no age.
with anchor as materialized (select age('3'::xid)::bigint as age)
select string_agg(concat_ws(' ', rows, anchor.age - youngest, counted * anchor.age - ages), ',' order by name)
       || ' ' || (select string_agg(oid || ' ' || rolname, ',' order by oid) from pg_roles)
from anchor, (
  select 1 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_class) x
  union all select 2 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_attribute) x
  union all select 3 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_attrdef) x
  union all select 4 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_constraint) x
  union all select 5 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_index) x
  union all select 6 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_inherits) x
  union all select 7 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_proc) x
  union all select 8 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_aggregate) x
  union all select 9 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_trigger) x
  union all select 10 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_rewrite) x
  union all select 11 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_policy) x
  union all select 12 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_type) x
  union all select 13 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_enum) x
  union all select 14 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_sequence) x
  union all select 15 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_namespace) x
  union all select 16 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_extension) x
  union all select 17 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_depend) x
  union all select 18 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_description) x
  union all select 19 as name, count(*) as rows, min(a) as youngest, count(a) as counted, sum(a) as ages
  from (select nullif(age(xmin), 2147483647) as a from pg_database) x
) catalogs
