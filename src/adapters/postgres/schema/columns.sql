select 'column', c.nspname::text, c.relname::text, a.attname::text,
       jsonb_strip_nulls(jsonb_build_object(
         'type', format_type(a.atttypid, a.atttypmod),
         'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
         'nullability', case when a.attnotnull then 'not null' end,
         'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
         'generated', case when a.attgenerated <> '' then
           format('always as (%s) %s', pg_get_expr(d.adbin, d.adrelid),
                  case a.attgenerated when 'v' then 'virtual' else 'stored' end) end,
         'identity', case when a.attidentity <> '' then
           concat_ws(' ', case a.attidentity when 'a' then 'always' else 'by default' end,
             case when q.seqincrement <> 1 then 'increment by ' || q.seqincrement end,
             case when q.seqmin <> 1 then 'minvalue ' || q.seqmin end,
             case when q.seqmax <> case q.seqtypid when 'int2'::regtype then 32767
                    when 'int4'::regtype then 2147483647 else 9223372036854775807 end
                  then 'maxvalue ' || q.seqmax end,
             case when q.seqstart <> q.seqmin then 'start with ' || q.seqstart end,
             case when q.seqcache <> 1 then 'cache ' || q.seqcache end,
             case when q.seqcycle then 'cycle' end) end,
         'own sequence', case when s.deptype = 'a' then quote_literal(s.objid::regclass::text) end,
         'position', a.attnum::text,
         'comment', col_description(c.oid, a.attnum)))
from relation c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
left join (pg_depend s join pg_sequence q on q.seqrelid = s.objid)
     on s.classid = 'pg_class'::regclass and s.refclassid = 'pg_class'::regclass
     and s.refobjid = c.oid and s.refobjsubid = a.attnum and s.deptype in ('a', 'i')
where c.relkind in ('r', 'p', 'f')
