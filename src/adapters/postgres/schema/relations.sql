select case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view'
         when 'f' then 'foreign table' else 'table' end,
       c.nspname::text, coalesce(t.relname, c.relname)::text, c.relname::text,
       jsonb_strip_nulls(jsonb_build_object(
         'owner', case when c.relowner not in (select owner from usual) then pg_get_userbyid(c.relowner) end,
         'comment', obj_description(c.oid, 'pg_class'),
         'persistence', case when c.relpersistence = 'u' then 'unlogged' end,
         'partition key', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
         'parent', (select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
                    from pg_inherits i where i.inhrelid = c.oid),
         'bounds', case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end,
         'row security', case when c.relforcerowsecurity then 'forced' when c.relrowsecurity then 'enabled' end,
         'storage', case when c.relkind <> 'v' then array_to_string(c.reloptions, ', ') end,
         'options', case when c.relkind = 'v' then array_to_string(c.reloptions, ', ') end,
         'definition', case
           when c.relkind in ('v', 'm') then rtrim(pg_get_viewdef(c.oid), ';')
           when c.relkind = 'S' then format(
             'as %s increment by %s minvalue %s maxvalue %s start with %s cache %s%s',
             format_type(q.seqtypid, null), q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache,
             case when q.seqcycle then ' cycle' else '' end)
           end,
         'column', o.attname))
from relation c
left join pg_sequence q on q.seqrelid = c.oid
left join pg_depend d on c.relkind = 'S' and d.classid = 'pg_class'::regclass and d.objid = c.oid
     and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype = 'a'
left join pg_class t on t.oid = d.refobjid
left join pg_attribute o on o.attrelid = d.refobjid and o.attnum = d.refobjsubid
where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
  -- The sequence of an identity column is part of the column.
  and not exists (select from pg_depend i where c.relkind = 'S' and i.classid = 'pg_class'::regclass
                  and i.objid = c.oid and i.refobjsubid > 0 and i.deptype = 'i')
