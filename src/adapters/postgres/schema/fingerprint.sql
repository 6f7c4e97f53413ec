-- Changes with every change of the catalogs, without reading what they say: a new row has a higher xmin than all
-- before it, and a row that went is missing in the count.
select string_agg(concat_ws(' ', rows, newest, total), ',')
from (
  select count(*) as rows, max(xmin::text::bigint) as newest, sum(xmin::text::bigint) as total from pg_class
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_attribute
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_attrdef
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_constraint
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_index
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_inherits
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_proc
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_aggregate
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_trigger
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_rewrite
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_policy
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_type
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_enum
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_sequence
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_namespace
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_extension
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_depend
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_description
  union all select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from pg_database
  -- The passwords' own table may be read by superusers only.
  union all select count(*), sum(hashtext(rolname)), sum(oid::bigint) from pg_roles
) catalogs
