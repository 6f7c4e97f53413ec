select 'constraint', c.nspname::text, c.relname::text, n.conname::text,
       jsonb_strip_nulls(jsonb_build_object(
         'definition', pg_get_constraintdef(n.oid),
         'comment', obj_description(n.oid, 'pg_constraint')))
from relation c join pg_constraint n on n.conrelid = c.oid
-- What a partition has from its parent is not its own.
where n.contype in ('p', 'u', 'f', 'c', 'x') and n.conparentid = 0 and (n.conislocal or n.coninhcount = 0)
union all
select 'index', c.nspname::text, c.relname::text, x.relname::text,
       jsonb_strip_nulls(jsonb_build_object(
         'definition', pg_get_indexdef(x.oid),
         'validity', case when not i.indisvalid then 'invalid' end,
         'storage', array_to_string(x.reloptions, ', '),
         'comment', obj_description(x.oid, 'pg_class')))
from relation c join pg_index i on i.indrelid = c.oid join pg_class x on x.oid = i.indexrelid
where not x.relispartition
  and not exists (select from pg_constraint n where n.conindid = x.oid and n.contype in ('p', 'u', 'x'))
